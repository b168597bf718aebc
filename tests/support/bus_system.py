"""A real event log with a real keeper process, for tests that kill them."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from api import run_folder
from api.log.bus import connect, start_embedded
from api.log.outbox import Outbox, outbox_path
from api.run_folder import RunFolder
from api.settings import Settings
from api.store import migrate

ROOT = Path(__file__).parents[2]


def wait_until(done: Callable[[], bool], limit_s: float = 10.0, every_s: float = 0.01) -> bool:
    """Return whether ``done`` became true in time."""
    until = time.monotonic() + limit_s
    pause = threading.Event()
    while not done():
        if time.monotonic() > until:
            return False
        pause.wait(every_s)
    return True


class BusSystem:
    """Bus and keeper in a run folder and a data folder of their own."""

    def __init__(self, store: str = "") -> None:
        self.parent = Path(tempfile.mkdtemp(prefix="kt-", dir="/tmp"))
        self.run: RunFolder = run_folder.create(self.parent)
        data = self.parent / "data"
        data.mkdir()
        self.settings = Settings(county=self.parent / "no-county", data=data, store=store)
        self.settings.write(self.run.path)
        self.bus_process: subprocess.Popen[bytes] | None = None
        self.keeper: subprocess.Popen[bytes] | None = None

    def start_bus(self, memory: str = "64mb") -> None:
        self.bus_process = start_embedded(self.run, self.settings.data, memory=memory)
        self.bus = connect(self.settings, self.run)

    def kill_bus(self) -> None:
        assert self.bus_process is not None
        self.bus_process.kill()
        self.bus_process.wait()

    def lose_bus(self) -> None:
        """Kill the bus and delete its files."""
        self.kill_bus()
        shutil.rmtree(self.settings.data / "bus")

    def start_keeper(self) -> None:
        with (self.parent / "keeper.log").open("ab") as log:
            self.keeper = subprocess.Popen(
                [sys.executable, "-m", "api.workers.keeper", str(self.run.path)],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
            )

    def kill_keeper(self) -> None:
        assert self.keeper is not None
        self.keeper.kill()
        self.keeper.wait()

    def outbox(self, name: str) -> Outbox:
        return Outbox(outbox_path(self.settings.data, name), name)

    def close(self) -> None:
        for process in (self.keeper, self.bus_process):
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        run_folder.remove(self.run)
        shutil.rmtree(self.parent, ignore_errors=True)


@contextmanager
def bus_system(*, keeper: bool = True, store: str = "") -> Iterator[BusSystem]:
    """Yield a running bus, a migrated store and, if wanted, a keeper."""
    system = BusSystem(store)
    try:
        migrate(system.settings.store_url)
        system.start_bus()
        if keeper:
            system.start_keeper()
        yield system
    finally:
        system.close()
