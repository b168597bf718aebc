"""Random arrival tables of every size and kind that may go wrong, answered three ways and compared.

1 to 200 units, 1 to 100 posts, often 63, 64, 65, 128 or 129 of each; 1 to 4 units a post; set-up, delays and deadlines
of their own; unreachable pairs; a third with few different times and a deadline that an entry
meets exactly.
"""

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from random import Random

import numpy as np

from benchmarks.sealing.flows import NEVER, least_drive, least_time, served_by_flow, served_by_matching
from camera_config.county import Ring
from camera_config.ids import PostId, UnitId
from lockdown.certificate import CertificateError, verify_certificate
from lockdown.compiled import bottleneck
from lockdown.lines import Ints
from lockdown.proof import certificate_of
from lockdown.seal import solve
from lockdown.table import Demand, Table
from lockdown.times import NEVER_MS

EDGES = (63, 64, 65, 128, 129)
LARGE = 0.04
"""Share of tables with more than 24 units or posts: the record costs a tenth of a second there."""


@dataclass(frozen=True, slots=True)
class Arrays:
    """A table as the compiled search takes it."""

    num: Ints
    den: Ints
    order: Ints
    size: Ints
    need: Ints


def drawn(random: Random) -> Table:
    """Return one table; about half of them cannot be staffed in time."""
    units, posts = _sizes(random)
    tied = random.random() < 0.45
    times = [random.randint(0, 1_400) for _ in range(random.randint(2, 6))] if tied else []
    near, lost = random.choice([300, 800, 1_500]), random.choice([0.0, 0.1, 0.5])
    drive = [
        [NEVER_MS if random.random() < lost else random.choice(times) if tied else random.randint(0, near)
         for _ in range(posts)]
        for _ in range(units)
    ]  # fmt: skip
    delay = tuple(random.choice([0, 0, 60, 90]) for _ in range(units))
    spare = max(1, units // posts)
    demands = []
    for p in range(posts):
        need, setup = random.randint(1, min(4, spare + (random.random() < 0.1))), random.choice([0, 60, 300])
        deadline = random.choice([900, 900, 1_500, 1_201, 600, 400])
        if tied and units and random.random() < 0.6:
            u = random.randrange(units)
            if drive[u][p] < NEVER_MS:
                deadline = max(1, drive[u][p] + delay[u] + setup)
        name = PostId(f"p{p:03d}")
        demands.append(Demand(name, (name,), random.choice(list(Ring)), need, deadline, setup))
    table = np.array(drive, np.int64).reshape(units, posts)
    return Table(tuple(UnitId(f"u{u:03d}") for u in range(units)), tuple(demands), delay, table)


def _sizes(random: Random) -> tuple[int, int]:
    if random.random() >= LARGE:
        return random.randint(1, 24), random.randint(1, 12)
    posts = random.choice([*EDGES[:3], random.randint(25, 100), random.randint(25, 100)])
    units = random.choice([*EDGES, posts + random.randint(0, 40), random.randint(25, 200)])
    return units, random.choice([posts, posts, *EDGES[3:]]) if units >= EDGES[3] else posts


def arrays_of(table: Table) -> Arrays:
    """Return the table as arrays, each post's units in order."""
    units, posts = len(table.units), len(table.demands)
    num = np.array(
        [[bottleneck.NEVER if ms is None else ms for ms in row] for row in table.staffed_ms], np.int64
    ).reshape(units, posts)
    den = np.tile(np.array([d.deadline_ms for d in table.demands], np.int64), (units, 1))
    order, size = np.zeros((posts, max(units, 1)), np.int64), np.zeros(posts, np.int64)
    for u in range(units):
        bottleneck.enter(num, den, order, size, u)
    return Arrays(num, den, order, size, np.array([d.need for d in table.demands], np.int64))


def compare(count: int, seed: int) -> Counter[str]:
    """Return how many tables there were of each kind, and under ``mismatch …`` what did not agree."""
    random, seen = Random(seed), Counter[str]()
    for _ in range(count):
        table = drawn(random)
        seen["instances"] += 1
        seen["large"] += max(len(table.units), len(table.demands)) > 24
        _compare(table, seen)
    return seen


def _compare(table: Table, seen: Counter[str]) -> None:
    answer, arrays = solve(table), arrays_of(table)
    posts = np.arange(len(table.demands))
    holder, below = np.full(len(table.units), -1, np.int64), np.zeros(len(posts), np.bool_)
    of = (arrays.num, arrays.den, arrays.order, arrays.size)
    top, bottom, _ = bottleneck.least(posts, arrays.need, *of, holder, below)
    fast = None if top < 0 else Fraction(top, bottom)
    record = None if answer.optimum is None else Fraction(*answer.optimum.ratio)
    seen["infeasible"] += not answer.feasible
    tied = len(np.unique(arrays.num)) <= arrays.num.size // 2
    seen["tied, a deadline met exactly"] += tied and bool((arrays.num == arrays.den).any())
    # Ranks in place of fractions: whole numbers that anybody's search can sort.
    fractions = [
        [None if n < 0 else Fraction(n, d) for n, d in zip(*row, strict=True)]
        for row in zip(arrays.num.tolist(), arrays.den.tolist(), strict=True)
    ]
    rising = sorted({f for row in fractions for f in row if f is not None})
    rank = {f: i for i, f in enumerate(rising)}
    whole = np.array([[NEVER if f is None else rank[f] for f in row] for row in fractions], np.int64)
    in_time = (arrays.num >= 0) & (arrays.num <= arrays.den)
    checks = {"T* compiled": fast == record}
    for name, served in (("flow", served_by_flow), ("matching", served_by_matching)):
        best = least_time(whole, arrays.need, served)
        checks[f"T* {name}"] = record == (None if best is None else rising[best])
        checks[f"deficiency {name}"] = answer.deficiency == table.need - served(in_time, arrays.need)
    short = np.zeros(len(posts), np.bool_)
    lacking = bottleneck.missing(posts, arrays.need, *of, 1, 1, np.full(len(holder), -1, np.int64), short)
    checks["deficiency compiled"] = lacking == answer.deficiency
    if lacking:
        bottleneck.smallest(arrays.need, *of, 1, 1, short)
        checks["violating set compiled"] = _minimal(np.flatnonzero(short), in_time, arrays.need)
    if answer.shortage is not None:
        column = {d.id: j for j, d in enumerate(table.demands)}
        checks["violating set"] = _minimal(
            np.array([column[p] for p in answer.shortage.posts], np.int64), in_time, arrays.need
        )
    if answer.optimum is not None:
        drive = least_drive(table.drive_ms, whole <= rank[Fraction(*answer.optimum.ratio)], arrays.need)
        checks["least drive"] = drive == answer.optimum.total_drive_ms
    try:
        verify_certificate(certificate_of(table, answer, "instance"))
    except CertificateError:
        checks["certificate"] = False
    for name, good in checks.items():
        seen[f"mismatch {name}"] += not good


def _minimal(posts: Ints, in_time: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], need: Ints) -> bool:
    """Tell whether these posts want more than there is, and no longer without any one of them, by flows."""
    if served_by_flow(in_time[:, posts], need[posts]) == need[posts].sum():
        return False
    rests = (posts[posts != p] for p in posts)
    return all(served_by_flow(in_time[:, rest], need[rest]) == need[rest].sum() for rest in rests)
