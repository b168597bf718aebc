"""H.265 in RTP packets (RFC 7798): single NAL units, aggregates (AP) and fragments (FU), without DONL fields."""

from ingest.codec import Codec
from ingest.payload import AGGREGATE, BEFORE, FRAGMENT, KEY, LEADING, PICTURE, REFUSED, SETS, PayloadFormat

_VPS, _SPS, _PPS = SETS
_ROLES = {
    **dict.fromkeys(range(8), PICTURE),
    **dict.fromkeys((8, 9), PICTURE | LEADING),  # RASL: random access skipped leading
    **dict.fromkeys(range(16, 22), PICTURE | KEY),  # IRAP: BLA, IDR, CRA
    32: BEFORE | _VPS,
    33: BEFORE | _SPS,
    34: BEFORE | _PPS,
    35: BEFORE,
    39: BEFORE,
    48: AGGREGATE,
    49: FRAGMENT,
    **dict.fromkeys(range(50, 64), REFUSED),
}
"""By ``nal_unit_type`` (ITU-T H.265, table 7-1) or packet type (RFC 7798, 4.4); the rest is passed on as it is."""


def _whole_header(fragment: bytes) -> bytes:
    return bytes((fragment[0] & 0x81 | (fragment[2] & 0x3F) << 1, fragment[1]))


H265 = PayloadFormat(
    Codec.H265,
    header=2,
    roles=tuple(_ROLES.get(first >> 1 & 0x3F, 0) for first in range(256)),
    sets=_VPS | _SPS | _PPS,
    whole_header=_whole_header,
)
