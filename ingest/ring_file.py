"""The file of a ring: how units lie in the circle of bytes, and how they are read back.

Places in the circle are counted on for ever (byte ``place % capacity``). The writer raises ``oldest`` before it
overwrites and ``head`` after it has written; a reader compares with ``oldest`` after copying, and a CRC-32 of each
record's header settles what that cannot (weakly ordered processors, a writer that died half-way).

File, little-endian 8-byte words: magic, capacity, oldest, head, last keyframe; the circle starts at byte 128. A record
is a header of 72 bytes, the unit, and up to 7 bytes to the next multiple of 8; none is split at the end of the circle:
what does not fit there goes to its beginning. In the unit each NAL unit stands behind its length of four bytes, which
the depacketiser knows and the recorder would have to look for in Annex-B, in every picture and byte for byte.
"""

import mmap
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ingest.access_unit import AccessUnit
from ingest.codec import Codec
from ingest.shared_file import create

MAGIC = int.from_bytes(b"KKRING2\0", "little")
HEADER_BYTES = 128
LEAST_BYTES = 4096

_MAGIC, _CAPACITY, OLDEST, HEAD, LAST_KEY = range(5)
_CRC = struct.Struct("<I")
_FIELDS = "IQQQddQIIHHBB2x"
"""Size, number, place, place of the keyframe before; at, mono_s; epoch, RTP time, clock rate, width, height; flags,
codec."""

_BODY = struct.Struct("<" + _FIELDS)
_RECORD = struct.Struct("<I" + _FIELDS)
RECORD_BYTES = _RECORD.size
_WORD = struct.Struct("<Q")
_TIME = struct.Struct("<d")
_LENGTH = struct.Struct(">I")
_KEY_BEFORE_AT, _MONO_AT, _FLAGS_AT = 24, 40, 68
_KEY, _BROKEN, _FILLER = 1, 2, 4
_CODECS = tuple(Codec)
_CODE = {codec: code for code, codec in enumerate(_CODECS)}
_MASK = 0xFFFF_FFFF

READER, WRITER = mmap.PROT_READ, mmap.PROT_READ | mmap.PROT_WRITE
WRITER_FLAGS = mmap.MAP_SHARED | mmap.MAP_POPULATE


class RingEntry(NamedTuple):
    """What stands before a unit in the ring. A tuple: hundreds of thousands are read a minute.

    ``number`` counts the stream's units from 1; ``size`` is the unit's in bytes; ``broken``: units are missing
    before this one; ``at`` is wall time (unix seconds) and ``mono_s`` monotonic time of receipt; ``width`` and
    ``height`` are 0 when not known. The rest is as in ``AccessUnit``.
    """

    number: int
    place: int
    size: int
    key: bool
    broken: bool
    codec: Codec
    epoch: int
    rtp_time: int
    clock_hz: int
    width: int
    height: int
    at: float
    mono_s: float


_UNPACK = _RECORD.unpack_from
_ENTRY = RingEntry._make
"""Both are called for every header that is read; looking them up each time would cost a tenth of that."""


