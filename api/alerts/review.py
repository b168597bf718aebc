"""Alerts as they are listed, and what a person decided about one."""

from typing import Any

from sqlalchemy import Engine, func, select, update

from api.access.roles import Caller
from api.alerts.raising import find_alert
from api.alerts.shape import SELECT, alert_json
from api.alerts.tables import alert
from api.alerts.wire import ReviewIn
from api.store.audit import write_audit
from api.store.cursor import page_of, read_page

P99_OF = 1000
"""The latest alerts whose latency counts."""


def page(engine: Engine, names: dict[str, str], *, state: str, after: str, limit: int) -> dict[str, Any]:
    """Return ``{alerts, next}``, newest first; an empty ``state`` is all.

    Raises:
        ValueError: ``after`` is not a cursor.
    """
    wanted = SELECT.where(alert.c.state == state) if state else SELECT
    query = page_of(wanted, alert.c.raised_at, alert.c.id, after=after, limit=limit)
    rows, following = read_page(engine, query, limit, ("alert_raised_at", "alert_id"))
    return {"alerts": [alert_json(row, names) for row in rows], "next": following}


def review(
    engine: Engine, names: dict[str, str], who: Caller, alert_id: str, given: ReviewIn, now: float
) -> tuple[dict[str, Any] | None, bool]:
    """Decide an open alert.

    Returns:
        The alert, None when there is none; and whether it was this call that decided it.
    """
    with engine.begin() as connection:
        done = connection.execute(
            update(alert)
            .where(alert.c.id == alert_id, alert.c.state == "open")
            .values(state=given.verdict, reviewed_at=now, reviewed_by=who.subject, note=given.note)
        )
        if done.rowcount == 1:
            detail = {"id": alert_id, "verdict": given.verdict}
            write_audit(connection, who, "alerts.review", at=now, reason=given.note, detail=detail)
        return find_alert(connection, alert_id, names), done.rowcount == 1


def figures(engine: Engine) -> tuple[int, float | None]:
    """Return how many alerts there are and the 99th percentile (nearest rank) of their latency, drills left out."""
    with engine.connect() as connection:
        number = connection.execute(select(func.count()).select_from(alert).where(~alert.c.drill)).scalar_one()
        latest = (
            select(alert.c.latency_ms)
            .where(~alert.c.drill, alert.c.latency_ms.is_not(None))
            .order_by(alert.c.raised_at.desc())
            .limit(P99_OF)
        )
        latencies = sorted(connection.execute(latest).scalars())
    if not latencies:
        return int(number), None
    return int(number), float(latencies[-(-99 * len(latencies) // 100) - 1])
