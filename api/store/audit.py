"""Who asked for what, and why: written in the transaction of the deed; the table refuses to be changed."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert

from api.access.roles import Caller
from api.store.tables import audit


def write_audit(
    connection: Connection,
    who: Caller,
    what: str,
    *,
    at: float,
    purpose: str = "",
    case_no: str = "",
    reason: str = "",
    detail: Mapping[str, Any],
) -> None:
    """Add a line; ``at`` is unix seconds, ``detail`` is JSON of what was asked for."""
    connection.execute(
        insert(audit).values(
            at=at,
            who=who.subject,
            role=who.role.value,
            what=what,
            purpose=purpose,
            case_no=case_no,
            reason=reason,
            detail=json.dumps(detail, ensure_ascii=False),
        )
    )
