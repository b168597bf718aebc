"""Puts what is to be told beside what happened, in one transaction: a delivery for every subscriber who wants it.

The body stays the same over all attempts. A delivery's id says what it tells and whom, so nobody is told twice.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, exists, select, true

from api.alerts.tables import delivery, subscriber
from api.store.upsert import insert_or_ignore

ALERT: Final = "kakou.alert.v1"
RULE_EVENT: Final = "kakou.rule_event.v1"
OURS: Final = frozenset({"review", "reviewed_at", "note"})
"""What a person here decided and wrote about an event of a rule is not told."""


def tell_alert(connection: Connection, alert: Mapping[str, Any], now: float) -> None:
    """Tell every subscriber of an alert (its shape); of a drill's those alone who asked for drills."""
    body = _cloud_event(ALERT, alert["id"], alert, now)
    for whom in _enabled(connection, subscriber.c.drills if alert["drill"] else true()):
        _put(connection, whom, f"{alert['id']}_{whom}", body, now, alert_id=alert["id"])


def tell_rule_event(connection: Connection, told: Mapping[str, Any], now: float, *, to_hearers: bool = False) -> None:
    """Tell those subscribers who asked for it what a rule says: once that it began, once that it is over.

    Args:
        connection: the caller's transaction.
        told: the event's shape.
        now: unix seconds.
        to_hearers: leave out who was not told that it began: of a drill's event nobody was.
    """
    step = "began" if told["state"] == "began" else "ended"
    wanted: ColumnElement[bool] = subscriber.c.rules
    if to_hearers:
        heard = delivery.c.id == (f"{told['id']}_began_" + subscriber.c.id)
        wanted = wanted & exists(select(delivery.c.seq).where(heard).correlate(subscriber))
    data = {name: value for name, value in told.items() if name not in OURS}
    body = _cloud_event(RULE_EVENT, f"{told['id']}_{step}", data, now)
    for whom in _enabled(connection, wanted):
        _put(connection, whom, f"{told['id']}_{step}_{whom}", body, now, rule_event_id=told["id"])


def _enabled(connection: Connection, wanted: ColumnElement[bool]) -> list[str]:
    query = select(subscriber.c.id).where(subscriber.c.disabled_at.is_(None), wanted).order_by(subscriber.c.id)
    return list(connection.execute(query).scalars())


def _cloud_event(kind: str, event_id: str, data: Mapping[str, Any], now: float) -> str:
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": "/kakou",
        "type": kind,
        "time": datetime.fromtimestamp(now, UTC).isoformat(),
        "datacontenttype": "application/json",
        "data": dict(data),
    }
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))


def _put(connection: Connection, whom: str, delivery_id: str, body: str, now: float, **of: str) -> None:
    values = {
        "id": delivery_id,
        "subscriber_id": whom,
        "body": body,
        "state": "waiting",
        "attempts": 0,
        "next_at": now,
        **of,
    }
    connection.execute(insert_or_ignore(connection.dialect.name, delivery), values)
