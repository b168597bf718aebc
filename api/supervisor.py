"""One supervisor owns all processes and the run folder; it restarts what dies and ends everything on SIGTERM.

Restarts follow a breaker: five within a minute open it, and the process is then tried once a minute
(facts/reliability 3.1). Ending follows the data: what receives stops first, the event log last. A process that detects
and does not beat any more is killed at its deadline (``detection.in_hand``), and so begins again.
"""

import logging
import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from api import launch, run_folder
from api.log.bus import start_embedded
from api.run_folder import RunFolder
from api.settings import Settings
from api.store import migrate
from camera_config.clock import Clock, SystemClock
from detection.in_hand import Pulse

log = logging.getLogger(__name__)

RESTARTS = 5
RESTART_WINDOW_S = 60.0
LOOK_S = 0.1
PATIENCE_S = 8.0
"""Within this a process must have ended after SIGTERM; then it is killed. All together end within 10 s."""


@dataclass(slots=True)
class Child:
    """One process under supervision; ``stage`` is when it is ended: lower stages first. ``pulse`` tells if it hangs."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    stage: int
    pulse: Pulse | None = None
    process: subprocess.Popen[bytes] | None = None
    starts_s: deque[float] = field(default_factory=lambda: deque(maxlen=RESTARTS))
    not_before_s: float = 0.0


class Supervisor:
    """Owns the processes of one installation and their run folder. Only the main thread may start it.

    ``start`` brings everything up and returns; ``watch`` restarts what dies until ``stop``; ``stop`` ends all.
    """

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.run_folder: RunFolder = run_folder.create(ring_mb=settings.ring_mb)
        self._clock = clock or SystemClock()
        self._children: list[Child] = []
        self._ending = threading.Event()

    def start(self) -> None:
        """Bring up the event log, prepare the store, then start the workers."""
        data = self.settings.data
        self._logs.mkdir(parents=True, exist_ok=True)
        (data / "outbox").mkdir(exist_ok=True)
        self.settings.write(self.run_folder.path)
        if self.settings.bus.startswith("embedded://"):
            self._add(Child("bus", lambda: start_embedded(self.run_folder, data), stage=2))
        migrate(self.settings.store_url)
        for name, stage in (("keeper", 1), ("planner", 1), ("web", 1), ("ingest", 0)):
            self._add(self._worker(name, f"api.workers.{name}", stage=stage))
        if self.settings.recordings_folder is not None:
            self._add(self._worker("record", "api.workers.record", stage=1))
        for index in range(self.settings.detectors):
            name = f"detect-{index}"
            child = self._worker(name, "api.workers.detect", str(index), stage=0)
            child.pulse = Pulse(self.run_folder.path, name)
            self._add(child)

    def watch(self, until: Callable[[], bool] = lambda: False) -> None:
        """Restart what dies, until ``until()`` is true or the supervisor is told to end."""
        while not self._ending.is_set() and not until():
            for child in self._children:
                self._look_after(child)
            self._ending.wait(LOOK_S)

    def end_on_signals(self) -> None:
        """Let SIGTERM and SIGINT end ``watch``."""

        def end(_number: int, _frame: FrameType | None) -> None:
            self._ending.set()

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)

    @property
    def ending(self) -> bool:
        """True once a signal or ``stop`` asked for the end."""
        return self._ending.is_set()

    def signal(self, prefix: str, number: signal.Signals) -> None:
        """Send a signal to every running process whose name starts with ``prefix``."""
        for child in self._children:
            if child.name.startswith(prefix) and child.process is not None and child.process.poll() is None:
                child.process.send_signal(number)

    def pids(self) -> dict[str, int]:
        """Return the process id of every running child."""
        return {c.name: c.process.pid for c in self._children if c.process is not None and c.process.poll() is None}

    def stop(self) -> None:
        """End all processes, stage by stage, and remove the run folder."""
        self._ending.set()
        deadline_s = self._clock.monotonic_s() + PATIENCE_S
        for stage in sorted({child.stage for child in self._children}):
            group = [c.process for c in self._children if c.stage == stage and c.process is not None]
            for process in group:
                if process.poll() is None:
                    process.terminate()
            for process in group:
                _end(process, max(0.2, deadline_s - self._clock.monotonic_s()))
        run_folder.remove(self.run_folder)

    @property
    def _logs(self) -> Path:
        return self.settings.data / "logs"

    def _worker(self, name: str, module: str, *args: str, stage: int) -> Child:
        argv = launch.command(name, self._logs, module, str(self.run_folder.path), *args)
        return Child(name, lambda: _spawn(argv, self._logs / f"{name}.err"), stage)

    def _add(self, child: Child) -> None:
        self._children.append(child)
        self._start(child)

    def _start(self, child: Child) -> None:
        child.starts_s.append(self._clock.monotonic_s())
        child.process = child.start()
        log.info("process.started name=%s pid=%d", child.name, child.process.pid)

    def _look_after(self, child: Child) -> None:
        now_s = self._clock.monotonic_s()
        if child.process is not None and child.pulse is not None and child.process.poll() is None:
            feed = child.pulse.hangs(child.starts_s[-1], now_s)
            if feed is not None:
                log.error("process.hangs name=%s pid=%d feed=%s", child.name, child.process.pid, feed or "-")
                child.process.kill()
        if child.process is not None and child.process.poll() is not None:
            log.error("process.ended name=%s code=%s", child.name, child.process.returncode)
            child.process = None
            tired = len(child.starts_s) == RESTARTS and now_s - child.starts_s[0] < RESTART_WINDOW_S
            child.not_before_s = now_s + (RESTART_WINDOW_S if tired else 0.0)
        if child.process is None and now_s >= child.not_before_s:
            self._start(child)


def _spawn(argv: Sequence[str], errors: Path) -> subprocess.Popen[bytes]:
    """Start a worker in a session of its own, so that Ctrl-C reaches the supervisor alone."""
    env = {**os.environ, **launch.ONE_THREAD, "PYTHONUNBUFFERED": "1"}
    with errors.open("wb") as stderr:
        return subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr, env=env, start_new_session=True
        )


def _end(process: subprocess.Popen[bytes], patience_s: float) -> None:
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        log.error("process.killed pid=%d", process.pid)
        process.kill()
        process.wait()
