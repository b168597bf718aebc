"""POST /v1/plan/race: the live positions, a sighting, and what he may have passed."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from api.access.rights import Role
from api.log.bus import connect
from api.log.outbox import Outbox, outbox_path
from api.plan.inputs import Prepared, prepare
from api.plan.planner import Planner
from camera_config.clock import SystemClock
from tests.support.small_county import LAT, LON, small_county, unit_places
from tests.support.web import Bench

CENTRE = {"lat": LAT, "lon": LON}


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return prepare(small_county())


@asynccontextmanager
async def planning(web: Bench, prepared: Prepared) -> AsyncIterator[Planner]:
    outbox = Outbox(outbox_path(web.shared.settings.data, "planner"), "planner")
    bus = connect(web.shared.settings, web.shared.run)
    ending = asyncio.Event()
    planner = Planner(prepared, bus, outbox, SystemClock())
    thread = asyncio.create_task(asyncio.to_thread(planner.run, ending.is_set))
    try:
        yield planner
    finally:
        ending.set()
        await thread
        outbox.close()
        bus.close()


async def test_the_race_is_run_on_live_positions_and_unknown_without_them(
    web_and_bus: Bench, prepared: Prepared
) -> None:
    web = web_and_bus
    web.clock.wall_s = time.time()  # as the planner's
    asked = {**CENTRE, "seen_ago_s": 5.0}
    async with planning(web, prepared), web.logged_in(Role.OPERATOR) as operator, web.logged_in(Role.DEVICE) as device:
        before = (await operator.post("/v1/plan/race", json=asked)).json()
        assert {e["verdict"] for e in before["exits"]} == {"unknown"}
        assert before["fewest"] is before["reach"] is None
        then = web.shared.now() - 30.0
        since = (await operator.post("/v1/plan/race", json={**CENTRE, "seen_at": then, "roads": True})).json()
        assert since["seen_ago_s"] >= 30.0
        assert since["computed_at"] - since["seen_ago_s"] == pytest.approx(then, abs=0.01)
        assert {len(point) for line in since["reach"] for point in line} == {2}
        assert 0.0 < since["reach_km"] < 50.0
        assert 0 < since["valid_for_s"] <= 10
        places = unit_places(small_county()).items()
        sent = [{"unit": u, "lat": p.lat, "lon": p.lon, "at": web.shared.now(), "speed_kmh": 0.0} for u, p in places]
        assert (await device.post("/v1/units/positions", json={"positions": sent})).status_code == 200
        after = (await operator.post("/v1/plan/race", json={**asked, "fewest": True})).json()
        assert len(after["exits"]) == 8
        assert {e["ring"] for e in after["exits"]} == {"town", "county"}
        assert after["digest"] != before["digest"]
        assert isinstance(after["fewest"], list)
        far = await operator.post("/v1/plan/race", json={**asked, "lat": 0.0})
        assert (far.status_code, far.json()["detail"]) == (422, "no road is near the place where he was seen")


@pytest.mark.parametrize("wrong", [{"lat": 91.0}, {"seen_ago_s": -1.0}, {"extra": 1}, {"lon": None}, {"seen_at": 1.0}])
async def test_a_sighting_that_cannot_be_is_refused(web: Bench, wrong: dict[str, object]) -> None:
    async with web.logged_in(Role.OPERATOR) as operator:
        asked = {**CENTRE, "seen_ago_s": 5.0, **wrong}
        assert (await operator.post("/v1/plan/race", json=asked)).status_code == 422


@pytest.mark.parametrize("ahead_s", [60.0, -90_000.0])
async def test_he_was_seen_within_a_day_and_not_in_time_to_come(web: Bench, ahead_s: float) -> None:
    async with web.logged_in(Role.OPERATOR) as operator:
        answer = await operator.post("/v1/plan/race", json={**CENTRE, "seen_at": web.shared.now() + ahead_s})
        assert answer.status_code == 422
        assert answer.json()["detail"] == "he was seen within a day, and not in time to come"
        assert (await operator.post("/v1/plan/race", json=CENTRE)).status_code == 422


async def test_without_a_planner_the_race_says_so(web: Bench) -> None:
    async with web.logged_in(Role.OPERATOR) as operator:
        answer = await operator.post("/v1/plan/race", json={**CENTRE, "seen_ago_s": 5.0})
        assert answer.status_code == 503
