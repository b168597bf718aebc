"""Compare a passage with the watchlist, within the transaction that stores it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, insert, select, update

from api.alerts.shape import SELECT, alert_json
from api.alerts.tables import alert, delivery, subscriber, watchlist
from api.log.envelope import new_id
from api.store.upsert import insert_or_ignore

CLOUD_EVENT = "kakou.alert.v1"

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
            _tell(connection, alert_id, now, names)
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


def _tell(connection: Connection, alert_id: str, now: float, names: Mapping[str, str]) -> None:
    """Put the alert into the outbox of every subscriber; the body stays the same over all attempts."""
    told = connection.execute(SELECT.where(alert.c.id == alert_id)).mappings().one()
    wanted = select(subscriber.c.id).where(subscriber.c.disabled_at.is_(None)).order_by(subscriber.c.id)
    if told["alert_drill"]:
        wanted = wanted.where(subscriber.c.drills)
    body = json.dumps(
        {
            "specversion": "1.0",
            "id": alert_id,
            "source": "/kakou",
            "type": CLOUD_EVENT,
            "time": datetime.fromtimestamp(now, UTC).isoformat(),
            "datacontenttype": "application/json",
            "data": alert_json(told, names),
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )
    for subscriber_id in connection.execute(wanted).scalars().all():
        connection.execute(
            insert(delivery).values(
                id=f"{alert_id}_{subscriber_id}",
                subscriber_id=subscriber_id,
                alert_id=alert_id,
                body=body,
                state="waiting",
                attempts=0,
                next_at=now,
            )
        )
