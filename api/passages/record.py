"""Write a report into the store: a new passage, a newer version, or a second source of one that is known."""

from typing import Any

from sqlalchemy import Connection, exists, func, insert, select, update

from api.passages.report import PassageReport
from api.passages.rules import SAME_PASSAGE_S, Known, merge, news, same_passage
from api.passages.shape import SELECT
from api.passages.tables import passage, report, vehicle
from api.store.upsert import insert_into


def record(connection: Connection, given: PassageReport, now: float) -> str | None:
    """Store ``given`` within the caller's transaction.

    Returns:
        The id of the passage that is new or changed; None when the same or a newer version is stored already.
    """
    known = connection.execute(select(report).where(report.c.id == given.id)).one_or_none()
    if known is not None:
        if given.version <= known.version:
            return None
        connection.execute(update(report).where(report.c.id == given.id).values(version=given.version))
        _change(connection, str(known.passage_id), given)
        return str(known.passage_id)
    same = same_passage(given, _others(connection, given)) if given.plate is not None else None
    if same is None:
        values = _with_vehicle(connection, news(given))
        connection.execute(insert(passage).values(id=given.id, source=given.source, stored_at=now, **values))
    connection.execute(
        insert(report).values(id=given.id, passage_id=same or given.id, source=given.source, version=given.version)
    )
    if same is not None:
        _change(connection, same, given)
    return same or given.id


def passage_of(connection: Connection, report_id: str) -> str | None:
    """Return the id of the passage under which a report was counted."""
    found: str | None = connection.execute(
        select(report.c.passage_id).where(report.c.id == report_id)
    ).scalar_one_or_none()
    return found


def _others(connection: Connection, given: PassageReport) -> list[Known]:
    """Return the passages near by that have a plate and no report of this source yet."""
    spoken = exists().where(report.c.passage_id == passage.c.id, report.c.source == given.source)
    rows = connection.execute(
        select(passage.c.id, passage.c.at, vehicle.c.plate)
        .join(vehicle, vehicle.c.id == passage.c.vehicle_id)
        .where(
            passage.c.checkpoint == given.checkpoint,
            passage.c.at.between(given.at - SAME_PASSAGE_S, given.at + SAME_PASSAGE_S),
            passage.c.drill == given.drill,
            passage.c.source != given.source,
            ~spoken,
        )
    )
    return [Known(row.id, row.at, row.plate) for row in rows]


def _change(connection: Connection, passage_id: str, given: PassageReport) -> None:
    row = connection.execute(SELECT.where(passage.c.id == passage_id)).mappings().one()
    sources = connection.execute(
        select(func.count(report.c.source.distinct())).where(report.c.passage_id == passage_id)
    ).scalar_one()
    changes = merge(dict(row), given, own=row["source"] == given.source, shared=sources > 1)
    if changes:
        connection.execute(
            update(passage).where(passage.c.id == passage_id).values(**_with_vehicle(connection, changes))
        )


def _with_vehicle(connection: Connection, values: dict[str, Any]) -> dict[str, Any]:
    """Put the vehicle's number where the plate stood."""
    if "plate" not in values:
        return values
    plate = values.pop("plate")
    values["vehicle_id"] = None if plate is None else _vehicle(connection, plate)
    return values


def _vehicle(connection: Connection, plate: str) -> int:
    find = select(vehicle.c.id).where(vehicle.c.plate == plate)
    found = connection.execute(find).scalar_one_or_none()
    if found is None:
        connection.execute(insert_into(connection, vehicle).values(plate=plate).on_conflict_do_nothing())
        found = connection.execute(find).scalar_one()
    return int(found)
