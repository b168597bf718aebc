"""``kakou watch`` over a real socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from typer.testing import CliRunner

from api.access.rights import Role
from api.access.sessions import create_login
from api.commands.watch import watch
from tests.support.bus_system import wait_until
from tests.support.web import Bench


@asynccontextmanager
async def served(web: Bench) -> AsyncIterator[str]:
    """Yield the address at which the app is served."""
    server = uvicorn.Server(uvicorn.Config(web.app, port=0, log_config=None, lifespan="off"))
    running = asyncio.create_task(server.serve())
    assert await asyncio.to_thread(wait_until, lambda: server.started, 30.0)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await running


async def test_a_plate_is_added_listed_and_removed_with_one_link(web: Bench, tmp_path: Path) -> None:
    token_file = tmp_path / "operator.token"
    token = create_login(web.shared.engine, Role.OPERATOR, web.clock)
    token_file.write_text(f"http://127.0.0.1:8080/#token={token}\n")
    ends = f"{datetime.fromtimestamp(web.clock.wall_s + 86_400, UTC):%Y-%m-%d}"
    async with served(web) as url:
        at = ["--api", url, "--token-file", str(token_file)]

        async def run(*words: str) -> str:
            done = await asyncio.to_thread(CliRunner().invoke, watch, [*words, *at])
            return done.output + str(done.exception or "")

        made = await run("add", "吉D·12345", "--reason", "盗抢车辆", "--requester", "张三", "--ends", ends)
        assert "吉D12345 until" in made
        assert token not in token_file.read_text()
        assert token_file.stat().st_mode & 0o777 == 0o600
        assert "吉D12345" in await run("list")
        assert "removed" in await run("remove", made.split()[0])
        assert "吉D12345" not in await run("list")
        assert "no such entry" in await run("remove", made.split()[0])
        too_long = await run("add", "吉D1", "--reason", "盗抢车辆", "--requester", "张三", "--ends", "2099-01-01")
        assert "422" in too_long
        assert "90 days" in too_long
        token_file.write_text("used-or-wrong")
        assert "401" in await run("list")


def test_the_watch_command_says_what_is_wrong(tmp_path: Path) -> None:
    runner = CliRunner()
    missing = runner.invoke(watch, ["list", "--token-file", str(tmp_path / "none")])
    assert "cannot be read" in str(missing.exception)
    (tmp_path / "t").write_text("http://127.0.0.1:9/#token=abc")
    refused = runner.invoke(watch, ["list", "--api", "http://127.0.0.1:9", "--token-file", str(tmp_path / "t")])
    assert "does not answer" in str(refused.exception)
    odd = runner.invoke(watch, ["remove", "../../x", "--token-file", str(tmp_path / "t")])
    assert "is not the id" in str(odd.exception)
