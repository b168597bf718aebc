"""What can be done about a no, and what each action changes: who is in time for what, and how many are asked.

Everything is judged by what then holds for sure: units that surely count at their worst places, and of those acted on,
a unit that answers as well as it can (an unknown one, or one that counts but may be at a better place than the worst),
a busy one sent from where it is now.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

import numpy as np

from camera_config.county import UnitStatus
from camera_config.ids import PostId, UnitId
from lockdown.fields import node_fields
from lockdown.graph import Bools
from lockdown.lines import Ints
from lockdown.matching import Matching, satisfy
from lockdown.offers import Offers
from lockdown.reopen import Reopened
from lockdown.table import Table
from lockdown.times import NEVER_MS
from lockdown.units import UnitNow, best_delay_ms, least_delay_ms, readiest, surely_able, surely_unable
from lockdown.whatif import Spots, drive_of, limits_of, may_serve, standing_delay_ms

FIXED_BARRIER_MS = 60_000
"""Set-up at a fixed barrier (PLANNER.md 1, staffed: 300 s mobile, 60 s at a fixed barrier)."""


BUSY = (UnitStatus.ON_CALL, UnitStatus.COMMITTED_OTHER)
"""Units that a word frees, if it is known where they are."""


class Kind(StrEnum):
    """What to do, that which costs least first."""

    ANSWER = "answer"
    RELEASE = "release"
    STAND_AT = "stand_at"
    ONE_MORE = "one_more"
    SHORTER_SETUP = "shorter_setup"
    REOPEN = "reopen"
    LOWER_NEED = "lower_need"
    GIVE_UP = "give_up"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do.

    ``unit`` of answer, release, stand_at; ``post`` (a demand's id) of shorter_setup, lower_need (to ``need`` units) and
    give_up; ``spot`` of stand_at and one_more, as numbered in ``Spots``; ``road`` of reopen, the place in ``reopened``.
    """

    kind: Kind
    unit: UnitId | None = None
    post: PostId | None = None
    spot: int | None = None
    need: int | None = None
    road: int | None = None


@dataclass(frozen=True, slots=True)
class Arrivals:
    """When who arrives by one set of roads: (units, demands) for sure and if it answers or is freed; drives from spots.

    With a road reopened, ``hoped_ms`` is that of unknown and busy units only.
    """

    sure_ms: Ints
    hoped_ms: Ints
    drive_ms: Ints


