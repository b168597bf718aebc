"""The answer after every position equals the record's, compiled and not, and nothing is compiled on the way."""

import os
import subprocess
import sys
from fractions import Fraction
from random import Random

import numpy as np
import pytest

from camera_config.county import Position, Ring, UnitStatus
from lockdown.compiled.bottleneck import NEVER, enter, least, missing, smallest
from lockdown.compiled.jit import compilations
from lockdown.fields import post_fields
from lockdown.graph import build_graph
from lockdown.live import Answer, Live, Said
from lockdown.readiness import Readiness, Verdict, assess
from lockdown.seal import solve
from lockdown.units import UnitNow
from tests.support.roads import unit
from tests.support.small_county import place, small_county
from tests.support.tables import random_table, violating_sets

CLOSED = {Ring.TOWN: (), Ring.COUNTY: ()}


class Case:
    """The small county, its units and both planners."""

    def __init__(self, units: list[UnitNow]) -> None:
        self.county = small_county()
        rules = self.county.rules
        self.graph = build_graph(
            self.county.roads, rules.speed_kmh[rules.weather], (), self.county.posts, rules.snap_max_m
        )
        self.fields = post_fields(self.graph, self.county.posts)
        self.units = {u.id: u for u in units}
        self.live = Live(self.graph, self.fields, self.county.posts, units, rules, "v")

    def move(self, now: UnitNow) -> Answer:
        self.units[now.id] = now
        return self.live.take([now])

    def record(self) -> Readiness:
        county = self.county
        return assess(
            self.graph,
            self.fields,
            county.posts,
            list(self.units.values()),
            county.rules,
            leaks=CLOSED,
            computed_at=0.0,
            version="v",
        )


def _two_an_arm() -> list[UnitNow]:
    return [unit(f"{arm}{k}", place(arm, 2.0 + k)) for arm in "nesw" for k in (0, 1)]


def _somewhere(random: Random, name: str) -> UnitNow:
    """Return a unit that is anything that a unit can be."""
    at = place(random.choice("nesw"), random.uniform(0.0, 9.0))
    beside = Position(at.lat + random.choice([0.0, 0.0004, 0.05]), at.lon + random.choice([0.0, 0.0004]))
    return unit(
        name,
        random.choice([at, at, beside]),
        seen_age_ms=random.choice([0, 900, 8_000, 40_000, 130_000, 4_000_000]),
        speed_kmh=random.choice([0.0, 30.0, 70.0]),
        heading_deg=random.choice([None, random.uniform(0.0, 360.0)]),
        same_place_ms=random.choice([0, 0, 700_000]),
        status=random.choice([*UnitStatus, UnitStatus.PATROL, UnitStatus.PATROL, UnitStatus.PATROL]),
        trusted=random.random() < 0.9,
        crew=random.choice([1, 2, 2, 2]),
        duty_left_ms=random.choice([None, None, 600_000, 9_000_000]),
    )


def _next(random: Random, case: Case) -> UnitNow:
    """Return a unit that is anything, or as often near its arm."""
    name = random.choice(sorted(case.units))
    return _somewhere(random, name) if random.random() < 0.3 else unit(name, place(name[0], random.uniform(0.5, 4.0)))


