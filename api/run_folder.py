"""The run folder: sockets, keyframe slots and tiles of one running system; short-lived and cleaned up.

It lies in /dev/shm where there is room, because slots are written hundreds of times a second, and its path is
short, because a Unix socket's path has at most 108 bytes.
"""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psutil

SLOT_BYTES = 512 * 1024 * 1024
"""Free space asked of /dev/shm for slots and tiles of 400 feeds; below what is asked the run folder goes to disk."""

OWNER_FILE = "owner"
PREFIX = "kakou-"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Where the processes of one running system meet."""

    path: Path

    @property
    def slots(self) -> Path:
        """Latest keyframes, one file a feed (``ingest.slot``), written by ingest."""
        return self.path / "slots"

    @property
    def rings(self) -> Path:
        """The last seconds of every stream, compressed, one file a stream (``ingest.ring``), written by ingest."""
        return self.path / "rings"

    @property
    def tiles(self) -> Path:
        """Latest small pictures, one file a feed (``ingest.slot``), written by detection."""
        return self.path / "tiles"

    @property
    def bus_socket(self) -> Path:
        """The embedded event log's Unix socket."""
        return self.path / "bus.sock"


def create(parent: Path | None = None, *, ring_mb: int = 0) -> RunFolder:
    """Make a run folder that belongs to this process, with room for rings; remove those whose owner is dead.

    The owner is told by process id and start time, so that a reused id does not keep a dead folder.
    """
    root = parent or _root(SLOT_BYTES + ring_mb * 1024 * 1024)
    sweep(root)
    path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
    run = RunFolder(path)
    run.slots.mkdir()
    run.rings.mkdir()
    run.tiles.mkdir()
    (path / OWNER_FILE).write_text(f"{os.getpid()} {psutil.Process().create_time()}", encoding="ascii")
    return run


def remove(run: RunFolder) -> None:
    """Remove the folder and everything in it."""
    shutil.rmtree(run.path, ignore_errors=True)


def sweep(root: Path) -> None:
    """Remove the run folders below ``root`` whose owner no longer runs."""
    for path in root.glob(f"{PREFIX}*"):
        if path.is_dir() and os.access(path, os.W_OK) and not _alive(path):
            shutil.rmtree(path, ignore_errors=True)


def _alive(path: Path) -> bool:
    try:
        pid, started = (path / OWNER_FILE).read_text(encoding="ascii").split()
        return bool(abs(psutil.Process(int(pid)).create_time() - float(started)) < 1.0)
    except (OSError, ValueError, psutil.NoSuchProcess):
        return False


def _root(need_bytes: int) -> Path:
    shared = Path("/dev/shm")
    if shared.is_dir() and os.access(shared, os.W_OK) and shutil.disk_usage(shared).free >= need_bytes:
        return shared
    return Path(tempfile.gettempdir())
