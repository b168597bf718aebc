"""What a rule said, as the wall and other systems read it."""

import json
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from api.rules.tables import rule_event

SHOWN = (
    *("id", "camera", "rule", "name", "kind", "state", "since", "began_at", "ended_at", "cause", "count", "review"),
    *("reviewed_at", "note"),
)


def rule_event_json(row: RowMapping) -> dict[str, Any]:
    """Return the shape of a row."""
    told = {name: row[name] for name in SHOWN}
    told["class"] = row["label"]
    told["box"] = None if row["box"] is None else json.loads(row["box"])
    return told


def find_rule_event(connection: Connection, event_id: str) -> dict[str, Any] | None:
    """Return the shape of one, or None."""
    row = connection.execute(select(rule_event).where(rule_event.c.id == event_id)).mappings().one_or_none()
    return None if row is None else rule_event_json(row)
