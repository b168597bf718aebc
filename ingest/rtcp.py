"""RTCP (RFC 3550, section 6) as far as a receiver needs it: read sender reports and goodbyes, write receiver reports.

Jitter is not measured and reported as 0: it would cost time for each of 75,000 packets a second, and over TCP it tells
of the machines at both ends and not of the line.
"""

from dataclasses import dataclass
from math import inf
from struct import Struct, pack

from camera_config.errors import FeedProtocol, FeedUnreachable

REPORT_S = 5.0
"""Between two receiver reports (RFC 3550, 6.2: the least interval recommended)."""

NTP_EPOCH_S = 2_208_988_800
"""Seconds from 1900, where NTP counts from, to 1970."""

_YEAR_2000_S = 946_684_800
_SENDER_REPORT, _RECEIVER_REPORT, _DESCRIPTION, _GOODBYE = 200, 201, 202, 203
_HEAD = Struct(">BBH")
_SENDER = Struct(">IQII")
_CNAME = b"\x01\x05kakou\0"
_SEQUENCES = 0x10000
_LEAST, _MOST = -0x800000, 0x7FFFFF
"""What 24 bits hold (RFC 3550, 6.4.1: cumulative number of packets lost)."""


@dataclass(frozen=True, slots=True)
class SenderReport:
    """A camera's two clocks at one moment: ``ntp``, time of day from 1900 in 32.32 bits, and ``rtp_time``."""

    ssrc: int
    ntp: int
    rtp_time: int

    def offset_s(self, at: float) -> float | None:
        """Return how far the camera's clock is ahead of ours, which says ``at`` (unix seconds).

        None if the camera does not know the time: 0, or before 2000, as after a start without a time server. Counted
        from 1900, the 32 bits end in 2036; cameras count on from 0 then, and this returns None.
        """
        unix_s = self.ntp / (1 << 32) - NTP_EPOCH_S
        return unix_s - at if unix_s >= _YEAR_2000_S else None


@dataclass(frozen=True, slots=True)
class Compound:
    """One RTCP packet as it came: its last sender report, and the sources that say goodbye."""

    report: SenderReport | None
    gone: frozenset[int]


def parse_compound(data: bytes, start: int, end: int) -> Compound:
    """Return what the compound packet ``data[start:end]`` says.

    Raises:
        FeedProtocol: lengths or versions break RFC 3550.
    """
    report, gone = None, set[int]()
    if end - start < _HEAD.size:
        raise FeedProtocol("an RTCP packet of less than four bytes")
    while start < end:
        if end - start < _HEAD.size:
            raise FeedProtocol("an RTCP packet that ends within a header")
        first, kind, words = _HEAD.unpack_from(data, start)
        after, body, count = start + 4 + 4 * words, start + 4, first & 31
        if first & 0xC0 != 0x80 or after > end:
            raise FeedProtocol("what came is not RTCP")
        if kind == _SENDER_REPORT:
            if after - body < _SENDER.size + 4:
                raise FeedProtocol("an RTCP sender report that is too short")
            report = SenderReport(*_SENDER.unpack_from(data, body)[:3])
        elif kind == _GOODBYE:
            if after - body < 4 * count:
                raise FeedProtocol("an RTCP goodbye that is too short")
            gone.update(int.from_bytes(data[at : at + 4], "big") for at in range(body, body + 4 * count, 4))
        start = after
    return Compound(report, frozenset(gone))


class Reception:
    """What one receiver hears and reports of one source: from the first sender report on, every ``REPORT_S``.

    ``clock_offset_s`` is how far the camera's clock is ahead of ours, None if not known. The stream's highest sequence
    number is looked at with every report; a turn of its 16 bits is seen below 6,500 packets a second.
    """

    def __init__(self, ssrc: int) -> None:
        self.clock_offset_s: float | None = None
        self._ssrc = ssrc
        self._heard: SenderReport | None = None
        self._heard_s = 0.0
        self._due_s = inf
        self._first = self._highest = -1
        self._lost_before = self._expected_before = 0

    def take(self, data: bytes, start: int, end: int, now_s: float, at: float) -> None:
        """Take the compound packet ``data[start:end]`` that came at monotonic ``now_s``, unix seconds ``at``.

        What breaks RFC 3550 is passed over: there are cameras whose reports are wrong and whose video is right.

        Raises:
            FeedUnreachable: the camera says goodbye.
        """
        try:
            said = parse_compound(data, start, end)
        except FeedProtocol:
            return
        if said.report is not None:
            self._heard, self._heard_s = said.report, now_s
            self._due_s = min(self._due_s, now_s)
            self.clock_offset_s = said.report.offset_s(at)
        if said.gone and (self._heard is None or self._heard.ssrc in said.gone):
            raise FeedUnreachable("the camera ended the stream")

    def due(self, sequence: int, lost: int, now_s: float) -> bytes:
        """Return a receiver report with the source description that must go with it; empty while none is due.

        Args:
            sequence: of the last packet, 16 bits; -1 before any.
            lost: packets missing since the beginning.
            now_s: monotonic.
        """
        if self._heard is None or sequence < 0 or now_s < self._due_s:
            return b""
        self._due_s = now_s + REPORT_S
        if self._first < 0:
            self._first = self._highest = sequence
            self._lost_before = lost
        ahead = (sequence - self._highest) % _SEQUENCES
        if ahead < _SEQUENCES // 2:
            self._highest += ahead
        expected = self._highest - self._first + 1
        missing, came = lost - self._lost_before, expected - self._expected_before
        fraction = min(255, 256 * missing // came) if came > 0 and missing > 0 else 0
        self._lost_before, self._expected_before = lost, expected
        delay = round((now_s - self._heard_s) * 65536)
        return pack(
            ">BBHIIIIIII",
            0x81,
            _RECEIVER_REPORT,
            7,
            self._ssrc,
            self._heard.ssrc,
            fraction << 24 | max(_LEAST, min(_MOST, lost)) & 0xFFFFFF,
            self._highest & 0xFFFFFFFF,
            0,
            self._heard.ntp >> 16 & 0xFFFFFFFF,
            max(0, min(delay, 0xFFFFFFFF)),
        ) + pack(">BBHI8s", 0x81, _DESCRIPTION, 3, self._ssrc, _CNAME)
