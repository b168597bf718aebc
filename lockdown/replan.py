"""What the plan becomes when it is looked at again every 30 s: each scenario is driven, junction by junction.

Re-planning sees only what has happened: who has left and how far he is on which road. How slow a road is that is still
ahead, and when who has not left will leave, it does not know: for these it takes the rules' times. While everybody is
expected with a minute to spare nothing is changed, an arrived unit is never moved, and a unit on its way may turn off
at the next junction. So it can lose what would have been won by staying (``Replanned.lost``), and it never beats
hindsight with exact ways.
"""

from dataclasses import dataclass

import numpy as np

from lockdown.graph import Bools
from lockdown.lines import Floats, Ints
from lockdown.noise import BLOCK, UNIT, Draw, Sample, Starts, Trees, factors
from lockdown.risk import Case, Pairs, Share, share
from lockdown.times import NEVER_MS

EVERY_MS = 30_000
"""PLANNER.md 1, probability."""

RESERVE_MS = 60_000
"""Whoever is expected with less to spare is looked after: later, nobody else would be in time either."""

TOO_LATE = 1e9
"""Cost of one leg that is expected late; no sum of times in ms comes near it."""


@dataclass(frozen=True, slots=True)
class Replanned:
    """``share`` of the scenarios that held; ``lost``: those that the plan would have held without re-planning."""

    share: Share
    lost: int
    won: int


@dataclass(frozen=True, slots=True)
class Drives:
    """A case with the ways that it was split along."""

    case: Case
    trees: Trees
    starts: Starts


def replanned(drives: Drives, plan: Pairs, sample: Sample, held: Bools) -> Replanned:
    """Return what re-planning every 30 s makes of a plan; a scenario takes milliseconds.

    Args:
        drives: the case with its ways; the model must not give each drive a factor of its own.
        plan: as shown at the order.
        sample: which scenarios.
        held: (scenarios,) whether the plan holds without re-planning.
    """
    found = replanned_each(drives, plan, sample)
    return Replanned(share(int(found.sum()), sample.scenarios), int((held & ~found).sum()), int((found & ~held).sum()))


def replanned_each(drives: Drives, plan: Pairs, sample: Sample) -> Bools:
    """Return (scenarios,) whether every post was staffed in time with re-planning.

    Raises:
        ValueError: a model under which a road has no time of its own.
    """
    if drives.case.noise.model == "independent":
        raise ValueError("re-planning needs roads with times of their own; each drive has its own with this model")
    units, demands = drives.case.numbers(plan)
    held = np.empty(sample.scenarios, np.bool_)
    for drawn, columns, places in drives.case.pieces(sample, BLOCK):
        for k in range(columns.stop):
            held[places.start + k] = _Scenario(drives, drawn, k).run(units, demands)
    return held


