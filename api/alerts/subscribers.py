"""Subscribers in the store: who is told by webhook of alerts and, if they asked for it, of what rules say."""

import base64
import secrets
from typing import Any

from sqlalchemy import Engine, func, insert, select, update

from api.access.roles import Caller
from api.alerts.tables import delivery, subscriber
from api.alerts.wire import SubscriberIn
from api.log.envelope import new_id
from api.store.audit import write_audit

REMOVED = "removed"
TOLD = ("id", "name", "url", "drills", "rules", "created_at", "disabled_at", "disabled_why")


def add(engine: Engine, who: Caller, given: SubscriberIn, now: float) -> dict[str, Any]:
    """Return the new subscriber with its secret, which is shown this once."""
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    row: dict[str, Any] = {
        "id": new_id(),
        "name": given.name,
        "url": given.url,
        "drills": given.drills,
        "rules": given.rules,
        "created_at": now,
    }
    with engine.begin() as connection:
        connection.execute(insert(subscriber).values(secret=secret, **row))
        write_audit(connection, who, "subscribers.add", at=now, detail=row)
    return {**row, "secret": secret, "disabled_at": None, "disabled_why": None, "waiting": 0}


def everyone(engine: Engine) -> list[dict[str, Any]]:
    """Return the subscribers, without secrets, and how many deliveries wait for each."""
    waiting = (
        select(func.count())
        .where(delivery.c.subscriber_id == subscriber.c.id, delivery.c.state == "waiting")
        .scalar_subquery()
    )
    query = (
        select(*(subscriber.c[name] for name in TOLD), waiting.label("waiting"))
        .where(func.coalesce(subscriber.c.disabled_why, "") != REMOVED)
        .order_by(subscriber.c.created_at)
    )
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def remove(engine: Engine, who: Caller, subscriber_id: str, now: float) -> bool:
    """Tell it nothing more; False when there is none. What was delivered stays on record."""
    with engine.begin() as connection:
        done = connection.execute(
            update(subscriber)
            .where(subscriber.c.id == subscriber_id, func.coalesce(subscriber.c.disabled_why, "") != REMOVED)
            .values(disabled_at=now, disabled_why=REMOVED, secret="")
        )
        if done.rowcount != 1:
            return False
        connection.execute(
            update(delivery)
            .where(delivery.c.subscriber_id == subscriber_id, delivery.c.state == "waiting")
            .values(state="given_up", done_at=now, last_error=REMOVED)
        )
        write_audit(connection, who, "subscribers.remove", at=now, detail={"id": subscriber_id})
    return True
