"""The fugitive's race and the fewest posts, for command line and API: from a county and its units to what is shown.

Seconds have one decimal; the fugitive's are rounded down and staffed times up, so that no exit looks safer than it is.
"""

from collections.abc import Sequence
from math import ceil
from typing import Any, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.plan.inputs import Prepared, readiness_now
from camera_config.county import Position, Ring
from camera_config.errors import ConfigError
from camera_config.ground import inside
from camera_config.ids import PostId
from lockdown.cut import Cut, CutPost, Enclosure, before_him, crews, needs, staffed_at, trade_off
from lockdown.graph import Bools
from lockdown.lines import index_lines
from lockdown.race import Exit, Fugitive, Race, Reach, fugitive, race, reach
from lockdown.readiness import Verdict
from lockdown.times import NEVER_MS, shown_s
from lockdown.units import UnitNow

LONGEST_AGO_S = 86_400.0
AHEAD_S = 5.0
"""A sighting may be this far ahead of our clock, and is then taken for now: a camera's clock is not ours."""

PLACES = 5
"""Decimals of a drawn coordinate: about a metre."""


class _Out(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RaceIn(BaseModel):
    """Where he was seen, WGS84 degrees, and either when, unix seconds, or how long ago.

    With ``roads`` those that he can be on come too, with ``fewest`` the cuts, after a second or more.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    lat: float = Field(ge=-90.0, le=90.0)
    lon: float = Field(ge=-180.0, le=180.0)
    seen_ago_s: float | None = Field(None, ge=0.0, le=LONGEST_AGO_S)
    seen_at: float | None = None
    roads: bool = False
    fewest: bool = False

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.seen_ago_s is None) == (self.seen_at is None):
            raise ValueError("say when he was seen: seen_at or seen_ago_s, one of them")
        return self

    def ago_ms(self, now: float) -> int:
        """Return how long ago it was at unix time ``now``, rounded up.

        Raises:
            ValueError: it is to come yet, or longer ago than a day.
        """
        ago_s = now - self.seen_at if self.seen_at is not None else self.seen_ago_s or 0.0
        if not -AHEAD_S <= ago_s <= LONGEST_AGO_S:
            raise ValueError("he was seen within a day, and not in time to come")
        return ceil(max(0.0, ago_s) * 1000)


class ExitOut(_Out):
    """One exit; times from now, negative where they have passed. ``first_by_s``: how much sooner the post stands."""

    post: str
    name: str
    ring: str
    road: str
    lat: float
    lon: float
    arrives_in_s: float | None
    comes_in_s: float | None
    staffed_in_s: float | None
    first_by_s: float | None
    verdict: str
    already: bool
    path: list[list[float]]


class CutPostOut(_Out):
    """A post that does not exist yet, or does; ``bearing_deg`` is the way of those whom it stops."""

    road: str
    lat: float
    lon: float
    bearing_deg: float
    need: int
    units: list[str]
    staffed_s: float | None


class CutOut(_Out):
    """The fewest units that close every way out; no cut of as few is staffed before ``least_s``.

    Posts that one crew holds count each in ``units``. ``t_star_s`` null: its posts cannot all be staffed when they
    must be, for units are wanted at several.
    """

    units: int
    t_star_s: float | None
    least_s: float
    exact: bool
    posts: list[CutPostOut]


class RaceOut(_Out):
    """The whole race, to be shown for ``valid_for_s`` after it was computed.

    ``leaves_in_s``: from now, when he can first be outside each ring; null: he is kept in. ``reach``: the lines of the
    roads that he can be on, each of [lat, lon]; null where not asked for.
    """

    computed_at: float
    valid_for_s: int
    digest: str
    state: str
    seen: list[float]
    seen_ago_s: float
    reach_km: float
    reach_junctions: int
    leaves_in_s: dict[str, float | None]
    next_ring: str | None
    leaks: int
    exits: list[ExitOut]
    reach: list[list[list[float]]] | None = None
    fewest: list[CutOut] | None = None


def race_now(
    prepared: Prepared, units: Sequence[UnitNow], seen: Position, seen_ago_ms: int, computed_at: float
) -> tuple[RaceOut, Fugitive, Race]:
    """Run the race against the joint plan for these units, ordered now.

    Raises:
        ConfigError: no road near the place.
    """
    county = prepared.county
    chased = chased_from(prepared, seen, seen_ago_ms)
    readiness = readiness_now(prepared, units, computed_at)
    found = race(prepared.graph, chased, county.posts, county.rings, staffed_by(readiness.joint))
    area = reach(prepared.graph, chased, found.drive, seen_ago_ms)
    out = RaceOut(
        computed_at=computed_at,
        valid_for_s=readiness.valid_for_s,
        digest=readiness.digest,
        state=readiness.state.value,
        seen=_pair(seen),
        seen_ago_s=seen_ago_ms / 1000,
        reach_km=round(area.metres / 1000, 2),
        reach_junctions=area.junctions,
        leaves_in_s={ring.value: _from_now(ms, seen_ago_ms) for ring, ms in found.leaves_ms.items()},
        next_ring=found.next_ring.value if found.next_ring else None,
        leaks=len(readiness.leaks),
        exits=[_exit_out(prepared, exit_, seen_ago_ms) for exit_ in found.exits],
    )
    return out, chased, found


def race_json(prepared: Prepared, units: Sequence[UnitNow], asked: RaceIn, computed_at: float) -> dict[str, Any]:
    """Return the answer to a request as plain JSON values.

    Raises:
        ConfigError: no road near the place.
        ValueError: not seen within a day.
    """
    seen = Position(asked.lat, asked.lon)
    out, chased, found = race_now(prepared, units, seen, asked.ago_ms(computed_at), computed_at)
    if asked.roads:
        out = out.model_copy(update={"reach": _drawn(reach(prepared.graph, chased, found.drive, chased.now_ms))})
    if asked.fewest:
        out = out.model_copy(update={"fewest": cuts_around(prepared, units, chased)})
    return out.model_dump(mode="json")


def chased_from(prepared: Prepared, seen: Position, seen_ago_ms: int) -> Fugitive:
    """Return the fugitive.

    Raises:
        ConfigError: no road near the place.
    """
    try:
        return fugitive(prepared.graph, prepared.county.roads, prepared.county.rules, seen, seen_ago_ms)
    except ValueError as error:
        raise ConfigError(f"{seen.lat:.5f},{seen.lon:.5f}: {error}", hint="Give a place in the county.") from error


def staffed_by(verdict: Verdict) -> dict[PostId, int]:
    """Return when the posts of a verdict's plan are staffed, milliseconds from the order; others have no entry."""
    found: dict[PostId, int] = {}
    for order in verdict.plan:
        for post in (order.post, *verdict.also_holds.get(order.post, ())):
            found[post] = max(found.get(post, 0), order.staffed_ms)
    return found


def reaches(prepared: Prepared, chased: Fugitive, found: Race, from_now_ms: Sequence[int]) -> list[Reach]:
    """Return where he can be at some times from now, posts standing as planned."""
    return [reach(prepared.graph, chased, found.drive, chased.now_ms + ms) for ms in from_now_ms]


def cuts_around_town(prepared: Prepared, units: Sequence[UnitNow], beyond_m: float | None) -> list[CutOut]:
    """Return the smallest cuts that enclose the town, by falling time; posts stand up to ``beyond_m`` outside it.

    None: anywhere up to the county's edge.
    """
    graph = prepared.graph
    town = _within(prepared, Ring.TOWN)
    if beyond_m is None:
        beyond = ~_within(prepared, Ring.COUNTY)
    else:
        outline = next(area.outline for area in prepared.county.rings if area.ring is Ring.TOWN)
        line = index_lines(graph.plane, [np.array([[p.lat, p.lon] for p in outline])])
        beyond = ~town
        for node in np.flatnonzero(beyond).tolist():
            beyond[node] = not line.near(Position(float(graph.lat[node]), float(graph.lon[node])), beyond_m)
    town[graph.junctions :] = False
    beyond[graph.junctions :] = False
    return _cuts(prepared, units, town, beyond, None)


def cuts_around(prepared: Prepared, units: Sequence[UnitNow], chased: Fugitive) -> list[CutOut]:
    """Return the smallest cuts that keep him in the county, every post staffed no later than he comes."""
    graph = prepared.graph
    beyond = ~_within(prepared, Ring.COUNTY)
    beyond[graph.junctions :] = False
    within = np.zeros(len(graph.lat), np.bool_)
    within[[begin.node for begin in chased.starts]] = True
    return _cuts(prepared, units, within, beyond, chased)


def _cuts(
    prepared: Prepared, units: Sequence[UnitNow], within: Bools, beyond: Bools, chased: Fugitive | None
) -> list[CutOut]:
    graph, county = prepared.graph, prepared.county
    if not within.any() or not beyond.any() or (within & beyond).any():
        return []
    crew_min = max((post.crew_min for post in county.posts), default=1)
    setup_ms = max((post.setup_s for post in county.posts), default=0) * 1000
    staffed = staffed_at(graph, units, county.rules, county.posts, crew_min=crew_min, setup_ms=setup_ms)
    need = needs(graph, county.roads, county.posts)
    if chased is None:
        latest_ms = np.full(len(graph.any_way.head), NEVER_MS, np.int64)
    else:
        latest_ms = before_him(graph, chased, county.posts)
    asked = Enclosure(graph, within, beyond, need, staffed, latest_ms, crews(graph, county.posts))
    return [_cut_out(cut, units) for cut in trade_off(asked)]


def _within(prepared: Prepared, ring: Ring) -> Bools:
    graph = prepared.graph
    outlines = [area.outline for area in prepared.county.rings if area.ring is ring]
    return inside(outlines[0], graph.lat, graph.lon) if outlines else np.ones(len(graph.lat), np.bool_)


def _cut_out(cut: Cut, units: Sequence[UnitNow]) -> CutOut:
    return CutOut(
        units=cut.units,
        t_star_s=None if cut.t_star_ms is None else shown_s(cut.t_star_ms),
        least_s=shown_s(cut.least_ms),
        exact=cut.exact,
        posts=[_post_out(post, units) for post in cut.posts],
    )


def _post_out(post: CutPost, units: Sequence[UnitNow]) -> CutPostOut:
    lat, lon = _pair(post.position)
    return CutPostOut(
        road=post.road,
        lat=lat,
        lon=lon,
        bearing_deg=round(post.bearing_deg, 1),
        need=post.need,
        units=[str(units[row].id) for row in post.units],
        staffed_s=None if post.staffed_ms is None else shown_s(post.staffed_ms),
    )


def _exit_out(prepared: Prepared, exit_: Exit, now_ms: int) -> ExitOut:
    post = next(post for post in prepared.county.posts if post.id == exit_.post)
    both = exit_.staffed_ms is not None and exit_.comes_ms is not None
    lat, lon = _pair(post.position)
    return ExitOut(
        post=exit_.post,
        name=post.name,
        ring=exit_.ring.value,
        road=post.road,
        lat=lat,
        lon=lon,
        arrives_in_s=_from_now(exit_.arrives_ms, now_ms),
        comes_in_s=_from_now(exit_.comes_ms, now_ms),
        staffed_in_s=None if exit_.staffed_ms is None else shown_s(exit_.staffed_ms - now_ms),
        first_by_s=((exit_.comes_ms or 0) - (exit_.staffed_ms or 0)) // 100 / 10 if both else None,
        verdict=exit_.verdict.value,
        already=exit_.already,
        path=[_pair(point) for point in exit_.path],
    )


def _drawn(area: Reach) -> list[list[list[float]]]:
    return [np.round(line, PLACES).tolist() for line in area.lines]


def _from_now(ms: int | None, now_ms: int) -> float | None:
    return None if ms is None else (ms - now_ms) // 100 / 10


def _pair(point: Position) -> list[float]:
    return [round(point.lat, 7), round(point.lon, 7)]
