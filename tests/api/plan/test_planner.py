"""The planner's loop over a real bus, and what a browser sees of it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from api.access.rights import Role
from api.log.bus import POSITIONS, connect
from api.log.outbox import Outbox, outbox_path
from api.plan.inputs import Prepared, prepare, readiness_now
from api.plan.planner import Planner
from api.plan.record import Recorder
from api.positions.tracker import Tracker
from camera_config.clock import SystemClock
from lockdown.readiness import State
from lockdown.units import Trust, trust_of
from tests.support.feed import Screen, readiness
from tests.support.small_county import LAT, LON, small_county, unit_places
from tests.support.web import Bench


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return prepare(small_county())


def row(unit: str, lat: float, lon: float, at: float, **more: Any) -> dict[str, Any]:
    made = {"unit": unit, "lat": lat, "lon": lon, "at": at, "speed_kmh": 0.0, "heading_deg": None, "status": "patrol"}
    return {**made, "drill": False, "untrusted": None, **more}


def batch(mono_s: float, rows: list[dict[str, Any]], received_at: float = 1000.0) -> dict[str, Any]:
    return {"mono_s": mono_s, "received_at": received_at, "positions": rows}


def everyone(at: float) -> list[dict[str, Any]]:
    return [row(unit, place.lat, place.lon, at) for unit, place in unit_places(small_county()).items()]


@asynccontextmanager
async def planning(web: Bench, prepared: Prepared) -> AsyncIterator[Outbox]:
    """Run a planner in a thread; like the real process it has the machine's clock."""
    outbox = Outbox(outbox_path(web.shared.settings.data, "planner"), "planner")
    bus = connect(web.shared.settings, web.shared.run)
    ending = asyncio.Event()
    planner = Planner(prepared, bus, outbox, SystemClock())
    thread = asyncio.create_task(asyncio.to_thread(planner.run, ending.is_set))
    try:
        yield outbox
    finally:
        ending.set()
        await thread
        outbox.close()
        bus.close()


async def test_positions_become_a_readiness_on_the_wall(web_and_bus: Bench, prepared: Prepared) -> None:
    web, clock = web_and_bus, SystemClock()
    web.clock.mono_s, web.clock.wall_s = clock.monotonic_s(), clock.now().timestamp()
    hub = web.shared.hub
    task = asyncio.create_task(hub.run())
    screen = Screen(hub.join(None)[0])
    async with planning(web, prepared) as outbox, web.logged_in(Role.OPERATOR) as browser:
        first = (await screen.until("readiness"))["state"]
        assert first in {"not_possible", "unknown"}
        before: dict[str, Any] = {}
        while (advised := await screen.until("readiness"))["joint"]["fixes"] is None:
            web.clock.mono_s, before = clock.monotonic_s() + 0.5, advised
        assert advised["digest"] == before["digest"]
        assert advised["joint"]["fixes"]["deficiency"] == 8
        assert advised["joint"]["losses"] is None
        said = batch(clock.monotonic_s(), everyone(clock.now().timestamp()), clock.now().timestamp())
        await web.shared.bus.xadd(POSITIONS, {"batch": json.dumps(said)})
        web.clock.mono_s = clock.monotonic_s() + 1.0
        while (got := await screen.until("readiness"))["state"] == first or got["state"] == "unknown":
            web.clock.mono_s = clock.monotonic_s() + 0.5
        assert got["joint"]["feasible"] is True
        assert got["joint"]["certificate"] is None
        assert len(got["joint"]["plan"]) == 8
        while (got := await screen.until("readiness"))["joint"]["losses"] is None:
            web.clock.mono_s = clock.monotonic_s() + 0.5
        assert got["joint"]["losses"]["single"] == []
        while {unit["trust"] for unit in (await screen.until("units"))["units"]} != {"fresh"}:
            pass
        web.clock.mono_s = clock.monotonic_s() + 0.5
        full = (await browser.get("/v1/readiness")).json()
        assert full["joint"]["certificate"]
        outbox.flush()
        kinds = [json.loads(line.body)["kind"] for line in outbox.after(0, 10)]
        assert set(kinds) == {"verdict.changed"}
        assert len(kinds) >= 2
    hub.stop()
    await task


