"""One feed: what is asked of it, how it is, and everything that is remembered over its connections."""

import asyncio
import math
import os
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from pathlib import Path

from camera_config.clock import Clock
from camera_config.errors import FeedCredentials, FeedError, FeedUnreachable
from camera_config.ids import FeedId
from ingest.access_unit import AccessUnit, ParameterSets
from ingest.auth import Credentials
from ingest.connection import Connection, Step
from ingest.gate import MotionGate
from ingest.health import STALLED_S, Condition, State, judge
from ingest.reconnect import REFUSED_S, Backoff
from ingest.rtsp import Target, parse_target
from ingest.slot import SlotWriter
from ingest.tally import Tally

CONNECT_S = 5.0
"""Longest wait for the camera's host to take the connection."""

UNANSWERED_S = 1.0
"""After this long without a TCP handshake a feed is called unreachable, though the attempt goes on."""

GIVE_UP_S = 0.5
"""A stalled feed's connection is dropped this long after the stall was seen."""

STEADY_S = 5.0
"""A connection that played this long held: the next failure begins with a short pause again."""

SLOT_BYTES = 768 * 1024

_FPS_WINDOW = 6


class FeedKind(StrEnum):
    """What kind of device delivers the feed; a checkpoint goes first and is never gated."""

    CHECKPOINT = "checkpoint"
    CAMERA = "camera"


@dataclass(frozen=True, slots=True)
class Feed:
    """A stream to pull. ``credentials`` is asked at every connection; the URL is never shown: it may hold them too.

    Raises:
        ValueError: the id cannot be the name of a file.
    """

    id: FeedId
    url: str = field(repr=False)
    kind: FeedKind = FeedKind.CAMERA
    credentials: Callable[[], Credentials | None] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.id or "/" in self.id or self.id.startswith("."):
            raise ValueError(f"a feed's id names its slot file, {self.id!r} cannot")


@dataclass(frozen=True, slots=True)
class FeedStatus:
    """A feed at one moment; counts are totals since the receiver was made.

    ``since`` and ``last_frame_at`` are unix seconds; ``gop_s`` is the last time between keyframes, 0 when not known.
    ``keyframes_received`` = ``gated`` + ``offered``, always; those larger than the slot are not among them but in
    ``oversize``. ``frames_received`` are complete access units from the first keyframe of a connection on; ``dropped``
    those that were not complete or could not be decoded after a gap; ``lost`` RTP packets; ``bytes`` everything.
    """

    feed: FeedId
    kind: FeedKind
    state: State
    since: float
    cause: str
    fps: float
    last_frame_at: float | None
    keyframes_received: int
    gated: int
    offered: int
    oversize: int
    frames_received: int
    dropped: int
    bytes: int
    gop_s: float
    reconnects: int
    lost: int
    width: int
    height: int


OnState = Callable[[Feed, State, str], None]
OnUnit = Callable[[Feed, AccessUnit], None]


class Phase(Enum):
    """What a feed's pulling waits for."""

    PAUSE = auto()
    QUEUE = auto()
    CONNECT = auto()
    CONNECTED = auto()
    STOPPED = auto()


