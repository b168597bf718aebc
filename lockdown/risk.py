"""How likely a plan holds: the plan as it is shown (committed), and units assigned anew knowing everything (hindsight).

Both are counted over the same scenarios (``lockdown.noise``) on the same ways, so that in each of them what committed
holds, hindsight holds too; that is asserted for every scenario. Committed is a lower bound of what can be achieved,
because nobody re-plans, and hindsight is no promise, because nobody knows beforehand who will be slow.

Limits are those of Clopper and Pearson (1934): whatever the true probability, at most 5 % of samples miss it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from camera_config.county import Noise, NoiseModel
from camera_config.ids import PostId, UnitId
from lockdown.graph import Bools
from lockdown.lines import Floats, Ints
from lockdown.matching import Matching
from lockdown.noise import BLOCK, GROUPS, UNIT, Draw, Sample, draw, factors
from lockdown.table import Table
from lockdown.times import NEVER_MS

READY_LOW = 0.95
"""READY asks that the lower 95 % limit of the committed plan is at least this (PLANNER.md 1, readiness)."""

SCENARIOS = 20_000
"""At 0.95 the limits are then 0.3 points away; a plan of 35 legs takes 20 to 30 ms."""

CHUNK = 512
"""Scenarios worked on at a time: few enough that OpenBLAS stays on the thread that asks, which is faster."""

MOST_PERMILLE = 999
"""No probability is shown above this: nothing is certain."""

Pairs = Sequence[tuple[UnitId, PostId]]


@dataclass(frozen=True)
class Case:
    """A table whose drives are split (``lockdown.noise.split_drives``), and what may go wrong with them."""

    table: Table
    split: Ints
    noise: Noise

    def __post_init__(self) -> None:
        want = (*self.table.drive_ms.shape, GROUPS)
        if self.split.shape != want or self.split.dtype != np.int64:
            raise ValueError(f"split: want whole milliseconds of (units, demands, groups) = {want}")

    @cached_property
    def limit(self) -> Floats:
        """Return (demands,) the latest arrival in time, in 1/1024 ms."""
        return np.array([float(UNIT * (d.deadline_ms - d.setup_ms)) for d in self.table.demands])

    @cached_property
    def _parts(self) -> Floats:
        return self.split.astype(np.float64)

    @cached_property
    def _delay(self) -> Floats:
        return np.array(self.table.delay_ms, np.float64)

    def numbers(self, plan: Pairs) -> tuple[Ints, Ints]:
        """Return the rows and columns of a plan's pairs.

        Raises:
            ValueError: a unit twice, too few for a demand, or a pair that is never in place.
        """
        row = {unit: u for u, unit in enumerate(self.table.units)}
        column = {d.id: j for j, d in enumerate(self.table.demands)}
        units, demands = (np.array(n, np.int64) for n in ([row[u] for u, _ in plan], [column[j] for _, j in plan]))
        needs = [d.need for d in self.table.demands]
        if len(set(units.tolist())) != len(plan) or np.bincount(demands, minlength=len(needs)).tolist() != needs:
            raise ValueError("plan: want each demand's need, and each unit once")
        if (self.table.drive_ms[units, demands] >= NEVER_MS).any():
            raise ValueError("plan: a unit has no way to its post")
        return units, demands

    def draw(self, seed: int, block: int) -> Draw:
        """Return the block's scenarios."""
        return draw(self.noise, seed, block, len(self.table.units), len(self.table.demands))

    def arrivals(self, units: Ints, demands: Ints, drawn: Draw, columns: slice | Ints) -> Floats:
        """Return (pairs, columns) the arrivals of pairs that have a way, in 1/1024 ms, exact."""
        if self.noise.model is NoiseModel.INDEPENDENT:
            leg = units * len(self.table.demands) + demands
            ranks = drawn.legs[leg][:, columns]
            drive = self.table.drive_ms[units, demands].astype(np.float64)
            made: Floats = drive[:, None] * factors(self.noise.travel_cv_permille)[ranks]
        else:
            made = np.matmul(self._parts[units, demands], drawn.travel[:, columns])
        made += self._delay[units][:, None] * factors(self.noise.turnout_cv_permille)[drawn.turnout[units][:, columns]]
        return made

    def pieces(self, sample: Sample, chunk: int) -> Iterator[tuple[Draw, slice, slice]]:
        """Yield the sample in chunks: the block, its columns, and their places in the sample."""
        for block, count in sample.blocks():
            drawn = self.draw(sample.seed, block)
            for low in range(0, count, chunk):
                high = min(low + chunk, count)
                yield drawn, slice(low, high), slice(block * BLOCK + low, block * BLOCK + high)


@dataclass(frozen=True, slots=True)
class Share:
    """``held`` of ``scenarios``, and the 95 % limits of its probability."""

    held: int
    scenarios: int
    low: float
    high: float

    @property
    def shown_permille(self) -> tuple[int, int, int]:
        """Return probability, lower and upper limit as they may be shown: never better than they are, never 1."""
        held, low, high = 1000 * self.held // self.scenarios, int(1000 * self.low), -int(-1000 * self.high // 1)
        return min(held, MOST_PERMILLE), min(low, MOST_PERMILLE), min(high, MOST_PERMILLE)


