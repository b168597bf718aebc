"""One camera's bytes may end a decoding process, but not for ever."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from detection.in_hand import (
    CAUSE,
    CAUSE_HUNG,
    DEATHS,
    FORGIVEN_S,
    HUNG_S,
    LEFT_OUT_LONG_S,
    LEFT_OUT_S,
    START_S,
    InHand,
    Pulse,
)
from ingest.slot import SlotWriter

ROOT = Path(__file__).parents[2]

DYING = """
import os, signal, sys
from pathlib import Path
from types import SimpleNamespace
from camera_config.clock import SystemClock
from detection.analyst import Analyst
from detection.decode import CpuDecoder
from detection.in_hand import InHand
from tests.support.small_county import small_county

class Deadly(CpuDecoder):
    def decode(self, payload, codec):
        if payload == b"deadly":
            os.kill(os.getpid(), signal.SIGKILL)
        return super().decode(payload, codec)

clock, folder = SystemClock(), Path(sys.argv[1])
hand = InHand(folder, "detect-0", clock.monotonic_s())
desk = Analyst(
    [], small_county(cameras=2).cameras, SimpleNamespace(objects=None), slots=folder / "slots",
    tiles=folder / "tiles", data=folder, clock=clock, decoder=Deadly(), in_hand=hand,
)
while desk.step() is not None:
    pass
told = desk.tidy()
desk.close()
hand.close()
print(desk.counters.decode_errors, [(one.key, one.data["picture"].value, one.data["cause"]) for one in told])
"""


def worker(folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", DYING, str(folder)],
        capture_output=True,
        check=False,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "."},
    )


def put(folder: Path, feed: str, payload: bytes, sequence: int) -> None:
    with SlotWriter(folder / "slots" / feed, 1000) as slot:
        slot.put(payload, sequence=sequence, at=1.0, mono_s=1.0, epoch=1)


def test_a_camera_that_killed_the_decoder_is_left_out_and_the_others_go_on(tmp_path: Path) -> None:
    for name in ("slots", "tiles"):
        (tmp_path / name).mkdir()
    put(tmp_path, "cam-1", b"deadly", 1)
    put(tmp_path, "cam-2", b"no picture", 1)
    assert worker(tmp_path).returncode == -signal.SIGKILL
    put(tmp_path, "cam-1", b"deadly", 2)
    put(tmp_path, "cam-2", b"no picture", 2)
    after = worker(tmp_path)
    assert after.returncode == 0, after.stderr[-2000:]
    assert after.stdout == f"1 [('cam-1', 'unknown', '{CAUSE}')]\n"


def die(folder: Path, feed: str, now_s: float) -> InHand:
    """Take a feed in hand, never finish, and return the note that the next process finds."""
    InHand(folder, "detect-0", now_s).take(feed, now_s)
    return InHand(folder, "detect-0", now_s)


def test_it_is_left_out_for_a_minute_and_after_three_deaths_for_ten(tmp_path: Path) -> None:
    now_s = 5000.0
    for _ in range(DEATHS - 1):
        note = die(tmp_path, "cam-1", now_s)
        assert note.left_out(now_s + LEFT_OUT_S - 1) == {"cam-1": CAUSE}
        assert note.left_out(now_s + LEFT_OUT_S) == {}
        now_s += LEFT_OUT_S
    note = die(tmp_path, "cam-1", now_s)
    assert note.left_out(now_s + LEFT_OUT_LONG_S - 1) == {"cam-1": CAUSE}
    assert note.left_out(now_s + LEFT_OUT_LONG_S) == {}
    assert die(tmp_path, "cam-2", now_s).left_out(now_s).keys() == {"cam-1", "cam-2"}
    later_s = now_s + FORGIVEN_S + LEFT_OUT_LONG_S
    assert die(tmp_path, "cam-1", later_s).left_out(later_s + LEFT_OUT_S) == {}, "an hour without a death"


def test_who_ends_between_two_keyframes_blames_nobody(tmp_path: Path) -> None:
    note = InHand(tmp_path, "detect-0", 1.0)
    note.take("cam-1", 1.0)
    note.done()
    assert InHand(tmp_path, "detect-0", 2.0).left_out(2.0) == {}
    assert InHand(tmp_path, "detect-1", 2.0).left_out(2.0) == {}


def test_who_is_killed_while_looking_blames_nobody_unless_he_hung(tmp_path: Path) -> None:
    note = InHand(tmp_path, "detect-0", 1.0)
    note.take("cam-1", 1.0)
    note.looks()
    note = InHand(tmp_path, "detect-0", 2.0)
    assert note.left_out(2.0) == {}
    note.take("cam-2", 2.0)
    note.looks()
    assert watched(Pulse(tmp_path, "detect-0"), 1.0, 3.0, 2.0 + HUNG_S + 0.1) == "cam-2"
    assert InHand(tmp_path, "detect-0", 20.0).left_out(20.0) == {"cam-2": CAUSE_HUNG}
    assert InHand(tmp_path, "detect-0", 21.0).left_out(21.0) == {"cam-2": CAUSE_HUNG}, "after another start too"


def watched(pulse: Pulse, started_s: float, from_s: float, to_s: float) -> str | None:
    """Look every second and at the end; return what is said first."""
    times = [from_s + step for step in range(int(to_s - from_s) + 1)]
    return next((feed for at in (*times, to_s) if (feed := pulse.hangs(started_s, at)) is not None), None)


def test_who_beats_in_time_does_not_hang_and_who_hangs_is_told_of_once(tmp_path: Path) -> None:
    note, pulse = InHand(tmp_path, "detect-0", 0.0), Pulse(tmp_path, "detect-0")
    note.beat(10.0)
    assert watched(pulse, 1.0, 10.0, 10.0 + HUNG_S) is None
    note.beat(20.0)
    assert watched(pulse, 1.0, 25.5, 20.0 + HUNG_S) is None
    assert pulse.hangs(1.0, 20.1 + HUNG_S) == "", "nothing was in hand"
    assert watched(pulse, 1.0, 36.0, 60.0) is None
    assert InHand(tmp_path, "detect-0", 60.0).left_out(60.0) == {}


def test_a_process_has_time_to_start_and_its_predecessors_beat_is_not_its_own(tmp_path: Path) -> None:
    pulse = Pulse(tmp_path, "detect-0")
    assert watched(pulse, 5.0, 5.0, 5.0 + START_S) is None, "there is no note yet"
    InHand(tmp_path, "detect-0", 150.0).beat(150.0)
    assert watched(pulse, 200.0, 200.0, 200.0 + START_S) is None
    assert pulse.hangs(200.0, 200.1 + START_S) == ""


def test_while_the_supervisor_was_held_up_too_nobody_hangs(tmp_path: Path) -> None:
    note, pulse = InHand(tmp_path, "detect-0", 0.0), Pulse(tmp_path, "detect-0")
    note.take("cam-1", 10.0)
    assert pulse.hangs(1.0, 11.0) is None
    assert pulse.hangs(1.0, 1000.0) is None, "the machine slept"
    assert watched(pulse, 1.0, 1000.0, 1000.0 + HUNG_S) is None
    assert pulse.hangs(1.0, 1000.1 + HUNG_S) == "cam-1"


@pytest.mark.parametrize("written", ["", "[1]", '{"cam-1": 3}', "{"])
def test_a_damaged_list_of_deaths_is_an_empty_one(tmp_path: Path, written: str) -> None:
    (tmp_path / "detect-0.deaths").write_text(written, encoding="utf-8")
    assert InHand(tmp_path, "detect-0", 1.0).left_out(1.0) == {}
