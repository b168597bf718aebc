"""Who stands where so that the fugitive is confined to as little as can be: an exact plan of guards at junctions.

A guard is a unit that stays at a junction and is there no later than the fugitive. Two answers differ in what "no
later" is compared with: his unimpeded drive, or his drive given that the other guards stand (a smaller region, and as
sound: the first guard that he could beat he would reach past no guard). He drives as fast as he can, any way.

A mixed-integer programme, solved by HiGHS with a bound; the answer is replayed here with plain time-dependent search,
so that a mistake of the solver is never a plan. Given the other guards, a plan is tightened while that helps, and the
bound comes from programmes that hope for every guard until he is shown to beat it.
"""

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil

import numpy as np

from lockdown.graph import Star
from lockdown.lines import Floats, Ints
from lockdown.programme import Programme
from lockdown.shortest import shortest
from lockdown.times import NEVER_MS

ROUNDING = 1e-6
"""Bounds of the solver are believed to within this."""


class Objective(StrEnum):
    """What is made least: junctions he can still reach, metres of road he can still drive, or units that stand."""

    JUNCTIONS = "junctions"
    METRES = "metres"
    UNITS = "units"


@dataclass(frozen=True, slots=True)
class Chase:
    """One question. All times in milliseconds since he was seen.

    Args:
        star: his ways; ``cost`` in whole milliseconds.
        metres: (arcs,) of ``star``.
        starts: nodes he can be at first, and from when.
        exits: nodes he must not reach.
        guard_ms: (units, nodes) when a unit stands at a node, ``NEVER_MS`` where it never does.
    """

    star: Star
    metres: Floats
    starts: Mapping[int, int]
    exits: frozenset[int]
    guard_ms: Ints

    def __post_init__(self) -> None:
        nodes = len(self.star.ptr) - 1
        if self.guard_ms.dtype != np.int64 or self.star.cost.dtype != np.int64:
            raise ValueError("times: want whole milliseconds in int64")
        if self.guard_ms.ndim != 2 or self.guard_ms.shape[1] != nodes or len(self.metres) != len(self.star.head):
            raise ValueError(f"guard_ms: want (units, {nodes}), metres: want ({len(self.star.head)},)")
        if not self.starts or (self.star.cost < 1).any():
            raise ValueError("a chase has a start, and every arc takes at least 1 ms")


@dataclass(frozen=True, slots=True)
class Guard:
    """A unit (row of ``guard_ms``) at a node, from ``stands_ms``; the fugitive could be there at ``comes_ms``."""

    unit: int
    node: int
    stands_ms: int
    comes_ms: int


@dataclass(frozen=True, slots=True)
class Containment:
    """``value`` of the objective with these guards; nothing can be below ``bound``, and ``proved`` says they are equal.

    ``region`` are the nodes that he can still reach. ``value`` is None where no plan was found; with ``proved`` there
    is none.
    """

    objective: Objective
    value: float | None
    bound: float
    proved: bool
    guards: tuple[Guard, ...]
    region: tuple[int, ...]

    @property
    def gap(self) -> float | None:
        """Return how far the plan may be from the best, as a share of its value."""
        return None if self.value is None else max(0.0, self.value - self.bound) / max(self.value, 1.0)


def contain(
    chase: Chase,
    objective: Objective,
    *,
    others_stand: bool = False,
    limit_s: float = 60.0,
    stop: Callable[[], bool] = lambda: False,
    found: Callable[[Containment], None] = lambda _: None,
) -> Containment:
    """Return the guards that make the objective least and keep him from every exit.

    Args:
        chase: who, where, when.
        objective: what is made least.
        others_stand: compare each guard with the fugitive given the other guards; else with him unimpeded.
        limit_s: for each programme; what is not proved by then is said to be not proved.
        stop: asked between programmes; true ends the proof, not the plan.
        found: told a plan that is not proved yet, before its proof begins.
    """
    nodes = set(range(len(chase.star.ptr) - 1))
    starts = set(chase.starts)
    unimpeded = _arrivals(chase, None)
    in_time = np.where(unimpeded < NEVER_MS, unimpeded, -1)
    first = _solve(chase, objective, _Scope(nodes, nodes - starts, starts), in_time, (), limit_s)
    best = _answer(chase, objective, first)
    if not others_stand:
        return best
    best = _tightened(chase, objective, replace(best, bound=-np.inf, proved=False), limit_s)
    must, comes = _forced(chase)
    bound = -np.inf if best.value is None else _worth(chase, objective, must, 0)
    best = replace(best, bound=bound, proved=False)
    found(best)
    return _proved(chase, objective, best, _scope(chase, objective, best.value, must), comes, limit_s, stop)


