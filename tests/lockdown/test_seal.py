"""The exact assignment against brute force, and the sentences of PLANNER.md that it stands for."""

from fractions import Fraction
from random import Random

import numpy as np
import pytest

from camera_config.county import Ring
from camera_config.ids import UnitId
from lockdown.certificate import verify_certificate
from lockdown.matching import Violation, satisfy
from lockdown.proof import certificate_of
from lockdown.seal import SLACK_CAP, solve
from lockdown.table import Table
from lockdown.times import NEVER_MS, clock_text, shown_s
from tests.support.tables import (
    FOREVER,
    demand,
    full_plans,
    most_served,
    random_table,
    ratio_of,
    slack_of,
    table,
    violating_sets,
)


@pytest.fixture(scope="module")
def instances() -> list[Table]:
    random = Random(20240)
    return [random_table(random) for _ in range(500)]


def test_t_star_and_feasibility_equal_brute_force(instances):
    kinds = set()
    for t in instances:
        best = min((ratio_of(t, plan) for plan in full_plans(t)), default=None)
        answer = solve(t)
        found = None if answer.optimum is None else Fraction(*answer.optimum.ratio)
        assert found == best
        assert answer.feasible == (best is not None and best <= 1)
        kinds.add((answer.feasible, best is None))
    assert kinds == {(True, False), (False, False), (False, True)}


def test_the_total_drive_is_least_and_ties_go_by_unit_then_post(instances):
    for t in instances:
        plans = full_plans(t)
        if not plans:
            continue
        best = min(ratio_of(t, plan) for plan in plans)
        last = len(t.demands)

        def rank(plan, t=t, last=last):
            total = sum(int(t.drive_ms[u, j]) for u, j in enumerate(plan) if j is not None)
            return total, [last if j is None else j for j in plan]

        want = min((plan for plan in plans if ratio_of(t, plan) == best), key=rank)
        optimum = solve(t).optimum
        assert optimum is not None
        assert optimum.total_drive_ms == rank(want)[0]
        got = {a.unit: a.post for a in optimum.plan}
        assert got == {t.units[u]: t.demands[j].id for u, j in enumerate(want) if j is not None}


def test_travel_slack_is_exact(instances):
    for t in instances:
        slacks = [s for plan in full_plans(t) if (s := slack_of(t, plan)) is not None]
        answer = solve(t).slack
        if not slacks:
            assert answer is None
            continue
        assert answer is not None
        assert Fraction(*answer.factor) == min(max(slacks), Fraction(SLACK_CAP))
        assert answer.permille == int(1000 * Fraction(*answer.factor))


def test_at_the_slack_every_post_holds_and_a_hair_above_it_does_not(instances):
    """With every drive multiplied, feasibility is asked again from the start."""
    tried = 0
    for t in instances[:150]:
        answer = solve(t)
        if not answer.feasible or answer.slack is None or answer.slack.above is None:
            continue
        factor = Fraction(*answer.slack.factor)
        hair = factor + Fraction(1, 10**9)
        assert _holds_with(t, factor)
        assert not _holds_with(t, hair)
        tried += 1
    assert tried > 20


def _holds_with(t: Table, factor: Fraction) -> bool:
    masks = [0] * len(t.demands)
    for u, delay in enumerate(t.delay_ms):
        for j, d in enumerate(t.demands):
            drive = int(t.drive_ms[u, j])
            if drive < NEVER_MS and delay + factor * drive + d.setup_ms <= d.deadline_ms:
                masks[j] |= 1 << u
    return not isinstance(satisfy(masks, [d.need for d in t.demands]), Violation)


def test_the_deficiency_is_need_minus_what_can_be_served(instances):
    for t in instances[:250]:
        answer = solve(t)
        assert answer.deficiency == (0 if answer.feasible else t.need - most_served(t))


def test_a_violating_set_is_minimal(instances):
    seen = 0
    for t in instances:
        shortage = solve(t).shortage
        if shortage is None:
            continue
        violating = violating_sets(t)
        named = frozenset(shortage.posts)
        assert named in violating
        assert not any(other < named for other in violating)
        seen += 1
    assert seen > 50


def test_every_answer_has_a_certificate_that_holds(instances):
    for t in instances:
        verify_certificate(certificate_of(t, solve(t), "inputs"))


def test_one_more_unit_never_makes_it_worse(instances):
    random = Random(5)
    for t in instances[:200]:
        row = [None if random.random() < 0.2 else random.randint(0, 1500) for _ in t.demands]
        drive = np.vstack([t.drive_ms, [[NEVER_MS if ms is None else ms for ms in row]]]).astype(np.int64)
        more = Table((*t.units, UnitId("z")), t.demands, (*t.delay_ms, 0), drive)
        before, after = solve(t), solve(more)
        assert after.feasible >= before.feasible
        assert after.deficiency <= before.deficiency
        if before.optimum:
            assert after.optimum is not None
            assert Fraction(*after.optimum.ratio) <= Fraction(*before.optimum.ratio)
        if before.slack:
            assert after.slack is not None
            assert after.slack.permille >= before.slack.permille


