"""A whole drill over HTTP: frozen plan, simulated units, planned against actual, and nothing live."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from api.access.rights import Role
from api.access.sessions import create_device_token, create_login
from api.alerts.tables import alert
from api.drill.play import Play
from api.drill.tables import drill_reports
from api.log.bus import EVENTS, POSITIONS, connect
from api.log.outbox import Outbox, outbox_path
from api.passages.tables import passage
from api.plan.inputs import Prepared, prepare
from api.plan.planner import Planner
from camera_config.clock import SystemClock
from tests.support.small_county import LAT, LON, small_county, unit_places
from tests.support.web import Bench, served


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return prepare(small_county())


@asynccontextmanager
async def planning(web: Bench, prepared: Prepared) -> AsyncIterator[None]:
    outbox = Outbox(outbox_path(web.shared.settings.data, "planner"), "planner")
    bus = connect(web.shared.settings, web.shared.run)
    ending = asyncio.Event()
    thread = asyncio.create_task(asyncio.to_thread(Planner(prepared, bus, outbox, SystemClock()).run, ending.is_set))
    try:
        yield
    finally:
        ending.set()
        await thread
        outbox.close()
        bus.close()


def positions(**changes: Any) -> list[dict[str, Any]]:
    places = unit_places(small_county()).items()
    return [{"unit": unit, "lat": p.lat, "lon": p.lon, "at": 1.0, "drill": True, **changes} for unit, p in places]


BODY = {"seed": 1, "rings": ["town"], "note": "夜间", "positions": positions()}


class Rushed(SystemClock):
    """The machine's clock, but nobody waits."""

    def sleep(self, seconds: float) -> None:
        pass


def both(web: Bench, url: str) -> Iterator[httpx.Client]:
    """Give an operator and a device, logged in at a real server."""
    operator = httpx.Client(base_url=url, headers={"Origin": url}, timeout=30.0)
    login = create_login(web.shared.engine, Role.OPERATOR, web.clock)
    assert operator.post("/v1/session", json={"token": login}).status_code == 200
    yield operator
    token = create_device_token(web.shared.engine, "units", web.clock)
    yield httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30.0)


async def test_a_drill_is_played_to_its_end_and_leaves_nothing_live(web_and_bus: Bench, prepared: Prepared) -> None:
    web = web_and_bus
    async with planning(web, prepared), served(web) as url:

        def play() -> tuple[dict[str, Any], dict[str, Any]]:
            operator, device = both(web, url)
            with closing(operator), closing(device):
                drill = Play(prepared, operator, device, Rushed(), seed=3, speed=1e9)
                result = drill.run(["town", "county"], "", lambda *_: None)
                return result, operator.get(f"/v1/drills/{result['id']}").json()

        result, again = await asyncio.to_thread(play)
    assert result == again
    assert (result["drill"], result["state"], result["plan_version"]) == (True, "ended", 1)
    assert len(result["posts"]) == 8
    assert len(result["plan"]["plan"]) == 8
    for post in result["posts"]:
        (unit,) = post["units"]
        arrived = unit["arrived_s"] is not None
        assert arrived != unit["refused"]
        assert post["in_time"] is (arrived and post["staffed_s"] <= post["deadline_s"])
    assert any(post["in_time"] for post in result["posts"])
    with web.shared.engine.connect() as connection:
        rows = [connection.execute(select(func.count()).select_from(t)).scalar_one() for t in (passage, alert)]
    assert rows == [0, 0]
    assert await web.shared.bus.exists(POSITIONS, EVENTS) == 0
    assert web.shared.hub.units() == {"at": None, "units": []}


async def test_the_plan_stays_as_it_was_frozen_and_an_ended_drill_takes_nothing(
    web_and_bus: Bench, prepared: Prepared
) -> None:
    web = web_and_bus
    async with planning(web, prepared), web.logged_in(Role.OPERATOR) as operator, web.logged_in(Role.DEVICE) as device:
        begun = await operator.post("/v1/drills", json=BODY)
        assert begun.status_code == 201
        drill = begun.json()
        path = begun.headers["location"]
        assert {post["ring"] for post in drill["posts"]} == {"town"}
        report = {"unit": "u-2", "kind": "acknowledged", "t_s": 12.0}
        assert (await device.post(f"{path}/reports", json={"reports": [report]})).json() == {"accepted": 1}
        bad = [
            {**report, "unit": "nobody"},
            {**report, "kind": "position"},
            {**report, "lat": LAT},
            {**report, "t_s": -1.0},
            {**report, "lat": LAT, "lon": LON, "extra": 1},
        ]
        for wrong in bad:
            assert (await device.post(f"{path}/reports", json={"reports": [report, wrong]})).status_code == 422
        nan = '{"reports":[{"unit":"u-2","kind":"position","t_s":NaN,"lat":1.0,"lon":1.0}]}'
        headers = {"Content-Type": "application/json"}
        assert (await device.post(f"{path}/reports", content=nan, headers=headers)).status_code == 422
        ended = (await operator.post(f"{path}/end")).json()
        assert ended["plan"] == drill["plan"]
        assert (await device.post(f"{path}/reports", json={"reports": [report]})).status_code == 409
        assert (await operator.post(f"{path}/end")).json()["ended_at"] == ended["ended_at"]
        assert (await operator.get("/v1/drills/no-such")).status_code == 404
    async with web.logged_in(Role.DEVICE, "u-3") as other:
        assert (await other.post(f"{path}/reports", json={"reports": [report]})).status_code == 403
    with web.shared.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(drill_reports)).scalar_one() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"positions": positions(drill=False)},
        {"positions": positions() + positions()[:1]},
        {"positions": [{**positions()[0], "unit": "nobody"}]},
        {"rings": ["moon"]},
        {"rings": []},
        {"seed": -1},
        {"positions": []},
    ],
)
async def test_a_drill_on_anything_but_invented_positions_is_refused(web: Bench, wrong: dict[str, Any]) -> None:
    async with web.logged_in(Role.OPERATOR) as operator:
        assert (await operator.post("/v1/drills", json={**BODY, **wrong})).status_code == 422


async def test_without_a_planner_a_drill_says_so(web: Bench) -> None:
    async with web.logged_in(Role.OPERATOR) as operator:
        assert (await operator.post("/v1/drills", json=BODY)).status_code == 503
