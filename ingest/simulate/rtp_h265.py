"""H.265 as RTP payloads (RFC 7798): single NAL units, aggregation packets and fragments, without DONL fields."""

import struct
from collections.abc import Sequence

AP = 48
FU = 49


def aggregated(nals: Sequence[bytes]) -> bytes:
    """Return several small NAL units as one payload (RFC 7798 4.4.2): lowest layer and temporal id of all."""
    layer = min((nal[0] & 1) << 5 | nal[1] >> 3 for nal in nals)
    temporal = min(nal[1] & 7 for nal in nals)
    head = bytes([AP << 1 | layer >> 5, (layer & 0x1F) << 3 | temporal])
    return head + b"".join(struct.pack(">H", len(nal)) + nal for nal in nals)


def fragments(nal: bytes, payload_bytes: int) -> list[bytes]:
    """Return one large NAL unit as several payloads of at most ``payload_bytes`` (RFC 7798 4.4.3)."""
    head = bytes([(nal[0] & 0x81) | FU << 1, nal[1]])
    kind = nal[0] >> 1 & 0x3F
    room = payload_bytes - 3
    out = []
    for start in range(2, len(nal), room):
        first = 0x80 if start == 2 else 0
        last = 0x40 if start + room >= len(nal) else 0
        out.append(head + bytes([first | last | kind]) + nal[start : start + room])
    return out