def test_the_order_in_which_units_are_drawn_does_not_matter(instances):
    for t in instances[:100]:
        again = Table(t.units, t.demands, t.delay_ms, t.drive_ms.copy())
        assert solve(again) == solve(t)


def test_staffed_at_fifteen_minutes_is_in_time_and_a_millisecond_later_is_not():
    posts = [demand("north", setup_ms=300_000)]
    assert solve(table(posts, [[540_000]], [60_000])).feasible
    late = solve(table(posts, [[540_001]], [60_000]))
    assert not late.feasible
    assert late.optimum is not None
    assert late.optimum.margin_ms == -1


def test_shown_times_round_up():
    assert shown_s(900_000) == 900.0
    assert shown_s(900_001) == 900.1
    assert clock_text(900_001) == "15:01"


def test_the_last_of_several_units_decides_when_a_post_is_staffed():
    answer = solve(table([demand("north", need=2, setup_ms=60_000)], [[100_000], [400_000], [700_000]]))
    assert answer.optimum is not None
    assert answer.optimum.t_star_ms == {Ring.TOWN: 460_000}


def test_rings_with_their_own_deadlines_are_compared_by_share_of_the_deadline():
    posts = [demand("edge", deadline_ms=1_800_000, ring=Ring.COUNTY), demand("north", deadline_ms=900_000)]
    answer = solve(table(posts, [[1_000_000, 500_000], [1_700_000, 600_000]]))
    assert answer.optimum is not None
    assert [(a.unit, a.post) for a in answer.optimum.plan] == [("u1", "edge"), ("u2", "north")]
    assert answer.optimum.ratio == (600_000, 900_000)
    assert answer.optimum.t_star_ms == {Ring.TOWN: 600_000, Ring.COUNTY: 1_000_000}


def test_fractions_that_differ_by_a_hair_are_told_apart():
    posts = [demand("a", deadline_ms=999_999_937), demand("b", deadline_ms=999_999_929)]
    answer = solve(table(posts, [[500_000_001, 500_000_003], [500_000_005, 499_999_997]]))
    assert answer.optimum is not None
    straight = max(Fraction(500_000_001, 999_999_937), Fraction(499_999_997, 999_999_929))
    crossed = max(Fraction(500_000_005, 999_999_937), Fraction(500_000_003, 999_999_929))
    assert Fraction(*answer.optimum.ratio) == min(straight, crossed)


@pytest.mark.parametrize("count", [63, 64, 65, 128, 129])
def test_no_number_of_units_or_posts_is_cut_off(count):
    """Unit n reaches post n only, so that every bit counts; then the last unit is taken away."""
    posts = [demand(f"p{j:03d}") for j in range(count)]
    drive = [[100 + j if j == u else None for j in range(count)] for u in range(count)]
    whole = table(posts, drive)
    answer = solve(whole)
    assert answer.feasible
    assert answer.optimum is not None
    assert len(answer.optimum.plan) == count
    verify_certificate(certificate_of(whole, answer, ""))
    short = table(posts, [*drive[:-1], [None] * count])
    missing = solve(short)
    assert missing.deficiency == 1
    assert missing.shortage is not None
    assert missing.shortage.posts == (f"p{count - 1:03d}",)
    verify_certificate(certificate_of(short, missing, ""))


@pytest.mark.parametrize("count", [64, 129])
def test_a_chain_of_moves_through_every_unit_is_found(count):
    """Each unit reaches its own post and the next; the first post loses its own unit, so that all must move on."""
    posts = [demand(f"p{j:03d}") for j in range(count)]
    drive = [[0 if j in (u, u - 1) else None for j in range(count)] for u in range(count + 1)]
    drive[0] = [None] * count
    assert solve(table(posts, drive)).feasible


def test_no_unit_at_all_is_an_answer():
    answer = solve(table([demand("north", need=2)], []))
    assert not answer.feasible
    assert answer.deficiency == 2
    assert answer.shortage is not None
    assert answer.shortage.units == ()


def test_units_that_stand_at_their_posts_have_the_greatest_slack_we_claim():
    answer = solve(table([demand("north")], [[0]]))
    assert answer.slack is not None
    assert answer.slack.permille == SLACK_CAP * 1000
    assert slack_of(table([demand("north")], [[0]]), (0,)) == FOREVER


@pytest.mark.parametrize("bad", [1.0, True, -1, None])
def test_times_that_are_not_whole_milliseconds_are_refused(bad):
    with pytest.raises((ValueError, TypeError)):
        demand("north", deadline_ms=bad)
    with pytest.raises((ValueError, TypeError)):
        table([demand("north")], [[5]], [bad])


def test_a_table_of_floats_is_refused():
    with pytest.raises(ValueError, match="int64"):
        Table((UnitId("u"),), (demand("north"),), (0,), np.array([[1.5]]))
