"""One vehicle, one passage: drawn traffic, encoded, decoded and followed by the real parts."""

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from detection.checkpoint import CheckpointReader
from detection.decode import CpuDecoder
from detection.passage import Passage
from detection.tools import Tools
from ingest.codec import Codec
from ingest.simulate.plates import PlateKind
from tests.support.checkpoint_film import Drive, Image, checkpoint, film

LEFT, RIGHT = 330.0, 960.0
BLUE = PlateKind.BLUE
AT = 1_800_000_000.0


def drive(plate: str | None, x: float, from_s: float, kind: PlateKind = BLUE, **more: object) -> Drive:
    return Drive(plate, kind, (x, -20.0), (x + 40.0, 760.0), from_s, from_s + 4.0, **more)  # type: ignore[arg-type]


class Watch:
    """A checkpoint's reader fed from a film."""

    def __init__(self, tools: Tools, data: Path) -> None:
        self.reader = CheckpointReader(checkpoint(), tools, data)
        self.decoder = CpuDecoder()

    def see(self, *drives: Drive, length_s: float, change=None, missing=()) -> list[Passage]:  # type: ignore[no-untyped-def]
        told: list[Passage] = []
        for now_s, payload in film(drives, length_s, change):
            if now_s not in missing:
                told += self.reader.look(self.decoder.decode(payload, Codec.H264), at=AT + now_s, mono_s=100.0 + now_s)
        return told + self.reader.finish()


@pytest.fixture
def watch(tools: Tools, tmp_path: Path) -> Watch:
    return Watch(tools, tmp_path)


def plates(told: list[Passage]) -> list[str | None]:
    return sorted((one.plate for one in told if one.final), key=str)


def test_a_vehicle_is_told_of_provisionally_and_then_finally_under_one_id(watch: Watch, tmp_path: Path) -> None:
    told = watch.see(drive("吉D7K391", LEFT, 3.0), length_s=10)
    assert [(one.version, one.final, one.kind) for one in told] == [
        (1, False, "passage.provisional"),
        (2, True, "passage.final"),
    ]
    first, last = told
    assert first.id == last.id
    assert first.plate == last.plate == "吉D7K391"
    assert first.certain
    assert last.certain
    assert (last.plate_class, last.plate_colour, last.lane) == ("02", "blue", 1)
    assert AT + 3.0 <= first.first_seen <= first.at <= AT + 7.0
    assert first.frame_mono_s < 100.0 + 6.0, "the alert does not wait for the vehicle to leave"
    for path, digest in ((last.scene_path, last.scene_sha256), (last.crop_path, last.crop_sha256)):
        assert path is not None
        assert path.startswith("pictures/2027-01-15/")
        assert hashlib.sha256((tmp_path / path).read_bytes()).hexdigest() == digest


def test_two_vehicles_side_by_side_stay_two_in_their_lanes(watch: Watch) -> None:
    told = watch.see(drive("吉D31F58", LEFT, 3.0), drive("吉DD12345", RIGHT, 3.3, PlateKind.GREEN), length_s=10)
    finals = sorted((one for one in told if one.final), key=lambda one: one.lane or 0)
    assert [(one.plate, one.lane, one.plate_class) for one in finals] == [("吉D31F58", 1, "02"), ("吉DD12345", 2, "52")]


def test_a_vehicle_that_waits_is_one_passage(watch: Watch) -> None:
    waiting = Drive("吉A8C062", BLUE, (LEFT, -20.0), (LEFT, 760.0), 3.0, 15.0, stops_s=(5.0, 13.0))
    told = watch.see(waiting, length_s=18)
    assert plates(told) == ["吉A8C062"]
    assert sum(not one.final for one in told) == 1


def test_a_second_vehicle_close_behind_is_another_passage(watch: Watch) -> None:
    told = watch.see(drive("吉D7K391", LEFT, 3.0), drive("黑B20H67", LEFT, 6.0), length_s=13)
    assert plates(told) == ["吉D7K391", "黑B20H67"]


