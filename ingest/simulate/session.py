"""One client's RTSP/1.0 conversation with the simulator (RFC 2326), TCP interleaved."""

import asyncio
import logging
import socket
import struct
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.simulate.describe import sdp
from ingest.simulate.faults import Fault
from ingest.simulate.source import Source

log = logging.getLogger(__name__)

REQUEST_BYTES = 16 * 1024
"""A request longer than this is no RTSP; the connection is closed."""

METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"
REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    461: "Unsupported Transport",
    501: "Not Implemented",
}


class Desk(Protocol):
    """What a session asks of its server."""

    session_timeout_s: float
    buffer_bytes: int

    def source(self, mount: str) -> Source | None:
        """Return what the mount shows, None if there is no such mount."""

    def challenge(self, mount: str, method: str, url: str, authorization: str) -> str | None:
        """Return None if the request may pass, otherwise what has to be answered first."""

    def fault(self, mount: str) -> Fault | None:
        """Return the mount's present trouble."""

    def joined(self, session: "Session") -> None:
        """A connection came up."""

    def plays(self, session: "Session") -> None:
        """From the next keyframe on the session wants its mount's frames."""

    def left(self, session: "Session") -> None:
        """The connection is gone."""

    def dropped(self) -> None:
        """A frame was left out because the session's client is slow."""

    def monotonic_s(self) -> float:
        """Return seconds for durations."""

    def noise(self, size: int) -> bytes:
        """Return ``size`` random bytes."""


class Session(asyncio.Protocol):
    """One connection. Frames are whole or not at all: a slow client loses frames up to the next keyframe."""

    def __init__(self, desk: Desk, number: int) -> None:
        self._desk = desk
        self._id = f"{number:08X}"
        self._input = bytearray()
        self._transport: asyncio.Transport | None = None
        self._waits_for_key = True
        self._set_up = False
        self.mount: str | None = None
        self.playing = False
        self.heard_s = 0.0

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
        self._desk.left(self)

    def data_received(self, data: bytes) -> None:
        """Answer the requests in ``data``; RTCP reports in between only show that the client lives."""
        self.heard_s = self._desk.monotonic_s()
        self._input += data
        while self._input and self._transport is not None:
            if self._input[0] == ord("$"):
                if len(self._input) < 4:
                    return
                end = 4 + int.from_bytes(self._input[2:4], "big")
                if len(self._input) < end:
                    return
                del self._input[:end]
                continue
            end = self._input.find(b"\r\n\r\n")
            if end < 0:
                if len(self._input) > REQUEST_BYTES:
                    self.close()
                return
            head = self._input[:end].decode("latin-1")
            lines = head.lstrip("\r\n").split("\r\n")
            headers = {
                name.strip().lower(): value.strip() for name, _, value in (li.partition(":") for li in lines[1:])
            }
            length = headers.get("content-length", "0")
            total = end + 4 + (int(length) if length.isdigit() else 0)
            if total > REQUEST_BYTES:
                self.close()
                return
            if len(self._input) < total:
                return
            del self._input[:total]
            self._request(lines[0], headers)

    def send(self, frame: NDArray[np.uint8], *, key: bool) -> bool:
        """Write one frame; False if it was left out because the client is slow or waits for a keyframe."""
        transport = self._transport
        if transport is None or transport.is_closing() or (self._waits_for_key and not key):
            return False
        if transport.get_write_buffer_size() > self._desk.buffer_bytes:
            self._desk.dropped()
            self._waits_for_key = True
            return False
        self._waits_for_key = False
        transport.write(frame.data)
        return True

    @property
    def waiting_bytes(self) -> int:
        """Return what waits for the client outside the kernel."""
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def lose_frame(self) -> None:
        """A frame was left out for all; go on at the next keyframe."""
        self._waits_for_key = True

    def send_noise(self) -> None:
        """Write random bytes in place of a frame."""
        transport = self._transport
        if transport is not None and transport.get_write_buffer_size() <= self._desk.buffer_bytes:
            transport.write(self._desk.noise(1024))

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

    def _request(self, line: str, headers: dict[str, str]) -> None:
        words = line.split()
        if len(words) != 3 or not words[2].startswith("RTSP/1."):
            self._answer(400, headers)
            self.close()
            return
        method, url = words[0], words[1]
        mount = mount_of(url)
        if mount:
            fault = self._desk.fault(mount)
            if fault is Fault.VANISH:
                self.abort()
                return
            if fault is Fault.REFUSE and not self.playing:
                self.close()
                return
            if fault is Fault.GARBAGE and not self.playing:
                self.send_noise()
                return
            if fault is Fault.UNAUTHORISED and method != "OPTIONS":
                challenge = f'WWW-Authenticate: Digest realm="camera", nonce="{self._id}"\r\n'
                self._answer(401, headers, challenge)
                return
        if method != "OPTIONS":
            asked = self._desk.challenge(mount, method, url, headers.get("authorization", ""))
            if asked is not None:
                self._answer(401, headers, f"WWW-Authenticate: {asked}\r\n")
                return
        self._serve(method, url, mount, headers)

    def _serve(self, method: str, url: str, mount: str, headers: dict[str, str]) -> None:
        if method == "OPTIONS":
            self._answer(200, headers, f"Public: {METHODS}\r\n")
            return
        source = self._desk.source(mount)
        if source is None and method in ("DESCRIBE", "SETUP", "PLAY"):
            self._answer(404, headers)
            return
        match method:
            case "DESCRIBE" if source is not None:
                extra = f"Content-Base: {url.rstrip('/')}/\r\nContent-Type: application/sdp\r\n"
                self._answer(200, headers, extra, sdp(source))
            case "SETUP":
                wanted = headers.get("transport", "")
                if "RTP/AVP/TCP" not in wanted.upper():
                    self._answer(461, headers)
                    return
                self.mount, self._set_up = mount, True
                self._answer(200, headers, "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n")
            case "PLAY":
                if not self._set_up or mount != self.mount:
                    self._answer(455, headers)
                    return
                self._answer(200, headers, "Range: npt=now-\r\n")
                if not self.playing:
                    self.playing = True
                    self._desk.plays(self)
            case "GET_PARAMETER" | "SET_PARAMETER":
                self._answer(200, headers)
            case "TEARDOWN":
                self.playing = False
                self._answer(200, headers)
                self.close()
            case _:
                self._answer(501, headers)

    def _answer(self, status: int, headers: dict[str, str], extra: str = "", body: bytes = b"") -> None:
        if self._transport is None:
            return
        session = f"Session: {self._id};timeout={self._desk.session_timeout_s:.0f}\r\n" if self._set_up else ""
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        head = (
            f"RTSP/1.0 {status} {REASONS[status]}\r\nCSeq: {headers.get('cseq', '0')}\r\n{session}{extra}{length}\r\n"
        )
        self._transport.write(head.encode("latin-1") + body)


def mount_of(url: str) -> str:
    """Return the mount's name in ``url``, without track and query; empty for ``*`` and a bare host."""
    path = url.split("://", 1)[-1].partition("/")[2].partition("?")[0].rstrip("/")
    return path.removesuffix("/track0")
