"""One browser's packets: what the camera's viewers share goes in packed, RTP with reports goes out (RFC 3550, 6184).

aiortc's own sender packs every picture again for each viewer, sends a keyframe's 200 packets in one burst and can
repeat the last 128 of them; a browser's socket holds fewer. This one paces, repeats 1,024, and holds what is shared.
A picture is sent while it is left here, without a task of its own that would have to be woken. Nothing here waits for
the browser: what it does not take is counted, and then it is let go.
"""

import asyncio
import secrets
import struct
import time
from collections import deque
from typing import NoReturn

from aiortc import RTCDtlsTransport
from aiortc.rtcrtpparameters import RTCRtpSendParameters
from aiortc.rtp import (
    RTCP_RTPFB_NACK,
    AnyRtcpPacket,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
)

from api.view.ice import HostConnection
from api.view.packets import Packed

BURST = 32
"""Packets at once: 42 KB. Chromium's socket asks for 64 KiB; with 5 ms between them a viewer takes 67 Mbit/s."""

PAUSE_S = 0.005
HISTORY = 1024
"""Packets that can be repeated, a keyframe of 1.3 MB. What they carry is shared by all viewers of a camera."""

WAITING_BYTES = 4 * 1024 * 1024
"""More than this waiting for one viewer: it is too slow, and let go."""

LOST_LIMIT = 0.5
LOST_REPORTS = 10
"""So many reports running that half or more was lost (a report comes about once a second): too slow as well."""

REPORT_S = 1.0
NTP_S = 2_208_988_800
"""From 1900, where NTP begins, to 1970."""

_CNAME = 1
_RTP = struct.Struct("!BBHII")


class TooSlow(ConnectionError):
    """The browser, or the network to it, does not take a camera's stream."""


