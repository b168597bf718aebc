"""What comes in is capped, what goes out is told how to behave."""

from pathlib import Path

import httpx
import pytest

from api.access.rights import Role
from api.app import create_app
from tests.support.web import ORIGIN, Bench

JSON = {"Content-Type": "application/json"}


async def test_a_body_beyond_a_megabyte_is_refused(web: Bench) -> None:
    async with web.logged_in(Role.DEVICE) as client:
        told = await client.post("/v1/units/positions", content=b" " * 1_048_577, headers=JSON)

        async def endless() -> object:
            for _ in range(40):
                yield b" " * 65_536

        untold = await client.post("/v1/units/positions", content=endless(), headers=JSON)
        most = await client.post("/v1/units/positions", content=b" " * 1_048_576, headers=JSON)
    assert [told.status_code, untold.status_code, most.status_code] == [413, 413, 422]


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b"{", b"\xff\xfe", b"null", b'{"positions": NaN}', b"1e999", b'"\\ud800"']
)
async def test_what_is_not_what_we_ask_for_is_answered_and_not_repeated(web: Bench, body: bytes) -> None:
    async with web.logged_in(Role.DEVICE) as client:
        answer = await client.post("/v1/units/positions", content=body, headers=JSON)
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    assert "input" not in answer.json()


@pytest.mark.parametrize("path", ["/healthz", "/", "/v1/devices", "/nothing", "/v1/session"])
async def test_every_answer_carries_the_security_headers(web: Bench, path: str) -> None:
    async with web.client() as client:
        headers = (await client.get(path)).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


async def test_a_wall_that_is_not_built_says_what_to_do(web: Bench) -> None:
    async with web.client() as client:
        assert "run make setup" in (await client.get("/")).text


async def test_the_built_wall_is_served_and_nothing_beside_it(web: Bench, tmp_path: Path) -> None:
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<!doctype html>大屏", encoding="utf-8")
    (static / "assets" / "a-1.js").write_text("1", encoding="utf-8")
    (tmp_path / "secret").write_text("canary", encoding="utf-8")
    transport = httpx.ASGITransport(create_app(web.shared, static))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        assert "大屏" in (await client.get("/")).text
        assert "immutable" in (await client.get("/assets/a-1.js")).headers["cache-control"]
        for path in (
            "/../secret",
            "/..%2fsecret",
            "/%2e%2e/secret",
            "/assets/..%2f..%2fsecret",
            "/assets/%00",
        ):
            answer = await client.get(path)
            assert "canary" not in answer.text
            assert answer.status_code in {400, 404}
        assert (await client.get("/v1/devices")).status_code == 401


async def test_names_are_text_on_the_page_without_scripts(web: Bench) -> None:
    async with web.logged_in(Role.WALL) as client:
        page = await client.get("/status")
    assert page.status_code == 200
    assert "不明 UNKNOWN" in page.text
    assert "<script" not in page.text
    assert "<b>" not in page.text
