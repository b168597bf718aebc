"""The odds of a plan: counted fast, equal to counting slowly, and never said better than they are."""

from random import Random

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching
from scipy.stats import binomtest

from camera_config.county import Noise, NoiseModel
from lockdown.noise import Sample
from lockdown.probable import most_probable
from lockdown.risk import Case, committed, hindsight, odds, ratios, share
from lockdown.table import Table
from tests.support.cases import random_case, slow_on_time
from tests.support.tables import demand, table


@pytest.mark.parametrize("model", NoiseModel)
def test_counted_fast_is_counted_slowly_scenario_by_scenario(model):
    case, plan = random_case(Random(f"slow {model}"), Noise(model))
    sample = Sample(5, 2_500)
    on_time = slow_on_time(case, sample)
    units, demands = case.numbers(plan)
    held = committed(case, plan, sample)
    assert (held == on_time[units, demands].all(axis=0)).all()
    assert ((ratios(case, plan, sample) <= 1.0) == held).all()
    slots = np.repeat(np.arange(len(case.table.demands)), [d.need for d in case.table.demands])
    known = hindsight(case, plan, sample)
    for s in range(sample.scenarios):
        matched = maximum_bipartite_matching(csr_array(on_time[:, slots, s].T.astype(np.int8)), perm_type="column")
        assert known[s] == (matched >= 0).all()
    assert 0 < held.sum() < known.sum() <= sample.scenarios


@pytest.mark.parametrize("model", NoiseModel)
def test_what_the_committed_plan_holds_hindsight_holds_in_every_scenario(model):
    for n in range(4):
        case, plan = random_case(Random(f"bracket {model} {n}"), Noise(model), units=9, posts=5)
        sample = Sample(n, 2_000)
        held = committed(case, plan, sample)
        # Asked of every scenario, also of those in which there is nothing to ask.
        known = hindsight(case, plan, sample, np.zeros(sample.scenarios, np.bool_))
        assert not (held & ~known).any()
        assert (known == hindsight(case, plan, sample)).all()


@pytest.mark.parametrize("chunk", [1, 7, 256, 2_048])
def test_the_same_seed_gives_the_same_bytes_in_chunks_of_any_size(chunk):
    case, plan = random_case(Random(4), Noise())
    sample, few = Sample(11, 2_300), Sample(11, 600)
    scenarios = few if chunk == 1 else sample
    assert committed(case, plan, scenarios, chunk).tobytes() == committed(case, plan, scenarios).tobytes()
    assert ratios(case, plan, scenarios, chunk).tobytes() == ratios(case, plan, scenarios).tobytes()
    assert hindsight(case, plan, scenarios, None, chunk).tobytes() == hindsight(case, plan, scenarios).tobytes()
    assert (committed(case, plan, few) == committed(case, plan, sample)[:600]).all()


def test_a_later_deadline_never_makes_it_worse():
    case, plan = random_case(Random(6), Noise())
    sample = Sample(2, 2_000)
    t = case.table
    patient = tuple(demand(d.id, d.need, d.deadline_ms + 60_000, d.setup_ms) for d in t.demands)
    later = Case(Table(t.units, patient, t.delay_ms, t.drive_ms), case.split, case.noise)
    assert (committed(later, plan, sample) >= committed(case, plan, sample)).all()
    assert committed(later, plan, sample).sum() > committed(case, plan, sample).sum()


def test_without_noise_the_plan_holds_always_or_never():
    made = table([demand("p", deadline_ms=900_000)], [[840_000]], [60_000])
    split = np.zeros((1, 1, 24), np.int64)
    split[0, 0, 3] = 840_000
    calm = Noise(travel_cv_permille=0, turnout_cv_permille=0)
    exactly = odds(Case(made, split, calm), [("u1", "p")], "0" * 64, Sample(1, 3_000))
    assert exactly.committed.held == 3_000
    assert exactly.deadline_permille == 1000
    late = table([demand("p", deadline_ms=899_999)], [[840_000]], [60_000])
    assert odds(Case(late, split, calm), [("u1", "p")], "0" * 64, Sample(1, 3_000)).committed.held == 0


@pytest.mark.parametrize(("held", "scenarios"), [(0, 50), (50, 50), (1, 50), (950, 1_000), (19_123, 20_000)])
def test_the_limits_are_those_of_clopper_and_pearson(held, scenarios):
    limits = binomtest(held, scenarios).proportion_ci(0.95, "exact")
    found = share(held, scenarios)
    assert (found.low, found.high) == pytest.approx((limits.low, limits.high), abs=1e-9)


def test_nothing_is_ever_shown_as_certain_or_better_than_it_is():
    assert share(20_000, 20_000).shown_permille == (999, 999, 999)
    assert share(0, 20_000).shown_permille == (0, 0, 1)
    shown = share(19_299, 20_000).shown_permille
    assert shown[0] == 964
    assert shown[1] <= 1000 * share(19_299, 20_000).low
    assert shown[2] >= 1000 * share(19_299, 20_000).high


def test_ready_asks_for_the_lower_limit_and_the_deadline_that_holds_says_the_same():
    for n in range(30):
        case, plan = random_case(Random(f"ready {n}"), Noise(travel_cv_permille=120))
        found = odds(case, plan, "0" * 64, Sample(n, 2_000))
        assert found.enough == (found.committed.low >= 0.95)
        assert found.deadline_permille is not None
        assert found.enough == (found.deadline_permille <= 1000)


def test_too_few_scenarios_promise_nothing():
    case, plan = random_case(Random(1), Noise(travel_cv_permille=0, turnout_cv_permille=0))
    few = odds(case, plan, "0" * 64, Sample(1, 50))
    assert few.committed.held == 50
    assert not few.enough
    assert few.deadline_permille is None


def test_a_plan_that_is_none_is_refused():
    case, plan = random_case(Random(2), Noise())
    with pytest.raises(ValueError, match="need"):
        case.numbers(plan[1:])
    with pytest.raises(ValueError, match="once"):
        case.numbers([plan[0], *plan[:-1]])


def test_the_plan_for_probability_is_never_clearly_worse_on_another_sample_and_often_better():
    gains = []
    for n in range(10):
        noise = Noise(list(NoiseModel)[n % 4])
        case, plan = random_case(Random(f"probable {n}"), noise, units=14, posts=8)
        best = most_probable(case, plan, Sample(100 + n, 1_024))
        ours, theirs = committed(case, best, Sample(n, 3_000)), committed(case, plan, Sample(n, 3_000))
        won, lost = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
        assert lost - won <= 2.0 * max(1, won + lost) ** 0.5
        gains.append((won - lost) / 3_000)
    assert min(gains) > -0.01
    assert np.mean(gains) > 0.001
