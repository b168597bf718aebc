"""From units, fields and rules to the two arrival tables: the sure one and the best one."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from camera_config.county import Post, Ring, Rules
from camera_config.ids import UnitId
from lockdown.fields import Fields
from lockdown.graph import Bools, Graph
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


@dataclass(frozen=True)
class Offers:
    """Who can offer what. ``sure`` and ``best`` have the same units and demands, and best is never later than sure.

    ``units`` and ``asked`` are in order of id. The tables are made when they are first looked at: while the sure one
    suffices, nobody pays for the best one.
    """

    graph: Graph
    fields: Fields
    units: tuple[UnitNow, ...]
    asked: tuple[Asked, ...]
    rules: Rules

    @cached_property
    def sure(self) -> Table:
        """Return the table of units that surely count, each at its worst place."""
        drive = np.full((len(self.units), len(self.asked)), NEVER_MS, np.int64)
        delay = [0] * len(self.units)
        for i, unit in enumerate(self.units):
            if unit.id in self.able:
                delay[i] = sure_delay_ms(unit, self.rules)
                drive[i] = self.serves(unit, self.sure_drive(unit, self.fields))
        return self._table(delay, drive)

    @cached_property
    def best(self) -> Table:
        """Return the table of all units that are not known to be unable, each at its best place."""
        drive = np.full((len(self.units), len(self.asked)), NEVER_MS, np.int64)
        delay = [0] * len(self.units)
        for i, unit in enumerate(self.units):
            if unit.id not in self.unable:
                delay[i] = best_delay_ms(unit, self.rules)
                drive[i] = self.serves(unit, self.best_drive(unit, self.fields))
        return self._table(delay, drive)

    def sure_drive(self, unit: UnitNow, fields: Fields) -> Ints:
        """Return (rows of ``fields``,) the unit's longest drive; never where it is not known where the unit is.

        ``fields`` may be to other places or of roads that are reopened; the unit came where it is by the graph's.
        """
        place = self._places[unit.id]
        if place is None:
            return np.full(len(fields.posts), NEVER_MS, np.int64)
        moved_m = unit.speed_kmh * M_PER_MS_PER_KMH * (unit.seen_age_ms or 0)
        heading = unit.heading_deg if moving(unit, self.rules) else None
        return worst_drive_ms(self.graph, fields, place, heading, moved_m)

    def best_drive(self, unit: UnitNow, fields: Fields) -> Ints:
        """Return (rows of ``fields``,) the unit's shortest drive; ``fields`` as of ``sure_drive``."""
        return best_drive_ms(self.graph, fields, self._places[unit.id], _reach_m(unit, self.rules))

    @cached_property
    def able(self) -> frozenset[UnitId]:
        """Return the units that surely count for some post."""
        counts = (u for u in self.units if u.id not in self.unable and self._places[u.id] is not None)
        return frozenset(u.id for u in counts if surely_able(u, self.rules))

    @cached_property
    def unable(self) -> frozenset[UnitId]:
        """Return the units that cannot serve any post, wherever they are."""
        return frozenset(u.id for u in self.units if surely_unable(u, self.rules) or not self._allowed[u.id].any())

    def unknown(self) -> tuple[UnitId, ...]:
        """Return the units that may be able but do not surely count."""
        return tuple(u.id for u in self.units if u.id not in self.able and u.id not in self.unable)

    @cached_property
    def _allowed(self) -> dict[UnitId, Bools]:
        return {u.id: np.array([_may_serve(u, a, self.rules) for a in self.asked], np.bool_) for u in self.units}

    @cached_property
    def _places(self) -> dict[UnitId, Place | None]:
        return {u.id: _place(self.graph, u, self.rules) for u in self.units}

    @cached_property
    def _columns(self) -> tuple[Ints, Ints]:
        """Return the rows of the fields that the demands ask for, one after the other, and where each begins."""
        row = {post: i for i, post in enumerate(self.fields.posts)}
        rows = [row[post] for a in self.asked for post in a.demand.posts]
        begins = np.cumsum([0, *(len(a.demand.posts) for a in self.asked[:-1])])
        return np.array(rows, np.int64), begins.astype(np.int64)

    def serves(self, unit: UnitNow, drive_ms: Ints) -> Ints:
        """Return (demands,) drives from (posts,): the longest of a group's, never where the unit may not serve."""
        rows, begins = self._columns
        return np.where(self._allowed[unit.id], np.maximum.reduceat(drive_ms[rows], begins), NEVER_MS)

    def _table(self, delay: list[int], drive: Ints) -> Table:
        return Table(tuple(u.id for u in self.units), tuple(a.demand for a in self.asked), tuple(delay), drive)


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


def _reach_m(unit: UnitNow, rules: Rules) -> float:
    """Return how many metres the unit can have driven since it was surely where it was seen.

    Frozen coordinates are those of the moment at which they came up first.
    """
    age_ms = unit.seen_age_ms or 0
    if trust_of(unit, rules) is Trust.FROZEN:
        age_ms += unit.same_place_ms
    return rules.max_unit_kmh * M_PER_MS_PER_KMH * age_ms
