from pathlib import Path

from api.access.rights import Role
from api.devices.board import Board
from api.run_folder import RunFolder
from api.settings import Settings
from ingest.slot import SlotWriter
from tests.support.feed import devices
from tests.support.small_county import small_county
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
