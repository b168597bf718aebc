"""One file in shared memory that holds the latest item of one feed, for one writer and one reader process.

``put`` never waits; a slow reader loses old items, not new ones. A half-written item is never returned: a version
word (odd while writing) tells the reader to look again, and a CRC-32C over fields and payload settles what the version
cannot (weakly ordered processors, a writer that died half-way); for 290 kB it takes 14 us, zlib's CRC-32 takes 130.

File, little-endian 8-byte words: magic, capacity, version, sequence, epoch, size, crc, at, mono_s, cursor, codec;
the payload starts at byte 128. Words are stored through a ``memoryview``, one machine store each; ``struct.pack_into``
with an explicit byte order stores byte by byte, and another process would see half a number.
"""

import mmap
import os
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from google_crc32c import extend, value

from ingest.codec import Codec
from ingest.shared_file import create

MAGIC = int.from_bytes(b"KKSLOT2\0", "little")
HEADER_BYTES = 128
LOOKS = 64
"""How often one ``take`` looks at an item that is being written, giving the processor away in between."""

_MAGIC, _CAPACITY, _VERSION, _SEQUENCE, _EPOCH, _SIZE, _CRC, _AT, _MONO, _CURSOR, _CODEC = range(11)
_FIELDS = struct.Struct("<QQQQdd")
_CODECS = tuple(Codec)


@dataclass(frozen=True, slots=True)
class SlotItem:
    """One item as its writer put it.

    ``sequence`` counts the writer's items from 1. ``at`` is wall time (unix seconds) and ``mono_s`` monotonic time of
    receipt. ``epoch`` changes with the stream's parameters, so that a decoder knows when to start afresh; ``codec`` is
    what it must understand, and means nothing for an item that is no keyframe.
    """

    payload: bytes
    sequence: int
    at: float
    mono_s: float
    epoch: int
    codec: Codec = Codec.H264


class _Mapping:
    """A slot file in memory; the words of its header can be read and written one by one."""

    def __init__(self, fd: int, path: Path) -> None:
        size = os.fstat(fd).st_size
        if size < HEADER_BYTES:
            raise ValueError(f"{path}: not a slot, {size} bytes")
        self.map = mmap.mmap(fd, size)
        self._view = memoryview(self.map)
        self.words = self._view[:HEADER_BYTES].cast("Q")
        self.doubles = self._view[:HEADER_BYTES].cast("d")
        if self.words[_MAGIC] != MAGIC or self.words[_CAPACITY] + HEADER_BYTES != size:
            self.close()
            raise ValueError(f"{path}: not a slot")

    def crc(self, payload: bytes | memoryview) -> int:
        """Return the CRC-32 of the header's fields and ``payload``."""
        w, d = self.words, self.doubles
        fields = _FIELDS.pack(w[_SEQUENCE], w[_EPOCH], w[_SIZE], w[_CODEC], d[_AT], d[_MONO])
        return int(extend(value(fields), payload))

    def close(self) -> None:
        """Release the memory; the file stays."""
        for view in (self.words, self.doubles, self._view):
            view.release()
        self.map.close()


