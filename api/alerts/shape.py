"""An alert as the wall and other systems read it (docs/design/0001, section 5)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping, select

from api.alerts.tables import alert, watchlist
from api.passages.shape import passage_json
from api.passages.tables import passage, vehicle

ALERT = ("id", "raised_at", "state", "drill", "latency_ms")

SELECT = (
    select(
        *passage.c,
        vehicle.c.plate,
        *(alert.c[name].label(f"alert_{name}") for name in (*ALERT, "passage_id")),
        watchlist.c.id.label("watchlist_id"),
        watchlist.c.reason.label("watchlist_reason"),
        watchlist.c.requester.label("watchlist_requester"),
    )
    .join_from(alert, passage, passage.c.id == alert.c.passage_id)
    .join(watchlist, watchlist.c.id == alert.c.watchlist_id)
    .join(vehicle, vehicle.c.id == passage.c.vehicle_id, isouter=True)
)
"""An alert with its passage, plate and watchlist entry."""


def alert_json(row: RowMapping, names: Mapping[str, str]) -> dict[str, Any]:
    """Return the shape of a row of ``SELECT``; ``names`` are the checkpoints' names by id."""
    told = {name: row[f"alert_{name}"] for name in ALERT}
    told["passage"] = passage_json(row, names)
    told["watchlist"] = {
        "id": row["watchlist_id"],
        "reason": row["watchlist_reason"],
        "requester": row["watchlist_requester"],
    }
    return told
