"""kakou under the meter: ``python -m benchmarks.receiving.kakou SIDE --port … --streams … --seconds …``.

* kakou: one process with one ``Receiver``, keyframe slots included, all keyframes offered.
"""

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path

from benchmarks.receiving.clip import FPS
from benchmarks.receiving.meter import Meter, Side, side
from camera_config.clock import SystemClock
from camera_config.ids import CameraId
from ingest.feed import Feed
from ingest.receiver import Receiver

OPEN_S = 60.0


async def receive(port: int, streams: int, seconds: float) -> Side:
    """Receive ``streams`` streams with one receiver."""
    feeds = [Feed(CameraId(f"c{number}"), f"rtsp://127.0.0.1:{port}/{number}") for number in range(streams)]
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        receiver = Receiver(feeds, Path(folder), SystemClock(), gate_floor_s=0.0)
        began_s = time.monotonic()
        running = asyncio.create_task(receiver.run())
        while time.monotonic() - began_s < OPEN_S and any(s.frames_received == 0 for s in receiver.status()):  # noqa: ASYNC110
            await asyncio.sleep(0.25)
        opened_s = time.monotonic() - began_s
        await asyncio.sleep(2.0)
        meter, before = Meter(), receiver.status()
        await asyncio.sleep(seconds)
        cost, after = meter.read(), receiver.status()
        receiver.stop()
        await running
    return side(
        [new.frames_received - old.frames_received for new, old in zip(after, before, strict=True)],
        FPS,
        cost,
        open_s=round(opened_s, 2),
        mbit_per_s=round(sum(n.bytes - o.bytes for n, o in zip(after, before, strict=True)) * 8e-6 / cost.seconds, 1),
        keyframes_offered=sum(n.offered - o.offered for n, o in zip(after, before, strict=True)),
        not_online=sum(n.state != "online" for n in after),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("side", choices=("kakou",))
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--streams", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    args = parser.parse_args()
    print(json.dumps(asyncio.run(receive(args.port, args.streams, args.seconds)).to_json()), flush=True)
