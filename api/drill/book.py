"""Reading and writing drills in the store."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, insert, select, update

from api.drill.score import Planned, Report
from api.drill.tables import drill_reports, drills
from camera_config.county import Position


@dataclass(frozen=True, slots=True)
class Drill:
    """One drill as it was begun; ``plan`` is a verdict as JSON, ``starts`` where each unit stood."""

    id: str
    created_at: float
    ended_at: float | None
    seed: int
    note: str
    rings: tuple[str, ...]
    starts: dict[str, Position]
    plan: dict[str, Any]

    def planned(self) -> list[Planned]:
        """Return the lines of the frozen plan."""
        return [
            Planned(line["unit"], line["post"], line["drive_s"], line["arrive_s"], line["staffed_s"])
            for line in self.plan["plan"]
        ]

    def held(self) -> set[str]:
        """Return the posts that a crew at another post holds; they have no line of their own."""
        return {post for line in self.plan["plan"] for post in line.get("also_holds", ())}


def begin(engine: Engine, drill: Drill, by: str) -> None:
    """Store a new drill."""
    positions = {unit: [place.lat, place.lon] for unit, place in drill.starts.items()}
    with engine.begin() as connection:
        connection.execute(
            insert(drills).values(
                id=drill.id,
                created_at=drill.created_at,
                created_by=by,
                seed=drill.seed,
                note=drill.note,
                rings=",".join(drill.rings),
                positions=json.dumps(positions),
                plan=json.dumps(drill.plan, ensure_ascii=False, allow_nan=False),
            )
        )


def find(engine: Engine, identity: str) -> Drill | None:
    """Return a drill, None where there is none."""
    with engine.connect() as connection:
        row = connection.execute(select(drills).where(drills.c.id == identity)).one_or_none()
    if row is None:
        return None
    starts = {unit: Position(lat, lon) for unit, (lat, lon) in json.loads(row.positions).items()}
    rings = tuple(row.rings.split(","))
    return Drill(row.id, row.created_at, row.ended_at, row.seed, row.note, rings, starts, json.loads(row.plan))


def add_reports(engine: Engine, identity: str, reports: Sequence[Report]) -> bool:
    """Store reports; False, and nothing is stored, when the drill has ended."""
    rows = [
        {
            "drill_id": identity,
            "unit": report.unit,
            "kind": report.kind,
            "t_s": report.t_s,
            "lat": report.place.lat if report.place else None,
            "lon": report.place.lon if report.place else None,
        }
        for report in reports
    ]
    with engine.begin() as connection:
        running = select(drills.c.id).where(drills.c.id == identity, drills.c.ended_at.is_(None))
        if connection.execute(running).one_or_none() is None:
            return False
        connection.execute(insert(drill_reports), rows)
    return True


def reports_of(engine: Engine, identity: str) -> list[Report]:
    """Return a drill's reports in the order of drill time."""
    query = select(drill_reports).where(drill_reports.c.drill_id == identity).order_by(drill_reports.c.t_s)
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    return [
        Report(row.unit, row.kind, row.t_s, None if row.lat is None else Position(row.lat, row.lon)) for row in rows
    ]


def end(engine: Engine, identity: str, now: float) -> None:
    """End a drill; ending it again changes nothing."""
    with engine.begin() as connection:
        running = (drills.c.id == identity) & drills.c.ended_at.is_(None)
        connection.execute(update(drills).where(running).values(ended_at=now))
