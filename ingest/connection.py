"""One RTSP connection to one camera: DESCRIBE, SETUP, PLAY, then access units until either side ends it.

A state machine driven by what arrives; it owns no task and no timer. Whoever owns it calls ``tick`` a few times a
second, and every state has a deadline, so that a camera that falls silent cannot hold anything up.
"""

import asyncio
from contextlib import suppress
from enum import Enum, auto
from typing import Protocol

from camera_config.clock import Clock
from camera_config.errors import FeedCredentials, FeedError, FeedProtocol, FeedUnreachable
from ingest.access_unit import AccessUnit, ParameterSets
from ingest.auth import Challenge, Credentials, authorization, choose_challenge
from ingest.h264 import Depacketiser
from ingest.rtsp import Message, Target, channel_of, joined, parse_message, request, session_of
from ingest.sdp import Track, parse_sdp

ANSWER_S = 5.0
"""Longest wait for each answer and, after PLAY, for the first packet."""

KEEPALIVE_S = 25.0
"""Longest pause between keepalives; a session of less than twice this gets them at half its life."""

_RECEIVE_BYTES = 256 * 1024
_REST_BYTES = 96 * 1024
_RECEIVE = memoryview(bytearray(_REST_BYTES + _RECEIVE_BYTES))
"""Shared by all connections of the process: filled and copied out of within one callback of the event loop."""

_DOLLAR = 0x24
_SIGN_INS = 8
"""Challenges answered in one connection; a camera with a fresh nonce for each request needs three."""


class Step(Enum):
    """What the connection waits for."""

    DESCRIBE = auto()
    SETUP = auto()
    PLAY = auto()
    FIRST_PACKET = auto()
    MEDIA = auto()
    OVER = auto()


class Listener(Protocol):
    """Who the connection reports to; called on the event loop, never after ``close`` or ``failed``."""

    def playing(self) -> None:
        """Say that the first packet came."""

    def unit(self, unit: AccessUnit) -> None:
        """Take a complete access unit; ``Connection.received_s`` is when it came."""

    def failed(self, error: FeedError) -> None:
        """Say that the connection ended and why."""


