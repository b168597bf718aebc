"""The plan for probability: best found, chosen on one sample; whoever reports its odds counts them on another.

Min-sum of -log P(in time) is exact while legs are independent of each other (one linear assignment). They are not, so a
search follows: as long as handing one post to a free unit, or letting two units trade posts, holds in more scenarios of
the sample, the best such change is made. A plan that is not clearly better than the one shown on that sample gives way
to it, so that noise of the sample alone never changes a plan.
"""

import numpy as np

from camera_config.ids import PostId, UnitId
from lockdown.graph import Bools
from lockdown.lines import Floats, Ints
from lockdown.noise import BLOCK, Sample
from lockdown.risk import Case, Pairs
from lockdown.times import NEVER_MS

CLEARLY = 3.0
"""Standard deviations by which the chosen plan must be ahead in scenarios that tell the two apart (McNemar 1947)."""


def most_probable(case: Case, plan: Pairs, sample: Sample) -> tuple[tuple[UnitId, PostId], ...]:
    """Return the best plan found by (unit, post); ``plan`` itself where none is clearly better."""
    on_time = _on_time(case, sample)
    first = _by_logs(case, on_time)
    units, demands = case.numbers(plan)
    best = max((_climbed(on_time, first), _climbed(on_time, (units, demands))), key=lambda p: _held(on_time, p).sum())
    ours, theirs = _held(on_time, best), _held(on_time, (units, demands))
    won, lost = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    if won - lost <= CLEARLY * (won + lost) ** 0.5:
        return tuple(sorted(plan))
    name = case.table
    return tuple(sorted((name.units[u], name.demands[j].id) for u, j in zip(*(p.tolist() for p in best), strict=True)))


def _on_time(case: Case, sample: Sample) -> Bools:
    """Return (units, demands, scenarios) who is in time for what."""
    made = np.zeros((*case.table.drive_ms.shape, sample.scenarios), np.bool_)
    units, demands = np.nonzero(case.table.drive_ms < NEVER_MS)
    limit = case.limit[demands][:, None]
    for drawn, columns, places in case.pieces(sample, BLOCK):
        made[units, demands, places] = case.arrivals(units, demands, drawn, columns) <= limit
    return made


def _by_logs(case: Case, on_time: Bools) -> tuple[Ints, Ints]:
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415  (0.5 s; only who asks for this plan pays for it)

    scenarios = on_time.shape[2]
    cost = -np.log((on_time.sum(axis=2) + 0.5) / (scenarios + 1.0))
    cost[case.table.drive_ms >= NEVER_MS] = 1e6
    slots = np.repeat(np.arange(len(case.table.demands)), [d.need for d in case.table.demands])
    places, units = linear_sum_assignment(cost[:, slots].T)
    return np.asarray(units, np.int64), np.asarray(slots[places], np.int64)


def _held(on_time: Bools, plan: tuple[Ints, Ints]) -> Bools:
    return np.asarray(on_time[plan].all(axis=0))


def _climbed(on_time: Bools, plan: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
    """Return the plan after the best change, again and again, while one holds in more scenarios."""
    units, demands = plan[0].copy(), plan[1]
    held = int(_held(on_time, (units, demands)).sum())
    while True:
        late = ~on_time[units, demands]
        lates = late.sum(axis=0, dtype=np.int16)
        found = max(_handed(on_time, units, demands, late, lates), _traded(on_time, units, demands, late, lates))
        if found[0] <= held:
            return units, demands
        held, leg, other, unit = found
        units[leg], taken = (unit, units[leg]) if other < 0 else (units[other], units[leg])
        if other >= 0:
            units[other] = taken


Change = tuple[int, int, int, int]
"""Scenarios held, a leg, the leg it trades with (-1: none), the free unit that takes it (-1: none)."""


def _handed(on_time: Bools, units: Ints, demands: Ints, late: Bools, lates: Ints) -> Change:
    free = np.setdiff1d(np.arange(len(on_time)), units)
    best: Change = (-1, -1, -1, -1)
    for leg, demand in enumerate(demands.tolist()):
        others = np.flatnonzero(lates == late[leg])
        counts = on_time[free, demand][:, others].sum(axis=1) if free.size else np.zeros(0, np.int64)
        if counts.size and counts.max() > best[0]:
            best = (int(counts.max()), leg, -1, int(free[counts.argmax()]))
    return best


def _traded(on_time: Bools, units: Ints, demands: Ints, late: Bools, lates: Ints) -> Change:
    best: Change = (-1, -1, -1, -1)
    for leg in range(len(units) - 1):
        after = np.arange(leg + 1, len(units))
        clear = lates - late[leg] == late[after]
        traded = clear & on_time[units[leg], demands[after]] & on_time[units[after], demands[leg]]
        counts: Floats = traded.sum(axis=1).astype(np.float64)
        if counts.max() > best[0]:
            best = (int(counts.max()), leg, int(after[counts.argmax()]), -1)
    return best
