"""What the recorder puts into a file is what came, plays, and says when it was."""

import hashlib
from itertools import pairwise
from pathlib import Path

import pytest

from ingest.codec import Codec
from ingest.record.index import Index
from ingest.record.recorder import Recorder
from ingest.record.segment import Segment
from ingest.record.verify import verify
from tests.ingest.record.feeding import (
    BEGIN,
    Camera,
    ManualClock,
    clip,
    clip_h265,
    packets,
    played,
    recorder,
    scanned,
    settle,
)


class Place:
    """A folder of recordings, a camera and a recorder that records all of it."""

    def __init__(self, path: Path, *, always: bool = True) -> None:
        self.folder, self.rings, self.clock = path / "rec", path / "rings", ManualClock()
        self.camera = Camera(self.rings, "cam-1", self.clock)
        self.always = always
        self.recorder = self.start()

    def start(self) -> Recorder:
        return recorder(self.folder, self.rings, self.clock, "cam-1", always=self.always)

    def run(self, seconds: float, *, padding: int = 0) -> None:
        self.camera.seconds(seconds, self.recorder, padding=padding)

    def kept(self) -> list[Segment]:
        index = Index.read(self.folder)
        try:
            return index.segments("cam-1", 0, 1e12)
        finally:
            index.close()

    def files(self) -> list[Path]:
        return [self.folder / one.path for one in self.kept()]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_every_picture_is_kept_byte_for_byte_with_its_time_and_all_of_them_play(place: Place) -> None:
    place.run(70)
    place.recorder.close()
    files = place.files()
    assert len(files) >= 2
    kept = [packet for path in files for packet in packets(path)]
    assert [payload for _, payload in kept] == [payload for _, payload, _ in place.camera.sent]
    assert [at for at, _ in packets(files[0])][:4] == [0, 3600, 7200, 10800]
    assert sum(len(played(path)) for path in files) == len(place.camera.sent)
    assert verify(place.folder) == []


def test_segments_meet_exactly_and_none_is_longer_than_a_minute(place: Place) -> None:
    place.run(150)
    place.recorder.close()
    kept = place.kept()
    assert kept[0].start == BEGIN
    assert all(before.end == after.start for before, after in pairwise(kept))
    assert all(10 <= one.end - one.start <= 60.001 for one in kept)
    assert kept[-1].end == pytest.approx(place.clock.at, abs=0.001)
    index = Index.read(place.folder)
    assert index.spans("cam-1", BEGIN + 5, BEGIN + 100) == [(BEGIN + 5, BEGIN + 100)]
    index.close()


