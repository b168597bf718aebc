"""All feeds in one event loop, without a task or a thread a camera; nothing is decoded, nothing waits for a reader."""

import asyncio
import logging
import random
import resource
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from camera_config.clock import Clock
from ingest.feed import Feed, FeedStatus, OnState
from ingest.feed_pull import FeedPull
from ingest.gate import FLOOR_S
from ingest.pull import Moment, StreamPull
from ingest.reconnect import OUTAGE_SHARE, HandshakeGate
from ingest.tally import Tally

log = logging.getLogger(__name__)

TICK_S = 0.25
"""Pause between two looks at every feed: deadlines, states and pauses are as exact as this."""

PAUSED_S = 1.0
"""After a longer pause between two looks this process itself was held up: what waits in the sockets is read first,
or every camera would look stalled. Never twice in a row, or a starved process would not look at all."""

OPEN_FILES = 65536

RING_BYTES = 512 * 1024 * 1024
LEAST_RING_BYTES = 1024 * 1024
MOST_RING_BYTES = 8 * 1024 * 1024
SPARE_BYTES = 64 * 1024 * 1024
"""Left free beside the rings: detection's tiles are reserved in the same place."""


class Receiver:
    """Pulls ``feeds`` from ``run`` to ``stop``.

    Args:
        feeds: ids must be unique; checkpoints are asked first.
        slots: folder for the keyframe slots, one file a feed named by its id; made if it is missing.
        clock: wall and monotonic time.
        rings: folder for the rings, one file a stream named by it; made if it is missing. None keeps none.
        ring_bytes: for all rings together; each gets the same, from 1 to 8 MiB, less where there is no room for it.
        on_state: called on the event loop at each change of a feed's state; must not block.
        gate_floor_s: a quiet camera's keyframe is offered at least this often; 0 offers all.
        seed: of the jitter between attempts.
    """

    def __init__(
        self,
        feeds: Sequence[Feed],
        slots: Path,
        clock: Clock,
        *,
        rings: Path | None = None,
        ring_bytes: int = RING_BYTES,
        on_state: OnState | None = None,
        gate_floor_s: float = FLOOR_S,
        seed: int | None = None,
    ) -> None:
        names = [name for feed in feeds for _, name, _ in feed.streams]
        if len(set(names)) != len(names):
            raise ValueError("two feeds have the same id")
        self._slots = slots
        self._rings = rings
        self._ring_bytes = min(MOST_RING_BYTES, max(LEAST_RING_BYTES, ring_bytes // max(1, len(names))))
        self._clock = clock
        self._gate: HandshakeGate[StreamPull] = HandshakeGate()
        self._stop = asyncio.Event()
        self._looked_s = clock.monotonic_s()
        self._passed_over = False
        self._moment = Moment(self._wall_s())
        dice, tally = random.Random(seed), Tally(log, clock)
        self._feeds = {
            feed.id: FeedPull(
                feed, clock, self._moment, dice=dice, tally=tally, on_state=on_state, gate_floor_s=gate_floor_s
            )
            for feed in feeds
        }
        self._streams = [stream for feed in self._feeds.values() for stream in feed.streams]

    async def run(self) -> None:
        """Pull until ``stop``; then every session is ended, totals are final and slots and rings are released.

        Raises:
            OSError: no room for the slots.
        """
        raise_open_files()
        loop = asyncio.get_running_loop()
        try:
            self._open()
            self._looked_s = self._clock.monotonic_s()
            while not self._stop.is_set():
                self._tick(loop)
                try:
                    await asyncio.wait_for(self._stop.wait(), TICK_S)
                except TimeoutError:
                    continue
        finally:
            self.stop()
            for feed in self._feeds.values():
                feed.close()
            await asyncio.sleep(0)  # transports hand over their last bytes and close

    def stop(self) -> None:
        """Take nothing in any more, from this call on; ``run`` returns soon after. Call it on the event loop."""
        self._stop.set()
        for feed in self._feeds.values():
            feed.stop()

    def raise_rates(self, until: Mapping[str, float]) -> None:
        """Offer every keyframe of these feeds up to the unix time given; feeds that are not ours are passed over."""
        for name, at in until.items():
            feed = self._feeds.get(name)  # type: ignore[call-overload]
            if feed is not None:
                feed.watch.raise_until(at - self._moment.wall_s)

    def status(self) -> list[FeedStatus]:
        """Return every feed's state and totals, in the order given."""
        now_s, at = self._clock.monotonic_s(), self._clock.now().timestamp()
        return [feed.status(now_s, at) for feed in self._feeds.values()]

    def _open(self) -> None:
        for folder in (self._slots, self._rings):
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
        for feed in self._feeds.values():
            feed.open(self._slots)
        rings, ring_bytes = self._rings, self._ring_bytes
        if rings is not None:
            ring_bytes = min(ring_bytes, room_for_rings(rings) // max(1, len(self._streams)))
            if ring_bytes < LEAST_RING_BYTES:
                log.error("rings.no_room streams=%d bytes=%d: nothing is recorded", len(self._streams), ring_bytes)
                rings = None
        for feed in self._feeds.values():
            feed.open_rings(rings, ring_bytes)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        now_s, before_s = self._clock.monotonic_s(), self._looked_s
        self._looked_s = now_s
        self._passed_over = now_s - before_s > PAUSED_S and not self._passed_over
        if self._passed_over:
            return
        self._moment.wall_s = self._wall_s()
        self._moment.outage = sum(stream.down for stream in self._streams) > OUTAGE_SHARE * len(self._streams)
        for feed in self._feeds.values():
            for stream in feed.tick(now_s):
                self._gate.ask(stream, feed.priority)
        for stream in self._gate.admit(now_s):
            stream.connect(loop)

    def _wall_s(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic_s()


def room_for_rings(rings: Path) -> int:
    """Return how many bytes rings may take where ``rings`` is, those that are there included."""
    there = sum(path.stat().st_size for path in rings.iterdir() if path.is_file())
    return shutil.disk_usage(rings).free + there - SPARE_BYTES


def totals(status: Sequence[FeedStatus]) -> dict[str, int]:
    """Return the sums over all feeds, by the names used in ``counters`` events."""
    return {
        "frames_received": sum(one.frames_received for one in status),
        "frames_dropped": sum(one.dropped for one in status),
        "frames_flood_dropped": sum(one.flood_dropped for one in status),
        "frames_ring_oversize": sum(one.ring_oversize for one in status),
        "bytes_received": sum(one.bytes for one in status),
        "keyframes_received": sum(one.keyframes_received for one in status),
        "keyframes_gated": sum(one.gated for one in status),
        "keyframes_offered": sum(one.offered for one in status),
        "keyframes_raised": sum(one.raised for one in status),
        "keyframes_oversize": sum(one.oversize for one in status),
        "feed_reconnects": sum(one.reconnects for one in status),
        "packets_lost": sum(one.lost for one in status),
    }


def raise_open_files() -> None:
    """Raise the soft limit of open files: a stream needs two, and plain machines begin at 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    want = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < want:
        resource.setrlimit(resource.RLIMIT_NOFILE, (want, hard))