def replay(chase: Chase, stands: Mapping[int, int]) -> dict[int, int]:
    """Return when he comes to every node that he can reach, given guards (node: from when).

    He comes past a guard's junction only before the guard stands there; with the guard he is held, and the junction
    is among the nodes he comes to. Time-dependent Dijkstra, node by node.
    """
    heap = [(ms, node) for node, ms in chase.starts.items()]
    heapq.heapify(heap)
    came: dict[int, int] = {}
    while heap:
        ms, node = heapq.heappop(heap)
        if node in came:
            continue
        came[node] = ms
        if ms >= stands.get(node, NEVER_MS):
            continue
        for arc in range(chase.star.ptr[node], chase.star.ptr[node + 1]):
            if int(chase.star.head[arc]) not in came:
                heapq.heappush(heap, (ms + int(chase.star.cost[arc]), int(chase.star.head[arc])))
    return came


def _arrivals(chase: Chase, region: set[int] | None) -> Ints:
    """Return (nodes,) his least times when he drives on from nodes of ``region`` only (None: from all)."""
    star = chase.star
    cost = star.cost.astype(np.float64)
    if region is not None:
        tail = np.repeat(np.arange(len(star.ptr) - 1), np.diff(star.ptr))
        cost = np.where(np.isin(tail, list(region)), cost, np.inf)
    rows, _ = shortest(star.ptr, star.head, cost, list(chase.starts))
    best = (rows + np.array([[ms] for ms in chase.starts.values()])).min(axis=0)
    return np.where(np.isinf(best), float(NEVER_MS), best).astype(np.int64)


def _forced(chase: Chase) -> tuple[set[int], Ints]:
    """Return nodes that lie in every region, and his times when he drives on from them alone: he is never later.

    A larger region only lets him come sooner, so a neighbour that nobody guards in time now never will be.
    """
    region = set(chase.starts)
    soonest = chase.guard_ms.min(axis=0, initial=NEVER_MS)
    while True:
        comes = _arrivals(chase, region)
        more = {int(n) for n in np.flatnonzero((comes < NEVER_MS) & (soonest > comes))} - region
        if not more:
            return region, comes
        region |= more


@dataclass(frozen=True, slots=True)
class _Scope:
    """What the programme is about: nodes that may lie in the region, those that may be guarded, and those that must."""

    may: set[int]
    guardable: set[int]
    must: set[int]


@dataclass(frozen=True, slots=True)
class _Beaten:
    """He comes to ``node`` at ``comes_ms`` while he may drive on from all of ``through``: a later guard is too late."""

    node: int
    comes_ms: int
    through: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """A plan of the programme, by node: from when it is guarded, and by which unit. ``ended`` as of ``Outcome``."""

    stands: dict[int, int] | None
    units: dict[int, int]
    bound: float
    ended: bool


def _tightened(chase: Chase, objective: Objective, best: Containment, limit_s: float) -> Containment:
    """Return a plan that is at least as good, given that the others stand.

    Within the region of a plan he is no sooner anywhere than he is in that region; so guards that are in time for that
    are in time, and the region they leave is smaller, where he may be later still.
    """
    while best.value is not None:
        comes = _arrivals(chase, set(best.region))
        guardable = {int(n) for n in np.flatnonzero(comes < NEVER_MS)} - set(chase.starts)
        scope = _Scope(set(best.region), guardable, set(chase.starts))
        better = _answer(chase, objective, replace(_solve(chase, objective, scope, comes, (), limit_s), bound=-np.inf))
        if better.value is None or better.value > best.value - ROUNDING * max(1.0, best.value):
            break
        best = better
    return best


