"""From units, fields and rules to the two arrival tables: the sure one and the best one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from camera_config.county import Post, Ring, Rules
from camera_config.ids import PostId, UnitId
from lockdown.fields import Fields
from lockdown.graph import Graph
from lockdown.lines import Ints
from lockdown.reach import Place, best_drive_ms, snap, worst_drive_ms
from lockdown.table import Demand, Table
from lockdown.times import NEVER_MS
from lockdown.units import (
    Trust,
    UnitNow,
    best_delay_ms,
    fits,
    moving,
    sure_delay_ms,
    surely_able,
    surely_unable,
    trust_of,
)

M_PER_MS_PER_KMH = 1 / 3600
"""Metres in a millisecond at one kilometre an hour."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A demand and what its post asks of each unit."""

    demand: Demand
    crew_min: int
    equipment: frozenset[str]


@dataclass(frozen=True, slots=True)
class Offers:
    """Who can offer what. ``sure`` and ``best`` have the same units and demands, and best is never later than sure."""

    units: dict[UnitId, UnitNow]
    asked: dict[PostId, Asked]
    sure: Table
    best: Table
    able: frozenset[UnitId]
    unable: frozenset[UnitId]

    def unknown(self, unit: UnitNow) -> bool:
        """Tell whether the unit may be able but does not surely count."""
        return unit.id not in self.able and unit.id not in self.unable


def demands_of(posts: Sequence[Post]) -> tuple[Asked, ...]:
    """Return what the posts ask, in order of id; posts of a group that one crew holds ask together.

    Such a group asks the most that any of its posts asks, by the earliest deadline, with the longest set-up, and its
    crew must be able to reach every one of them.
    """
    groups: dict[tuple[Ring, str], list[Post]] = {}
    for post in sorted(posts, key=lambda p: p.id):
        key = f"group {post.group}" if post.one_crew and post.group is not None else f"post {post.id}"
        groups.setdefault((post.ring, key), []).append(post)
    made = [_asked(members) for members in groups.values()]
    return tuple(sorted(made, key=lambda a: a.demand.id))


def _asked(members: list[Post]) -> Asked:
    demand = Demand(
        id=members[0].id,
        posts=tuple(post.id for post in members),
        ring=members[0].ring,
        need=max(post.need_units for post in members),
        deadline_ms=min(post.deadline_s for post in members) * 1000,
        setup_ms=max(post.setup_s for post in members) * 1000,
    )
    equipment = frozenset(item for post in members for item in post.equipment)
    return Asked(demand, max(post.crew_min for post in members), equipment)


def offers_of(graph: Graph, fields: Fields, units: Sequence[UnitNow], asked: Sequence[Asked], rules: Rules) -> Offers:
    """Return both tables for units given in order of id."""
    rows = {post: i for i, post in enumerate(fields.posts)}
    columns = [[rows[post] for post in a.demand.posts] for a in asked]
    shape = (len(units), len(asked))
    sure, best = np.full(shape, NEVER_MS, np.int64), np.full(shape, NEVER_MS, np.int64)
    sure_delay, best_delay = [0] * len(units), [0] * len(units)
    able, unable = set(), set()
    for i, unit in enumerate(units):
        allowed = np.array([_may_serve(unit, a, rules) for a in asked], np.bool_)
        if surely_unable(unit, rules) or not allowed.any():
            unable.add(unit.id)
            continue
        place = _place(graph, unit, rules)
        best_delay[i] = best_delay_ms(unit, rules)
        reach_m = _reach_m(unit, rules)
        known = place if reach_m is not None else None
        at_best = _per_demand(best_drive_ms(graph, fields, known, reach_m or 0.0), columns)
        best[i] = np.where(allowed, at_best, NEVER_MS)
        if surely_able(unit, rules) and place is not None and unit.seen_age_ms is not None:
            able.add(unit.id)
            sure_delay[i] = sure_delay_ms(unit, rules)
            moved_m = unit.speed_kmh * M_PER_MS_PER_KMH * unit.seen_age_ms
            heading = unit.heading_deg if moving(unit, rules) else None
            at_worst = _per_demand(worst_drive_ms(graph, fields, place, heading, moved_m), columns)
            sure[i] = np.where(allowed, at_worst, NEVER_MS)
    ids, demands = tuple(unit.id for unit in units), tuple(a.demand for a in asked)
    return Offers(
        units={unit.id: unit for unit in units},
        asked={a.demand.id: a for a in asked},
        sure=Table(ids, demands, tuple(sure_delay), sure),
        best=Table(ids, demands, tuple(best_delay), best),
        able=frozenset(able),
        unable=frozenset(unable),
    )


def stays_long_enough(unit: UnitNow, demand: Demand, rules: Rules) -> bool:
    """Tell whether the unit's shift lasts past the deadline and the time that posts are held (``Rules.hold_s``)."""
    return unit.duty_left_ms is None or unit.duty_left_ms >= demand.deadline_ms + rules.hold_s * 1000


def _may_serve(unit: UnitNow, asked: Asked, rules: Rules) -> bool:
    return fits(unit, asked.crew_min, asked.equipment) and stays_long_enough(unit, asked.demand, rules)


def _place(graph: Graph, unit: UnitNow, rules: Rules) -> Place | None:
    """Return where on the roads the unit was seen; None where that is impossible or not to be believed."""
    if unit.position is None or trust_of(unit, rules) is Trust.UNTRUSTED:
        return None
    return snap(graph, unit.position, unit.heading_deg if moving(unit, rules) else None)


def _reach_m(unit: UnitNow, rules: Rules) -> float | None:
    """Return how many metres the unit can have driven since it was surely where it was seen; None: any number.

    Frozen coordinates are those of the moment at which they came up first.
    """
    if unit.seen_age_ms is None:
        return None
    age_ms = unit.seen_age_ms
    if trust_of(unit, rules) is Trust.FROZEN:
        age_ms += unit.same_place_ms
    return rules.max_unit_kmh * M_PER_MS_PER_KMH * age_ms


def _per_demand(drive_ms: Ints, columns: list[list[int]]) -> Ints:
    return np.array([drive_ms[rows].max() for rows in columns], np.int64)
