"""Rules on a process's own cameras: told as events, from the boxes that are counted, on real footage too."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from camera_config.camera_rules import CameraRule, LineDirection, RuleKind
from camera_config.clock import SystemClock
from camera_config.ids import CameraId
from camera_config.masks import mask_path
from detection.analyst import Analyst, Told
from detection.decode import Image
from detection.rules import RuleDesk
from detection.rules.watch import STALE_S
from detection.tools import Tools
from ingest.slot import SlotWriter
from tests.detection.rules.hand_made import rule
from tests.support.small_county import small_county

FOOTAGE = Path(__file__).parents[3] / "shared" / "data" / "videos" / "vtest.avi"
"""A campus path with people, 768 x 576, 10 pictures a second; the folder of such data is not part of the project."""
EVERY, LOOKS = 20, 14
"""A keyframe every two seconds, the first 28 seconds."""
ROAD = ((0.45, 0.45), (0.98, 0.45), (0.98, 0.75), (0.45, 0.6))
BY_THE_LAMP = ((0.56, 0.36), (0.56, 0.68))
CAMERA = small_county(cameras=1).cameras[0]


class Stepped(SystemClock):
    """A clock that shows when the newest keyframe came."""

    now_s = 0.0

    def monotonic_s(self) -> float:
        return self.now_s


class Street:
    """One camera whose keyframes are put into its slot and looked at at once."""

    def __init__(self, folder: Path, tools: Tools, rules: Sequence[CameraRule], *, county: Path | None = None) -> None:
        for name in ("slots", "tiles", "data"):
            (folder / name).mkdir()
        self.clock = Stepped()
        self.desk = Analyst(
            [],
            [replace(CAMERA, masked=county is not None)],
            tools,
            slots=folder / "slots",
            tiles=folder / "tiles",
            data=folder / "data",
            clock=self.clock,
            county=county,
            rules=RuleDesk([CAMERA.id], rules, 0),
        )
        self.writer = SlotWriter(folder / "slots" / CAMERA.id, 768 * 1024)
        self.told: list[Told] = []

    def show(self, payload: bytes, at_s: float) -> None:
        self.clock.now_s = at_s
        sequence = self.writer.sequence + 1
        self.writer.put(payload, sequence=sequence, at=1_770_000_000.0 + at_s, mono_s=at_s, epoch=1)
        self.hear(self.desk.step())

    def hear(self, told: Sequence[Told] | None) -> None:
        assert told is not None
        self.told += [one for one in told if one.kind == "rule.event"]

    def states(self, kind: RuleKind) -> list[str]:
        return [one.data["state"] for one in self.told if one.data["kind"] == kind]


@pytest.fixture
def street(tmp_path: Path, tools: Tools) -> Iterator[Street]:
    made = Street(
        tmp_path,
        tools,
        [
            _of_camera(rule(RuleKind.INTRUSION, zone=ROAD)),
            _of_camera(rule(RuleKind.LINE, line=BY_THE_LAMP, direction=LineDirection.TO_LEFT)),
            _of_camera(rule(RuleKind.STOPPED, dwell_s=20.0, zone=((0.8, 0.1), (1.0, 0.1), (1.0, 0.3), (0.8, 0.3)))),
            _of_camera(rule(RuleKind.CROWD, count=15, count_end=12)),
            _of_camera(rule(RuleKind.ABANDONED, dwell_s=20.0)),
        ],
    )
    yield made
    made.desk.close()
    made.writer.close()


def _of_camera(one: CameraRule) -> CameraRule:
    return replace(one, camera=CameraId(CAMERA.id))


def keyframes(pictures: Sequence[Image]) -> Iterator[bytes]:
    """Yield each picture (height, width, 3) BGR as an H.264 keyframe with its parameter sets."""
    for picture in pictures:
        coder = av.CodecContext.create("libx264", "w")
        coder.height, coder.width = picture.shape[:2]
        coder.pix_fmt, coder.time_base = "yuv420p", Fraction(1, 25)
        coder.options = {"preset": "ultrafast", "crf": "20", "x264-params": "repeat-headers=1:annexb=1"}
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(format="yuv420p")
        yield b"".join(bytes(packet) for packet in [*coder.encode(frame), *coder.encode(None)])


def test_people_who_cross_a_line_and_walk_on_a_road_are_told_on_real_footage(street: Street) -> None:
    if not FOOTAGE.exists():
        pytest.skip("the folder of footage is not on this machine")
    with av.open(str(FOOTAGE)) as film:
        shown = islice(film.decode(video=0), 0, EVERY * LOOKS, EVERY)
        pictures = [frame.to_ndarray(format="bgr24") for frame in shown]
    for number, payload in enumerate(keyframes(pictures)):
        street.show(payload, 2.0 * number)
    assert street.states(RuleKind.INTRUSION)[0] == "began"
    assert street.states(RuleKind.LINE)[:2] == ["began", "ended"]
    assert street.states(RuleKind.STOPPED) == ["began"], "the van and the car beside the house"
    assert street.states(RuleKind.CROWD) == []
    assert street.states(RuleKind.ABANDONED) == [], "what lies on the grass has always lain there"
    crossed = next(one.data for one in street.told if one.data["kind"] == RuleKind.LINE)
    assert (crossed["camera"], crossed["class"], crossed["count"]) == (CAMERA.id, "person", 1)
    assert all(0 <= side <= 1 for side in crossed["box"])
    assert street.desk.counters.keyframes_analysed == len(pictures)
    assert street.desk.counters.rule_events == sum(one.data["state"] == "began" for one in street.told)
    street.clock.now_s += STALE_S + 1
    street.told.clear()
    street.hear(street.desk.tidy())
    assert {one.data["state"] for one in street.told} == {"unknown"}
    assert "stopped" in {one.data["kind"] for one in street.told}


def test_a_camera_with_rules_is_looked_at_whatever_the_load(street: Street) -> None:
    grey = np.random.default_rng(3).integers(60, 160, (288, 384, 3)).astype(np.uint8)
    (payload,) = keyframes([grey])
    for number in range(12):
        street.clock.now_s = 30.0 * number
        street.writer.put(payload, sequence=number + 1, at=1.0, mono_s=30.0 * number - 25.0, epoch=1)
        street.desk.step()
    assert (street.desk.counters.keyframes_analysed, street.desk.counters.looked_without_detector) == (12, 0)


def test_a_changed_mask_ends_what_held_as_unknown_and_leaves_nothing_behind(tmp_path: Path, tools: Tools) -> None:
    """Neither the new grey nor what the old one hid has been put there."""
    path = mask_path(tmp_path, CAMERA.id)
    path.parent.mkdir()
    path.write_text(_square(0.1), encoding="utf-8")
    street = Street(tmp_path, tools, [_of_camera(rule(RuleKind.ABANDONED, dwell_s=20.0))], county=tmp_path)
    dice = np.random.default_rng(3)
    ground = np.kron(dice.integers(60, 160, (18, 24, 1)), np.ones((16, 16, 3))).astype(np.uint8)
    cv2.rectangle(ground, (42, 150), (60, 166), (250, 250, 250), -1)  # behind the first mask, for ever
    bag = cv2.rectangle(ground.copy(), (180, 150), (204, 180), (10, 10, 10), -1)
    grain = dice.normal(0, 2, (52, *ground.shape)).astype(np.int16)
    scenes = [ground] * 10 + [bag] * 42
    shown = list(keyframes([cv2.add(one, more, dtype=cv2.CV_8U) for one, more in zip(scenes, grain, strict=True)]))
    for number, payload in enumerate(shown[:26]):
        street.show(payload, 2.0 * number)
    assert street.states(RuleKind.ABANDONED) == ["began"]
    path.write_text(_square(0.7), encoding="utf-8")
    for number, payload in enumerate(shown[26:], 26):
        street.show(payload, 2.0 * number)
    street.desk.close()
    street.writer.close()
    assert street.states(RuleKind.ABANDONED) == ["began", "unknown"]
    assert street.told[-1].data["cause"] == "mask changed"


def _square(left: float) -> str:
    corners = [(left, 0.5), (left + 0.08, 0.5), (left + 0.08, 0.6), (left, 0.6)]
    return json.dumps({"polygons": [corners]})
