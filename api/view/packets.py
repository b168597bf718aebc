"""A picture as the ring has it goes in, RTP payloads for all its viewers come out (RFC 6184, packetization mode 1).

aiortc's packer wants Annex B, looks for start codes again, and splits evenly. Here all pieces of a NAL unit but the
last are equally long: such a row goes to the kernel in one call (``api.view.rows``).
"""

from typing import NamedTuple

from ingest.access_unit import parted

PAYLOAD_BYTES = 1300
"""At most; with RTP, SRTP, UDP and IP around it 1376 bytes, which networks with tunnels still carry whole."""

_PIECE_BYTES = PAYLOAD_BYTES - 2
_STAP_A, _FU_A = 24, 28
_FIRST, _LAST = 0x80, 0x40
_IMPORTANCE = 0x60


class Packed(NamedTuple):
    """One picture for all viewers: RTP payloads, its time in 1/90000 s on the camera's clock, its bytes."""

    payloads: tuple[bytes, ...]
    stamp: int
    size: int


def packed(sample: bytes, stamp: int) -> Packed:
    """Return the picture whose NAL units are ``sample``, each behind its length."""
    payloads: list[bytes] = []
    small: list[bytes] = []
    room = PAYLOAD_BYTES - 1
    for nal in filter(None, parted(sample)):
        if len(nal) + 2 > room:
            payloads += _together(small)
            small, room = [], PAYLOAD_BYTES - 1
        if len(nal) > PAYLOAD_BYTES:
            payloads += _pieces(nal)
        else:
            small.append(nal)
            room -= len(nal) + 2
    payloads += _together(small)
    return Packed(tuple(payloads), stamp, len(sample))


def _together(nals: list[bytes]) -> list[bytes]:
    """Return the units in one packet, if there are any (STAP-A, 5.7.1)."""
    if len(nals) < 2:
        return nals
    importance = max(nal[0] & _IMPORTANCE for nal in nals)
    parts = [bytes((importance | _STAP_A,))]
    for nal in nals:
        parts += (len(nal).to_bytes(2, "big"), nal)
    return [b"".join(parts)]


def _pieces(nal: bytes) -> list[bytes]:
    """Return a unit in two packets or more (FU-A, 5.8)."""
    indicator, kind = nal[0] & ~31 | _FU_A, nal[0] & 31
    head = bytes((indicator, kind))
    pieces = [head + nal[at : at + _PIECE_BYTES] for at in range(1, len(nal), _PIECE_BYTES)]
    pieces[0] = bytes((indicator, kind | _FIRST)) + pieces[0][2:]
    pieces[-1] = bytes((indicator, kind | _LAST)) + pieces[-1][2:]
    return pieces
