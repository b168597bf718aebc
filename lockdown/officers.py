"""The second crew model: posts ask officers, and whoever comes brings his whole crew. Exact where it says so.

The first model (``lockdown.seal``) counts units of at least ``crew_min`` people one each, and is always exact. Summing
officers over units is NP-hard (a post that asks exactly half of all officers is the partition problem), so here a
threshold is decided by HiGHS within a limit, and what it has not decided is said to be not proved.

A bound costs nothing of that kind: were crews divided at will between posts, it would be a flow. No plan is sooner.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from camera_config.county import Ring
from camera_config.ids import PostId
from lockdown.graph import Bools
from lockdown.matching import first_enough
from lockdown.programme import Programme
from lockdown.seal import Assigned
from lockdown.table import Table
from lockdown.times import whole_ms


@dataclass(frozen=True, slots=True)
class Summed:
    """The soonest plan by officers. ``ratio`` is (staffed ms, deadline ms) of its weakest post, exact.

    ``bound``: no plan has a smaller ratio; ``proved``: none has a smaller one than this plan. ``plan`` is one of little
    driving among those as soon. Empty, with ``ratio`` None: no plan was found; with ``proved`` (and no ``bound``) there
    is none.
    ``short``: officers that are missing at the deadlines even if crews were divided at will; 0: that is not known.
    """

    plan: tuple[Assigned, ...]
    ratio: tuple[int, int] | None
    weakest: PostId | None
    t_star_ms: dict[Ring, int]
    bound: tuple[int, int] | None
    proved: bool
    short: int

    @property
    def feasible(self) -> bool | None:
        """Tell whether the deadlines can be kept; None: not proved either way."""
        if self.ratio is not None and self.ratio[0] <= self.ratio[1]:
            return True
        return False if self.bound is None or self.bound[0] > self.bound[1] else None


def summed(table: Table, crew: Sequence[int], need: Sequence[int], *, limit_s: float = 5.0) -> Summed:
    """Return the plan whose largest staffed time / deadline is least.

    Args:
        table: who could be where, when; its demands' ``need`` is not looked at.
        crew: (units,) officers of each unit, from 1.
        need: (demands,) officers that each asks, from 1.
        limit_s: for each programme.

    Raises:
        ValueError: crews or needs that do not fit the table.
    """
    if len(crew) != len(table.units) or len(need) != len(table.demands) or not need:
        raise ValueError(f"want crews of {len(table.units)} units and needs of {len(table.demands)} posts")
    for value in (*crew, *need):
        if whole_ms(value, "officers") < 1:
            raise ValueError("officers: want at least 1")
    case = _Case(table, tuple(crew), tuple(need))
    ladder = sorted({share for row in case.share for share in row if share is not None})
    short = case.short(case.within(Fraction(1)))
    if not ladder or case.short(case.within(ladder[-1])) > 0:
        return Summed((), None, None, {}, None, proved=True, short=short)
    least = first_enough(len(ladder) - 1, lambda step: case.short(case.within(ladder[step])) == 0)
    return _searched(case, ladder, least, short, limit_s)


class _Case:
    """The question with its shares: ``share[u][j]`` is staffed time / deadline, None where never."""

    def __init__(self, table: Table, crew: tuple[int, ...], need: tuple[int, ...]) -> None:
        self.table, self.crew, self.need = table, crew, need
        self.share = [
            [None if ms is None else Fraction(ms, d.deadline_ms) for ms, d in zip(row, table.demands, strict=True)]
            for row in table.staffed_ms
        ]

    def within(self, most: Fraction) -> Bools:
        """Return (units, demands) who is there by this share of the deadline."""
        return np.array([[s is not None and s <= most for s in row] for row in self.share], np.bool_)

    def short(self, allowed: Bools) -> int:
        """Return how many officers are missing even if crews were divided at will: needs less the largest flow."""
        from scipy.sparse import coo_array  # noqa: PLC0415  (0.3 s; only who asks pays for it)
        from scipy.sparse.csgraph import maximum_flow  # noqa: PLC0415

        units, demands = allowed.shape
        begin, end = units + demands, units + demands + 1
        u, j = np.nonzero(allowed)
        crew, need = np.array(self.crew, np.int64), np.array(self.need, np.int64)
        rows = np.concatenate([np.full(units, begin), u, units + np.arange(demands)])
        columns = np.concatenate([np.arange(units), units + j, np.full(demands, end)])
        values = np.concatenate([crew, crew[u], need]).astype(np.int32)
        network = coo_array((values, (rows, columns)), shape=(end + 1, end + 1)).tocsr()
        return int(need.sum()) - int(maximum_flow(network, begin, end).flow_value)

    def decide(
        self, allowed: Bools, limit_s: float, *, drive: bool = False
    ) -> tuple[list[tuple[int, int]] | None, bool]:
        """Return who goes where so that all needs are met, or None, and whether that was decided.

        ``drive``: with the least driving that is found.
        """
        made = Programme()
        column = {
            (int(u), int(j)): made.column(self.table.drive_ms[u, j] / 1000 if drive else 0.0, 0.0, 1.0, whole=True)
            for u, j in zip(*np.nonzero(allowed), strict=True)
        }
        by_unit: dict[int, list[tuple[int, float]]] = {}
        by_demand: dict[int, list[tuple[int, float]]] = {j: [] for j in range(len(self.need))}
        for (u, j), c in column.items():
            by_unit.setdefault(u, []).append((c, -1.0))
            by_demand[j].append((c, float(self.crew[u])))
        for entries in by_unit.values():
            made.at_least(-1.0, entries)
        for j, entries in by_demand.items():
            if not entries:
                return None, True
            made.at_least(float(self.need[j]), entries)
        outcome = made.solve(limit_s)
        if outcome.values is None:
            return None, outcome.ended
        pairs = [pair for pair, c in column.items() if outcome.values[c] > 0.5]
        return (pairs, True) if self._holds(pairs) else (None, False)

    def spared(self, pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return the plan without units that nobody misses, the longest drives first."""
        kept = list(pairs)
        for pair in sorted(pairs, key=lambda p: (-int(self.table.drive_ms[p]), p)):
            fewer = [p for p in kept if p != pair]
            if self._holds(fewer):
                kept = fewer
        return sorted(kept)

    def _holds(self, pairs: list[tuple[int, int]]) -> bool:
        if len({u for u, _ in pairs}) != len(pairs):
            return False
        return all(sum(self.crew[u] for u, at in pairs if at == j) >= need for j, need in enumerate(self.need))

    def worst(self, pairs: list[tuple[int, int]]) -> tuple[Fraction, int, int]:
        """Return the largest share of a plan, with its unit and demand."""
        shares = [(self.share[u][j] or Fraction(0), u, j) for u, j in pairs]
        return max(shares, key=lambda one: (one[0], -one[2], -one[1]))


