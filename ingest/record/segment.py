"""One segment being written: fragments appended to ``….mp4.part``, hashed on the way, closed into a file for ever.

The order of closing is what a power failure cannot break: data on the medium, name on the medium, then the index row.
"""

import hashlib
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingest.codec import Codec
from ingest.record.disk import Disk
from ingest.record.mp4 import Gop, fragment, header

PART = ".part"


@dataclass(frozen=True, slots=True)
class Described:
    """What holds for a whole segment. ``reason``: continuous, event, raised, demand."""

    stream: str
    codec: Codec
    width: int
    height: int
    clock_hz: int
    reason: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A closed segment as the index knows it.

    ``start`` (counts) and ``end`` (does not) are unix seconds; ``path`` is relative to the folder of recordings;
    ``sha256`` in hexadecimal; ``keyframes`` is the number of fragments. ``id`` is 0 before the index has it.
    """

    id: int
    stream: str
    start: float
    end: float
    path: str
    bytes: int
    sha256: str
    codec: Codec
    width: int
    height: int
    reason: str
    keyframes: int


class SegmentWriter:
    """The open segment of one stream.

    What ``bytes`` counts is whole; a write that failed half-way is cut off again. ``append`` belongs to one thread;
    ``sync`` and ``close`` may come from another.

    Raises:
        OSError: the file cannot be made.
        FeedProtocol: the keyframe's parameter sets cannot be used.
    """

    def __init__(self, disk: Disk, folder: Path, described: Described, keyframe: bytes, start: float) -> None:
        self.described = described
        self.start = start
        self.bytes = self.fragments = self.ticks = 0
        self._disk, self._folder = disk, folder
        self._gate = threading.Lock()
        self._synced = 0
        self._torn = False
        self._hash = hashlib.sha256()
        about = about_of(described, start)
        head = header(keyframe, described.codec, described.width, described.height, described.clock_hz, about)
        self.path = _free_path(folder, described.stream, start)
        disk.make_folders(self.path.parent, folder)
        self._part = self.path.with_name(self.path.name + PART)
        self._fd = disk.create(self._part)
        try:
            self._write([head])
        except OSError:
            self.discard()
            raise

    def append(self, gop: Gop) -> int:
        """Add one GOP; return how many bytes it took.

        Raises:
            OSError: it is not in the file, everything before is.
        """
        before = self.bytes
        self._write([fragment(self.fragments + 1, self.ticks, gop), *gop.samples])
        self.fragments += 1
        self.ticks += sum(gop.durations)
        return self.bytes - before

    def sync(self) -> None:
        """Bring what is there to the medium.

        Raises:
            OSError: the medium did not take it.
        """
        with self._gate:
            written = self.bytes
            if self._fd >= 0 and self._synced < written:
                self._disk.sync(self._fd)
                self._synced = written

    def close(self, end: float) -> Segment:
        """End the segment at unix time ``end``; the file and its name are durable when this returns.

        Raises:
            OSError: it is not durable; the ``.part`` stays for the next start.
        """
        with self._gate:
            try:
                if self._torn:
                    self._disk.cut(self._fd, self.bytes)
                self._disk.sync(self._fd)
            finally:
                os.close(self._fd)
                self._fd = -1
        self._disk.rename(self._part, self.path)
        self._disk.sync_folder(self.path.parent)
        what = self.described
        return Segment(
            id=0,
            stream=what.stream,
            start=self.start,
            end=end,
            path=str(self.path.relative_to(self._folder)),
            bytes=self.bytes,
            sha256=self._hash.hexdigest(),
            codec=what.codec,
            width=what.width,
            height=what.height,
            reason=what.reason,
            keyframes=self.fragments,
        )

    def discard(self) -> None:
        """Give up a segment without a fragment."""
        with self._gate:
            os.close(self._fd)
            self._fd = -1
        self._disk.unlink(self._part)

    def _write(self, pieces: Sequence[bytes]) -> None:
        try:
            self._disk.append(self._fd, pieces)
        except OSError:
            self._torn = True
            self._disk.cut(self._fd, self.bytes)
            self._torn = False
            raise
        for piece in pieces:
            self._hash.update(piece)
            self.bytes += len(piece)


def about_of(described: Described, start: float) -> dict[str, Any]:
    """Return what a file says of itself, so that one without its row can be taken into the index."""
    return {
        "stream": described.stream,
        "start": round(start, 3),
        "codec": described.codec.value,
        "width": described.width,
        "height": described.height,
        "clock_hz": described.clock_hz,
        "reason": described.reason,
    }


def _free_path(folder: Path, stream: str, start: float) -> Path:
    """Return a name for a segment that begins at ``start``; after the clock stepped back it may be taken already."""
    milliseconds = int(start * 1000)
    while True:
        when = datetime.fromtimestamp(milliseconds / 1000, UTC)
        name = f"{when:%Y%m%dT%H%M%S}.{milliseconds % 1000:03d}Z.mp4"
        path = folder / stream / f"{when:%Y-%m-%d}" / name
        if not path.exists() and not path.with_name(name + PART).exists():
            return path
        milliseconds += 1
