"""Small real H.265 streams, and RTP packets of them (RFC 7798), made without the code under test."""

import struct
from collections.abc import Sequence
from fractions import Fraction
from functools import cache

import av
import numpy as np

from tests.support import tiny_h264


@cache
def encode(
    width: int = 64, height: int = 48, frames: int = 10, gop: int = 5, slices: int = 1, seed: int = 0
) -> list[list[bytes]]:
    """Return the NAL units of each picture; the first of each GOP has VPS, SPS and PPS in front."""
    context = av.CodecContext.create("libx265", "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = Fraction(1, 25), Fraction(25)
    limits = (
        f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes=0:repeat-headers=1:info=0:log-level=none:slices={slices}"
    )
    context.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "x265-params": f"{limits}:ctu=16:pools=none:frame-threads=1:log-level=none",
    }
    dice = np.random.default_rng(seed)
    packets = []
    for number in range(frames):
        picture = dice.integers(0, 256, (height, width, 3), dtype=np.uint8)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts = number
        packets += context.encode(frame)
    packets += context.encode(None)
    return [tiny_h264.nals(bytes(packet)) for packet in packets]


def kind_of(nal: bytes) -> int:
    """Return ``nal_unit_type``."""
    return nal[0] >> 1 & 63


def nal(kind: int, size: int = 30) -> bytes:
    """Return a made-up slice, its picture's first."""
    return bytes((kind << 1, 1, 0x80)) + bytes((kind,)) * size


def fragments(nal: bytes, size: int) -> list[bytes]:
    """Return FU payloads of up to ``size`` bytes of the NAL unit's body each."""
    body = [nal[at : at + size] for at in range(2, len(nal), size)]
    head = bytes((nal[0] & 0x81 | 49 << 1, nal[1]))
    edges = [(0x80 if i == 0 else 0) | (0x40 if i == len(body) - 1 else 0) for i in range(len(body))]
    return [head + bytes((edge | kind_of(nal),)) + part for edge, part in zip(edges, body, strict=True)]


def payloads(unit: Sequence[bytes], size: int, *, aggregate: bool) -> list[bytes]:
    """Return the RTP payloads of one picture: small NAL units singly or together, large ones in fragments."""
    small = [nal for nal in unit if len(nal) <= size]
    out: list[bytes] = []
    if aggregate and len(small) > 1:
        out.append(b"\x60\x01" + b"".join(struct.pack(">H", len(nal)) + nal for nal in small))
    else:
        out += small
    for nal in unit:
        if len(nal) > size:
            out += fragments(nal, size)
    return out


def packets(
    clip: Sequence[Sequence[bytes]], *, size: int = 1400, aggregate: bool = True, odd: bool = False
) -> list[list[bytes]]:
    """Return the RTP packets of each picture, their numbers and timestamps wrapping around."""
    out, sequence = [], 65530
    for number, unit in enumerate(clip):
        parts = payloads(unit, size, aggregate=aggregate)
        row = []
        for index, part in enumerate(parts):
            stamp = 0xFFFFF000 + 3600 * number
            row.append(tiny_h264.rtp(part, sequence, stamp, marker=index == len(parts) - 1, odd=odd))
            sequence += 1
        out.append(row)
    return out


def h264_packets() -> list[list[bytes]]:
    """Return the packets of a short H.264 clip."""
    return tiny_h264.packets(tiny_h264.encode())
