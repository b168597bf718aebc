"""What rules said as it is listed, and what a person decided about one."""

from typing import Any

from sqlalchemy import Engine, select, update

from api.access.roles import Caller
from api.alerts.wire import ReviewIn
from api.rules.shape import find_rule_event, rule_event_json
from api.rules.tables import rule_event
from api.store.audit import write_audit
from api.store.cursor import page_of, read_page


def page(engine: Engine, *, state: str, review: str, camera: str, after: str, limit: int) -> dict[str, Any]:
    """Return ``{rule_events, next}``, newest first; an empty ``state``, ``review`` or ``camera`` is all.

    Raises:
        ValueError: ``after`` is not a cursor.
    """
    query = page_of(select(rule_event), rule_event.c.began_at, rule_event.c.id, after=after, limit=limit)
    for column, wanted in ((rule_event.c.state, state), (rule_event.c.review, review), (rule_event.c.camera, camera)):
        if wanted:
            query = query.where(column == wanted)
    rows, following = read_page(engine, query, limit, ("began_at", "id"))
    return {"rule_events": [rule_event_json(row) for row in rows], "next": following}


def review_event(
    engine: Engine, who: Caller, event_id: str, given: ReviewIn, now: float
) -> tuple[dict[str, Any] | None, bool]:
    """Decide an open one, whether it still holds or not.

    Returns:
        Its shape, None when there is none; and whether it was this call that decided it.
    """
    with engine.begin() as connection:
        done = connection.execute(
            update(rule_event)
            .where(rule_event.c.id == event_id, rule_event.c.review == "open")
            .values(review=given.verdict, reviewed_at=now, reviewed_by=who.subject, note=given.note)
        )
        if done.rowcount == 1:
            detail = {"id": event_id, "verdict": given.verdict}
            write_audit(connection, who, "rule-events.review", at=now, reason=given.note, detail=detail)
        return find_rule_event(connection, event_id), done.rowcount == 1
