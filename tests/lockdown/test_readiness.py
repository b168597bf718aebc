"""The four states, and what makes each: said as a commander would ask."""

import json
from dataclasses import replace

import pytest

from camera_config.county import Closure, County, Noise, Position, Ring, UnitStatus
from camera_config.ids import PostId, UnitId
from lockdown.certificate import verify_certificate
from lockdown.fields import Fields, post_fields
from lockdown.graph import Graph, build_graph
from lockdown.leaks import find_leaks
from lockdown.noise import Trees, grow_trees
from lockdown.reach import best_drive_ms, snap, worst_drive_ms
from lockdown.readiness import Readiness, State, Verdict, assess
from lockdown.units import Trust, UnitNow, trust_of
from lockdown.weigh import weighed
from lockdown.why import Reason
from tests.support.roads import unit
from tests.support.small_county import place, small_county

CLOSED = {Ring.TOWN: (), Ring.COUNTY: ()}


class Case:
    """The small county with its graph; ``ask`` is ``assess``, then the odds, with everything else as usual."""

    def __init__(self, county: County) -> None:
        rules = county.rules
        self.county = county
        self.graph: Graph = build_graph(
            county.roads, rules.speed_kmh[rules.weather], county.closures, county.posts, rules.snap_max_m
        )
        self.fields: Fields = post_fields(self.graph, county.posts)
        self.trees: Trees = grow_trees(self.graph, self.fields, county.roads)

    def ask(self, units: list[UnitNow], leaks=CLOSED, **rules: object) -> Readiness:
        return weighed(self.assess(units, leaks, **rules), self.trees, scenarios=500)

    def assess(self, units: list[UnitNow], leaks=CLOSED, **rules: object) -> Readiness:
        return assess(
            self.graph,
            self.fields,
            self.county.posts,
            units,
            replace(self.county.rules, **rules),
            leaks=leaks,
            computed_at=1.0,
        )


@pytest.fixture(scope="module")
def case() -> Case:
    return Case(small_county())


def _units(**changes: UnitNow | None) -> list[UnitNow]:
    """Return eight units near the eight posts, two on each arm; ``n1=None`` leaves one out."""
    made = {f"{arm}{k}": unit(f"{arm}{k}", place(arm, 2.0 + k)) for arm in "nesw" for k in (0, 1)}
    return [u for u in {**made, **changes}.values() if u is not None]


def _all_verdicts(answer: Readiness) -> list[Verdict]:
    return [answer.joint, answer.town, answer.county]


def test_enough_units_near_their_posts_are_ready(case):
    answer = case.ask(_units())
    assert [v.state for v in _all_verdicts(answer)] == [State.READY] * 3
    assert len(answer.joint.plan) == 8
    assert len({a.unit for a in answer.joint.plan}) == 8
    assert {a.post for a in answer.town.plan} == {"town-n", "town-e", "town-s", "town-w"}
    assert answer.unknown_units == ()


def test_every_verdict_carries_a_certificate_that_holds(case):
    silent = unit("n1", place("n", 3.0), seen_age_ms=400_000)
    for units in (_units(), _units(n1=None, n0=None), _units(n1=silent, n0=None)):
        for verdict in _all_verdicts(case.ask(units)):
            verify_certificate(json.loads(json.dumps(verdict.certificate)))


def test_less_travel_slack_than_the_rule_asks_is_at_risk(case):
    slack = case.ask(_units()).joint.travel_slack_permille
    assert slack is not None
    assert case.ask(_units(), ready_travel_slack_permille=slack).state is State.READY
    at_risk = case.ask(_units(), ready_travel_slack_permille=slack + 1)
    assert at_risk.state is State.AT_RISK
    assert at_risk.joint.feasible is True


