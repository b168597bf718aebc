"""RTCP as a camera speaks it (RFC 3550, 6.4): sender reports with the camera's clock; clients' receiver reports."""

import struct
from dataclasses import dataclass

NTP_EPOCH_S = 2_208_988_800
"""Seconds from 1900, where NTP time begins, to 1970."""

SENDER, RECEIVER, DESCRIPTION = 200, 201, 202
CNAME = b"camera"


@dataclass(frozen=True, slots=True)
class Report:
    """What a client says about the stream it gets.

    Args:
        mount: what it watches.
        ssrc: the stream's source it speaks of.
        fraction_lost: packets lost since its last report, in 256ths.
        lost: packets lost since it began.
        highest: highest sequence number received, with the count of wraps above 16 bits.
        jitter: in units of the RTP clock.
        last_sent: middle 32 bits of the NTP time of the last sender report it has, 0 if it has none.
        delay: since then, in 65,536ths of a second.
    """

    mount: str
    ssrc: int
    fraction_lost: int
    lost: int
    highest: int
    jitter: int
    last_sent: int
    delay: int


def sender_report(ssrc: int, unix_s: float, timestamp: int, packets: int, octets: int) -> bytes:
    """Return a sender report and the source's name; ``unix_s`` is the camera's clock, ``timestamp`` RTP's then."""
    ntp = round((unix_s + NTP_EPOCH_S) * 2**32) & 0xFFFFFFFFFFFFFFFF
    counts = (timestamp & 0xFFFFFFFF, packets & 0xFFFFFFFF, octets & 0xFFFFFFFF)
    report = struct.pack(">BBHIQIII", 0x80, SENDER, 6, ssrc, ntp, *counts)
    item = bytes([1, len(CNAME)]) + CNAME
    item += bytes(4 - len(item) % 4)
    return report + struct.pack(">BBHI", 0x81, DESCRIPTION, 1 + len(item) // 4, ssrc) + item


def read_reports(mount: str, data: bytes) -> list[Report]:
    """Return the reception reports in a compound packet; what is cut off or of another kind is passed over."""
    out = []
    at = 0
    while len(data) - at >= 8 and data[at] >> 6 == 2:
        count, kind = data[at] & 31, data[at + 1]
        end = at + 4 + 4 * int.from_bytes(data[at + 2 : at + 4], "big")
        block = at + (28 if kind == SENDER else 8)
        while kind in (SENDER, RECEIVER) and count and block + 24 <= min(end, len(data)):
            ssrc, loss, highest, jitter, last_sent, delay = struct.unpack_from(">IIIIII", data, block)
            lost = (loss & 0xFFFFFF) - (1 << 24 if loss & 0x800000 else 0)
            out.append(Report(mount, ssrc, loss >> 24, lost, highest, jitter, last_sent, delay))
            block, count = block + 24, count - 1
        at = end
    return out
