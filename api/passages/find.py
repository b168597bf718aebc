"""Find passages: page by page, or by a plate with wildcards. Reading only; short transactions."""

from typing import Any

from sqlalchemy import Engine, func, select

from api.access.roles import Caller
from api.passages.plates import like_pattern
from api.passages.shape import SELECT, find_passage, passage_json
from api.passages.tables import passage, vehicle
from api.store.audit import write_audit
from api.store.cursor import page_of, read_page

Names = dict[str, str]
Page = dict[str, Any]


def page(engine: Engine, names: Names, *, after: str, limit: int, checkpoint: str, since: float | None) -> Page:
    """Return ``{passages, next}`` of unix time ``since`` and later, newest first; ``next`` is null at the end.

    Raises:
        ValueError: ``after`` is not a cursor.
    """
    wanted = SELECT.where(passage.c.checkpoint == checkpoint) if checkpoint else SELECT
    if since is not None:
        wanted = wanted.where(passage.c.at >= since)
    query = page_of(wanted, passage.c.at, passage.c.id, after=after, limit=limit)
    rows, following = read_page(engine, query, limit)
    return {"passages": [passage_json(row, names) for row in rows], "next": following}


def one(engine: Engine, passage_id: str) -> dict[str, Any] | None:
    """Return the row of a passage with its plate, or None."""
    with engine.connect() as connection:
        row = find_passage(connection, passage_id)
    return None if row is None else dict(row)


def search(
    engine: Engine,
    names: Names,
    who: Caller,
    *,
    plate: str,
    purpose: str,
    case_no: str,
    reason: str,
    after: str,
    limit: int,
    now: float,
) -> Page:
    """Return a page of the passages of plates like ``plate``; the audit line is durable before the first is read.

    Wildcards are resolved over distinct plates, whose number does not grow with the years of passages.

    Raises:
        ValueError: not a plate with wildcards, or ``after`` is not a cursor.
    """
    pattern = like_pattern(plate)
    wild = "%" in pattern or "_" in pattern
    match = vehicle.c.plate.like(pattern) if wild else vehicle.c.plate == pattern
    wanted = SELECT.where(passage.c.vehicle_id.in_(select(vehicle.c.id).where(match)))
    query = page_of(wanted, passage.c.at, passage.c.id, after=after, limit=limit)
    with engine.begin() as connection:
        write_audit(
            connection,
            who,
            "passages.search",
            at=now,
            purpose=purpose,
            case_no=case_no,
            reason=reason,
            detail={"plate": plate, "after": after, "limit": limit},
        )
    rows, following = read_page(engine, query, limit)
    return {"passages": [passage_json(row, names) for row in rows], "next": following}


def count(engine: Engine) -> int:
    """Return how many passages are stored, drills left out."""
    with engine.connect() as connection:
        query = select(func.count()).select_from(passage).where(~passage.c.drill)
        return int(connection.execute(query).scalar_one())
