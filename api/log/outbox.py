"""A producer's outbox: events are durable here before anyone else hears of them.

One SQLite file a producer (WAL, synchronous=FULL). Events get a sequence number that has no repeat over the life of
the file. A row is deleted when the store has it, not when the bus took it (facts/traps.md 2.13).

**Identity.** The producer's name is kept in the file and the file's wins, so a restarted process goes on where its
predecessor stopped and what that one left is sent first. Running totals (`counters`) begin at nothing with every
start; ``put`` therefore adds ``start``, an id of this start, to their data, and totals are summed over starts.

**Order with holes.** Each row is sent with ``after``, the number of the row before it, 0 for the oldest. The keeper
takes a row when ``after`` ≤ its watermark < ``seq``. So rows that were shed leave no gap that would be waited for.
"""

import fcntl
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.log.envelope import new_event, new_id
from camera_config.errors import StoreError

log = logging.getLogger(__name__)

LIMIT = 200_000
"""Rows held; above it the oldest of ``SHEDDABLE`` go. Passages never go."""

SHEDDABLE = frozenset({"street.counts", "counters", "feed.state"})
COMMIT_S = 0.05
"""At most this long an event is in memory only; ``flush`` makes it durable at once."""

SHED_AT_ONCE = 1000
LOCK_WAIT_S = 5.0
LOG_EVERY_S = 60.0

SCHEMA = """
CREATE TABLE IF NOT EXISTS identity (one INTEGER PRIMARY KEY CHECK (one = 1), producer TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS event (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, sheddable INTEGER NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS event_sheddable ON event (seq) WHERE sheddable = 1;
"""


@dataclass(frozen=True, slots=True)
class Row:
    """An event as it is sent; ``after`` is the number of the row before it, 0 for the oldest."""

    seq: int
    after: int
    body: str


def outbox_path(data: Path, name: str) -> Path:
    """Return where a producer's outbox lies, below the data folder; the keeper drains what nobody owns there."""
    return data / "outbox" / f"{name}.db"


class Outbox:
    """Events on their way; any thread may ``put``. One process at a time owns the file.

    Opening starts nothing. A ``Pump`` commits and sends; without one, ``flush`` commits.

    Raises:
        StoreError: the file cannot be used, or another process has had it for longer than ``wait_s``.
    """

    def __init__(self, path: Path, producer: str, *, limit: int = LIMIT, wait_s: float = LOCK_WAIT_S) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock_file = _own(path, wait_s)
        self._limit = limit
        self._waiting: list[tuple[bool, str]] = []
        self._gate = threading.Condition()
        self._db_gate = threading.RLock()
        self._in_hand = 0
        self._shed = 0
        self._logged_s = -LOG_EVERY_S
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.executescript(SCHEMA)
            self._db.execute("INSERT OR IGNORE INTO identity VALUES (1, ?)", (producer,))
            self.producer: str = self._db.execute("SELECT producer FROM identity").fetchone()[0]
            self._rows: int = self._db.execute("SELECT count(*) FROM event").fetchone()[0]
        except sqlite3.Error as error:
            os.close(self._lock_file)
            raise StoreError(f"the outbox {path} cannot be used: {error}", hint="Is the disk full?") from error
        self.start = new_id()

    @property
    def depth(self) -> int:
        """Events not yet known to be in the store."""
        return self._rows + len(self._waiting) + self._in_hand

    @property
    def shed(self) -> int:
        """Counts and counters thrown away for room since this start."""
        return self._shed

    def put(self, kind: str, key: str, data: Mapping[str, Any], drill: bool = False) -> str:
        """Accept an event of this moment and return its id; it is durable within ``COMMIT_S`` (or after ``flush``).

        Never waits for disk or bus.

        Raises:
            ValueError, TypeError: ``data`` is not plain JSON, or holds NaN.
        """
        if kind == "counters":
            data = {"start": self.start, **data}
        event = new_event(kind, key, data, drill=drill)
        row = (kind in SHEDDABLE, event.to_json())
        with self._gate:
            if row[0] and len(self._waiting) >= self._limit:
                self._shed += 1
                return event.id
            self._waiting.append(row)
            self._gate.notify_all()
        return event.id

    def flush(self) -> None:
        """Make everything accepted so far durable.

        Raises:
            StoreError: the disk did not take it; the events stay accepted and are tried again.
        """
        with self._db_gate:
            with self._gate:
                batch, self._waiting = self._waiting, []
                self._in_hand = len(batch)
            if not batch:
                return
            try:
                self._db.execute("BEGIN IMMEDIATE")
                self._db.executemany("INSERT INTO event (sheddable, body) VALUES (?, ?)", batch)
                shed = self._make_room(len(batch))
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                with self._gate:
                    self._waiting = batch + self._waiting
                    self._in_hand = 0
                raise StoreError(f"the outbox of {self.producer} took no events: {error}") from error
            with self._gate:
                self._rows += len(batch) - shed
                self._in_hand = 0
                self._shed += shed

    def wait(self, timeout_s: float) -> bool:
        """Wait until something is accepted but not durable; False after ``timeout_s``. For the pump."""
        with self._gate:
            return self._gate.wait_for(lambda: bool(self._waiting), timeout_s)

    def after(self, seq: int, limit: int) -> Sequence[Row]:
        """Return up to ``limit`` durable rows above ``seq``, oldest first."""
        with self._db_gate:
            try:
                found = self._db.execute(
                    "SELECT seq, body FROM event WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit)
                ).fetchall()
                if not found:
                    return []
                (before,) = self._db.execute("SELECT max(seq) FROM event WHERE seq < ?", (found[0][0],)).fetchone()
            except sqlite3.Error as error:
                raise StoreError(f"the outbox of {self.producer} cannot be read: {error}") from error
        rows = []
        for number, body in found:
            rows.append(Row(number, before or 0, body))
            before = number
        return rows

    def stored(self, seq: int) -> None:
        """Forget everything up to ``seq``: the store has it."""
        with self._db_gate:
            try:
                self._rows -= self._db.execute("DELETE FROM event WHERE seq <= ?", (seq,)).rowcount
            except sqlite3.Error as error:
                raise StoreError(f"the outbox of {self.producer} could not forget: {error}") from error

    def close(self) -> None:
        """Make everything durable and let the file go."""
        with self._db_gate:
            try:
                self.flush()
            finally:
                self._db.close()
                os.close(self._lock_file)

    def _make_room(self, coming: int) -> int:
        too_many = self._rows + coming - self._limit
        if too_many <= 0:
            return 0
        shed = self._db.execute(
            "DELETE FROM event WHERE seq IN (SELECT seq FROM event WHERE sheddable = 1 ORDER BY seq LIMIT ?)",
            (max(too_many, min(SHED_AT_ONCE, self._limit // 10)),),
        ).rowcount
        now_s = time.monotonic()
        if now_s - self._logged_s >= LOG_EVERY_S:
            self._logged_s = now_s
            log.error("outbox.full producer=%s rows=%d shed=%d", self.producer, self._rows, self._shed + shed)
        return shed


def _own(path: Path, wait_s: float) -> int:
    """Lock the file beside ``path`` for this process; the lock ends with it, however it ends."""
    lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    until = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                os.close(lock)
                raise StoreError(
                    f"another process uses the outbox {path}", hint="One process owns an outbox at a time."
                ) from None
            threading.Event().wait(0.02)
        else:
            return lock
