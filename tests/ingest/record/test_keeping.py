"""What is kept, what goes and when; and that a hold is stronger than all of it."""

from dataclasses import replace
from pathlib import Path

import pytest

from camera_config.errors import ConfigError
from ingest.codec import Codec
from ingest.record.disk import Disk
from ingest.record.index import Index
from ingest.record.keeping import DAY_S, Keeper, Trouble, days_of
from ingest.record.segment import Segment
from ingest.record.verify import verify
from tests.ingest.record.feeding import BEGIN, Camera, ManualClock, recorder, settle


class Archive:
    """Files of a thousand bytes with rows, one a day; their content is nobody's business here."""

    def __init__(self, folder: Path, streams: dict[str, int], *, budget: int = 1_000_000) -> None:
        self.clock = ManualClock()
        self.folder = folder
        self.index = Index(folder)
        self.number = 0
        self.streams, self.budget = streams, budget

    def add(self, stream: str, days_ago: float) -> Segment:
        self.number += 1
        path = self.folder / stream / "day" / f"{self.number}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(1000))
        end = self.clock.at - days_ago * DAY_S
        what = (Codec.H264, 64, 48, "continuous", 1)
        one = Segment(0, stream, end - 60, end, str(path.relative_to(self.folder)), 1000, "", *what)
        self.index.add([one])
        return one

    def keeper(self) -> Keeper:
        return Keeper(self.index, Disk(), self.clock, self.streams, self.budget)

    def left(self) -> list[str]:
        """Names of the files that are left; each has its row, and there is no other row."""
        files = {str(path.relative_to(self.folder)) for path in self.folder.glob("*/*/*.mp4")}
        assert files == self.index.paths()
        return sorted(files)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "rec", {"thirty": 30, "ninety": 90})


def test_each_class_is_kept_for_its_days_and_then_gone_with_file_and_row(archive: Archive) -> None:
    kept = [archive.add("thirty", 29.9), archive.add("ninety", 89.9), archive.add("unknown", 89.9)]
    for stream, age in (("thirty", 30), ("thirty", 31), ("ninety", 90), ("unknown", 90)):
        archive.add(stream, age)
    keeper = archive.keeper()
    room = keeper.look(0)
    assert archive.left() == sorted(one.path for one in kept)
    assert (keeper.deleted_retention, keeper.deleted_early, room.used_bytes) == (4, 0, 3000)
    archive.clock.forward(0.2 * DAY_S)
    keeper.look(0)
    assert archive.left() == []


@pytest.mark.parametrize("wrong", ["days-29", "days-0", "days--30", "ordinary", "days-", "30"])
def test_a_class_of_less_than_thirty_days_is_refused(wrong: str) -> None:
    with pytest.raises(ConfigError):
        days_of(wrong)
    assert (days_of("days-30"), days_of("days-90")) == (30, 90)


def test_a_full_budget_takes_the_oldest_first_and_counts_it_as_early(archive: Archive) -> None:
    rows = [archive.add("ninety", age) for age in (5, 4, 3, 2, 1)]
    archive.budget = 3500
    keeper = archive.keeper()
    room = keeper.look(400)  # 5000 closed and 400 open: two must go
    assert archive.left() == [one.path for one in rows[2:]]
    assert (keeper.deleted_early, keeper.deleted_retention) == (2, 0)
    assert room.may_record
    assert room.trouble is None


def test_what_is_held_stays_and_recording_stops_when_nothing_else_can_go(archive: Archive) -> None:
    held = archive.add("ninety", 200)
    free = archive.add("ninety", 1)
    hold = archive.index.hold("ninety", held.start + 30, held.end + 30, reason="case 7", by="officer", at=BEGIN)
    archive.budget = 500
    keeper = archive.keeper()
    room = keeper.look(0)
    assert archive.left() == [held.path]
    assert free.path not in archive.left()
    assert (room.may_record, room.trouble) == (False, Trouble.ALL_HELD)
    assert archive.index.release(hold.id) == hold
    assert keeper.look(0).may_record
    assert archive.left() == []


