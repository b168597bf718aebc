"""The watchlist in the store. Every change is audited in its own transaction."""

from typing import Any

from sqlalchemy import Engine, RowMapping, insert, select, update

from api.access.roles import Caller
from api.alerts.tables import watchlist
from api.alerts.wire import LONGEST_S, WatchIn
from api.log.envelope import new_id
from api.passages.plates import normalise
from api.store.audit import write_audit

TOLD = ("id", "plate", "reason", "requester", "added_by", "created_at", "ends_at")


def add(engine: Engine, who: Caller, given: WatchIn, now: float) -> dict[str, Any]:
    """Return the new entry.

    Raises:
        ValueError: no plate, or its end is not within the next 90 days.
    """
    if not now < given.ends_at <= now + LONGEST_S:
        raise ValueError("ends_at: must be in the future and within 90 days")
    entry = {
        "id": new_id(),
        "plate": normalise(given.plate),
        "reason": given.reason,
        "requester": given.requester,
        "added_by": who.subject,
        "created_at": now,
        "ends_at": given.ends_at,
    }
    with engine.begin() as connection:
        connection.execute(insert(watchlist), entry)
        write_audit(connection, who, "watchlist.add", at=now, reason=given.reason, detail=entry)
    return entry


def in_force(engine: Engine, now: float) -> list[dict[str, Any]]:
    """Return the entries that look for something now, those that end first in front."""
    query = (
        select(watchlist)
        .where(watchlist.c.removed_at.is_(None), watchlist.c.ends_at > now)
        .order_by(watchlist.c.ends_at, watchlist.c.id)
    )
    with engine.connect() as connection:
        return [_told(row) for row in connection.execute(query).mappings()]


def remove(engine: Engine, who: Caller, entry_id: str, now: float) -> bool:
    """Take an entry out of force; False when there is none in force. Its alerts stay."""
    with engine.begin() as connection:
        done = connection.execute(
            update(watchlist)
            .where(watchlist.c.id == entry_id, watchlist.c.removed_at.is_(None))
            .values(removed_at=now, removed_by=who.subject)
        )
        if done.rowcount != 1:
            return False
        write_audit(connection, who, "watchlist.remove", at=now, detail={"id": entry_id})
    return True


def _told(row: RowMapping) -> dict[str, Any]:
    return {name: row[name] for name in TOLD}
