"""The whole system, as a new user starts it."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from lockdown.certificate import verify_certificate
from tests.support.demo_system import RunningDemo, log_in, running_demo

WALL_S = 15.0
"""After this no surface may show READY when planner or event log have stopped (PLANNER.md 2.6)."""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    file = tmp_path_factory.mktemp("demo") / "report.json"
    argv = [
        sys.executable,
        "-m",
        "api.cli",
        "demo",
        "--for",
        "20",
        "--headless",
        "--cameras",
        "6",
        "--report",
        str(file),
    ]
    subprocess.run(argv, check=True, timeout=240)
    found = json.loads(file.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


@pytest.mark.timeout(300)
def test_all_devices_are_online_and_every_keyframe_is_accounted_for(report: dict[str, Any]) -> None:
    assert report["devices_online"] == report["devices_total"] == 19
    done = report["keyframes_analysed"] + report["keyframes_superseded"] + report["keyframes_gated"]
    assert done == report["keyframes_received"] > 0


def test_every_vehicle_gives_one_passage_with_its_plate(report: dict[str, Any]) -> None:
    assert report["passages_true"] >= 15
    assert report["passages_matched"] >= 0.9 * report["passages_true"]
    assert report["passages_duplicate"] + report["passages_false"] <= max(1, 0.02 * report["passages_true"])
    assert report["plates_right"] >= 0.9 * report["plates_true"], report["misread"]


def test_the_watchlist_raised_an_alert(report: dict[str, Any]) -> None:
    assert report["alerts"] >= 1
    assert report["alert_p99_ms"] > 0


def test_every_certificate_verifies(report: dict[str, Any]) -> None:
    for ring in ("town", "county", "joint"):
        assert report[ring]["certificate"] is not None
        verify_certificate(report[ring]["certificate"])
    assert report["leaks"] == 0


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[RunningDemo]:
    with running_demo(tmp_path, "--cameras", "2") as running:
        yield running


def children(demo: RunningDemo, name: str) -> list[psutil.Process]:
    found = psutil.Process(demo.process.pid).children(recursive=True)
    return [child for child in found if any(name in word for word in child.cmdline())]


def until(what: str, done: Any, limit_s: float) -> float:
    start_s = time.monotonic()
    pause = threading.Event()
    while not done():
        assert time.monotonic() - start_s < limit_s, f"not within {limit_s} s: {what}"
        pause.wait(0.1)
    return time.monotonic() - start_s


@pytest.mark.timeout(240)
@pytest.mark.parametrize("stopped", ["api.workers.planner", "valkey"])
def test_without_planner_or_event_log_no_surface_says_ready(demo: RunningDemo, stopped: str) -> None:
    client = log_in(demo)
    until("a verdict", lambda: client.get("/v1/readiness").json()["state"] != "unknown", 60)
    for child in children(demo, stopped):
        child.suspend()
    until("unknown", lambda: client.get("/v1/readiness").json()["state"] == "unknown", WALL_S)
    for child in children(demo, stopped):
        child.resume()


@pytest.mark.timeout(240)
def test_a_signal_ends_everything_within_ten_seconds_with_a_client_connected(demo: RunningDemo) -> None:
    client = log_in(demo)
    family = psutil.Process(demo.process.pid).children(recursive=True)
    with client.stream("GET", "/v1/events", timeout=httpx.Timeout(10.0)) as stream:
        next(stream.iter_lines())
        start_s = time.monotonic()
        demo.process.send_signal(signal.SIGTERM)
        demo.process.wait(12)
        assert time.monotonic() - start_s < 12
    _, alive = psutil.wait_procs(family, timeout=2)
    assert alive == []
