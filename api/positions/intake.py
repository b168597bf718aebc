"""Positions from another system's Redis stream: judged at the same border as those over HTTP, put on the same bus.

The place up to which the stream is read lies on our bus and moves in the same step in which a batch is put there: a
restart of anything, at any moment, neither loses nor repeats. Nothing of the other system stops us: what fails is tried
again, what cannot be read is counted and named without what it says.
"""

import asyncio
import hashlib
import logging
import random
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError

from api.live.entries import START, StreamId, compact, stream_id, written
from api.log.bus import POSITIONS
from api.log.outbox import Outbox
from api.positions.border import KEEP, Border
from api.positions.dialect import Dialect
from camera_config.clock import Clock
from camera_config.county import PositionStream
from camera_config.errors import ConfigError
from camera_config.secrets import POSITION_STREAM, Login, Secrets
from ingest.tally import Tally

log = logging.getLogger(__name__)

BACKOFF_S: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
JITTER: Final = 0.25
BACK_S: Final = 120
"""A stream that is read for the first time is read from so far back; older positions are too old anyway."""

ENTRIES: Final = 200
BLOCK_MS: Final = 2_000
SOCKET_TIMEOUT_S: Final = 5.0
CONNECT_TIMEOUT_S: Final = 2.0
COUNTERS_S: Final = 5.0
CHUNK: Final = 1_000
"""Positions judged and put on the bus in one step."""

MOVE: Final = """
if (redis.call('GET', KEYS[2]) or '') ~= ARGV[1] then return 0 end
if ARGV[3] ~= '' then redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[4], '*', 'batch', ARGV[3]) end
redis.call('SET', KEYS[2], ARGV[2])
return 1
"""
"""Put a batch on the bus and move the place, unless somebody moved it meanwhile, we ourselves before a lost answer."""

Entries = Sequence[tuple[bytes, Mapping[bytes, bytes]]]


class Moved(Exception):
    """The place on our bus is not where we took it to be: it is asked for again."""


