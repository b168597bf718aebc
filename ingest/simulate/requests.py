"""RTSP requests in, answers out (RFC 2326): text of one conversation, no socket."""

from dataclasses import dataclass

REQUEST_BYTES = 16 * 1024
"""A request longer than this is no RTSP; the connection is closed."""

METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"
REASONS = {
    200: "OK",
    302: "Moved Temporarily",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    455: "Method Not Valid in This State",
    461: "Unsupported Transport",
    501: "Not Implemented",
}


@dataclass(frozen=True, slots=True)
class Request:
    """One request; names of ``headers`` are in lower case. ``method`` is empty if it is no RTSP."""

    method: str
    url: str
    headers: dict[str, str]

    @property
    def mount(self) -> str:
        """Return the name of the mount asked for."""
        return mount_of(self.url)


@dataclass(frozen=True, slots=True)
class Interleaved:
    """What a client sends on one channel of the connection: its RTCP reports."""

    channel: int
    data: bytes


def take(buffer: bytearray) -> Request | Interleaved | None:
    """Take the first whole message out of ``buffer``; None: it is not complete.

    Raises:
        ValueError: it will never be, because it is too long.
    """
    if buffer[:1] == b"$":
        end = 4 + int.from_bytes(buffer[2:4], "big")
        if len(buffer) < max(4, end):
            return None
        message = Interleaved(buffer[1], bytes(buffer[4:end]))
        del buffer[:end]
        return message
    end = buffer.find(b"\r\n\r\n")
    if end < 0 and len(buffer) <= REQUEST_BYTES:
        return None
    lines = buffer[: max(0, end)].decode("latin-1").lstrip("\r\n").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    length = headers.get("content-length", "0")
    total = end + 4 + (int(length) if length.isdigit() else 0)
    if end < 0 or total > REQUEST_BYTES:
        raise ValueError("a request that does not end")
    if len(buffer) < total:
        return None
    del buffer[:total]
    words = lines[0].split()
    if len(words) != 3 or not words[2].startswith("RTSP/1."):
        return Request("", "", headers)
    return Request(words[0], words[1], headers)


def mount_of(url: str) -> str:
    """Return the mount's name in ``url``, without track and query; empty for ``*`` and a bare host."""
    path = url.split("://", 1)[-1].partition("/")[2].partition("?")[0].rstrip("/")
    return path.removesuffix("/track0")


def answer(status: int, cseq: str, *headers: tuple[str, str], body: bytes = b"") -> bytes:
    """Return an answer as bytes; its length is told if it has a body."""
    lines = [f"RTSP/1.0 {status} {REASONS[status]}", f"CSeq: {cseq}"]
    lines += [f"{name}: {value}" for name, value in headers]
    lines += [f"Content-Length: {len(body)}"] if body else []
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def client_ports(transport: str) -> tuple[int, int] | None:
    """Return the RTP and RTCP port in one choice of a Transport header, None if it does not ask for unicast UDP."""
    parts = [part.strip() for part in transport.split(";")]
    if parts[0].upper() not in ("RTP/AVP", "RTP/AVP/UDP") or "multicast" in parts:
        return None
    ports = next((part.partition("=")[2] for part in parts if part.startswith("client_port=")), "")
    first, _, second = ports.partition("-")
    if not first.isdigit() or not 0 < int(first) < 0xFFFF:
        return None
    return int(first), int(second) if second.isdigit() and 0 < int(second) <= 0xFFFF else int(first) + 1