def test_without_odds_nothing_is_ready_and_with_too_low_ones_it_is_at_risk_and_says_so(case):
    for verdict in _all_verdicts(case.assess(_units())):
        assert (verdict.state, verdict.awaits_odds, verdict.odds) == (State.AT_RISK, True, None)
    few = weighed(case.assess(_units()), case.trees, scenarios=50)
    assert few.joint.odds is not None
    assert few.joint.odds.committed.held >= 49
    assert few.state is State.AT_RISK
    slow = dict.fromkeys(case.county.rules.dispatch_delay_s, 600)
    assert case.assess(_units(), dispatch_delay_s=slow).joint.awaits_odds
    late = case.ask(_units(), dispatch_delay_s=slow)
    assert late.state is State.AT_RISK
    assert "不足 95 %" in late.joint.text
    calm = case.ask(_units(), dispatch_delay_s=slow, noise=Noise(turnout_cv_permille=0))
    assert calm.state is State.READY


def test_good_odds_alone_do_not_make_ready(case):
    answer = case.ask(_units(), ready_travel_slack_permille=10_000)
    assert answer.joint.odds is not None
    assert answer.joint.odds.enough
    assert answer.state is State.AT_RISK


def test_one_unit_too_few_for_both_rings_is_not_possible_though_each_alone_is_ready(case):
    answer = case.ask(_units(w1=None))
    assert [v.state for v in _all_verdicts(answer)] == [State.NOT_POSSIBLE, State.READY, State.READY]
    why = answer.joint.why_not
    assert why is not None
    assert why.deficiency == 1
    assert why.need == len(why.units_in_time) + 1
    assert "缺 1 个" in why.text


def test_the_ring_with_priority_keeps_its_posts_and_the_plan_says_what_the_other_loses(case):
    units = _units(w1=None)
    town = case.ask(units).joint
    assert {a.post for a in town.plan} >= {"town-n", "town-e", "town-s", "town-w"}
    assert len(town.loses) == 1
    assert town.loses[0].startswith("county-")
    assert "先保县城" in town.text
    county = case.ask(units, ring_priority=Ring.COUNTY).joint
    assert county.loses[0].startswith("town-")
    assert "先保县界" in county.text


def test_a_silent_unit_makes_it_unknown_and_is_the_one_to_ask(case):
    answer = case.ask(_units(w1=unit("w1", place("w", 3.0), seen_age_ms=240_000)))
    assert answer.state is State.UNKNOWN
    assert answer.joint.feasible is None
    assert answer.joint.ask_by_radio == ("w1",)
    assert answer.unknown_units == ("w1",)
    why = answer.joint.why_not
    assert why is not None
    assert {(r.unit, r.reason, r.text) for r in why.others if r.unit == "w1"} == {("w1", Reason.SILENT, "失联 4:00")}


def test_the_fewest_are_asked(case):
    silent = {n: unit(n, place(n[0], 2.0), seen_age_ms=300_000) for n in ("n0", "e0", "s0")}
    spare = {f"x{k}": unit(f"x{k}", place("n", 2.0)) for k in range(2)}
    answer = case.ask(_units(**silent, **spare))
    assert answer.state is State.UNKNOWN
    assert len(answer.joint.ask_by_radio) == 1


@pytest.mark.parametrize(
    ("what", "trust"),
    [
        ({"seen_age_ms": 120_001}, Trust.TOO_OLD),
        ({"speed_kmh": 30.0, "seen_age_ms": 30_001}, Trust.TOO_OLD),
        ({"speed_kmh": 30.0, "same_place_ms": 600_001}, Trust.FROZEN),
        ({"trusted": False}, Trust.UNTRUSTED),
        ({"position": None, "seen_age_ms": None}, Trust.NEVER_SEEN),
        ({"status": UnitStatus.UNKNOWN}, Trust.FRESH),
        ({"position": Position(42.0, 125.0)}, Trust.FRESH),
    ],
)
def test_a_unit_that_is_not_surely_there_never_makes_ready(case, what, trust):
    doubtful = unit("w1", **{"position": place("w", 3.0), **what})
    assert trust_of(doubtful, case.county.rules) is trust
    assert case.ask(_units(w1=doubtful)).state is State.UNKNOWN
    assert case.ask(_units(extra=replace(doubtful, id=UnitId("x")))).state is State.READY