def test_a_keyframe_that_never_came_does_not_split_a_passage(watch: Watch) -> None:
    told = watch.see(drive("吉D7K391", RIGHT, 3.0), length_s=10, missing=(4.5, 5.0))
    assert plates(told) == ["吉D7K391"]


def test_a_plate_read_in_one_keyframe_only_is_told_of_as_not_certain(watch: Watch) -> None:
    told = watch.see(drive("吉D7K391", RIGHT, 3.0), length_s=10, missing=(3.0, 3.5, 4.0, 4.5, 5.5, 6.0, 6.5))
    assert [(one.plate, one.certain, one.final) for one in told] == [("吉D7K391", False, True)]


def test_a_vehicle_in_the_first_pictures_does_not_hide_the_next(watch: Watch) -> None:
    told = watch.see(drive("吉D7K391", LEFT, -2.0), drive("黑B20H67", LEFT, 3.0), length_s=10)
    assert "黑B20H67" in plates(told)
    assert len(plates(told)) <= 2


def test_what_is_painted_or_laid_over_the_picture_is_no_passage(watch: Watch) -> None:
    def overlay(image: Image, now_s: float) -> Image:
        cv2.putText(
            image, f"2027-01-15 08:00:{int(now_s):02d}", (20, 40), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (255, 255, 255), 3
        )
        cv2.putText(image, "A12345 EXIT 80", (500, 600), cv2.FONT_HERSHEY_SIMPLEX, 2.0, (255, 255, 255), 5)
        return image

    assert watch.see(length_s=8, change=overlay) == []


def test_a_parked_vehicle_is_no_passage(watch: Watch) -> None:
    parked = Drive("吉D7K391", BLUE, (LEFT, 400.0), (LEFT, 400.0), 0.0, 60.0)
    passing = drive("黑B20H67", RIGHT, 3.0)
    assert plates(watch.see(parked, passing, length_s=9)) == ["黑B20H67"]


def test_light_going_up_and_down_is_no_vehicle(watch: Watch) -> None:
    def cloud(image: Image, now_s: float) -> Image:
        return np.clip(image * (1.0 + 0.25 * np.sin(now_s)), 0, 255).astype(np.uint8)

    assert plates(watch.see(drive("吉D7K391", LEFT, 4.0), length_s=10, change=cloud)) == ["吉D7K391"]


def test_a_vehicle_whose_plate_cannot_be_read_is_a_passage_without_plate(watch: Watch) -> None:
    def muddy(image: Image, now_s: float) -> Image:
        plate = Drive("", BLUE, (LEFT, -20.0), (LEFT + 40.0, 760.0), 3.0, 7.0).place(now_s)
        if plate is not None:
            x, y = round(plate[0]), round(plate[1])
            cv2.rectangle(image, (x - 42, y - 12), (x + 44, y + 12), (150, 78, 18), -1)
        return image

    told = watch.see(drive("吉D7K391", LEFT, 3.0), drive("黑B20H67", RIGHT, 3.3), length_s=10, change=muddy)
    assert plates(told) == [None, "黑B20H67"]


def test_a_vehicle_without_a_plate_is_a_passage_even_if_no_model_knows_it(watch: Watch) -> None:
    told = watch.see(drive(None, LEFT, 3.0), drive("黑B20H67", RIGHT, 8.0), length_s=15)
    assert plates(told) == [None, "黑B20H67"]
    assert [one.direction for one in told if one.final] == ["towards", "towards"]


def test_a_disk_that_is_full_does_not_hold_up_the_passage(tools: Tools, tmp_path: Path) -> None:
    nowhere = tmp_path / "file"
    nowhere.write_text("not a folder")
    told = Watch(tools, nowhere).see(drive("吉D7K391", LEFT, 2.0), length_s=8)
    assert plates(told) == ["吉D7K391"]
    assert told[0].scene_path is None
