"""RTSP/1.0 (RFC 2326) messages as values: URLs, requests, answers; nothing here knows a socket.

Media is carried in the RTSP connection itself (interleaved, section 10.12), so that one TCP port is enough and
nothing is lost on the way unless the camera drops it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from camera_config.errors import FeedProtocol
from ingest.auth import Credentials

DEFAULT_PORT = 554
HEAD_LIMIT = 16 * 1024
BODY_LIMIT = 64 * 1024
SESSION_TIMEOUT_S = 60.0
"""A session's life without a keepalive when the camera names none (RFC 2326, 12.37)."""

_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_START_LINE = re.compile(r"RTSP/\d\.\d (\d{3})(?: .*)?|([A-Z_]{3,20}) \S+ RTSP/\d\.\d")
_INTERLEAVED = re.compile(r"interleaved=(\d{1,3})(?:-\d{1,3})?")
_TIMEOUT = re.compile(r"timeout\s*=\s*(\d{1,6})")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a camera is and what to ask it for; ``url`` is free of user and password."""

    host: str
    port: int
    url: str
    credentials: Credentials | None


@dataclass(frozen=True, slots=True)
class Message:
    """An answer (``status``) or, rarely, a request by the camera (``method``; then ``status`` is 0)."""

    status: int
    method: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def all(self, name: str) -> list[str]:
        """Return the values of every header called ``name`` (lower case)."""
        return [value for key, value in self.headers if key == name]

    def get(self, name: str) -> str:
        """Return the value of the first header called ``name`` (lower case), empty if there is none."""
        return next((value for key, value in self.headers if key == name), "")


def parse_target(url: str) -> Target:
    """Split a camera's URL; the message of an error never repeats it.

    Raises:
        ValueError: it is not an ``rtsp://`` URL with a host.
    """
    parts = urlsplit(url)
    if parts.scheme == "rtsps":
        raise ValueError("rtsps:// is not supported; use rtsp:// on a network of its own")
    try:
        port = parts.port or DEFAULT_PORT
    except ValueError:
        raise ValueError("the port of a camera's URL must be 1 to 65535") from None
    if parts.scheme != "rtsp" or not parts.hostname:
        raise ValueError("a camera's URL must be rtsp://host[:port]/path")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    rest = parts.path + (f"?{parts.query}" if parts.query else "")
    plain = f"rtsp://{host}:{port}{rest}" if parts.port else f"rtsp://{host}{rest}"
    if not _PRINTABLE.fullmatch(plain):
        raise ValueError("a camera's URL must be printable ASCII without spaces")
    who = Credentials(unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return Target(parts.hostname, port, plain, who)


def request(method: str, url: str, cseq: int, headers: Sequence[tuple[str, str]] = ()) -> bytes:
    """Return one request as bytes."""
    lines = [f"{method} {url} RTSP/1.0", f"CSeq: {cseq}", "User-Agent: kakou"]
    lines += [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def parse_message(data: bytes, start: int) -> tuple[Message, int] | None:
    """Return the message that begins at ``start`` and where it ends; None if it is not complete yet.

    Raises:
        FeedProtocol: this is no RTSP, or head or body are longer than the limits.
    """
    end = data.find(b"\r\n\r\n", start, start + HEAD_LIMIT)
    if end < 0:
        if len(data) - start >= HEAD_LIMIT:
            raise FeedProtocol(f"an RTSP head of more than {HEAD_LIMIT} bytes")
        if not _may_begin(data[start : start + 8]):
            raise FeedProtocol("what came is not RTSP")
        return None
    first, *lines = data[start:end].decode("latin-1").lstrip("\r\n").split("\r\n")
    found = _START_LINE.fullmatch(first.rstrip())
    if found is None:
        raise FeedProtocol("what came is not RTSP")
    headers = tuple(
        (name.strip().lower(), value.strip()) for name, colon, value in (line.partition(":") for line in lines) if colon
    )
    message = Message(int(found[1] or 0), found[2] or "", headers, b"")
    length = message.get("content-length") or "0"
    if not (length.isascii() and length.isdigit()) or int(length[:9]) > BODY_LIMIT:
        raise FeedProtocol(f"an RTSP body may have up to {BODY_LIMIT} bytes")
    body = end + 4
    if len(data) - body < int(length):
        return None
    return Message(message.status, message.method, headers, data[body : body + int(length)]), body + int(length)


def channel_of(message: Message, asked: int) -> int:
    """Return the interleaved channel on which media will come; cameras may choose another than we ``asked`` for.

    Raises:
        FeedProtocol: the camera did not take TCP, or names no possible channel.
    """
    transport = message.get("transport")
    if transport and "TCP" not in transport.upper() and "interleaved" not in transport:
        raise FeedProtocol("the camera does not send over TCP")
    found = _INTERLEAVED.search(transport)
    channel = int(found[1]) if found else asked
    if channel > 255:
        raise FeedProtocol(f"interleaved channel {channel}")
    return channel


def session_of(message: Message) -> tuple[str, float]:
    """Return the session's id and its life without a keepalive, seconds, at least 2.

    Raises:
        FeedProtocol: there is no id, or one that cannot stand in a header.
    """
    name, _, rest = message.get("session").partition(";")
    if not _PRINTABLE.fullmatch(name.strip()):
        raise FeedProtocol("the camera opened no session")
    found = _TIMEOUT.search(rest)
    return name.strip(), max(2.0, float(found[1])) if found else SESSION_TIMEOUT_S


def joined(base: str, control: str) -> str:
    """Return the URL of a track: ``control`` as it is if absolute, else below ``base`` (as cameras mean it).

    RFC 2326 C.1.1 would resolve like a web link and cut off the last part of ``base``; cameras expect it kept.

    Raises:
        FeedProtocol: the result could not stand in a request.
    """
    if control in ("", "*"):
        url = base
    elif control.lower().startswith("rtsp://"):
        url = control
    else:
        url = base.rstrip("/") + "/" + control.lstrip("/")
    if not _PRINTABLE.fullmatch(url):
        raise FeedProtocol("the camera names a track that cannot be asked for")
    return url


def _may_begin(head: bytes) -> bool:
    head = head.lstrip(b"\r\n")
    return all(0x2F <= byte <= 0x5A or byte in b"_ ." for byte in head[:5])
