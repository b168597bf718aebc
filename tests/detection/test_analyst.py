"""From the slots to the outbox: every keyframe is accounted for, damaged ones too."""

import json
import sqlite3
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from api.log.outbox import Outbox
from api.metrics.feed_counts import read_counts, write_counts
from api.run_folder import RunFolder
from api.settings import Settings
from api.workers.detect import DetectWorker, share_of
from camera_config.clock import Clock, SystemClock
from camera_config.errors import FeedError
from detection.analyst import Analyst, Told
from detection.decode import TILE_HEIGHT_PX, TILE_WIDTH_PX, CpuDecoder
from detection.tools import Tools
from ingest.codec import Codec
from ingest.simulate.plates import PlateKind
from ingest.slot import SlotReader, SlotWriter
from tests.detection.test_decode import keyframes
from tests.support.checkpoint_film import Drive, checkpoint, film
from tests.support.small_county import small_county

CAPACITY = 768 * 1024
COUNTY = small_county(cameras=3)


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for name in ("slots", "tiles", "data"):
        (tmp_path / name).mkdir()
    return tmp_path


def analyst(tools: Tools, folders: Path, clock: Clock | None = None) -> Analyst:
    return Analyst(
        [checkpoint()],
        COUNTY.cameras[:1],
        tools,
        slots=folders / "slots",
        tiles=folders / "tiles",
        data=folders / "data",
        clock=clock or SystemClock(),
    )


def keyframe() -> bytes:
    return next(payload for _, payload in film([], 0.5))


def put(folders: Path, feed: str, payload: bytes, sequence: int) -> None:
    with SlotWriter(folders / "slots" / feed, CAPACITY) as writer:
        assert writer.put(payload, sequence=sequence, at=1000.0 + sequence, mono_s=float(sequence), epoch=1)


def test_every_keyframe_is_analysed_or_superseded(tools: Tools, folders: Path) -> None:
    desk = analyst(tools, folders)
    payload = keyframe()
    assert desk.step() is None, "no slot is there yet"
    for number in (1, 2, 3):
        put(folders, "k-1", payload, number)
    assert kinds(desk.step()) == ["picture.state"]
    assert desk.step() is None
    put(folders, "k-1", payload, 7)
    put(folders, COUNTY.cameras[0].id, payload, 1)
    desk.step()
    desk.step()
    assert desk.step() is None
    put(folders, "k-1", payload, 9)
    desk.let_go()
    assert (desk.counters.keyframes_analysed, desk.counters.keyframes_superseded) == (3, 7)
    of_feeds = {feed: (one.keyframes_analysed, one.keyframes_superseded) for feed, one in desk.by_feed.items()}
    assert of_feeds == {"k-1": (2, 7), COUNTY.cameras[0].id: (1, 0)}
    desk.close()


def test_a_tile_bears_the_times_of_its_keyframe(tools: Tools, folders: Path) -> None:
    desk = analyst(tools, folders)
    put(folders, "k-1", keyframe(), 4)
    desk.step()
    with SlotReader(folders / "tiles" / "k-1") as reader:
        item = reader.peek()
    assert item is not None
    assert (item.at, item.mono_s) == (1004.0, 4.0)
    tile = cv2.imdecode(np.frombuffer(item.payload, np.uint8), cv2.IMREAD_COLOR)
    assert tile.shape == (TILE_HEIGHT_PX, TILE_WIDTH_PX, 3)
    desk.close()


def kinds(told: list[Told] | None) -> list[str]:
    assert told is not None
    return [one.kind for one in told]


