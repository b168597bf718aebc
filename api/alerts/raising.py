"""Compare a passage with the watchlist, within the transaction that stores it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, select, update

from api.alerts.shape import SELECT, alert_json
from api.alerts.tables import alert, watchlist
from api.alerts.telling import tell_alert
from api.log.envelope import new_id
from api.store.upsert import insert_or_ignore

_IN_FORCE = (
    select(watchlist.c.id)
    .where(
        watchlist.c.plate == bindparam("plate"),
        watchlist.c.removed_at.is_(None),
        watchlist.c.ends_at > bindparam("moment"),
    )
    .order_by(watchlist.c.id)
)


def raise_alerts(
    connection: Connection, row: RowMapping, now: float, latency_ms: float | None, names: Mapping[str, str]
) -> list[str]:
    """Raise an alert for every entry in force that looks for this passage's plate, once a passage and entry.

    An uncertain plate alerts when it is final. An entry is in force until, and not at, its ``ends_at``; both the
    passage and this moment must be before it. A subscriber gets a drill's alerts only if it asked for them.

    Args:
        connection: the caller's transaction.
        row: the passage with its plate (``api.passages.shape.SELECT``).
        now: unix seconds.
        latency_ms: from the receipt of the keyframe to now; corrected after the commit by ``set_latency``.
        names: the checkpoints' names by id.

    Returns:
        The ids of the new alerts.
    """
    if row["plate"] is None or not (row["certain"] or row["final"]):
        return []
    entries = connection.execute(_IN_FORCE, {"plate": row["plate"], "moment": max(now, row["at"])}).scalars().all()
    raised = []
    for entry in entries:
        alert_id = new_id()
        values = {
            "id": alert_id,
            "raised_at": now,
            "passage_id": row["id"],
            "watchlist_id": entry,
            "certain": row["certain"],
            "state": "open",
            "drill": row["drill"],
            "latency_ms": latency_ms,
        }
        new = connection.execute(insert_or_ignore(connection.dialect.name, alert), values).one_or_none()
        if new is not None:
            raised.append(alert_id)
            told = connection.execute(SELECT.where(alert.c.id == alert_id)).mappings().one()
            tell_alert(connection, alert_json(told, names), now)
    return raised


def set_latency(connection: Connection, alert_id: str, latency_ms: float) -> None:
    """Note how long it took until the alert was durable, which is known only afterwards."""
    connection.execute(update(alert).where(alert.c.id == alert_id).values(latency_ms=latency_ms))


def find_alert(connection: Connection, alert_id: str, names: Mapping[str, str]) -> dict[str, Any] | None:
    """Return an alert's shape, or None."""
    row = connection.execute(SELECT.where(alert.c.id == alert_id)).mappings().one_or_none()
    return None if row is None else alert_json(row, names)


def alerts_of(connection: Connection, passage_id: str, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the shapes of a passage's alerts."""
    rows = connection.execute(SELECT.where(alert.c.passage_id == passage_id)).mappings()
    return [alert_json(row, names) for row in rows]
