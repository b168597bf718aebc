"""All feeds in one event loop, without a task or a thread a camera; nothing is decoded, nothing waits for a reader."""

import asyncio
import logging
import random
import resource
from collections.abc import Sequence
from pathlib import Path

from camera_config.clock import Clock
from ingest.feed import Feed, FeedKind, FeedPull, FeedStatus, OnState, OnUnit
from ingest.gate import FLOOR_S
from ingest.reconnect import HandshakeGate
from ingest.tally import Tally

log = logging.getLogger(__name__)

TICK_S = 0.25
"""Pause between two looks at every feed: deadlines, states and pauses are as exact as this."""

PAUSED_S = 1.0
"""After a longer pause between two looks this process itself was held up: what waits in the sockets is read first,
or every camera would look stalled. Never twice in a row, or a starved process would not look at all."""

OPEN_FILES = 65536


class Receiver:
    """Pulls ``feeds`` from ``run`` to ``stop``.

    Args:
        feeds: ids must be unique; checkpoints are asked first.
        slots: folder for the keyframe slots, one file a feed named by its id; made if it is missing.
        clock: wall and monotonic time.
        on_state: called on the event loop at each change of a feed's state; must not block.
        on_unit: called with each complete access unit; costs time for every picture of every feed.
        gate_floor_s: a quiet camera's keyframe is offered at least this often; 0 offers all.
        seed: of the jitter between attempts.
    """

    def __init__(
        self,
        feeds: Sequence[Feed],
        slots: Path,
        clock: Clock,
        *,
        on_state: OnState | None = None,
        on_unit: OnUnit | None = None,
        gate_floor_s: float = FLOOR_S,
        seed: int | None = None,
    ) -> None:
        if len({feed.id for feed in feeds}) != len(feeds):
            raise ValueError("two feeds have the same id")
        self._slots = slots
        self._clock = clock
        self._gate: HandshakeGate[FeedPull] = HandshakeGate()
        self._stop = asyncio.Event()
        self._looked_s = clock.monotonic_s()
        self._passed_over = False
        dice, tally = random.Random(seed), Tally(log, clock)
        self._pulls = [
            FeedPull(
                feed,
                clock,
                dice=dice,
                tally=tally,
                on_state=on_state,
                on_unit=on_unit,
                gate_floor_s=gate_floor_s,
            )
            for feed in feeds
        ]

    async def run(self) -> None:
        """Pull until ``stop``; then every session is ended, totals are final and the slots are released.

        Raises:
            OSError: no room for the slots.
        """
        raise_open_files()
        self._slots.mkdir(parents=True, exist_ok=True)
        loop = asyncio.get_running_loop()
        try:
            for pull in self._pulls:
                pull.open(self._slots)
            self._looked_s = self._clock.monotonic_s()
            while not self._stop.is_set():
                self._tick(loop)
                try:
                    await asyncio.wait_for(self._stop.wait(), TICK_S)
                except TimeoutError:
                    continue
        finally:
            self.stop()
            for pull in self._pulls:
                pull.close()
            await asyncio.sleep(0)  # transports hand over their last bytes and close

    def stop(self) -> None:
        """Take nothing in any more, from this call on; ``run`` returns soon after. Call it on the event loop."""
        self._stop.set()
        for pull in self._pulls:
            pull.stop()

    def status(self) -> list[FeedStatus]:
        """Return every feed's state and totals, in the order given."""
        now_s, at = self._clock.monotonic_s(), self._clock.now().timestamp()
        return [pull.status(now_s, at) for pull in self._pulls]

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        now_s, before_s = self._clock.monotonic_s(), self._looked_s
        self._looked_s = now_s
        self._passed_over = now_s - before_s > PAUSED_S and not self._passed_over
        if self._passed_over:
            return
        for pull in self._pulls:
            if pull.tick(now_s):
                self._gate.ask(pull, 0 if pull.feed.kind is FeedKind.CHECKPOINT else 1)
        for pull in self._gate.admit(now_s):
            pull.connect(loop)


def totals(status: Sequence[FeedStatus]) -> dict[str, int]:
    """Return the sums over all feeds, by the names used in ``counters`` events."""
    return {
        "frames_received": sum(one.frames_received for one in status),
        "keyframes_received": sum(one.keyframes_received for one in status),
        "keyframes_gated": sum(one.gated for one in status),
        "keyframes_offered": sum(one.offered for one in status),
        "keyframes_oversize": sum(one.oversize for one in status),
        "feed_reconnects": sum(one.reconnects for one in status),
        "packets_lost": sum(one.lost for one in status),
    }


def raise_open_files() -> None:
    """Raise the soft limit of open files: a feed needs two, and plain machines begin at 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    want = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < want:
        resource.setrlimit(resource.RLIMIT_NOFILE, (want, hard))