class _Scenario:
    """One scenario while it is driven. Times are milliseconds since the order; ``leg[u]`` is a demand, or -1.

    ``nodes[u]`` and ``times[u]`` are the junctions on the unit's way and when it is there in truth; the first entry is
    where it stands or starts (-1: on its own road).
    """

    def __init__(self, drives: Drives, drawn: Draw, k: int) -> None:
        case = drives.case
        self._drives, self._case = drives, case
        self._factor: list[float] = (drawn.travel[:, k] / UNIT).tolist()
        turnout = factors(case.noise.turnout_cv_permille)[drawn.turnout[:, k]] / UNIT
        self._turnout: list[float] = (np.array(case.table.delay_ms) * turnout).tolist()
        count = len(case.table.units)
        self._leg = [-1] * count
        self._ordered = [float("inf")] * count
        self._nodes: list[list[int]] = [[] for _ in range(count)]
        self._times: list[list[float]] = [[] for _ in range(count)]
        self._limit: list[float] = (case.limit / UNIT).tolist()
        self._due = [limit - RESERVE_MS for limit in self._limit]

    def run(self, units: Ints, demands: Ints) -> bool:
        """Drive the plan to its end; tell whether every post was staffed in time."""
        for u, j in zip(units.tolist(), demands.tolist(), strict=True):
            self._send(u, j, 0.0)
        for now in range(EVERY_MS, int(max(self._limit)), EVERY_MS):
            busy = self._busy()
            if all(self._times[u][-1] <= now for u in busy):
                break
            if any(self._expected(u, self._leg[u], now) > self._due[self._leg[u]] for u in busy):
                self._replan(now)
        return all(self._times[u][-1] <= self._limit[self._leg[u]] for u in self._busy())

    def _busy(self) -> list[int]:
        return [u for u, j in enumerate(self._leg) if j >= 0]

    def _send(self, u: int, j: int, now: float) -> None:
        """Order a unit to a demand: from where it waits, or from the junction ahead of it."""
        starts, table = self._drives.starts, self._case.table
        self._leg[u] = j
        if not self._left(u, now):
            self._ordered[u] = min(self._ordered[u], now)
            leaves = self._ordered[u] + self._turnout[u]
            first = leaves + float(starts.rest_ms[u, j]) * self._factor[starts.group[u]]
            node, post = int(starts.node[u, j]), int(starts.post[u, j])
            self._nodes[u], self._times[u] = [-1], [leaves]
            if node < 0:
                self._nodes[u].append(-1)
                self._times[u].append(first)
                return
        else:
            i = self._ahead(u, now)
            node, first = self._nodes[u][i], max(now, self._times[u][i])
            self._nodes[u], self._times[u] = self._nodes[u][max(0, i - 1) : i], self._times[u][max(0, i - 1) : i]
            post = self._tree(table.demands[j].posts, node)
        self._drive(u, post, node, first)

    def _drive(self, u: int, post: int, node: int, at: float) -> None:
        trees = self._drives.trees
        car, steps = trees.graph.car, trees.step[post]
        nodes, times = self._nodes[u], self._times[u]
        nodes.append(node)
        times.append(at)
        while (arc := int(steps[node])) >= 0:
            at += float(car.cost[arc]) * self._factor[trees.group[car.piece[arc]]]
            node = int(car.head[arc])
            nodes.append(node)
            times.append(at)

    def _left(self, u: int, now: float) -> bool:
        """Tell whether a unit is past its start and has a junction ahead, or stands at one."""
        return self._gone(u, now) and self._nodes[u][-1] >= 0

    def _gone(self, u: int, now: float) -> bool:
        return bool(self._times[u]) and self._ordered[u] + self._turnout[u] <= now

    def _ahead(self, u: int, now: float) -> int:
        """Return the place in its way of the next junction that a unit comes to; the last one where it stands there."""
        return next((i for i, at in enumerate(self._times[u]) if at > now), len(self._times[u]) - 1)

    def _tree(self, posts: tuple[str, ...], node: int) -> int:
        """Return the tree of the farthest of a demand's posts."""
        fields = self._drives.trees.fields
        rows = [fields.posts.index(p) for p in posts]
        return max(rows, key=lambda row: int(fields.ms[row, node]))

    def _expected(self, u: int, j: int, now: float) -> float:
        """Return when a unit is expected at a demand, knowing what has happened until ``now``."""
        table = self._case.table
        if not self._left(u, now):
            if table.drive_ms[u, j] >= NEVER_MS:
                return float("inf")
            if self._leg[u] == j and self._times[u][-1] <= now:
                return self._times[u][-1]
            if self._leg[u] != j and self._gone(u, now):
                return float("inf")
            ordered = min(self._ordered[u], now)
            return max(now, ordered + table.delay_ms[u]) + float(table.drive_ms[u, j])
        if self._leg[u] == j and self._times[u][-1] <= now:
            return self._times[u][-1]
        i = self._ahead(u, now)
        node = self._nodes[u][i]
        onward = self._onward(j, node)
        if i == 0 or self._times[u][i] <= now or onward >= NEVER_MS or table.drive_ms[u, j] >= NEVER_MS:
            return now + onward if onward < NEVER_MS and table.drive_ms[u, j] < NEVER_MS else float("inf")
        before, after = self._times[u][i - 1], self._times[u][i]
        left = (after - now) / max(1e-9, after - before)
        return now + left * self._arc_ms(u, i) + onward

    def _arc_ms(self, u: int, i: int) -> float:
        """Return what the rules say of the road that a unit is on."""
        graph, a, b = self._drives.trees.graph, self._nodes[u][i - 1], self._nodes[u][i]
        if a < 0:
            leg = self._leg[u]
            return float(self._drives.starts.rest_ms[u, leg]) if leg >= 0 else 0.0
        arcs = range(int(graph.car.ptr[a]), int(graph.car.ptr[a + 1]))
        return min(float(graph.car.cost[arc]) for arc in arcs if graph.car.head[arc] == b)

    def _onward(self, j: int, node: int) -> float:
        fields = self._drives.trees.fields
        return float(max(int(fields.ms[fields.posts.index(p), node]) for p in self._case.table.demands[j].posts))

    def _replan(self, now: float) -> None:
        """Assign anew with the least number expected late; change nothing unless that is fewer."""
        from scipy.optimize import linear_sum_assignment  # noqa: PLC0415  (0.5 s; only who re-plans pays for it)

        needs = [d.need for d in self._case.table.demands]
        arrived = [u for u in self._busy() if self._times[u][-1] <= now]
        for u in arrived:
            needs[self._leg[u]] -= 1
        slots = np.repeat(np.arange(len(needs)), needs)
        free = [u for u in range(len(self._leg)) if u not in set(arrived)]
        cost: Floats = np.array([[self._expected(u, j, now) for j in range(len(needs))] for u in free])
        cost = np.where(cost > np.array(self._due), TOO_LATE + np.minimum(cost, 1e8), cost)[:, slots]
        stays = np.array(self._leg)[free][:, None] == slots[None, :]
        units, places = linear_sum_assignment(np.where(stays, cost - EVERY_MS, cost))
        late_now = sum(self._expected(u, self._leg[u], now) > self._due[self._leg[u]]
                       for u in free if self._leg[u] >= 0)  # fmt: skip
        if int((cost[units, places] >= TOO_LATE).sum()) >= late_now:
            return
        takes = {free[a]: int(slots[b]) for a, b in zip(units.tolist(), places.tolist(), strict=True)}
        for u in free:
            if u in takes and takes[u] != self._leg[u]:
                self._send(u, takes[u], now)
            elif u not in takes and self._leg[u] >= 0:
                self._leg[u] = -1
