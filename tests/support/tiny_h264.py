"""Small real H.264 streams, and RTP packets of them, made without the code under test."""

import struct
from collections.abc import Sequence
from fractions import Fraction
from functools import cache

import av
import numpy as np

START = b"\0\0\0\1"


@cache
def encode(width: int = 64, height: int = 48, frames: int = 10, gop: int = 5, seed: int = 0) -> list[list[bytes]]:
    """Return the NAL units of each picture; the first of each GOP has SPS and PPS in front."""
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = Fraction(1, 25), Fraction(25)
    context.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "x264-params": f"keyint={gop}:min-keyint={gop}:scenecut=0:slices=1:aud=0",
    }
    dice = np.random.default_rng(seed)
    packets = []
    for number in range(frames):
        picture = dice.integers(0, 256, (height, width, 3), dtype=np.uint8)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts = number
        packets += context.encode(frame)
    packets += context.encode(None)
    return [nals(bytes(packet)) for packet in packets]


def nals(annex_b: bytes) -> list[bytes]:
    """Split at start codes of three or four bytes."""
    return [part.rstrip(b"\0") for part in annex_b.split(b"\0\0\1") if part.strip(b"\0")]


def annex_b(units: Sequence[bytes]) -> bytes:
    """Join NAL units with start codes of four bytes."""
    return b"".join(START + nal for nal in units)


def parameter_sets(clip: Sequence[Sequence[bytes]]) -> tuple[bytes, bytes]:
    """Return the first SPS and PPS."""
    first = clip[0]
    return (
        next(nal for nal in first if nal[0] & 31 == 7),
        next(nal for nal in first if nal[0] & 31 == 8),
    )


def fragments(nal: bytes, size: int) -> list[bytes]:
    """Return FU-A payloads of up to ``size`` bytes of the NAL unit's body each."""
    body = [nal[at : at + size] for at in range(1, len(nal), size)]
    return [
        bytes([nal[0] & 0xE0 | 28, (0x80 if i == 0 else 0) | (0x40 if i == len(body) - 1 else 0) | nal[0] & 31]) + part
        for i, part in enumerate(body)
    ]


def payloads(unit: Sequence[bytes], size: int, *, aggregate: bool) -> list[bytes]:
    """Return the RTP payloads of one picture: small NAL units singly or together, large ones in fragments."""
    small = [nal for nal in unit if len(nal) <= size]
    out: list[bytes] = []
    if aggregate and len(small) > 1:
        out.append(b"\x18" + b"".join(struct.pack(">H", len(nal)) + nal for nal in small))
    else:
        out += small
    for nal in unit:
        if len(nal) > size:
            out += fragments(nal, size)
    return out


def rtp(
    payload: bytes, sequence: int, stamp: int, *, marker: bool, kind: int = 96, odd: bool = False, ssrc: int = 7
) -> bytes:
    """Return one RTP packet; ``odd`` adds two contributing sources, an extension and padding."""
    first = 0x80 | (0x20 | 0x10 | 2 if odd else 0)
    head = struct.pack(">BBHII", first, marker << 7 | kind, sequence & 0xFFFF, stamp & 0xFFFFFFFF, ssrc)
    if odd:
        head += b"csrccsrc" + struct.pack(">HH", 0xBEDE, 1) + b"ext!"
        payload += b"\0\0\3"
    return head + payload


def interleaved(packet: bytes, channel: int = 0) -> bytes:
    """Return the packet as it stands in an RTSP connection."""
    return struct.pack(">BBH", 0x24, channel, len(packet)) + packet


def packets(
    clip: Sequence[Sequence[bytes]],
    *,
    size: int = 1400,
    aggregate: bool = True,
    odd: bool = False,
    marker: bool = True,
    sequence: int = 65530,
    stamp: int = 0xFFFFF000,
) -> list[list[bytes]]:
    """Return the RTP packets of each picture, numbered on from ``sequence`` with wrap-around."""
    out = []
    for number, unit in enumerate(clip):
        parts = payloads(unit, size, aggregate=aggregate)
        row = []
        for index, part in enumerate(parts):
            last = marker and index == len(parts) - 1
            row.append(rtp(part, sequence, stamp + 3600 * number, marker=last, odd=odd))
            sequence += 1
        out.append(row)
    return out
