"""H.265 in RTP packets (RFC 7798): single NAL units, aggregates (AP) and fragments (FU), without DONL fields."""

from functools import lru_cache

from ingest.access_unit import START
from ingest.codec import Codec
from ingest.payload import AGGREGATE, BEFORE, FRAGMENT, KEY, LEADING, PICTURE, REFUSED, SETS, Opening, PayloadFormat

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


@lru_cache(maxsize=256)
def _opening(begin: bytes) -> Opening:
    first, second, edges = begin
    header = bytes((first & 0x81 | (edges & 0x3F) << 1, second))
    middle = bytes((first, second, edges & 0x3F))
    return Opening(START + header, H265.roles[header[0]], middle, bytes((first, second, edges & 0x3F | 0x40)))


H265 = PayloadFormat(
    Codec.H265,
    header=2,
    roles=tuple(_ROLES.get(first >> 1 & 0x3F, 0) for first in range(256)),
    sets=_VPS | _SPS | _PPS,
    opening=_opening,
)
