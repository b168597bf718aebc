"""When the planner says READY, and what it says of a plan's chances."""

import json
from dataclasses import replace
from typing import Any

import pytest

from api.log.bus import LIVE, connect
from api.log.outbox import Outbox, outbox_path
from api.plan.inputs import PositionRow, Prepared, odds_on, prepare, readiness_now, units_from
from api.plan.pending import may_wait
from api.plan.planner import Planner
from api.plan.wire import readiness_json
from camera_config.clock import SystemClock
from camera_config.county import Noise
from lockdown.readiness import Readiness, State
from tests.support.small_county import place, small_county
from tests.support.web import Bench

POSTED = [(arm, 2.0 + k) for arm in "nesw" for k in (0, 2)]


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return prepare(small_county())


def _answer(prepared: Prepared, *, age_s: float = 1.0, units: int = 8) -> Readiness:
    rows = [
        PositionRow(unit=f"u-{n}", lat=at.lat, lon=at.lon, age_s=age_s)
        for n, at in enumerate((place(arm, steps) for arm, steps in POSTED[:units]), 1)
    ]
    return readiness_now(prepared, units_from(prepared.county, rows), 5.0)


@pytest.fixture(scope="module")
def ready(prepared: Prepared) -> dict[str, Any]:
    answer = odds_on(prepared, _answer(prepared), knowing=True)
    assert answer.state is State.READY
    return readiness_json(answer)


def test_a_verdict_carries_its_odds_for_its_own_digest_and_says_that_they_are_assumed(ready):
    for ring in ("joint", "town", "county"):
        odds = ready[ring]["odds"]
        assert odds["digest"] == ready["digest"]
        assert odds["enough"] is (odds["committed"]["low"] >= odds["asked"] == 0.95)
        assert odds["noise"] == {"model": "mixed", "travel_cv": 0.35, "turnout_cv": 0.6, "assumed": True}
        assert odds["text"].endswith("时间误差为假定值")
        assert odds["committed"]["p"] <= odds["hindsight"]["p"] < 1.0
    assert "1.000" not in json.dumps(ready["joint"]["odds"])


def test_the_same_positions_have_the_same_odds_to_the_byte(prepared, ready):
    again = readiness_json(odds_on(prepared, _answer(prepared), knowing=True))
    assert json.dumps(again) == json.dumps(ready)


def test_measured_noise_is_not_called_assumed(prepared):
    county = replace(prepared.county, rules=replace(prepared.county.rules, noise=Noise(assumed=False)))
    text = readiness_json(odds_on(replace(prepared, county=county), _answer(replace(prepared, county=county))))
    assert "假定" not in text["joint"]["odds"]["text"]


def test_while_ready_stands_good_news_waits_for_its_odds_and_bad_news_does_not(prepared, ready):
    good, bad = _answer(prepared, age_s=2.0), _answer(prepared, units=7)
    assert good.state is State.AT_RISK
    assert may_wait(good, ready, 1.0)
    assert not may_wait(bad, ready, 1.0)


def test_nothing_waits_on_what_has_lapsed_or_was_never_said(prepared, ready):
    good = _answer(prepared, age_s=2.0)
    assert may_wait(good, ready, 10.0)
    assert not may_wait(good, ready, 10.1)
    assert not may_wait(good, None, 0.0)


def test_a_plan_with_less_slack_than_asked_does_not_wait(prepared, ready):
    rules = replace(prepared.county.rules, ready_travel_slack_permille=10_000)
    strict = replace(prepared, county=replace(prepared.county, rules=rules))
    assert not may_wait(_answer(strict), ready, 1.0)


async def test_the_wall_is_told_ready_with_odds_only_and_then_without_flickering(
    web_and_bus: Bench, prepared: Prepared
) -> None:
    shared, clock = web_and_bus.shared, SystemClock()
    bus = connect(shared.settings, shared.run)
    outbox = Outbox(outbox_path(shared.settings.data, "planner"), "planner")
    planner = Planner(prepared, bus, outbox, clock)
    told: list[list[dict[str, Any]]] = []
    for _ in range(2):
        _report(planner, clock)
        bus.delete(LIVE)
        planner.publish()
        entries: Any = bus.xrange(LIVE)
        told.append([json.loads(fields["data"]) for _, fields in entries if fields["kind"] == "readiness"])
    outbox.close()
    bus.close()
    first, second = ([said["state"] for said in messages] for messages in told)
    assert (first[0], first[-1]) == ("at_risk", "ready")
    assert set(second) == {"ready"}
    for said in (*told[0], *told[1]):
        assert (said["state"] == "ready") == (said["joint"]["odds"] is not None)


def _report(planner: Planner, clock: SystemClock) -> None:
    at, mono_s = clock.now().timestamp(), clock.monotonic_s()
    rows = []
    for n, (arm, steps) in enumerate(POSTED, 1):
        where = place(arm, steps)
        row = {"unit": f"u-{n}", "lat": where.lat, "lon": where.lon, "at": at, "speed_kmh": 0.0, "heading_deg": None}
        rows.append({**row, "status": "patrol", "drill": False, "untrusted": None})
    planner._tracker.accept({"mono_s": mono_s, "received_at": at, "positions": rows}, mono_s)
