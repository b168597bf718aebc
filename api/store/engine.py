"""Engines that behave alike over SQLite and PostgreSQL.

``engine.connect()`` is for reading: on SQLite its transaction takes no lock, and what it reads is one moment.
``engine.begin()`` is for writing: on SQLite it is BEGIN IMMEDIATE, because a transaction that reads first and writes
then fails at once when another process wrote in between (facts/traps.md 2.16).

Keep reading transactions short: an open one keeps SQLite from shortening its write-ahead log.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url

BUSY_S = 5.0
"""How long a writer waits for another before "database is locked"."""

POOL = 6
WRITES = "kakou_writes"


class _SqliteEngine(Engine):
    """An engine whose ``begin`` takes the write lock at once."""

    @contextlib.contextmanager
    def begin(self) -> Iterator[Connection]:
        with self.connect() as connection:
            connection.execution_options(**{WRITES: True})
            with connection.begin():
                yield connection


def open_store(url: str) -> Engine:
    """Return an engine; it connects at first use. Dispose of it when done.

    Every SQLite connection has WAL, synchronous=FULL (a commit survives a power cut), foreign keys, and waits up to
    ``BUSY_S`` for another writer.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_size=POOL, pool_pre_ping=True, hide_parameters=True)
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    plain = create_engine(parsed, connect_args={"timeout": BUSY_S}, pool_size=POOL, hide_parameters=True)
    event.listen(plain.pool, "connect", _prepare)
    engine = _SqliteEngine(plain.pool, plain.dialect, plain.url, hide_parameters=True)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
