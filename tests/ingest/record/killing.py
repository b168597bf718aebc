"""Killing a recorder again and again while its cameras go on, and what must hold afterwards."""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from ingest.record.index import Index
from ingest.record.segment import PART
from ingest.record.verify import verify
from tests.ingest.record.feeding import Camera, ManualClock, clip, packets, played, scanned
from tests.support.bus_system import ROOT

GOP = 10
STREAMS = ("cam-1", "cam-2")


class RealTime(ManualClock):
    """The machine's clock, at which 50 pictures a second are sent; to go forward is to wait."""

    def __init__(self) -> None:
        self._pause = threading.Event()

    @property
    def at(self) -> float:  # type: ignore[override]
        return time.time()

    @property
    def mono_s(self) -> float:  # type: ignore[override]
        return time.monotonic()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def forward(self, seconds: float) -> None:
        self._pause.wait(seconds / 2)


class Site:
    """Cameras that never stop, and a folder into which one recorder after another records."""

    def __init__(self, path: Path, rings: Path) -> None:
        self.folder, self.rings = path / "rec", rings
        self.cameras = [Camera(rings, name, RealTime(), capacity=8 << 20) for name in STREAMS]
        for camera in self.cameras:
            camera.units, camera.ticks = clip(gop=GOP), camera.ticks // 2
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._feed, args=(camera,)) for camera in self.cameras]

    def __enter__(self) -> "Site":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_cameras()

    def stop_cameras(self) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join()

    def _feed(self, camera: Camera) -> None:
        while not self._ending.is_set():
            camera.send()

    def start(self) -> subprocess.Popen[str]:
        argv = [sys.executable, "-m", "tests.ingest.record.killable", str(self.folder), str(self.rings), *STREAMS]
        return subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def gops_on_disk(self) -> int:
        """Whole fragments in all files, open ones too."""
        found = [scanned(path) for path in self.folder.glob(f"*/*/*.mp4{PART}")]
        with_rows = Index.read(self.folder)
        closed = sum(one.keyframes for one in with_rows.every(limit=10_000))
        known = with_rows.paths()
        with_rows.close()
        loose = [path for path in self.folder.glob("*/*/*.mp4") if str(path.relative_to(self.folder)) not in known]
        found += [scanned(path) for path in loose]
        return closed + sum(len(one.fragments) for one in found if one)

    def kill_often(self, times: int, dice: random.Random, more: Callable[[], None] = lambda: None) -> list[int]:
        """Kill a recorder at random moments while it writes; return how many GOPs each had written."""
        written = []
        for _ in range(times):
            before = self.gops_on_disk() if (self.folder / "index.db").exists() else 0
            process = self.start()
            assert process.stdout is not None
            said = 0
            wanted = dice.randint(1, 12)
            while said < wanted:  # it is killed in the middle of its work, not before it
                said = int(process.stdout.readline())
            threading.Event().wait(dice.random() * 0.1)
            process.kill()
            rest, _ = process.communicate()
            told = [said, *(int(line) for line in rest.split() if line.isdecimal())]
            assert self.gops_on_disk() - before >= told[-1], "a GOP that was in a file is gone"
            more()
            written.append(told[-1])
        return written

    def finish(self) -> None:
        """Let one more recorder take what the rings hold and end in order."""
        self.stop_cameras()
        out, _ = self.start().communicate("end\n")
        assert "closed" in out

    def check(self) -> None:
        """Every file plays, the index is true, and not one picture is missing or twice."""
        findings = verify(self.folder)
        assert findings == [], findings
        assert not list(self.folder.glob(f"*/*/*{PART}"))
        index = Index.read(self.folder)
        for camera in self.cameras:
            kept = index.segments(camera.name, 0, 1e12)
            assert all(len(played(self.folder / one.path)) for one in kept)
            pictures = [payload for one in kept for _, payload in packets(self.folder / one.path)]
            sent = [payload for _, payload, _ in camera.sent]
            same = next((n for n, (a, b) in enumerate(zip(pictures, sent, strict=False)) if a != b), None)
            assert (len(pictures), same) == (len(sent), None), (len(pictures), same, len(sent))
        index.close()
