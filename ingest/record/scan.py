"""Where the fragments of a recording are, and how much of it is whole; used after a kill and by the checker.

Only files of ``mp4.py`` are understood; anything else ends the scan as a torn file would.
"""

import json
import mmap
import os
import struct
from dataclasses import dataclass
from struct import unpack_from
from typing import Any

from ingest.codec import Codec
from ingest.record.mp4 import ABOUT, NTP_OF_UNIX

_HEAD_BYTES = 8
_LARGEST_HEADER = 256 * 1024
_FRAGMENT_HEAD = 32 + 96


@dataclass(frozen=True, slots=True)
class Fragment:
    """One GOP in the file.

    ``offset`` and ``size`` in bytes; ``at`` is the unix time of its first picture; ``decode_time`` and ``duration`` in
    ticks; ``key`` whether it begins with a keyframe.
    """

    offset: int
    size: int
    at: float
    decode_time: int
    duration: int
    pictures: int
    key: bool


@dataclass(frozen=True, slots=True)
class Scan:
    """What a file holds: the header's facts and the whole fragments. ``whole`` bytes of ``size`` are sound."""

    about: dict[str, Any]
    header_bytes: int
    fragments: tuple[Fragment, ...]
    whole: int
    size: int

    @property
    def codec(self) -> Codec:
        """Return what it is compressed with."""
        return Codec(self.about["codec"])

    @property
    def clock_hz(self) -> int:
        """Return ticks a second."""
        return int(self.about["clock_hz"])

    @property
    def start(self) -> float:
        """Return the unix time of the first picture."""
        return self.fragments[0].at

    @property
    def end(self) -> float:
        """Return the unix time at which the last picture ends."""
        last = self.fragments[-1]
        return last.at + last.duration / self.clock_hz


def scan(fd: int) -> Scan | None:
    """Return what the file holds; None if it has no header of ours or not one whole fragment.

    Every picture's NAL units must fill its length exactly, so that a tail of zeros left by a power failure is not
    taken for video.
    """
    size = os.fstat(fd).st_size
    if size < _FRAGMENT_HEAD:
        return None
    with mmap.mmap(fd, size, access=mmap.ACCESS_READ) as data:
        try:
            at, about = _header(data, size)
        except (struct.error, ValueError, KeyError):
            return None
        begins = at
        found: list[Fragment] = []
        while (one := _fragment(data, at, size)) is not None:
            if found and one.decode_time != found[-1].decode_time + found[-1].duration:
                break
            found.append(one)
            at += one.size
    return Scan(about, begins, tuple(found), at, size) if found and found[0].key else None


def _header(data: mmap.mmap, size: int) -> tuple[int, dict[str, Any]]:
    """Return where the header ends and what our own box says; raises what ``scan`` catches."""
    at = 0
    while at < min(size, _LARGEST_HEADER):
        length, kind = unpack_from(">I4s", data, at)
        if length < _HEAD_BYTES:
            break
        if kind == b"uuid" and data[at + 8 : at + 24] == ABOUT:
            about: dict[str, Any] = json.loads(data[at + 24 : at + length])
            Codec(about["codec"])
            if at + length > size or int(about["clock_hz"]) <= 0:
                break
            return at + length, about
        at += length
    raise ValueError("no header of ours")


def _fragment(data: mmap.mmap, at: int, size: int) -> Fragment | None:
    """Return the fragment at ``at`` if it is whole and its lengths agree with one another."""
    if at + _FRAGMENT_HEAD > size:
        return None
    length, kind, _, _, ntp, decode_time = unpack_from(">I4sIIQQ", data, at)
    moof, moof_kind = unpack_from(">I4s", data, at + 32)
    trun, trun_kind, flags, count, offset, first = unpack_from(">I4sIIII", data, at + 32 + 72)
    width = 12 if flags & 0x800 else 8
    if (length, kind, moof_kind, trun_kind) != (32, b"prft", b"moof", b"trun"):
        return None
    if not count or trun != 24 + width * count or moof != 72 + trun or offset != moof + _HEAD_BYTES:
        return None
    body = at + 32 + moof
    if body + _HEAD_BYTES > size:
        return None
    mdat, mdat_kind = unpack_from(">I4s", data, body)
    if mdat_kind != b"mdat" or mdat < _HEAD_BYTES or body + mdat > size:
        return None
    columns = unpack_from(f">{width * count // 4}I", data, at + 32 + 96)
    step = width // 4
    if not _filled(data, body + _HEAD_BYTES, body + mdat, columns[1::step]):
        return None
    unix = (ntp >> 32) - NTP_OF_UNIX + (ntp & 0xFFFF_FFFF) / 2**32
    return Fragment(at, 32 + moof + mdat, unix, decode_time, sum(columns[::step]), count, first >> 24 == 2)


def _filled(data: mmap.mmap, at: int, end: int, sizes: tuple[int, ...]) -> bool:
    """Return whether pictures of ``sizes``, each a row of NAL units behind their lengths, fill ``at`` to ``end``."""
    for size in sizes:
        until = at + size
        if size == 0 or until > end:
            return False
        while at < until:
            length = int.from_bytes(data[at : at + 4], "big")
            if length == 0:
                return False
            at += 4 + length
        if at != until:
            return False
    return at == end
