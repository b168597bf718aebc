"""The process as the supervisor starts it: killed once, asked by the bus, ended in order."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from api.log.asked import RECORD
from api.log.bus import EVENTS, LIVE
from api.workers.record import streams_of
from camera_config.county import Recording
from camera_config.example import example_county
from camera_config.load import load_county
from ingest.record.index import Index
from ingest.record.segment import PART
from ingest.record.verify import verify
from tests.ingest.record.feeding import Camera, clip, scanned
from tests.ingest.record.killing import GOP, RealTime
from tests.support.bus_system import ROOT, BusSystem, wait_until


@pytest.fixture
def system() -> Iterator[BusSystem]:
    made = BusSystem()
    try:
        yield made
    finally:
        made.close()


@contextmanager
def sending(rings: Path, name: str) -> Iterator[Camera]:
    """A camera that never stops."""
    camera = Camera(rings, name, RealTime())
    camera.units, camera.ticks = clip(gop=GOP), camera.ticks // 2
    ending = threading.Event()

    def feed() -> None:
        while not ending.is_set():
            camera.send()

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        yield camera
    finally:
        ending.set()
        thread.join()


def start(system: BusSystem) -> subprocess.Popen[bytes]:
    with (system.parent / "record.log").open("ab") as log:
        argv = [sys.executable, "-m", "api.workers.record", str(system.run.path)]
        return subprocess.Popen(argv, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=log, stderr=log)


def test_what_the_bus_asks_for_is_recorded_through_a_kill_and_told(system: BusSystem) -> None:
    settings = replace(system.settings, county=example_county(), cameras=0)
    settings.write(system.run.path)
    folder = settings.recordings_folder
    assert folder is not None
    stream = str(load_county(example_county()).checkpoints[0].id)
    system.start_bus()
    system.bus.hset(RECORD, stream, str(time.time() + 60))

    def gops() -> int:
        parts = [scanned(path) for path in folder.glob(f"*/*/*{PART}")]
        return sum(len(one.fragments) for one in parts if one)

    with sending(system.run.rings, stream) as camera:
        process = start(system)
        try:
            assert wait_until(lambda: gops() >= 3, 30)
            process.kill()
            process.wait()
            process = start(system)
            assert wait_until(lambda: list(folder.glob("*/*/*.mp4")) and gops() >= 3, 30)
            assert wait_until(lambda: any(f["kind"] == "recorder" for _, f in system.bus.xrange(LIVE)), 20)
            process.send_signal(signal.SIGTERM)
            assert process.wait(15) == 0
        finally:
            process.kill()
            process.wait()
    told = [json.loads(fields["data"]) for _, fields in system.bus.xrange(LIVE) if fields["kind"] == "recorder"][-1]
    assert (told["streams"], told["trouble"]) == (13, None)
    assert set(told) == {"at", "streams", "recording", "free_bytes", "used_bytes", "behind_s", "trouble"}
    assert verify(folder) == []
    index = Index.read(folder)
    (first, *rest) = index.segments(stream, 0, 1e12)
    spans = index.spans(stream, 0, 1e12)
    index.close()
    assert first.reason == "demand"
    assert rest
    assert len(spans) == 1, "nothing is missing at the kill"
    assert spans[0][1] - spans[0][0] <= camera.sent[-1][2] - camera.sent[0][2] + 0.5
    counters = [json.loads(fields["event"]) for _, fields in system.bus.xrange(EVENTS)]
    assert any(one["data"].get("recorded_gops", 0) > 0 for one in counters if one["kind"] == "counters")


def test_the_county_says_what_is_recorded_and_for_how_long(system: BusSystem) -> None:
    county = load_county(example_county())
    first, second, third, *_ = county.cameras
    changed = replace(
        county,
        cameras=(
            replace(first, record=Recording.NONE),
            replace(second, record=Recording.CONTINUOUS, retention_class="days-90"),
            third,
        ),
    )
    streams = streams_of(changed, replace(system.settings, cameras=3))
    assert str(first.id) not in streams
    assert (streams[str(second.id)].always, streams[str(second.id)].days) == (True, 90)
    assert not streams[str(third.id)].always
    assert {str(one.id) for one in county.checkpoints} <= set(streams)
