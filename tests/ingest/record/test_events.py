"""What is recorded when not everything is: what moves, what is asked for, and some seconds before."""

from itertools import pairwise
from pathlib import Path

import pytest

from ingest.record.index import Index
from ingest.record.segment import Segment
from ingest.record.verify import verify
from tests.ingest.record.feeding import BEGIN, Camera, ManualClock, recorder


class Quiet:
    """A camera before which nothing happens, until ``moves``."""

    def __init__(self, path: Path) -> None:
        self.folder, self.clock = path / "rec", ManualClock()
        self.camera = Camera(path / "rings", "cam-1", self.clock)
        self.recorder = recorder(self.folder, path / "rings", self.clock, "cam-1", always=False)
        self.rests(20)

    def rests(self, seconds: float) -> None:
        self.camera.seconds(seconds, self.recorder)

    def moves(self, seconds: float) -> None:
        self.camera.seconds(seconds, self.recorder, padding=20_000)

    def kept(self) -> list[Segment]:
        self.recorder.close()
        assert verify(self.folder) == []
        index = Index.read(self.folder)
        found = index.segments("cam-1", 0, 1e12)
        index.close()
        return found


@pytest.fixture
def quiet(tmp_path: Path) -> Quiet:
    return Quiet(tmp_path)


def test_nothing_is_recorded_while_nothing_moves(quiet: Quiet) -> None:
    quiet.rests(20)
    assert quiet.kept() == []


def test_what_moves_is_recorded_from_five_seconds_before_to_ten_after(quiet: Quiet) -> None:
    began = quiet.clock.at
    quiet.moves(2)
    quiet.rests(20)
    kept = quiet.kept()
    assert {one.reason for one in kept} == {"event"}
    assert began - 6.1 <= kept[0].start <= began - 3.9
    assert began + 11 <= kept[-1].end <= began + 14


def test_a_second_event_soon_after_the_first_records_nothing_twice(quiet: Quiet) -> None:
    quiet.moves(2)
    quiet.rests(14)
    quiet.moves(2)
    quiet.rests(20)
    kept = quiet.kept()
    assert all(before.end <= after.start for before, after in pairwise(kept))
    assert kept[-1].end - kept[0].start >= 25


def test_what_is_asked_for_is_recorded_until_then(quiet: Quiet) -> None:
    asked = quiet.clock.at
    quiet.recorder.want("cam-1", quiet.clock.mono_s + 7, "demand")
    quiet.recorder.want("cam-9", quiet.clock.mono_s + 7, "demand")
    quiet.rests(20)
    (one, *more) = quiet.kept()
    assert one.reason == "demand"
    assert asked - 6.1 <= one.start <= asked - 3.9
    assert asked + 7 <= (more or [one])[-1].end <= asked + 9


def test_a_reader_that_is_overtaken_counts_it_and_begins_again_at_a_keyframe(tmp_path: Path) -> None:
    clock = ManualClock()
    camera = Camera(tmp_path / "rings", "cam-1", clock, capacity=200_000)
    made = recorder(tmp_path / "rec", tmp_path / "rings", clock, "cam-1")
    camera.seconds(3, made)
    camera.send(250)  # ten seconds without a look: the ring holds about four
    camera.seconds(3, made)
    made.close()
    assert made.counters()["record_overruns"] == 1
    assert verify(tmp_path / "rec") == []
    index = Index.read(tmp_path / "rec")
    spans = index.spans("cam-1", BEGIN, BEGIN + 20)
    index.close()
    assert len(spans) == 2
    assert sum(end - start for start, end in spans) < 13
