"""kakou under the meter: ``python -m benchmarks.receiving.kakou SIDE --port … --streams … --seconds …``.

* kakou: one process with one ``Receiver``, keyframe slots included, all keyframes offered.
* watched: main and sub-streams, rings, motion gate; a second process decodes what the gate lets through and draws its
  tile, a third records what moves, with the product's own ``Recorder``.
* ungated: the same with every keyframe decoded and everything recorded.

Gate recall: of the sub-stream's keyframes that follow a busy GOP, the share that was decoded in the measured time.
"""

import argparse
import asyncio
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.receiving.clip import FPS, SUB_FPS
from benchmarks.receiving.meter import Cost, Meter, Side, side
from camera_config.clock import SystemClock
from camera_config.ids import CameraId
from ingest.feed import Feed, FeedStatus
from ingest.gate import FLOOR_S
from ingest.loop import new_loop
from ingest.receiver import Receiver

OPEN_S = 60.0
RING_BYTES = 512 * 1024 * 1024


def receive(port: int, streams: int, seconds: float) -> Side:
    """Receive ``streams`` streams with one receiver."""
    feeds = [Feed(CameraId(f"c{number}"), f"rtsp://127.0.0.1:{port}/{number}") for number in range(streams)]
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        receiver = Receiver(feeds, Path(folder), SystemClock(), gate_floor_s=0.0)
        return run(measure(receiver, FPS, seconds))


def watch(port: int, streams: int, seconds: float, *, gated: bool) -> Side:
    """Receive, gate, decode and record."""
    base = f"rtsp://127.0.0.1:{port}"
    feeds = [Feed(CameraId(f"c{n}"), f"{base}/{n}", sub_url=f"{base}/{n}/sub") for n in range(streams)]
    with tempfile.TemporaryDirectory(dir="/dev/shm") as shared, tempfile.TemporaryDirectory() as disk:
        slots, rings = Path(shared) / "slots", Path(shared) / "rings"
        floor_s = FLOOR_S if gated else 0.0
        receiver = Receiver(feeds, slots, SystemClock(), rings=rings, ring_bytes=RING_BYTES, gate_floor_s=floor_s)
        argv = [[what, shared, str(streams), "--folder", disk] for what in ("decode", "record")]
        argv[1] += [] if gated else ["--always"]
        module = [sys.executable, "-m", "benchmarks.receiving.behind"]
        helpers = [subprocess.Popen([*module, *one], stdout=subprocess.PIPE, text=True) for one in argv]
        said: dict[str, Any] = {}
        try:
            figures = run(measure(receiver, FPS + SUB_FPS, seconds, settle_s=2 * FLOOR_S, helpers=helpers))
        finally:
            for helper in helpers:
                helper.terminate()
                said |= json.loads(helper.communicate()[0].splitlines()[-1])
    return replace(figures, more={**figures.more, **said})


def run(work: Coroutine[Any, Any, Side]) -> Side:
    """Run ``work`` on the loop that the product uses."""
    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(work)


async def measure(
    receiver: Receiver,
    fps: float,
    seconds: float,
    *,
    settle_s: float = 2.0,
    helpers: Sequence[subprocess.Popen[str]] = (),
) -> Side:
    """Run ``receiver`` and meter this process and its children from ``settle_s`` after all streams play."""
    began_s = time.monotonic()
    running = asyncio.create_task(receiver.run())
    while time.monotonic() - began_s < OPEN_S and any(s.frames_received == 0 for s in receiver.status()):  # noqa: ASYNC110
        await asyncio.sleep(0.25)
    opened_s = time.monotonic() - began_s
    await asyncio.sleep(settle_s)
    for helper in helpers:
        helper.send_signal(signal.SIGUSR1)
    meter, before = Meter(), receiver.status()
    await asyncio.sleep(seconds)
    cost, after = meter.read(), receiver.status()
    receiver.stop()
    await running
    return judged(before, after, fps, cost, opened_s)


def judged(before: list[FeedStatus], after: list[FeedStatus], fps: float, cost: Cost, opened_s: float) -> Side:
    """Return the figures between two states."""
    both = list(zip(after, before, strict=True))
    return side(
        [new.frames_received - old.frames_received for new, old in both],
        fps,
        cost,
        open_s=round(opened_s, 2),
        mbit_per_s=round(sum(new.bytes - old.bytes for new, old in both) * 8e-6 / cost.seconds, 1),
        keyframes_received=sum(new.keyframes_received - old.keyframes_received for new, old in both),
        keyframes_offered=sum(new.offered - old.offered for new, old in both),
        not_online=sum(new.state != "online" for new in after),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("side", choices=("kakou", "watched", "ungated"))
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--streams", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    args = parser.parse_args()
    if args.side == "kakou":
        result = receive(args.port, args.streams, args.seconds)
    else:
        result = watch(args.port, args.streams, args.seconds, gated=args.side == "watched")
    print(json.dumps(result.to_json()), flush=True)
