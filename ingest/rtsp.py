"""RTSP/1.0 (RFC 2326) messages as values: URLs, requests, answers; nothing here knows a socket.

Media is carried in the RTSP connection itself (interleaved, section 10.12), so that one TCP port is enough and
nothing is lost on the way unless the camera drops it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

from camera_config.errors import FeedProtocol, FeedTransport
from ingest.auth import Credentials

PORTS = {"rtsp": 554, "rtsps": 322}
"""Where a URL without port means (IANA)."""

HEAD_LIMIT = 16 * 1024
HEADER_LIMIT = 100
"""Header lines in one message: thousands would be cheap for whoever sends them and dear for us."""

BODY_LIMIT = 64 * 1024
REDIRECTS = 2
"""How often one attempt may be sent on."""

SESSION_TIMEOUT_S = 60.0
"""A session's life without a keepalive when the camera names none (RFC 2326, 12.37)."""

_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_START_LINE = re.compile(r"RTSP/\d\.\d (\d{3})(?: .*)?|([A-Z_]{3,20}) \S+ RTSP/\d\.\d")
_INTERLEAVED = re.compile(r"interleaved=(\d{1,3})(?:-(\d{1,3}))?")
_SESSION = re.compile(r"[\x21-\x7e]{1,256}")
_NUMBER = re.compile(r"[0-9]{1,9}")
_TIMEOUT = re.compile(r"timeout\s*=\s*(\d{1,6})")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a camera is and what to ask it for; ``url`` is free of user and password.

    ``redirects`` counts how often we were sent on to come here; ``foreign``: by that to another host than was
    configured, which gets no credentials.
    """

    host: str
    port: int
    url: str
    credentials: Credentials | None
    tls: bool = False
    redirects: int = 0
    foreign: bool = False


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
        ValueError: it is not an ``rtsp://`` or ``rtsps://`` URL with a host.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("a camera's URL must be rtsp://host[:port]/path, with a port of 1 to 65535") from None
    if parts.scheme not in PORTS or not parts.hostname or port == 0:
        raise ValueError("a camera's URL must be rtsp://host[:port]/path or rtsps://…")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    rest = parts.path + (f"?{parts.query}" if parts.query else "")
    plain = f"{parts.scheme}://{host}:{port}{rest}" if port else f"{parts.scheme}://{host}{rest}"
    if not _PRINTABLE.fullmatch(plain):
        raise ValueError("a camera's URL must be printable ASCII without spaces")
    who = Credentials(unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return Target(parts.hostname, port or PORTS[parts.scheme], plain, who, tls=parts.scheme == "rtsps")


def redirected(target: Target, location: str) -> Target:
    """Return where ``location`` sends whoever asks ``target``; another host gets no credentials.

    Raises:
        FeedProtocol: too often, to nowhere, or from TLS to none; the message names no credentials.
    """
    try:
        new = parse_target(location)
    except ValueError:
        raise FeedProtocol("the camera sends us to what is no camera's URL; redirects are refused") from None
    if target.redirects >= REDIRECTS:
        raise FeedProtocol("the camera sends us from one place to the next")
    if target.tls and not new.tls:
        raise FeedProtocol("the camera sends us away from TLS")
    foreign = target.foreign or new.host != target.host
    who = None if foreign else target.credentials
    return replace(new, credentials=who, redirects=target.redirects + 1, foreign=foreign)


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
        if not _may_begin(data[start : start + 8]):
            raise FeedProtocol("what came is not RTSP")
        if len(data) - start >= HEAD_LIMIT:
            raise FeedProtocol(f"an RTSP head of more than {HEAD_LIMIT} bytes")
        return None
    first, *lines = data[start:end].decode("latin-1").lstrip("\r\n").split("\r\n")
    found = _START_LINE.fullmatch(first.rstrip())
    if found is None:
        raise FeedProtocol("what came is not RTSP")
    if len(lines) > HEADER_LIMIT:
        raise FeedProtocol(f"an RTSP head of more than {HEADER_LIMIT} lines")
    headers = tuple(
        (name.strip().lower(), value.strip()) for name, colon, value in (line.partition(":") for line in lines) if colon
    )
    message = Message(int(found[1] or 0), found[2] or "", headers, b"")
    length = message.get("content-length") or "0"
    if not _NUMBER.fullmatch(length) or int(length) > BODY_LIMIT:
        raise FeedProtocol(f"an RTSP body may have up to {BODY_LIMIT} bytes")
    body = end + 4
    if len(data) - body < int(length):
        return None
    return Message(message.status, message.method, headers, data[body : body + int(length)]), body + int(length)


def number_of(message: Message) -> int | None:
    """Return the request's number (``CSeq``) that an answer or request names; None if it names none."""
    text = message.get("cseq")
    return int(text) if _NUMBER.fullmatch(text) else None


def channels_of(message: Message, asked: int) -> tuple[int, int]:
    """Return the interleaved channels of media and of RTCP; cameras may choose others than we ``asked`` for.

    Raises:
        FeedTransport: the camera did not take TCP.
        FeedProtocol: it names no possible channels.
    """
    transport = message.get("transport")
    if transport and "TCP" not in transport.upper() and "interleaved" not in transport:
        raise FeedTransport("the camera does not send over TCP")
    found = _INTERLEAVED.search(transport)
    media = int(found[1]) if found else asked
    reports = int(found[2]) if found and found[2] else media + 1
    if media > 255 or reports > 256 or media == reports:
        raise FeedProtocol(f"interleaved channels {media} and {reports}")
    return media, reports


def session_of(message: Message) -> tuple[str, float]:
    """Return the session's id and its life without a keepalive, seconds, at least 2.

    Raises:
        FeedProtocol: there is no id, or one that cannot stand in a header.
    """
    name, _, rest = message.get("session").partition(";")
    if not _SESSION.fullmatch(name.strip()):
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
    elif control.lower().startswith(("rtsp://", "rtsps://")):
        url = control
    else:
        url = base.rstrip("/") + "/" + control.lstrip("/")
    if not _PRINTABLE.fullmatch(url):
        raise FeedProtocol("the camera names a track that cannot be asked for")
    return url


def _may_begin(head: bytes) -> bool:
    head = head.lstrip(b"\r\n")
    return all(0x2F <= byte <= 0x5A or byte in b"_ ." for byte in head[:5])
