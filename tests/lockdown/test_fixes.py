"""Every fix is true and none is missing: against doing each thing and solving again."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations
from random import Random

import pytest

from camera_config.county import Closure, Post, RoadClass
from lockdown.actions import Action, Kind
from lockdown.asks import demands_of
from lockdown.fields import post_fields
from lockdown.fixes import Fixes, fixes
from lockdown.graph import Graph, build_graph
from lockdown.offers import Offers
from lockdown.reopen import reopened
from lockdown.seal import in_time, solve
from lockdown.table import Table
from lockdown.units import UnitNow
from tests.support.plans import RULES, Plan, after, enough, every_action, feasible, random_plans
from tests.support.roads import SPEEDS, on, posts_on, random_roads, unit

AT_SPOTS = (Kind.STAND_AT, Kind.ONE_MORE)


def _lacking(plans: Iterator[Plan], one: int, more: int) -> Iterator[tuple[Plan, Fixes]]:
    """Yield plans that are not feasible with what is said to help: ``one`` of them lack one unit, ``more`` more."""
    left = {True: one, False: more}
    while any(left.values()):
        plan = next(plans)
        solution = solve(plan.table)
        if solution.feasible or not left[solution.deficiency == 1]:
            continue
        left[solution.deficiency == 1] -= 1
        answer = fixes(plan.offers, plan.table, plan.spots, plan.reopened)
        assert answer is not None
        assert answer.deficiency == solution.deficiency
        yield plan, answer


@pytest.fixture(scope="module")
def lacking() -> list[tuple[Plan, Fixes]]:
    return list(_lacking(random_plans(Random(31)), 80, 30))


def _by_spot(actions) -> tuple[set[Action], dict[Action, set[int]]]:
    """Return the actions without a spot, and the spots of those with one."""
    plain, spots = set(), defaultdict(set)
    for action in actions:
        if action.kind in AT_SPOTS:
            spots[Action(action.kind, unit=action.unit)].add(action.spot)
        else:
            plain.add(action)
    return plain, dict(spots)


def test_the_list_of_single_fixes_is_complete_and_every_one_is_true(lacking):
    kinds, spots_seen = set(), 0
    for plan, answer in lacking:
        would = [action for action in every_action(plan) if enough(plan, [action])]
        # Of several lower needs of one post, the list has the highest.
        best = {}
        for a in would:
            if a.kind is Kind.LOWER_NEED:
                best[a.post] = max(best.get(a.post, 0), a.need)
        plain, spots = _by_spot(a for a in would if a.kind is not Kind.LOWER_NEED or a.need == best[a.post])
        said = {f.action for f in answer.single if f.action.kind not in AT_SPOTS}
        assert said == plain
        places = {Action(f.action.kind, unit=f.action.unit): set(f.spots) for f in answer.single if f.spots}
        assert places == spots
        assert all(f.action.spot in f.spots for f in answer.single if f.spots)
        assert answer.proved or not answer.single
        kinds |= {f.action.kind for f in answer.single}
        spots_seen += len(spots)
    assert kinds == set(Kind)
    assert spots_seen > 100


def test_where_one_unit_is_missing_giving_up_a_post_of_the_shortage_is_always_among_the_fixes(lacking):
    for plan, answer in lacking:
        shortage = solve(plan.table).shortage
        if answer.deficiency == 1 and shortage is not None:
            given_up = {f.action.post for f in answer.single if f.action.kind is Kind.GIVE_UP}
            assert set(shortage.posts) <= given_up


def _different(plan: Plan) -> list[Action]:
    """Return every action, but of the spots that put a unit in time for the same posts only one."""
    kept, seen = [], set()
    for action in every_action(plan):
        if action.kind in AT_SPOTS:
            variants = [(), *((Action(Kind.REOPEN, road=n),) for n in range(len(plan.reopened)))]
            tables = [after(plan, [*more, action]) for more in variants]
            key = (action.kind, action.unit, *(tuple(in_time(t)) for t in tables if t is not None))
            shorts = tuple(Action(Kind.SHORTER_SETUP, post=d.id) for d in plan.table.demands if d.setup_ms > 60_000)
            t = after(plan, [*shorts, action])
            key = (*key, tuple(in_time(t)) if t is not None else ())
            if key in seen:
                continue
            seen.add(key)
        kept.append(action)
    return kept


def test_no_smaller_set_is_enough_and_the_set_given_is():
    sizes: dict[int, int] = defaultdict(int)
    plans = random_plans(Random(8), posts=(3, 4), needs=(1, 1, 1, 2))
    for plan, answer in _lacking(plans, 0, 70):
        if answer.single:
            assert answer.smallest == ()
            continue
        actions = [f.action for f in answer.smallest]
        assert enough(plan, actions)
        sizes[len(actions)] += 1
        if len(actions) <= 3:
            assert answer.proved
        if len(actions) == 3 and sizes[3] <= 6:
            for some in _sets(_different(plan), 2):
                assert not enough(plan, some), (some, actions)
    assert sizes[2] > 15
    assert sizes[3] > 3


def test_units_that_together_leave_every_post_whole_are_as_many_as_are_missing():
    some = 0
    for plan, answer in _lacking(random_plans(Random(17), posts=(3, 4), needs=(1, 1, 2)), 5, 60):
        actions = [f.action for f in answer.keeping]
        if answer.deficiency == 1:
            assert actions == []
            continue
        if actions:
            assert enough(plan, actions)
            assert len(actions) == answer.deficiency
            assert {a.kind for a in actions} <= {Kind.ANSWER, Kind.RELEASE, Kind.STAND_AT, Kind.ONE_MORE}
            some += 1
        else:
            everybody = [a for a in every_action(plan) if a.kind in (Kind.ANSWER, Kind.RELEASE, Kind.ONE_MORE)]
            assert not enough(plan, everybody * 4)
    assert 15 < some < 60


def _sets(actions: list[Action], most: int) -> Iterator[tuple[Action, ...]]:
    """Yield sets of two and more actions that can be done together, with one road reopened at most."""
    for size in range(2, most + 1):
        for some in combinations(actions, size):
            named = [name for a in some for name in (a.unit, a.post) if name]
            if len(set(named)) == len(named) and sum(a.kind is Kind.REOPEN for a in some) < 2:
                yield some


def test_closing_a_road_never_turns_no_into_yes():
    """So it is not among the fixes; units that stand where they are seen, each road of a town closed in turn."""
    random, stayed_no = Random(6), 0
    for _ in range(12):
        roads = random_roads(random, side=3, step_m=1500.0)
        posts = posts_on(roads, random, 3, deadline_s=random.choice([240, 300, 400]))
        places = [on(roads, random.randrange(len(roads.start)), random.random())[0] for _ in range(4)]
        units = tuple(unit(f"u{n}", place, seen_age_ms=0) for n, place in enumerate(places))
        before = _asked_of(build_graph(roads, SPEEDS, [], posts), posts, units)
        for road in range(len(roads.start)):
            closed = [Closure(f"road-{road}", on(roads, road, 0.5)[0], "")]
            after_ = _asked_of(build_graph(roads, SPEEDS, closed, posts), posts, units)
            assert before or not after_
            stayed_no += not before
    assert stayed_no > 20


def _asked_of(graph: Graph, posts: list[Post], units: tuple[UnitNow, ...]) -> bool:
    return feasible(Offers(graph, post_fields(graph, posts), units, demands_of(posts), RULES).sure)


def test_lifting_a_closure_gives_the_times_of_roads_that_were_never_closed():
    random, nearer = Random(12), 0
    for _ in range(15):
        roads = random_roads(random, side=4)
        posts = posts_on(roads, random, 3)
        cut = random.randrange(len(roads.start))
        shut = [Closure(f"road-{cut}", on(roads, cut, 0.5)[0], "")]
        closed = build_graph(roads, SPEEDS, shut, posts, junction_ms=4000)
        never = post_fields(build_graph(roads, SPEEDS, [], posts, junction_ms=4000), posts).ms[:, : closed.junctions]
        (lifted,) = reopened(closed, posts, {})
        assert lifted.road == f"road-{cut}"
        late = lifted.fields.ms[:, : closed.junctions] - never
        assert (late >= 0).all()
        assert (late <= 4).all()
        nearer += bool((lifted.fields.ms < post_fields(closed, posts).ms).any())
    assert nearer > 5


def test_roads_that_are_open_and_roads_the_police_never_drive_are_not_reopened():
    random = Random(3)
    roads = random_roads(random)
    posts = posts_on(roads, random, 1)
    assert reopened(build_graph(roads, SPEEDS, [], posts), posts, {}) == ()
    slow = {**SPEEDS, RoadClass.TRACK: 0.0, RoadClass.VILLAGE: 0.0}
    assert reopened(build_graph(roads, slow, [], posts), posts, {}) == ()


def test_a_plan_that_holds_has_no_fixes(lacking):
    plan, answer = next((p, a) for p, a in lacking if any(f.action.kind is Kind.GIVE_UP for f in a.single))
    done = next(f.action for f in answer.single if f.action.kind is Kind.GIVE_UP)
    rest = after(plan, [done])
    if rest is not None:
        assert fixes(plan.offers, rest, plan.spots) is None


def test_how_long_each_takes_and_whether_it_helps_now_is_said(lacking):
    for plan, answer in lacking:
        for fix in (*answer.single, *answer.smallest):
            kind = fix.action.kind
            assert fix.helps_now == (kind in (Kind.ANSWER, Kind.RELEASE, Kind.LOWER_NEED, Kind.GIVE_UP))
            if kind is Kind.STAND_AT:
                who = next(u for u in plan.offers.units if u.id == fix.action.unit)
                assert fix.takes_ms is None or fix.takes_ms >= RULES.dispatch_delay_s[who.status] * 1000
            elif kind in (Kind.LOWER_NEED, Kind.GIVE_UP):
                assert fix.takes_ms == 0
                assert bool(fix.roads) == (kind is Kind.GIVE_UP)
            elif kind is not Kind.ANSWER:
                assert fix.takes_ms is None
        helping = [f.helps_now for f in answer.single]
        assert helping == sorted(helping, reverse=True)


def test_a_unit_that_must_answer_or_be_freed_says_until_when(lacking):
    """Freed at that time it is still in time; a millisecond later it is not."""
    asked = 0
    for plan, answer in lacking:
        for fix in answer.single:
            if fix.within_ms is None:
                continue
            table = after(plan, [fix.action])
            assert table is not None
            u = table.units.index(fix.action.unit)
            for more, want in ((fix.within_ms, True), (fix.within_ms + 1, False)):
                delay = tuple(ms + more * (n == u) for n, ms in enumerate(table.delay_ms))
                assert feasible(Table(table.units, table.demands, delay, table.drive_ms)) == want
            asked += 1
    assert asked > 50
