"""The cameras of the benchmark: ``python -m benchmarks.receiving.serving --streams N [--sub]`` prints its port.

All mounts loop the same 40 s at 20 places, a GOP apart, so that at any moment six of twenty are busy.
"""

import argparse
import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.receiving.clip import GOP, GOPS, SUB_GOP, clips
from ingest.receiver import raise_open_files
from ingest.simulate.clip import read_clip
from ingest.simulate.server import CameraServer
from ingest.simulate.source import LoopSource, PackedClip, Source


def place_of(number: int) -> int:
    """Return the GOP of the clip with which stream ``number`` begins."""
    return 7 * number % GOPS


async def serve(streams: int, *, sub: bool) -> None:
    """Serve mounts ``0`` … and, with ``sub``, ``0/sub`` … until killed; the first line printed is the port."""
    raise_open_files()
    made = clips()
    main = PackedClip.of(read_clip(made.main))
    wide = [LoopSource(main, place * GOP) for place in range(GOPS)]
    mounts: dict[str, Source] = {str(number): wide[place_of(number)] for number in range(streams)}
    if sub:
        small = PackedClip.of(read_clip(made.sub))
        less = [LoopSource(small, place * SUB_GOP) for place in range(GOPS)]
        mounts |= {f"{number}/sub": less[place_of(number)] for number in range(streams)}
    server = CameraServer(mounts)
    print(await server.start(), flush=True)
    await server.wait()


@contextmanager
def served(streams: int, *, sub: bool = False) -> Iterator[tuple[int, int]]:
    """Run the cameras in a process of their own; yields its port and process id."""
    argv = [sys.executable, "-m", "benchmarks.receiving.serving", "--streams", str(streams)]
    with subprocess.Popen([*argv, *(["--sub"] if sub else [])], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline()), process.pid
        finally:
            process.kill()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, required=True)
    parser.add_argument("--sub", action="store_true")
    args = parser.parse_args()
    asyncio.run(serve(args.streams, sub=args.sub))
