"""One client's RTSP/1.0 conversation with the simulator (RFC 2326); media interleaved or over UDP."""

import asyncio
import logging
import socket
import struct
from collections.abc import Callable
from typing import Protocol

from ingest.simulate.describe import sdp
from ingest.simulate.mount import Mount
from ingest.simulate.requests import METHODS, Interleaved, Request, answer, client_ports, take
from ingest.simulate.rtp import Stamped
from ingest.simulate.source import Source
from ingest.simulate.udp import Address, UdpPair

log = logging.getLogger(__name__)

RTCP_CHANNEL = 1
DRIP_BYTES = 64 * 1024
"""What may wait to be sent byte by byte; frames beyond it are left out."""


class Desk(Protocol):
    """What a session asks of its server."""

    session_timeout_s: float
    buffer_bytes: int
    udp: UdpPair

    def mount(self, name: str) -> Mount | None:
        """Return the mount of that name, None if there is none."""

    def source(self, name: str) -> Source:
        """Return what the mount, which is there, shows at present."""

    def challenge(self, name: str, request: Request) -> str | None:
        """Return None if the request may pass, otherwise what has to be answered first."""

    def interferes(self, session: "Session", request: Request) -> bool:
        """Let the mount's trouble deal with a request; False: nothing hinders an answer."""

    def joined(self, session: "Session") -> None:
        """A connection came up."""

    def plays(self, session: "Session") -> None:
        """From the next keyframe on the session wants its mount's frames."""

    def reported(self, session: "Session", data: bytes) -> None:
        """RTCP came from the client."""

    def left(self, session: "Session") -> None:
        """The connection is gone."""

    def dropped(self) -> None:
        """A frame was left out because the session's client is slow."""

    def monotonic_s(self) -> float:
        """Return seconds for durations."""

    def noise(self, size: int) -> bytes:
        """Return ``size`` random bytes."""