@pytest.mark.parametrize(
    "what",
    [
        {"seen_age_ms": 120_000},
        {"speed_kmh": 4.9, "same_place_ms": 10**7},
        {"speed_kmh": 30.0, "heading_deg": 90.0, "same_place_ms": 600_000},
    ],
)
def test_exactly_at_the_limit_a_position_still_counts(case, what):
    assert trust_of(unit("w1", place("w", 3.0), **what), case.county.rules) is Trust.FRESH


@pytest.mark.parametrize(
    ("what", "reason", "text"),
    [
        ({"status": UnitStatus.ON_CALL}, Reason.ON_CALL, "正在处警"),
        ({"status": UnitStatus.COMMITTED_OTHER}, Reason.COMMITTED_OTHER, "已另有任务"),
        ({"status": UnitStatus.OFF_DUTY}, Reason.OFF_DUTY, "不在岗"),
        ({"duty_left_ms": (900 + 3600) * 1000 - 1}, Reason.SHIFT_ENDS, "班次将结束"),
        ({"crew": 1}, Reason.CREW, "人数不足"),
    ],
)
def test_a_unit_that_is_known_to_be_unable_makes_it_not_possible_and_the_reason_is_given(case, what, reason, text):
    answer = case.ask(_units(w1=unit("w1", place("w", 3.0), **what)))
    assert answer.state is State.NOT_POSSIBLE
    why = answer.joint.why_not
    assert why is not None
    assert [(r.reason, r.text) for r in why.others if r.unit == "w1"] == [(reason, text)]


def test_a_call_that_was_reported_long_ago_may_be_over(case):
    old = unit("w1", place("w", 3.0), status=UnitStatus.ON_CALL, seen_age_ms=121_000)
    assert case.ask(_units(w1=old)).state is State.UNKNOWN


def test_off_duty_but_callable_is_unknown_until_somebody_calls(case):
    called = unit("w1", place("w", 3.0), status=UnitStatus.OFF_DUTY, callable_off_duty=True)
    assert case.ask(_units(w1=called), callable_delay_s=600).joint.ask_by_radio == ("w1",)


def test_a_shift_that_lasts_to_the_end_of_the_hold_counts(case):
    lasting = unit("w1", place("w", 3.0), duty_left_ms=(1800 + 3600) * 1000)
    assert case.ask(_units(w1=lasting)).state is State.READY


def test_too_far_says_by_how_much():
    county = small_county()
    slow = replace(county, posts=tuple(replace(p, deadline_s=300) for p in county.posts))
    answer = Case(slow).ask([unit("far", place("n", 0.0)), unit("near", place("n", 2.4))])
    assert answer.state is State.NOT_POSSIBLE
    why = answer.joint.why_not
    assert why is not None
    assert any(r.reason is Reason.TOO_FAR and r.text.startswith("太远，晚 ") and r.late_ms for r in why.others)


def test_equipment_that_a_post_names_is_needed():
    county = small_county()
    armed = replace(county, posts=tuple(replace(p, equipment=("spikes",)) for p in county.posts))
    bare = Case(armed).ask(_units())
    assert bare.state is State.NOT_POSSIBLE
    assert bare.joint.why_not is not None
    assert {r.reason for r in bare.joint.why_not.others} == {Reason.EQUIPMENT}
    equipped = [replace(u, equipment=("cones", "spikes")) for u in _units()]
    assert Case(armed).ask(equipped).state is State.READY


def test_one_crew_holds_a_group_when_the_group_says_so():
    county = small_county()
    names = {"town-n", "town-e"}

    def grouped(one_crew: bool) -> County:
        posts = [replace(p, group="g", one_crew=one_crew) if p.id in names else p for p in county.posts]
        return replace(county, posts=tuple(posts))

    seven = _units(w1=None)
    assert Case(grouped(one_crew=False)).ask(seven).state is State.NOT_POSSIBLE
    together = Case(grouped(one_crew=True)).ask(seven)
    assert together.joint.feasible
    assert together.joint.also_holds == {PostId("town-e"): (PostId("town-n"),)}
    assert len(together.joint.plan) == 7


