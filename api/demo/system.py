"""The demo system: supervisor, camera simulator and unit simulator, and an operator who talks to the public API."""

import json
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from api.access.rights import Role
from api.access.sessions import create_device_token, create_login
from api.settings import Settings
from api.store import open_store
from api.supervisor import Supervisor
from camera_config.errors import CountyError
from camera_config.example import example_county

READY_S = 120.0
"""Longest wait for a part of the demo to come up; a cold machine compiles the planner once."""

RENDER_S = 600.0
"""Longest wait for the simulator to encode and render its footage ahead."""

MARGIN_S = 30.0
"""Of footage more than the timed run takes: the system comes up and goes down while it plays."""

RING_MB = 192
"""Some seconds of the demo's small streams."""

RECORD_MB = 2048
"""A demo may take so much of somebody's disk for recorded video."""

WANTED = 5
"""Vehicles on the watchlist that the simulator lets pass."""

MEASURED_SEED = 1
"""The invented county's speed points were measured on the pictures of this seed."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What a person chooses of a demo; ``for_s`` of None runs until it is ended."""

    county: Path
    data: Path
    cameras: int = 60
    for_s: float | None = None
    seed: int = 1
    port: int = 8080
    clips: Path | None = None
    detectors: int = 2


def as_measured(options: DemoOptions) -> bool:
    """Return whether the checkpoints show the pictures that the county's speed points were measured on.

    They hold for the invented county and the simulator's first seed: another one hangs the cameras up anew, and given
    footage shows other roads.
    """
    return (
        options.clips is None
        and options.seed == MEASURED_SEED
        and options.county.resolve() == example_county().resolve()
    )


class DemoFailed(CountyError):
    """The demo could not come up."""

    code = "demo"


