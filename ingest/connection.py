"""One RTSP connection to one camera: DESCRIBE, SETUP, PLAY, then access units until either side ends it.

A state machine driven by what arrives; it owns no task and no timer. Whoever owns it calls ``tick`` a few times a
second, and every state has a deadline, so that a camera that falls silent cannot hold anything up.

Whatever a camera sends, one connection keeps at most 96 KiB of unread input (a message has up to 80 KiB, an interleaved
packet 64), 64 KiB of unsent output, the parameter sets' 32 KiB and one access unit of up to 8 MiB.
"""

import asyncio
import random
from contextlib import suppress
from enum import Enum, auto
from typing import Protocol, cast

from camera_config.clock import Clock
from camera_config.errors import FeedError, FeedProtocol, FeedTransport, FeedUnreachable
from camera_config.networks import CameraNetworks
from ingest.access_unit import AccessUnit, ParameterSets
from ingest.auth import Credentials, SignIn, choose_challenge
from ingest.depacketise import Depacketiser, depacketiser_for
from ingest.dial import check_peer, dial
from ingest.gather import Gatherer
from ingest.rtcp import Reception
from ingest.rtsp import Message, Target, channels_of, joined, number_of, parse_message, redirected, request, session_of
from ingest.sdp import Track, parse_sdp
from ingest.tls import TlsPolicy

ANSWER_S = 5.0
"""Longest wait for each answer and, after PLAY, for the first packet."""

HANDSHAKE_S = 15.0
"""Longest from the connection to the first packet; a camera that answers byte by byte gets no more."""

KEEPALIVE_S = 25.0
"""Longest pause between keepalives; a session of less than twice this gets them at half its life."""

_RECEIVE_BYTES = 256 * 1024
_REST_BYTES = 96 * 1024
_RECEIVE = memoryview(bytearray(_REST_BYTES + _RECEIVE_BYTES))
"""Shared by all connections of the process: filled and copied out of within one callback of the event loop."""

_UNSENT_BYTES = 64 * 1024
_MESSAGES_A_TICK = 200
"""Answers and requests between two looks, of which a camera sends a handful; more only cost time."""

