"""N-1 and N-2 against solving everything again."""

from dataclasses import replace
from itertools import combinations, islice
from random import Random

import numpy as np
import pytest

from lockdown.losses import NOTHING, losses
from lockdown.seal import solve
from lockdown.table import Table
from lockdown.times import NEVER_MS
from tests.support.tables import demand, random_table, table


@pytest.fixture(scope="module")
def feasible() -> list[Table]:
    random = Random(77)
    drawn = (_to_the_millisecond(random_table(random), random) for _ in range(2000))
    return list(islice((t for t in drawn if solve(t).feasible), 150))


def _to_the_millisecond(t: Table, random: Random) -> Table:
    """Return the table, half of its deadlines moved to an entry, so that somebody is just in time."""
    made = []
    for j, d in enumerate(t.demands):
        entries = [ms for row in t.staffed_ms if (ms := row[j])]
        made.append(replace(d, deadline_ms=random.choice(entries)) if entries and random.random() < 0.5 else d)
    return Table(t.units, tuple(made), t.delay_ms, t.drive_ms)


def _without(t: Table, units: set[str]) -> bool:
    drive = t.drive_ms.copy()
    drive[[u in units for u in t.units]] = NEVER_MS
    return solve(Table(t.units, t.demands, t.delay_ms, drive)).feasible


def test_units_and_pairs_that_cannot_be_lost_equal_solving_again_without_them(feasible):
    kinds = set()
    for t in feasible:
        optimum = solve(t).optimum
        assert optimum is not None
        found = losses(t, optimum.plan)
        single = [u for u in t.units if not _without(t, {u})]
        assert list(found.single) == single
        pairs = [p for p in combinations(t.units, 2) if not set(p) & set(single) and not _without(t, set(p))]
        assert list(found.double) == pairs
        kinds.add((bool(single), bool(pairs)))
    assert kinds == {(True, False), (False, True), (True, True), (False, False)}


def test_a_post_is_named_when_the_rest_cannot_do_without_the_crew_that_the_plan_sends_there(feasible):
    crews = 0
    for t in feasible:
        optimum = solve(t).optimum
        assert optimum is not None
        found = losses(t, optimum.plan, pairs=False)
        want = []
        for d in t.demands:
            crew = {a.unit for a in optimum.plan if a.post == d.id}
            crews += len(crew) > 1
            if not _without(t, {str(u) for u in crew}):
                want.append(d.id)
        assert list(found.posts) == want
        assert found.double == ()
    assert crews > 30


def test_a_spare_unit_that_reaches_every_post_lets_any_one_be_lost():
    posts = [demand("east"), demand("north")]
    t = table(posts, [[100, None], [None, 100], [800_000, 800_000]])
    optimum = solve(t).optimum
    assert optimum is not None
    found = losses(t, optimum.plan)
    assert found.single == ()
    assert found.double == (("u1", "u2"), ("u1", "u3"), ("u2", "u3"))
    assert found.posts == ()


def test_nothing_can_be_lost_of_what_does_not_hold():
    t = table([demand("east", need=2)], [[100]])
    assert losses(t, ()) == NOTHING
    late = table([demand("east")], [[900_001]])
    optimum = solve(late).optimum
    assert optimum is not None
    assert losses(late, optimum.plan) == NOTHING


def test_a_hundred_and_twenty_nine_units_are_all_looked_at():
    posts = [demand(f"p{j:03d}") for j in range(129)]
    drive = np.full((129, 129), NEVER_MS, np.int64)
    np.fill_diagonal(drive, 100)
    t = table(posts, [[None if ms == NEVER_MS else int(ms) for ms in row] for row in drive])
    optimum = solve(t).optimum
    assert optimum is not None
    assert losses(t, optimum.plan).single == t.units