class Session(asyncio.Protocol):
    """One connection. Frames are whole or not at all: a slow client loses frames up to the next keyframe.

    ``hangs``, ``spoil``, ``media_first`` and ``drip_s`` are how troubles of the mount show here.
    """

    def __init__(self, desk: Desk, number: int) -> None:
        self._desk = desk
        self._id = f"{number:08X}"
        self._input = bytearray()
        self._transport: asyncio.Transport | None = None
        self._waits_for_key = True
        self._set_up = False
        self._udp: tuple[Address, Address] | None = None
        self._held = b""
        self._drops = bytearray()
        self._drip: asyncio.TimerHandle | None = None
        self.mount: str | None = None
        self.playing = False
        self.heard_s = 0.0
        self.hangs = False
        self.spoil: Callable[[bytes], bytes] | None = None
        self.media_first = False
        self.drip_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.heard_s = self._desk.monotonic_s()
        self._desk.joined(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """End; the reason does not matter to a camera."""
        self.playing = False
        self._transport = None
        if self._drip is not None:
            self._drip.cancel()
        self._desk.left(self)

    def data_received(self, data: bytes) -> None:
        """Answer the requests in ``data``; what is interleaved are the client's RTCP reports."""
        self.heard_s = self._desk.monotonic_s()
        self._input += data
        try:
            while self._input and self._transport is not None and not self.hangs:
                message = take(self._input)
                if message is None:
                    return
                if isinstance(message, Interleaved):
                    self._desk.reported(self, message.data)
                else:
                    self._request(message)
        except ValueError:
            self.close()

    def send(self, frame: Stamped) -> bool:
        """Send one frame; False if it was left out because the client is slow or waits for a keyframe."""
        transport = self._transport
        if transport is None or transport.is_closing() or self.hangs or (self._waits_for_key and not frame.key):
            return False
        if self._udp is not None:
            self._desk.udp.send(frame, self._udp[0])
        elif self.waiting_bytes > (DRIP_BYTES if self.drip_s else self._desk.buffer_bytes):
            self._desk.dropped()
            self._waits_for_key = True
            return False
        elif self.drip_s:
            self._write(frame.data.tobytes())
        else:
            transport.write(frame.data.data)
        self._waits_for_key = False
        if self._held:
            self._write(self._held)
            self._held = b""
        return True

    def report(self, data: bytes) -> None:
        """Send an RTCP packet."""
        if self._udp is not None:
            self._desk.udp.report(data, self._udp[1])
        elif not self.hangs:
            self._write(struct.pack(">cBH", b"$", RTCP_CHANNEL, len(data)) + data)

    def reports_from(self, who: Address) -> bool:
        """Tell whether RTCP from ``who`` belongs to what this client plays."""
        return self._udp is not None and self._udp[1] == who

    @property
    def waiting_bytes(self) -> int:
        """Return what waits for the client outside the kernel."""
        return len(self._drops) + (self._transport.get_write_buffer_size() if self._transport is not None else 0)

    def lose_frame(self) -> None:
        """A frame was left out for all; go on at the next keyframe."""
        self._waits_for_key = True

    def send_noise(self) -> None:
        """Write random bytes in place of an answer."""
        self._write(self._desk.noise(1024))

    def hang(self) -> None:
        """Read and send nothing any more."""
        self.hangs = True
        if self._transport is not None:
            self._transport.pause_reading()

    def wake(self) -> None:
        """Go on after troubles; what was asked meanwhile stays unanswered."""
        if self.hangs and self._transport is not None:
            self._transport.resume_reading()
            self._waits_for_key = True
        self.hangs, self.media_first, self.drip_s = False, False, 0.0
        if self._drip is not None:
            self._drip.cancel()
            self._drip = None
            rest = bytes(self._drops)
            self._drops.clear()
            self._write(rest)

    def close(self) -> None:
        """Close after what is still in the buffer."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Reset the connection at once."""
        if self._transport is not None:
            sock = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()

    def answer(self, status: int, request: Request, *headers: tuple[str, str], body: bytes = b"") -> None:
        """Answer a request, once a trouble has spoilt the text."""
        session = (("Session", f"{self._id};timeout={self._desk.session_timeout_s:.0f}"),) if self._set_up else ()
        data = answer(status, request.headers.get("cseq", "0"), *session, *headers, body=body)
        if self.spoil is not None:
            data, self.spoil = self.spoil(data), None
        if request.method == "PLAY" and status == 200 and self.media_first:
            self._held = data
        else:
            self._write(data)

    def _request(self, request: Request) -> None:
        if not request.method:
            self.answer(400, request)
            self.close()
            return
        name = request.mount
        if self._desk.interferes(self, request):
            return
        if request.method == "OPTIONS":
            self.answer(200, request, ("Public", METHODS))
            return
        challenge = self._desk.challenge(name, request)
        if challenge is not None:
            self.answer(401, request, ("WWW-Authenticate", challenge))
            return
        mount = self._desk.mount(name)
        match request.method:
            case "DESCRIBE" | "SETUP" | "PLAY" if mount is None:
                self.answer(404, request)
            case "DESCRIBE":
                base = ("Content-Base", request.url.rstrip("/") + "/")
                self.answer(200, request, base, ("Content-Type", "application/sdp"), body=sdp(self._desk.source(name)))
            case "SETUP" if mount is not None:
                self._setup(request, mount)
            case "PLAY":
                self._play(request)
            case "GET_PARAMETER" | "SET_PARAMETER":
                self.answer(200, request)
            case "TEARDOWN":
                self.playing = False
                self.answer(200, request)
                self.close()
            case _:
                self.answer(501, request)

    def _setup(self, request: Request, mount: Mount) -> None:
        """Take the first of the client's choices that the mount can do."""
        for choice in request.headers.get("transport", "").split(","):
            if mount.carriage != "udp" and choice.strip().upper().startswith("RTP/AVP/TCP"):
                self.mount, self._set_up, self._udp = request.mount, True, None
                self.answer(200, request, ("Transport", f"RTP/AVP/TCP;unicast;interleaved=0-{RTCP_CHANNEL}"))
                return
            ports = client_ports(choice)
            if mount.carriage != "tcp" and ports is not None and self._transport is not None:
                host = self._transport.get_extra_info("peername")[0]
                ours = self._desk.udp.ports()
                self.mount, self._set_up = request.mount, True
                self._udp = ((host, ports[0]), (host, ports[1]))
                text = f"RTP/AVP;unicast;client_port={ports[0]}-{ports[1]};server_port={ours[0]}-{ours[1]}"
                self.answer(200, request, ("Transport", text))
                return
        self.answer(461, request)

    def _play(self, request: Request) -> None:
        if not self._set_up or request.mount != self.mount:
            self.answer(455, request)
            return
        self.answer(200, request, ("Range", "npt=now-"))
        if not self.playing:
            self.playing = True
            self._desk.plays(self)

    def _write(self, data: bytes) -> None:
        if self._transport is None:
            return
        if not self.drip_s:
            self._transport.write(data)
            return
        self._drops += data
        if self._drip is None:
            self._drip = asyncio.get_running_loop().call_later(self.drip_s, self._let_drip)

    def _let_drip(self) -> None:
        self._drip = None
        if self._transport is not None and self._drops:
            self._transport.write(bytes(self._drops[:1]))
            del self._drops[0]
            self._drip = asyncio.get_running_loop().call_later(self.drip_s, self._let_drip)
