"""The few things the recorder asks of the operating system's files, in one place, so that each can fail in a test."""

import os
import threading
from collections.abc import Sequence
from pathlib import Path

PIECES = 1024
"""As many as the system takes at once (``IOV_MAX``)."""


class Disk:
    """Plain calls; ``synced`` counts those that wait for the medium. Any thread may call.

    Raises:
        OSError: from every method, as the system says it.
    """

    def __init__(self) -> None:
        self.synced = 0
        self._gate = threading.Lock()

    def create(self, path: Path) -> int:
        """Make a file that must not exist and return its descriptor."""
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)

    def append(self, fd: int, pieces: Sequence[bytes]) -> None:
        """Write all of ``pieces``; a disk that fills half-way leaves a part of them."""
        for first in range(0, len(pieces), PIECES):
            some = pieces[first : first + PIECES]
            written = os.writev(fd, some)
            if written < sum(map(len, some)):
                rest = memoryview(b"".join(some))[written:]
                while rest:
                    rest = rest[os.write(fd, rest) :]

    def cut(self, fd: int, size: int) -> None:
        """Leave the first ``size`` bytes and go to their end."""
        os.ftruncate(fd, size)
        os.lseek(fd, size, os.SEEK_SET)

    def sync(self, fd: int) -> None:
        """Return when what was written is on the medium."""
        self._count()
        os.fdatasync(fd)

    def rename(self, path: Path, new: Path) -> None:
        """Give a file its last name."""
        path.rename(new)

    def unlink(self, path: Path) -> None:
        """Remove a file; one that is gone is fine."""
        path.unlink(missing_ok=True)

    def sync_folder(self, path: Path) -> None:
        """Return when the names in a folder are on the medium."""
        self._count()
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def make_folders(self, path: Path, root: Path) -> None:
        """Make ``path`` below ``root`` with all its parents, each durable in its own parent."""
        if path == root or path.is_dir():
            return
        self.make_folders(path.parent, root)
        path.mkdir(exist_ok=True)
        self.sync_folder(path.parent)

    def _count(self) -> None:
        with self._gate:
            self.synced += 1
