"""What the routes of one web process share: settings, county, store, bus, outbox and clock."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from fastapi import HTTPException, Request
from redis.asyncio import Redis
from sqlalchemy import Engine

from api.devices.board import Board
from api.live.hub import Hub
from api.positions.border import Border
from api.positions.intake import Intake
from api.recordings.shelf import Shelf
from api.run_folder import RunFolder
from api.settings import Settings
from api.view.mosaic import Mosaic
from api.view.whep import Views
from camera_config.clock import Clock
from camera_config.county import County

if TYPE_CHECKING:
    from api.log.outbox import Outbox

P = ParamSpec("P")
T = TypeVar("T")

DB_THREADS = 4
"""SQLite has one writer; a few threads keep slow reads from holding up short ones (facts/traps 2.23)."""

FILE_THREADS = 2
"""Making a playback reads and writes for seconds; it must not hold up the store."""

DB_WAITING = 256
"""Calls waiting for a database thread; one more is answered 503 at once rather than late."""


class Services:
    """Handed to ``create_app`` once; building it starts nothing but idle threads. ``close`` ends them."""

    def __init__(
        self,
        *,
        settings: Settings,
        run: RunFolder,
        county: County,
        engine: Engine,
        clock: Clock,
        bus: Redis,
        outbox: "Outbox",
    ) -> None:
        self.settings = settings
        self.run = run
        self.county = county
        self.engine = engine
        self.clock = clock
        self.bus = bus
        self.outbox = outbox
        self.board = Board(county, settings, run)
        self.border = Border(county)
        stream, file = county.positions, settings.secrets_file
        self.intake = None if stream is None else Intake(stream, bus, self.border, clock, outbox, file)
        self.hub = Hub(bus, clock, self.board, self.intake)
        self.views = Views(run.rings, settings, clock)
        self.mosaic = Mosaic(run.tiles, self.board.tiles, clock)
        folder = settings.recordings_folder
        self.shelf = None if folder is None else Shelf(folder, settings.data / "playback", clock)
        self._threads = ThreadPoolExecutor(DB_THREADS, thread_name_prefix="db")
        self._file_threads = ThreadPoolExecutor(FILE_THREADS, thread_name_prefix="files")
        self._waiting = 0

    async def db(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return ``function(*args)``, run in a thread of the database's own pool.

        Raises:
            HTTPException: 503 when too many calls wait already.
        """
        if self._waiting >= DB_WAITING:
            raise HTTPException(503, "the store is busy", headers={"Retry-After": "1"})
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: function(*args, **kwargs))
        finally:
            self._waiting -= 1

    async def files(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return ``function(*args)``, run in a thread for long work on files."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._file_threads, lambda: function(*args, **kwargs))

    def now(self) -> float:
        """Return unix seconds, for records."""
        return self.clock.now().timestamp()

    def close(self) -> None:
        """End the threads; what runs is finished first."""
        self._threads.shutdown(wait=True)
        self._file_threads.shutdown(wait=True)
        if self.shelf is not None:
            self.shelf.close()


def services(request: Request) -> Services:
    """Return the services of the app that serves ``request``; use it as a dependency."""
    found = request.app.state.services
    assert isinstance(found, Services)
    return found
