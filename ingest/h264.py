"""H.264 in RTP packets (RFC 6184): single NAL units, STAP-A, FU-A, which is packetization-mode 0 and 1."""

from functools import lru_cache

from ingest.access_unit import START
from ingest.codec import Codec
from ingest.payload import AGGREGATE, BEFORE, FRAGMENT, KEY, PICTURE, REFUSED, SETS, Opening, PayloadFormat

_SPS, _PPS = SETS[:2]
_ROLES = {
    0: REFUSED,
    **dict.fromkeys(range(1, 5), PICTURE),
    5: PICTURE | KEY,
    6: BEFORE,
    7: BEFORE | _SPS,
    8: BEFORE | _PPS,
    9: BEFORE,
    24: AGGREGATE,
    28: FRAGMENT,
    **dict.fromkeys((25, 26, 27, 29, 30, 31), REFUSED),
}
"""By ``nal_unit_type`` (ITU-T H.264, table 7-1) or packet type (RFC 6184, table 3); the rest is passed on as it is."""


@lru_cache(maxsize=256)
def _opening(begin: bytes) -> Opening:
    indicator, edges = begin
    header = bytes((indicator & 0xE0 | edges & 0x1F,))
    middle = bytes((indicator, edges & 0x1F))
    return Opening(START + header, H264.roles[header[0]], middle, bytes((indicator, edges & 0x1F | 0x40)))


H264 = PayloadFormat(
    Codec.H264,
    header=1,
    roles=tuple(_ROLES.get(first & 0x1F, 0) for first in range(256)),
    sets=_SPS | _PPS,
    opening=_opening,
)
