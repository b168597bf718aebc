"""``kakou simulate cameras``: the county's cameras and checkpoints as RTSP streams on this machine."""

import asyncio
import json
import re
import resource
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from camera_config.errors import ConfigError

if TYPE_CHECKING:
    from ingest.simulate.faults import Fault
    from ingest.simulate.server import CameraServer

FAULT = re.compile(r"(?P<feed>[^=@]+)=(?P<kind>[a-z]+)(?:@(?P<begin>\d+(?:\.\d+)?)(?:-(?P<end>\d+(?:\.\d+)?))?)?")


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """A feed's trouble from ``begin_s`` on, until ``end_s`` or for good (seconds since the start)."""

    feed: str
    kind: str
    begin_s: float
    end_s: float | None


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
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help="FEED=stall|refuse|vanish|unauthorised|garbage[@FROM[-UNTIL]], seconds since the start; repeatable."
        ),
    ] = None,
    cache: Annotated[Path | None, typer.Option(help="Folder for made footage; default the user's cache.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="At the end tell what was sent and used, as JSON.")] = False,
) -> None:
    """Play the county's cameras. One JSON line tells port and mounts when all is ready; Ctrl-C or SIGTERM ends."""
    from camera_config.example import example_county
    from camera_config.load import load_county
    from ingest.simulate.cache import default_folder
    from ingest.simulate.server import CameraServer
    from ingest.simulate.stage import Wish, set_stage
    from ingest.simulate.truth import TruthLog

    signal.signal(signal.SIGTERM, _leave)
    faults = [_planned(text) for text in fault or ()]
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
    )
    unknown = sorted({each.feed for each in faults} - {*wish.checkpoints, *wish.cameras})
    if unknown:
        raise ConfigError(f"--fault names feeds that are not played: {', '.join(unknown)}.")
    log = TruthLog(truth)
    stage = set_stage(wish, log, _Progress())
    try:
        for note in stage.notes:
            print(note, flush=True)
        _raise_file_limit(len(stage.mounts))
        server = CameraServer(stage.mounts)
        before_s = time.process_time()
        seconds = asyncio.run(_serve(server, port, for_s, faults))
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


async def _serve(server: "CameraServer", port: int, for_s: float | None, faults: list[PlannedFault]) -> float:
    """Serve until a signal or the end of the run; return for how long (seconds)."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    got = await server.start(port)
    begun_s = loop.time()
    for each in faults:
        loop.call_later(each.begin_s, server.set_fault, each.feed, _fault(each.kind))
        if each.end_s is not None:
            loop.call_later(each.end_s, server.set_fault, each.feed, None)
    base = f"rtsp://127.0.0.1:{got}"
    ready = {"base": base, "port": got, "started_at": server.started_at, "mounts": server.mounts}
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


def _planned(text: str) -> PlannedFault:
    match = FAULT.fullmatch(text)
    if match is None:
        raise ConfigError(f"--fault {text} is not FEED=KIND[@FROM[-UNTIL]].", hint="For example cam-001=stall@20-40.")
    _fault(match["kind"])
    end = float(match["end"]) if match["end"] else None
    return PlannedFault(match["feed"], match["kind"], float(match["begin"] or 0.0), end)


def _fault(kind: str) -> "Fault":
    from ingest.simulate.faults import Fault

    try:
        return Fault(kind)
    except ValueError as error:
        kinds = ", ".join(Fault)
        raise ConfigError(f"There is no fault {kind!r}.", hint=f"One of {kinds}.") from error


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
    }
