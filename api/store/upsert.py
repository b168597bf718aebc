"""INSERT … ON CONFLICT, which both databases know and SQLAlchemy spells by dialect."""

from functools import cache
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

Insert = postgresql.Insert | sqlite.Insert


def insert_into(connection: Connection, table: Table) -> Insert:
    """Return an INSERT that has ``on_conflict_do_nothing`` and ``on_conflict_do_update``."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


@cache
def insert_or_ignore(dialect: str, table: Table) -> ReturningInsert[Any]:
    """Return an INSERT that does nothing where a unique column is taken, and returns the key where it did something.

    Built once. ``rowcount`` of an INSERT is not told by every driver.
    """
    insert = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    return insert.on_conflict_do_nothing().returning(*table.primary_key.columns)
