"""The web process itself: it says where it listens, streams, and is gone soon after SIGTERM whatever browsers do."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from api.access.rights import Role
from api.access.sessions import create_login
from api.log.bus import LIVE, connect, start_embedded
from api.log.live import fields
from api.run_folder import RunFolder
from api.settings import Settings
from api.store import migrate, open_store
from camera_config.example import example_county
from tests.support.bus_system import wait_until
from tests.support.feed import parse
from tests.support.web import short_home

ROOT = Path(__file__).parents[3]
ENDS_S = 8.0


@dataclass
class Web:
    process: subprocess.Popen[bytes]
    settings: Settings
    run: RunFolder
    url: str

    def cookie(self, role: Role) -> str:
        engine = open_store(self.settings.store_url)
        token = create_login(engine, role)
        engine.dispose()
        answer = httpx.post(f"{self.url}/v1/session", json={"token": token}, headers={"Origin": self.url})
        assert answer.status_code == 200
        return answer.cookies["kakou"]


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    """Give one process to both tests; the second ends it."""
    with short_home() as (run, data), ExitStack() as stack:
        data.mkdir()
        settings = Settings(county=example_county(), data=data, listen_port=0)
        settings.write(run.path)
        migrate(settings.store_url)
        bus = start_embedded(run, data)
        stack.callback(end, bus)
        log = stack.enter_context((data / "web.log").open("wb"))
        process = subprocess.Popen(
            [sys.executable, "-m", "api.workers.web", str(run.path)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=log,
            stderr=log,
        )
        stack.callback(end, process)
        port = run.path / "web.port"
        assert wait_until(lambda: port.exists() or process.poll() is not None, 60.0)
        assert process.poll() is None, (data / "web.log").read_text(encoding="utf-8")
        yield Web(process, settings, run, f"http://127.0.0.1:{port.read_text(encoding='ascii')}")


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def test_nothing_but_the_door_is_open_on_a_fresh_install(web: Web) -> None:
    with httpx.Client(base_url=web.url) as client:
        assert client.get("/healthz").json()["parts"]["store"] == "up"
        assert client.get("/v1/readiness").status_code == 401
        assert client.get("/v1/events").status_code == 401
        assert client.get("/openapi.json").status_code == 404
        assert client.get("/docs").status_code == 404
    listening = {line.split()[1] for line in Path(f"/proc/{web.process.pid}/net/tcp").read_text().splitlines()[1:]}
    port = f"{int(web.url.rpartition(':')[2]):04X}"
    assert [
        address for address in listening if address.endswith(f":{port}") and not address.startswith("0100007F")
    ] == []


def test_it_ends_soon_with_a_browser_listening_and_another_stuck(web: Web) -> None:
    cookie = web.cookie(Role.WALL)
    stuck = socket.create_connection(("127.0.0.1", int(web.url.rpartition(":")[2])))
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stuck.sendall(f"GET /v1/events HTTP/1.1\r\nHost: x\r\nCookie: kakou={cookie}\r\n\r\n".encode())
    bus = connect(web.settings, web.run)
    with httpx.stream("GET", f"{web.url}/v1/events", headers={"Cookie": f"kakou={cookie}"}, timeout=10.0) as good:
        assert good.headers["content-type"].startswith("text/event-stream")
        pieces = good.iter_bytes()
        seen = b""
        while b"event: readiness" not in seen:
            seen += next(pieces)
        kinds = [kind for kind, _ in parse(seen)]
        assert kinds[:5] == ["hello", "status", "devices", "units", "readiness"]
        padding = "x" * 20_000
        for n in range(300):
            bus.xadd(LIVE, fields("passage", {"n": n, "padding": padding}), maxlen=5000)
        began_s = time.monotonic()
        while b'"n":299' not in seen:
            seen = seen[-100:] + next(pieces)
        assert time.monotonic() - began_s < 5.0
        began_s = time.monotonic()
        web.process.send_signal(signal.SIGTERM)
        for _ in pieces:
            pass  # the good browser's stream is ended properly
        assert web.process.wait(ENDS_S) == 0
        assert time.monotonic() - began_s <= ENDS_S
    stuck.close()
    bus.close()
    said = (web.settings.data / "web.log").read_text(encoding="utf-8")
    assert cookie not in said
    assert "Traceback" not in said
