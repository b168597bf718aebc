"""Every route against every role, compared with a list that a person reviewed (S1)."""

import csv
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute, WebSocketRoute

from api.access.rights import Role, allow, roles_of
from api.app import ROUTERS, routes
from tests.support.web import Bench

RIGHTS = Path(__file__).parents[1] / "rights.csv"
ENDLESS = "/v1/events"


def reviewed() -> dict[tuple[str, str], frozenset[Role]]:
    with RIGHTS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = {(r["method"], shape(r["path"])): frozenset(Role(role) for role in r["roles"].split()) for r in rows}
    assert len(found) == len(rows), "a route stands twice in rights.csv"
    return found


def shape(path: str) -> str:
    """A path with its parameters unnamed: their names are not a right."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def declared(app: FastAPI) -> dict[tuple[str, str], frozenset[Role] | None]:
    return {
        (method, shape(route.path)): roles_of(route)  # type: ignore[attr-defined]
        for route in routes(app)
        for method in sorted((getattr(route, "methods", None) or set(_socket(route))) - {"HEAD"})
    }


def _socket(route: BaseRoute) -> list[str]:
    """A WebSocket has no method; the list calls it WS."""
    return ["WS"] if isinstance(route, WebSocketRoute) else []


async def test_every_route_declares_the_roles_that_were_reviewed(web: Bench) -> None:
    assert declared(web.app) == reviewed()


async def test_the_app_has_no_router_beside_the_listed_ones(web: Bench) -> None:
    unnamed = [route for route in web.app.routes if getattr(route, "path", None) is None]
    assert len(unnamed) in {0, len(ROUTERS)}


def test_a_route_without_a_declaration_is_noticed() -> None:
    router = APIRouter()

    @router.get("/open")
    async def forgotten() -> None: ...

    @router.get("/twice", dependencies=[allow(Role.OPERATOR), allow(Role.WALL)])
    async def twice() -> None: ...

    assert [roles_of(route) for route in router.routes] == [None, None]


def test_a_declaration_without_a_role_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        allow()


async def ask(client: httpx.AsyncClient, method: str, path: str) -> int:
    body = {"json": {}} if method == "POST" else {}
    return (await client.request(method, path.replace("{}", "nothing-of-this-name"), **body)).status_code  # type: ignore[arg-type]


async def test_every_route_lets_in_exactly_the_roles_it_declares(web: Bench) -> None:
    wrong = []
    for role in Role:
        for (method, path), roles in sorted(reviewed().items()):
            if method == "WS" or (path == ENDLESS and role in roles):
                continue  # tests/api/view and tests/api/live ask them with a real server: they never end
            async with web.logged_in(role) as client:
                status = await ask(client, method, path)
            barred = status in {401, 403}
            allowed = role in roles or Role.ANONYMOUS in roles
            if path == "/v1/session" and method == "POST":
                allowed, barred = True, status != 422
            elif not allowed:
                barred = status == (401 if role is Role.ANONYMOUS else 403)
            if barred == allowed or status >= 500:
                wrong.append((role.value, method, path, status))
    assert not wrong


@pytest.mark.parametrize(
    "header",
    [
        {"X-Forwarded-User": "admin"},
        {"Remote-User": "admin"},
        {"Remote-Role": "administrator"},
        {"X-Original-URL": "/healthz"},
        {"X-Forwarded-For": "127.0.0.1"},
        {"Authorization": "Basic YWRtaW46YWRtaW4="},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer " + "a" * 10_000},
        {"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJyb2xlIjoiYWRtaW4ifQ."},
        {"Cookie": "kakou=x; role=administrator"},
    ],
)
async def test_no_header_makes_a_caller_somebody(web: Bench, header: dict[str, str]) -> None:
    async with web.client() as client:
        assert (await client.get("/v1/devices", headers=header)).status_code == 401
