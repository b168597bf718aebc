"""Listening to what pulls one stream, and pulling from a camera with a script."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from camera_config.clock import SystemClock
from camera_config.errors import FeedError
from camera_config.networks import CameraNetworks
from ingest.access_unit import AccessUnit, ParameterSets
from ingest.auth import Credentials
from ingest.connection import Connection
from ingest.rtsp import parse_target
from tests.support.scripted_rtsp import Script, ScriptedCamera

LOOPBACK = CameraNetworks(("127.0.0.0/8",))


class Ear:
    """Listens to a connection; ``count`` and ``fails`` wait for what it tells."""

    def __init__(self) -> None:
        self.plays = 0
        self.units: list[AccessUnit] = []
        self.error: FeedError | None = None
        self.news = asyncio.Event()

    def playing(self) -> None:
        self.plays += 1
        self.news.set()

    def unit(self, unit: AccessUnit) -> None:
        self.units.append(unit)
        self.news.set()

    def failed(self, error: FeedError) -> None:
        assert self.error is None
        self.error = error
        self.news.set()

    async def count(self, units: int) -> None:
        async with asyncio.timeout(10):
            while len(self.units) < units and self.error is None:
                self.news.clear()
                await self.news.wait()

    async def fails(self) -> FeedError:
        async with asyncio.timeout(10):
            while self.error is None:
                self.news.clear()
                await self.news.wait()
        return self.error


@asynccontextmanager
async def connected(
    script: Script, who: Credentials | None = None
) -> AsyncIterator[tuple[ScriptedCamera, Connection, Ear]]:
    async with ScriptedCamera(script) as camera:
        ear = Ear()
        connection = Connection(parse_target(camera.url), who, ParameterSets(), ear, SystemClock())
        await connection.connect(asyncio.get_running_loop())
        yield camera, connection, ear
        connection.close()
