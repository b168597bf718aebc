"""A feed whose mask is missing is not asked at all, the others go on, and a masked one leaves no compressed video."""

from pathlib import Path

from camera_config.ids import CameraId
from camera_config.masks import MaskFile, mask_path
from ingest.feed import Feed
from ingest.health import State
from ingest.slot import SlotReader
from tests.support.receiving import receiving, serving, source, status
from tests.support.waiting import until

RIGHT = '{"polygons": [[[0.1, 0.1], [0.4, 0.1], [0.4, 0.5]]]}'


def masked(county: Path, name: str, url: str, sub_url: str = "") -> Feed:
    return Feed(CameraId(name), url, sub_url=sub_url, mask=MaskFile(county, name).trouble)


async def test_a_missing_mask_closes_the_feed_a_repaired_one_opens_it_and_the_others_go_on(tmp_path: Path) -> None:
    path = mask_path(tmp_path, "hidden")
    path.parent.mkdir()
    async with serving({"hidden": source(), "plain": source()}) as (server, urls):
        feeds = [masked(tmp_path, "hidden", urls["hidden"]), Feed(CameraId("plain"), urls["plain"])]
        async with receiving(feeds, tmp_path / "slots", floor_s=0) as (receiver, told):
            await until(lambda: told.of("plain") == [State.ONLINE])
            assert told.of("hidden") == [State.CLOSED]
            assert status(receiver, "hidden").cause == "mask: masks/hidden.json is absent"
            path.write_text(RIGHT, encoding="utf-8")
            await until(lambda: State.ONLINE in told.of("hidden"))
            path.write_text("{", encoding="utf-8")
            await until(lambda: told.of("hidden")[-1] is State.CLOSED)
            assert status(receiver, "hidden").cause.startswith("mask: masks/hidden.json is damaged: broken JSON")
            received = status(receiver, "hidden").frames_received
            before = status(receiver, "plain").frames_received
            await until(lambda: status(receiver, "plain").frames_received > before + 30)
            assert status(receiver, "hidden").frames_received == received, "nothing comes from a closed feed"
            await until(lambda: len(server.sessions) == 1)
            path.write_text(RIGHT, encoding="utf-8")
            await until(lambda: told.of("hidden")[-1] is State.ONLINE)
            path.unlink()
            await until(lambda: told.of("hidden")[-1] is State.CLOSED)
            assert told.of("plain") == [State.ONLINE]


async def test_a_masked_feed_has_no_ring_and_what_another_process_left_goes(tmp_path: Path) -> None:
    path = mask_path(tmp_path, "hidden")
    path.parent.mkdir()
    path.write_text(RIGHT, encoding="utf-8")
    rings = tmp_path / "rings"
    rings.mkdir()
    for name in ("hidden", "hidden.sub"):
        (rings / name).write_bytes(b"unmasked video")
    async with serving({"hidden": source(), "sub": source(), "plain": source()}) as (_, urls):
        feeds = [masked(tmp_path, "hidden", urls["hidden"], urls["sub"]), Feed(CameraId("plain"), urls["plain"])]
        async with receiving(feeds, tmp_path / "slots", rings=rings, floor_s=0) as (receiver, _told):
            await until(lambda: all(one.offered for one in receiver.status()))
            assert [path.name for path in rings.iterdir()] == ["plain"]
            assert SlotReader(tmp_path / "slots" / "hidden").peek() is not None


async def test_a_feed_that_cannot_be_asked_stays_so_when_its_mask_is_repaired(tmp_path: Path) -> None:
    path = mask_path(tmp_path, "hidden")
    path.parent.mkdir()
    async with receiving([masked(tmp_path, "hidden", "http://10.0.0.1/x")], tmp_path / "slots") as (receiver, told):
        await until(lambda: told.of("hidden")[-1:] == [State.CLOSED])
        path.write_text(RIGHT, encoding="utf-8")
        await until(lambda: told.of("hidden")[-1] is not State.CLOSED)
        assert receiver.status()[0].frames_received == 0