@pytest.mark.parametrize("damage", ["cut", "noise", "empty", "no picture"])
def test_a_damaged_keyframe_is_counted_and_the_next_is_decoded(tools: Tools, folders: Path, damage: str) -> None:
    good = keyframe()
    bad = {
        "cut": good[: len(good) // 2],
        "noise": good[:200] + bytes(np.random.default_rng(2).integers(0, 256, 2000, np.uint8)) + good[2200:],
        "empty": b"\x00",
        "no picture": b"\x00\x00\x00\x01\x09\x10",
    }[damage]
    desk = analyst(tools, folders)
    put(folders, "k-1", bad, 1)
    assert desk.step() == []
    put(folders, "k-1", good, 2)
    assert kinds(desk.step()) == ["picture.state"]
    assert (desk.counters.keyframes_analysed, desk.counters.decode_errors) == (2, 1)
    desk.close()


def test_a_new_size_is_believed_when_it_comes_twice(tools: Tools, folders: Path) -> None:
    desk = analyst(tools, folders)
    camera = COUNTY.cameras[0].id
    shown = []
    for number, (width, height) in enumerate([(320, 192), (320, 192), (640, 352), (320, 192), (640, 352), (640, 352)]):
        put(folders, camera, keyframes(Codec.H264, width, height)[number % 3], number + 1)
        desk.step()
        shown.append(desk.counters.false_sizes)
    assert shown == [0, 0, 1, 1, 2, 2]
    assert desk.counters.decode_errors == 2
    desk.close()


def test_an_h265_camera_is_decoded_by_what_its_slot_says(tools: Tools, folders: Path) -> None:
    desk = analyst(tools, folders)
    camera = COUNTY.cameras[0].id
    with SlotWriter(folders / "slots" / camera, CAPACITY) as writer:
        writer.put(keyframes(Codec.H265)[0], sequence=1, at=1.0, mono_s=1.0, epoch=1, codec=Codec.H265)
    assert kinds(desk.step()) == ["picture.state"]
    assert desk.counters.decode_errors == 0
    desk.close()


def test_one_decoder_serves_feeds_of_any_size() -> None:
    decoder = CpuDecoder()
    picture = decoder.decode(keyframe(), Codec.H264)
    assert (picture.width, picture.height) == (1280, 720)
    assert abs(int(picture.bgr().mean()) - 98) < 6
    with pytest.raises(FeedError):
        decoder.decode(b"", Codec.H264)
    assert decoder.decode(keyframe(), Codec.H264).bgr().shape == (720, 1280, 3)


def test_the_worker_uses_up_its_input_and_leaves_everything_in_the_outbox(tools: Tools, folders: Path) -> None:
    outbox = Outbox(folders / "data" / "outbox.db", "detect-0.1")

    class OneAfterTheOther(SystemClock):
        """Fills the slot when the worker looks at the clock, and ends the worker when it has used everything up."""

        def __init__(self) -> None:
            drive = Drive("吉D7K391", PlateKind.BLUE, (330.0, -20.0), (360.0, 760.0), 2.0, 6.0)
            self.frames = list(enumerate(film([drive], 7.0), 1))
            self.writer = SlotWriter(folders / "slots" / "k-1", CAPACITY)
            self.now_s = 0.0

        def monotonic_s(self) -> float:
            waits = self.writer.sequence != SlotReader(folders / "slots" / "k-1").cursor
            if self.frames and not waits:
                number, (at_s, payload) = self.frames.pop(0)
                self.writer.put(payload, sequence=number, at=1000.0 + at_s, mono_s=at_s, epoch=1)
                self.now_s = at_s
            elif not waits:
                worker.end_input()
                self.now_s += 0.3
                if self.now_s > 12.0:
                    worker.end()
            return self.now_s

    clock = OneAfterTheOther()
    desk = analyst(tools, folders, clock)
    run = RunFolder(folders)
    worker = DetectWorker(desk, outbox, clock, leave=partial(write_counts, run, "detect-0"))
    worker.run()
    outbox.close()
    desk.close()
    rows = sqlite3.connect(folders / "data" / "outbox.db").execute("SELECT body FROM event ORDER BY seq").fetchall()
    events = [json.loads(body) for (body,) in rows]
    assert [event["kind"] for event in events if event["kind"].startswith("passage")] == [
        "passage.provisional",
        "passage.final",
    ]
    last = [event["data"] for event in events if event["kind"] == "counters"][-1]
    assert (last["keyframes_analysed"], last["keyframes_superseded"], last["passages"]) == (14, 0, 1)
    assert last["input_used_up"] == 1
    assert read_counts(run)["k-1"] == {"keyframes_analysed": 14, "keyframes_superseded": 0}


def test_feeds_are_dealt_out_evenly_and_each_once(tmp_path: Path) -> None:
    settings = Settings(county=tmp_path, data=tmp_path, cameras=2, detectors=2)
    shares = [share_of(COUNTY, settings, index) for index in range(2)]
    assert sorted(one.id for checkpoints, _ in shares for one in checkpoints) == [one.id for one in COUNTY.checkpoints]
    assert sorted(one.id for _, cameras in shares for one in cameras) == [one.id for one in COUNTY.cameras[:2]]
    assert [len(checkpoints) + len(cameras) for checkpoints, cameras in shares] == [2, 1]