def test_a_ring_that_leaks_is_never_ready(case):
    county = case.county
    posts = [p for p in county.posts if p.id != "town-n"]
    area = next(a for a in county.rings if a.ring is Ring.TOWN)
    leaks = {Ring.TOWN: find_leaks(case.graph, area, posts), Ring.COUNTY: ()}
    answer = case.ask(_units(), leaks)
    assert [v.state for v in _all_verdicts(answer)] == [State.AT_RISK, State.AT_RISK, State.READY]
    assert "未闭合：1 处缺口" in answer.town.text
    assert [leak.road for leak in answer.leaks] == ["n路"]


def test_a_ring_that_was_not_checked_for_leaks_is_never_ready(case):
    assert case.ask(_units(), {Ring.COUNTY: ()}).town.state is State.AT_RISK


def test_closing_a_road_never_turns_no_into_yes(case):
    groups = [_units(), _units(w1=None), _units(n0=None, n1=None)]
    before = [case.ask(units).joint for units in groups]
    for arm, steps in (("n", 0.5), ("e", 1.5), ("s", 2.2), ("w", 4.7), ("n", 4.2)):
        closed = Case(replace(case.county, closures=(Closure(f"{arm}路", place(arm, steps), "works"),)))
        for units, open_ in zip(groups, before, strict=True):
            shut = closed.ask(units).joint
            assert (shut.feasible or False) <= (open_.feasible or False)
            if shut.ratio_permille is not None:
                assert open_.ratio_permille is not None
                assert shut.ratio_permille >= open_.ratio_permille


def test_the_same_inputs_give_the_same_bytes_in_any_order(case):
    units = _units(w1=unit("w1", place("w", 3.0), seen_age_ms=240_000))
    assert case.ask(units) == case.ask(units[::-1])


def test_the_digest_changes_with_ages_rules_and_positions_and_not_with_the_time_of_asking(case):
    units = _units()
    digest = case.ask(units).digest
    assert case.ask(_units(n0=unit("n0", place("n", 2.0), seen_age_ms=1001))).digest != digest
    assert case.ask(_units(n0=unit("n0", place("n", 2.1)))).digest != digest
    assert case.ask(units, hold_s=3601).digest != digest
    later = assess(case.graph, case.fields, case.county.posts, units, case.county.rules, leaks=CLOSED, computed_at=99.0)
    assert later.digest == digest
    assert later.computed_at == 99.0


def test_a_moving_unit_is_counted_at_the_worst_place_it_may_have_reached(case):
    """It is 55 m before the northern post; unless it has passed it, or drives the other way, it is there at once."""
    column = case.fields.posts.index(PostId("town-n"))
    before = snap(case.graph, place("n", 2.45))
    assert before is not None

    def drive_ms(heading_deg: float | None, reach_m: float) -> int:
        return int(worst_drive_ms(case.graph, case.fields, before, heading_deg, reach_m)[column])

    assert drive_ms(0.0, 0.0) < 5_000
    assert drive_ms(0.0, 60.0) > 60_000
    assert drive_ms(None, 0.0) == drive_ms(180.0, 0.0) > 60_000
    assert best_drive_ms(case.graph, case.fields, before, 0.0)[column] == pytest.approx(drive_ms(0.0, 0.0), abs=1)


@pytest.mark.parametrize("what", ["lat", "lon"])
def test_a_position_that_is_no_number_is_refused(what):
    with pytest.raises(ValueError, match="finite"):
        unit("u", replace(place("n", 1.0), **{what: float("nan")}))


def test_ages_in_seconds_with_a_fraction_are_refused():
    with pytest.raises(ValueError, match="whole milliseconds"):
        unit("u", place("n", 1.0), seen_age_ms=1.5)


def test_a_unit_named_twice_is_refused(case):
    with pytest.raises(ValueError, match="twice"):
        case.ask([*_units(), unit("n0", place("n", 1.0))])


def test_without_posts_there_is_nothing_to_say(case):
    none = replace(case.county, posts=())
    assert Case(none).ask(_units()).state is State.UNKNOWN
