"""Of a masked device there is neither live video nor a recording, whoever asks and whatever lies on the disk."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from api.access.rights import Role
from api.log.asked import RECORD
from api.run_folder import RunFolder
from api.settings import Settings
from api.workers.ingest import feeds_of
from api.workers.record import streams_of
from camera_config.county import County, Recording
from camera_config.secrets import Secrets
from tests.api.recordings.test_recordings import WHY
from tests.ingest.record.feeding import BEGIN, Camera, ManualClock, recorder
from tests.support.live_view import GOP, RingCamera, Viewer, loopback_ice
from tests.support.small_county import small_county
from tests.support.web import Bench, bench

__all__ = ["loopback_ice"]


def masked_county() -> County:
    """Return the county with its first camera and its checkpoint masked."""
    county = small_county()
    first, *others = (replace(one, retention_class="days-30") for one in county.cameras)
    places = [replace(one, retention_class="days-30", masked=True) for one in county.checkpoints]
    hidden = replace(first, masked=True, record=Recording.CONTINUOUS)
    return replace(county, cameras=(hidden, *others), checkpoints=tuple(places))


@pytest.fixture
async def web(bus_home: tuple[RunFolder, Path]) -> AsyncIterator[Bench]:
    """A real app of a county with masks, with a real bus."""
    async with bench(bus_home, masked_county()) as made:
        yield made


@pytest.mark.usefixtures("loopback_ice")
async def test_a_masked_camera_has_no_live_video_even_where_a_ring_lies(web: Bench) -> None:
    for device in ("cam-1", "cam-2"):
        camera = RingCamera(web, device)
        camera.play(2 * GOP)
        camera.say_online(cam_1="online", cam_2="online")
    for role in (Role.OPERATOR, Role.WALL, Role.ADMINISTRATOR):
        async with web.logged_in(role) as client:
            viewer = Viewer(client)
            answer = await viewer.watch("cam-1")
            assert (answer.status_code, answer.json()["code"]) == (409, "live-masked")
            await viewer.close()
            rows = (await client.get("/v1/devices")).json()["devices"]
            assert {row["id"]: row["masked"] for row in rows} == {
                "cam-1": True,
                "cam-2": False,
                "cam-3": False,
                "cp-n": True,
            }
    async with web.logged_in(Role.OPERATOR) as client:
        viewer = Viewer(client)
        assert (await viewer.watch("cam-2")).status_code == 201
        await viewer.close()
    assert web.shared.views.readers <= 1


async def test_nothing_of_it_is_played_or_recorded_not_even_what_was_recorded_before(web: Bench) -> None:
    clock, folder = ManualClock(), web.shared.settings.recordings_folder
    assert folder is not None
    for device in ("cam-1", "cam-2"):
        camera = Camera(web.shared.settings.data / "rings", device, clock)
        working = recorder(folder, web.shared.settings.data / "rings", clock, device)
        camera.seconds(20, working)
        working.close()
    async with web.logged_in(Role.OPERATOR) as client:
        said = {}
        for device in ("cam-1", "cam-2"):
            span = {"device": device, "from": BEGIN, "to": BEGIN + 60}
            played = await client.post("/v1/recordings/playback", json=span | WHY)
            listed = await client.get("/v1/recordings", params=span)
            demand = {"device": device, "minutes": 5, "reason": "车辆去向"}
            asked = await client.post("/v1/recordings/start", json=demand)
            said[device] = (played.status_code, len(listed.json()["spans"]), asked.status_code)
            if device == "cam-1":
                assert played.json()["code"] == asked.json()["code"] == "playback-masked"
                assert "parts" not in played.json()
        assert said == {"cam-1": (409, 1, 409), "cam-2": (201, 1, 202)}
    assert list(await web.shared.bus.hgetall(RECORD)) == ["cam-2"]


def test_neither_recorder_nor_ingest_keeps_video_of_it(tmp_path: Path) -> None:
    chosen = Settings(county=tmp_path, data=tmp_path)
    assert set(streams_of(masked_county(), chosen)) == {"cam-2", "cam-3"}
    feeds = feeds_of(masked_county(), chosen, Secrets.open(tmp_path / "none"))
    closed = {str(feed.id): feed.mask() for feed in feeds if feed.mask is not None}
    assert closed == {name: f"mask: masks/{name}.json is absent" for name in ("cam-1", "cp-n")}
