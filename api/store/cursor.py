"""Cursors over rows ordered newest first by a time and an id: opaque to the caller, stable while rows are added."""

import base64
import binascii
import math
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Engine, RowMapping, Select, and_, or_


def page_of(
    query: Select[Any], at: ColumnElement[float], row_id: ColumnElement[str], *, after: str, limit: int
) -> Select[Any]:
    """Return the query of one page, newest first, with a row more than ``limit``: it tells whether there is another.

    Raises:
        ValueError: ``after`` is not a cursor; empty is the first page.
    """
    query = query.order_by(at.desc(), row_id.desc()).limit(limit + 1)
    return query.where(older(at, row_id, after)) if after else query


def read_page(
    engine: Engine, query: Select[Any], limit: int, names: tuple[str, str] = ("at", "id")
) -> tuple[Sequence[RowMapping], str | None]:
    """Return the rows of a ``page_of``, at most ``limit``, and the cursor of the next page, None at the end.

    Args:
        engine: the store.
        query: of ``page_of``, with the same ``limit``.
        limit: rows a page.
        names: what a row's time and id are called in the query.
    """
    with engine.connect() as connection:
        rows = connection.execute(query).mappings().all()
    at, row_id = names
    return rows[:limit], cursor(rows[limit - 1][at], rows[limit - 1][row_id]) if len(rows) > limit else None


def cursor(at: float, row_id: str) -> str:
    """Return where to go on after this row."""
    return base64.urlsafe_b64encode(f"{at!r} {row_id}".encode()).decode().rstrip("=")


def read_cursor(text: str) -> tuple[float, str]:
    """Return the time and id in a cursor.

    Raises:
        ValueError: it is not one of ours.
    """
    try:
        at, row_id = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().split(" ", 1)
        if not math.isfinite(float(at)):
            raise ValueError
        return float(at), row_id
    except (ValueError, binascii.Error, UnicodeDecodeError):
        raise ValueError("after: this is not a cursor of an earlier page") from None


def older(at: ColumnElement[float], row_id: ColumnElement[str], than: str) -> ColumnElement[bool]:
    """Return the condition that a row comes after the cursor ``than``."""
    then, its_id = read_cursor(than)
    return or_(at < then, and_(at == then, row_id < its_id))
