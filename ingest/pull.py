"""Pulling one stream: connecting, waiting, judging how it is, and handing each unit on; nothing here waits."""

import asyncio
import logging
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from camera_config.clock import Clock
from camera_config.errors import FeedCredentials, FeedError, FeedTransport, FeedUnreachable
from ingest.access_unit import AccessUnit, ParameterSets
from ingest.auth import Credentials
from ingest.connection import Connection, Step
from ingest.door import Door
from ingest.feed import Feed, FeedKind, Which
from ingest.health import CLOCK_OFF_S, STALLED_S, STRETCHED_S, Condition, Note, Pace, State, judge
from ingest.reconnect import REFUSED_S, Backoff
from ingest.ring import RingWriter
from ingest.rtsp import Target, parse_target
from ingest.second_backend import PyavPull
from ingest.tally import Tally
from ingest.tls import TlsPolicy
from ingest.watch import SLOT_BYTES, Watch

log = logging.getLogger(__name__)

CONNECT_S = 5.0
"""Longest wait for the camera's host to take the connection."""

UNANSWERED_S = 1.0
"""After this long without a TCP handshake a feed is called unreachable, though the attempt goes on."""

GIVE_UP_S = 0.5
"""A stalled feed's connection is dropped this long after the stall was seen."""

STEADY_S = 5.0
"""A connection that played this long held: the next failure begins with a short pause again."""

AWAY_S = 3.0
"""A sub-stream without a picture for so long, or longer where that is usual for it, is not watched."""

SECOND_S = 3600.0
"""A stream that our own client does not take is pulled by the second backend for so long; then ours is tried again."""

NOTED_S = 60.0
"""What was odd is told for so long after it was last seen."""


class Phase(Enum):
    """What a stream's pulling waits for."""

    PAUSE = auto()
    QUEUE = auto()
    CONNECT = auto()
    CONNECTED = auto()
    SHUT = auto()
    STOPPED = auto()


@dataclass(slots=True)
class Moment:
    """What all pulls are told at each look: ``wall_s`` is unix time less monotonic time; ``outage``: many are down."""

    wall_s: float
    outage: bool = False


