"""Cursors over rows ordered newest first by a time and an id: opaque to the caller, stable while rows are added."""

import base64
import binascii
import math

from sqlalchemy import ColumnElement, and_, or_


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