def test_a_row_tells_size_digest_codec_and_keyframes_of_its_file(place: Place) -> None:
    place.run(5)
    place.recorder.close()
    (one,) = place.kept()
    content = (place.folder / one.path).read_bytes()
    assert (one.bytes, one.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert (one.codec, one.width, one.height, one.keyframes, one.reason) == (Codec.H264, 64, 48, 5, "continuous")
    assert one.path == "cam-1/2026-11-23/20261123T080000.000Z.mp4"


def test_h265_and_a_change_of_size_each_begin_a_segment_that_plays(place: Place) -> None:
    place.run(3)
    place.camera.become(clip_h265(), Codec.H265, (64, 48))
    place.run(3)
    place.camera.become(clip(width=128, height=96), Codec.H264, (128, 96))
    place.run(3)
    place.recorder.close()
    assert [(one.codec, one.width) for one in place.kept()] == [
        (Codec.H264, 64),
        (Codec.H265, 64),
        (Codec.H264, 128),
    ]
    sizes = [{(frame.width, frame.height) for frame in played(path)} for path in place.files()]
    assert sizes == [{(64, 48)}, {(64, 48)}, {(128, 96)}]
    assert sum(len(played(path)) for path in place.files()) == len(place.camera.sent)
    assert verify(place.folder) == []


def test_pictures_that_are_shown_in_another_order_keep_it(place: Place) -> None:
    place.camera.rtp = 0
    units = [payload for payload, _ in clip()]
    order = [0, 3, 1, 2, 6, 4, 5, *range(7, 25)]  # as an encoder sends I P B B P B B
    for number, shown in enumerate([*order, 25]):
        place.camera._next = number
        place.camera.rtp = 3600 * shown
        place.camera.send()
    place.recorder.round()
    place.recorder.close()
    times = packets(place.files()[0])
    assert [payload for _, payload in times] == [*units[:25], units[25]]
    assert [round((at - times[0][0]) / 3600) for at, _ in times] == [*order, 25]
    assert scanned(place.files()[0]).fragments[0].duration == 25 * 3600  # type: ignore[union-attr]


def test_a_camera_whose_clock_jumps_is_timed_by_receipt(place: Place) -> None:
    place.run(2)
    place.camera.rtp = (place.camera.rtp + 0x4000_0000) & 0xFFFF_FFFF
    place.run(2)
    place.recorder.close()
    (path,) = place.files()
    assert [at for at, _ in packets(path)] == [3600 * n for n in range(len(place.camera.sent))]


def test_a_break_of_more_than_two_seconds_begins_a_segment_and_a_shorter_one_does_not(place: Place) -> None:
    place.run(2)
    place.clock.forward(1.5)
    place.camera.rtp = (place.camera.rtp + 135_000) & 0xFFFF_FFFF
    place.camera.send(25, broken=True)
    place.run(1)
    place.clock.forward(3)
    place.camera.rtp = (place.camera.rtp + 270_000) & 0xFFFF_FFFF
    place.run(2)
    place.recorder.close()
    first, second = place.kept()
    assert first.end - first.start == pytest.approx(5.5, abs=0.05)
    assert second.start == pytest.approx(first.end + 3, abs=0.05)
    assert len(played(place.files()[0])) == 100


def test_wall_time_that_steps_back_begins_a_segment_and_loses_nothing(place: Place) -> None:
    place.run(5)
    place.clock.step(-3600)
    place.run(5)
    place.recorder.close()
    kept = place.kept()
    assert [round(one.start - BEGIN) for one in kept] == [5 - 3600, 0]
    assert sum(len(played(path)) for path in place.files()) == len(place.camera.sent)


def test_pictures_after_a_loss_are_left_out_up_to_the_next_keyframe(place: Place) -> None:
    place.camera.send(30)
    place.camera._next += 3
    place.camera.send(17, broken=True)
    place.camera.send(25)
    place.recorder.round()
    place.recorder.close()
    assert sum(len(played(path)) for path in place.files()) == 30 + 25


def test_a_stream_whose_headers_cannot_be_used_leaves_the_others_alone(tmp_path: Path) -> None:
    clock = ManualClock()
    good, bad = Camera(tmp_path / "rings", "good", clock), Camera(tmp_path / "rings", "bad", clock)
    bad.units = [(b"\0\0\0\1\x65" + b"\x11" * 20, True), (b"\0\0\0\1\x41" + b"\x11" * 9, False)]
    made = recorder(tmp_path / "rec", tmp_path / "rings", clock, "good", "bad")
    for _ in range(10):
        good.send(12)
        bad.send(12)
        made.round()
    made.close()
    assert made.counters()["record_left_out"] > 0
    index = Index.read(tmp_path / "rec")
    assert index.streams() == ["good"]
    index.close()
    assert verify(tmp_path / "rec") == []


def test_a_reader_of_the_index_sees_segments_while_they_are_closed(place: Place) -> None:
    place.run(2)
    place.clock.forward(6)
    place.recorder.round()  # silent for long: closed
    settle(place.recorder)
    index = Index.read(place.folder)
    place.recorder.close()
    assert [one.keyframes for one in index.segments("cam-1", 0, 1e12)] == [2]
    index.close()
