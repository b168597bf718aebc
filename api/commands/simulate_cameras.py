"""``kakou simulate cameras``: the county's cameras and checkpoints as RTSP streams on this machine."""

import asyncio
import json
import resource
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from camera_config.errors import ConfigError

if TYPE_CHECKING:
    from ingest.auth import Credentials
    from ingest.simulate.certificate import Certificate
    from ingest.simulate.schedule import PlannedFault
    from ingest.simulate.server import CameraServer

LOGIN_HINT = "Write one line, user:password, to a file that only you can read."


def simulate_cameras(
    county: Annotated[Path | None, typer.Option(help="Folder of a county; default the invented Dongfeng.")] = None,
    cameras: Annotated[int, typer.Option(min=-1, help="Street cameras, the first in file order; -1: all.")] = -1,
    port: Annotated[int, typer.Option(min=0, max=65535, help="RTSP port on 127.0.0.1; 0 takes a free one.")] = 8554,
    clips: Annotated[
        Path | None, typer.Option(help="Footage of your own: videos, and truth.csv for checkpoints.", file_okay=False)
    ] = None,
    truth: Annotated[Path | None, typer.Option(help="Append each vehicle that has passed to this file.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the drawn traffic.")] = 1,
    for_s: Annotated[
        float | None,
        typer.Option("--for", min=1.0, help="End after so many seconds, all rendered beforehand; else endless."),
    ] = None,
    render: Annotated[
        float | None,
        typer.Option(min=1.0, help="Render so many seconds beforehand and nothing more; traffic then begins again."),
    ] = None,
    wanted: Annotated[
        list[str] | None, typer.Option(help="A plate that shall come by early, and again now and then; repeatable.")
    ] = None,
    sub: Annotated[
        bool, typer.Option("--sub", help="Every street camera has a sub-stream at ID/sub; also if the county says so.")
    ] = False,
    h265: Annotated[int, typer.Option(min=0, help="Every N-th street camera sends H.265; 0: none.")] = 0,
    password: Annotated[
        Path | None,
        typer.Option(help="Let in, by Digest, only who stands in this file as user:password.", dir_okay=False),
    ] = None,
    tls: Annotated[
        bool, typer.Option("--tls", help="Speak rtsps, with a certificate of its own, new at every start.")
    ] = False,
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="FEED=KIND[:VALUE][@FROM[-UNTIL]]", help="A trouble; see above; repeatable."),
    ] = None,
    cache: Annotated[Path | None, typer.Option(help="Folder for made footage; default the user's cache.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="At the end tell what was sent and used, as JSON.")] = False,
) -> None:
    """Play the county's cameras. One JSON line tells port and mounts when all is ready; Ctrl-C or SIGTERM ends.

    --fault gives trouble from second FROM after the start (default 0) until second UNTIL (default for good). FEED is an
    id, all, cameras, checkpoints, or a number: so many street cameras in file order. It means both streams of a camera;
    ID/main and ID/sub mean one. KIND is one of:

    vanish, eof, refuse, hang_connect, hang_describe, stall, unauthorised: gone, or silent, or not for you.

    flap[:SECONDS]: vanishes and comes back; seconds from one vanishing to the next, default 10.

    garbage, bitflip[:BYTES], truncate[:N]: random bytes; one wrong bit in so many bytes; one in so many packets cut.

    rescale, renegotiate: another size in mid-stream; another codec after a reconnect.

    flood[:TIMES], stretched[:SECONDS], no_keyframe, big_keyframe, timestamp_stuck: pictures at so many times the rate;
    rare, no or huge keyframes; time stands still.

    frozen[:repeat|encoded], black, covered, blurred, moved: what the picture shows.

    clock[:SECONDS|back]: the camera's own clock is off, or goes back an hour again and again.

    redirect[:URL], many_redirects, lying_length[:BYTES], giant_header, slow[:SECONDS], early_media: how it answers.

    For example: --fault cam-001=stall@20-40 --fault all=vanish@10-70 --fault 100=flap:5 --fault cam-002/sub=frozen
    """
    from camera_config.example import example_county
    from camera_config.load import load_county
    from ingest.simulate.cache import default_folder
    from ingest.simulate.certificate import self_signed
    from ingest.simulate.mount import SUB
    from ingest.simulate.schedule import parse_fault
    from ingest.simulate.server import CameraServer
    from ingest.simulate.stage import Wish, set_stage
    from ingest.simulate.truth import TruthLog

    signal.signal(signal.SIGTERM, _leave)
    faults = [parse_fault(text) for text in fault or ()]
    who = _credentials(password) if password is not None else None
    loaded = load_county(county or example_county())
    shown = loaded.cameras if cameras < 0 else loaded.cameras[:cameras]
    wish = Wish(
        tuple(str(each.id) for each in loaded.checkpoints),
        tuple(str(each.id) for each in shown),
        cache or default_folder(),
        seed,
        tuple(plate.replace("·", "").upper() for plate in wanted or ()),
        render or for_s,
        clips,
        sub or any(each.sub_url for each in shown),
        h265,
    )
    names = [*wish.checkpoints, *wish.cameras, *(name + SUB for name in wish.cameras if wish.sub)]
    planned = [(each, each.mounts(wish.cameras, wish.checkpoints, names)) for each in faults]
    log = TruthLog(truth)
    stage = set_stage(wish, log, _Progress())
    try:
        for note in stage.notes:
            print(note, flush=True)
        certificate = self_signed() if tls else None
        server = CameraServer(stage.for_server(who), tls=certificate)
        _raise_file_limit(len(server.mounts))
        before_s = time.process_time()
        seconds = asyncio.run(_serve(server, port, for_s, planned, certificate))
        serving_s = time.process_time() - before_s
        stage.close()
        if as_json:
            print(
                json.dumps(
                    {**_used(seconds, serving_s), **_sent(server), "passages": log.rows, "rewound": stage.rewound}
                ),
                flush=True,
            )
    finally:
        stage.close()
        log.close()


async def _serve(
    server: "CameraServer",
    port: int,
    for_s: float | None,
    planned: "list[tuple[PlannedFault, list[str]]]",
    certificate: "Certificate | None",
) -> float:
    """Serve until a signal or the end of the run; return for how long (seconds)."""
    from ingest.simulate.schedule import carry_out

    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    got = await server.start(port)
    begun_s = loop.time()
    carry_out(planned, server.set_fault)
    base = f"{'rtsps' if certificate else 'rtsp'}://127.0.0.1:{got}"
    ready: dict[str, object] = {"base": base, "port": got, "started_at": server.started_at, "mounts": server.mounts}
    if certificate:
        ready["certificate_sha256"] = certificate.sha256
    print(json.dumps(ready), flush=True)
    if for_s is not None:
        loop.call_later(for_s, ended.set)
    waits = [loop.create_task(ended.wait()), loop.create_task(server.wait())]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in waits:
        if task.done():
            task.result()
        task.cancel()
    await server.stop()
    return loop.time() - begun_s


class _Progress:
    """Say what is being made ready, a line every five seconds at most."""

    def __init__(self) -> None:
        self._said_s = time.monotonic()

    def __call__(self, what: str, share: float) -> None:
        now_s = time.monotonic()
        if now_s - self._said_s >= 5.0:
            self._said_s = now_s
            print(f"making ready: {what} {share:.0%}", flush=True)


def _credentials(path: Path) -> "Credentials":
    """Read who is let in; what stands in the file is never repeated."""
    from ingest.auth import Credentials

    try:
        user, colon, password = path.read_text(encoding="utf-8").strip().partition(":")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {type(error).__name__}.", hint=LOGIN_HINT) from error
    if not (user and colon and password) or "\n" in password:
        raise ConfigError(f"{path} is not one line of user and password.", hint=LOGIN_HINT)
    return Credentials(user, password)


def _leave(*_: object) -> NoReturn:
    sys.exit(0)


def _raise_file_limit(mounts: int) -> None:
    """One socket a connection; plain machines allow 1,024 (facts/traps 2.21)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    want = 2 * mounts + 256
    if soft < want:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(want, hard), hard))


def _used(seconds: float, serving_s: float) -> dict[str, float]:
    mine, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "seconds": round(seconds, 2),
        "serving_cpu_s": round(serving_s, 2),
        "cpu_s": round(mine.ru_utime + mine.ru_stime, 2),
        "rendering_cpu_s": round(children.ru_utime + children.ru_stime, 2),
        "rss_mb": round(mine.ru_maxrss / 1024, 1),
    }


def _sent(server: "CameraServer") -> dict[str, int]:
    totals = server.totals
    return {
        "frames_sent": totals.frames_sent,
        "frames_dropped": totals.frames_dropped,
        "frames_skipped": totals.frames_skipped,
        "bytes_sent": totals.bytes_sent,
        "connections": totals.connections,
        "reports_received": totals.reports,
    }
