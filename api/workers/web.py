"""The web process: HTTP, the live feed, webhooks and the wall. ``python -m api.workers.web RUN_FOLDER``.

On SIGTERM the event streams end first, so that the server does not wait for browsers that never leave
(facts/traps 2.2); the process is gone within 8 s even where one of them does not read.
"""

import asyncio
import logging
import os
import socket
import sys
from pathlib import Path
from types import FrameType

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from api.alerts.courier import Courier
from api.app import create_app
from api.county.loaded import county_of
from api.live.hub import Hub
from api.live.tasks import cancelled
from api.log.bus import connect_async
from api.log.outbox import Outbox, outbox_path
from api.log.pump import Pump
from api.run_folder import RunFolder
from api.services import Services
from api.settings import Settings
from api.store import open_store
from camera_config.clock import SystemClock
from ingest.loop import new_loop

log = logging.getLogger(__name__)

PORT_FILE = "web.port"
GRACE_S = 3
"""How long requests may still run after SIGTERM; then they are cancelled."""

DRAIN_S = 1.0
STUCK_MS = 30_000
"""A peer that takes nothing for this long is cut off by the kernel (TCP_USER_TIMEOUT)."""

BACKLOG = 512
KEEP_ALIVE_S = 20
PING_S = 4.0
PONG_S = 5.0
"""A WebSocket whose browser does not answer a ping within this is cut off: 9 s after it died at the latest."""

MESSAGE_BYTES = 64 * 1024
"""Largest message of a browser; the ids of 400 tiles have 8 KB."""


class Socket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket, but a dead one is cut off rather than closed: its browser would never read that."""

    def keepalive_timeout(self) -> None:
        """Take it that the browser is gone."""
        super().keepalive_timeout()
        self.transport.abort()


class Server(uvicorn.Server):
    """Ends the event streams as soon as a signal asks the server to end.

    uvicorn raises the signal again when it has shut down, which would end the process before the outbox is closed.
    """

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub
        self._loop = asyncio.get_running_loop()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  (uvicorn's name for it)
        """Take SIGTERM or SIGINT; a second one ends requests too."""
        self.force_exit = self.should_exit
        self.should_exit = True
        self._loop.call_soon_threadsafe(self._hub.stop)


def server_config(app: FastAPI) -> uvicorn.Config:
    """Return how ``app`` is served."""
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        ws=Socket,
        ws_max_size=MESSAGE_BYTES,
        ws_ping_interval=PING_S,
        ws_ping_timeout=PONG_S,
        ws_per_message_deflate=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; what it accepts is cut off when its peer stops taking data."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STUCK_MS)
    found.bind((host, port))
    found.listen(BACKLOG)
    return found


def write_port(run: RunFolder, port: int) -> None:
    """Say where we listen; the file appears whole."""
    draft = run.path / f".{PORT_FILE}"
    draft.write_text(str(port), encoding="ascii")
    os.replace(draft, run.path / PORT_FILE)  # noqa: PTH105  (one word for one system call)


async def serve(settings: Settings, run: RunFolder) -> None:
    """Serve until SIGTERM or SIGINT."""
    engine = open_store(settings.store_url)
    outbox = Outbox(outbox_path(settings.data, "web"), "web")
    pump = Pump(outbox, settings, run)
    pump.start()
    bus = connect_async(settings, run)
    shared = Services(
        settings=settings,
        run=run,
        county=county_of(settings),
        engine=engine,
        clock=SystemClock(),
        bus=bus,
        outbox=outbox,
    )
    sock = listen(settings.listen_host, settings.listen_port)
    server = Server(server_config(create_app(shared)), shared.hub)
    others = [asyncio.create_task(shared.hub.run()), asyncio.create_task(Courier(shared).run())]
    for task in others:
        task.add_done_callback(lambda done: _end_with(done, server))
    apart: list[asyncio.Task[None]] = []
    if shared.intake is not None:
        intake = asyncio.create_task(shared.intake.run())
        intake.add_done_callback(_say_why)
        apart.append(intake)
    write_port(run, sock.getsockname()[1])
    try:
        await server.serve(sockets=[sock])
    finally:
        shared.hub.stop()
        await shared.views.close()
        await cancelled(*apart)
        ended = await cancelled(*others)
        await bus.aclose()
        await asyncio.to_thread(pump.stop, DRAIN_S)
        outbox.close()
        shared.close()
        engine.dispose()
    for result in ended:
        if isinstance(result, Exception):
            raise result


def _say_why(task: asyncio.Task[None]) -> None:
    """Log why the other system's stream is read no more. We go on without it: its silence is shown."""
    if not task.cancelled() and task.exception() is not None:
        log.error("web.positions_died", exc_info=task.exception())


def _end_with(task: asyncio.Task[None], server: Server) -> None:
    """End the process when its hub or courier died: the supervisor starts a whole one."""
    if not task.cancelled() and task.exception() is not None:
        log.error("web.part_died", exc_info=task.exception())
        server.should_exit = True


def main() -> None:
    """Serve the run folder named on the command line."""
    run = RunFolder(Path(sys.argv[1]))
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(serve(Settings.read(run.path), run))


if __name__ == "__main__":
    main()
