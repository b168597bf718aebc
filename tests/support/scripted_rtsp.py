"""A camera with a script: an RTSP server of a few lines that can be odd in the ways that real cameras are."""

import asyncio
import base64
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import md5

from tests.support.tiny_h264 import encode, interleaved, packets, parameter_sets

NONCE = "5ca1ab1e"


@dataclass
class Script:
    """How the camera behaves.

    ``answers`` replaces the answer to a method: bytes are sent as they are, None is silence, and a list is used up
    one by one. ``media`` is sent after PLAY, row by row; then ``after`` says what to do: "hold" or "close".
    ``early`` sends the first rows before the answer to PLAY.
    """

    media: Sequence[bytes] = ()
    after: str = "hold"
    answers: dict[str, bytes | list[bytes | None] | None] = field(default_factory=dict)
    auth: str = ""
    user: str = "admin"
    password: str = "hunter2"
    fresh_nonces: bool = False
    session: str = "Session: 0815;timeout=60"
    channel: int = 0
    sprop: bool = True
    early: int = 0
    clip: list[list[bytes]] = field(default_factory=encode)


def media_of(clip: list[list[bytes]], channel: int = 0, **kwargs: object) -> list[bytes]:
    """Return one row of interleaved bytes a picture."""
    rows = packets(clip, **kwargs)  # type: ignore[arg-type]
    return [b"".join(interleaved(packet, channel) for packet in row) for row in rows]


class ScriptedCamera:
    """Listens on a free port of 127.0.0.1 within ``async with``; ``requests`` are the heads received so far."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[str] = []
        self.connections = 0
        self.port = 0
        self._news = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/live"

    async def __aenter__(self) -> "ScriptedCamera":
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.vanish()

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def vanish(self) -> None:
        """Close the port and every connection."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.sleep(0)

    def send(self, data: bytes) -> None:
        """Send to everybody connected."""
        for writer in self._writers:
            writer.write(data)

    async def until(self, seen: Callable[["ScriptedCamera"], bool], timeout_s: float = 10.0) -> None:
        """Wait until ``seen`` holds; it is looked at after every request and connection."""
        async with asyncio.timeout(timeout_s), self._news:
            await self._news.wait_for(lambda: seen(self))

    def count(self, method: str) -> int:
        return sum(head.startswith(method + " ") for head in self.requests)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                if await self._answer(head, writer):
                    return
                async with self._news:
                    self.requests.append(head)
                    self._news.notify_all()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, head: str, writer: asyncio.StreamWriter) -> bool:
        script = self.script
        method, url, _ = head.split("\r\n", 1)[0].split(" ")
        cseq = (re.search(r"CSeq: (\d+)", head) or ["", "0"])[1]
        if method in script.answers:
            answer = script.answers[method]
            if isinstance(answer, list):
                answer = answer.pop(0) if answer else None
            if answer is not None:
                writer.write(answer.replace(b"CSEQ", cseq.encode()))
            return False
        if script.auth and not self._allowed(method, url, head):
            kind = (
                f'Digest realm="cam", nonce="{NONCE}{len(self.requests)}"'
                if script.auth == "digest"
                else 'Basic realm="cam"'
            )
            writer.write(f"RTSP/1.0 401 Unauthorized\r\nCSeq: {cseq}\r\nWWW-Authenticate: {kind}\r\n\r\n".encode())
            return False
        extra, body = "", b""
        if method == "DESCRIBE":
            body = self._sdp()
            extra = f"Content-Base: {url}/\r\nContent-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
        elif method == "SETUP":
            channel = script.channel
            extra = f"{script.session}\r\nTransport: RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}\r\n"
        elif method == "PLAY":
            writer.write(b"".join(script.media[: script.early]))
        writer.write(f"RTSP/1.0 200 OK\r\nCSeq: {cseq}\r\n{extra}\r\n".encode() + body)
        if method == "PLAY":
            writer.write(b"".join(script.media[script.early :]))
            await writer.drain()
            return script.after == "close"
        return method == "TEARDOWN"

    def _allowed(self, method: str, url: str, head: str) -> bool:
        script = self.script
        found = re.search(r"Authorization: (\w+) (.*)", head)
        if found is None:
            return False
        if found[1] == "Basic":
            return base64.b64decode(found[2]).decode() == f"{script.user}:{script.password}"
        values = dict(re.findall(r'(\w+)="([^"]*)"', found[2]))
        if script.fresh_nonces and any(values["nonce"] in old for old in self.requests):
            return False

        def digest(text: str) -> str:
            return md5(text.encode()).hexdigest()

        secret = digest(f"{script.user}:cam:{script.password}")
        return values["response"] == digest(f"{secret}:{values['nonce']}:{digest(f'{method}:{url}')}")

    def _sdp(self) -> bytes:
        sets = ",".join(base64.b64encode(nal).decode() for nal in parameter_sets(self.script.clip))
        sprop = f";sprop-parameter-sets={sets}" if self.script.sprop else ""
        return (
            "v=0\r\ns=x\r\nt=0 0\r\na=control:*\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
            f"a=fmtp:96 packetization-mode=1{sprop}\r\na=control:track1\r\n"
        ).encode()