class SlotWriter:
    """The only writer of a slot. An existing file is gone on with, its numbering included.

    Args:
        path: the file; its folder must exist. It appears at its full size at once (``posix_fallocate``, then a
            rename), so that neither side can meet a half-made file or run out of room later.
        capacity: largest payload in bytes; must be that of an existing file.

    Raises:
        ValueError: the file is no slot or has another capacity.
        OSError: no room.
    """

    def __init__(self, path: Path, capacity: int) -> None:
        if sys.byteorder != "little" or capacity <= 0:
            raise ValueError(f"slots want a little-endian machine and a capacity above 0, got {capacity}")
        self.path = path
        self.capacity = capacity
        if not path.exists():
            create(path, HEADER_BYTES + capacity, struct.pack("<QQ", MAGIC, capacity))
        fd = os.open(path, os.O_RDWR)
        try:
            self._slot = _Mapping(fd, path)
        finally:
            os.close(fd)
        words = self._slot.words
        if words[_CAPACITY] != capacity:
            there = words[_CAPACITY]
            self._slot.close()
            raise ValueError(f"{path}: capacity is {there}, not {capacity}")
        if words[_VERSION] & 1:  # the writer before us died half-way: what is there cannot be read any more
            words[_SIZE] = 0
            words[_VERSION] += 1

    @property
    def sequence(self) -> int:
        """Number of the last item written, 0 before the first; a restarted writer goes on from here."""
        return self._slot.words[_SEQUENCE]

    @property
    def epoch(self) -> int:
        """Epoch of the last item written, 0 before the first."""
        return self._slot.words[_EPOCH]

    def put(
        self, payload: bytes, *, sequence: int, at: float, mono_s: float, epoch: int, codec: Codec = Codec.H264
    ) -> bool:
        """Leave an item, replacing one that was not taken.

        Returns:
            False if ``payload`` is larger than the capacity; then nothing was written.

        Raises:
            ValueError: ``payload`` is empty or ``sequence`` not above the last one.
        """
        slot = self._slot
        words = slot.words
        size = len(payload)
        if size > self.capacity:
            return False
        if size == 0 or sequence <= words[_SEQUENCE]:
            raise ValueError(f"{self.path}: {size} bytes numbered {sequence} after {words[_SEQUENCE]}")
        writing = words[_VERSION] + 1
        words[_VERSION] = writing
        words[_SEQUENCE] = sequence
        words[_EPOCH] = epoch
        words[_SIZE] = size
        words[_CODEC] = _CODECS.index(codec)
        slot.doubles[_AT] = at
        slot.doubles[_MONO] = mono_s
        words[_CRC] = slot.crc(payload)
        slot.map[HEADER_BYTES : HEADER_BYTES + size] = payload
        words[_VERSION] = writing + 1
        return True

    def close(self) -> None:
        """Release the memory; the file stays for the reader and for the next writer."""
        self._slot.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class SlotReader:
    """The only reader of a slot. Its cursor is kept in the file, so that a restarted reader goes on where it was.

    The file may be missing: ``take`` and ``peek`` return None until the writer has made it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.torn = 0
        """Times that an item could not be read whole and was left for the next call."""
        self._slot: _Mapping | None = None

    @property
    def cursor(self) -> int:
        """Number of the last item taken, 0 before the first or without a file."""
        slot = self._open()
        return slot.words[_CURSOR] if slot else 0

    def take(self) -> SlotItem | None:
        """Return the latest item if it was not taken yet, else None; costs a fraction of a microsecond when not.

        The caller that last took number m and now gets n knows that n - m - 1 items were superseded.
        """
        slot = self._slot or self._open()
        if slot is None or slot.words[_SEQUENCE] == slot.words[_CURSOR]:
            return None
        item = self._read(slot)
        if item is None or item.sequence <= slot.words[_CURSOR]:
            return None
        slot.words[_CURSOR] = item.sequence
        return item

    def peek(self) -> SlotItem | None:
        """Return the latest item whether taken or not; None before the first. The cursor stays."""
        slot = self._open()
        return self._read(slot) if slot else None

    def close(self) -> None:
        """Release the memory."""
        if self._slot is not None:
            self._slot.close()
            self._slot = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> _Mapping | None:
        if self._slot is None:
            try:
                fd = os.open(self.path, os.O_RDWR)
            except FileNotFoundError:
                return None
            try:
                self._slot = _Mapping(fd, self.path)
            finally:
                os.close(fd)
        return self._slot

    def _read(self, slot: _Mapping) -> SlotItem | None:
        words, doubles = slot.words, slot.doubles
        for _ in range(LOOKS):
            version = words[_VERSION]
            if version & 1 == 0:
                sequence, epoch, size, crc = words[_SEQUENCE], words[_EPOCH], words[_SIZE], words[_CRC]
                codec = words[_CODEC]
                at, mono_s = doubles[_AT], doubles[_MONO]
                if size == 0 and words[_VERSION] == version:
                    return None
                payload = slot.map[HEADER_BYTES : HEADER_BYTES + min(size, words[_CAPACITY])]
                if words[_VERSION] == version:
                    fields = _FIELDS.pack(sequence, epoch, size, codec, at, mono_s)
                    if extend(value(fields), payload) == crc:
                        return SlotItem(payload, sequence, at, mono_s, epoch, _CODECS[codec])
            os.sched_yield()
        self.torn += 1
        return None
