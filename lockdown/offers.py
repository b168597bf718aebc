"""From units, fields and rules to the two arrival tables: the sure one and the best one."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from camera_config.county import Rules
from camera_config.ids import UnitId
from lockdown.asks import Asked, Asks
from lockdown.fields import Fields
from lockdown.graph import Bools, Graph
from lockdown.lines import Ints
from lockdown.reach import Place, best_drive_ms, snap, worst_drive_ms
from lockdown.table import Table
from lockdown.times import NEVER_MS
from lockdown.units import (
    Trust,
    UnitNow,
    best_delay_ms,
    moving,
    sure_delay_ms,
    surely_able,
    surely_unable,
    trust_of,
)

M_PER_MS_PER_KMH = 1 / 3600
"""Metres in a millisecond at one kilometre an hour."""


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
        return sure_drive(self.graph, fields, unit, self._places[unit.id], self.rules)

    def best_drive(self, unit: UnitNow, fields: Fields) -> Ints:
        """Return (rows of ``fields``,) the unit's shortest drive; ``fields`` as of ``sure_drive``."""
        return best_drive(self.graph, fields, unit, self._places[unit.id], self.rules)

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
    def asks(self) -> Asks:
        """Return what is asked, as arrays."""
        return Asks(self.asked, self.fields.posts, self.rules)

    @cached_property
    def _allowed(self) -> dict[UnitId, Bools]:
        return {u.id: self.asks.allow(u) for u in self.units}

    @cached_property
    def _places(self) -> dict[UnitId, Place | None]:
        return {u.id: place_of(self.graph, u, self.rules) for u in self.units}

    def serves(self, unit: UnitNow, drive_ms: Ints) -> Ints:
        """Return (demands,) drives from (posts,): the longest of a group's, never where the unit may not serve."""
        return self.asks.serve(self._allowed[unit.id], drive_ms)

    def _table(self, delay: list[int], drive: Ints) -> Table:
        return Table(tuple(u.id for u in self.units), tuple(a.demand for a in self.asked), tuple(delay), drive)


def place_of(graph: Graph, unit: UnitNow, rules: Rules) -> Place | None:
    """Return where on the roads the unit was seen; None where that is impossible or not to be believed."""
    if unit.position is None or trust_of(unit, rules) is Trust.UNTRUSTED:
        return None
    return snap(graph, unit.position, unit.heading_deg if moving(unit, rules) else None)


def sure_drive(graph: Graph, fields: Fields, unit: UnitNow, place: Place | None, rules: Rules) -> Ints:
    """Return (posts,) the unit's longest drive; never where it is not known where the unit is."""
    if place is None:
        return np.full(len(fields.posts), NEVER_MS, np.int64)
    heading = unit.heading_deg if moving(unit, rules) else None
    return worst_drive_ms(graph, fields, place, heading, driven_m(unit))


def best_drive(graph: Graph, fields: Fields, unit: UnitNow, place: Place | None, rules: Rules) -> Ints:
    """Return (posts,) the unit's shortest drive from anywhere that it can be by now."""
    return best_drive_ms(graph, fields, place, reach_m(unit, rules))


def driven_m(unit: UnitNow) -> float:
    """Return how many metres the unit has driven since it was seen, at the speed that it said."""
    return unit.speed_kmh * M_PER_MS_PER_KMH * (unit.seen_age_ms or 0)


def reach_m(unit: UnitNow, rules: Rules) -> float:
    """Return how many metres the unit can have driven since it was surely where it was seen.

    Frozen coordinates are those of the moment at which they came up first.
    """
    age_ms = unit.seen_age_ms or 0
    if trust_of(unit, rules) is Trust.FROZEN:
        age_ms += unit.same_place_ms
    return rules.max_unit_kmh * M_PER_MS_PER_KMH * age_ms
