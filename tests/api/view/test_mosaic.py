"""The socket of pictures, over a real server: who may open it, what it sends, and a browser that does not read."""

import asyncio
import json
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from api.access.rights import Role
from api.access.sessions import create_login
from api.view.mosaic import SHOW_LIMIT
from ingest.slot import SlotWriter
from tests.support.waiting import until
from tests.support.web import Bench, served


class Tiles:
    """Writes tiles as detection does."""

    def __init__(self, web: Bench) -> None:
        self._web = web
        self._slots: dict[str, SlotWriter] = {}

    def put(self, device: str, payload: bytes) -> None:
        slot = self._slots.setdefault(device, SlotWriter(self._web.shared.run.tiles / device, 40_000))
        clock = self._web.clock
        slot.put(payload, sequence=slot.sequence + 1, at=clock.wall_s, mono_s=clock.mono_s, epoch=1)


async def log_in(web: Bench, url: str, role: Role = Role.WALL) -> str:
    async with httpx.AsyncClient(base_url=url, headers={"Origin": url}) as client:
        await client.post("/v1/session", json={"token": create_login(web.shared.engine, role, web.clock)})
        return client.cookies["kakou"]


@asynccontextmanager
async def screen(web: Bench, *shown: str) -> AsyncIterator[ClientConnection]:
    """Give a connected browser that shows these devices."""
    async with served(web) as url:
        headers = {"Cookie": f"kakou={await log_in(web, url)}", "Origin": url}
        async with connect(f"ws{url[4:]}/v1/mosaic", additional_headers=headers, proxy=None) as socket:
            await show(socket, *shown)
            yield socket


async def show(socket: ClientConnection, *shown: str) -> None:
    await socket.send(json.dumps({"show": list(shown)}))


async def picture(socket: ClientConnection) -> tuple[dict[str, Any], bytes]:
    async with asyncio.timeout(5):
        message = await socket.recv(decode=False)
    length = int.from_bytes(message[:2], "big")
    return json.loads(message[2 : 2 + length]), bytes(message[2 + length :])


async def test_only_what_changed_and_is_visible_is_sent_with_its_age(web: Bench) -> None:
    tiles = Tiles(web)
    tiles.put("cam-1", b"one")
    tiles.put("cam-2", b"two")
    web.clock.step(2.5)
    async with screen(web, "cam-1", "nobody") as socket:
        head, jpeg = await picture(socket)
        assert (head, jpeg) == ({"id": "cam-1", "at": web.clock.wall_s - 2.5, "age_s": 2.5}, b"one")
        tiles.put("cam-2", b"two again")
        tiles.put("cam-1", b"one again")
        head, jpeg = await picture(socket)
        assert (head["id"], head["age_s"], jpeg) == ("cam-1", 0.0, b"one again")
        await show(socket, "cam-2", "cam-1")
        assert await picture(socket) == ({"id": "cam-2", "at": web.clock.wall_s, "age_s": 0.0}, b"two again")
    assert web.shared.mosaic.screens == 0


async def test_the_newest_go_first_and_a_picture_that_was_overtaken_is_never_sent(web: Bench) -> None:
    tiles = Tiles(web)
    for n, device in enumerate(("cam-2", "cam-1", "cp-n")):
        for version in range(3):
            web.clock.step(1)
            tiles.put(device, b"%d %d" % (n, version))
    async with screen(web, "cam-1", "cam-2", "cp-n") as socket:
        assert [(await picture(socket))[1] for _ in range(3)] == [b"2 2", b"1 2", b"0 2"]


async def test_a_browser_that_does_not_read_costs_no_memory_and_is_let_go(
    web: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.view.mosaic.STUCK_S", 1.0)
    monkeypatch.setattr("api.view.mosaic.LOOK_S", 0.001)
    tiles = Tiles(web)
    tiles.put("cam-1", b"first")
    async with screen(web, "cam-1") as stuck:
        await picture(stuck)
        stuck.transport.pause_reading()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        put = 0
        while web.shared.mosaic.screens:
            tiles.put("cam-1", bytes(39_000))
            put += 1
            await asyncio.sleep(0.002)
        assert put * 39_000 > 15_000_000
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 10 * 1024
        stuck.transport.abort()


ORIGINS = [
    None,
    "null",
    "http://elsewhere.test",
    "http://127.0.0.1",
    "http://127.0.0.1.elsewhere.test:{port}",
    "http://elsewhere.test/127.0.0.1:{port}",
    "https://127.0.0.1:{port}",
    "http://127.0.0.1:{port}, http://elsewhere.test",
    "http://localhost:{port}",
]


async def test_no_page_of_another_site_gets_a_socket(web: Bench) -> None:
    async with served(web) as url:
        cookie = {"Cookie": f"kakou={await log_in(web, url)}"}
        for origin in ORIGINS:
            own = {} if origin is None else {"Origin": origin.format(port=url.rpartition(":")[2])}
            with pytest.raises(InvalidStatus) as refused:
                await connect(f"ws{url[4:]}/v1/mosaic", additional_headers={**cookie, **own}, proxy=None)
            assert refused.value.response.status_code == 403, origin
        async with connect(f"ws{url[4:]}/v1/mosaic", additional_headers={**cookie, "Origin": url}, proxy=None):
            pass


async def test_only_a_session_of_one_who_may_look_gets_a_socket(web: Bench) -> None:
    async with served(web) as url:
        for cookie in ("", "kakou=", "kakou=guessed", "kakou=" + "x" * 5000):
            headers = {"Cookie": cookie, "Origin": url}
            with pytest.raises(InvalidStatus) as refused:
                await connect(f"ws{url[4:]}/v1/mosaic", additional_headers=headers, proxy=None)
            assert refused.value.response.status_code in {400, 401}
        for role in (Role.OPERATOR, Role.WALL, Role.ADMINISTRATOR):
            headers = {"Cookie": f"kakou={await log_in(web, url, role)}"}
            async with connect(
                f"ws{url[4:]}/v1/mosaic", additional_headers={**headers, "Origin": url}, proxy=None
            ) as socket:
                assert socket.protocol.extensions == []


async def test_the_socket_of_an_ended_session_is_closed(web: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.view.routes.SESSION_S", 0.05)
    async with served(web) as url:
        cookie = await log_in(web, url)
        headers = {"Cookie": f"kakou={cookie}"}
        async with connect(
            f"ws{url[4:]}/v1/mosaic", additional_headers={**headers, "Origin": url}, proxy=None
        ) as socket:
            async with httpx.AsyncClient(base_url=url, headers={"Origin": url, **headers}) as client:
                assert (await client.delete("/v1/session")).status_code == 204
            with pytest.raises(ConnectionClosed) as closed:
                await picture(socket)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4401


ODD = [
    "",
    "[]",
    '{"show": "cam-1"}',
    '{"show": [1]}',
    '{"show": [], "hide": []}',
    json.dumps({"show": ["cam-1"] * (SHOW_LIMIT + 1)}),
    b'{"show": []}',
    "x" * 70_000,
]


async def test_a_message_not_as_agreed_ends_the_socket(web: Bench) -> None:
    async with served(web) as url:
        headers = {"Cookie": f"kakou={await log_in(web, url)}", "Origin": url}
        for said in ODD:
            async with connect(f"ws{url[4:]}/v1/mosaic", additional_headers=headers, proxy=None) as socket:
                await socket.send(said)
                with pytest.raises(ConnectionClosed) as closed:
                    await picture(socket)
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code in {1008, 1009}, said
        await until(lambda: web.shared.mosaic.screens == 0)
