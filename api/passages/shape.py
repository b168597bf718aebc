"""A passage as the wall and other systems read it (docs/design/0001, section 5)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, select

from api.passages.tables import passage, vehicle

SELECT = select(*passage.c, vehicle.c.plate).join_from(
    passage, vehicle, vehicle.c.id == passage.c.vehicle_id, isouter=True
)
"""A passage with its plate."""

_ONE = SELECT.where(passage.c.id == bindparam("passage_id"))

TOLD = (
    "id",
    "version",
    "checkpoint",
    "at",
    "first_seen",
    "last_seen",
    "plate",
    "certain",
    "confidence",
    "plate_class",
    "plate_colour",
    "province_prior",
    "lane",
    "direction",
    "speed_kmh",
    "speed_error_kmh",
    "vehicle_class",
    "source",
    "final",
    "drill",
    "frame_received_at",
)


def passage_json(row: Mapping[Any, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return the shape; ``names`` are the checkpoints' names by id. Paths of pictures stay inside."""
    told = {name: row[name] for name in TOLD}
    told["checkpoint_name"] = names.get(row["checkpoint"], row["checkpoint"])
    told["scene"] = row["scene_path"] is not None
    told["crop"] = row["crop_path"] is not None
    return told


def find_passage(connection: Connection, passage_id: str) -> RowMapping | None:
    """Return the row with its plate, or None."""
    return connection.execute(_ONE, {"passage_id": passage_id}).mappings().one_or_none()