def _same(said: Said | None, verdict: Verdict) -> None:
    assert said is not None
    assert said.feasible == verdict.feasible
    assert (said.ratio is None) == (verdict.ratio_permille is None)
    if said.ratio is not None:
        assert -(-1000 * said.ratio[0] // said.ratio[1]) == verdict.ratio_permille


def test_every_move_of_every_kind_of_unit_gives_the_answer_of_a_full_assessment():
    random, case = Random(11), Case(_two_an_arm())
    kinds = set()
    for _ in range(90):
        name = random.choice(sorted(case.units))
        now = (
            _somewhere(random, name) if random.random() < 0.4 else unit(name, place(name[0], random.uniform(0.5, 6.0)))
        )
        answer, record = case.move(now), case.record()
        for said, verdict in ((answer.joint, record.joint), (answer.town, record.town), (answer.county, record.county)):
            _same(said, verdict)
        assert answer.digest == record.digest
        kinds.add(answer.kinds)
    assert {joint for joint, *_ in kinds} == {True, False, None}


def test_the_proof_is_a_plan_in_time_or_posts_that_want_too_much():
    random, case = Random(4), Case(_two_an_arm())
    shown = set()
    for _ in range(60):
        answer = case.move(_next(random, case))
        tables = case.record().offers
        said = answer.joint
        assert said is not None
        table = tables.best if said.feasible is not True else tables.sure
        if said.feasible is not False:
            _is_plan(said, table)
        else:
            _wants_too_much(said, table)
        shown.add(said.feasible)
    assert shown == {True, False, None}


def _is_plan(said, table):
    for j, demand in enumerate(table.demands):
        crew = [u for u, held in enumerate(said.holder) if held == j]
        assert len(crew) == demand.need
        assert all(table.staffed_ms[u][j] <= demand.deadline_ms for u in crew)


def _wants_too_much(said, table):
    posts = np.flatnonzero(said.below)
    units = {
        u
        for j in posts
        for u, row in enumerate(table.staffed_ms)
        if row[j] is not None and row[j] <= table.demands[j].deadline_ms
    }
    assert sum(table.demands[j].need for j in posts) > len(units)


def _arrays(t):
    num = np.array([[NEVER if ms is None else ms for ms in row] for row in t.staffed_ms], np.int64)
    den = np.tile(np.array([d.deadline_ms for d in t.demands], np.int64), (len(t.units), 1))
    order, size = np.zeros((len(t.demands), len(t.units)), np.int64), np.zeros(len(t.demands), np.int64)
    for u in range(len(t.units)):
        enter(num, den, order, size, u)
    return num, den, order, size


def test_the_compiled_search_equals_the_exact_one_from_any_plan_it_begins_with():
    random = Random(8)
    for _ in range(400):
        t = random_table(random)
        arrays, need = _arrays(t), np.array([d.need for d in t.demands], np.int64)
        everyone, below = np.arange(len(need)), np.zeros(len(need), np.bool_)
        holder = np.array([random.randint(-1, len(need) - 1) for _ in t.units], np.int64)
        top, bottom, _ = least(everyone, need, *arrays, holder, below)
        answer = solve(t)
        assert (None if top < 0 else Fraction(top, bottom)) == (
            None if answer.optimum is None else Fraction(*answer.optimum.ratio)
        )
        short = np.zeros(len(need), np.bool_)
        assert missing(everyone, need, *arrays, 1, 1, holder, short) == answer.deficiency
        if answer.deficiency:
            smallest(need, *arrays, 1, 1, short)
            violating = violating_sets(t)
            named = frozenset(d.id for d, of in zip(t.demands, short, strict=True) if of)
            assert named in violating
            assert not any(other < named for other in violating)


def test_a_unit_that_was_not_there_and_one_given_twice_are_refused():
    case = Case(_two_an_arm())
    with pytest.raises(ValueError, match="stranger"):
        case.live.take([unit("stranger", place("n", 1.0))])
    with pytest.raises(ValueError, match="twice"):
        Case([*_two_an_arm(), unit("n0", place("n", 1.0))]).live.take([])


def test_no_move_compiles_anything():
    random, case = Random(2), Case(_two_an_arm())
    before = compilations()
    for _ in range(100):
        case.move(_somewhere(random, random.choice(sorted(case.units))))
    assert compilations() == before


def told(moves: int) -> str:
    """Return what is said of some moves, whole."""
    random, case, lines = Random(5), Case(_two_an_arm()), []
    for _ in range(moves):
        answer = case.move(_somewhere(random, random.choice(sorted(case.units))))
        said = [(s.feasible, s.ratio, s.weakest, s.holder.tolist(), s.below.tolist()) for s in _each(answer)]
        lines.append(f"{answer.digest} {said}")
    return "\n".join(lines)


def _each(answer: Answer) -> list[Said]:
    return [said for said in (answer.joint, answer.town, answer.county) if said is not None]


def test_interpreted_it_says_the_same_to_the_byte():
    """Where numba is missing or switched off the same functions run as they are."""
    code = "from tests.lockdown.test_live import told; print(told(25))"
    env = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env).stdout
    assert said.strip() == told(25)
    assert len(said.splitlines()) == 25
