"""Exact min-max assignment of units to posts: feasible or not, T*, travel slack, and the sets of posts that prove it.

Deadlines differ between posts, so the search is on staffed time / deadline; where all deadlines are the same that is
the same as on staffed time. Fractions are compared as whole numbers: two different fractions whose denominators are
below 2**31 differ by more than 2**-62, so ``(numerator << 64) // denominator`` orders them exactly.

Threshold search with matching (Gross 1959; Garfinkel 1971); below T* a violating set (Hall 1935) proves the bound.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from camera_config.county import Ring
from camera_config.ids import PostId, UnitId
from lockdown.cheapest import cheapest
from lockdown.matching import Matching, Violation, first_enough, largest, minimal, satisfy
from lockdown.table import Table
from lockdown.times import NEVER_MS

LONGEST_MS = 1 << 31
"""Deadlines and drives are below this (24 days); fractions are ordered exactly only then."""

SLACK_CAP = 100
"""A travel slack above this is given as this: everyone stands where he is needed."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """One unit at one demand; ``post`` is the demand's id."""

    unit: UnitId
    post: PostId
    ring: Ring
    drive_ms: int
    arrive_ms: int
    staffed_ms: int
    margin_ms: int


@dataclass(frozen=True, slots=True)
class Shortage:
    """Posts that ask more units (``need``) than can serve any of them in time (``units``). Minimal by inclusion."""

    posts: tuple[PostId, ...]
    need: int
    units: tuple[UnitId, ...]


@dataclass(frozen=True, slots=True)
class Optimum:
    """The plan at T*, which may lie beyond the deadlines.

    ``ratio`` is (staffed ms, deadline ms) of the weakest post, exact. ``t_star_ms`` is the largest staffed time in each
    ring under the plan. ``below`` proves that no plan has a smaller ratio. Prices prove ``total_drive_ms``.
    """

    plan: tuple[Assigned, ...]
    ratio: tuple[int, int]
    weakest: PostId
    margin_ms: int
    t_star_ms: dict[Ring, int]
    total_drive_ms: int
    below: Shortage
    price_post: dict[PostId, int]
    price_unit: dict[UnitId, int]


@dataclass(frozen=True, slots=True)
class Slack:
    """The largest factor on driving alone with which every post holds: ``factor`` = (numerator, denominator), exact.

    ``plan`` holds at that factor; ``above`` proves that nothing holds beyond it (None at ``SLACK_CAP``).
    """

    factor: tuple[int, int]
    permille: int
    plan: tuple[tuple[UnitId, PostId], ...]
    above: Shortage | None


@dataclass(frozen=True, slots=True)
class Solution:
    """Everything that is true of one table.

    ``optimum`` and ``slack`` are None where no plan exists at any time. ``shortage`` and ``widest`` are None when the
    deadlines can be kept; ``widest`` misses exactly ``deficiency`` units, and ``partial`` serves all but so many.
    """

    feasible: bool
    deficiency: int
    optimum: Optimum | None
    slack: Slack | None
    shortage: Shortage | None
    widest: Shortage | None
    partial: tuple[tuple[UnitId, PostId], ...]


def solve(table: Table) -> Solution:
    """Return all answers for one table.

    Raises:
        ValueError: no demand, or a deadline or drive of more than 24 days.
    """
    if not table.demands:
        raise ValueError("no posts to staff")
    drives = table.drive_ms[table.drive_ms < NEVER_MS]
    if max(d.deadline_ms for d in table.demands) >= LONGEST_MS or (drives.size and drives.max() >= LONGEST_MS):
        raise ValueError("deadlines and drives: want less than 24 days")
    optimum = _optimum(table)
    slack = _slack(table)
    if optimum is not None and optimum.ratio[0] <= optimum.ratio[1]:
        return Solution(True, 0, optimum, slack, None, None, ())
    masks, needs = in_time(table), _needs(table)
    matching, violation = largest(masks, needs)
    if violation is None:
        raise ArithmeticError("the search for T* and the deadlines disagree")
    widest = _shortage(table, masks, violation)
    return Solution(
        feasible=False,
        deficiency=table.need - len(matching.holder),
        optimum=optimum,
        slack=slack,
        shortage=_shortage(table, masks, minimal(masks, needs, violation)),
        widest=widest,
        partial=_named(table, matching),
    )