def _searched(case: _Case, ladder: list[Fraction], least: int, short: int, limit_s: float) -> Summed:
    """Search the ladder; everything below ``least`` is impossible already."""
    bound, last = least, len(ladder) - 1
    best, decided = case.decide(case.within(ladder[least]), limit_s)
    if best is None:
        bound = least + 1 if decided else least
        best, decided = case.decide(case.within(ladder[last]), limit_s)
        if best is None:
            shown = None if decided else _pair(ladder[bound])
            return Summed((), None, None, {}, shown, proved=decided, short=short)
    low, high = bound, ladder.index(case.worst(best)[0])
    while low < high:
        middle = (low + high) // 2
        found, decided = case.decide(case.within(ladder[middle]), limit_s)
        if found is not None:
            best, high = found, ladder.index(case.worst(found)[0])
            continue
        low = middle + 1
        bound = low if decided else bound
    driven, _ = case.decide(case.within(ladder[high]), limit_s, drive=True)
    plan = case.spared(best if driven is None else driven)
    _, unit, demand = case.worst(plan)
    staffed = case.table.staffed_ms[unit][demand] or 0
    assigned = tuple(_assigned(case.table, u, j) for u, j in plan)
    return Summed(
        plan=assigned,
        ratio=(staffed, case.table.demands[demand].deadline_ms),
        weakest=case.table.demands[demand].id,
        t_star_ms={r: max(a.staffed_ms for a in assigned if a.ring is r) for r in sorted({a.ring for a in assigned})},
        bound=_pair(ladder[min(bound, high)]),
        proved=bound >= high,
        short=short,
    )


def _assigned(table: Table, u: int, j: int) -> Assigned:
    demand, drive = table.demands[j], int(table.drive_ms[u, j])
    arrive = table.delay_ms[u] + drive
    staffed = arrive + demand.setup_ms
    return Assigned(table.units[u], demand.id, demand.ring, drive, arrive, staffed, demand.deadline_ms - staffed)


def _pair(share: Fraction) -> tuple[int, int]:
    return share.numerator, share.denominator
