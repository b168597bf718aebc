"""The ingest process as the supervisor starts it: what it tells, how its input ends, and that a dead bus is nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from api.log.asked import RAISED
from api.log.bus import EVENTS, LIVE
from api.metrics.feed_counts import read_counts
from api.workers.device_rows import DeviceRows
from api.workers.ingest import DEVICES, feeds_of
from camera_config.county import County
from camera_config.example import example_county
from camera_config.ids import CameraId
from camera_config.load import load_county
from camera_config.secrets import Login, Secrets, change_secrets
from ingest.auth import Credentials
from ingest.feed import FeedKind, FeedStatus
from ingest.health import Note, State
from ingest.simulate.server import CameraServer, CameraServerThread
from ingest.slot import SlotReader
from tests.support.bus_system import ROOT, BusSystem, wait_until
from tests.support.receiving import source

Json = dict[str, Any]

SECRETS = Secrets.open(Path("no such file"))
ROW = {
    *("feed", "kind", "state", "since", "cause", "last_frame_at", "fps", "codec", "width", "height", "gop_s", "via"),
    *("sub_state", "watched", "notes", "clock_offset_s"),
}


@pytest.fixture
def system() -> Iterator[BusSystem]:
    made = BusSystem()
    try:
        yield made
    finally:
        made.close()


@cache
def county() -> County:
    return load_county(example_county())


@contextmanager
def worker(system: BusSystem) -> Iterator[subprocess.Popen[bytes]]:
    """Run the process on all checkpoints and two cameras, simulated."""
    settings = replace(system.settings, county=example_county(), cameras=2, ring_mb=15)
    mounts = [str(feed.id) for feed in feeds_of(county(), settings, SECRETS)]
    with CameraServerThread(CameraServer(dict.fromkeys(mounts, source()))) as cameras:
        replace(settings, rtsp_base=cameras.url("").rstrip("/")).write(system.run.path)
        with (system.parent / "ingest.log").open("ab") as log:
            argv = [sys.executable, "-m", "api.workers.ingest", str(system.run.path)]
            process = subprocess.Popen(
                argv, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=log, stderr=log
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def devices(system: BusSystem) -> list[Json]:
    """Return the latest row of each device: those of the last full message, and what was told since."""
    rows: dict[str, Json] = {}
    for _, fields in system.bus.xrange(LIVE):
        rows |= {row["feed"]: row for row in json.loads(fields["data"])["devices"]}
    return list(rows.values())


def events(system: BusSystem, kind: str) -> list[Json]:
    told = [json.loads(fields["event"]) for _, fields in system.bus.xrange(EVENTS)]
    return [event["data"] for event in told if event["kind"] == kind]


def stop(process: subprocess.Popen[bytes]) -> float:
    """Send SIGTERM; return how long the process took."""
    began_s = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    return time.monotonic() - began_s


def test_checkpoints_and_the_first_cameras_are_pulled_from_where_the_settings_say(system: BusSystem) -> None:
    feeds = feeds_of(county(), replace(system.settings, cameras=2, rtsp_base="rtsp://127.0.0.1:1/"), SECRETS)
    assert [feed.id for feed in feeds[-2:]] == [camera.id for camera in county().cameras[:2]]
    assert {feed.id for feed in feeds if feed.kind is FeedKind.CHECKPOINT} == {one.id for one in county().checkpoints}
    assert feeds[-1].url == f"rtsp://127.0.0.1:1/{feeds[-1].id}"
    everything = feeds_of(county(), system.settings, SECRETS)
    assert len(everything) == len(county().cameras) + len(county().checkpoints)
    assert everything[-1].url == county().cameras[-1].url


def test_sub_streams_networks_and_secrets_go_to_the_feeds(system: BusSystem, tmp_path: Path) -> None:
    change_secrets(tmp_path / "secrets.json", lambda all_of_them: all_of_them.logins.update({"*": Login("u", "one")}))
    secrets = Secrets.open(tmp_path / "secrets.json")
    camera = replace(county().cameras[0], sub_url="rtsp://10.0.0.3/second")
    small = replace(county(), cameras=(camera,), checkpoints=(), camera_networks=("10.0.0.0/8",))
    real = feeds_of(small, system.settings, secrets)[0]
    assert (real.url, real.sub_url) == (camera.url, "rtsp://10.0.0.3/second")
    assert real.networks is not None
    assert real.networks.why_refused("10.0.0.3") is None
    assert real.networks.why_refused("127.0.0.1") is not None
    assert real.credentials is not None
    assert real.credentials() == Credentials("u", "one")
    change_secrets(tmp_path / "secrets.json", lambda all_of_them: all_of_them.logins.update({"*": Login("u", "two")}))
    assert real.credentials() == Credentials("u", "two"), "read again, without a restart"
    played = feeds_of(small, replace(system.settings, rtsp_base="rtsp://127.0.0.1:1"), secrets)[0]
    assert played.sub_url == f"rtsp://127.0.0.1:1/{camera.id}/sub"
    assert played.networks is not None
    assert [played.networks.why_refused(address) for address in ("127.0.0.1", "10.0.0.3")] == [None, None]


def test_only_what_changed_is_told_and_everything_every_tenth_time() -> None:
    one = replace(
        FeedStatus(**dict.fromkeys(FeedStatus.__slots__, 0)),
        feed=CameraId("one"),
        state=State.ONLINE,
        notes=(),
        cause="",
    )
    two = replace(one, feed=CameraId("two"))
    rows = DeviceRows()
    told = [
        rows.message([replace(one, fps=25.0 + second / 10), two], 1000.0 + second, float(second))
        for second in range(12)
    ]
    assert [message["full"] for message in told] == [second in (0, 10) for second in range(12)]
    assert [len(message["devices"]) for message in told] == [2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 2, 0]
    later = rows.message([one, replace(two, notes=(Note.FLOOD,))], 1012.0, 12.0)
    assert [(row["feed"], row["notes"]) for row in later["devices"]] == [("two", ["flood"])]


def test_states_counters_and_the_end_of_the_input_are_told(system: BusSystem) -> None:
    system.start_bus()
    with worker(system) as process:
        assert wait_until(lambda: [row["state"] for row in devices(system)] == ["online"] * 15, 30)
        row, street = devices(system)[0], str(devices(system)[-1]["feed"])
        assert set(row) == ROW
        assert (row["codec"], row["width"], row["via"], row["sub_state"], row["watched"]) == (
            "h264",
            64,
            "rtsp",
            None,
            "main",
        )
        assert row["last_frame_at"] == pytest.approx(time.time(), abs=5)
        assert len(json.loads(system.bus.get(DEVICES))["devices"]) == 15
        live = system.bus.xrevrange(LIVE, count=1)[0][1]
        assert live["kind"] == "devices"
        assert set(json.loads(live["data"])) == {"at", "mono_s", "full", "devices"}

        system.bus.hset(RAISED, mapping={"no-such-feed": "nan", street: str(time.time() + 600)})
        assert wait_until(lambda: any(data["keyframes_raised"] >= 1 for data in events(system, "counters")), 30)

        process.send_signal(signal.SIGUSR1)
        assert wait_until(lambda: any("input_ended" in data for data in events(system, "counters")))
        final = events(system, "counters")[-1]
        assert final["input_ended"] == 1
        assert final["keyframes_received"] == final["keyframes_gated"] + final["keyframes_offered"] > 0
        offered = 0
        for feed in {str(row["feed"]) for row in devices(system)}:
            item = SlotReader(system.run.slots / feed).peek()
            offered += item.sequence if item else 0
        assert offered == final["keyframes_offered"]
        of_feeds = read_counts(system.run)
        assert len(of_feeds) == 15
        sums = {name: sum(counts[name] for counts in of_feeds.values()) for name in of_feeds[street]}
        assert sums == {name: final[name] for name in sums}, "what is told of each feed adds up to the totals"
        assert of_feeds[street]["keyframes_received"] > 0
        assert len(events(system, "feed.state")) == 15
        assert set(events(system, "feed.state")[0]) == {"feed", "state", "since", "cause"}
        told = system.bus.xlen(LIVE)
        assert wait_until(lambda: system.bus.xlen(LIVE) > told)
        assert [len(json.loads(fields["data"])["devices"]) < 15 for _, fields in system.bus.xrange(LIVE)].count(True)
        assert process.poll() is None

        assert stop(process) <= 5.0
        assert events(system, "counters")[-1] == final


def test_a_bus_that_comes_late_and_hangs_later_disturbs_neither_receiving_nor_the_end(system: BusSystem) -> None:
    with worker(system) as process:
        reader = SlotReader(system.run.slots / "kk-town-west")

        def number() -> int:
            item = reader.peek()
            return item.sequence if item else 0

        assert wait_until(lambda: number() >= 3, 30)
        system.start_bus()
        assert wait_until(lambda: len(devices(system)) == 15, 30)
        assert wait_until(lambda: len(events(system, "feed.state")) == 15), "what was told before is not lost"
        assert system.bus_process is not None
        system.bus_process.send_signal(signal.SIGSTOP)
        try:
            before = number()
            assert wait_until(lambda: number() >= before + 8, 30)
            assert stop(process) <= 5.0
        finally:
            system.bus_process.send_signal(signal.SIGCONT)
