"""Driving takes longer in a slow hour: from before it begins, and nothing is READY by the times of a faster one."""

import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from api.log.bus import LIVE, connect
from api.log.outbox import Outbox, outbox_path
from api.plan.hours import AHEAD_S, Hours, permille_for
from api.plan.inputs import prepare, readiness_now
from api.plan.planner import Planner
from camera_config.county import County, Noise
from camera_config.plan_rules import RulesRecord
from camera_config.rule_records import utc_offset_s
from tests.support.roads import unit
from tests.support.small_county import place, small_county, unit_places
from tests.support.waiting import until
from tests.support.web import Bench, StepClock

RUSH = tuple(1400 if hour in (7, 8) else 1000 for hour in range(24))
"""From 7:00 to 9:00; the small county's longest deadline is 30 minutes, a verdict stands for 10 s."""


def county(permille: tuple[int, ...] = RUSH, junction_ms: int = 0) -> County:
    made = small_county()
    return replace(
        made, rules=replace(made.rules, hour_permille=permille, junction_ms=junction_ms), utc_offset_s=28_800
    )


def at(clock: str, day: int = 20_000) -> float:
    """Return unix seconds of hh:mm:ss in Beijing."""
    hours, minutes, seconds = map(int, clock.split(":"))
    return day * 86_400 + hours * 3600 + minutes * 60 + seconds - 28_800


@pytest.mark.parametrize(
    ("clock", "permille"),
    [
        ("06:29:49", 1000), ("06:29:50", 1400), ("06:59:59", 1400), ("08:59:59", 1400), ("09:00:00", 1000),
        ("23:45:00", 1000), ("00:00:00", 1000),
    ],
)  # fmt: skip
def test_the_slower_hour_counts_from_the_longest_deadline_before_it_until_its_end(clock: str, permille: int) -> None:
    assert permille_for(county(), at(clock)) == permille


def test_midnight_is_no_border_and_the_countys_own_clock_is_read() -> None:
    late = county((1300,) + (1000,) * 23)
    assert permille_for(late, at("23:45:00")) == 1300
    assert permille_for(replace(late, utc_offset_s=utc_offset_s("+07:30")), at("23:45:00")) == 1000
    day_long = replace(late, posts=tuple(replace(post, deadline_s=86_400) for post in late.posts))
    assert permille_for(day_long, at("00:59:00")) == 1300


async def test_the_next_hour_is_prepared_ahead_and_what_stands_is_never_too_fast() -> None:
    made = county()
    hours = Hours(prepare(made, hour_permille=permille_for(made, at("06:00:00"), AHEAD_S)))
    early = hours.prepared(at("06:00:00"))
    assert early.hour_permille == 1000
    soon = at("06:29:50") - AHEAD_S
    assert hours.prepared(soon - 1) is early
    assert hours.prepared(soon) is early
    assert hours.slow_enough(soon)
    assert not hours.slow_enough(at("06:29:50"))
    await until(lambda: hours.prepared(soon) is not early)
    rush = hours.prepared(soon)
    assert rush.hour_permille == 1400
    assert hours.slow_enough(at("06:29:50"))
    assert hours.prepared(at("08:59:59")) is rush
    await until(lambda: hours.prepared(at("09:00:00")) is not rush)
    assert hours.prepared(at("09:00:00")).hour_permille == 1000


async def test_while_a_slower_hour_is_not_prepared_the_wall_is_never_told_ready(web_and_bus: Bench) -> None:
    """All units stand by their posts, and the slow hour begins in 29 minutes."""
    shared, clock = web_and_bus.shared, StepClock()
    clock.wall_s = at("06:31:00")
    made = replace(county(), posts=tuple(replace(post, deadline_s=1800) for post in county().posts))
    bus = connect(shared.settings, shared.run)
    outbox = Outbox(outbox_path(shared.settings.data, "planner"), "planner")
    planner = Planner(prepare(made, hour_permille=1000), bus, outbox, clock)

    def said() -> list[str]:
        rows = [
            {"unit": f"u-{n}", "lat": where.lat, "lon": where.lon, "at": clock.wall_s, "speed_kmh": 0.0,
             "heading_deg": None, "status": "patrol", "drill": False, "untrusted": None}
            for n, where in enumerate((place(arm, 2.0 + k) for arm in "nesw" for k in (0, 2)), 1)
        ]  # fmt: skip
        batch = {"mono_s": clock.mono_s, "received_at": clock.wall_s, "positions": rows}
        planner._tracker.accept(batch, clock.mono_s)
        bus.delete(LIVE)
        planner.publish()
        entries: Any = bus.xrange(LIVE)
        found = [json.loads(fields["data"]) for _, fields in entries if fields["kind"] == "readiness"]
        return [each["joint"]["state"] for each in found]

    try:
        assert set(said()) == {"at_risk"}
        await until(lambda: planner._hours.prepared(clock.wall_s).hour_permille == 1400)
        assert said()[-1] == "ready"
    finally:
        outbox.close()
        bus.close()


def test_a_county_whose_hours_are_alike_is_prepared_once() -> None:
    hours = Hours(prepare(small_county()))
    first = hours.prepared(at("06:00:00"))
    assert all(hours.prepared(at(f"{hour:02d}:58:30")) is first for hour in range(24))
    assert hours.slow_enough(at("07:00:00"))


def test_without_an_hour_the_slowest_of_the_day_is_prepared() -> None:
    slow, fast = prepare(county()), prepare(county(), hour_permille=1000)
    assert (slow.hour_permille, fast.hour_permille) == (1400, 1000)
    places = unit_places(slow.county)
    units = [unit(name, place) for name, place in places.items()]
    verdicts = [readiness_now(prepared, units, 0.0) for prepared in (slow, fast)]
    assert verdicts[0].joint.t_star_ms > verdicts[1].joint.t_star_ms
    assert verdicts[0].digest != verdicts[1].digest


def test_crossings_make_every_plan_slower_and_are_in_the_digest() -> None:
    """Each crew stands half a step beyond the ring road; at worst it drives in and turns round there, at a crossing."""
    plain, crossed = prepare(county()), prepare(county(junction_ms=5000))
    units = [unit(f"u-{n}", place("nesw"[n % 4], 1.5), heading_deg=None) for n in range(8)]
    before, after = (readiness_now(prepared, units, 0.0) for prepared in (plain, crossed))
    assert after.digest != before.digest
    assert before.joint.t_star_ms is not None
    assert after.joint.t_star_ms == before.joint.t_star_ms + 5000


def test_driving_faster_than_the_speeds_say_needs_measured_noise() -> None:
    night = (900,) * 5 + (1000,) * 19
    written = _written() | {"hour_permille": night}
    with pytest.raises(ValidationError, match="while noise"):
        RulesRecord.model_validate(written)
    measured = RulesRecord.model_validate(written | {"noise": {"assumed": False}})
    assert min(measured.hour_permille) == 900
    for wrong in ((1000,) * 23, (1000,) * 25, (499,) * 24, (5001,) * 24, (1000.5,) * 24):
        with pytest.raises(ValidationError):
            RulesRecord.model_validate(written | {"hour_permille": wrong, "noise": {"assumed": False}})
    assert Noise().assumed


def _written() -> dict[str, object]:
    import tomllib

    from camera_config.example import example_county

    return tomllib.loads((example_county() / "rules.toml").read_text(encoding="utf-8"))
