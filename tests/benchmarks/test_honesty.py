"""The benchmark of honesty finds nothing wrong with the planner, and finds planners that were made wrong on purpose."""

import json
import re
from dataclasses import replace
from itertools import product
from pathlib import Path
from random import Random

import pytest

from api.plan.inputs import readiness_now
from benchmarks.honesty import CLOSURES, judge, main
from benchmarks.worlds.cases import draw_case, draw_county
from benchmarks.worlds.faults import WITHIN
from benchmarks.worlds.oracle import enough
from benchmarks.worlds.product import NOW
from camera_config.county import Ring, UnitStatus
from lockdown.units import UnitNow


def _counts_unknown_units(unit: UnitNow) -> UnitNow:
    """Take what was last heard for true, however old, frozen or doubted it is."""
    status = UnitStatus.AVAILABLE if unit.status is UnitStatus.UNKNOWN else unit.status
    age_ms = None if unit.seen_age_ms is None else min(unit.seen_age_ms, 1000)
    return replace(unit, status=status, seen_age_ms=age_ms, same_place_ms=0, trusted=True)


def _ignores_ages(unit: UnitNow) -> UnitNow:
    return unit if unit.seen_age_ms is None else replace(unit, seen_age_ms=0)


def _ignores_crews(unit: UnitNow) -> UnitNow:
    return replace(unit, crew=9, equipment=("stinger",))


# With the seed from which on each is caught in the first fifty worlds; in others it takes a few hundred.
WRONG = [
    (_counts_unknown_units, 1),
    (_ignores_ages, 1),
    (_ignores_crews, 2),
]


def test_nothing_false_is_said_and_every_figure_is_there(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["honesty", "--worlds", "200", "--json"])
    main()
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (found["worlds"], found["seed"]) == (200, 1)
    assert (found["false_ready"], found["false_not_possible"], found["field_mismatches"]) == (0, 0, 0)
    assert found["unknown_share"] <= 0.3
    assert 0.2 < found["true_feasible_share"] < 0.8
    assert found["ties"] > 0
    assert set(found["faults"]) >= {*WITHIN, "closures", "silent", "frozen", "exchanged", "future", "NaN"}
    assert found["beyond"] is None


@pytest.mark.parametrize("kind", ["status late", CLOSURES[0]])
def test_what_lies_beyond_the_promise_is_counted_apart(kind):
    counts = judge(40, 1, 1, kind).counts
    assert counts["worlds"] == 40
    assert counts["false_ready"] > 0


@pytest.mark.parametrize(("wrong", "first"), WRONG)
def test_a_planner_that_was_made_wrong_is_caught_within_a_thousand_worlds(wrong, first):
    def asked(prepared, units):
        return readiness_now(prepared, [wrong(unit) for unit in units], NOW)

    for seed in range(first, first + 20):
        counts = judge(50, seed, 1, ask=asked).counts
        if counts["false_ready"] + counts["false_not_possible"]:
            return
    raise AssertionError("nothing false was noticed")


def test_a_ring_that_leaks_is_never_near_ready():
    def asked(prepared, units):
        return readiness_now(replace(prepared, leaks=dict.fromkeys(Ring, ())), units, NOW)

    assert any(judge(50, seed, 1, ask=asked).counts["false_ready"] for seed in range(2, 6))


def test_halls_condition_equals_trying_every_assignment():
    random = Random(4)
    answers = set()
    for _ in range(300):
        units, needs = random.randint(1, 5), [random.randint(1, 2) for _ in range(random.randint(1, 3))]
        masks = [random.randrange(1 << units) for _ in needs]
        slots = [mask for mask, need in zip(masks, needs, strict=True) for _ in range(need)]
        tried = any(
            len(set(who)) == len(who) and all(mask >> u & 1 for u, mask in zip(who, slots, strict=True))
            for who in product(range(units), repeat=len(slots))
        )
        assert enough(masks, needs) is tried
        answers.add(tried)
    assert answers == {True, False}


def test_the_oracle_shares_nothing_with_the_planner():
    for module in ("oracle", "land", "told", "faults", "cases"):
        text = (Path(__file__).parents[2] / "benchmarks" / "worlds" / f"{module}.py").read_text(encoding="utf-8")
        assert not re.search(r"^(from|import) (lockdown|api)\b", text, re.MULTILINE), module


def test_the_same_seed_draws_the_same_worlds():
    land, truth = draw_county(Random("same"))
    again, others = draw_county(Random("same"))
    assert land == again
    first, second = (draw_case(Random(3), land, roads) for roads in (truth, others))
    assert first.lives == second.lives
    assert first.deadline_s == second.deadline_s
