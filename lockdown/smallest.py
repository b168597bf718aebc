"""A smallest set of actions that turns a no into a yes, where no single one does.

How many are needed is found among few kinds, for each other kind has one of them that does at least as much: giving a
post up does what a lower need, a shorter set-up or a unit asked where it is does; one more unit at a spot what any unit
does that stands there. An action that brings one unit serves one need; which of them can serve together is a matroid
(Edmonds and Fulkerson 1965), so that they are taken one by one in order of preference. Only giving up a post that needs
several, and reopening a road, do more: their sets are tried one by one. Then each action gives way to a milder one
where that is still enough.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from lockdown.actions import FIXED_BARRIER_MS, Action, Case, Kind, enough, nearer_roads, road_of
from lockdown.graph import Bools
from lockdown.matching import largest
from lockdown.moves import spot_for_unit
from lockdown.units import least_delay_ms
from lockdown.whatif import helped_by, in_time_at, open_needs, reached

EXACT = 3
"""Sets of at most so many actions are searched through."""

TRIES = 2000
"""At most so many sets are tried; beyond, the set given is the best found."""


@dataclass(frozen=True, slots=True)
class Sets:
    """A set of actions that is enough; ``proved`` when no set of fewer is."""

    actions: tuple[Action, ...]
    proved: bool


def smallest_set(case: Case) -> Sets:
    """Return a smallest set for a case that no single action mends."""
    masks, needs = case.changed(())
    matching, _ = largest(masks, needs)
    open_ = open_needs(matching, needs)
    bulk = _bulk(case, sorted(reached(matching, open_)), len(open_))
    several = sum(action.kind is Kind.REOPEN for action, _ in bulk) > 1
    given_up = [Action(Kind.GIVE_UP, post=case.table.demands[j].id) for j in sorted(set(open_))]
    tried, proved = 0, True
    for size in range(2, len(given_up) + 1):
        whole = size <= EXACT
        for some in _choices(bulk if whole else [], size, len(open_)):
            tried += 1
            if tried > TRIES:
                whole = False
                break
            found = _filled(case, some, size - len(some), _units(case, some))
            if found is not None:
                return Sets(_milder(case, found), proved)
        proved &= (whole and not several) or not _can_reach(bulk, size, len(open_))
    return Sets(_milder(case, given_up), proved)


Bulk = list[tuple[Action, int]]
"""Actions that may serve several needs, each with how many at most."""


def _bulk(case: Case, within: Sequence[int], missing: int) -> Bulk:
    roads = nearer_roads(case, within)
    # With a road reopened, paths may lead to demands that none reaches now.
    demands = range(len(case.needs)) if roads else within
    found = [(Action(Kind.GIVE_UP, post=case.table.demands[j].id), n) for j in demands if (n := case.needs[j]) > 1]
    return found + [(Action(Kind.REOPEN, road=n), missing) for n in roads]


def _choices(bulk: Bulk, size: int, missing: int) -> Iterator[list[Action]]:
    """Yield the sets of at most ``size`` bulk actions, one road at most, that can leave no more than the rest serve."""
    for count in range(min(size, len(bulk)) + 1):
        for some in combinations(bulk, count):
            actions = [action for action, _ in some]
            if sum(a.kind is Kind.REOPEN for a in actions) < 2 and sum(n for _, n in some) + size - count >= missing:
                yield actions


def _can_reach(bulk: Bulk, size: int, missing: int) -> bool:
    most = sorted((n for _, n in bulk), reverse=True)[:size]
    return sum(most) + size - len(most) >= missing


def keeping_set(case: Case) -> tuple[Action, ...]:
    """Return the fewest actions that bring units and leave every post what it asks; empty where they cannot do it.

    Each serves one need, so they are as many as needs are open.
    """
    found = _filled(case, [], sum(case.needs), _bringing(case, []))
    return () if found is None else _milder(case, found)


def _filled(
    case: Case, some: list[Action], left: int, units: Iterable[tuple[Action, frozenset[int]]]
) -> list[Action] | None:
    """Return ``some`` and at most ``left`` of ``units``, in their order, that are enough with them."""
    masks, needs = case.changed(some)
    matching, _ = largest(masks, needs)
    open_ = open_needs(matching, needs)
    if len(open_) > left:
        return None
    taken, near = list(some), reached(matching, open_)
    for action, demands in units:
        while near & demands and (action.kind is Kind.ONE_MORE or action not in taken):
            unit = 1 << (len(case.table.units) + len(taken))
            for j in demands:
                masks[j] |= unit
            matching.free |= unit
            open_.remove(next(j for j in open_ if matching.give(j) is None))
            taken.append(action)
            near = reached(matching, open_)
    return None if open_ else taken


def _units(case: Case, some: Sequence[Action]) -> Iterator[tuple[Action, frozenset[int]]]:
    """Yield actions that bring or spare one unit, with the demands that it can serve, in order of preference."""
    yield from _bringing(case, some)
    for j, demand in enumerate(case.table.demands):
        if demand.need > 1 and Action(Kind.GIVE_UP, post=demand.id) not in some:
            yield Action(Kind.LOWER_NEED, post=demand.id, need=demand.need - 1), frozenset([j])
    for j, demand in enumerate(case.table.demands):
        if demand.need == 1:
            yield Action(Kind.GIVE_UP, post=demand.id), frozenset([j])


def _bringing(case: Case, some: Sequence[Action]) -> Iterator[tuple[Action, frozenset[int]]]:
    """Yield actions that bring one unit."""
    by, limit = case.arrivals(road_of(some)), case.limits()
    for kind, units in ((Kind.ANSWER, case.answering), (Kind.RELEASE, tuple(case.busy))):
        for u in units:
            yield Action(kind, unit=case.table.units[u]), frozenset(np.flatnonzero(by.hoped_ms[u] <= limit).tolist())
    yield from _at_spots(by.drive_ms <= (limit - least_delay_ms(case.offers.rules))[:, None], case.spots.junctions)


def _at_spots(near: Bools, junctions: int) -> Iterator[tuple[Action, frozenset[int]]]:
    """Yield one more unit at each spot, standby points first; of spots that serve the same demands, the first."""
    order = np.concatenate([np.arange(junctions, near.shape[1]), np.arange(junctions)])
    _, first = np.unique(near[:, order], axis=1, return_index=True)
    for spot in order[np.sort(first)].tolist():
        yield Action(Kind.ONE_MORE, spot=spot), frozenset(np.flatnonzero(near[:, spot]).tolist())


def _milder(case: Case, actions: Sequence[Action]) -> tuple[Action, ...]:
    """Return as many actions that are enough too, each as mild as the others let it be."""
    made = list(actions)
    for i, action in enumerate(made):
        rest = [*made[:i], *made[i + 1 :]]
        made[i] = next((a for a in _instead(case, action, rest) if enough(case, [*rest, a])), action)
    return tuple(made)


def _instead(case: Case, action: Action, rest: Sequence[Action]) -> Iterator[Action]:
    """Yield milder actions than ``action`` that might do, the mildest first."""
    if action.kind is Kind.ONE_MORE:
        yield from _standing(case, rest)
    elif action.kind in (Kind.GIVE_UP, Kind.LOWER_NEED) and action.post is not None:
        column = case.column[action.post]
        demand, hoped = case.table.demands[column], case.arrivals(None).hoped_ms[:, column]
        # Asking a unit that counts already brings one to this post at most, so that giving it up does as much.
        told = (case.table.units[u] for u in case.unsure if hoped[u] <= case.limits()[column])
        yield from (Action(Kind.ANSWER, unit=unit) for unit in told if all(a.unit != unit for a in rest))
        if demand.setup_ms > FIXED_BARRIER_MS:
            yield Action(Kind.SHORTER_SETUP, post=demand.id)
        for need in range(demand.need - 1, 0, -1):
            yield Action(Kind.LOWER_NEED, post=demand.id, need=need)


def _standing(case: Case, rest: Sequence[Action]) -> Iterator[Action]:
    """Yield each unit that surely counts at a spot where it would do, those with a standby point first."""
    masks, needs = case.changed(rest)
    by, limit = case.arrivals(road_of(rest)), case.limits_after(rest)
    moved = {action.unit for action in rest}
    able = [case.row[u] for u in sorted(case.offers.able) if u not in moved]
    found = []
    for u, wanted in zip(able, helped_by(masks, needs, able), strict=True):
        served, delay = case.served_by(u)
        near = np.flatnonzero(in_time_at(limit, by.drive_ms, delay, [j for j in served if wanted and j in wanted]))
        if near.size:
            spot = spot_for_unit(case, case.table.units[u], near)
            found.append((spot < case.spots.junctions, u, Action(Kind.STAND_AT, unit=case.table.units[u], spot=spot)))
    yield from (action for _, _, action in sorted(found, key=lambda f: f[:2]))
