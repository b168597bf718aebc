"""The present plan on paper and as GeoJSON, over HTTP: fresh, or an error."""

import asyncio
import json

from api.access.rights import Role
from api.log.bus import POSITIONS, connect
from api.log.outbox import Outbox, outbox_path
from api.plan.inputs import prepare
from api.plan.planner import Planner
from camera_config.clock import SystemClock
from tests.support.feed import Screen
from tests.support.small_county import small_county, unit_places
from tests.support.web import Bench

PATHS = ("/v1/plan/sheet.html", "/v1/plan.geojson")


async def test_the_sheet_and_the_map_are_of_the_present_plan_and_an_old_one_is_an_error(web_and_bus: Bench) -> None:
    web, clock, prepared = web_and_bus, SystemClock(), prepare(small_county())
    web.clock.mono_s, web.clock.wall_s = clock.monotonic_s(), clock.now().timestamp()
    hub = web.shared.hub
    task = asyncio.create_task(hub.run())
    screen = Screen(hub.join(None)[0])
    outbox = Outbox(outbox_path(web.shared.settings.data, "planner"), "planner")
    bus, ending = connect(web.shared.settings, web.shared.run), asyncio.Event()
    planner = asyncio.create_task(asyncio.to_thread(Planner(prepared, bus, outbox, clock).run, ending.is_set))
    try:
        async with web.logged_in(Role.WALL) as wall:
            places = unit_places(small_county()).items()
            at = clock.now().timestamp()
            row = {"at": at, "speed_kmh": 0.0, "heading_deg": None, "status": "patrol", "drill": False}
            rows = [{"unit": u, "lat": p.lat, "lon": p.lon, "untrusted": None, **row} for u, p in places]
            said = {"mono_s": clock.monotonic_s(), "received_at": at, "positions": rows}
            await web.shared.bus.xadd(POSITIONS, {"batch": json.dumps(said)})
            while not (await screen.until("readiness"))["joint"]["feasible"]:
                web.clock.mono_s = clock.monotonic_s() + 0.2
            web.clock.mono_s = clock.monotonic_s() + 0.2
            page = await wall.get(PATHS[0], params={"look_for": "<i>白色面包车"})
            assert page.status_code == 200, page.text
            assert page.headers["content-type"].startswith("text/html")
            policy = page.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert page.headers["cache-control"] == "no-store"
            assert "封控派警单" in page.text
            assert "有效至" in page.text
            assert "<i>" not in page.text
            assert "查&lt;i&gt;白色面包车" in page.text
            web.clock.mono_s = clock.monotonic_s() + 0.2
            drawn = await wall.get(PATHS[1])
            assert drawn.status_code == 200, drawn.text
            body = drawn.json()
            assert body["kakou"]["origin"] == "live"
            assert body["kakou"]["valid_until"] - body["kakou"]["computed_at"] <= 10
            assert [f["properties"]["kind"] for f in body["features"]].count("way") == 8
            assert (await wall.get(PATHS[0], params={"look_for": "车" * 41})).status_code == 422
            ending.set()
            await planner
            web.clock.mono_s = clock.monotonic_s() + 20.0
            for path in PATHS:
                old = await wall.get(path)
                assert old.status_code == 409
                assert "no verdict is valid" in old.json()["detail"]
    finally:
        ending.set()
        await planner
        hub.stop()
        await task
        outbox.close()
        bus.close()


async def test_before_the_first_verdict_there_is_no_sheet(web: Bench) -> None:
    async with web.logged_in(Role.OPERATOR) as operator:
        for path in PATHS:
            answer = await operator.get(path)
            assert answer.status_code == 409
            assert answer.headers["content-type"] == "application/problem+json"