def test_a_hold_ends_with_its_last_second(archive: Archive) -> None:
    old = archive.add("thirty", 40)
    archive.index.hold("thirty", old.start, old.end, reason="case 7", by="officer", at=BEGIN, ends_at=BEGIN + 100)
    keeper = archive.keeper()
    archive.clock.forward(99)
    keeper.look(0)
    assert archive.left() == [old.path]
    archive.clock.forward(1)
    keeper.look(0)
    assert archive.left() == []


def test_a_hold_that_only_touches_a_segment_does_not_keep_it(archive: Archive) -> None:
    old = archive.add("thirty", 40)
    archive.index.hold("thirty", old.end, old.end + 60, reason="case 7", by="officer", at=BEGIN)
    archive.index.hold("ninety", old.start, old.end, reason="case 7", by="officer", at=BEGIN)
    archive.keeper().look(0)
    assert archive.left() == []


def test_a_wall_clock_that_jumps_ahead_removes_nothing_for_its_age(archive: Archive) -> None:
    row = archive.add("thirty", 1)
    keeper = archive.keeper()
    archive.clock.step(60 * DAY_S)
    assert keeper.look(0).trouble is Trouble.CLOCK
    assert archive.left() == [row.path]


def test_a_file_that_was_on_its_way_out_goes_at_the_next_look(archive: Archive) -> None:
    old, new = archive.add("thirty", 40), archive.add("thirty", 1)
    archive.index.mark_older(BEGIN - 30 * DAY_S, BEGIN, ["thirty"], others=False, limit=10)
    assert [one.path for one in archive.index.segments("thirty", 0, BEGIN + 1)] == [new.path]
    (archive.folder / old.path).unlink()  # killed between file and row
    archive.keeper().look(0)
    assert archive.left() == [new.path]


def test_a_hold_without_reason_person_or_span_is_refused(archive: Archive) -> None:
    for stream_start, end, reason, by in ((1.0, 1.0, "r", "b"), (1.0, 2.0, " ", "b"), (1.0, 2.0, "r", "")):
        with pytest.raises(ValueError, match="hold"):
            archive.index.hold("thirty", stream_start, end, reason=reason, by=by, at=BEGIN)


def test_the_recorder_stops_at_a_full_budget_of_held_video_and_goes_on_when_it_is_released(tmp_path: Path) -> None:
    clock = ManualClock()
    camera = Camera(tmp_path / "rings", "cam-1", clock)
    made = recorder(tmp_path / "rec", tmp_path / "rings", clock, "cam-1", mb=1)
    other = Index(tmp_path / "rec")
    hold = other.hold("cam-1", BEGIN - 60, BEGIN + 600, reason="case 7", by="officer", at=BEGIN)
    for _ in range(40):
        camera.seconds(1, made, padding=3000)
        settle(made)
    stopped = made.status()
    assert (stopped.trouble, stopped.recording) == (Trouble.ALL_HELD, 0)
    assert made.counters()["record_left_out"] > 0
    before = {one.path for one in other.segments("cam-1", 0, 1e12)}
    other.release(hold.id)
    for _ in range(12):
        camera.seconds(1, made, padding=3000)
        settle(made)
    assert made.status().trouble is None
    assert made.status().recording == 1
    made.close()
    assert made.counters()["deleted_early"] >= 1
    assert before - {one.path for one in other.segments("cam-1", 0, 1e12)}
    other.close()
    assert verify(tmp_path / "rec") == []


def test_rows_that_are_there_already_are_not_doubled(archive: Archive) -> None:
    one = archive.add("thirty", 1)
    archive.index.add([replace(one, bytes=5)])
    assert [row.bytes for row in archive.index.segments("thirty", 0, BEGIN)] == [1000]