async def test_a_drills_positions_never_move_a_unit(prepared: Prepared) -> None:
    tracker = Tracker(small_county())
    tracker.accept(batch(10.0, [row("u-1", LAT, LON, 1000.0, drill=True)]), 10.0)
    assert {unit.position for unit in tracker.now(10.0)} == {None}


def test_an_untrusted_position_makes_the_unit_unknown_until_a_good_one_comes() -> None:
    county = small_county()
    tracker = Tracker(county)
    tracker.accept(batch(10.0, [row("u-1", LAT, LON, 1000.0)]), 10.0)
    tracker.accept(batch(11.0, [row("u-1", 0.0, 0.0, 1001.0, untrusted="0/0")]), 11.0)
    unit = tracker.now(11.0)[0]
    assert trust_of(unit, county.rules) is Trust.UNTRUSTED
    assert unit.position is not None
    assert unit.position.lat == LAT
    tracker.accept(batch(12.0, [row("u-1", LAT, LON, 1000.5)]), 12.0)
    assert trust_of(tracker.now(12.0)[0], county.rules) is Trust.FRESH


def test_a_position_is_as_old_as_its_older_clock_says() -> None:
    tracker = Tracker(small_county())
    tracker.accept(batch(10.0, [row("u-1", LAT, LON, 960.0)]), 10.0)
    assert tracker.now(12.5)[0].seen_age_ms == 42_500
    tracker.accept(batch(20.0, [row("u-1", LAT, LON, 950.0)]), 20.0)
    assert tracker.now(20.0)[0].seen_age_ms == 50_000


def test_late_positions_of_a_clock_that_was_seen_to_be_ahead_are_as_old_as_they_are() -> None:
    """Its clock is 4 s ahead; the first comes at once, the second takes 3 s and would look new."""
    tracker = Tracker(small_county())
    tracker.accept(batch(10.0, [row("u-1", LAT, LON, 1014.0)], received_at=1010.0), 10.0)
    assert tracker.now(10.0)[0].seen_age_ms == 0
    tracker.accept(batch(23.0, [row("u-1", LAT, LON, 1024.0)], received_at=1023.0), 23.0)
    assert tracker.now(23.5)[0].seen_age_ms == 3_500


def test_a_first_place_without_speed_may_be_of_a_unit_that_races() -> None:
    county = small_county()
    tracker = Tracker(county)
    tracker.accept(batch(10.0, [row("u-1", LAT, LON, 1010.0, speed_kmh=None)]), 10.0)
    assert tracker.now(10.0)[0].speed_kmh == county.rules.max_unit_kmh
    assert tracker.wire(1010.0, 10.0)["units"][0]["speed_kmh"] is None
    tracker.accept(batch(20.0, [row("u-1", LAT, LON, 1020.0, speed_kmh=None)]), 20.0)
    assert tracker.now(20.0)[0].speed_kmh == 0.0


def test_a_unit_that_says_it_drives_and_stays_is_frozen() -> None:
    county = small_county()
    tracker = Tracker(county)
    for minute in range(12):
        tracker.accept(
            batch(minute * 60.0, [row("u-1", LAT, LON, minute * 60.0, speed_kmh=40.0)], minute * 60.0), 700.0
        )
    assert trust_of(tracker.now(660.0)[0], county.rules) is Trust.FROZEN


def test_a_backlog_that_comes_at_once_shows_a_frozen_unit_as_frozen() -> None:
    county = small_county()
    tracker = Tracker(county)
    late = [row("u-1", LAT, LON, 1000.0 + 10 * n, speed_kmh=40.0) for n in range(62)]
    tracker.accept(batch(10.0, late, received_at=1610.0), 10.0)
    unit = tracker.now(10.0)[0]
    assert (unit.seen_age_ms, unit.same_place_ms) == (0, 610_000)
    assert trust_of(unit, county.rules) is Trust.FROZEN


