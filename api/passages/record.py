"""Write a report into the store: a new passage, a newer version, or a second source of one that is known."""

from typing import Any

from sqlalchemy import Connection, bindparam, exists, func, insert, select, update

from api.passages.report import PassageReport
from api.passages.rules import SAME_PASSAGE_S, Known, merge, news, same_passage
from api.passages.shape import find_passage
from api.passages.tables import passage, report, vehicle
from api.store.upsert import insert_or_ignore

# Statements are built once: building them took two thirds of the time of storing a passage.
_REPORT = select(report).where(report.c.id == bindparam("report_id"))
_NEW_REPORT = insert(report)
_NEWER_REPORT = update(report).where(report.c.id == bindparam("report_id")).values(version=bindparam("to_version"))
_NEW_PASSAGE = insert(passage)
_SOURCES = select(func.count(report.c.source.distinct())).where(report.c.passage_id == bindparam("passage_id"))
_VEHICLE = select(vehicle.c.id).where(vehicle.c.plate == bindparam("plate"))
_OTHERS = (
    select(passage.c.id, passage.c.at, vehicle.c.plate)
    .join(vehicle, vehicle.c.id == passage.c.vehicle_id)
    .where(
        passage.c.checkpoint == bindparam("checkpoint"),
        passage.c.at.between(bindparam("from_at"), bindparam("to_at")),
        passage.c.drill == bindparam("drill"),
        passage.c.source != bindparam("source"),
        ~exists().where(report.c.passage_id == passage.c.id, report.c.source == bindparam("source")),
    )
)
"""The passages near by that have a plate and no report of this source yet."""


def record(connection: Connection, given: PassageReport, now: float) -> str | None:
    """Store ``given`` within the caller's transaction.

    Returns:
        The id of the passage that is new or changed; None when the same or a newer version is stored already.
    """
    known = connection.execute(_REPORT, {"report_id": given.id}).one_or_none()
    if known is not None:
        if given.version <= known.version:
            return None
        connection.execute(_NEWER_REPORT, {"report_id": given.id, "to_version": given.version})
        _change(connection, str(known.passage_id), given)
        return str(known.passage_id)
    same = same_passage(given, _others(connection, given)) if given.plate is not None else None
    if same is None:
        values = _with_vehicle(connection, news(given))
        connection.execute(_NEW_PASSAGE, {"id": given.id, "source": given.source, "stored_at": now, **values})
    connection.execute(
        _NEW_REPORT,
        {"id": given.id, "passage_id": same or given.id, "source": given.source, "version": given.version},
    )
    if same is not None:
        _change(connection, same, given)
    return same or given.id


def passage_of(connection: Connection, report_id: str) -> str | None:
    """Return the id of the passage under which a report was counted."""
    known = connection.execute(_REPORT, {"report_id": report_id}).one_or_none()
    return None if known is None else str(known.passage_id)


def _others(connection: Connection, given: PassageReport) -> list[Known]:
    near_by = {
        "checkpoint": given.checkpoint,
        "from_at": given.at - SAME_PASSAGE_S,
        "to_at": given.at + SAME_PASSAGE_S,
        "drill": given.drill,
        "source": given.source,
    }
    return [Known(row.id, row.at, row.plate) for row in connection.execute(_OTHERS, near_by)]


def _change(connection: Connection, passage_id: str, given: PassageReport) -> None:
    row = find_passage(connection, passage_id)
    assert row is not None
    sources = connection.execute(_SOURCES, {"passage_id": passage_id}).scalar_one()
    changes = merge(dict(row), given, own=row["source"] == given.source, shared=sources > 1)
    connection.execute(update(passage).where(passage.c.id == passage_id).values(**_with_vehicle(connection, changes)))


def _with_vehicle(connection: Connection, values: dict[str, Any]) -> dict[str, Any]:
    """Put the vehicle's number where the plate stood."""
    if "plate" not in values:
        return values
    plate = values.pop("plate")
    values["vehicle_id"] = None if plate is None else _vehicle(connection, plate)
    return values


def _vehicle(connection: Connection, plate: str) -> int:
    found = connection.execute(_VEHICLE, {"plate": plate}).scalar_one_or_none()
    if found is None:
        connection.execute(insert_or_ignore(connection.dialect.name, vehicle), {"plate": plate})
        found = connection.execute(_VEHICLE, {"plate": plate}).scalar_one()
    return int(found)