class Sender:
    """Sends what ``offer`` was given; ``run`` ends with ``TooSlow`` or with the connection."""

    def __init__(self, transport: RTCDtlsTransport, host: HostConnection, payload_type: int, cname: str) -> None:
        self._ssrc = secrets.randbits(31) + 1
        self.heard_s = 0.0
        """When the browser last reported, on the event loop's clock."""
        self.sent = 0
        """Packets sent, repeated ones left out."""
        self.repeated = 0
        self._transport = transport
        self._host = host
        self._payload_type = payload_type
        self._cname = cname.encode("ascii")
        self._origin = secrets.randbits(31)
        self._sequence = secrets.randbelow(1 << 15)
        self._waiting: deque[Packed] = deque()
        self._waiting_bytes = 0
        self._done = 0
        """Packets of the first that waits which are sent."""
        self._left: list[bytes] = []
        """Packets for which the kernel had no room."""
        self._history: deque[tuple[int, Packed]] = deque()
        """Pictures with the number of their first packet, the one being sent included."""
        self._kept = 0
        """Packets of the pictures in there."""
        self._room = BURST
        self._burst_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._too_slow = False
        self._octets = 0
        self._last = (0.0, 0)
        """When the last picture was sent, unix seconds, and its RTP time."""
        self._lossy = 0

    @property
    def ssrc(self) -> int:
        """The source that the answer names."""
        return self._ssrc

    def offer(self, picture: Packed) -> None:
        """Send a picture, or leave it behind those that wait; never waits itself."""
        if self._too_slow or not picture.payloads:
            return
        self._waiting.append(picture)
        self._waiting_bytes += picture.size
        if self._waiting_bytes > WAITING_BYTES:
            self._fail()
        elif self._timer is None:
            now_s = asyncio.get_running_loop().time()
            if now_s - self._burst_s >= PAUSE_S:
                self._room, self._burst_s = BURST, now_s
            self._send()

    async def run(self) -> NoReturn:
        """Tell the browser our clock once a second until the connection ends.

        Raises:
            TooSlow: the viewer is to be let go.
            ConnectionError: the connection is gone.
        """
        self.heard_s = asyncio.get_running_loop().time()
        self._transport._register_rtp_sender(self, RTCRtpSendParameters())
        try:
            while True:
                await asyncio.sleep(REPORT_S)
                if self._too_slow:
                    raise TooSlow("the browser does not take the stream")
                await self._report()
        finally:
            self._transport._unregister_rtp_sender(self)
            self._drop()

    def _send(self) -> None:
        """Send what may be sent now; come back after a pause for the rest."""
        burst = self._left
        while self._waiting and self._room > 0:
            burst += self._next()
        try:
            if self._transport.state != "connected":
                raise ConnectionError("the browser said good-bye")
            self._left = burst[self._host.hand_over(burst) :]
        except ConnectionError:  # ``run`` says so
            self._drop()
        if self._waiting or self._left:
            self._timer = asyncio.get_running_loop().call_later(PAUSE_S, self._go_on)

    def _go_on(self) -> None:
        self._timer = None
        self._room, self._burst_s = BURST - len(self._left), asyncio.get_running_loop().time()
        self._send()

    def _next(self) -> list[bytes]:
        """Return the next packets, of one picture, as many as there is room for."""
        picture, begin = self._waiting[0], self._done
        first = self._sequence - begin & 0xFFFF
        if begin == 0:
            self._remember(first, picture)
        end = min(begin + self._room, len(picture.payloads))
        packets = [self._packet(picture, first, index) for index in range(begin, end)]
        self._sequence = first + end & 0xFFFF
        self._room -= end - begin
        self._done = end
        self.sent += end - begin
        self._octets += sum(map(len, picture.payloads[begin:end]))
        if end == len(picture.payloads):
            self._waiting.popleft()
            self._waiting_bytes -= picture.size
            self._done = 0
            self._last = (time.time(), self._origin + picture.stamp & 0xFFFF_FFFF)
        return packets

    def _packet(self, picture: Packed, first: int, index: int) -> bytes:
        payloads, stamp, _ = picture
        marker = 0x80 if index == len(payloads) - 1 else 0
        head = _RTP.pack(
            0x80,
            self._payload_type | marker,
            first + index & 0xFFFF,
            self._origin + stamp & 0xFFFF_FFFF,
            self._ssrc,
        )
        return self._transport._tx_srtp.protect(head + payloads[index])

    def _remember(self, first: int, picture: Packed) -> None:
        self._history.append((first, picture))
        self._kept += len(picture.payloads)
        while self._kept - len(self._history[0][1].payloads) >= HISTORY:
            self._kept -= len(self._history.popleft()[1].payloads)

    def _again(self, sequence: int) -> bytes | None:
        """Return a packet that was sent lately, None for any other."""
        if self._sequence - 1 - sequence & 0xFFFF >= HISTORY:
            return None
        for first, picture in reversed(self._history):
            index = sequence - first & 0xFFFF
            if index < len(picture.payloads):
                return self._packet(picture, first, index)
        return None

    async def _handle_rtcp_packet(self, packet: AnyRtcpPacket) -> None:
        """Take a report; aiortc's transport calls it."""
        self.heard_s = asyncio.get_running_loop().time()
        if isinstance(packet, RtcpRtpfbPacket) and packet.fmt == RTCP_RTPFB_NACK:
            if self._left:
                return
            found = [again for sequence in packet.lost[:HISTORY] if (again := self._again(sequence)) is not None]
            self.repeated += self._host.hand_over(found)
        elif isinstance(packet, RtcpRrPacket):
            lost = max((report.fraction_lost / 256 for report in packet.reports), default=0.0)
            self._lossy = self._lossy + 1 if lost >= LOST_LIMIT else 0
            if self._lossy >= LOST_REPORTS:
                self._fail()

    def _fail(self) -> None:
        self._too_slow = True
        self._drop()

    def _drop(self) -> None:
        """Send no more of what waits."""
        self._waiting.clear()
        self._waiting_bytes = self._done = 0
        self._left = []
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _report(self) -> None:
        if not self.sent:
            return
        at, stamp = self._last
        ntp = round((at + NTP_S) * (1 << 32))
        info = RtcpSenderInfo(ntp, stamp, self.sent & 0xFFFF_FFFF, self._octets & 0xFFFF_FFFF)
        name = RtcpSdesPacket([RtcpSourceInfo(self._ssrc, [(_CNAME, self._cname)])])
        await self._transport._send_rtp(bytes(RtcpSrPacket(self._ssrc, info)) + bytes(name))