def _proved(
    chase: Chase,
    objective: Objective,
    best: Containment,
    scope: _Scope,
    comes: Ints,
    limit_s: float,
    stop: Callable[[], bool],
) -> Containment:
    """Return the best plan with its bound: guards are hoped to be in time until he is shown to beat them, one by one.

    Each programme allows every plan that holds and some that do not, so that its bound is one; a plan of it that holds
    is the best there is.
    """
    reachable = _arrivals(chase, None) < NEVER_MS
    hoped = np.where(reachable, np.minimum(comes, NEVER_MS - 1), -1)
    beaten: list[_Beaten] = []
    bound = best.bound
    while best.value is None or bound < best.value - ROUNDING * max(1.0, best.value):
        found = _solve(chase, objective, scope, hoped, beaten, limit_s)
        if found.stands is None and found.ended:
            return Containment(objective, None, np.inf, proved=True, guards=(), region=())
        bound = max(bound, _whole(objective, found.bound))
        late = [] if found.stands is None else _late(chase, found.stands, scope.must)
        if found.stands is not None and not late:
            plan = _answer(chase, objective, found)
            if plan.value is not None and (best.value is None or plan.value < best.value):
                best = plan
        if not late or not found.ended or stop():
            break
        beaten += late
    if best.value is None:
        return replace(best, bound=bound)
    bound = min(bound, best.value)
    return replace(best, bound=bound, proved=best.value - bound <= ROUNDING * max(1.0, best.value))


def _late(chase: Chase, stands: Mapping[int, int], must: set[int]) -> list[_Beaten]:
    """Return the guards that he beats although all others hold him, with his ways to them."""
    star = chase.star
    tail = np.repeat(np.arange(len(star.ptr) - 1), np.diff(star.ptr))
    cost = np.where(np.isin(tail, list(stands)), np.inf, star.cost.astype(np.float64))
    rows, before = shortest(star.ptr, star.head, cost, list(chase.starts))
    rows = rows + np.array([[ms] for ms in chase.starts.values()])
    made = []
    for node, ms in stands.items():
        start = int(rows[:, node].argmin())
        if rows[start, node] >= ms:
            continue
        way, at = list[int](), int(before[start, node])
        while at >= 0:
            way.append(at)
            at = int(before[start, at])
        made.append(_Beaten(node, int(rows[start, node]), tuple(n for n in way if n not in must)))
    return made


def _scope(chase: Chase, objective: Objective, value: float | None, must: set[int]) -> _Scope:
    """Return the scope; a plan of this ``value`` leaves out what no plan that is as good can reach."""
    nodes = set(range(len(chase.star.ptr) - 1))
    if value is None or objective is Objective.UNITS:
        return _Scope(nodes, nodes - must, must)
    star = chase.star
    tail = np.repeat(np.arange(len(nodes)), np.diff(star.ptr))
    # The road out of a node that must lie in the region is driven in any case.
    step = np.where(np.isin(tail, list(must)), 0.0, chase.metres)
    if objective is Objective.JUNCTIONS:
        step = np.ones(len(star.head))
    rows, _ = shortest(star.ptr, star.head, np.maximum(step, 1e-9), sorted(must))
    spent = _worth(chase, objective, must, 0)
    may = {int(n) for n in np.flatnonzero(rows.min(axis=0) + spent <= value + ROUNDING * max(1.0, value))}
    beside = {int(b) for a, b in zip(tail, star.head, strict=True) if int(a) in may}
    return _Scope(may, beside - must, must)


def _worth(chase: Chase, objective: Objective, region: set[int], guards: int) -> float:
    """Return the objective of a region with so many guards; a road in both directions counts once."""
    if objective is Objective.UNITS:
        return float(guards)
    if objective is Objective.JUNCTIONS:
        return float(len(region))
    seen: dict[tuple[int, int, int], float] = {}
    for node in region:
        for arc in range(chase.star.ptr[node], chase.star.ptr[node + 1]):
            other = int(chase.star.head[arc])
            seen[min(node, other), max(node, other), int(chase.star.piece[arc])] = float(chase.metres[arc])
    return sum(seen.values())