@dataclass(frozen=True)
class Case:
    """One table and all that can be done about it. ``units`` are those of ``offers``, in the table's order."""

    offers: Offers
    table: Table
    spots: Spots
    reopened: tuple[Reopened, ...]

    @cached_property
    def needs(self) -> list[int]:
        """Return the needs of the demands."""
        return [d.need for d in self.table.demands]

    @cached_property
    def column(self) -> dict[PostId, int]:
        """Return the demands' places in the table."""
        return {d.id: j for j, d in enumerate(self.table.demands)}

    @cached_property
    def row(self) -> dict[UnitId, int]:
        """Return the units' places in the table."""
        return {unit: u for u, unit in enumerate(self.table.units)}

    @cached_property
    def answering(self) -> tuple[int, ...]:
        """Return the unknown units."""
        return tuple(self.row[unit] for unit in self.offers.unknown())

    @cached_property
    def unsure(self) -> tuple[int, ...]:
        """Return the units that surely count, but might be in time for more than they surely are."""
        by, limit = self.arrivals(None), self.limits()
        more = ((by.hoped_ms <= limit) & (by.sure_ms > limit)).any(axis=1)
        return tuple(u for u in np.flatnonzero(more).tolist() if self.offers.units[u].id in self.offers.able)

    @cached_property
    def busy(self) -> dict[int, UnitNow]:
        """Return the units that a word would free, as they would be: where they are, of the readiest status."""
        status, rules = readiest(self.offers.rules), self.offers.rules
        if status is None:
            return {}
        freed = [replace(u, status=status) for u in self.offers.units if u.status in BUSY and surely_unable(u, rules)]
        return {self.row[unit.id]: unit for unit in freed if surely_able(unit, rules)}

    @cached_property
    def _by_road(self) -> dict[int | None, Arrivals]:
        return {}

    @cached_property
    def _to_junction(self) -> dict[int, Ints]:
        return {}

    def arrivals(self, road: int | None) -> Arrivals:
        """Return who arrives when, with the roads as they are (None) or one reopened; computed once for each."""
        if road not in self._by_road:
            self._by_road[road] = self._arrivals(road)
        return self._by_road[road]

    def to_junction(self, spot: int) -> Ints:
        """Return (1, nodes) milliseconds to a junction; computed once for each."""
        if spot not in self._to_junction:
            self._to_junction[spot] = node_fields(self.offers.graph, [spot])
        return self._to_junction[spot]

    def limits(self, short: Sequence[int] = ()) -> Ints:
        """Return (demands,) the latest arrivals in time, with fixed barriers at the demands ``short``."""
        limit = limits_of(self.table)
        for j in short:
            limit[j] += max(0, self.table.demands[j].setup_ms - FIXED_BARRIER_MS)
        return limit

    def limits_after(self, actions: Sequence[Action]) -> Ints:
        """Return the limits after ``actions``."""
        return self.limits([self.column[a.post] for a in actions if a.kind is Kind.SHORTER_SETUP and a.post])

    def changed(self, actions: Sequence[Action]) -> tuple[list[int], list[int]]:
        """Return masks and needs after ``actions``; one more units have the bits after those of the table's units."""
        limit, by = self.limits_after(actions), self.arrivals(road_of(actions))
        rows, needs = by.sure_ms.copy(), list(self.needs)
        more: list[Ints] = []
        for action in actions:
            if action.kind in (Kind.ANSWER, Kind.RELEASE) and action.unit is not None:
                u = self.row[action.unit]
                rows[u] = by.hoped_ms[u]
            elif action.kind is Kind.STAND_AT and action.unit is not None and action.spot is not None:
                u = self.row[action.unit]
                served, delay = self.served_by(u)
                rows[u] = NEVER_MS
                rows[u, served] = by.drive_ms[served, action.spot] + delay
            elif action.kind is Kind.ONE_MORE and action.spot is not None:
                more.append(by.drive_ms[:, action.spot] + least_delay_ms(self.offers.rules))
            elif action.kind in (Kind.LOWER_NEED, Kind.GIVE_UP) and action.post is not None:
                needs[self.column[action.post]] = action.need or 0
        return masks_of(np.vstack([rows, *more]) <= limit), needs

    def served_by(self, unit: int) -> tuple[list[int], int]:
        """Return the demands that a unit may serve, and its delay where it stands and can be sent."""
        who = self.offers.units[unit]
        served = may_serve(who, self.table, self.offers.asked, self.offers.rules)
        return served, standing_delay_ms(who, self.offers.rules)

    def _arrivals(self, road: int | None) -> Arrivals:
        offers, at = self.offers, None if road is None else self.reopened[road]
        fields = offers.fields if at is None else at.fields
        columns = [j for j, a in enumerate(offers.asked) if a.demand.id in self.column]
        sure = self.table.drive_ms + np.array(self.table.delay_ms, np.int64).reshape(-1, 1)
        if at is None:
            hoped = offers.best.drive_ms[:, columns] + np.array(offers.best.delay_ms, np.int64).reshape(-1, 1)
        else:
            hoped = np.full(sure.shape, NEVER_MS, np.int64)
            for u in self.answering:
                unit = offers.units[u]
                drive = offers.serves(unit, offers.best_drive(unit, fields))[columns]
                hoped[u] = drive + best_delay_ms(unit, offers.rules)
        for u, unit in self.busy.items():
            hoped[u] = offers.serves(unit, offers.sure_drive(unit, fields))[columns] + least_delay_ms(offers.rules)
        if at is None:
            return Arrivals(sure, hoped, drive_of(self.table, self.spots))
        for u, unit in enumerate(offers.units):
            if unit.id in offers.able:
                sure[u] = offers.serves(unit, offers.sure_drive(unit, fields))[columns] + self.table.delay_ms[u]
        return Arrivals(sure, hoped, drive_of(self.table, at.spots))


def enough(case: Case, actions: Sequence[Action]) -> bool:
    """Solve again with ``actions`` done."""
    masks, needs = case.changed(actions)
    return isinstance(satisfy(masks, needs), Matching)


def road_of(actions: Sequence[Action]) -> int | None:
    """Return the road that is reopened; at most one is."""
    return next((a.road for a in actions if a.kind is Kind.REOPEN), None)


def nearer_roads(case: Case, demands: Sequence[int]) -> list[int]:
    """Return the closures without which some way to a post of ``demands`` is shorter."""
    asked = {post for j in demands for post in case.table.demands[j].posts}
    fields = case.offers.fields
    rows = [i for i, post in enumerate(fields.posts) if post in asked]
    return [n for n, road in enumerate(case.reopened) if (road.fields.ms[rows] < fields.ms[rows]).any()]


def masks_of(in_time: Bools) -> list[int]:
    """Return for each column of (units, demands) the mask of its true rows."""
    packed = np.packbits(in_time, axis=0, bitorder="little")
    return [int.from_bytes(column.tobytes(), "little") for column in packed.T]
