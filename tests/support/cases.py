"""Small situations for the odds: a random table whose drives are split at random, and the slow, plain answers."""

from random import Random

import numpy as np

from camera_config.county import Noise, NoiseModel
from lockdown.noise import BLOCK, GROUPS, Sample, factors
from lockdown.risk import Case, Pairs
from lockdown.seal import solve
from lockdown.times import NEVER_MS
from tests.support.tables import demand, table


def random_case(random: Random, noise: Noise, units: int = 8, posts: int = 4) -> tuple[Case, Pairs]:
    """Return a situation with a whole plan whose chances are neither none nor sure."""
    while True:
        demands = [
            demand(
                f"p{j}", need=random.choice([1, 1, 2]), deadline_ms=random.choice([900_000, 1_200_000]), setup_ms=60_000
            )
            for j in range(posts)
        ]
        drive = [
            [None if random.random() < 0.15 else random.randint(200_000, 900_000) for _ in demands]
            for _ in range(units)
        ]
        made = table(demands, drive, [random.choice([45_000, 60_000, 90_000]) for _ in range(units)])
        optimum = solve(made).optimum
        if optimum is not None and 0.6 < optimum.ratio[0] / optimum.ratio[1] < 0.95:
            case = Case(made, random_split(random, made.drive_ms), noise)
            return case, [(a.unit, a.post) for a in optimum.plan]


def random_split(random: Random, drive_ms: np.ndarray) -> np.ndarray:
    split = np.zeros((*drive_ms.shape, GROUPS), np.int64)
    for u, j in zip(*np.nonzero(drive_ms < NEVER_MS), strict=True):
        left = int(drive_ms[u, j])
        for group in random.sample(range(GROUPS), 5):
            part = random.randint(0, left)
            split[u, j, group] += part
            left -= part
        split[u, j, random.randrange(GROUPS)] += left
    return split


def slow_on_time(case: Case, sample: Sample) -> np.ndarray:
    """Return (units, demands, scenarios) who is in time for what, in Python's own whole numbers, pair by pair."""
    units, demands = case.table.drive_ms.shape
    made = np.zeros((units, demands, sample.scenarios), np.bool_)
    turnout = factors(case.noise.turnout_cv_permille).astype(np.int64)
    travel = factors(case.noise.travel_cv_permille).astype(np.int64)
    for s in range(sample.scenarios):
        if s % BLOCK == 0:
            drawn = case.draw(sample.seed, s // BLOCK)
            groups = drawn.travel.astype(np.int64)
        k = s % BLOCK
        for u in range(units):
            late = case.table.delay_ms[u] * int(turnout[drawn.turnout[u, k]])
            for j, d in enumerate(case.table.demands):
                if case.table.drive_ms[u, j] >= NEVER_MS:
                    continue
                if case.noise.model is NoiseModel.INDEPENDENT:
                    drive = int(case.table.drive_ms[u, j]) * int(travel[drawn.legs[u * demands + j, k]])
                else:
                    drive = int((case.split[u, j] * groups[:, k]).sum())
                made[u, j, s] = late + drive + 1024 * d.setup_ms <= 1024 * d.deadline_ms
    return made