class FeedPull:
    """Pulls one feed, for as long as ``tick`` is called; implements ``connection.Listener``.

    It owns no task except, for the moment of connecting, the one that connects.
    """

    def __init__(
        self,
        feed: Feed,
        clock: Clock,
        *,
        dice: random.Random,
        tally: Tally,
        on_state: OnState | None,
        on_unit: OnUnit | None,
        gate_floor_s: float,
    ) -> None:
        self.feed = feed
        self.phase = Phase.PAUSE
        self.condition = Condition(State.UNKNOWN, clock.now().timestamp(), "not asked yet")
        self._clock = clock
        self._tally = tally
        self._on_state = on_state
        self._on_unit = on_unit
        self._gate = MotionGate(gate_floor_s) if feed.kind is FeedKind.CAMERA else None
        self._backoff = Backoff(dice)
        self._retry_s = 0.0
        self._since_s = 0.0
        self._writer: SlotWriter | None = None
        self._sets = ParameterSets()
        self._target: Target | None = None
        self._connection: Connection | None = None
        self._task: asyncio.Task[None] | None = None
        self._plays = 0
        self._last_frame_s = self._last_key_s = 0.0
        self._frames = self._keys = self._gated = self._offered = self._oversize = 0
        self._lost = self._dropped = self._bytes = 0
        self._gop_s = 0.0
        self._seconds: deque[tuple[float, int]] = deque(maxlen=_FPS_WINDOW)

    def open(self, slots: Path) -> None:
        """Open the slot; a URL that cannot be asked is this feed's state and nobody else's trouble."""
        self._writer = SlotWriter(slots / self.feed.id, SLOT_BYTES)
        self._sets = ParameterSets(self._writer.epoch)
        try:
            self._target = parse_target(self.feed.url)
        except ValueError as error:
            self._retry_s = math.inf
            self._change(State.UNREACHABLE, str(error))

    def tick(self, now_s: float) -> bool:
        """Let time pass; return whether the feed asks to be let through the handshake gate."""
        if self.phase is Phase.PAUSE and now_s >= self._retry_s:
            self.phase = Phase.QUEUE
            return True
        if self.phase is Phase.CONNECT:
            self._connecting(now_s)
        elif self.phase is Phase.CONNECTED and self._connection is not None:
            self._connection.tick(now_s)
            if self._connection is not None and self._connection.step is Step.MEDIA:
                self._watch(self._connection, now_s)
        return False

    def connect(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to connect; the gate let us through."""
        if self.phase is not Phase.QUEUE or self._target is None:
            return
        self.phase = Phase.CONNECT
        self._since_s = self._clock.monotonic_s()
        who = self.feed.credentials() if self.feed.credentials else None
        connection = Connection(self._target, who, self._sets, self, self._clock)
        self._connection = connection
        self._task = loop.create_task(self._connect(loop, self._target, connection))

    def stop(self) -> None:
        """Stop pulling; totals are final from here on."""
        if self.phase is Phase.STOPPED:
            return
        if self._task is not None:
            self._task.cancel()
        self._leave(polite=True)
        self.phase = Phase.STOPPED
        self.condition = self.condition.then(State.UNKNOWN, "not pulled any more", self._clock.now().timestamp())

    def close(self) -> None:
        """Release the slot."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def status(self, now_s: float, at: float) -> FeedStatus:
        """Return how the feed is at monotonic ``now_s``, which is wall time ``at``."""
        connection = self._connection
        return FeedStatus(
            feed=self.feed.id,
            kind=self.feed.kind,
            state=self.condition.state,
            since=self.condition.since,
            cause=self.condition.cause,
            fps=round(self._fps(now_s), 1),
            last_frame_at=at - (now_s - self._last_frame_s) if self._last_frame_s else None,
            keyframes_received=self._keys,
            gated=self._gated,
            offered=self._offered,
            oversize=self._oversize,
            frames_received=self._frames,
            dropped=self._dropped + (connection.dropped if connection else 0),
            bytes=self._bytes + (connection.bytes if connection else 0),
            gop_s=round(self._gop_s, 3),
            reconnects=max(0, self._plays - 1),
            lost=self._lost + (connection.lost if connection else 0),
            width=self._sets.width,
            height=self._sets.height,
        )

    def playing(self) -> None:
        """Note the first packet of a connection."""
        self._plays += 1
        self._since_s = self._clock.monotonic_s()
        self._seconds.clear()
        self._change(State.ONLINE, "")

    def unit(self, unit: AccessUnit) -> None:
        """Count a picture; put a keyframe that passes the gate into the slot."""
        assert self._connection is not None
        self._frames += 1
        self._last_frame_s = self._connection.received_s
        if self._on_unit is not None:
            self._on_unit(self.feed, unit)
        if unit.key:
            self._keyframe(unit, self._last_frame_s)
        elif self._gate is not None:
            self._gate.picture(unit.size)

    def failed(self, error: FeedError) -> None:
        """Note that the connection ended, and plan the next."""
        silent = self._connection is not None and self._connection.ended_in is Step.FIRST_PACKET
        self._leave(polite=False)
        refused = isinstance(error, FeedCredentials)
        state = State.BAD_CREDENTIALS if refused else State.STALLED if silent else State.UNREACHABLE
        self._pause(state, f"{error.code}: {error}", REFUSED_S if refused else self._backoff.pause_s())

    def _keyframe(self, unit: AccessUnit, now_s: float) -> None:
        assert self._writer is not None
        if unit.size > self._writer.capacity:
            self._oversize += 1
            self._tally.warn("feed.oversize", f"feed={self.feed.id} bytes={unit.size}")
            return
        self._keys += 1
        if self._last_key_s:
            self._gop_s = now_s - self._last_key_s
        self._last_key_s = now_s
        if self._gate is not None and not self._gate.offers(now_s):
            self._gated += 1
            return
        at = self._clock.now().timestamp()
        number = self._writer.sequence + 1
        self._writer.put(unit.payload, sequence=number, at=at, mono_s=now_s, epoch=unit.epoch)
        self._offered += 1

    async def _connect(self, loop: asyncio.AbstractEventLoop, target: Target, connection: Connection) -> None:
        try:
            await loop.create_connection(lambda: connection, target.host, target.port)
        except (OSError, UnicodeError) as error:
            why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else type(error).__name__
            if self._connection is connection:
                self.failed(FeedUnreachable(f"no connection to {target.host}:{target.port}: {why}"))
        else:
            if self._connection is connection and self.phase is Phase.CONNECT:
                self.phase = Phase.CONNECTED
                self._task = None

    def _connecting(self, now_s: float) -> None:
        waited_s = now_s - self._since_s
        if waited_s >= CONNECT_S:
            if self._task is not None:
                self._task.cancel()
            self.failed(FeedUnreachable(f"no connection within {CONNECT_S:.0f} s"))
        elif waited_s >= UNANSWERED_S and self.condition.state in (State.UNKNOWN, State.STALLED):
            self._change(State.UNREACHABLE, "feed-unreachable: the camera's host does not answer")

    def _watch(self, connection: Connection, now_s: float) -> None:
        if not self._seconds or now_s - self._seconds[-1][0] >= 1.0:
            self._seconds.append((now_s, self._frames))
        plays_s = now_s - self._since_s
        if plays_s >= STEADY_S:
            self._backoff.reset()
        silence_s = now_s - connection.received_s
        keyless_s = min(plays_s, now_s - self._last_key_s)
        fps = self._fps(now_s)
        state = judge(silence_s, fps, keyless_s, self._gop_s)
        if state is State.STALLED and silence_s > STALLED_S + GIVE_UP_S and self.condition.state is State.STALLED:
            self._leave(polite=True)
            self._pause(State.STALLED, f"no packet for {silence_s:.1f} s", 0.0)
            return
        cause = {
            State.STALLED: "no packets",
            State.LATE: "packets come late",
            State.NO_KEYFRAME: "every keyframe is larger than the slot" if self._oversize else "no keyframe comes",
        }.get(state, "")
        self._change(state, cause)

    def _fps(self, now_s: float) -> float:
        if not self._seconds:
            return 0.0
        then_s, frames = self._seconds[0]
        return (self._frames - frames) / (now_s - then_s) if now_s - then_s >= 0.5 else 0.0

    def _leave(self, *, polite: bool) -> None:
        connection, self._connection, self._task = self._connection, None, None
        if connection is None:
            return
        if polite:
            connection.close()
        else:
            connection.abort()
        self._lost += connection.lost
        self._dropped += connection.dropped
        self._bytes += connection.bytes
        self._seconds.clear()

    def _pause(self, state: State, cause: str, pause_s: float) -> None:
        self.phase = Phase.PAUSE
        self._retry_s = self._clock.monotonic_s() + pause_s
        if state is not self.condition.state:
            self._tally.warn(f"feed.{state}", f"feed={self.feed.id} retry_s={pause_s:.1f}: {cause}")
        self._change(state, cause)

    def _change(self, state: State, cause: str) -> None:
        before = self.condition.state
        self.condition = self.condition.then(state, cause, self._clock.now().timestamp())
        if state is not before and self._on_state is not None:
            self._on_state(self.feed, state, cause)