def _whole(objective: Objective, bound: float) -> float:
    """Return a bound of the solver as a bound of what is counted."""
    if objective is Objective.METRES or not np.isfinite(bound):
        return bound
    return float(ceil(bound - ROUNDING))


def _solve(
    chase: Chase,
    objective: Objective,
    scope: _Scope,
    latest_ms: Ints,
    beaten: Sequence[_Beaten],
    limit_s: float,
) -> _Found:
    """Solve with guards that stand by ``latest_ms`` (nodes,), less those that he beats."""
    made = Programme()
    reached = {
        n: made.column(
            float(objective is Objective.JUNCTIONS), float(n in scope.must), float(n not in chase.exits), whole=False
        )
        for n in sorted(scope.may)
    }
    pairs: dict[tuple[int, int], int] = {}
    at: dict[int, list[int]] = {}
    by: dict[int, list[int]] = {}
    for n in sorted(scope.guardable):
        for u in np.flatnonzero(chase.guard_ms[:, n] <= min(int(latest_ms[n]), NEVER_MS - 1)).tolist():
            pairs[u, n] = made.column(float(objective is Objective.UNITS), 0.0, 1.0, whole=True)
            at.setdefault(n, []).append(pairs[u, n])
            by.setdefault(u, []).append(pairs[u, n])
    for columns in (*by.values(), *at.values()):
        made.at_least(-1.0, [(c, -1.0) for c in columns])
    _spread(chase, objective, made, reached, at)
    for one in beaten:
        late = [(c, -1.0) for (u, n), c in pairs.items() if n == one.node and chase.guard_ms[u, n] > one.comes_ms]
        made.at_least(-float(len(one.through)), late + [(reached[v], -1.0) for v in one.through])
    outcome = made.solve(limit_s)
    if outcome.values is None:
        return _Found(None, {}, outcome.bound, outcome.ended)
    units = {n: u for (u, n), column in pairs.items() if outcome.values[column] > 0.5}
    stands = {n: int(chase.guard_ms[u, n]) for n, u in units.items()}
    return _Found(stands, units, outcome.bound, outcome.ended)


def _spread(
    chase: Chase, objective: Objective, made: Programme, reached: dict[int, int], at: dict[int, list[int]]
) -> None:
    """From a node of the region every neighbour is in the region or guarded; its roads are driven."""
    star = chase.star
    road: dict[tuple[int, int, int], int] = {}
    for a, column in reached.items():
        for arc in range(star.ptr[a], star.ptr[a + 1]):
            b = int(star.head[arc])
            entries = [(c, 1.0) for c in at.get(b, [])]
            if b in reached:
                entries.append((reached[b], 1.0))
            made.at_least(0.0, [(column, -1.0), *entries])
            if objective is Objective.METRES:
                key = (min(a, b), max(a, b), int(star.piece[arc]))
                if key not in road:
                    road[key] = made.column(float(chase.metres[arc]), 0.0, 1.0, whole=False)
                made.at_least(0.0, [(road[key], 1.0), (column, -1.0)])


def _answer(chase: Chase, objective: Objective, found: _Found) -> Containment:
    """Return what the guards are really worth.

    Raises:
        ArithmeticError: replayed, he beats a guard or reaches an exit.
    """
    if found.stands is None:
        return Containment(objective, None, found.bound, found.ended, (), ())
    came = replay(chase, found.stands)
    held = {n for n in found.stands if n in came}
    beaten = sorted(n for n in held if came[n] < found.stands[n])
    region = set(came) - held
    out = sorted(region & chase.exits)
    if beaten or out:
        raise ArithmeticError(f"the programme's plan does not hold: beaten at {beaten}, out at {out}")
    kept = found.stands if objective is Objective.UNITS else {n: found.stands[n] for n in held}
    value, bound = _worth(chase, objective, region, len(kept)), _whole(objective, found.bound)
    proved = value - bound <= ROUNDING * max(1.0, value)
    guards = tuple(Guard(found.units[n], n, kept[n], came.get(n, NEVER_MS)) for n in sorted(kept))
    return Containment(objective, value, min(bound, value), proved, guards, tuple(sorted(region)))