class RingFile:
    """A ring file in memory. The writer's is there from the beginning: no page is looked for while pictures wait."""

    def __init__(self, fd: int, path: Path, *, writable: bool) -> None:
        size = os.fstat(fd).st_size
        if size < HEADER_BYTES + LEAST_BYTES:
            raise ValueError(f"{path}: not a ring, {size} bytes")
        self.inode = os.fstat(fd).st_ino
        self.map = mmap.mmap(fd, size, WRITER_FLAGS if writable else mmap.MAP_SHARED, WRITER if writable else READER)
        self._view = memoryview(self.map)
        self.words = self._view[:HEADER_BYTES].cast("Q")
        self.capacity = self.words[_CAPACITY]
        if self.words[_MAGIC] != MAGIC or self.capacity + HEADER_BYTES != size:
            self.close()
            raise ValueError(f"{path}: not a ring")

    def read(self, place: int, head: int, limit: int) -> tuple[list[RingEntry], int]:
        """Return the units between ``place`` and ``head``, at most ``limit``, and the place behind the last.

        It ends early, below ``head``, where what stands there is no record.
        """
        found: list[RingEntry] = []
        room, capacity = self.map, self.capacity
        while place < head and len(found) < limit:
            offset = place % capacity
            left = capacity - offset
            if left < RECORD_BYTES:
                place += left
                continue
            start = HEADER_BYTES + offset
            crc, size, number, there, _, at, mono_s, epoch, stamp, clock_hz, width, height, flags, code = _UNPACK(
                room, start
            )
            if zlib.crc32(room[start + 4 : start + RECORD_BYTES]) != crc or there != place:
                break
            if flags & _FILLER:
                place += left
                continue
            key, broken, codec = flags & _KEY != 0, flags & _BROKEN != 0, _CODECS[code]
            found.append(
                _ENTRY((number, place, size, key, broken, codec, epoch, stamp, clock_hz, width, height, at, mono_s))
            )
            place += RECORD_BYTES + size + 7 & ~7
        return found, place

    def write(
        self,
        place: int,
        unit: AccessUnit,
        number: int,
        at: float,
        mono_s: float,
        broken: bool,
        width: int,
        height: int,
    ) -> None:
        """Leave a record at ``place``, where there must be room; it counts only when ``HEAD`` is raised."""
        parts, starts, size, key, codec, epoch, stamp, clock_hz = unit
        body = _BODY.pack(
            size,
            number,
            place,
            self.words[LAST_KEY],
            at,
            mono_s,
            epoch,
            stamp & _MASK,
            clock_hz & _MASK,
            width & 0xFFFF,
            height & 0xFFFF,
            (_KEY if key else 0) | (_BROKEN if broken else 0),
            _CODE[codec],
        )
        record = bytearray().join((_CRC.pack(zlib.crc32(body)), body, *parts))
        end = size
        for start in reversed(starts):  # here and not in the ring, whose memory is in no cache: 0.3 instead of 1.9 us
            _LENGTH.pack_into(record, RECORD_BYTES + start, end - start - _LENGTH.size)
            end = start
        begin = HEADER_BYTES + place % self.capacity
        self.map[begin : begin + RECORD_BYTES + size] = record

    def fill(self, place: int, left: int) -> None:
        """Say that nothing stands in the ``left`` bytes from ``place`` to the end of the circle."""
        if left >= RECORD_BYTES:
            body = _BODY.pack(0, 0, place, 0, 0.0, 0.0, 0, 0, 0, 0, 0, _FILLER, 0)
            start = HEADER_BYTES + place % self.capacity
            self.map[start : start + RECORD_BYTES] = _CRC.pack(zlib.crc32(body)) + body

    def after(self, place: int) -> int:
        """Return where the record behind that at ``place`` begins; for the writer, who knows that one is there."""
        offset = place % self.capacity
        left = self.capacity - offset
        if left < RECORD_BYTES or self.map[HEADER_BYTES + offset + _FLAGS_AT] & _FILLER:
            return place + left
        return place + record_bytes(_CRC.unpack_from(self.map, HEADER_BYTES + offset + _CRC.size)[0])

    def sample(self, entry: RingEntry) -> bytes | None:
        """Return what stands behind the header of ``entry``, None if another stands there.

        It may be torn if ``OLDEST`` is beyond it by now.
        """
        start = HEADER_BYTES + entry.place % self.capacity
        if _TIME.unpack_from(self.map, start + _MONO_AT)[0] != entry.mono_s:  # an entry of the file before this one
            return None
        return self.map[start + RECORD_BYTES : start + RECORD_BYTES + entry.size]

    def keyframes(self) -> Iterator[RingEntry]:
        """Go through the keyframes from the newest back, as far as they are still there."""
        place = self.words[LAST_KEY]
        while place >= self.words[OLDEST]:
            (before,) = _WORD.unpack_from(self.map, HEADER_BYTES + place % self.capacity + _KEY_BEFORE_AT)
            found, _ = self.read(place, place + 1, 1)
            if not found:
                return
            yield found[0]
            place = before

    def close(self) -> None:
        """Release the memory; the file stays."""
        for view in (self.words, self._view):
            view.release()
        self.map.close()


def record_bytes(size: int) -> int:
    """Return how much of the circle the record of a unit of ``size`` bytes takes."""
    return RECORD_BYTES + size + 7 & ~7


def kept(path: Path, capacity: int) -> RingFile | None:
    """Return the ring that is there, None if there is none of this capacity."""
    try:
        fd = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        ring = RingFile(fd, path, writable=True)
    except ValueError:
        return None
    finally:
        os.close(fd)
    if ring.capacity == capacity:
        return ring
    ring.close()
    return None


def made(path: Path, capacity: int) -> RingFile:
    """Put an empty ring in the place of whatever is at ``path``; it appears there whole.

    Raises:
        OSError: no room.
    """
    create(path, HEADER_BYTES + capacity, struct.pack("<QQQQ", MAGIC, capacity, capacity, capacity))
    ring = kept(path, capacity)
    assert ring is not None
    return ring
