"""Live video over real sockets: a viewer that decodes, the ring of a camera, the real server in between."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import numpy as np
import pytest
from sqlalchemy import select

from api.access.rights import Role
from api.access.sessions import create_login
from api.store.tables import audit
from ingest.codec import Codec
from tests.support.live_view import GOP, RingCamera, Viewer, decoded, loopback_ice
from tests.support.waiting import until
from tests.support.web import Bench, served

__all__ = ["loopback_ice"]

SDP = {"Content-Type": "application/sdp"}

pytestmark = pytest.mark.usefixtures("loopback_ice")


@asynccontextmanager
async def open_house(web: Bench, role: Role = Role.OPERATOR) -> AsyncIterator[httpx.AsyncClient]:
    """Give a logged-in client of a real server, which offers 127.0.0.1 for video."""
    async with served(web) as url, httpx.AsyncClient(base_url=url, headers={"Origin": url}) as client:
        login = await client.post("/v1/session", json={"token": create_login(web.shared.engine, role, web.clock)})
        assert login.status_code == 200
        yield client


async def test_a_viewer_sees_exactly_the_cameras_pictures_from_the_last_keyframe_on(web: Bench) -> None:
    camera = RingCamera(web, "cam-1")
    camera.play(2 * GOP + 2)
    camera.say_online(cam_1="online")
    async with open_house(web) as client:
        viewer = Viewer(client)
        answer = await viewer.watch("cam-1")
        assert (answer.status_code, answer.headers["content-type"]) == (201, "application/sdp")
        await until(lambda: len(viewer.pictures) >= 1)
        while len(viewer.pictures) < 12:
            seen = len(viewer.pictures)
            camera.play(1)
            await until(lambda seen=seen: len(viewer.pictures) > seen)  # type: ignore[misc]
        want = decoded(camera.shown[2 * GOP :])
        for got, true in zip(viewer.pictures, want, strict=False):
            assert np.array_equal(got, true)
        assert all(a < b for a, b in zip(viewer.stamps, viewer.stamps[1:], strict=False))
        live = [b - a for a, b in zip(viewer.stamps[3:], viewer.stamps[4:], strict=False)]
        assert set(live) == {3600}, "40 ms of the camera are 40 ms here"
        assert (await client.delete(viewer.location)).status_code == 204
        assert (await client.delete(viewer.location)).status_code == 404
        await until(lambda: web.shared.views.viewers == 0)
        await viewer.close()
    with web.shared.engine.connect() as connection:
        row = connection.execute(select(audit).where(audit.c.what == "live.view")).one()
    assert (row.role, row.detail) == ("operator", '{"device": "cam-1"}')


async def test_large_pictures_are_whole_over_a_network_that_loses_every_seventh_packet(web: Bench) -> None:
    camera = RingCamera(web, "cam-1", width=320, height=240)
    camera.play(1)
    assert len(camera.shown[0]) > 40 * 1300, "more packets than go out at once"
    camera.say_online(cam_1="online")
    async with open_house(web) as client:
        viewer = Viewer(client)
        viewer.lose_every(7)
        assert (await viewer.watch("cam-1")).status_code == 201
        async with asyncio.timeout(20.0):
            while len(viewer.pictures) < 2 * GOP:
                seen = len(viewer.pictures)
                camera.play(1)
                # A picture whose last packet is lost is missed, and asked for, only when the next one comes.
                with contextlib.suppress(TimeoutError):
                    await until(lambda seen=seen: len(viewer.pictures) > seen, timeout_s=0.6)  # type: ignore[misc]
        for got, true in zip(viewer.pictures, decoded(camera.shown), strict=False):
            assert np.array_equal(got, true)
        await viewer.close()


async def test_two_viewers_share_one_reader_which_stops_with_the_last(web: Bench) -> None:
    camera = RingCamera(web, "cam-1")
    camera.play(GOP)
    camera.say_online(cam_1="online")
    async with open_house(web) as client:
        first, second = Viewer(client), Viewer(client)
        for viewer in (first, second):
            assert (await viewer.watch("cam-1")).status_code == 201
            await until(lambda viewer=viewer: viewer.pictures)  # type: ignore[misc]
        assert (web.shared.views.viewers, web.shared.views.readers) == (2, 1)
        await first.close()
        await until(lambda: web.shared.views.viewers == 1)
        seen = len(second.pictures)
        camera.play(2 * GOP)
        await until(lambda: len(second.pictures) >= seen + 2 * GOP - 1)
        await second.close()
        await until(lambda: (web.shared.views.viewers, web.shared.views.readers) == (0, 0))


async def test_who_vanishes_without_a_word_is_noticed(web: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.view.session.SILENT_S", 2.5)
    camera = RingCamera(web, "cam-1")
    camera.play(GOP)
    camera.say_online(cam_1="online")
    async with open_house(web) as client:
        viewer = Viewer(client)
        assert (await viewer.watch("cam-1")).status_code == 201
        await until(lambda: viewer.pictures)
        await viewer.cut_cable()
        await until(lambda: web.shared.views.viewers == 0)
        await viewer.close()


async def test_the_session_of_a_person_who_was_logged_out_ends(web: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.view.session.ALLOWED_S", 0.0)
    camera = RingCamera(web, "cam-1")
    camera.play(GOP)
    camera.say_online(cam_1="online")
    async with open_house(web) as client:
        viewer = Viewer(client)
        assert (await viewer.watch("cam-1")).status_code == 201
        assert (await client.delete("/v1/session")).status_code == 204
        await until(lambda: web.shared.views.viewers == 0)
        await viewer.ended.wait()
        await viewer.close()


async def test_the_server_ends_with_a_viewer_watching_and_another_not_connected_yet(web: Bench) -> None:
    camera = RingCamera(web, "cam-1")
    camera.play(GOP)
    camera.say_online(cam_1="online")
    async with open_house(web) as client:
        viewer, half = Viewer(client), Viewer(client)
        assert (await viewer.watch("cam-1")).status_code == 201
        await until(lambda: viewer.pictures)
        offer = await half.offer()
        assert (await client.post("/v1/live/cam-1/whep", content=offer, headers=SDP)).status_code == 201
        assert web.shared.views.viewers == 2
        async with asyncio.timeout(3):
            await web.shared.views.close()
        assert (web.shared.views.viewers, web.shared.views.readers) == (0, 0)
        assert (await Viewer(client).watch("cam-1")).status_code == 503
        await viewer.ended.wait()
        await viewer.close()
        await half.close()


async def test_why_there_is_no_live_video_is_said(web: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    said: dict[str, tuple[int, str | None]] = {}
    async with open_house(web) as client:
        offer = await Viewer(client).offer()

        async def ask(case: str, device: str = "cam-1", body: str = offer, kind: str = "application/sdp") -> None:
            answer = await client.post(f"/v1/live/{device}/whep", content=body, headers={"Content-Type": kind})
            said[case] = (answer.status_code, answer.json().get("code"))
            assert body[:40] not in answer.text

        await ask("unknown device", "cam-99")
        await ask("not seen yet")
        h265 = RingCamera(web, "cam-1", Codec.H265)
        h265.say_online(cam_1="online")
        await ask("nothing came")
        h265.play(1)
        await ask("H.265 alone")
        h265.say_online(cam_1="unreachable")
        await ask("unreachable")
        h265.say_online(cam_1="online")
        sub = RingCamera(web, "cam-1.sub")
        sub.play(1)
        await ask("no offer", body="v=0 this is none")
        await ask("JSON", kind="application/json")
        with monkeypatch.context() as small:
            small.setattr("api.view.whep.MAX_VIEWERS", 0)
            await ask("one too many")
        web.clock.step(60)
        sub.say_online(cam_1="online")
        await ask("nothing for a minute")
    assert said == {
        "unknown device": (404, None),
        "not seen yet": (409, "live-offline"),
        "nothing came": (409, "live-no-picture"),
        "H.265 alone": (409, "live-h265"),
        "unreachable": (409, "live-offline"),
        "no offer": (422, None),
        "JSON": (415, None),
        "one too many": (503, "live-full"),
        "nothing for a minute": (409, "live-no-picture"),
    }


async def test_an_h265_camera_is_shown_by_its_h264_sub_stream(web: Bench) -> None:
    main, sub = RingCamera(web, "cam-1", Codec.H265), RingCamera(web, "cam-1.sub")
    main.play(GOP)
    sub.play(GOP)
    sub.say_online(cam_1="online")
    async with open_house(web, Role.WALL) as client:
        viewer = Viewer(client)
        assert (await viewer.watch("cam-1")).status_code == 201
        await until(lambda: viewer.pictures)
        assert np.array_equal(viewer.pictures[0], decoded(sub.shown)[0])
        await viewer.close()


async def test_nobody_ends_the_session_of_another(web: Bench) -> None:
    camera = RingCamera(web, "cam-1")
    camera.play(GOP)
    camera.say_online(cam_1="online")
    async with open_house(web) as client, web.logged_in(Role.OPERATOR) as other:
        viewer = Viewer(client)
        assert (await viewer.watch("cam-1")).status_code == 201
        assert (await other.delete(viewer.location)).status_code == 404
        foreign = {**SDP, "Origin": "http://elsewhere.test"}
        assert (await client.post("/v1/live/cam-1/whep", content="", headers=foreign)).status_code == 403
        assert web.shared.views.viewers == 1
        await viewer.close()