def in_time(table: Table) -> list[int]:
    """Return for each demand the mask of units that staff it in time; the deadline itself is in time."""
    masks = [0] * len(table.demands)
    for u, row in enumerate(table.staffed_ms):
        for j, (ms, demand) in enumerate(zip(row, table.demands, strict=True)):
            if ms is not None and ms <= demand.deadline_ms:
                masks[j] |= 1 << u
    return masks


def best_subset(table: Table, first: Ring) -> list[int]:
    """Return demands, by rising index, that can all be staffed in time, ``first``'s ring before the other.

    Greedy by ring, then id: nothing can be added to it. With one unit a post none is larger that keeps the first ring's
    (the demands that can be served form a matroid).
    """
    masks = in_time(table)
    matching = Matching.empty(masks)
    order = sorted(range(len(table.demands)), key=lambda j: (table.demands[j].ring != first, table.demands[j].id))
    kept = []
    for j in order:
        trial = Matching(masks, dict(matching.holder), matching.free)
        if all(trial.give(j) is None for _ in range(table.demands[j].need)):
            matching = trial
            kept.append(j)
    return sorted(kept)


def _needs(table: Table) -> list[int]:
    return [d.need for d in table.demands]


def _named(table: Table, matching: Matching) -> tuple[tuple[UnitId, PostId], ...]:
    return tuple((table.units[u], table.demands[j].id) for u, j in sorted(matching.holder.items()))


def _shortage(table: Table, masks: Sequence[int], violation: Violation) -> Shortage:
    units = 0
    for j in violation.demands:
        units |= masks[j]
    posts = tuple(table.demands[j].id for j in violation.demands)
    need = sum(table.demands[j].need for j in violation.demands)
    return Shortage(posts, need, tuple(unit for u, unit in enumerate(table.units) if units >> u & 1))


@dataclass(frozen=True, slots=True)
class _Threshold:
    """The least key with which all needs are served, a matching there, and the violation just below it."""

    key: int
    matching: Matching
    below: Violation
    masks_below: list[int]


class _Ladder:
    """Masks of units by threshold: unit u can serve demand j at every threshold from ``keys[u][j]``."""

    def __init__(self, keys: list[list[int | None]], demands: int) -> None:
        self._rungs: list[list[int]] = []
        self._masks: list[list[int]] = []
        for j in range(demands):
            rungs = sorted((key, u) for u, row in enumerate(keys) if (key := row[j]) is not None)
            mask, masks = 0, [0]
            for _, u in rungs:
                mask |= 1 << u
                masks.append(mask)
            self._rungs.append([key for key, _ in rungs])
            self._masks.append(masks)
        self.values = sorted({key for rungs in self._rungs for key in rungs})

    def below(self, key: int) -> list[int]:
        """Return the masks of units whose key is smaller than ``key``."""
        return [masks[bisect_left(rungs, key)] for rungs, masks in zip(self._rungs, self._masks, strict=True)]

    def least(self, needs: Sequence[int]) -> int | None:
        """Return the least key at which every demand alone finds its need; None where one never does."""
        if any(len(rungs) < need for rungs, need in zip(self._rungs, needs, strict=True)):
            return None
        return max(rungs[need - 1] for rungs, need in zip(self._rungs, needs, strict=True))


