"""Run by ``test_disk`` in a mount namespace of its own: records onto a real small disk until it is full, and on.

Argument: the mount point. Prints what happened as JSON. Everything else stays on the large disk.
"""

import json
import sys
import tempfile
from pathlib import Path

from ingest.record.index import Index
from ingest.record.verify import verify
from tests.ingest.record.feeding import Camera, ManualClock, recorder, settle


def main() -> None:
    disk = Path(sys.argv[1])
    rings = Path(tempfile.mkdtemp(prefix="kt-", dir="/tmp"))
    clock = ManualClock()
    camera = Camera(rings, "cam-1", clock)
    made = recorder(disk / "rec", rings, clock, "cam-1", mb=1000)

    def go_on(seconds: int) -> None:
        for _ in range(seconds):
            camera.seconds(1, made)
            settle(made)

    said: dict[str, object] = {}
    go_on(70)
    index = Index(disk / "rec")
    hold = index.hold("cam-1", 0, 1e12, reason="case 7", by="officer", at=clock.at)
    said["ballast"] = (disk / "rec" / "ballast").stat().st_size
    hog = disk / "hog"
    try:
        with hog.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(65536))
    except OSError:
        pass
    go_on(20)
    said["full"] = [made.status().trouble, made.status().recording]
    said["counters"] = made.counters()
    said["rows_when_full"] = sum(1 for _ in index.every())
    said["findings_when_full"] = [one.kind for one in verify(disk / "rec")]
    hog.unlink()
    go_on(12)
    said["after"] = [made.status().trouble, made.status().recording]
    said["ballast_again"] = (disk / "rec" / "ballast").exists()
    index.release(hold.id)
    index.close()
    made.close()
    said["rows"] = made.counters()["recorded_segments"]
    said["findings"] = [one.kind for one in verify(disk / "rec")]
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main()
