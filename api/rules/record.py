"""What rules say, kept: what began is a row, what ended closes it; what a dead process held is closed as unknown."""

import json
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, delete, select, update

from api.log.envelope import Event
from api.rules.shape import find_rule_event, rule_event_json
from api.rules.tables import rule_event
from api.store.upsert import insert_into

HISTORY_S: Final = 90 * 86_400.0
"""What began earlier goes when something begins anew: the law's longest usual term of keeping pictures."""

Share = Annotated[float, Field(ge=0, le=1)]


class RuleEventIn(BaseModel):
    """The data of ``rule.event``."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    id: str = Field(min_length=1, max_length=36)
    camera: str = Field(max_length=64)
    rule: str = Field(max_length=64)
    name: str = Field(max_length=80)
    kind: str = Field(max_length=16)
    state: Literal["began", "ended", "unknown"]
    at: float
    began_at: float
    since: float
    count: int = Field(ge=0, le=1_000_000)
    label: str | None = Field(default=None, max_length=16, alias="class")
    box: tuple[Share, Share, Share, Share] | None = None
    cause: str = Field(default="", max_length=80)


class RuleReset(BaseModel):
    """The data of ``rule.reset``: all that is held ends as unknown, but for what these cameras hold."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    but: list[str] = Field(alias="except", max_length=100_000)
    at: float
    cause: str = Field(max_length=80)


def store_rule_event(connection: Connection, event: Event) -> dict[str, Any]:
    """Keep one, and return its shape. A repeated or late one changes nothing that was decided."""
    given = RuleEventIn.model_validate(dict(event.data))
    rest = {
        **given.model_dump(exclude={"id", "at", "box"}),
        "ended_at": None if given.state == "began" else given.at,
        "box": None if given.box is None else json.dumps(given.box),
    }
    if given.state == "began":
        connection.execute(delete(rule_event).where(rule_event.c.began_at < given.began_at - HISTORY_S))
    put = insert_into(connection, rule_event).values(id=given.id, review="open", **rest)
    ends = {name: rest[name] for name in ("state", "ended_at", "cause", "count")}
    connection.execute(
        put.on_conflict_do_update(index_elements=[rule_event.c.id], set_=ends, where=rule_event.c.ended_at.is_(None))
    )
    told = find_rule_event(connection, given.id)
    assert told is not None
    return told


def reset_rule_events(connection: Connection, event: Event) -> list[dict[str, Any]]:
    """Close what nobody holds any more, and return the shapes of it."""
    given = RuleReset.model_validate(dict(event.data))
    held = select(rule_event.c.id).where(rule_event.c.state == "began", rule_event.c.camera.not_in(given.but))
    lost = connection.execute(held).scalars().all()
    if not lost:
        return []
    connection.execute(
        update(rule_event)
        .where(rule_event.c.id.in_(lost))
        .values(state="unknown", ended_at=given.at, cause=given.cause)
    )
    rows = connection.execute(select(rule_event).where(rule_event.c.id.in_(lost))).mappings()
    return [rule_event_json(row) for row in rows]
