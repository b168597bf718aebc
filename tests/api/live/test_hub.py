import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from api.access.rights import Role
from api.live.entries import READINESS_KEY, compact, end_of, stream_id
from api.live.hub import KEPT, ROOM, Hub
from api.log.bus import LIVE
from api.log.live import publish_async
from tests.support.feed import Screen, devices, parse, readiness
from tests.support.web import Bench


@asynccontextmanager
async def running(web: Bench) -> AsyncIterator[Hub]:
    hub = web.shared.hub
    task = asyncio.create_task(hub.run())
    try:
        yield hub
    finally:
        hub.stop()
        async with asyncio.timeout(5):
            await task


async def say_ready(web: Bench) -> None:
    value = readiness(web.clock.mono_s, web.clock.wall_s)
    await web.shared.bus.set(READINESS_KEY, compact(value))
    await publish_async(web.shared.bus, "readiness", value)


async def test_no_surface_shows_ready_after_the_planner_stopped(web_and_bus: Bench) -> None:
    web = web_and_bus
    async with running(web) as hub, web.logged_in(Role.WALL) as browser:
        joined, first = hub.join(None)
        client = Screen(joined)
        assert dict(parse(first))["readiness"]["state"] == "unknown"
        await say_ready(web)
        got = await client.until("readiness")
        assert (got["state"], got["age_s"], got["cause"]) == ("ready", 0.0, None)
        assert (await browser.get("/v1/readiness")).json()["state"] == "ready"
        assert "可封控 READY" in (await browser.get("/status")).text
        web.clock.step(3.5)
        while (await client.until("status"))["planner"] != "down":
            pass
        assert (await browser.get("/v1/readiness")).json()["age_s"] == 3.5
        web.clock.step(7)
        gone = await client.until("readiness")
        assert {gone[name]["state"] for name in ("joint", "town", "county")} == {"unknown"}
        assert gone["joint"]["plan"] == []
        assert "silent" in gone["cause"]
        assert (await browser.get("/v1/readiness")).json()["state"] == "unknown"
        assert "可封控" not in (await browser.get("/status")).text
        assert dict(parse(hub.join(None)[1]))["readiness"]["state"] == "unknown"
        await say_ready(web)
        assert (await client.until("readiness"))["state"] == "ready"


async def test_no_surface_shows_ready_without_the_bus(web_and_bus: Bench) -> None:
    web = web_and_bus
    async with running(web) as hub, web.logged_in(Role.WALL) as browser:
        client = Screen(hub.join(None)[0])
        await say_ready(web)
        assert (await client.until("readiness"))["state"] == "ready"
        assert web.bus_process is not None
        web.bus_process.kill()
        while (await client.until("status"))["bus"] != "down":
            pass
        gone = (await browser.get("/v1/readiness")).json()
        assert (gone["state"], gone["cause"]) == ("unknown", "the event log is down")
        assert (await browser.get("/healthz")).json()["ok"] is False


async def test_a_verdict_from_before_a_restart_of_the_machine_is_not_believed(web_and_bus: Bench) -> None:
    web = web_and_bus
    old = readiness(web.clock.mono_s + 50_000, web.clock.wall_s)
    await web.shared.bus.set(READINESS_KEY, compact(old))
    await publish_async(web.shared.bus, "readiness", old)
    async with running(web), web.logged_in(Role.WALL) as browser:
        assert (await browser.get("/v1/readiness")).json()["state"] == "unknown"


async def test_a_late_message_is_as_old_as_it_is(web_and_bus: Bench) -> None:
    web = web_and_bus
    async with running(web) as hub:
        client = Screen(hub.join(None)[0])
        await publish_async(web.shared.bus, "readiness", readiness(web.clock.mono_s - 12, web.clock.wall_s))
        assert (await client.until("readiness"))["state"] == "unknown"


async def test_a_stuck_browser_is_let_go_and_delays_nobody(web_and_bus: Bench) -> None:
    web = web_and_bus
    async with running(web) as hub:
        stuck, _ = hub.join(None)
        good = Screen(hub.join(None)[0])
        for n in range(ROOM + 1):
            await publish_async(web.shared.bus, "passage", {"n": n})
            assert await good.until("passage") == {"n": n}
        assert stuck.evicted.is_set()
        assert not good.client.evicted.is_set()
        assert hub.clients == 1


async def test_a_browser_that_comes_back_gets_what_it_missed(web_and_bus: Bench) -> None:
    web = web_and_bus
    bus = web.shared.bus
    await publish_async(bus, "passage", {"n": 1})
    left_at = await end_of(bus, LIVE)
    for n in (2, 3):
        await publish_async(bus, "passage", {"n": n})
        await publish_async(bus, "units", {"mono_s": web.clock.mono_s, "at": 1.0, "units": []})
    async with running(web) as hub:
        watcher = Screen(hub.join(None)[0])
        await publish_async(bus, "alert", {"n": 4})
        await watcher.until("alert")
        _, first = hub.join(left_at)
        told = parse(first)
        assert [data["n"] for kind, data in told if kind in {"passage", "alert"}] == [2, 3, 4]
        assert dict(told)["hello"]["replay"] == "complete"
        assert dict(parse(hub.join((1, 0))[1]))["hello"]["replay"] == "lost"
        for n in range(KEPT):
            await publish_async(bus, "passage", {"n": n})
            assert await watcher.until("passage") == {"n": n}
        assert dict(parse(hub.join(left_at)[1]))["hello"]["replay"] == "lost"


async def test_devices_are_unknown_when_ingest_is_silent(web_and_bus: Bench) -> None:
    web = web_and_bus
    async with running(web) as hub, web.logged_in(Role.WALL) as browser:
        joined, first = hub.join(None)
        client = Screen(joined)
        assert {row["state"] for row in dict(parse(first))["devices"]["devices"]} == {"unknown"}
        said = devices(web.clock.mono_s, web.clock.wall_s, cam_1="online", cam_2="stalled", cp_n="online")
        await publish_async(web.shared.bus, "devices", said)
        rows = {row["id"]: row["state"] for row in (await client.until("devices"))["devices"]}
        while rows.get("cam-1") != "online":
            rows = {row["id"]: row["state"] for row in (await client.until("devices"))["devices"]}
        assert (rows["cam-1"], rows["cam-2"]) == ("online", "stalled")
        web.clock.step(3.1)
        gone = (await client.until("devices"))["devices"]
        assert {row["id"] for row in gone} >= {"cam-1", "cam-2", "cp-n"}
        assert {(row["state"], row["cause"]) for row in gone} == {("unknown", "ingest is silent")}
        whole = (await browser.get("/v1/devices")).json()["devices"]
        assert {row["state"] for row in whole} == {"unknown"}


async def test_a_message_that_is_not_as_agreed_ends_nothing(web_and_bus: Bench) -> None:
    web = web_and_bus
    async with running(web) as hub:
        screen = Screen(hub.join(None)[0])
        for kind, data in (("devices", {}), ("readiness", {"mono_s": "x"}), ("units", {"mono_s": None}), ("odd", {})):
            await publish_async(web.shared.bus, kind, data)
        await say_ready(web)
        assert (await screen.until("readiness"))["state"] == "ready"


def test_an_id_from_a_browser_is_read_carefully() -> None:
    assert stream_id("1700000000000-3") == (1_700_000_000_000, 3)
    for odd in (None, "", "-", "x-1", "1", "1-", "-1-1", "1-1-1", "٣-1", "9" * 30 + "-1", "1 -1"):
        assert stream_id(odd) is None
