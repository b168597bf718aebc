"""What a player must know before the first picture: MP4's description of a stream, from its parameter sets.

Nothing is decoded for it. PyAV's way (probe the first keyframe, copy the stream as a template) decodes that keyframe:
5 to 30 ms a stream, and a decoder in the recorder that a camera could bring down.
"""

from collections.abc import Sequence
from struct import pack

from camera_config.errors import FeedProtocol
from ingest.access_unit import parted
from ingest.bits import Bits
from ingest.codec import Codec

_SPS_H264, _PPS_H264 = 7, 8
_VPS, _SPS_H265, _PPS_H265 = 32, 33, 34
_HIGH_PROFILES = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}


def box(kind: bytes, *parts: bytes) -> bytes:
    """Return an MP4 box."""
    return b"".join((pack(">I", 8 + sum(map(len, parts))), kind, *parts))


def sample_entry(keyframe: bytes, codec: Codec, width: int, height: int) -> bytes:
    """Return the ``avc1`` or ``hvc1`` box (ISO/IEC 14496-15, 5.4.2 and 8.4.1) for a stream.

    Args:
        keyframe: each NAL unit behind its length, the parameter sets in front.
        codec: what it is.
        width: of the picture in pixels.
        height: likewise.

    Raises:
        FeedProtocol: a parameter set is missing or cannot be read.
    """
    nals = parted(keyframe)
    kind, record = (b"avc1", box(b"avcC", _avc(nals))) if codec is Codec.H264 else (b"hvc1", box(b"hvcC", _hevc(nals)))
    return box(
        kind,
        b"\0\0\0\0\0\0\0\1" + bytes(16),
        pack(">HHIIIH", width, height, 0x48_0000, 0x48_0000, 0, 1),
        bytes(32),
        pack(">Hh", 24, -1),
        record,
    )


def _avc(nals: Sequence[bytes]) -> bytes:
    sps = [nal for nal in nals if nal[0] & 31 == _SPS_H264]
    pps = [nal for nal in nals if nal[0] & 31 == _PPS_H264]
    if not sps or not pps or len(sps[0]) < 4:
        raise FeedProtocol("a keyframe without its parameter sets")
    out = b"\1" + sps[0][1:4] + b"\xff" + bytes([0xE0 | len(sps)])
    out += b"".join(pack(">H", len(nal)) + nal for nal in sps) + bytes([len(pps)])
    out += b"".join(pack(">H", len(nal)) + nal for nal in pps)
    if sps[0][1] in _HIGH_PROFILES:
        bits = Bits(sps[0], 1)
        bits.read(24)
        bits.unsigned()
        chroma = bits.below(4)
        if chroma == 3:
            bits.read(1)
        out += bytes([0xFC | chroma, 0xF8 | bits.below(8), 0xF8 | bits.below(8), 0])
    return out


def _hevc(nals: Sequence[bytes]) -> bytes:
    sets = {kind: [nal for nal in nals if nal[0] >> 1 & 63 == kind] for kind in (_VPS, _SPS_H265, _PPS_H265)}
    if not all(sets.values()):
        raise FeedProtocol("a keyframe without its parameter sets")
    sps = sets[_SPS_H265][0]
    general = sps.replace(b"\0\0\3", b"\0\0")[3:15]
    bits = Bits(sps, 2)
    bits.read(4)
    sub_layers, nested = bits.read(3), bits.read(1)
    bits.read(96)
    if sub_layers:
        present = [(bits.read(1), bits.read(1)) for _ in range(8)][:sub_layers]
        bits.read(sum(88 * profile + 8 * level for profile, level in present))
    bits.below(16)
    chroma = bits.below(4)
    if chroma == 3:
        bits.read(1)
    bits.unsigned()
    bits.unsigned()
    if bits.read(1):
        for _ in range(4):
            bits.unsigned()
    luma, colour = bits.below(9), bits.below(9)
    out = b"\1" + general + b"\xf0\0\xfc" + bytes([0xFC | chroma, 0xF8 | luma & 7, 0xF8 | colour & 7])
    out += b"\0\0" + bytes([sub_layers + 1 << 3 | nested << 2 | 3, len(sets)])
    for kind, found in sets.items():
        out += bytes([0x80 | kind]) + pack(">H", len(found)) + b"".join(pack(">H", len(nal)) + nal for nal in found)
    return out