def _threshold(keys: list[list[int | None]], needs: list[int]) -> _Threshold | None:
    ladder = _Ladder(keys, len(needs))
    least = ladder.least(needs)
    if least is None:
        return None
    first = bisect_left(ladder.values, least)
    found: dict[int, Matching] = {}

    def enough(step: int) -> bool:
        answer = satisfy(ladder.below(ladder.values[first + step] + 1), needs)
        if isinstance(answer, Matching):
            found[step] = answer
        return isinstance(answer, Matching)

    last = len(ladder.values) - 1 - first
    if not enough(last):
        return None
    # T* is mostly the lower bound itself, so that is tried first.
    best = 0 if enough(0) else first_enough(last, enough)
    key = ladder.values[first + best]
    masks = ladder.below(key)
    violation = satisfy(masks, needs)
    if isinstance(violation, Matching):
        raise ArithmeticError("a plan was found below the least threshold")
    return _Threshold(key, found[best], minimal(masks, needs, violation), masks)


def _optimum(table: Table) -> Optimum | None:
    needs = _needs(table)
    deadlines = [d.deadline_ms for d in table.demands]
    keys: list[list[int | None]] = [
        [None if ms is None else (ms << 64) // d for ms, d in zip(row, deadlines, strict=True)]
        for row in table.staffed_ms
    ]
    threshold = _threshold(keys, needs)
    if threshold is None:
        return None
    allowed = np.array([[key is not None and key <= threshold.key for key in row] for row in keys], np.bool_)
    best = cheapest(table.drive_ms, allowed, needs)
    plan = tuple(_assigned(table, u, j) for u, j in best.pairs)
    weak = max(best.pairs, key=lambda pair: (keys[pair[0]][pair[1]] or 0, -pair[1]))
    staffed, demand = table.staffed_ms[weak[0]][weak[1]] or 0, table.demands[weak[1]]
    rings = sorted({d.ring for d in table.demands})
    return Optimum(
        plan=plan,
        ratio=(staffed, demand.deadline_ms),
        weakest=demand.id,
        margin_ms=demand.deadline_ms - staffed,
        t_star_ms={ring: max(a.staffed_ms for a in plan if a.ring == ring) for ring in rings},
        total_drive_ms=best.total_ms,
        below=_shortage(table, threshold.masks_below, threshold.below),
        price_post={d.id: price for d, price in zip(table.demands, best.price_demand, strict=True)},
        price_unit={unit: price for unit, price in zip(table.units, best.price_unit, strict=True) if price},
    )


def _assigned(table: Table, u: int, j: int) -> Assigned:
    demand, drive = table.demands[j], int(table.drive_ms[u, j])
    arrive = table.delay_ms[u] + drive
    staffed = arrive + demand.setup_ms
    return Assigned(table.units[u], demand.id, demand.ring, drive, arrive, staffed, demand.deadline_ms - staffed)


def _slack(table: Table) -> Slack | None:
    """Maximise the factor: the same search on negative keys, so that "below" means a larger factor."""
    cap = SLACK_CAP << 64
    keys: list[list[int | None]] = []
    exact: dict[int, tuple[int, int]] = {cap: (SLACK_CAP, 1)}
    for row, delay in zip(table.drive_ms.tolist(), table.delay_ms, strict=True):
        found: list[int | None] = []
        for drive, demand in zip(row, table.demands, strict=True):
            left = demand.deadline_ms - delay - demand.setup_ms
            if left < 0 or drive >= NEVER_MS:
                found.append(None)
                continue
            key = cap if drive == 0 else min(cap, (left << 64) // drive)
            exact.setdefault(key, (left, drive))
            found.append(-key)
        keys.append(found)
    threshold = _threshold(keys, _needs(table))
    if threshold is None:
        return None
    numerator, denominator = exact[-threshold.key]
    capped = -threshold.key == cap
    return Slack(
        factor=(numerator, denominator),
        permille=1000 * numerator // denominator,
        plan=_named(table, threshold.matching),
        above=None if capped else _shortage(table, threshold.masks_below, threshold.below),
    )
