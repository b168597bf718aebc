"""A private bus, planner and web server for one drill, on a free port, gone afterwards with everything they wrote."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from api import launch, run_folder
from api.access.rights import Role
from api.access.sessions import create_device_token, create_login
from api.log.bus import start_embedded
from api.settings import Settings
from api.store import migrate, open_store
from camera_config.clock import Clock
from camera_config.errors import CountyError

START_S = 90.0
LOOK_S = 0.1
END_S = 8.0


@dataclass(frozen=True, slots=True)
class Private:
    """Where the private server answers; ``login`` works once."""

    url: str
    login: str
    device: str
    data: Path


@contextmanager
def private_server(county: Path, clock: Clock) -> Iterator[Private]:
    """Give a running server; call it from the main thread, whose end takes the processes along.

    Raises:
        CountyError: it did not come up within ``START_S``.
    """
    data = Path(tempfile.mkdtemp(prefix="kakou-drill-"))
    run = run_folder.create()
    processes: list[subprocess.Popen[bytes]] = []
    try:
        settings = Settings(county=county.resolve(), data=data, listen_port=0)
        settings.write(run.path)
        migrate(settings.store_url)
        processes.append(start_embedded(run, data))
        for name in ("planner", "web"):
            command = launch.command(name, data, f"api.workers.{name}", str(run.path))
            processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL))
        url = _wait(run.path / "web.port", processes, clock)
        engine = open_store(settings.store_url)
        login, device = create_login(engine, Role.OPERATOR, clock), create_device_token(engine, "units", clock)
        engine.dispose()
        yield Private(url, login, device, data)
    finally:
        for process in reversed(processes):
            process.terminate()
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        run_folder.remove(run)
        shutil.rmtree(data, ignore_errors=True)


def _wait(port_file: Path, processes: list[subprocess.Popen[bytes]], clock: Clock) -> str:
    until_s = clock.monotonic_s() + START_S
    with httpx.Client(timeout=2.0, trust_env=False) as client:
        while clock.monotonic_s() < until_s:
            if any(process.poll() is not None for process in processes):
                break
            clock.sleep(LOOK_S)
            if not port_file.exists():
                continue
            url = f"http://127.0.0.1:{port_file.read_text(encoding='ascii')}"
            try:
                parts = client.get(f"{url}/healthz").json()["parts"]
            except (httpx.HTTPError, ValueError, KeyError):
                continue
            if all(state == "up" for state in parts.values()):
                return url
    raise CountyError("the private server did not come up", hint="Run `kakou doctor`.")
