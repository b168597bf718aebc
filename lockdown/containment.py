"""Who stands where so that the fugitive is confined to as little as can be: an exact plan of guards at junctions.

A guard is a unit that stays at a junction and is there no later than the fugitive. Two answers differ in what "no
later" is compared with: his unimpeded drive, or his drive given that the other guards stand (a smaller region, and as
sound: the first guard that he could beat he would reach past no guard). He drives as fast as he can, any way.

A mixed-integer programme, solved by HiGHS (``scipy.optimize.milp``) with a bound; the answer is replayed here with
plain time-dependent search, so that a mistake of the solver is never a plan.
"""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil

import numpy as np

from lockdown.graph import Star
from lockdown.lines import Floats, Ints
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


def contain(chase: Chase, objective: Objective, *, others_stand: bool = False, limit_s: float = 60.0) -> Containment:
    """Return the guards that make the objective least and keep him from every exit.

    Args:
        chase: who, where, when.
        objective: what is made least.
        others_stand: compare each guard with the fugitive given the other guards; else with him unimpeded.
        limit_s: for the solver; what it has not proved by then is said to be not proved.
    """
    unimpeded = _arrivals(chase, None)
    if not others_stand:
        return _solve(chase, objective, unimpeded, None, limit_s)
    first = _solve(chase, objective, unimpeded, None, limit_s)
    try:
        return _solve(chase, objective, unimpeded, first, limit_s)
    except ArithmeticError:
        # The solver allows itself 1e-6 of the longest drive: a guard may be late by that. The first plan always holds.
        return replace(first, bound=-np.inf, proved=False)


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
    """Return nodes that lie in every region, and his times when he drives on from them alone.

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


def _scope(chase: Chase, objective: Objective, first: Containment | None) -> _Scope:
    """Return the scope; a plan that is known (``first``) leaves out what no plan that is as good can reach."""
    nodes = set(range(len(chase.star.ptr) - 1))
    must = set(chase.starts) if first is None else _forced(chase)[0]
    if first is None or first.value is None or objective is Objective.UNITS:
        return _Scope(nodes, nodes - must, must)
    star = chase.star
    tail = np.repeat(np.arange(len(nodes)), np.diff(star.ptr))
    if objective is Objective.JUNCTIONS:
        step, spent = np.ones(len(star.head)), float(len(must))
    else:
        # The road out of a node that must lie in the region is driven in any case.
        step, spent = np.where(np.isin(tail, list(must)), 0.0, chase.metres), _driven_m(chase, must)
    rows, _ = shortest(star.ptr, star.head, np.maximum(step, 1e-9), sorted(must))
    may = {int(n) for n in np.flatnonzero(rows.min(axis=0) + spent <= first.value + ROUNDING * max(1.0, first.value))}
    beside = {int(b) for a, b in zip(tail, star.head, strict=True) if int(a) in may}
    return _Scope(may, beside - must, must)


def _driven_m(chase: Chase, region: set[int]) -> float:
    """Return the metres of roads that touch a region; a road in both directions counts once."""
    seen: dict[tuple[int, int, int], float] = {}
    for node in region:
        for arc in range(chase.star.ptr[node], chase.star.ptr[node + 1]):
            other = int(chase.star.head[arc])
            seen[min(node, other), max(node, other), int(chase.star.piece[arc])] = float(chase.metres[arc])
    return sum(seen.values())


class _Programme:
    """Rows and columns of the mixed-integer programme, as they are added."""

    def __init__(self) -> None:
        self.cost: list[float] = []
        self.whole: list[int] = []
        self.low: list[float] = []
        self.high: list[float] = []
        self._entries: list[tuple[int, int, float]] = []
        self._row_low: list[float] = []

    def column(self, cost: float, low: float, high: float, *, whole: bool) -> int:
        self.cost.append(cost)
        self.low.append(low)
        self.high.append(high)
        self.whole.append(int(whole))
        return len(self.cost) - 1

    def at_least(self, low: float, entries: list[tuple[int, float]]) -> None:
        row = len(self._row_low)
        self._entries += [(row, column, value) for column, value in entries]
        self._row_low.append(low)

    def solve(self, limit_s: float) -> tuple[Floats | None, float, bool]:
        """Return the values, the bound, and whether the solver went to the end."""
        from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415  (0.5 s; only who asks pays for it)
        from scipy.sparse import coo_array  # noqa: PLC0415

        rows, columns, values = zip(*self._entries, strict=True)
        matrix = coo_array((values, (rows, columns)), shape=(len(self._row_low), len(self.cost))).tocsr()
        answer = milp(
            self.cost,
            constraints=LinearConstraint(matrix, self._row_low, np.inf),
            integrality=np.array(self.whole, np.int64),
            bounds=Bounds(self.low, self.high),
            options={"time_limit": limit_s, "mip_rel_gap": 0.0},
        )
        bound = answer.mip_dual_bound if answer.mip_dual_bound is not None else -np.inf
        return answer.x, float(bound), answer.status in (0, 2)


def _solve(
    chase: Chase, objective: Objective, unimpeded: Ints, first: Containment | None, limit_s: float
) -> Containment:
    """Solve; ``first`` (the answer for the unimpeded fugitive) asks for the one given the other guards."""
    scope = _scope(chase, objective, first)
    latest = chase.guard_ms.max(axis=0, where=chase.guard_ms < NEVER_MS, initial=0)
    made = _Programme()
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
        if unimpeded[n] >= NEVER_MS:
            continue
        in_time = chase.guard_ms[:, n] <= (unimpeded[n] if first is None else NEVER_MS - 1)
        for u in np.flatnonzero(in_time).tolist():
            pairs[u, n] = made.column(float(objective is Objective.UNITS), 0.0, 1.0, whole=True)
            at.setdefault(n, []).append(pairs[u, n])
            by.setdefault(u, []).append(pairs[u, n])
    for columns in (*by.values(), *at.values()):
        made.at_least(-1.0, [(c, -1.0) for c in columns])
    _spread(chase, objective, made, reached, at)
    if first is not None:
        _time(chase, made, reached, pairs, unimpeded, latest)
    values, bound, ended = made.solve(limit_s)
    if values is None:
        return Containment(objective, None, np.inf if ended else -np.inf, ended, (), ())
    stands = {n: int(chase.guard_ms[u, n]) for (u, n), column in pairs.items() if values[column] > 0.5}
    units = {n: u for (u, n), column in pairs.items() if values[column] > 0.5}
    return _answer(chase, objective, stands, units, bound)


def _spread(
    chase: Chase, objective: Objective, made: _Programme, reached: dict[int, int], at: dict[int, list[int]]
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


def _time(
    chase: Chase,
    made: _Programme,
    reached: dict[int, int],
    pairs: dict[tuple[int, int], int],
    unimpeded: Ints,
    latest: Ints,
) -> None:
    """Guards stand no later than he comes: times that no free way undercuts, in seconds to keep numbers small."""
    star = chase.star
    cap = {n: max(int(latest[n]), int(unimpeded[n])) for n in {*reached, *(n for _, n in pairs)}}
    comes = {
        n: made.column(0.0, 0.0, (chase.starts.get(n, cap[n])) / 1000, whole=False)
        for n in sorted(cap)
        if unimpeded[n] < NEVER_MS
    }
    for a, column in reached.items():
        if a not in comes:
            continue
        for arc in range(star.ptr[a], star.ptr[a + 1]):
            b, ms = int(star.head[arc]), int(star.cost[arc])
            if b in comes and (loose := cap[b] - int(unimpeded[a]) - ms) > 0:
                slack = (column, -loose / 1000)
                made.at_least((-ms - loose) / 1000, [(comes[a], 1.0), (comes[b], -1.0), slack])
    at: dict[int, list[tuple[int, float]]] = {}
    for (u, n), column in pairs.items():
        at.setdefault(n, []).append((column, -int(chase.guard_ms[u, n]) / 1000))
    for n, entries in at.items():
        made.at_least(0.0, [(comes[n], 1.0), *entries])


def _answer(
    chase: Chase, objective: Objective, stands: dict[int, int], units: dict[int, int], bound: float
) -> Containment:
    """Return what the guards are really worth.

    Raises:
        ArithmeticError: replayed, he beats a guard or reaches an exit.
    """
    came = replay(chase, stands)
    held = {n for n in stands if n in came}
    beaten = sorted(n for n in held if came[n] < stands[n])
    region = set(came) - held
    out = sorted(region & chase.exits)
    if beaten or out:
        raise ArithmeticError(f"the programme's plan does not hold: beaten at {beaten}, out at {out}")
    kept = stands if objective is Objective.UNITS else {n: stands[n] for n in held}
    if objective is Objective.JUNCTIONS:
        value = float(len(region))
        bound = float(ceil(bound - ROUNDING))
    elif objective is Objective.METRES:
        value = _driven_m(chase, region)
    else:
        value = float(len(kept))
        bound = float(ceil(bound - ROUNDING))
    proved = value - bound <= ROUNDING * max(1.0, value)
    guards = tuple(Guard(units[n], n, kept[n], came.get(n, NEVER_MS)) for n in sorted(kept))
    return Containment(objective, value, min(bound, value), proved, guards, tuple(sorted(region)))
