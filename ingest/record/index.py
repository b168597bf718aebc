"""The index of a folder of recordings: ``index.db`` beside the files it describes, so that a disk carries its own.

SQLite, WAL, synchronous=FULL. A row is added when its file is durable. On the way out a row is marked ``going``, then
the file goes, then the row: whoever looks in between sees no row without a file, and what a kill leaves is taken up at
the next start. Any process may read and hold; only the recorder adds and removes. ``start`` counts to a span of time,
``end`` does not; all times are unix seconds.
"""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from camera_config.errors import StoreError
from ingest.codec import Codec
from ingest.record.segment import Segment

FILE = "index.db"
VERSION = 1
BUSY_S = 5.0

_SCHEMA = """
CREATE TABLE segment (
  id INTEGER PRIMARY KEY AUTOINCREMENT, stream TEXT NOT NULL, start REAL NOT NULL, "end" REAL NOT NULL,
  path TEXT NOT NULL UNIQUE, bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, codec TEXT NOT NULL,
  width INTEGER NOT NULL, height INTEGER NOT NULL, reason TEXT NOT NULL, keyframes INTEGER NOT NULL,
  going INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX segment_time ON segment (stream, "end");
CREATE INDEX segment_age ON segment ("end");
CREATE INDEX segment_going ON segment (id) WHERE going = 1;
CREATE TABLE hold (
  id INTEGER PRIMARY KEY AUTOINCREMENT, stream TEXT NOT NULL, start REAL NOT NULL, "end" REAL NOT NULL,
  reason TEXT NOT NULL, "by" TEXT NOT NULL, made_at REAL NOT NULL, ends_at REAL
);
CREATE INDEX hold_stream ON hold (stream);
"""
_COLUMNS = 'id, stream, start, "end", path, bytes, sha256, codec, width, height, reason, keyframes'
_HELD = """EXISTS (SELECT 1 FROM hold WHERE hold.stream = segment.stream AND hold.start < segment."end"
  AND hold."end" > segment.start AND (hold.ends_at IS NULL OR hold.ends_at > :now))"""


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold: nothing of ``stream`` within the span is removed until ``ends_at`` (None: until it is released)."""

    id: int
    stream: str
    start: float
    end: float
    reason: str
    by: str
    made_at: float
    ends_at: float | None


class Index:
    """One connection; any thread may use it. ``Index.read`` opens for reading only.

    Raises:
        StoreError: from every method, when the file cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._gate = threading.RLock()
        with _told(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._db = self._connect(folder / FILE)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._prepare()

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Open for reading; ``hold`` and all that changes anything fails.

        Raises:
            StoreError: there is no index, or one of a later version.
        """
        index = cls.__new__(cls)
        index.folder = folder
        index._gate = threading.RLock()
        with _told(folder):
            index._db = cls._connect(f"file:{quote(str((folder / FILE).absolute()))}?mode=ro")
            index._check(index._version())
        return index

    def close(self) -> None:
        """Let the file go."""
        with self._gate:
            self._db.close()

    def add(self, segments: Iterable[Segment]) -> None:
        """Add closed segments, durably; a file that has its row already keeps it."""
        rows = [
            (s.stream, s.start, s.end, s.path, s.bytes, s.sha256, s.codec, s.width, s.height, s.reason, s.keyframes)
            for s in segments
        ]
        text = f"INSERT OR IGNORE INTO segment ({_COLUMNS.removeprefix('id, ')}) VALUES ({','.join('?' * 11)})"  # noqa: S608
        with self._change() as db:
            db.executemany(text, rows)

    def segments(self, stream: str, start: float, end: float, *, limit: int = 10_000) -> list[Segment]:
        """Return the segments of ``stream`` that have any part between the two times, oldest first."""
        return self._segments(
            'stream = :stream AND "end" > :start AND start < :end AND going = 0 ORDER BY start LIMIT :limit',
            {"stream": stream, "start": start, "end": end, "limit": limit},
        )

    def spans(self, stream: str, start: float, end: float, *, apart_s: float = 0.5) -> list[tuple[float, float]]:
        """Return what is recorded between the two times as (start, end); gaps up to ``apart_s`` are passed over."""
        merged: list[tuple[float, float]] = []
        for one in self.segments(stream, start, end, limit=1_000_000):
            if merged and one.start <= merged[-1][1] + apart_s:
                merged[-1] = (merged[-1][0], max(merged[-1][1], one.end))
            else:
                merged.append((one.start, one.end))
        return [(max(low, start), min(high, end)) for low, high in merged]

    def streams(self) -> list[str]:
        """Return every stream of which anything is recorded."""
        return [row[0] for row in self._rows("SELECT DISTINCT stream FROM segment WHERE going = 0 ORDER BY stream")]

    def every(self, *, after: int = 0, limit: int = 1000) -> list[Segment]:
        """Return segments by rising id from above ``after``."""
        return self._segments("going = 0 AND id > :after ORDER BY id LIMIT :limit", {"after": after, "limit": limit})

    def ends(self) -> dict[str, float]:
        """Return when each stream's last segment ends."""
        return dict(self._rows('SELECT stream, max("end") FROM segment WHERE going = 0 GROUP BY stream'))

    def used_bytes(self) -> int:
        """Return the sum of all files' sizes."""
        return int(self._rows("SELECT coalesce(sum(bytes), 0) FROM segment")[0][0])

    def paths(self) -> set[str]:
        """Return every path that has a row, going ones too."""
        return {row[0] for row in self._rows("SELECT path FROM segment")}

    def hold(
        self, stream: str, start: float, end: float, *, reason: str, by: str, at: float, ends_at: float | None = None
    ) -> Hold:
        """Keep what is or will be recorded of a span of time, whatever retention and disk say.

        Raises:
            ValueError: the span is empty, or ``reason`` or ``by`` is.
        """
        if not start < end or not reason.strip() or not by.strip():
            raise ValueError("a hold wants a span of time, a reason and somebody who asks for it")
        with self._change() as db:
            made = db.execute(
                'INSERT INTO hold (stream, start, "end", reason, "by", made_at, ends_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
                (stream, start, end, reason, by, at, ends_at),
            )
            return Hold(made.lastrowid or 0, stream, start, end, reason, by, at, ends_at)

    def release(self, number: int) -> Hold | None:
        """End a hold and return what it was; None if there is none of this number."""
        with self._change() as db:
            row = db.execute("SELECT * FROM hold WHERE id = ?", (number,)).fetchone()
            db.execute("DELETE FROM hold WHERE id = ?", (number,))
        return Hold(*row) if row else None

    def holds(self, stream: str | None = None) -> list[Hold]:
        """Return all holds, of one stream or of all, oldest first; those past their end too."""
        rows = self._rows(
            "SELECT * FROM hold WHERE :stream IS NULL OR stream = :stream ORDER BY id", {"stream": stream}
        )
        return [Hold(*row) for row in rows]

    def held_bytes(self, now: float) -> int:
        """Return the sum of the sizes of held files."""
        return int(self._rows(f"SELECT coalesce(sum(bytes), 0) FROM segment WHERE {_HELD}", {"now": now})[0][0])  # noqa: S608

    def mark_older(
        self, before: float, now: float, streams: Sequence[str], *, others: bool, limit: int
    ) -> list[Segment]:
        """Mark as going what ended before ``before`` and is not held: of ``streams``, or of all others."""
        which = "NOT IN" if others else "IN"
        values = {"before": before, "now": now, "streams": json.dumps(streams), "limit": limit}
        with self._change():
            found = self._segments(
                f"stream {which} (SELECT value FROM json_each(:streams)) AND going = 0 "  # noqa: S608 our own constants
                f'AND "end" <= :before AND NOT {_HELD} ORDER BY "end" LIMIT :limit',
                values,
            )
            self._go(found)
        return found

    def mark_oldest(self, size: int, now: float, *, limit: int) -> list[Segment]:
        """Mark as going the oldest that are not held, until they have ``size`` bytes together; at most ``limit``."""
        with self._change():
            found: list[Segment] = []
            total = 0
            for one in self._segments(
                f'going = 0 AND NOT {_HELD} ORDER BY "end" LIMIT :limit', {"now": now, "limit": limit}
            ):
                if total >= size:
                    break
                found.append(one)
                total += one.bytes
            self._go(found)
        return found

    def has(self, segment: Segment) -> bool:
        """Return whether a segment is there still, and not on its way out."""
        return bool(self._rows("SELECT 1 FROM segment WHERE id = :id AND going = 0", {"id": segment.id}))

    def going(self) -> list[Segment]:
        """Return what was marked and not removed yet."""
        return self._segments("going = 1 ORDER BY id", {})

    def remove(self, segments: Iterable[Segment]) -> None:
        """Forget segments whose files are gone."""
        with self._change() as db:
            db.executemany("DELETE FROM segment WHERE id = ?", [(one.id,) for one in segments])

    def check(self) -> str:
        """Return what SQLite finds wrong with the file, ``ok`` if nothing."""
        return str(self._rows("PRAGMA quick_check(1)")[0][0])

    def _go(self, segments: Sequence[Segment]) -> None:
        self._db.executemany("UPDATE segment SET going = 1 WHERE id = ?", [(one.id,) for one in segments])

    def _segments(self, where: str, values: dict[str, Any]) -> list[Segment]:
        rows = self._rows(f"SELECT {_COLUMNS} FROM segment WHERE {where}", values)  # noqa: S608 our own constants
        return [replace(Segment(*row), codec=Codec(row[7])) for row in rows]

    def _rows(self, text: str, values: dict[str, Any] | None = None) -> list[Any]:
        with self._gate, _told(self.folder):
            return self._db.execute(text, values or {}).fetchall()

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """Change something in one transaction; whoever asks for the lock first gets it."""
        with self._gate, _told(self.folder):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _prepare(self) -> None:
        version = self._version()
        self._check(version)
        if version == 0:
            self._db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")

    def _version(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    def _check(self, version: int) -> None:
        if version > VERSION:
            raise StoreError(
                f"the index of recordings in {self.folder} has version {version}, this kakou knows {VERSION}",
                hint="Use the kakou that wrote it, or a later one.",
            )

    @staticmethod
    def _connect(path: Path | str) -> sqlite3.Connection:
        return sqlite3.connect(path, uri=True, isolation_level=None, check_same_thread=False, timeout=BUSY_S)


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StoreError(
            f"the index of recordings in {folder} cannot be used: {error}", hint="Disk space, rights, a damaged file?"
        ) from error
