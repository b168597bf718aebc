"""Officers summed over units: exact on small cases, honest on others."""

from fractions import Fraction
from itertools import product
from random import Random

import pytest

from lockdown.officers import Summed, summed
from lockdown.seal import solve
from lockdown.table import Table
from tests.support.tables import demand, random_table, table


def drawn(seed: int) -> tuple[Table, list[int], list[int]]:
    random = Random(seed)
    made = random_table(random)
    return made, [random.randint(1, 4) for _ in made.units], [random.randint(1, 6) for _ in made.demands]


def brute_force(t: Table, crew: list[int], need: list[int]) -> Fraction | None:
    """Try every way to send every unit somewhere or nowhere."""
    best: Fraction | None = None
    for plan in product([None, *range(len(t.demands))], repeat=len(t.units)):
        sent = [(u, j) for u, j in enumerate(plan) if j is not None]
        if any(t.staffed_ms[u][j] is None for u, j in sent):
            continue
        if any(sum(crew[u] for u, at in sent if at == j) < asked for j, asked in enumerate(need)):
            continue
        worst = max(Fraction(t.staffed_ms[u][j] or 0, t.demands[j].deadline_ms) for u, j in sent)
        best = worst if best is None else min(best, worst)
    return best


def check(t: Table, crew: list[int], need: list[int], answer: Summed) -> None:
    """Every need is met, nobody is sent twice or for nothing, and the ratio is that of the plan."""
    row, index = {u: i for i, u in enumerate(t.units)}, {d.id: j for j, d in enumerate(t.demands)}
    assert len({a.unit for a in answer.plan}) == len(answer.plan)
    for post, j in index.items():
        there = [crew[row[a.unit]] for a in answer.plan if a.post == post]
        assert sum(there) >= need[j] > sum(there) - min(there)
    assert all(a.staffed_ms == t.staffed_ms[row[a.unit]][index[a.post]] for a in answer.plan)
    assert answer.ratio is not None
    assert Fraction(*answer.ratio) == max(
        Fraction(a.staffed_ms, t.demands[index[a.post]].deadline_ms) for a in answer.plan
    )


def test_t_star_by_officers_equals_brute_force():
    found = none = late = 0
    for seed in range(100):
        t, crew, need = drawn(seed)
        answer, best = summed(t, crew, need), brute_force(t, crew, need)
        assert answer.proved, seed
        assert (None if answer.ratio is None else Fraction(*answer.ratio)) == best, seed
        if best is None or answer.bound is None:
            none += 1
            assert (answer.plan, answer.feasible) == ((), False)
            continue
        check(t, crew, need, answer)
        assert answer.bound == (best.numerator, best.denominator)
        assert answer.feasible == (best <= 1)
        late += best > 1
        found += 1
    assert min(found, none, late) > 10


def test_crews_cannot_be_divided_and_the_bound_without_that_is_below():
    # Two posts ask two officers each, three come together and one alone: divided at will they would do by 100.
    t = table([demand("a"), demand("b")], [[100, 100], [100, 100], [500, 500]])
    answer = summed(t, [3, 1, 1], [2, 2])
    assert (answer.ratio, answer.proved, answer.short) == ((500, 900_000), True, 0)


def test_where_even_divided_crews_do_not_do_the_officers_that_are_missing_are_counted():
    t = table([demand("a", deadline_ms=900), demand("b", deadline_ms=900)], [[100, 100], [100, None], [2000, 2000]])
    answer = summed(t, [2, 2, 9], [4, 3])
    assert (answer.short, answer.feasible, answer.proved) == (3, False, True)
    assert answer.ratio == (2000, 900)
    nobody = summed(table([demand("a")], [[None]]), [2], [2])
    assert (nobody.plan, nobody.ratio, nobody.proved, nobody.feasible, nobody.short) == ((), None, True, False, 2)


def test_a_plan_by_units_is_one_by_officers_so_that_none_is_later():
    for seed in range(60):
        t = random_table(Random(seed))
        optimum = solve(t).optimum
        if optimum is not None:
            answer = summed(t, [2] * len(t.units), [2 * d.need for d in t.demands])
            assert answer.ratio is not None
            assert Fraction(*answer.ratio) == Fraction(*optimum.ratio)


def test_without_time_nothing_is_proved_that_is_not_and_the_bound_holds():
    # Halves of 60 crews that only fit exactly: the partition problem, which nobody decides in no time.
    random = Random(7)
    crew = [random.randint(1_000, 9_999) for _ in range(60)]
    crew[0] += sum(crew) % 2
    t = table([demand("a"), demand("b")], [[random.randint(1, 9), random.randint(1, 9)] for _ in crew])
    answer = summed(t, crew, [sum(crew) // 2] * 2, limit_s=0.01)
    assert answer.bound is not None
    if answer.ratio is None:
        assert (answer.proved, answer.feasible) == (False, None)
    else:
        assert answer.proved == (Fraction(*answer.ratio) == Fraction(*answer.bound))
        assert Fraction(*answer.ratio) >= Fraction(*answer.bound)


@pytest.mark.parametrize("crew", [[2], [2, 0], [2, -1], [2, True]])
def test_crews_that_cannot_be_are_refused(crew):
    with pytest.raises(ValueError, match=r"officers|crews"):
        summed(table([demand("a")], [[1], [2]]), crew, [2])
