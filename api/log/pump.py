"""The pump sends an outbox's events to the bus, in order, until the store has them."""

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence

import redis
from redis.exceptions import RedisError

from api.log.bus import EVENTS, STORED, connect
from api.log.outbox import COMMIT_S, Outbox, Row
from api.run_folder import RunFolder
from api.settings import Settings
from camera_config.errors import StoreError

log = logging.getLogger(__name__)

BATCH = 500
WINDOW = 5000
"""Rows sent and not yet stored, at most: a dead keeper does not fill the bus."""

POLL_S = 0.02
"""How often the watermark is asked for while rows are on their way."""

IDLE_S = 0.5
GO_BACK_S = 2.0
"""After this long without anything newly stored we look whether the bus still holds what we sent."""

BACKOFF_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Pump:
    """Two threads: one makes events durable every ``COMMIT_S``, one sends. A slow bus does not hold up the first.

    What was sent is sent again from the watermark on when the bus no longer has our oldest unstored entry: it lost
    it, or the keeper passed over it because of a gap. While the entry is there the keeper is only slow, and sending
    again would fill the bus.
    """

    def __init__(self, outbox: Outbox, settings: Settings, run: RunFolder) -> None:
        self._outbox = outbox
        self._bus = connect(settings, run)
        self._ending = threading.Event()
        self._done = threading.Event()
        self._news = threading.Event()
        self._under_way: deque[tuple[int, str]] = deque()
        self._sent = 0
        self._stored = 0
        self._progress_s = 0.0
        self._threads = (
            threading.Thread(target=self._commit, name="outbox-commit", daemon=True),
            threading.Thread(target=self._send, name="outbox-send", daemon=True),
        )

    def start(self) -> None:
        """Begin; what a predecessor left in the outbox goes first."""
        for thread in self._threads:
            thread.start()

    def stop(self, drain_s: float = 2.0) -> bool:
        """Make everything durable, wait up to ``drain_s`` until the store has it, end within 1 s more, bus or no bus.

        Returns:
            True when the outbox is empty; otherwise the rest waits in the file for the next start. The outbox
            stays open and is closed by its owner.
        """
        self._ending.set()
        self._threads[0].join(timeout=1.0)
        until = time.monotonic() + drain_s
        while self._outbox.depth and time.monotonic() < until and self._threads[1].is_alive():
            self._news.set()
            self._done.wait(min(POLL_S, max(0.0, until - time.monotonic())))
        self._done.set()
        self._news.set()
        self._threads[1].join(timeout=1.0)
        return self._outbox.depth == 0

    def _commit(self) -> None:
        committed_s = 0.0
        while True:
            if self._outbox.wait(0.2):
                # under load a batch gathers, so that one fsync serves many events; a lone event does not wait
                self._ending.wait(max(0.0, committed_s + COMMIT_S - time.monotonic()))
                committed_s = time.monotonic()
                try:
                    self._outbox.flush()
                    self._news.set()
                except StoreError as error:
                    log.error("outbox.disk producer=%s: %s", self._outbox.producer, error)
                    self._ending.wait(1.0)
                    if self._ending.is_set():
                        return
            elif self._ending.is_set():
                return

    def _send(self) -> None:
        failures = 0
        while not self._done.is_set():
            try:
                moved = self._turn()
                failures = 0
            except (RedisError, StoreError) as error:
                if failures == 0:
                    log.warning("outbox.bus producer=%s rows=%d: %s", self._outbox.producer, self._outbox.depth, error)
                self._go_back()
                self._done.wait(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])
                failures += 1
                continue
            if not moved:
                self._news.wait(POLL_S if self._under_way else IDLE_S)
            self._news.clear()
        self._bus.close()

    def _turn(self) -> bool:
        """Send what is new, learn what is stored; return whether anything moved."""
        room = min(BATCH, WINDOW - len(self._under_way))
        rows = self._outbox.after(self._sent, room) if room > 0 else []
        if rows:
            self._send_rows(rows)
        if not self._under_way:
            return False
        known = self._bus.hget(STORED, self._outbox.producer)
        stored = int(str(known)) if known is not None else 0
        if stored > self._stored:
            self._stored = stored
            self._outbox.stored(stored)
            while self._under_way and self._under_way[0][0] <= stored:
                self._under_way.popleft()
            self._progress_s = time.monotonic()
            return True
        if time.monotonic() - self._progress_s >= GO_BACK_S:
            self._progress_s = time.monotonic()
            seq, entry = self._under_way[0]
            if not _holds(self._bus, entry, self._outbox.producer, seq):
                log.warning("outbox.go_back producer=%s seq=%d", self._outbox.producer, seq)
                self._go_back()
        return bool(rows)

    def _send_rows(self, rows: Sequence[Row]) -> None:
        if not self._under_way:
            self._progress_s = time.monotonic()
        with self._bus.pipeline(transaction=False) as pipe:
            for row in rows:
                pipe.xadd(
                    EVENTS,
                    {"producer": self._outbox.producer, "seq": row.seq, "after": row.after, "event": row.body},
                )
            entries = pipe.execute()
        self._under_way.extend((row.seq, str(entry)) for row, entry in zip(rows, entries, strict=True))
        self._sent = rows[-1].seq

    def _go_back(self) -> None:
        self._under_way.clear()
        self._sent = 0
        self._stored = 0


def _holds(bus: redis.Redis, entry: str, producer: str, seq: int) -> bool:
    """Return whether the bus still has this entry of ours; ids may be given again after a loss, so look inside."""
    found = bus.xrange(EVENTS, min=entry, max=entry)
    for _, fields in found or ():
        if fields and fields.get("producer") == producer and fields.get("seq") == str(seq):
            return True
    return False
