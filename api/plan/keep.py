"""The keeper's handler for ``verdict.changed``: one row a change, applied once however often it is delivered."""

import json
from typing import TYPE_CHECKING

from sqlalchemy import Connection, insert, select

from api.plan.tables import verdicts

if TYPE_CHECKING:
    from api.log.envelope import Event

KIND = "verdict.changed"


def keep_verdict(connection: Connection, event: "Event") -> None:
    """Store one change of the answer; ``data`` is what ``api.plan.record.changed`` made."""
    if connection.execute(select(verdicts.c.id).where(verdicts.c.id == event.id)).one_or_none() is not None:
        return
    data = event.data
    connection.execute(
        insert(verdicts).values(
            id=event.id,
            at=data["computed_at"],
            state=data["state"],
            t_star_s=data["t_star_s"],
            weakest_post=data["weakest_post"],
            margin_s=data["margin_s"],
            digest=data["digest"],
            certificate=json.dumps(data["certificate"], ensure_ascii=False, separators=(",", ":"), allow_nan=False),
        )
    )