class Connection(asyncio.BufferedProtocol):
    """The protocol object for ``loop.create_connection``.

    ``received_s`` is the monotonic time of the last video packet, 0 before the first; ``bytes`` counts everything
    received; ``ended_in`` is the step in which the connection failed.
    """

    def __init__(
        self, target: Target, credentials: Credentials | None, sets: ParameterSets, listener: Listener, clock: Clock
    ) -> None:
        self.step = Step.DESCRIBE
        self.ended_in: Step | None = None
        self.received_s = 0.0
        self.bytes = 0
        self._target = target
        self._credentials = credentials or target.credentials
        self._sets = sets
        self._listener = listener
        self._clock = clock
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._sent = 0
        self._request = ("", "", list[tuple[str, str]]())
        self._challenge: Challenge | None = None
        self._challenge_used = self._sign_ins = 0
        self._signed_in: Step | None = None
        self._base = self._session = ""
        self._track: Track | None = None
        self._media: Depacketiser | None = None
        self._channel = 0
        self._deadline_s = clock.monotonic_s() + ANSWER_S
        self._keepalive = "GET_PARAMETER"
        self._keepalive_pause_s = KEEPALIVE_S
        self._keepalive_s = float("inf")

    @property
    def lost(self) -> int:
        """Packets missing by their sequence numbers."""
        return self._media.lost if self._media else 0

    @property
    def dropped(self) -> int:
        """Access units not delivered."""
        return self._media.dropped if self._media else 0

    def tick(self, now_s: float) -> None:
        """Fail if the camera let a deadline pass; send a keepalive when one is due."""
        if self.step in (Step.MEDIA, Step.OVER):
            if now_s >= self._keepalive_s and self.step is Step.MEDIA:
                self._keepalive_s = now_s + self._keepalive_pause_s
                self._send(self._keepalive, self._base)
        elif now_s >= self._deadline_s:
            what = "packet after PLAY" if self.step is Step.FIRST_PACKET else f"answer to {self.step.name}"
            self._fail(FeedUnreachable(f"no {what} within {ANSWER_S:.0f} s"))

    def close(self) -> None:
        """End the session in good order; nothing is reported any more."""
        if self.step is Step.OVER:
            return
        transport, session = self._transport, self._session
        if transport is not None and session:
            self._send("TEARDOWN", self._base)
        self.step = Step.OVER
        if transport is not None:
            transport.close()

    def abort(self) -> None:
        """Drop the connection without a word; nothing is reported any more."""
        self.step = Step.OVER
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream's description."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self.step is Step.OVER:
            transport.abort()
            return
        self._deadline_s = self._clock.monotonic_s() + ANSWER_S
        self._base = self._target.url
        self._send("DESCRIBE", self._target.url, ("Accept", "application/sdp"))

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 asyncio's signature
        """Return the shared buffer behind what is left from the last call."""
        rest = len(self._rest)
        _RECEIVE[:rest] = self._rest
        return _RECEIVE[rest:]

    def buffer_updated(self, nbytes: int) -> None:
        """Take what arrived."""
        if self.step is Step.OVER:
            return
        self.bytes += nbytes
        data = bytes(_RECEIVE[: len(self._rest) + nbytes])
        try:
            self._rest = data[self._take(data) :]
            if len(self._rest) > _REST_BYTES:
                raise FeedProtocol("an RTSP message that does not end")
        except FeedError as error:
            self._fail(error)

    def eof_received(self) -> None:
        """Let the transport close; ``connection_lost`` reports it."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Report the end of a live stream, which is always a failure."""
        self._transport = None
        why = f": {exc.strerror}" if isinstance(exc, OSError) and exc.strerror else ""
        self._fail(FeedUnreachable(f"the camera closed the connection{why}"))

    def _take(self, data: bytes) -> int:
        """Take whole packets and messages from ``data``; return how many bytes that were."""
        at, length = 0, len(data)
        seen = False
        while length - at >= 4:
            if data[at] != _DOLLAR:
                parsed = parse_message(data, at)
                if parsed is None:
                    break
                message, at = parsed
                self._message(message)
                if self.step is Step.OVER:
                    return length
            elif self._media is not None and data[at + 1] == self._channel:
                if not seen:
                    seen = True
                    self._video_came()
                after = self._media.take(data, at, self._channel)
                if after == at:
                    break
                at = after
            else:
                end = at + 4 + (data[at + 2] << 8 | data[at + 3])
                if end > length:
                    break
                at = end
        return at

    def _video_came(self) -> None:
        self.received_s = self._clock.monotonic_s()
        if self.step is Step.FIRST_PACKET or self.step is Step.PLAY:
            if self.step is Step.PLAY:  # media may overtake the answer to PLAY; the answer is then of no interest
                self._keepalive_s = self.received_s + self._keepalive_pause_s
            self.step = Step.MEDIA
            self._listener.playing()

    def _message(self, message: Message) -> None:
        if message.method:
            self._answer(message)
        elif self.step in (Step.MEDIA, Step.FIRST_PACKET):
            self._answered_late(message)
        elif message.status == 401:
            self._sign_in(message)
        elif 300 <= message.status < 400:
            raise FeedProtocol("the camera sends us elsewhere; redirects are refused")
        elif message.status != 200:
            raise FeedProtocol(f"the camera answers {message.status} to {self._request[0]}")
        elif self.step is Step.DESCRIBE:
            self._described(message)
        elif self.step is Step.SETUP:
            self._set_up(message)
        else:
            now_s = self._clock.monotonic_s()
            self.step = Step.FIRST_PACKET
            self._deadline_s = now_s + ANSWER_S
            self._keepalive_s = now_s + self._keepalive_pause_s

    def _described(self, message: Message) -> None:
        self._base = joined(message.get("content-base") or message.get("content-location") or self._target.url, "*")
        self._track = parse_sdp(message.body)
        for nal in self._track.parameter_sets:
            with suppress(FeedProtocol):  # what is wrong here may be right in the stream
                self._sets.add(nal)
        self.step = Step.SETUP
        url = joined(self._base, self._track.control)
        self._send("SETUP", url, ("Transport", "RTP/AVP/TCP;unicast;interleaved=0-1"))

    def _set_up(self, message: Message) -> None:
        assert self._track is not None
        self._session, life_s = session_of(message)
        self._channel = channel_of(message, 0)
        self._keepalive_pause_s = min(KEEPALIVE_S, life_s / 2)
        self._media = Depacketiser(self._track.payload_type, self._sets, self._listener.unit)
        self._base = joined(self._base, self._track.session_control)
        self.step = Step.PLAY
        self._send("PLAY", self._base, ("Range", "npt=0.000-"))

    def _sign_in(self, message: Message) -> None:
        method, url, headers = self._request
        challenge = choose_challenge(message.all("www-authenticate"))
        if self._credentials is None:
            raise FeedCredentials("the camera asks for user and password and none are set")
        if self._signed_in is self.step and not challenge.stale:
            raise FeedCredentials("the camera refuses user or password")
        self._sign_ins += 1
        if self._sign_ins > _SIGN_INS:
            raise FeedProtocol("the camera's sign-in never ends")
        self._signed_in = self.step
        self._challenge, self._challenge_used = challenge, 0
        self._send(method, url, *headers)

    def _answered_late(self, message: Message) -> None:
        if message.status == 454:
            raise FeedUnreachable("the camera ended the session")
        if message.status == 401 and self._credentials is not None:
            self._challenge, self._challenge_used = choose_challenge(message.all("www-authenticate")), 0
        elif message.status in (400, 405, 501, 551):
            self._keepalive = "OPTIONS"

    def _answer(self, message: Message) -> None:
        if message.method == "REDIRECT":
            raise FeedProtocol("the camera sends us elsewhere; redirects are refused")
        if self._transport is not None:
            cseq = "".join(filter(str.isdigit, message.get("cseq")))[:10] or "0"
            known = message.method in ("OPTIONS", "GET_PARAMETER", "SET_PARAMETER")
            status = "200 OK" if known else "501 Not Implemented"
            self._transport.write(f"RTSP/1.0 {status}\r\nCSeq: {cseq}\r\n\r\n".encode("ascii"))

    def _send(self, method: str, url: str, *headers: tuple[str, str]) -> None:
        assert self._transport is not None
        self._sent += 1
        self._request = (method, url, list(headers))
        self._deadline_s = self._clock.monotonic_s() + ANSWER_S
        extra = [("Session", self._session)] if self._session else []
        if self._challenge is not None and self._credentials is not None:
            self._challenge_used += 1
            answer = authorization(self._challenge, self._credentials, method, url, self._challenge_used)
            extra.append(("Authorization", answer))
        self._transport.write(request(method, url, self._sent, [*headers, *extra]))

    def _fail(self, error: FeedError) -> None:
        if self.step is not Step.OVER:
            self.ended_in = self.step
            self.step = Step.OVER
            if self._transport is not None:
                self._transport.abort()
            self._listener.failed(error)
