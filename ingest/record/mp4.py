"""Fragmented MP4 as the recorder writes it: a header, then one fragment a GOP (ISO/IEC 14496-12, 8.8 and 8.16.5).

Each fragment is ``prft`` (its wall time), ``moof`` and ``mdat`` in one piece, so that one write leaves it whole or the
reader sees where it ends. Written here and not by PyAV: a fragment then stands for exactly one GOP with its wall time
and is hashed as it goes out; no keyframe of a camera is decoded for the header; and it takes half the memory of a muxer
a stream. It costs as much CPU time (``benchmarks/record.py``): 0.6 ms a stream-second of 1.8 Mbit/s with SHA-256
(0.16), index and syncs, as PyAV's muxer takes without them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from struct import pack
from typing import Any

from ingest.codec import Codec
from ingest.record.sample_entry import box, sample_entry

ABOUT = b"kakou recording\0"
"""The type of our own box (16 bytes): JSON that says which stream this is and why it is recorded."""

NTP_OF_UNIX = 2_208_988_800
"""Seconds from 1900 to 1970."""

_MATRIX = pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_NOT_KEY = 0x0101_0000
_KEY = 0x0200_0000


@dataclass(frozen=True, slots=True)
class Gop:
    """What one fragment holds: pictures in the order of decoding, at least one.

    The first came ``at`` (unix seconds) and is a keyframe if ``key``; the others count as none. ``samples``: each NAL
    unit behind its length of four bytes. ``durations`` and how much ``later`` than decoded each is shown, in ticks.
    """

    at: float
    key: bool
    samples: Sequence[bytes]
    durations: Sequence[int]
    later: Sequence[int]


def header(keyframe: bytes, codec: Codec, width: int, height: int, clock_hz: int, about: Mapping[str, Any]) -> bytes:
    """Return what stands before the first fragment; ``clock_hz`` is the number of ticks a second.

    Raises:
        FeedProtocol: the keyframe's parameter sets cannot be used.
    """
    entry = sample_entry(keyframe, codec, width, height)
    brand = b"avc1" if codec is Codec.H264 else b"hvc1"
    empty = bytes(8)
    table = box(
        b"stbl",
        box(b"stsd", pack(">II", 0, 1), entry),
        box(b"stts", empty),
        box(b"stsc", empty),
        box(b"stsz", bytes(12)),
        box(b"stco", empty),
    )
    media = box(
        b"mdia",
        box(b"mdhd", pack(">5IHH", 0, 0, 0, clock_hz, 0, 0x55C4, 0)),
        box(b"hdlr", pack(">II4s12x", 0, 0, b"vide"), b"kakou\0"),
        box(
            b"minf",
            box(b"vmhd", pack(">IQ", 1, 0)),
            box(b"dinf", box(b"dref", pack(">II", 0, 1), box(b"url ", pack(">I", 1)))),
            table,
        ),
    )
    track_head = box(
        b"tkhd", pack(">6I8x4H", 3, 0, 0, 1, 0, 0, 0, 0, 0, 0), _MATRIX, pack(">II", width << 16, height << 16)
    )
    return b"".join(
        (
            box(b"ftyp", b"iso6", pack(">I", 1), b"iso6", b"mp42", brand),
            box(
                b"moov",
                box(b"mvhd", pack(">5IIH10x", 0, 0, 0, 1000, 0, 0x10000, 0x100), _MATRIX, bytes(24), pack(">I", 2)),
                box(b"trak", track_head, media),
                box(b"mvex", box(b"trex", pack(">6I", 0, 1, 1, 0, 0, 0))),
            ),
            box(b"uuid", ABOUT, json.dumps(about, ensure_ascii=False, separators=(",", ":")).encode()),
        )
    )


def fragment(number: int, decode_time: int, gop: Gop) -> bytes:
    """Return what stands before the samples of fragment ``number`` (from 1), ``decode_time`` ticks after the first."""
    sizes = list(map(len, gop.samples))
    reordered = any(gop.later)
    columns_of = (gop.durations, sizes, gop.later) if reordered else (gop.durations, sizes)
    table = list(chain.from_iterable(zip(*columns_of, strict=True)))
    columns = 4 * len(table)
    moof = 96 + columns
    flags = 0x0100_0B05 if reordered else 0x0000_0305
    head = pack(
        ">I4sIIQQ"  # prft
        "I4sI4sII"  # moof, mfhd
        "I4sI4sIII"  # traf, tfhd
        "I4sIQ"  # tfdt
        "I4sIIII",  # trun
        *(32, b"prft", 0x0100_0000, 1, _ntp(gop.at), decode_time),
        *(moof, b"moof", 16, b"mfhd", 0, number),
        *(moof - 24, b"traf", 20, b"tfhd", 0x02_0020, 1, _NOT_KEY),
        *(20, b"tfdt", 0x0100_0000, decode_time),
        *(24 + columns, b"trun", flags, len(sizes), moof + 8, _KEY if gop.key else _NOT_KEY),
    )
    return head + pack(f">{len(table)}{'i' if reordered else 'I'}I4s", *table, 8 + sum(sizes), b"mdat")


def _ntp(at: float) -> int:
    seconds = int(at)
    return (seconds + NTP_OF_UNIX) << 32 | int((at - seconds) * 2**32)
