"""A real bus, a real store and the real app for tests; the clock may be stepped by hand."""

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from api.access.rights import Role
from api.access.sessions import create_device_token, create_login
from api.app import create_app
from api.log.bus import connect_async, start_embedded
from api.log.outbox import Outbox, outbox_path
from api.run_folder import RunFolder
from api.services import Services
from api.settings import Settings
from api.store import migrate, open_store
from api.workers.web import Server, listen, server_config
from camera_config.county import County

ORIGIN = "http://kakou.test"


class StepClock:
    """A clock that stands still until told to go on."""

    def __init__(self) -> None:
        self.wall_s = 1_800_000_000.0
        self.mono_s = 5_000.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.wall_s, UTC)

    def monotonic_s(self) -> float:
        return self.mono_s

    def sleep(self, seconds: float) -> None:
        self.step(seconds)

    def step(self, seconds: float) -> None:
        self.wall_s += seconds
        self.mono_s += seconds


@dataclass
class Bench:
    """One app with its parts; ``bus_process`` may be ended by a test."""

    app: FastAPI
    shared: Services
    clock: StepClock
    bus_process: subprocess.Popen[bytes] | None

    def client(self, role: Role = Role.ANONYMOUS, subject: str = "units") -> httpx.AsyncClient:
        """Return a client that is not logged in yet, or has a device's token."""
        headers = {"Origin": ORIGIN}
        if role is Role.DEVICE:
            headers["Authorization"] = f"Bearer {create_device_token(self.shared.engine, subject, self.clock)}"
        transport = httpx.ASGITransport(self.app)
        return httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers)

    @asynccontextmanager
    async def logged_in(self, role: Role, subject: str = "units") -> AsyncIterator[httpx.AsyncClient]:
        """Give a client of this role, through the real login."""
        async with self.client(role, subject) as client:
            if role not in {Role.ANONYMOUS, Role.DEVICE}:
                token = create_login(self.shared.engine, role, self.clock)
                answer = await client.post("/v1/session", json={"token": token})
                assert answer.status_code == 200, answer.text
            yield client


@contextmanager
def short_home() -> Iterator[tuple[RunFolder, Path]]:
    """Give a run folder with a short path, and a data folder that is not there yet."""
    home = Path(tempfile.mkdtemp(prefix="kw-", dir="/tmp"))
    run = RunFolder(home / "r")
    for folder in (run.path, run.slots, run.tiles, run.rings):
        folder.mkdir()
    try:
        yield run, home / "d"
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def bus_home() -> Iterator[tuple[RunFolder, Path]]:
    """Give a home of its own to a test."""
    with short_home() as home:
        yield home


@asynccontextmanager
async def bench(home: tuple[RunFolder, Path], county: County, *, bus_up: bool = True) -> AsyncIterator[Bench]:
    """Give an empty store, a bus if it is asked for, and an app over both; a test that wants the hub runs it."""
    run, data = home
    data.mkdir(exist_ok=True)
    chosen = Settings(county=data, data=data, listen_port=0, live_addresses=("127.0.0.1",))
    migrate(chosen.store_url)
    process = start_embedded(run, data) if bus_up else None
    engine, bus, clock = open_store(chosen.store_url), connect_async(chosen, run), StepClock()
    outbox = Outbox(outbox_path(data, "web"), "web")
    shared = Services(settings=chosen, run=run, county=county, engine=engine, clock=clock, bus=bus, outbox=outbox)
    try:
        yield Bench(create_app(shared, data / "no-wall"), shared, clock, process)
    finally:
        await bus.aclose()
        outbox.close()
        shared.close()
        engine.dispose()
        if process is not None:
            process.kill()
            process.wait()


@asynccontextmanager
async def served(web: Bench) -> AsyncIterator[str]:
    """Give the address of a real server on a free port, in this event loop."""
    sock = listen("127.0.0.1", 0)
    server = Server(server_config(web.app), web.shared.hub)
    task = asyncio.create_task(server._serve([sock]))
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        web.shared.hub.stop()
        await web.shared.views.close()
        await task
