"""Planned against actual: when each post was staffed in a drill, and why it was late.

All times are drill seconds since the order. A unit has arrived when a person says so, or when it has stayed within
``NEAR_M`` of its post for ``DWELL_S``; the time that counts is when it came near (PLANNER.md 2.4). A post is staffed
``setup_s`` after its k-th unit arrived; exactly on the deadline is in time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from api.positions.border import distance_m
from camera_config.county import Position, Post

NEAR_M = 50.0
DWELL_S = 20.0
ACKNOWLEDGE_S = 45.0
"""An order is to be acknowledged within this (PLANNER.md 3); the rest of the dispatch delay is turnout."""


class Cause(StrEnum):
    """What made a unit late, or kept it away."""

    NO_UNIT = "no_unit"
    REFUSED = "refused"
    ACKNOWLEDGEMENT = "acknowledgement"
    TURNOUT = "turnout"
    DRIVING = "driving"


@dataclass(frozen=True, slots=True)
class Report:
    """One thing a unit reported; ``place`` is None where it is no position."""

    unit: str
    kind: str
    t_s: float
    place: Position | None


@dataclass(frozen=True, slots=True)
class Planned:
    """One line of the frozen plan."""

    unit: str
    post: str
    drive_s: float
    arrive_s: float
    staffed_s: float


@dataclass(frozen=True, slots=True)
class UnitResult:
    """What one unit did; None where it has not happened."""

    unit: str
    planned_arrive_s: float
    acknowledged_s: float | None
    moving_s: float | None
    arrived_s: float | None
    source: str | None
    refused: bool
    behind_s: float | None
    cause: Cause | None


@dataclass(frozen=True, slots=True)
class PostResult:
    """One post; ``in_time`` is None while it can still go either way."""

    post: str
    planned_staffed_s: float | None
    staffed_s: float | None
    in_time: bool | None
    late_s: float | None
    cause: Cause | None
    units: tuple[UnitResult, ...]


def score(
    posts: Sequence[Post],
    planned: Sequence[Planned],
    starts: dict[str, Position],
    reports: Sequence[Report],
    *,
    ended: bool,
) -> list[PostResult]:
    """Return one result a post, in the order of ``posts``.

    Args:
        posts: those of the drill's rings.
        planned: the frozen plan; a post it leaves out has cause ``no_unit``.
        starts: where each unit stood at the order.
        reports: in any order.
        ended: nothing more will come, so what has not happened is missing.
    """
    ordered = sorted(reports, key=lambda report: report.t_s)
    by_unit: dict[str, list[Report]] = {}
    for report in ordered:
        by_unit.setdefault(report.unit, []).append(report)
    now_s = ordered[-1].t_s if ordered else 0.0
    results = []
    for post in posts:
        lines = [line for line in planned if line.post == post.id]
        over = ended or now_s > post.deadline_s
        units = tuple(_unit(line, post, starts.get(line.unit), by_unit.get(line.unit, []), over) for line in lines)
        results.append(_post(post, lines, units, over))
    return results


def _post(post: Post, lines: list[Planned], units: tuple[UnitResult, ...], over: bool) -> PostResult:
    arrivals = sorted(unit.arrived_s for unit in units if unit.arrived_s is not None)
    staffed_s = arrivals[post.need_units - 1] + post.setup_s if len(arrivals) >= post.need_units else None
    if staffed_s is not None:
        in_time: bool | None = staffed_s <= post.deadline_s
    else:
        in_time = False if over or not lines else None
    cause = None
    if not lines:
        cause = Cause.NO_UNIT
    elif in_time is False:
        worst = max(units, key=lambda unit: float("inf") if unit.arrived_s is None else unit.behind_s or 0.0)
        cause = worst.cause
    return PostResult(
        post=post.id,
        planned_staffed_s=max((line.staffed_s for line in lines), default=None),
        staffed_s=staffed_s,
        in_time=in_time,
        late_s=None if staffed_s is None else max(0.0, staffed_s - post.deadline_s),
        cause=cause,
        units=units,
    )


def _unit(line: Planned, post: Post, start: Position | None, reports: list[Report], over: bool) -> UnitResult:
    acknowledged_s = _first(reports, "acknowledged")
    refused = _first(reports, "refused") is not None
    track = [(report.t_s, report.place) for report in reports if report.place is not None]
    moving_s = next((t for t, place in track if start is not None and distance_m(start, place) > NEAR_M), None)
    said_s, near_s = _first(reports, "arrived"), dwelt(track, post.position)
    arrived_s = min((t for t in (said_s, near_s) if t is not None), default=None)
    source = None if arrived_s is None else "report" if arrived_s == said_s else "geofence"
    behind_s = None if arrived_s is None else arrived_s - line.arrive_s
    return UnitResult(
        unit=line.unit,
        planned_arrive_s=line.arrive_s,
        acknowledged_s=acknowledged_s,
        moving_s=moving_s,
        arrived_s=arrived_s,
        source=source,
        refused=refused,
        behind_s=behind_s,
        cause=_cause(line, refused, acknowledged_s, moving_s, arrived_s, over),
    )


def _cause(
    line: Planned,
    refused: bool,
    acknowledged_s: float | None,
    moving_s: float | None,
    arrived_s: float | None,
    over: bool,
) -> Cause | None:
    """Return the leg that took longest beyond its share of the plan, None when the unit was not late."""
    if refused:
        return Cause.REFUSED
    if arrived_s is None:
        if not over:
            return None
        if acknowledged_s is None:
            return Cause.ACKNOWLEDGEMENT
        return Cause.TURNOUT if moving_s is None else Cause.DRIVING
    if arrived_s <= line.arrive_s:
        return None
    delay_s = line.arrive_s - line.drive_s
    share_s = min(ACKNOWLEDGE_S, delay_s)
    wheels_s = arrived_s if moving_s is None else min(moving_s, arrived_s)
    heard_s = min(share_s if acknowledged_s is None else acknowledged_s, wheels_s)
    excess = {
        Cause.ACKNOWLEDGEMENT: heard_s - share_s,
        Cause.TURNOUT: (wheels_s - heard_s) - (delay_s - share_s),
        Cause.DRIVING: (arrived_s - wheels_s) - line.drive_s,
    }
    return max(excess, key=lambda cause: excess[cause])


def dwelt(track: Sequence[tuple[float, Position]], post: Position) -> float | None:
    """Return when the first stay near the post began that lasted ``DWELL_S``; one place outside ends a stay."""
    began: float | None = None
    for t_s, place in track:
        if distance_m(place, post) > NEAR_M:
            began = None
            continue
        began = t_s if began is None else began
        if t_s - began >= DWELL_S:
            return began
    return None


def _first(reports: Sequence[Report], kind: str) -> float | None:
    return next((report.t_s for report in reports if report.kind == kind), None)
