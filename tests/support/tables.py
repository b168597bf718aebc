"""Small arrival tables, drawn at random or by hand, and the slow exact answers to them."""

from fractions import Fraction
from itertools import combinations, product
from random import Random

import numpy as np

from camera_config.county import Ring
from camera_config.ids import PostId, UnitId
from lockdown.table import Demand, Table
from lockdown.times import NEVER_MS

FOREVER = Fraction(10**9)


def demand(name: str, need: int = 1, deadline_ms: int = 900_000, setup_ms: int = 0, ring: Ring = Ring.TOWN) -> Demand:
    return Demand(PostId(name), (PostId(name),), ring, need, deadline_ms, setup_ms)


def table(
    demands: list[Demand], drive_ms: list[list[int | None]], delay_ms: list[int] | None = None, prefix: str = "u"
) -> Table:
    width = len(str(len(drive_ms)))
    units = tuple(UnitId(f"{prefix}{n:0{width}d}") for n in range(1, len(drive_ms) + 1))
    drive = np.array([[NEVER_MS if ms is None else ms for ms in row] for row in drive_ms], np.int64)
    return Table(units, tuple(demands), tuple(delay_ms or [0] * len(units)), drive.reshape(len(units), len(demands)))


def random_table(random: Random) -> Table:
    """Few units, few posts; few different times, so that ties are common; some entries unreachable or filtered."""
    posts = [
        demand(
            f"p{j}",
            need=random.choice([1, 1, 1, 2, 2, 3]),
            deadline_ms=random.choice([900, 900, 1800, 1200]),
            setup_ms=random.choice([0, 60, 300]),
            ring=random.choice(list(Ring)),
        )
        for j in range(random.randint(1, 3))
    ]
    units = random.randint(1, 5)
    times = [random.randint(0, 1500) for _ in range(random.randint(2, 8))]
    drive = [[None if random.random() < 0.15 else random.choice(times) for _ in posts] for _ in range(units)]
    return table(posts, drive, [random.choice([0, 60, 90]) for _ in range(units)])


def full_plans(t: Table) -> list[tuple[int | None, ...]]:
    """Return every way to give each demand exactly its need; entry u is unit u's demand or None."""
    options = [None, *range(len(t.demands))]
    return [
        plan
        for plan in product(options, repeat=len(t.units))
        if all(plan.count(j) == d.need for j, d in enumerate(t.demands))
        and all(j is None or t.staffed_ms[u][j] is not None for u, j in enumerate(plan))
    ]


def ratio_of(t: Table, plan: tuple[int | None, ...]) -> Fraction:
    return max(Fraction(t.staffed_ms[u][j] or 0, t.demands[j].deadline_ms) for u, j in enumerate(plan) if j is not None)


def slack_of(t: Table, plan: tuple[int | None, ...]) -> Fraction | None:
    """Return the largest factor on driving with which the plan holds; None where even no driving is too late."""
    worst = FOREVER
    for u, j in enumerate(plan):
        if j is None:
            continue
        left = t.demands[j].deadline_ms - t.delay_ms[u] - t.demands[j].setup_ms
        if left < 0:
            return None
        drive = int(t.drive_ms[u, j])
        worst = min(worst, FOREVER if drive == 0 else Fraction(left, drive))
    return worst


def most_served(t: Table) -> int:
    """Return the largest number of needs that units in time can serve."""
    options = [None, *range(len(t.demands))]
    best = 0
    for plan in product(options, repeat=len(t.units)):
        if all(
            j is None or ((ms := t.staffed_ms[u][j]) is not None and ms <= t.demands[j].deadline_ms)
            for u, j in enumerate(plan)
        ):
            best = max(best, sum(min(plan.count(j), d.need) for j, d in enumerate(t.demands)))
    return best


def violating_sets(t: Table) -> list[frozenset[str]]:
    """Return every set of posts that asks more units than can serve any of them in time."""
    found = []
    for size in range(1, len(t.demands) + 1):
        for chosen in combinations(range(len(t.demands)), size):
            near = {
                u
                for u, row in enumerate(t.staffed_ms)
                for j in chosen
                if (ms := row[j]) is not None and ms <= t.demands[j].deadline_ms
            }
            if sum(t.demands[j].need for j in chosen) > len(near):
                found.append(frozenset(t.demands[j].id for j in chosen))
    return found
