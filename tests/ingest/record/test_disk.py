"""A disk that fills, refuses or loses power never makes the index lie."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ingest.record.disk import PIECES, Disk
from ingest.record.index import Index
from ingest.record.recorder import Kept, Recorder
from ingest.record.verify import verify
from tests.ingest.record.feeding import Camera, ManualClock, clip, settle
from tests.support.bus_system import ROOT


def test_a_full_disk_costs_the_ballast_and_nothing_that_was_recorded_and_recording_goes_on_when_there_is_room(
    tmp_path: Path,
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    rootless = [] if os.geteuid() == 0 else ["--map-root-user"]
    script = 'mount -t tmpfs -o size=16m none "$0" && exec "$1" -m tests.ingest.record.full_disk "$0"'
    argv = ["unshare", "--mount", *rootless, "sh", "-c", script, str(small), sys.executable]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["ballast"] == 16 * 1024 * 1024 // 64
    assert said["full"] == ["disk_full", 0] or said["full"] == ["all_held", 0]
    assert said["counters"]["ballast_used"] == 1
    assert said["counters"]["deleted_early"] == 0
    assert said["rows_when_full"] == said["counters"]["recorded_segments"] >= 2
    assert said["findings_when_full"] == []
    assert said["after"] == [None, 1]
    assert said["ballast_again"]
    assert said["rows"] > said["rows_when_full"]
    assert said["findings"] == []


class FailingDisk(Disk):
    """The ``at``-th call fails, once; ``calls`` counts them."""

    def __init__(self, at: int, error: int) -> None:
        super().__init__()
        self.calls, self._at, self._error = 0, at, error

    def _next(self) -> None:
        self.calls += 1
        if self.calls == self._at:
            raise OSError(self._error, os.strerror(self._error))

    def create(self, path: Path) -> int:
        self._next()
        return super().create(path)

    def append(self, fd: int, pieces: Sequence[bytes]) -> None:
        try:
            self._next()
        except OSError:
            data = b"".join(pieces)
            super().append(fd, [data[: len(data) // 2]])  # a full disk takes a part
            raise
        super().append(fd, pieces)

    def sync(self, fd: int) -> None:
        self._next()
        super().sync(fd)

    def rename(self, path: Path, new: Path) -> None:
        self._next()
        super().rename(path, new)

    def unlink(self, path: Path) -> None:
        self._next()
        super().unlink(path)

    def sync_folder(self, path: Path) -> None:
        self._next()
        super().sync_folder(path)


def scenario(path: Path, disk: Disk) -> None:
    """Two streams, a change of picture size, a full budget and an end in order."""
    clock = ManualClock()
    cameras = [Camera(path / "rings", name, clock) for name in ("cam-1", "cam-2")]
    streams = dict.fromkeys(("cam-1", "cam-2"), Kept(always=True, days=30))
    made = Recorder(path / "rec", path / "rings", streams, 120_000, clock, disk)
    for turn in range(14):
        for camera in cameras:
            camera.send(12)
        if turn == 6:
            cameras[0].become(clip(width=128, height=96), cameras[0].codec, (128, 96))
        made.round()
        settle(made)
    made.close()


def check(path: Path) -> None:
    """What has a row is there whole; a next start needs nothing but itself and leaves nothing open."""
    assert [one for one in verify(path / "rec") if one.kind != "unindexed"] == []
    index = Index.read(path / "rec")
    rows = {one.path for one in index.every()}
    index.close()
    Recorder(path / "rec", path / "rings", {}, 10**9, ManualClock()).close()
    assert verify(path / "rec") == []
    index = Index.read(path / "rec")
    assert rows <= index.paths()
    index.close()


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC], ids=["EIO", "ENOSPC"])
def test_whichever_call_to_the_disk_fails_no_row_lies_and_nothing_with_a_row_is_lost(
    tmp_path: Path, error: int
) -> None:
    whole = FailingDisk(0, error)
    scenario(tmp_path / "whole", whole)
    assert whole.calls > 30
    for at in range(1, whole.calls + 1, 2 if error == errno.EIO else 3):
        path = tmp_path / str(at)
        scenario(path, FailingDisk(at, error))
        check(path)


class PowerlessDisk(Disk):
    """Knows what would be left if the power went now: whole files whose names and data are both on the medium."""

    def __init__(self) -> None:
        super().__init__()
        self.safe: set[str] = set()
        self.looks = 0
        self.folder: Path | None = None
        self._data: dict[int, int] = {}
        self._named: set[Path] = set()

    def sync(self, fd: int) -> None:
        super().sync(fd)
        self._data[os.fstat(fd).st_ino] = os.fstat(fd).st_size

    def rename(self, path: Path, new: Path) -> None:
        super().rename(path, new)
        self._named.add(new)
        self.look()

    def sync_folder(self, path: Path) -> None:
        self.look()
        super().sync_folder(path)
        for name in [one for one in self._named if one.parent == path and one.exists()]:
            if self._data.get(name.stat().st_ino) == name.stat().st_size:
                self.safe.add(str(name))

    def look(self) -> None:
        """Every row speaks of a file that would survive."""
        if self.folder is not None and (self.folder / "index.db").exists():
            index = Index.read(self.folder)
            assert {str(self.folder / one.path) for one in index.every()} <= self.safe
            index.close()
            self.looks += 1


def test_at_no_moment_does_a_row_speak_of_a_file_that_a_power_failure_would_take(tmp_path: Path) -> None:
    disk = PowerlessDisk()
    disk.folder = tmp_path / "rec"
    scenario(tmp_path, disk)
    disk.look()
    assert disk.looks > 10
    assert disk.safe


def test_what_goes_is_never_seen_with_a_row_and_without_a_file(tmp_path: Path) -> None:
    seen: list[Any] = []

    class Watched(Disk):
        def unlink(self, path: Path) -> None:
            super().unlink(path)
            index = Index.read(tmp_path / "rec")
            seen.extend(one.path for one in index.every() if not (tmp_path / "rec" / one.path).exists())
            index.close()
            assert [one.kind for one in verify(tmp_path / "rec")] == []

    scenario(tmp_path, Watched())
    assert seen == []


def test_more_pieces_than_the_system_takes_at_once_are_all_written_in_order(tmp_path: Path) -> None:
    disk, pieces = Disk(), [number.to_bytes(2, "big") for number in range(3 * PIECES + 1)]
    fd = disk.create(tmp_path / "file")
    disk.append(fd, pieces)
    os.close(fd)
    assert (tmp_path / "file").read_bytes() == b"".join(pieces)