_DOLLAR = 0x24


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
    received; ``ended_in`` is the step in which the connection failed, ``moved`` where the camera sent us by it: a
    target for a new connection.

    Args:
        target: what to ask; one of another host than was configured (``foreign``) gets no credentials.
        credentials: user and password; None for those of the URL.
        sets: the stream's parameter sets; they outlive the connection.
        listener: who hears of it.
        clock: for deadlines, and against which the camera's is compared.
        tls: what the certificate of an ``rtsps://`` camera must be.
        networks: where cameras may be; None for any address, and then nobody sends us to another host.
    """

    def __init__(
        self,
        target: Target,
        credentials: Credentials | None,
        sets: ParameterSets,
        listener: Listener,
        clock: Clock,
        *,
        tls: TlsPolicy | None = None,
        networks: CameraNetworks | None = None,
    ) -> None:
        self.step = Step.DESCRIBE
        self.ended_in: Step | None = None
        self.moved: Target | None = None
        self.received_s = 0.0
        self.bytes = 0
        self._target = target
        self._sign_in = SignIn(None if target.foreign else credentials or target.credentials)
        self._tls = tls or TlsPolicy()
        self._networks = networks
        self._sets = sets
        self._listener = listener
        self._clock = clock
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._sent = 0
        self._request = ("", "", list[tuple[str, str]]())
        self._said = 0
        self._base = self._session = ""
        self._track: Track | None = None
        self._media: Depacketiser | None = None
        self._gatherer: Gatherer | None = None
        self._channel, self._report_channel = 0, -1
        self._reception = Reception(random.getrandbits(32))
        self._deadline_s = clock.monotonic_s() + ANSWER_S
        self._latest_s = float("inf")
        self._keepalive = "GET_PARAMETER"
        self._keepalive_pause_s = KEEPALIVE_S
        self._keepalive_s = float("inf")
        self._insisted = False

    @property
    def via(self) -> str:
        """How the camera is read: rtsp or rtsps."""
        return "rtsps" if self._target.tls else "rtsp"

    @property
    def clock_offset_s(self) -> float | None:
        """How far the camera's clock is ahead of ours; None if not known."""
        return self._reception.clock_offset_s

    @property
    def described_fps(self) -> float:
        """Pictures a second as the camera describes them; 0 when it says nothing."""
        return self._track.fps if self._track else 0.0

    @property
    def lost(self) -> int:
        """Packets missing by their sequence numbers."""
        return self._media.lost if self._media else 0

    @property
    def dropped(self) -> int:
        """Access units not delivered."""
        return self._media.dropped if self._media else 0

    async def connect(self, loop: asyncio.AbstractEventLoop) -> None:
        """Connect to the camera's host; from then on the listener is told.

        Raises:
            FeedError: see ``dial``.
        """
        await dial(loop, lambda: self, self._target, self._tls, self._networks)

    def tick(self, now_s: float) -> None:
        """Fail if the camera let a deadline pass; send what is due: a keepalive, a receiver report."""
        self._said = 0
        try:
            if self.step is Step.MEDIA:
                self._media_tick(now_s)
            elif self.step is not Step.OVER and now_s >= self._deadline_s:
                what = "packet after PLAY" if self.step is Step.FIRST_PACKET else f"answer to {self.step.name}"
                raise FeedUnreachable(f"no {what} within {ANSWER_S:.0f} s")
            elif self.step is not Step.OVER and now_s >= self._latest_s:
                raise FeedUnreachable(f"no packet within {HANDSHAKE_S:.0f} s of the connection")
        except FeedError as error:
            self._fail(error)

    def gather(self, fps: float, silence_s: float) -> None:
        """Let the kernel gather pictures that need not be here at once; ``fps`` as far as known, else 0."""
        transport = self._transport
        if self._media is None or transport is None:
            return
        if self._gatherer is None:
            self._gatherer = Gatherer(transport.get_extra_info("socket"))
        self._gatherer.look(self._media, fps, silence_s)

    def close(self) -> None:
        """End the session in good order; nothing is reported any more."""
        if self.step is Step.OVER:
            return
        transport, session = self._transport, self._session
        if transport is not None and session:
            with suppress(FeedError):
                self._send("TEARDOWN", self._base)
        self.step = Step.OVER
        if transport is not None:
            if transport.get_write_buffer_size():  # it does not read, and would keep the socket open for ever
                transport.abort()
            else:
                transport.close()

    def abort(self) -> None:
        """Drop the connection without a word; nothing is reported any more."""
        self.step = Step.OVER
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Make sure of who is there, and ask for the stream's description."""
        transport = cast("asyncio.Transport", transport)  # uvloop's is one without saying so
        self._transport = transport
        if self.step is Step.OVER:
            transport.abort()
            return
        self._base = self._target.url
        self._latest_s = self._clock.monotonic_s() + HANDSHAKE_S
        try:
            check_peer(transport, self._target, self._tls, self._networks)
            self._send("DESCRIBE", self._target.url, ("Accept", "application/sdp"))
        except FeedError as error:
            self._fail(error)

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
            return
        if self._gatherer is not None and self._media is not None:
            self._gatherer.received(self._media)

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
                if data[at + 1] == self._report_channel:
                    self._reported(data, at + 4, end)
                at = end
        return at

    def _video_came(self) -> None:
        self.received_s = self._clock.monotonic_s()
        if self.step is Step.FIRST_PACKET or self.step is Step.PLAY:
            if self.step is Step.PLAY:  # media may overtake the answer to PLAY; the answer is then of no interest
                self._keepalive_s = self.received_s + self._keepalive_pause_s
            self.step = Step.MEDIA
            self._listener.playing()

    def _reported(self, data: bytes, start: int, end: int) -> None:
        self._reception.take(data, start, end, self._clock.monotonic_s(), self._clock.now().timestamp())

    def _media_tick(self, now_s: float) -> None:
        if now_s >= self._keepalive_s:
            self._keepalive_s = now_s + self._keepalive_pause_s
            self._insisted = False
            self._send(self._keepalive, self._base)
        report = self._reception.due(self._media.sequence, self.lost, now_s) if self._media else b""
        if report:
            self._write(b"$%c%c%c" % (self._report_channel, 0, len(report)) + report)

    def _message(self, message: Message) -> None:
        self._said += 1
        if self._said > _MESSAGES_A_TICK:
            raise FeedProtocol("the camera talks and talks")
        if message.method:
            self._answer(message)
        elif number_of(message) not in (None, self._sent):
            return  # an answer that comes late, or to nothing
        elif self.step in (Step.MEDIA, Step.FIRST_PACKET):
            self._answered_late(message)
        elif message.status == 401:
            self._sign_in.asked(message.all("www-authenticate"), self.step)
            method, url, headers = self._request
            self._send(method, url, *headers)
        elif 300 <= message.status < 400:
            raise self._sent_on(message)
        elif message.status == 461:
            raise FeedTransport(f"the camera answers 461 to {self._request[0]}: it does not send over TCP")
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
        try:
            self._track = parse_sdp(message.body)
        except FeedProtocol as error:
            raise FeedTransport(str(error), hint=error.hint) from error
        self.step = Step.SETUP
        url = joined(self._base, self._track.control)
        self._send("SETUP", url, ("Transport", "RTP/AVP/TCP;unicast;interleaved=0-1"))

    def _set_up(self, message: Message) -> None:
        assert self._track is not None
        self._session, life_s = session_of(message)
        self._channel, self._report_channel = channels_of(message, 0)
        self._keepalive_pause_s = min(KEEPALIVE_S, life_s / 2)
        self._media = depacketiser_for(self._track, self._sets, self._listener.unit)
        self._base = joined(self._base, self._track.session_control)
        self.step = Step.PLAY
        self._send("PLAY", self._base, ("Range", "npt=0.000-"))

    def _answered_late(self, message: Message) -> None:
        if message.status == 454:
            raise FeedUnreachable("the camera ended the session")
        if message.status == 401:
            with suppress(FeedProtocol):
                self._sign_in.renew(choose_challenge(message.all("www-authenticate")))
        elif message.status in (400, 405, 501, 551):
            self._keepalive = "OPTIONS"
        else:
            return
        if self._request[0] in ("GET_PARAMETER", "OPTIONS") and not self._insisted:  # at the next it may be too late
            self._insisted = True
            self._send(self._keepalive, self._base)

    def _answer(self, message: Message) -> None:
        if message.method == "REDIRECT":
            raise self._sent_on(message)
        known = message.method in ("OPTIONS", "GET_PARAMETER", "SET_PARAMETER")
        status = "200 OK" if known else "501 Not Implemented"
        self._write(f"RTSP/1.0 {status}\r\nCSeq: {number_of(message) or 0}\r\n\r\n".encode("ascii"))

    def _sent_on(self, message: Message) -> FeedError:
        """Return the error that ends this connection; ``moved`` then says where to go on."""
        target = redirected(self._target, message.get("location"))
        if target.foreign and self._networks is None:
            return FeedProtocol("the camera sends us to another host; such redirects are refused")
        self.moved = target
        return FeedUnreachable(f"the camera sends us to {target.host}:{target.port}")

    def _send(self, method: str, url: str, *headers: tuple[str, str]) -> None:
        self._sent += 1
        self._request = (method, url, list(headers))
        self._deadline_s = self._clock.monotonic_s() + ANSWER_S
        session = [("Session", self._session)] if self._session else []
        self._write(request(method, url, self._sent, [*headers, *session, *self._sign_in.header(method, url)]))

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)
            if self._transport.get_write_buffer_size() > _UNSENT_BYTES:
                raise FeedProtocol("the camera asks and does not read the answers")

    def _fail(self, error: FeedError) -> None:
        if self.step is not Step.OVER:
            self.ended_in = self.step
            self.step = Step.OVER
            if self._transport is not None:
                self._transport.abort()
            self._listener.failed(error)
