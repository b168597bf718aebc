import asyncio
from pathlib import Path

from sqlalchemy import select

from api.access.rights import Role
from api.devices.board import Board
from api.log.asked import RAISED
from api.run_folder import RunFolder
from api.settings import Settings
from api.store.tables import audit
from api.workers.detect_bus import DetectBus
from ingest.slot import SlotWriter
from tests.support.feed import devices
from tests.support.small_county import small_county
from tests.support.waiting import until
from tests.support.web import Bench


async def test_a_tile_carries_its_time_and_is_not_sent_twice(web: Bench) -> None:
    async with web.logged_in(Role.WALL) as client:
        assert (await client.get("/v1/devices/cam-1/tile.jpg")).status_code == 204
        with SlotWriter(web.shared.run.tiles / "cam-1", 1000) as slot:
            slot.put(b"jpeg-1", sequence=1, at=1234.5, mono_s=1.0, epoch=7)
            first = await client.get("/v1/devices/cam-1/tile.jpg")
            again = await client.get("/v1/devices/cam-1/tile.jpg", headers={"If-None-Match": first.headers["etag"]})
            slot.put(b"jpeg-2", sequence=2, at=1235.5, mono_s=2.0, epoch=7)
            newer = await client.get("/v1/devices/cam-1/tile.jpg", headers={"If-None-Match": first.headers["etag"]})
        assert (first.content, first.headers["kakou-picture-at"], first.headers["content-type"]) == (
            b"jpeg-1",
            "1234.500",
            "image/jpeg",
        )
        assert first.headers["cache-control"] == "no-store"
        assert (again.status_code, again.content) == (304, b"")
        assert (newer.status_code, newer.content) == (200, b"jpeg-2")
        for odd in ("..%2f..%2fetc%2fpasswd", "nobody", "cam-1%00", "."):
            assert (await client.get(f"/v1/devices/{odd}/tile.jpg")).status_code == 404


def test_devices_that_are_not_pulled_say_so(tmp_path: Path) -> None:
    settings = Settings(county=tmp_path, data=tmp_path, cameras=1)
    board = Board(small_county(), settings, RunFolder(tmp_path))
    board.accept(devices(10.0, 99.0, cam_1="online", cp_n="late"))
    rows = {row["id"]: (row["state"], row["cause"]) for row in board.everything(11.0)["devices"]}
    assert rows == {
        "cam-1": ("online", None),
        "cam-2": ("unknown", "not pulled"),
        "cam-3": ("unknown", "not pulled"),
        "cp-n": ("late", None),
    }


def test_only_what_changed_is_sent_and_figures_now_and_then(tmp_path: Path) -> None:
    settings = Settings(county=tmp_path, data=tmp_path)
    board = Board(small_county(), settings, RunFolder(tmp_path))
    board.accept(devices(10.0, 99.0, cam_1="online", cp_n="online"))
    assert len(board.changed(10.0)["devices"]) == 4
    assert board.changed(10.5)["devices"] == []
    moved = devices(11.0, 99.0, cam_1="online", cp_n="stalled")
    moved["devices"][0]["last_frame_at"] = 100.0
    board.accept(moved)
    assert [row["id"] for row in board.changed(11.0)["devices"]] == ["cp-n"]
    board.accept({**moved, "mono_s": 15.5})
    assert [row["id"] for row in board.changed(15.5)["devices"]] == ["cam-1"]


def test_a_state_we_do_not_know_is_unknown(tmp_path: Path) -> None:
    settings = Settings(county=tmp_path, data=tmp_path)
    board = Board(small_county(), settings, RunFolder(tmp_path))
    board.accept(devices(10.0, 99.0, cam_1="splendid"))
    assert board.everything(10.0)["devices"][0]["state"] == "unknown"


async def test_a_camera_turned_on_purpose_is_learnt_anew_and_who_asked_is_written_down(web_and_bus: Bench) -> None:
    async with web_and_bus.logged_in(Role.OPERATOR) as client:
        assert (await client.post("/v1/devices/nobody/reference")).status_code == 404
        answer = await client.post("/v1/devices/cam-1/reference")
    assert answer.status_code == 202
    assert answer.json() == {"device": "cam-1", "asked_at": web_and_bus.clock.wall_s}
    with web_and_bus.shared.engine.connect() as connection:
        rows = connection.execute(select(audit.c.what, audit.c.role, audit.c.detail)).all()
    assert [tuple(row) for row in rows] == [("devices.reference", "operator", '{"device": "cam-1"}')]
    heard = DetectBus(web_and_bus.shared.settings, web_and_bus.shared.run, web_and_bus.clock)
    heard.start()
    try:
        await until(heard.turned)
        assert heard.turned() == {"cam-1": web_and_bus.clock.wall_s}
    finally:
        await asyncio.to_thread(heard.stop)


async def test_without_a_bus_nobody_is_told_that_the_reference_is_new(web: Bench) -> None:
    async with web.logged_in(Role.OPERATOR) as client:
        assert (await client.post("/v1/devices/cam-1/reference")).status_code == 503


async def test_what_detection_says_of_pictures_reaches_the_devices_list(web_and_bus: Bench) -> None:
    shared, clock = web_and_bus.shared, web_and_bus.clock
    await shared.bus.hset(RAISED, mapping={"cam-2": str(clock.wall_s + 5), "cam-3": str(clock.wall_s)})
    says = DetectBus(shared.settings, shared.run, clock)
    says.tell({"cam-1": {"picture": "black", "since": 7.0, "seen_at": clock.wall_s - 1, "cause": ""}})
    says.start()
    hub = asyncio.create_task(shared.hub.run())
    try:
        await until(lambda: shared.board.everything(clock.mono_s)["devices"][0]["picture"]["state"] == "black")
        assert says.raised() == {"cam-2"}, "until, and not at, its end"
        async with web_and_bus.logged_in(Role.WALL) as client:
            rows = (await client.get("/v1/devices")).json()["devices"]
        assert rows[0]["picture"] == {
            "state": "black", "since": 7.0, "seen_at": clock.wall_s - 1, "cause": None,
        }  # fmt: skip
    finally:
        shared.hub.stop()
        await hub
        await asyncio.to_thread(says.stop)
