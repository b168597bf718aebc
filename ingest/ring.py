"""The last seconds of one stream, compressed: a circle of bytes in shared memory, one writer, any number of readers.

``put`` never waits, and readers never slow it: one that is too slow is overtaken and told so. How units lie in the file
and why a reader never takes a torn one for whole: ``ingest.ring_file``.
"""

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from ingest.access_unit import AccessUnit, joined, parted
from ingest.ring_file import (
    HEAD,
    LAST_KEY,
    LEAST_BYTES,
    OLDEST,
    RingEntry,
    RingFile,
    kept,
    made,
    record_bytes,
)

__all__ = ["RingEntry", "RingReader", "RingWriter"]

LOOKS = 16
"""How often an overtaken reader looks for the oldest keyframe, which the writer may be about to overwrite."""


class RingWriter:
    """The only writer of a ring.

    A ring of the same capacity is gone on with, its numbering included; any other file at ``path`` is replaced.

    Args:
        path: the file; its folder must exist.
        capacity: of the circle in bytes, at least 4096; rounded down to a multiple of 8.

    Raises:
        ValueError: the capacity is too small.
        OSError: no room.
    """

    def __init__(self, path: Path, capacity: int) -> None:
        if sys.byteorder != "little" or capacity < LEAST_BYTES:
            raise ValueError(f"rings want a little-endian machine and at least {LEAST_BYTES} bytes, got {capacity}")
        self.path = path
        self.capacity = capacity & ~7
        self.oversize = 0
        """Units larger than half the circle, which were left out."""
        self._half = self.capacity // 2
        self.number = 0
        """That of the last unit written, 0 before the first."""
        self.epoch = 0
        """Epoch of the last unit that a writer before us left, 0 without one."""
        there = kept(path, self.capacity)
        self._ring = there if there and self._resume(there) else made(path, self.capacity)
        self._gap = self.number > 0

    def put(self, unit: AccessUnit, *, at: float, mono_s: float, broken: bool, width: int = 0, height: int = 0) -> bool:
        """Leave ``unit`` behind the others, overwriting the oldest as far as it needs their room.

        Args:
            unit: what came.
            at: wall time of receipt, unix seconds.
            mono_s: monotonic time of receipt.
            broken: units are missing before this one.
            width: of the picture in pixels, 0 when not known.
            height: likewise.

        Returns:
            False if the unit is larger than half the circle; then it is left out and the next is ``broken``.
        """
        total = record_bytes(unit.size)
        if total > self._half:
            self.oversize += 1
            self._gap = True
            return False
        ring = self._ring
        words = ring.words
        place = words[HEAD]
        left = self.capacity - place % self.capacity
        if total > left:
            self._give_way(place + left - self.capacity)
            ring.fill(place, left)
            place += left
        end = place + total
        self._give_way(end - self.capacity)
        self.number += 1
        ring.write(place, unit, self.number, at, mono_s, broken or self._gap, width, height)
        words[HEAD] = end
        if unit.key:
            words[LAST_KEY] = place
        self._gap = False
        return True

    def close(self) -> None:
        """Release the memory; the file stays for the readers and for the next writer."""
        self._ring.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _give_way(self, place: int) -> None:
        """Let go of the records before ``place``."""
        oldest = self._ring.words[OLDEST]
        if oldest < place:
            while oldest < place:
                oldest = self._ring.after(oldest)
            self._ring.words[OLDEST] = oldest

    def _resume(self, ring: RingFile) -> bool:
        """Take up the numbering; False if anything in the ring is wrong, which is closed then."""
        place, head, last_key = ring.words[OLDEST], ring.words[HEAD], 0
        while place < head:
            found, place = ring.read(place, head, 1000)
            for entry in found:
                self.number, self.epoch = entry.number, entry.epoch
                last_key = entry.place if entry.key else last_key
            if not found:
                break
        if place != head:
            ring.close()
            self.number = self.epoch = 0
            return False
        ring.words[LAST_KEY] = last_key
        return True


class RingReader:
    """One of any number of readers of a ring; it writes nothing there.

    It begins at the oldest keyframe, which is also where it goes on when the writer has overtaken it (``overrun``
    counts that). The file may be missing or be replaced by another: then it begins with the new one. Wherever it begins
    or goes on, the first entry has ``broken`` set.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.overrun = 0
        """Times that the writer overtook this reader."""
        self._ring: RingFile | None = None
        self._place = 0
        self._broken = False

    def entries(self, limit: int = 1000) -> list[RingEntry]:
        """Return the next units' headers, at most ``limit``, and move on behind them; empty if there is none."""
        ring = self._ring
        if ring is None or self._place >= ring.words[HEAD]:
            ring = self._open()
            if ring is None:
                return []
        head = ring.words[HEAD]
        if self._place < ring.words[OLDEST]:
            self._overtaken(ring)
        found, self._place = ring.read(self._place, head, limit)
        if self._broken and found:
            found[0] = found[0]._replace(broken=True)
            self._broken = False
        if self._place < head and len(found) < limit:
            self._overtaken(ring)
        return found

    def sample(self, entry: RingEntry) -> bytes | None:
        """Return the unit as MP4 has it, each NAL unit behind its length; None if it was overwritten meanwhile."""
        ring = self._ring
        if ring is None:
            return None
        sample = ring.sample(entry)
        return sample if ring.words[OLDEST] <= entry.place < ring.words[HEAD] else None

    def payload(self, entry: RingEntry) -> bytes | None:
        """Return the unit's Annex-B bytes; None if it was overwritten meanwhile."""
        sample = self.sample(entry)
        return None if sample is None else b"".join(joined(parted(sample))[0])

    def seek_last_key(self) -> bool:
        """Go to the newest keyframe; False, and nothing happens, if there is none."""
        return self.seek_key_before(float("inf"))

    def seek_key_before(self, mono_s: float) -> bool:
        """Go to the newest keyframe that came at ``mono_s`` or before, else to the oldest keyframe.

        False, and nothing happens, if there is no keyframe.
        """
        ring = self._open()
        if ring is None:
            return False
        chosen = None
        for key in ring.keyframes():
            chosen = key
            if key.mono_s <= mono_s:
                break
        if chosen is None:
            return False
        self._place = chosen.place
        self._broken = True
        return True

    def close(self) -> None:
        """Release the memory."""
        if self._ring is not None:
            self._ring.close()
            self._ring = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> RingFile | None:
        """Return the file at ``path`` as it is now, opened again if it is another than before."""
        if self._ring is not None:
            try:
                if os.stat(self.path).st_ino == self._ring.inode:  # noqa: PTH116 half the time of Path.stat
                    return self._ring
            except FileNotFoundError:
                return self._ring
            self.close()
        try:
            fd = os.open(self.path, os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            self._ring = RingFile(fd, self.path, writable=False)
        finally:
            os.close(fd)
        self._place = self._oldest_key(self._ring)
        self._broken = True
        return self._ring

    def _overtaken(self, ring: RingFile) -> None:
        self.overrun += 1
        self._broken = True
        if self._place < ring.words[OLDEST]:
            self._place = self._oldest_key(ring)
        else:  # a record that cannot be read though it should be there
            self._place = ring.words[LAST_KEY] if ring.words[LAST_KEY] > self._place else ring.words[HEAD]

    def _oldest_key(self, ring: RingFile) -> int:
        """Return the place of the oldest keyframe, of the oldest unit if there is none."""
        for _ in range(LOOKS):
            place = min((key.place for key in ring.keyframes()), default=0)
            if place >= ring.words[OLDEST]:  # else it was overwritten while we looked
                return place
        return ring.words[OLDEST]
