"""A detecting process that hangs is killed at its deadline; its camera has no analytics, and the others go on."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from api.settings import Settings
from api.supervisor import Child, Supervisor
from camera_config.clock import SystemClock
from detection.in_hand import CAUSE_HUNG, HUNG_S, Pulse
from ingest.slot import SlotWriter
from tests.support.tiny_h264 import annex_b, encode

ROOT = Path(__file__).parents[2]

HANGING = """
import json, os, signal, sys, time
from pathlib import Path
from types import SimpleNamespace
from camera_config.clock import SystemClock
from detection.analyst import Analyst
from detection.in_hand import InHand
from tests.support.small_county import small_county

class Hanging:
    damaged = 0

    def find_many(self, images, *, minimum=None):
        if images[0].shape[0] == 64:
            os.kill(os.getpid(), signal.SIGSTOP)
        return [[] for _ in images]

clock, folder = SystemClock(), Path(sys.argv[1])
desk = Analyst(
    [], small_county(cameras=2).cameras, SimpleNamespace(objects=Hanging()), slots=folder / "slots",
    tiles=folder / "tiles", data=folder, clock=clock, in_hand=InHand(folder, "detect-0", clock.monotonic_s()),
)
told = []
while True:
    while desk.step() is not None:
        pass
    told += [(one.key, one.data["cause"]) for one in desk.tidy()]
    (folder / "said.draft").write_text(json.dumps([desk.counters.keyframes_analysed, told]))
    (folder / "said.draft").rename(folder / f"said-{os.getpid()}")
    time.sleep(0.05)
"""


class Ahead(SystemClock):
    """The machine's clock, some seconds ahead."""

    ahead_s = 0.0

    def monotonic_s(self) -> float:
        return super().monotonic_s() + self.ahead_s


def until(holds: Callable[[], bool], supervisor: Supervisor) -> None:
    give_up_s = time.monotonic() + 30
    supervisor.watch(until=lambda: holds() or time.monotonic() > give_up_s)
    assert holds()


def test_a_hanging_process_is_killed_and_its_camera_named_and_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Ahead()
    supervisor = Supervisor(Settings(tmp_path, tmp_path / "data"), clock)
    run = supervisor.run_folder
    for name, height in (("cam-1", 64), ("cam-2", 48)):
        with SlotWriter(run.slots / name, 100_000) as slot:
            slot.put(annex_b(encode(64, height)[0]), sequence=1, at=1.0, mono_s=clock.monotonic_s(), epoch=1)

    def start() -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, "-c", HANGING, str(run.path)], cwd=ROOT, env={"PYTHONPATH": str(ROOT)})

    try:
        supervisor._add(Child("detect-0", start, 0, Pulse(run.path, "detect-0")))
        first = supervisor.pids()["detect-0"]
        until(lambda: psutil.Process(first).status() == psutil.STATUS_STOPPED, supervisor)
        for _ in range(int(HUNG_S) + 1):
            supervisor.watch(until=lambda: True)
            supervisor._look_after(supervisor._children[0])
            clock.ahead_s += 1.0
        until(lambda: supervisor.pids().get("detect-0", first) != first, supervisor)
        second = supervisor.pids()["detect-0"]
        said = run.path / f"said-{second}"
        until(said.exists, supervisor)
        analysed, told = json.loads(said.read_text())
        assert analysed == 1, "the other camera's keyframe"
        assert ["cam-1", CAUSE_HUNG] in told
        assert [r.getMessage() for r in caplog.records if "hangs" in r.getMessage()] == [
            f"process.hangs name=detect-0 pid={first} feed=cam-1"
        ]
    finally:
        supervisor.stop()
