"""What would turn a no into a yes: every single action that does, or else a smallest set of them.

Judged at the deadlines, by what then holds for sure (``lockdown.actions``). Closing a road is never one: it only takes
ways away. Each fix is solved again before it is given out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from camera_config.county import Position, UnitStatus
from camera_config.ids import PostId, UnitId
from lockdown.actions import FIXED_BARRIER_MS, Action, Case, Kind, enough, nearer_roads
from lockdown.graph import Graph, road_name
from lockdown.lines import Ints
from lockdown.matching import largest
from lockdown.moves import spot_for_anyone, spot_for_unit, takes_ms
from lockdown.offers import Offers
from lockdown.reopen import Reopened
from lockdown.smallest import keeping_set, smallest_set
from lockdown.table import Table
from lockdown.times import NEVER_MS
from lockdown.units import least_delay_ms
from lockdown.whatif import Spots, helped_by, in_time_at, open_needs, reached


@dataclass(frozen=True, slots=True)
class Fix:
    """An action with what a person asks about it.

    Args:
        action: what to do. Of several spots that would do ``action.spot`` is a standby point if one is among them.
        spots: all spots that would do, rising; at a set of actions, the one that was taken.
        at: where the spot, or the closure, is.
        standby: name of the standby point; None at a junction.
        posts: the posts of the demand acted on; of one_more, of a demand that the unit can then serve.
        need: of lower_need: what the post asks now.
        leaves: of release: what the unit is doing.
        counted: of answer: the unit counts already, but where it is and which way it drives is not known well enough.
        roads: of give_up: the roads that are then open; of reopen, stand_at and one_more: the road there.
        setup_ms: of shorter_setup: as it is now and with a fixed barrier.
        crew, equipment: of one_more: what ``posts`` ask of a unit.
        helps_now: it helps if the order is given now.
        takes_ms: until it is done; 0 for a decision, None where it cannot be known.
        within_ms: of answer and release alone: the unit must be free to go within this.
    """

    action: Action
    helps_now: bool
    takes_ms: int | None
    within_ms: int | None = None
    spots: tuple[int, ...] = ()
    at: Position | None = None
    standby: str | None = None
    posts: tuple[PostId, ...] = ()
    roads: tuple[str, ...] = ()
    need: int | None = None
    leaves: UnitStatus | None = None
    counted: bool = False
    setup_ms: tuple[int, int] | None = None
    crew: int | None = None
    equipment: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fixes:
    """What to do about a no.

    ``deficiency``: units missing, of those that surely count. ``single``: every action that is enough alone, those
    that help now first. ``smallest``: where there is none, a set that is enough together; ``proved`` when none of fewer
    actions is enough. ``keeping``: where two and more are missing, units that together do it with no post given up and
    no need lowered, if any do.
    """

    deficiency: int
    single: tuple[Fix, ...]
    smallest: tuple[Fix, ...]
    keeping: tuple[Fix, ...]
    proved: bool


def fixes(offers: Offers, table: Table, spots: Spots, reopened: Sequence[Reopened] = ()) -> Fixes | None:
    """Return what would make ``table``, the sure one of ``offers`` or a part of it, feasible; None where it is.

    Args:
        offers: who can offer what.
        table: ``offers.sure``, or some of its demands.
        spots: where units may stand (``spots_of``).
        reopened: the roads with each closure lifted (``reopened``); without them no reopening is among the fixes.
    """
    case = Case(offers, table, spots, tuple(reopened))
    search = _Singles(case)
    if not search.missing:
        return None
    found = [*search.units(), *search.posts(), *search.roads()]
    single = tuple(
        sorted((_fix(case, a, where, search.wanted.get(a.unit, search.reached)) for a, where in found), key=_rank)
    )
    keeping = _together(case, keeping_set(case)) if search.missing > 1 else ()
    if single:
        return Fixes(search.missing, single, (), keeping, proved=True)
    sets = smallest_set(case)
    return Fixes(search.missing, (), _together(case, sets.actions), keeping, sets.proved)


Found = tuple[Action, tuple[int, ...]]
"""An action and the spots that would do."""


class _Singles:
    """Every single action that is enough. Built on a largest matching; nothing in it changes."""

    def __init__(self, case: Case) -> None:
        self._case = case
        masks, self._needs = case.changed(())
        self._masks = masks
        self._matching, _ = largest(masks, self._needs)
        self.wanted: dict[UnitId | None, Sequence[int]] = {}
        self._open = open_needs(self._matching, self._needs)
        self.missing = len(self._open)
        self.reached = sorted(reached(self._matching, self._open))

    def units(self) -> list[Found]:
        """Return actions that bring one unit; one serves one need, so these only help where one is missing."""
        if self.missing != 1:
            return []
        case, by = self._case, self._case.arrivals(None)
        limit = case.limits()
        found: list[Found] = []
        for kind, units in ((Kind.ANSWER, case.answering), (Kind.RELEASE, tuple(case.busy))):
            in_time = np.asarray((by.hoped_ms <= limit)[:, self.reached].any(axis=1))
            found += [(Action(kind, unit=case.table.units[u]), ()) for u in units if in_time[u]]
        able = [u for u, unit in enumerate(case.offers.units) if unit.id in case.offers.able]
        for u, wanted in zip(able, helped_by(self._masks, self._needs, able), strict=True):
            self.wanted[case.table.units[u]] = tuple(wanted or ())
            served, delay = case.served_by(u)
            if u in case.unsure and any(by.hoped_ms[u, j] <= limit[j] for j in wanted or ()):
                found.append((Action(Kind.ANSWER, unit=case.table.units[u]), ()))
            near = in_time_at(limit, by.drive_ms, delay, [j for j in served if wanted and j in wanted])
            found += self._at_spots(Action(Kind.STAND_AT, unit=case.table.units[u]), np.flatnonzero(near))
        near = in_time_at(limit, by.drive_ms, least_delay_ms(case.offers.rules), self.reached)
        return found + self._at_spots(Action(Kind.ONE_MORE), np.flatnonzero(near))

    def posts(self) -> list[Found]:
        """Return what can be changed at one post."""
        found: list[Found] = []
        for j in self.reached:
            demand = self._case.table.demands[j]
            if demand.setup_ms > FIXED_BARRIER_MS:
                found.append((Action(Kind.SHORTER_SETUP, post=demand.id), ()))
            if demand.need > self.missing:
                found.append((Action(Kind.LOWER_NEED, post=demand.id, need=demand.need - self.missing), ()))
            found.append((Action(Kind.GIVE_UP, post=demand.id), ()))
        return [(action, spots) for action, spots in found if enough(self._case, [action])]

    def roads(self) -> list[Found]:
        """Return the closures whose lifting is enough; only those are solved that bring a reached post nearer."""
        actions = [Action(Kind.REOPEN, road=n) for n in nearer_roads(self._case, self.reached)]
        return [(action, ()) for action in actions if enough(self._case, [action])]

    def _at_spots(self, action: Action, spots: Ints) -> list[Found]:
        if not spots.size:
            return []
        if action.unit is None:
            best = spot_for_anyone(self._case, spots, self.reached)
        else:
            best = spot_for_unit(self._case, action.unit, spots)
        chosen = Action(action.kind, unit=action.unit, spot=best)
        if not enough(self._case, [chosen]):
            raise ArithmeticError(f"a fix that is none: {chosen}")
        return [(chosen, tuple(spots.tolist()))]


def _together(case: Case, actions: Sequence[Action]) -> tuple[Fix, ...]:
    return tuple(sorted((_fix(case, a, () if a.spot is None else (a.spot,), ()) for a in actions), key=_rank))


def _rank(fix: Fix) -> tuple[object, ...]:
    a = fix.action
    takes = NEVER_MS if fix.takes_ms is None else fix.takes_ms
    within = -(fix.within_ms or 0)
    return (not fix.helps_now, list(Kind).index(a.kind), within, takes, a.unit or "", a.post or "", a.road or 0)


def _fix(case: Case, action: Action, spots: tuple[int, ...], reached: Sequence[int]) -> Fix:
    if action.kind in (Kind.ANSWER, Kind.RELEASE):
        return _of_unit(case, action, reached)
    if action.kind in (Kind.STAND_AT, Kind.ONE_MORE):
        return _of_spot(case, action, spots, reached)
    if action.kind is Kind.REOPEN:
        road = case.reopened[action.road or 0]
        return Fix(action, helps_now=False, takes_ms=None, at=road.position, roads=(road.road,))
    return _of_post(case, action)


def _of_unit(case: Case, action: Action, reached: Sequence[int]) -> Fix:
    u = case.row[action.unit or case.table.units[0]]
    late = case.arrivals(None).hoped_ms[u]
    left = max((int(case.limits()[j] - late[j]) for j in reached), default=-1)
    called_in = case.offers.units[u].status is UnitStatus.OFF_DUTY
    return Fix(
        action,
        helps_now=True,
        takes_ms=case.offers.rules.callable_delay_s * 1000 if called_in else None,
        within_ms=left if left >= 0 else None,
        counted=action.kind is Kind.ANSWER and action.unit in case.offers.able,
        leaves=case.offers.units[u].status if action.kind is Kind.RELEASE else None,
    )


def _of_spot(case: Case, action: Action, spots: tuple[int, ...], reached: Sequence[int]) -> Fix:
    spot = action.spot or 0
    demand = None
    if action.unit is None:
        near = case.limits() - case.arrivals(None).drive_ms[:, spot]
        served = [j for j in reached or range(len(near)) if near[j] >= least_delay_ms(case.offers.rules)]
        demand = min(served, key=lambda j: (-near[j], j), default=None)
    asked = None if demand is None else next(a for a in case.offers.asked if a.demand == case.table.demands[demand])
    return Fix(
        action,
        helps_now=False,
        takes_ms=None if action.unit is None else takes_ms(case, action.unit, spot),
        spots=spots,
        at=case.spots.position(spot),
        standby=case.spots.name(spot),
        posts=() if asked is None else asked.demand.posts,
        roads=_roads_at(case.offers.graph, spot)[:1] if spot < case.spots.junctions else (),
        crew=None if asked is None else asked.crew_min,
        equipment=() if asked is None else tuple(sorted(asked.equipment)),
    )


def _of_post(case: Case, action: Action) -> Fix:
    demand = case.table.demands[case.column[action.post or case.table.demands[0].id]]
    decided = action.kind is not Kind.SHORTER_SETUP
    graph = case.offers.graph
    roads = {name for post in demand.posts for name in _roads_at(graph, graph.post_node[post])}
    return Fix(
        action,
        helps_now=decided,
        takes_ms=0 if decided else None,
        posts=demand.posts,
        need=demand.need if action.kind is Kind.LOWER_NEED else None,
        roads=tuple(sorted(roads)) if action.kind is Kind.GIVE_UP else (),
        setup_ms=None if decided else (demand.setup_ms, FIXED_BARRIER_MS),
    )


def _roads_at(graph: Graph, node: int) -> tuple[str, ...]:
    """Return the names of the roads at a node, each once."""
    star = graph.any_way
    names = [road_name(graph, int(star.piece[arc])) for arc in range(star.ptr[node], star.ptr[node + 1])]
    return tuple(dict.fromkeys(name for name in names if name))