@dataclass(frozen=True, slots=True)
class Odds:
    """What is known of a plan's chances. ``digest`` is that of the verdict that it belongs to; it lapses with it.

    ``deadline_permille``: all deadlines times this would be kept with 95 % (rounded up); None where no multiple that
    occurred would. ``hindsight`` is None where only the committed plan was asked for.
    """

    digest: str
    noise: Noise
    committed: Share
    hindsight: Share | None
    deadline_permille: int | None

    @property
    def enough(self) -> bool:
        """Tell whether READY may be said."""
        return self.committed.low >= READY_LOW


def odds(case: Case, plan: Pairs, digest: str, sample: Sample, *, knowing: bool = False) -> Odds:
    """Return the odds of a whole plan.

    Args:
        case: the table that the plan is of.
        plan: every demand's need, each unit once.
        digest: of the verdict.
        sample: which scenarios.
        knowing: count hindsight too, which takes longer.
    """
    used = ratios(case, plan, sample)
    held = used <= 1.0
    known = hindsight(case, plan, sample, held) if knowing else None
    return Odds(
        digest=digest,
        noise=case.noise,
        committed=share(int(held.sum()), sample.scenarios),
        hindsight=None if known is None else share(int(known.sum()), sample.scenarios),
        deadline_permille=_deadline_permille(used),
    )


def committed(case: Case, plan: Pairs, sample: Sample, chunk: int = CHUNK) -> Bools:
    """Return (scenarios,) whether every post of the plan is staffed in time."""
    units, demands = case.numbers(plan)
    limit, held = case.limit[demands][:, None], np.empty(sample.scenarios, np.bool_)
    for drawn, columns, places in case.pieces(sample, chunk):
        held[places] = ~(case.arrivals(units, demands, drawn, columns) > limit).any(axis=0)
    return held


def ratios(case: Case, plan: Pairs, sample: Sample, chunk: int = CHUNK) -> Floats:
    """Return (scenarios,) the largest staffed time / deadline; at most 1 exactly where the plan holds."""
    units, demands = case.numbers(plan)
    deadline = UNIT * np.array([float(case.table.demands[j].deadline_ms) for j in demands])[:, None]
    setup = UNIT * np.array([float(case.table.demands[j].setup_ms) for j in demands])[:, None]
    made = np.empty(sample.scenarios)
    for drawn, columns, places in case.pieces(sample, chunk):
        made[places] = ((case.arrivals(units, demands, drawn, columns) + setup) / deadline).max(axis=0)
    return made


def hindsight(case: Case, plan: Pairs, sample: Sample, held: Bools | None = None, chunk: int = CHUNK) -> Bools:
    """Return (scenarios,) whether some plan would have held, had the scenario been known; on the same ways.

    Where the committed plan holds (``held``, counted when None) there is nothing to ask. Where fewer units are in time
    for a post than it needs, nothing helps. Only the rest is matched, beginning with who is in time as planned.
    """
    units, demands = case.numbers(plan)
    known = (committed(case, plan, sample, chunk) if held is None else held).copy()
    rows, columns_ = np.nonzero(case.table.drive_ms < NEVER_MS)
    limit = case.limit[columns_][:, None]
    needs = np.array([d.need for d in case.table.demands])
    shape = case.table.drive_ms.shape
    for drawn, columns, places in case.pieces(sample, chunk):
        open_ = np.flatnonzero(~known[places])
        if not open_.size:
            continue
        on_time = np.zeros((*shape, open_.size), np.bool_)
        on_time[rows, columns_] = case.arrivals(rows, columns_, drawn, columns.start + open_) <= limit
        hopeful = (on_time.sum(axis=0) >= needs[:, None]).all(axis=0)
        for k in np.flatnonzero(hopeful).tolist():
            known[places.start + open_[k]] = _matched(on_time[:, :, k], units, demands)
    return known


def _matched(on_time: Bools, units: Ints, demands: Ints) -> bool:
    """Tell whether everybody needed can be in time: the plan's pairs that are stay, or move to let the others in."""
    packed = np.packbits(on_time, axis=0, bitorder="little").T
    masks = [int.from_bytes(row.tobytes(), "little") for row in packed]
    matching = Matching.empty(masks)
    late = []
    for u, j, kept in zip(units.tolist(), demands.tolist(), on_time[units, demands].tolist(), strict=True):
        if kept:
            matching.holder[u] = j
            matching.free &= ~(1 << u)
        else:
            late.append(j)
    return all(matching.give(j) is None for j in late)


def share(held: int, scenarios: int) -> Share:
    """Return the share with its two-sided 95 % limits (Clopper–Pearson, by quantiles of the beta distribution)."""
    from scipy.special import betaincinv  # noqa: PLC0415  (0.1 s; only who asks for odds pays for it)

    low = 0.0 if held == 0 else float(betaincinv(held, scenarios - held + 1, 0.025))
    high = 1.0 if held == scenarios else float(betaincinv(held + 1, scenarios - held, 0.975))
    return Share(held, scenarios, low, high)


def _deadline_permille(used: Floats) -> int | None:
    """Return the least multiple of the deadlines whose lower limit is enough, in per mille rounded up."""
    rising, low, high = np.sort(used), 1, len(used)
    if share(high, len(used)).low < READY_LOW:
        return None
    while low < high:
        middle = (low + high) // 2
        if share(middle, len(used)).low >= READY_LOW:
            high = middle
        else:
            low = middle + 1
    return int(np.ceil(1000 * rising[low - 1]))
