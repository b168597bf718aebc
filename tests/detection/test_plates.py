"""Plates are found and read, drawn ones always, real ones where they are at hand."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from detection.plate_colour import plate_colour
from detection.plate_corners import fit_corners
from detection.plate_find import PlateBox, rectify
from detection.plate_grammar import PlateColour
from detection.survey import survey
from detection.tools import Tools
from ingest.simulate.plates import PlateKind, draw_plate
from tests.support.checkpoint_film import Image

DATA = Path(__file__).parents[3] / "shared" / "data"
MISNAMED = {"皖AMZ210"}
"""To the eye, and to both readers, that crop says 皖AMZ21D."""
DRAWN = [
    ("吉D7K391", PlateKind.BLUE, PlateColour.BLUE),
    ("黑B0P1R8", PlateKind.BLUE, PlateColour.BLUE),
    ("京A00001", PlateKind.BLUE, PlateColour.BLUE),
    ("吉DD12345", PlateKind.GREEN, PlateColour.GREEN),
    ("辽AF80808", PlateKind.GREEN, PlateColour.GREEN),
    ("吉F12345", PlateKind.YELLOW, PlateColour.YELLOW),
    ("吉D1234学", PlateKind.LEARNER, PlateColour.YELLOW),
    ("吉DA123警", PlateKind.POLICE, PlateColour.WHITE),
]


def drawn(text: str, kind: PlateKind, width_px: int = 110) -> Image:
    """Return the plate in a grey surround a tenth of its width wide."""
    plate = draw_plate(text, kind, width_px / (480 if kind is PlateKind.GREEN else 440))
    margin = width_px // 10
    out = np.full((plate.shape[0] + 2 * margin, plate.shape[1] + 2 * margin, 3), 110, np.uint8)
    cover = plate[..., 3:] / 255.0
    inner = out[margin:-margin, margin:-margin]
    inner[:] = np.rint(plate[..., :3] * cover + inner * (1 - cover)).astype(np.uint8)
    return out


@pytest.mark.parametrize(("text", "kind", "colour"), DRAWN)
def test_a_drawn_plate_is_read_with_its_colour(tools: Tools, text: str, kind: PlateKind, colour: PlateColour) -> None:
    picture = drawn(text, kind)[11:-11, 11:-11]
    read = tools.reader.read(picture)
    assert read is not None
    assert (read.text, read.colour) == (text, colour)
    assert read.probability > 0.8
    assert read.weakest > 0.8
    assert plate_colour(picture)[0] is colour


def test_ordinary_words_are_no_plate(tools: Tools) -> None:
    sign = np.full((60, 240, 3), 180, np.uint8)
    cv2.putText(sign, "EXIT 800 M", (8, 44), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (20, 20, 20), 3)
    read = tools.reader.read(sign)
    assert read is None or read.probability < 0.02


def test_a_leaning_plate_is_straightened_by_its_own_corners() -> None:
    plate = draw_plate("吉D7K391", PlateKind.BLUE, 0.5)[..., :3]
    high, wide = plate.shape[:2]
    corners = np.array([[60, 50], [270, 66], [262, 138], [48, 118]], np.float32)
    turn = cv2.getPerspectiveTransform(np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32), corners)
    scene = cv2.warpPerspective(plate, turn, (320, 190), borderMode=cv2.BORDER_CONSTANT, borderValue=(110, 110, 110))
    upright = np.array([[45, 45], [275, 60], [272, 142], [42, 124]], np.float32)
    fitted = fit_corners(np.asarray(scene, np.uint8), PlateBox(upright, 1.0))
    assert np.abs(fitted.quad - corners).max() < 5.0


def _read_file(path: Path) -> Image:
    return np.asarray(cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR), np.uint8)


@pytest.mark.skipif(not (DATA / "plates").is_dir(), reason="../shared/data/plates is not on this machine")
def test_real_plates_are_read_as_well_as_ever_and_none_is_certain_and_wrong(tools: Tools) -> None:
    """Every fourth of 522 crops; MODEL_CARD.md has the figures of all."""
    files = sorted((DATA / "plates").glob("*.jpg"))[::4]
    reads = [(path.stem, tools.reader.read(_read_file(path))) for path in files]
    right = sum(read is not None and read.text == truth for truth, read in reads)
    certain = [(truth, read.text) for truth, read in reads if read is not None and read.sure]
    assert right / len(reads) >= 0.97
    assert [pair for pair in certain if pair[0] != pair[1] and pair[0] not in MISNAMED] == []
    assert len(certain) / len(reads) >= 0.82


PROVINCES = "皖沪津渝冀晋蒙辽吉黑苏浙京闽赣鲁豫鄂湘粤桂琼川贵云藏陕甘青宁新警学O"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZO"
SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789O"


@pytest.mark.skipif(not (DATA / "ccpd").is_dir(), reason="../shared/data/ccpd is not on this machine")
def test_plates_are_found_and_read_in_whole_photos(tools: Tools) -> None:
    right = 0
    for path in sorted((DATA / "ccpd").glob("*.jpg")):
        numbers = next(part for part in path.stem.split("-") if part.count("_") == 6).split("_")
        first, second, *rest = (int(number) for number in numbers)
        truth = PROVINCES[first] + LETTERS[second] + "".join(SIGNS[number] for number in rest)
        right += truth in [one.seen.read.text for one in survey(_read_file(path), tools).plates if one.seen.read]
    assert right >= 7


def test_a_plate_is_found_where_it_stands(tools: Tools) -> None:
    scene = np.full((360, 640, 3), 90, np.uint8)
    plate = drawn("吉D7K391", PlateKind.BLUE)
    scene[200 : 200 + plate.shape[0], 250 : 250 + plate.shape[1]] = plate
    (box,) = tools.finder.find(scene[100:, 100:], left=100, top=100)
    assert abs(box.centre[0] - (250 + plate.shape[1] / 2)) < 6
    assert abs(box.centre[1] - (200 + plate.shape[0] / 2)) < 6
    read = tools.reader.read(rectify(scene, fit_corners(scene, box).quad))
    assert read is not None
    assert read.text == "吉D7K391"