def test_a_backlog_has_its_true_ages_in_whatever_order_and_however_often_it_comes() -> None:
    tracker = Tracker(small_county())
    rows = [row("u-1", LAT + n / 1000, LON, 1000.0 + n) for n in (3, 1, 4, 4, 2, 3)]
    tracker.accept(batch(50.0, rows, received_at=1300.0), 50.0)
    unit = tracker.now(50.0)[0]
    assert (unit.position.lat if unit.position else None, unit.seen_age_ms) == (LAT + 0.004, 296_000)
    assert trust_of(unit, small_county().rules) is Trust.TOO_OLD


def test_a_minute_without_any_position_is_a_dead_feed_and_nothing_is_ready(prepared: Prepared) -> None:
    """F33: units that stand are fresh for two minutes, but not when all fall silent together."""
    tracker = Tracker(prepared.county)
    tracker.accept(batch(10.0, everyone(1000.0)), 10.0)
    assert readiness_now(prepared, tracker.now(70.0), 0.0).state is not State.UNKNOWN
    assert readiness_now(prepared, tracker.now(70.001), 0.0).state is State.UNKNOWN
    tracker.accept(batch(71.0, [row("u-1", LAT, LON, 1061.0)], received_at=1061.0), 71.0)
    assert readiness_now(prepared, tracker.now(71.0), 0.0).state is not State.UNKNOWN


def test_a_drill_does_not_keep_a_dead_feed_alive(prepared: Prepared) -> None:
    tracker = Tracker(prepared.county)
    tracker.accept(batch(10.0, everyone(1000.0)), 10.0)
    tracker.accept(batch(80.0, [row("u-1", LAT, LON, 1070.0, drill=True)], received_at=1070.0), 80.0)
    assert trust_of(tracker.now(80.0)[0], prepared.county.rules) is Trust.UNTRUSTED


async def test_a_planner_that_starts_anew_still_knows_what_is_frozen_and_passes_over_strangers(
    web_and_bus: Bench, prepared: Prepared
) -> None:
    web, clock = web_and_bus, SystemClock()
    web.clock.mono_s, web.clock.wall_s = clock.monotonic_s(), clock.now().timestamp()
    shared, now_s, at = web.shared, clock.monotonic_s(), clock.now().timestamp()
    for ago in (610.0, 300.0, 1.0):
        said = batch(now_s - ago, [row("u-1", LAT, LON, at - ago, speed_kmh=40.0)], at - ago)
        identity = f"{int((at - ago) * 1000)}-0"
        await shared.bus.xadd(POSITIONS, {"batch": json.dumps(said)}, id=identity)
    for stranger in ("{half", "[]", "{}", '{"mono_s":null}'):
        await shared.bus.xadd(POSITIONS, {"batch": stranger})
    task = asyncio.create_task(shared.hub.run())
    screen = Screen(shared.hub.join(None)[0])
    async with planning(web, prepared):
        trust = None
        while trust in {None, "never_seen"}:
            web.clock.mono_s = clock.monotonic_s()
            trust = (await screen.until("units"))["units"][0]["trust"] if trust else "never_seen"
        assert trust == "frozen"
    shared.hub.stop()
    await task


def test_what_an_earlier_start_of_the_machine_left_is_not_read() -> None:
    tracker = Tracker(small_county())
    tracker.accept(batch(50_000.0, [row("u-1", LAT, LON, 1000.0)]), 10.0)
    assert tracker.now(10.0)[0].position is None


def test_the_record_has_a_row_for_each_change_and_one_a_minute_for_figures() -> None:
    recorder = Recorder()
    ready, bad = readiness(0.0, 1.0), readiness(0.0, 2.0, "not_possible")
    faster = {**ready, "joint": {**ready["joint"], "t_star_s": 650.0}}
    assert recorder.changed(ready, 0.0) is not None
    assert recorder.changed(ready, 1.0) is None
    assert recorder.changed(faster, 59.0) is None
    assert recorder.changed(faster, 60.0) is not None
    assert recorder.changed(bad, 60.1) is not None