class DemoSystem:
    """Everything the demo starts; ``close`` ends all of it within 10 s and may be called at any time."""

    def __init__(self, options: DemoOptions, say: Callable[[str], None]) -> None:
        self.options = options
        self.truth = options.data / "truth.jsonl"
        self._say = say
        self._simulators: list[subprocess.Popen[str]] = []
        self.supervisor: Supervisor | None = None
        self.http = httpx.Client(timeout=10.0, trust_env=False)
        self.port = 0

    def start(self) -> None:
        """Bring up simulator and system; returns when the API answers and the operator is logged in."""
        self.options.data.mkdir(parents=True, exist_ok=True)
        wanted = self._wanted()
        base = self._start_cameras(wanted)
        settings = Settings(
            county=self.options.county.resolve(),
            data=self.options.data.resolve(),
            listen_port=self.options.port,
            rtsp_base=base,
            cameras=self.options.cameras,
            detectors=self.options.detectors,
            ring_mb=RING_MB,
            record_mb=RECORD_MB,
            calibrated=as_measured(self.options),
        )
        self.supervisor = Supervisor(settings)
        self.supervisor.end_on_signals()
        self.supervisor.start()
        self._wait("the web process did not come up", self._web_is_up)
        self.engine = open_store(settings.store_url)
        self._log_in()
        self._start_units()
        for plate in wanted:
            self._watch(plate)

    def link(self, role: Role = Role.OPERATOR) -> str:
        """Return a new one-time link to the wall; the token stands in the fragment, which is never sent or logged."""
        return f"http://127.0.0.1:{self.port}/#token={create_login(self.engine, role)}"

    def get(self, path: str, **parameters: str | int | float) -> Any:
        """Return what the public API answers to the logged-in operator."""
        answer = self.http.get(f"{self._url}{path}", params=parameters)
        answer.raise_for_status()
        return answer.json()

    def run(self, until: Callable[[], bool]) -> bool:
        """Supervise until ``until()`` is true or a signal asks for the end; return whether ``until`` came true."""
        assert self.supervisor is not None
        self.supervisor.watch(until)
        return not self.supervisor.ending

    def wait(self, what: str, done: Callable[[], bool], limit_s: float = READY_S) -> None:
        """Supervise until ``done()``.

        Raises:
            DemoFailed: not within ``limit_s``, or a signal asked for the end.
        """
        self._wait(what, done, limit_s)

    def stop_input(self) -> None:
        """Stop pulling streams; what was received is still analysed."""
        assert self.supervisor is not None
        self.supervisor.signal("ingest", signal.SIGUSR1)

    def finish_analysis(self) -> None:
        """Let the detectors take what waits and end all tracks."""
        assert self.supervisor is not None
        self.supervisor.signal("detect", signal.SIGUSR1)

    @property
    def simulator_pids(self) -> list[int]:
        """The processes that play cameras and units."""
        return [process.pid for process in self._simulators]

    def close(self) -> None:
        """End everything, simulators last, and say nothing about what was not started."""
        self.http.close()
        for process in self._simulators:
            process.terminate()
        if self.supervisor is not None:
            self.supervisor.stop()
        for process in self._simulators:
            try:
                process.wait(3.0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _wanted(self) -> list[str]:
        """Choose plates to look for, as a person would who knows of a vehicle beforehand."""
        if self.options.clips is None:
            from ingest.simulate.numbers import wanted_plates  # noqa: PLC0415 - only the demo draws plates

            return wanted_plates(self.options.seed, WANTED)
        rows = (self.options.clips / "truth.csv").read_text(encoding="utf-8-sig").splitlines()[1:]
        plates = [row.split(",")[2].strip() for row in rows if row.count(",") >= 2]
        return plates[:: max(1, len(plates) // WANTED)][:WANTED]

    def _start_cameras(self, wanted: list[str]) -> str:
        o = self.options
        argv = ["--county", str(o.county), "--cameras", str(o.cameras), "--port", "0", "--seed", str(o.seed)]
        argv += ["--truth", str(self.truth)]
        argv += ["--clips", str(o.clips)] if o.clips else []
        argv += ["--render", str(o.for_s + MARGIN_S)] if o.for_s is not None else []
        for plate in wanted:
            argv += ["--wanted", plate]
        process = self._simulate("cameras", argv, stdout=subprocess.PIPE)
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("{"):
                return str(json.loads(line)["base"])
            self._say(line.rstrip())
        raise DemoFailed("the camera simulator ended before it was ready", hint="See its message above.")

    def _start_units(self) -> None:
        token_file = self.options.data / f"units-{secrets.token_hex(4)}.token"
        token_file.touch(mode=0o600)
        token_file.write_text(create_device_token(self.engine, "units"), encoding="ascii")
        argv = ["--api", self._url, "--token-file", str(token_file), "--seed", str(self.options.seed)]
        self._simulate("units", [*argv, "--county", str(self.options.county)], stdout=subprocess.DEVNULL)

    def _simulate(self, what: str, argv: list[str], stdout: int) -> subprocess.Popen[str]:
        logs = self.options.data / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        command = [
            sys.executable,
            "-m",
            "api.launch",
            f"simulate-{what}",
            str(logs),
            "api.cli",
            "simulate",
            what,
            *argv,
        ]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, text=True, start_new_session=True)
        self._simulators.append(process)
        return process

    def _web_is_up(self) -> bool:
        assert self.supervisor is not None
        try:
            self.port = int((self.supervisor.run_folder.path / "web.port").read_text(encoding="ascii"))
            return self.http.get(f"{self._url}/healthz").status_code == httpx.codes.OK
        except (OSError, ValueError, httpx.HTTPError):
            return False

    def _log_in(self) -> None:
        token = create_login(self.engine, Role.OPERATOR)
        answer = self.http.post(f"{self._url}/v1/session", json={"token": token}, headers={"Origin": self._url})
        answer.raise_for_status()
        self.http.headers["Origin"] = self._url

    def _watch(self, plate: str) -> None:
        ends_at = time.time() + 24 * 3600
        entry = {"plate": plate, "reason": "演示布控", "requester": "演示", "ends_at": ends_at}
        self.http.post(f"{self._url}/v1/watchlist", json=entry).raise_for_status()

    def _wait(self, what: str, done: Callable[[], bool], limit_s: float = READY_S) -> None:
        deadline_s = time.monotonic() + limit_s
        if not self.run(lambda: done() or time.monotonic() > deadline_s):
            raise DemoFailed("ended before it was ready", hint="Start it again when you want it.")
        if time.monotonic() > deadline_s:
            raise DemoFailed(what, hint=f"Look into {self.options.data / 'logs'}; `kakou doctor` checks the machine.")