class Intake:
    """``run`` reads until it is cancelled. ``status`` and ``wire`` say how it is; building it starts nothing."""

    def __init__(
        self,
        stream: PositionStream,
        bus: redis.asyncio.Redis,
        border: Border,
        clock: Clock,
        outbox: Outbox,
        secrets: Path,
        *,
        backoff_s: Sequence[float] = BACKOFF_S,
        block_ms: int = BLOCK_MS,
    ) -> None:
        self._stream = stream
        self._dialect = Dialect(stream)
        self._bus = bus
        self._border = border
        self._clock = clock
        self._outbox = outbox
        self._secrets_file = secrets
        self._secrets: Secrets | None = None
        self._backoff_s = backoff_s
        self._block_ms = block_ms
        self._tally = Tally(log, clock)
        self._key = place_key(stream)
        self._place = ""
        self._since_s = clock.monotonic_s()
        self._heard_at: float | None = None
        self._counts = dict.fromkeys(
            ("stream_positions", "stream_untrusted", "stream_unknown_units", "stream_unreadable", "stream_reconnects"),
            0,
        )
        self._counted: tuple[float, dict[str, int]] = (self._since_s, {})

    @property
    def counts(self) -> dict[str, int]:
        """Return the running totals since the start."""
        return dict(self._counts)

    @property
    def silence_s(self) -> float:
        """Return how long no position of a unit of ours came, counted from the start where none ever did."""
        return self._clock.monotonic_s() - self._since_s

    def status(self) -> str:
        """Return ``up`` while positions come."""
        return "up" if self.silence_s <= self._stream.silent_s else "down"

    def wire(self) -> dict[str, Any]:
        """Return for the wall whose positions these are, and when the last came (unix s; None: never)."""
        return {"positions_from": self._stream.stream, "positions_at": self._heard_at}

    async def run(self) -> None:
        """Read, judge, put on the bus; whatever fails is tried again, ever more slowly."""
        failures = 0
        while True:
            try:
                async with self._theirs() as theirs:
                    await self._begin(theirs)
                    while True:
                        await self._turn(theirs)
                        failures = 0
            except Moved:
                continue
            except (RedisError, OSError, TimeoutError, ConfigError) as error:
                self._tally.warn(f"positions.interrupted stream={self._stream.stream} cause={_cause(error)}", "")
            self._counts["stream_reconnects"] += 1
            self._count()
            pause_s = self._backoff_s[min(failures, len(self._backoff_s) - 1)]
            failures += 1
            await asyncio.sleep(pause_s * (1.0 + JITTER * random.random()))

    @asynccontextmanager
    async def _theirs(self) -> AsyncIterator[redis.asyncio.Redis]:
        """Give a client of the other system's server, with the login that the secrets file holds now."""
        if self._secrets is None:
            self._secrets = await asyncio.to_thread(Secrets.open, self._secrets_file)
        client = client_of(self._stream, self._secrets.own(POSITION_STREAM))
        try:
            yield client
        finally:
            await client.aclose()

    async def _begin(self, theirs: redis.asyncio.Redis) -> None:
        """Find the place to go on from: the remembered one, or two minutes back in a stream that is new to us."""
        raw = await self._bus.get(self._key)
        self._place = raw.decode("ascii") if isinstance(raw, bytes) else raw or ""
        if self._place:
            return
        seconds, _ = await theirs.time()
        last = await _last(theirs, self._stream.stream)
        # A stream may have ids of its own that are no times; then it is read from its end on.
        await self._move(written(min(last, ((seconds - BACK_S) * 1000, 0))), [])

    async def _turn(self, theirs: redis.asyncio.Redis) -> None:
        """Take what is new, or wait a moment for it."""
        found: Any = await theirs.xread({self._stream.stream: self._place}, count=ENTRIES, block=self._block_ms)
        entries: Entries = found[0][1] if found else ()
        if entries:
            await self._take(entries)
        else:
            await self._look_back(theirs)
        if self._clock.monotonic_s() - self._counted[0] >= COUNTERS_S:
            self._count()

    async def _look_back(self, theirs: redis.asyncio.Redis) -> None:
        """Begin again where the stream does: one that was made anew has smaller ids, and would be silent for ever."""
        last, place = await _last(theirs, self._stream.stream), stream_id(self._place) or START
        if START < last < place:
            log.warning("positions.stream_anew stream=%s", self._stream.stream)
            await self._move(written(START), [])

    async def _take(self, entries: Entries) -> None:
        """Translate, judge and hand over; a chunk's last entry is where a restart goes on."""
        rows: list[dict[str, Any]] = []
        now = self._clock.now().timestamp()
        for identity, fields in entries:
            positions, wrong = self._dialect.read([fields])
            for one in wrong:
                self._counts["stream_unreadable"] += 1
                kind = f"positions.unreadable stream={self._stream.stream} field={one.field or '-'} why={one.why}"
                self._tally.warn(kind, f"entry={identity.decode('ascii', 'replace')}")
            kept, answer = self._border.judge(positions, now)
            rows += kept
            self._counts["stream_positions"] += len(positions)
            self._counts["stream_untrusted"] += len(answer.untrusted)
            self._counts["stream_unknown_units"] += len(answer.unknown_units)
            if answer.unknown_units:
                self._tally.warn(f"positions.unknown_units stream={self._stream.stream}", "see [positions.units]")
            if len(rows) >= CHUNK:
                await self._move(identity.decode("ascii"), rows)
                rows = []
        await self._move(entries[-1][0].decode("ascii"), rows)

    async def _move(self, place: str, rows: list[dict[str, Any]]) -> None:
        """Put ``rows`` on the bus and remember ``place``, both or neither.

        Raises:
            Moved: the remembered place is another one.
        """
        now, now_s = self._clock.now().timestamp(), self._clock.monotonic_s()
        batch = compact({"received_at": now, "mono_s": now_s, "positions": rows}) if rows else ""
        asked = self._bus.eval(MOVE, 2, POSITIONS, self._key, self._place, place, batch, str(KEEP))
        if not await cast("Any", asked):
            raise Moved
        self._place = place
        if rows:
            self._since_s, self._heard_at = now_s, now

    def _count(self) -> None:
        """Leave the totals for the store when they changed."""
        before, self._counted = self._counted, (self._clock.monotonic_s(), dict(self._counts))
        if before[1] != self._counts:
            self._outbox.put("counters", self._outbox.producer, self.counts)


def place_key(stream: PositionStream) -> str:
    """Return where on our bus the place in this very stream is kept."""
    told = hashlib.sha256(f"{stream.url}\0{stream.stream}".encode()).hexdigest()
    return f"kakou:positions-place:{told[:16]}"


def client_of(stream: PositionStream, login: Login | None) -> redis.asyncio.Redis:
    """Return a client for the other system's server; it tries nothing twice and waits for nothing for ever."""
    parts = urlsplit(stream.url)
    place: dict[str, Any] = {"unix_socket_path": parts.path}
    if parts.scheme != "unix":
        place = {"host": parts.hostname, "port": parts.port or 6379, "db": int(parts.path.strip("/") or 0)}
        if parts.scheme == "rediss":
            place |= {"ssl": True, "ssl_cert_reqs": "required", "ssl_check_hostname": True}
    return redis.asyncio.Redis(
        **place,
        username=login.user if login else None,
        password=login.password if login else None,
        protocol=2,
        socket_timeout=SOCKET_TIMEOUT_S,
        socket_connect_timeout=CONNECT_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )


async def _last(theirs: redis.asyncio.Redis, stream: str) -> StreamId:
    """Return the id of the stream's last entry, ``START`` where it holds none."""
    found: Any = await theirs.xrevrange(stream, count=1)
    return (stream_id(found[0][0]) if found else None) or START


def _cause(error: Exception) -> str:
    """Return what failed in words of our own: a server's answer may repeat what it was sent, a password included."""
    if isinstance(error, AuthenticationError) or isinstance(error.__cause__, AuthenticationError):
        return "the server refused user or password; see `kakou secrets set positions.stream`"
    if isinstance(error, ConfigError):
        return str(error)
    code = re.match(r"[A-Z]{3,20}(?= )", str(error))
    return f"{type(error).__name__}{f' {code[0]}' if code else ''}"