class StreamPull:
    """Pulls one stream, for as long as ``tick`` is called; implements ``connection.Listener``.

    It owns no task except, for the moment of connecting, the one that connects.
    """

    def __init__(
        self,
        feed: Feed,
        which: Which,
        name: str,
        url: str,
        watch: Watch,
        clock: Clock,
        moment: Moment,
        *,
        dice: random.Random,
        tally: Tally,
        on_change: Callable[[State, str], None] | None,
    ) -> None:
        self.feed = feed
        self.which = which
        self.name = name
        self.phase = Phase.PAUSE
        self.condition = Condition(State.UNKNOWN, clock.now().timestamp(), "not asked yet")
        self.pace = Pace()
        self.door = Door()
        self.sets = ParameterSets()
        self.frames = self.plays = 0
        self.last_frame_s = 0.0
        self.via: str | None = None
        self._url = url
        self._watch = watch
        self._clock = clock
        self._moment = moment
        self._tally = tally
        self._on_change = on_change
        self._backoff = Backoff(dice)
        self._retry_s = self._since_s = self._opened_s = 0.0
        self._ring: RingWriter | None = None
        self._ring_oversize_s = -math.inf
        self._target: Target | None = None
        self._moved: Target | None = None
        self._second_until_s = 0.0
        self._udp = False
        self._used: Credentials | None = None
        self._connection: Connection | PyavPull | None = None
        self._task: asyncio.Task[None] | None = None
        self._broken = True
        self._missed = 0
        self._lost = self._dropped = self._bytes = 0

    def open(self, rings: Path | None, ring_bytes: int) -> None:
        """Open the ring; a URL that cannot be asked is this stream's state and nobody else's trouble.

        Raises:
            OSError: no room for the ring; the stream is pulled all the same.
        """
        try:
            self._target = parse_target(self._url)
        except ValueError as error:
            self._retry_s = math.inf
            self._change(State.UNREACHABLE, str(error))
        self._opened_s = self._clock.monotonic_s()
        if rings is not None:
            self._ring = RingWriter(rings / self.name, ring_bytes)
            self.sets = ParameterSets(self._ring.epoch)

    def tick(self, now_s: float) -> bool:
        """Let time pass; return whether the stream asks to be let through the handshake gate."""
        if self.phase is Phase.PAUSE and (now_s >= self._retry_s or self._has_other_credentials()):
            self.phase = Phase.QUEUE
            return True
        if self.phase is Phase.CONNECT:
            self._connecting(now_s)
        elif self.phase is Phase.CONNECTED and self._connection is not None:
            self._connection.tick(now_s)
            if self._connection is not None and self._connection.step is Step.MEDIA:
                self._judge(self._connection, now_s)
        return False

    def connect(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to connect; the gate let us through."""
        target = self._moved or self._target
        if self.phase is not Phase.QUEUE or target is None:
            return
        self._moved = None
        self.phase = Phase.CONNECT
        self._since_s = self._clock.monotonic_s()
        connection = self._new_connection(target)
        self._connection = connection
        self.via = connection.via
        self._task = loop.create_task(self._connect(loop, connection))

    def shut(self, cause: str) -> None:
        """Pull nothing while there is a ``cause`` for it; empty: pull again."""
        if self.phase is Phase.SHUT and not cause:
            self.phase = Phase.PAUSE
            self._retry_s = 0.0 if self._target is not None else math.inf
            self._change(State.UNKNOWN, "not asked yet")
        elif cause and self.phase is not Phase.STOPPED:
            if self._task is not None:
                self._task.cancel()
            self._leave(polite=True)
            self.phase = Phase.SHUT
            if self.condition.state is not State.CLOSED:
                self._tally.warn("feed.closed", f"feed={self.name}: {cause}")
            self._change(State.CLOSED, cause)

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
        """Release the ring."""
        if self._ring is not None:
            self._ring.close()

    @property
    def down(self) -> bool:
        """Whether no picture comes from here, nor will without a new connection."""
        return self.phase is not Phase.CONNECTED and self.phase is not Phase.STOPPED

    @property
    def lost(self) -> int:
        """RTP packets missing."""
        return self._lost + (self._connection.lost if self._connection else 0)

    @property
    def dropped(self) -> int:
        """Access units not complete, or not to be decoded after a gap."""
        return self._dropped + (self._connection.dropped if self._connection else 0)

    @property
    def bytes(self) -> int:
        """Everything received."""
        return self._bytes + (self._connection.bytes if self._connection else 0)

    @property
    def ring_oversize(self) -> int:
        """Units larger than half the ring."""
        return self._ring.oversize if self._ring else 0

    @property
    def clock_offset_s(self) -> float | None:
        """How far the camera's clock is ahead of ours; None if not known."""
        return self._connection.clock_offset_s if self._connection else None

    def notes(self, now_s: float) -> set[Note]:
        """Return what is odd about the stream, which is seen all the same."""
        offset_s = self.clock_offset_s
        odd = {
            Note.STRETCHED_GOP: self.pace.gop_s > STRETCHED_S,
            Note.CLOCK_OFF: offset_s is not None and abs(offset_s) > CLOCK_OFF_S,
            Note.FLOOD: now_s - self.door.dropped_s < NOTED_S,
            Note.BIG_KEYFRAMES: now_s - self._ring_oversize_s < NOTED_S,
        }
        return {note for note, holds in odd.items() if holds}

    def away(self, now_s: float) -> bool:
        """Return whether nothing to look at has come from here for ``AWAY_S``, or longer where that is usual."""
        if self.condition.state is State.NO_KEYFRAME:
            return True
        plays = self.condition.state in (State.ONLINE, State.LATE)
        return now_s - max(self.last_frame_s, self._opened_s) > max(AWAY_S, self.pace.usual_s if plays else 0.0)

    def playing(self) -> None:
        """Note the first packet of a connection."""
        assert self._connection is not None
        self.plays += 1
        self._since_s = self._clock.monotonic_s()
        self.pace.described_fps = self._connection.described_fps
        self.door.describe(self._connection.described_fps)
        self._broken = True
        self._missed = 0
        self.pace.begin(self.frames)
        self._change(State.ONLINE, "")

    def unit(self, unit: AccessUnit) -> None:
        """Count a picture, leave it in the ring, and hand a keyframe of the watched stream on."""
        connection, watch, ring = self._connection, self._watch, self._ring
        assert connection is not None
        now_s, key = connection.received_s, unit.key
        if not self.door.admits(now_s, key):
            self._broken = True
            return
        self.frames += 1
        self.last_frame_s = now_s
        if key:
            self.pace.keyframe(now_s)
            missed = connection.lost + connection.dropped
            if missed != self._missed:
                self._missed = missed
                self._broken = True
            if watch.which is not self.which and self.which is Which.SUB and unit.size <= SLOT_BYTES:
                watch.turn_to(Which.SUB)
        if ring is not None:
            at, sets = now_s + self._moment.wall_s, self.sets
            fits = ring.put(unit, at=at, mono_s=now_s, broken=self._broken, width=sets.width, height=sets.height)
            self._broken = False
            if not fits:
                self._ring_oversize_s = now_s
                self._tally.warn("feed.ring_oversize", f"stream={self.name} bytes={unit.size}")
        if watch.which is self.which:
            if key:
                watch.keyframe(unit, now_s, now_s + self._moment.wall_s)
            else:
                watch.picture(unit.size)

    def failed(self, error: FeedError) -> None:
        """Note that the connection ended, and plan the next."""
        connection = self._connection
        assert connection is not None
        ended_in = connection.ended_in
        self._moved = connection.moved
        self._leave(polite=False)
        if isinstance(error, FeedTransport) and isinstance(connection, Connection):
            self._second_until_s = self._clock.monotonic_s() + SECOND_S
            self._udp = ended_in is Step.SETUP
            log.info("feed.second_backend stream=%s udp=%s: %s", self.name, self._udp, error)
            self._again()
            return
        if self._moved is not None:
            self._again()
            return
        silent = ended_in is Step.FIRST_PACKET
        refused = isinstance(error, FeedCredentials)
        state = State.BAD_CREDENTIALS if refused else State.STALLED if silent else State.UNREACHABLE
        pause_s = REFUSED_S if refused else self._backoff.pause_s(outage=self._moment.outage)
        self._pause(state, f"{error.code}: {error}", pause_s)

    def _new_connection(self, target: Target) -> Connection | PyavPull:
        feed = self.feed
        self._used = who = feed.credentials() if feed.credentials else None
        tls = TlsPolicy(ca_file=feed.ca_file, pin=feed.pin() if feed.pin else None)
        if self._clock.monotonic_s() < self._second_until_s:
            return PyavPull(target, who, self.sets, self, self._clock, udp=self._udp, tls=tls, networks=feed.networks)
        return Connection(target, who, self.sets, self, self._clock, tls=tls, networks=feed.networks)

    def _again(self) -> None:
        """Ask once more without a pause; nothing is told of it."""
        self.phase = Phase.PAUSE
        self._retry_s = 0.0

    async def _connect(self, loop: asyncio.AbstractEventLoop, connection: Connection | PyavPull) -> None:
        try:
            await connection.connect(loop)
        except FeedError as error:
            if self._connection is connection:
                self.failed(error)
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

    def _has_other_credentials(self) -> bool:
        """Return whether what the camera refused was changed meanwhile."""
        if self.condition.state is not State.BAD_CREDENTIALS or self.feed.credentials is None:
            return False
        return self.feed.credentials() != self._used

    def _judge(self, connection: Connection | PyavPull, now_s: float) -> None:
        if isinstance(connection, PyavPull) and now_s >= self._second_until_s:
            self._leave(polite=True)
            self._again()
            return
        pace = self.pace
        pace.look(now_s, self.frames)
        plays_s = now_s - self._since_s
        if plays_s >= STEADY_S:
            self._backoff.reset()
        silence_s = now_s - connection.received_s
        if isinstance(connection, Connection) and self.feed.kind is not FeedKind.CHECKPOINT:
            connection.gather(pace.fps(now_s, self.frames), silence_s)
        usual_s = pace.usual_s
        watched = self._watch.which is self.which
        key_s = self._watch.key_s if watched else pace.key_s
        state = judge(silence_s, usual_s, min(plays_s, now_s - key_s), pace.gop_s)
        given_up_s = max(STALLED_S, usual_s) + GIVE_UP_S
        if state is State.STALLED and silence_s > given_up_s and self.condition.state is State.STALLED:
            pace.ended_silent()
            self._leave(polite=True)
            self._pause(State.STALLED, f"no packet for {silence_s:.1f} s", 0.0)
            return
        cause = {
            State.STALLED: "no packets",
            State.LATE: "packets come late",
            State.NO_KEYFRAME: "every keyframe is larger than the slot"
            if watched and self._watch.oversize_s > key_s
            else "no keyframe comes",
        }.get(state, "")
        self._change(state, cause)

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

    def _pause(self, state: State, cause: str, pause_s: float) -> None:
        self.phase = Phase.PAUSE
        self._retry_s = self._clock.monotonic_s() + pause_s
        if state is not self.condition.state:
            self._tally.warn(f"feed.{state}", f"feed={self.name} retry_s={pause_s:.1f}: {cause}")
        self._change(state, cause)

    def _change(self, state: State, cause: str) -> None:
        before = self.condition.state
        self.condition = self.condition.then(state, cause, self._clock.now().timestamp())
        if state is not before and self._on_change is not None:
            self._on_change(state, cause)
