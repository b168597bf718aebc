"""A recorder in a process of its own, for tests that kill it: says after each round how many GOPs are in files.

``python -m tests.ingest.record.killable FOLDER RINGS STREAM…``; it closes and ends when its input ends.
"""

import select
import sys
from pathlib import Path

from camera_config.clock import SystemClock
from ingest.record.recorder import Kept, Recorder

ROUND_S = 0.05


def main() -> None:
    folder, rings, *streams = sys.argv[1:]
    kept = dict.fromkeys(streams, Kept(always=True, days=30))
    recorder = Recorder(Path(folder), Path(rings), kept, 10**9, SystemClock())
    while not select.select([sys.stdin], [], [], ROUND_S)[0]:
        recorder.round()
        sys.stdout.write(f"{recorder.counters()['recorded_gops']}\n")
        sys.stdout.flush()
    recorder.close()
    sys.stdout.write("closed\n")


if __name__ == "__main__":
    main()
