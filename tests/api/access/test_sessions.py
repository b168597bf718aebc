import asyncio

import httpx
import pytest
from sqlalchemy import select

from api.access.rights import Role
from api.access.sessions import ABSOLUTE_S, LOGIN_S, create_device_token, create_login, revoke_device
from api.access.tables import devices, logins, sessions
from tests.support.web import ORIGIN, Bench


async def login(client: httpx.AsyncClient, token: str) -> int:
    return (await client.post("/v1/session", json={"token": token})).status_code


async def test_a_fresh_install_has_nobody_and_says_nothing(web: Bench) -> None:
    with web.shared.engine.connect() as connection:
        assert [connection.execute(select(table)).all() for table in (logins, sessions, devices)] == [[], [], []]


async def test_a_one_time_link_works_once(web: Bench) -> None:
    token = create_login(web.shared.engine, Role.OPERATOR, web.clock)
    async with web.client() as first, web.client() as second:
        statuses = await asyncio.gather(login(first, token), login(second, token))
        assert sorted(statuses) == [200, 401]
        assert await login(first, token) == 401


async def test_a_link_dies_after_half_an_hour(web: Bench) -> None:
    token = create_login(web.shared.engine, Role.OPERATOR, web.clock)
    web.clock.step(LOGIN_S)
    async with web.client() as client:
        assert await login(client, token) == 401


async def test_no_token_is_stored(web: Bench) -> None:
    login_token = create_login(web.shared.engine, Role.WALL, web.clock)
    device_token = create_device_token(web.shared.engine, "units", web.clock)
    async with web.client() as client:
        await login(client, login_token)
        cookie = client.cookies["kakou"]
    raw = b"".join(path.read_bytes() for path in web.shared.settings.data.glob("kakou.db*"))
    assert [token for token in (login_token, device_token, cookie) if token.encode() in raw] == []


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(web: Bench) -> None:
    token = create_login(web.shared.engine, Role.OPERATOR, web.clock)
    async with web.client() as client:
        answer = await client.post("/v1/session", json={"token": token})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie  # plain http; over https the name is __Host-kakou
    transport = httpx.ASGITransport(web.app)
    async with httpx.AsyncClient(transport=transport, base_url="https://kakou.test") as client:
        token = create_login(web.shared.engine, Role.OPERATOR, web.clock)
        cookie = (await client.post("/v1/session", json={"token": token})).headers["set-cookie"]
        assert cookie.startswith("__Host-kakou=")
        assert "Secure" in cookie
        assert (await client.get("/v1/session")).json()["role"] == "operator"


@pytest.mark.parametrize(("role", "left"), [(Role.OPERATOR, True), (Role.ADMINISTRATOR, True), (Role.WALL, False)])
async def test_an_idle_person_is_logged_out_and_a_wall_is_not(web: Bench, role: Role, left: bool) -> None:
    async with web.logged_in(role) as client:
        web.clock.step(14 * 60)
        assert (await client.get("/v1/session")).status_code == 200
        web.clock.step(14 * 60)
        assert (await client.get("/v1/session")).status_code == 200
        web.clock.step(15 * 60)
        assert (await client.get("/v1/session")).status_code == (401 if left else 200)


async def test_what_a_page_asks_by_itself_keeps_nobody_logged_in(web: Bench) -> None:
    async with web.logged_in(Role.OPERATOR) as client:
        for _ in range(4):
            web.clock.step(4 * 60)
            last = await client.get("/v1/readiness", headers={"Kakou-Quiet": "1"})
        assert last.status_code == 401


async def test_a_session_ends_with_the_shift(web: Bench) -> None:
    async with web.logged_in(Role.WALL) as client:
        web.clock.step(ABSOLUTE_S - 1)
        assert (await client.get("/v1/session")).status_code == 200
        web.clock.step(1)
        assert (await client.get("/v1/session")).status_code == 401


async def test_logging_out_ends_the_session_at_once(web: Bench) -> None:
    async with web.logged_in(Role.OPERATOR) as client:
        cookie = client.cookies["kakou"]
        assert (await client.delete("/v1/session")).status_code == 204
        client.cookies.set("kakou", cookie)
        assert (await client.get("/v1/session")).status_code == 401


async def test_a_revoked_device_is_nobody(web: Bench) -> None:
    async with web.logged_in(Role.DEVICE) as client:
        assert (await client.post("/v1/units/positions", json={})).status_code == 422
        revoke_device(web.shared.engine, "units", web.clock)
        assert (await client.post("/v1/units/positions", json={})).status_code == 401


FOREIGN = [
    {"Origin": "null"},
    {"Origin": "http://evil.test"},
    {"Origin": ORIGIN + ".evil.test"},
    {"Origin": "http://evilkakou.test"},
    {"Origin": "https://kakou.test"},
    {"Origin": ORIGIN + ":8443"},
    {"Origin": ""},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://evil.test", "Sec-Fetch-Site": "same-origin"},
    {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"},
    {},
]


@pytest.mark.parametrize("headers", FOREIGN)
async def test_another_site_can_change_nothing_with_our_cookie(web: Bench, headers: dict[str, str]) -> None:
    async with web.logged_in(Role.OPERATOR) as client:
        del client.headers["Origin"]
        assert (await client.delete("/v1/session", headers=headers)).status_code == 403
        assert (await client.get("/v1/session")).status_code == 200


@pytest.mark.parametrize("headers", [{"Origin": ORIGIN}, {"Sec-Fetch-Site": "same-origin"}])
async def test_our_own_page_can(web: Bench, headers: dict[str, str]) -> None:
    async with web.logged_in(Role.OPERATOR) as client:
        del client.headers["Origin"]
        assert (await client.delete("/v1/session", headers=headers)).status_code == 204


async def test_a_form_from_elsewhere_is_no_json(web: Bench) -> None:
    token = create_login(web.shared.engine, Role.OPERATOR, web.clock)
    async with web.client() as client:
        answer = await client.post(
            "/v1/session", content=f'{{"token":"{token}"}}', headers={"Content-Type": "text/plain"}
        )
        assert answer.status_code == 422
        assert token not in answer.text
        foreign = await client.post("/v1/session", json={"token": token}, headers={"Origin": "http://evil.test"})
        assert foreign.status_code == 403
