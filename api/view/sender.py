"""One browser's packets: what the camera's viewers share goes in packed, RTP with reports goes out (RFC 3550, 6184).

aiortc's own sender packs every picture again for each viewer, sends a keyframe's 200 packets in one burst and can
repeat the last 128 of them; a browser's socket holds fewer. This one paces, repeats 1,024, and holds what is shared.
Nothing here waits for the browser: what it does not take is counted, and then it is let go.
"""

import asyncio
import secrets
import struct
from collections import deque
from contextlib import suppress
from typing import NamedTuple, NoReturn

from aiortc import RTCDtlsTransport, clock
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

BURST = 32
"""Packets at once: 42 KB. Chromium's socket asks for 64 KiB; with 5 ms between them a viewer takes 67 Mbit/s."""

PAUSE_S = 0.005
HISTORY = 1024
"""Packets kept for repeating: a keyframe of 1.3 MB. They are shared by all viewers of a camera."""

WAITING_BYTES = 4 * 1024 * 1024
"""More than this waiting for one viewer: it is too slow, and let go."""

LOST_LIMIT = 0.5
LOST_REPORTS = 10
"""So many reports running that half or more was lost (a report comes about once a second): too slow as well."""

REPORT_S = 1.0
_CNAME = 1
_RTP = struct.Struct("!BBHII")


class Packed(NamedTuple):
    """One picture for all viewers: RTP payloads, and its time in 1/90000 s on the camera's clock."""

    payloads: tuple[bytes, ...]
    stamp: int
    size: int


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
        self._wake = asyncio.Event()
        self._too_slow = False
        self._history: list[tuple[int, bytes] | None] = [None] * HISTORY
        self._octets = 0
        self._last = (0, 0)
        self._lossy = 0
        self._burst = 0

    @property
    def ssrc(self) -> int:
        """The source that the answer names."""
        return self._ssrc

    def offer(self, picture: Packed) -> None:
        """Leave a picture; never waits."""
        self._waiting.append(picture)
        self._waiting_bytes += picture.size
        if self._waiting_bytes > WAITING_BYTES:
            self._fail()
        self._wake.set()

    async def run(self) -> NoReturn:
        """Send until the connection ends.

        Raises:
            TooSlow: the viewer is to be let go.
            ConnectionError: the connection is gone.
        """
        self.heard_s = asyncio.get_running_loop().time()
        self._transport._register_rtp_sender(self, RTCRtpSendParameters())
        reports = asyncio.create_task(self._report())
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                self._burst = 0
                while self._waiting or self._too_slow:
                    if self._too_slow:
                        raise TooSlow("the browser does not take the stream")
                    picture = self._waiting.popleft()
                    self._waiting_bytes -= picture.size
                    await self._send(picture)
        finally:
            reports.cancel()
            self._transport._unregister_rtp_sender(self)

    async def _send(self, picture: Packed) -> None:
        stamp = self._origin + picture.stamp & 0xFFFF_FFFF
        last = len(picture.payloads) - 1
        for index, payload in enumerate(picture.payloads):
            if self._burst >= BURST:
                await self._pause()
            self._burst += 1
            sequence = self._sequence
            self._sequence = sequence + 1 & 0xFFFF
            marker = 0x80 if index == last else 0
            packet = _RTP.pack(0x80, self._payload_type | marker, sequence, stamp, self._ssrc) + payload
            self._history[sequence % HISTORY] = (sequence, packet)
            await self._transport._send_rtp(packet)
            self._octets += len(payload)
        self.sent += last + 1
        self._last = (clock.current_ntp_time(), stamp)

    async def _pause(self) -> None:
        """Let a burst pass; longer while the kernel has not taken it, until too much waits behind."""
        self._burst = 0
        await asyncio.sleep(PAUSE_S)
        while self._host.waiting_bytes and not self._too_slow:  # noqa: ASYNC110 - asyncio does not tell
            await asyncio.sleep(PAUSE_S)

    async def _handle_rtcp_packet(self, packet: AnyRtcpPacket) -> None:
        """Take a report; aiortc's transport calls it."""
        self.heard_s = asyncio.get_running_loop().time()
        if isinstance(packet, RtcpRtpfbPacket) and packet.fmt == RTCP_RTPFB_NACK:
            for sequence in packet.lost[:HISTORY]:
                kept = self._history[sequence % HISTORY]
                if kept is not None and kept[0] == sequence and not self._host.waiting_bytes:
                    self.repeated += 1
                    await self._transport._send_rtp(kept[1])
        elif isinstance(packet, RtcpRrPacket):
            lost = max((report.fraction_lost / 256 for report in packet.reports), default=0.0)
            self._lossy = self._lossy + 1 if lost >= LOST_LIMIT else 0
            if self._lossy >= LOST_REPORTS:
                self._fail()

    def _fail(self) -> None:
        self._too_slow = True
        self._waiting.clear()
        self._waiting_bytes = 0
        self._wake.set()

    async def _report(self) -> None:
        """Tell the browser our clock once a second."""
        while True:
            await asyncio.sleep(REPORT_S)
            if not self.sent:
                continue
            ntp, stamp = self._last
            said = RtcpSrPacket(
                self._ssrc, RtcpSenderInfo(ntp, stamp, self.sent & 0xFFFF_FFFF, self._octets & 0xFFFF_FFFF)
            )
            name = RtcpSdesPacket([RtcpSourceInfo(self._ssrc, [(_CNAME, self._cname)])])
            with suppress(ConnectionError):
                await self._transport._send_rtp(bytes(said) + bytes(name))
