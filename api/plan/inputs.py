"""From a county and what its units report to the planner's inputs: the one way, for worker, command line and drill."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from api import __version__
from camera_config.county import Closure, County, Position, Ring, Unit, UnitStatus
from camera_config.errors import ConfigError
from lockdown.advice import Advised, advise
from lockdown.fields import Fields, post_fields
from lockdown.graph import Graph, build_graph, lost_posts
from lockdown.leaks import Leak, find_leaks
from lockdown.noise import Trees, grow_trees
from lockdown.readiness import Readiness, assess
from lockdown.reopen import Reopened, reopened
from lockdown.units import UnitNow
from lockdown.weigh import weighed
from lockdown.whatif import Spots, spots_of

log = logging.getLogger(__name__)

POSITIONS_FILE = "positions.json"
"""Example positions beside the county's other files."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the planner needs of a county and computes once for its roads, closures, weather and hour.

    ``hour_permille`` is the share of the speeds' time that driving takes in it (``api.plan.hours``). ``spots`` and
    ``reopened`` are for advice only: where units may stand, and the roads without each closure. ``trees`` are for odds:
    the way from every node.
    """

    county: County
    graph: Graph
    fields: Fields
    leaks: dict[Ring, tuple[Leak, ...]]
    spots: Spots
    reopened: tuple[Reopened, ...]
    trees: Trees
    hour_permille: int


class PositionRow(BaseModel):
    """One entry of a positions file; degrees WGS84, ``age_s`` since it was measured.

    ``same_place_s``: for how long its coordinates have been identical. ``trusted``: false makes the unit unknown.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    unit: str = Field(min_length=1, max_length=64)
    lat: float = Field(ge=-90.0, le=90.0)
    lon: float = Field(ge=-180.0, le=180.0)
    age_s: float = Field(ge=0.0, le=1e9)
    speed_kmh: float = Field(default=0.0, ge=0.0)
    heading_deg: Annotated[float, Field(ge=0.0, le=360.0)] | None = None
    status: UnitStatus | None = None
    same_place_s: float = Field(default=0.0, ge=0.0, le=1e9)
    trusted: bool = True


def prepare(county: County, closures: Sequence[Closure] | None = None, *, hour_permille: int | None = None) -> Prepared:
    """Build graph, fields and leak check; 1 to 2 s for a county, after every change of closures, weather or hour.

    Args:
        county: as loaded.
        closures: those that hold now; None takes the county's own.
        hour_permille: how much of the speeds' time driving takes; None takes the slowest hour of the day.

    Raises:
        ConfigError: a closure that lies on no fitting road, or speeds that cannot be.
    """
    rules = county.rules
    hold = county.closures if closures is None else closures
    hour = max(rules.hour_permille) if hour_permille is None else hour_permille
    try:
        graph = build_graph(
            county.roads,
            rules.speed_kmh[rules.weather],
            hold,
            county.posts,
            rules.snap_max_m,
            hour_permille=hour,
            junction_ms=rules.junction_ms,
            keep_lost=True,
        )
    except ValueError as error:
        raise ConfigError(str(error), hint="Run `kakou check` and correct posts and closures.") from error
    for post in lost_posts(graph):
        log.error("plan.post_lost post=%s: no carriageway leads there; `kakou check` says more", post)
    leaks = {area.ring: find_leaks(graph, area, county.posts) for area in county.rings}
    fields = post_fields(graph, county.posts)
    standby = {str(point.id): point.position for point in county.standby_points}
    spots, lifted = spots_of(graph, fields, standby), reopened(graph, county.posts, standby)
    trees = grow_trees(graph, fields, county.roads)
    return Prepared(county, graph, fields, leaks, spots, lifted, trees, hour)


def readiness_now(prepared: Prepared, units: Sequence[UnitNow], computed_at: float) -> Readiness:
    """Return the readiness for units as they are known; ``computed_at`` in unix seconds, for the record."""
    return assess(
        prepared.graph,
        prepared.fields,
        prepared.county.posts,
        units,
        prepared.county.rules,
        leaks=prepared.leaks,
        computed_at=computed_at,
        version=__version__,
    )


def odds_on(prepared: Prepared, readiness: Readiness, *, knowing: bool = False) -> Readiness:
    """Return a readiness that was just computed with the odds of its plans, READY where they suffice; 50 ms or so.

    ``knowing``: with hindsight, which takes up to a second.
    """
    return weighed(readiness, prepared.trees, knowing=knowing)


def advice_on(prepared: Prepared, readiness: Readiness) -> Advised:
    """Return losses and fixes of a readiness that was just computed; up to a tenth of a second."""
    return advise(readiness, prepared.spots, prepared.reopened)


def read_positions(path: Path) -> list[PositionRow]:
    """Read a positions file: a JSON list of ``PositionRow``.

    Raises:
        ConfigError: it cannot be read, or says what cannot be.
    """
    try:
        return TypeAdapter(list[PositionRow]).validate_python(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error}", hint="Give a file with --positions.") from error
    except (ValueError, ValidationError) as error:
        raise ConfigError(f"{path}: {error}", hint="Want a list of unit, lat, lon, age_s, …") from error


def units_from(county: County, rows: Sequence[PositionRow]) -> list[UnitNow]:
    """Return every unit of the roster; a unit without a row was never seen.

    Raises:
        ConfigError: a row for a unit that the county does not have, or two for one unit.
    """
    by_unit = {row.unit: row for row in rows}
    strangers = sorted(set(by_unit) - {str(unit.id) for unit in county.units})
    if strangers or len(by_unit) != len(rows):
        wrong = f"unknown units {', '.join(strangers)}" if strangers else "a unit has two positions"
        raise ConfigError(f"positions: {wrong}", hint="The units are those of units.csv.")
    return [_unit_now(unit, by_unit.get(unit.id)) for unit in county.units]


def _unit_now(unit: Unit, row: PositionRow | None) -> UnitNow:
    if row is None:
        return UnitNow(unit.id, unit.crew, unit.equipment, unit.status, None, None)
    return UnitNow(
        id=unit.id,
        crew=unit.crew,
        equipment=unit.equipment,
        status=row.status or unit.status,
        position=Position(row.lat, row.lon),
        seen_age_ms=-int(-row.age_s * 1000 // 1),
        speed_kmh=row.speed_kmh,
        heading_deg=row.heading_deg,
        same_place_ms=-int(-row.same_place_s * 1000 // 1),
        trusted=row.trusted,
    )
