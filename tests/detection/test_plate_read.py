"""What two readers say of one plate together: drawn plates of every kind, and what is no plate."""

import random
from pathlib import Path

import cv2
import numpy as np
import pytest

from detection.plate_decode import search
from detection.plate_grammar import ALPHABET, Layout, PlateColour, forms_in
from detection.plate_look import READABLE
from detection.plate_read import Heard, PlateReader, together
from detection.plate_vote import Ballot, vote
from detection.tools import Tools
from ingest.simulate.plates import PlateKind, draw_plate
from tests.support.checkpoint_film import Image
from training.letters import HAN, LATIN
from training.plates import draw

drawable = pytest.mark.skipif(
    not all(Path(path).is_file() for path, _ in (*HAN, *LATIN)), reason="the training's fonts are not installed"
)


def plate(kind: str, text: str, width_px: int = 180) -> Image:
    """Return a plate of a kind with a little of its surroundings, as a finder cuts it out."""
    random.seed(f"{kind} {text}")
    drawn = draw(kind, text, 1.0).image
    edge = round(0.02 * drawn.shape[1])
    drawn = np.asarray(
        cv2.copyMakeBorder(drawn, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=(90,) * 3), np.uint8
    )
    shape = (width_px, round(width_px * drawn.shape[0] / drawn.shape[1]))
    return np.asarray(cv2.resize(drawn, shape, interpolation=cv2.INTER_AREA), np.uint8)


@drawable
@pytest.mark.parametrize(
    ("kind", "text", "layout", "plate_class", "agreed"),
    [
        ("yellow_rear", "黑B2345K", Layout.TWO_ROWS, "01", True),
        ("trailer", "辽A8061挂", Layout.TWO_ROWS, "15", True),
        ("cycle_yellow", "吉D7K391", Layout.SMALL, "07", False),
        ("cycle_blue", "京A36T58", Layout.SMALL, "08", False),
        ("blue", "渝F93H20", Layout.ROW, "02", True),
        ("border", "粤Z45B7澳", Layout.ROW, "27", True),
    ],
)
def test_a_drawn_plate_of_every_shape_is_read_and_on_large_ones_the_readers_agree(
    tools: Tools, kind: str, text: str, layout: Layout, plate_class: str, agreed: bool
) -> None:
    read = tools.reader.read(plate(kind, text))
    assert read is not None
    assert (read.text, read.layout) == (text, layout)
    assert read.agreed or not agreed
    verdict = vote([Ballot(read, 180.0, 1)])
    assert verdict is not None
    assert verdict.plate_class == plate_class


def words(*lines: str, ground: tuple[int, int, int], ink: tuple[int, int, int]) -> Image:
    image = np.full((44 * len(lines) + 16, 26 * max(map(len, lines)) + 24, 3), ground, np.uint8)
    for row, line in enumerate(lines):
        cv2.putText(image, line, (10, 44 + 44 * row), cv2.FONT_HERSHEY_SIMPLEX, 1.3, ink, 3)
    return image


WHITE, BLACK, BLUE, YELLOW = (235, 235, 235), (20, 20, 20), (170, 80, 14), (30, 186, 246)


@pytest.mark.parametrize(
    "image",
    [
        words("B MW 1234", ground=WHITE, ink=BLACK),
        words("AB12 CDE", ground=YELLOW, ink=BLACK),
        words("TAXI 96106", ground=YELLOW, ink=BLACK),
        words("SALE 50", ground=BLUE, ink=WHITE),
        words("BUS 12", "LINE 305", ground=BLUE, ink=WHITE),
        words("TEL 0431-8888", ground=WHITE, ink=BLACK),
    ],
    ids=["german", "british", "taxi", "sale", "bus", "telephone"],
)
def test_foreign_plates_and_adverts_are_not_read(tools: Tools, image: Image) -> None:
    read = tools.reader.read(image)
    assert read is None or (read.probability < READABLE and not read.agreed)


@pytest.mark.parametrize("value", [0, 128, 255])
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (24, 94), (60, 100), (300, 4)])
def test_an_even_picture_is_not_read(tools: Tools, shape: tuple[int, int], value: int) -> None:
    read = tools.reader.read(np.full((*shape, 3), value, np.uint8))
    assert read is None or read.probability < READABLE


def test_an_empty_cut_out_and_noise_are_not_read(tools: Tools) -> None:
    assert tools.reader.read(np.zeros((0, 40, 3), np.uint8)) is None
    assert tools.reader.read(np.zeros((20, 0, 3), np.uint8)) is None
    noise = np.random.default_rng(4).integers(0, 256, (40, 130, 3)).astype(np.uint8)
    read = tools.reader.read(noise)
    assert read is None or (read.probability < READABLE and not read.agreed)


def test_a_covered_character_takes_the_agreement_away(tools: Tools) -> None:
    picture = draw_plate("吉D7K391", PlateKind.BLUE, 0.4)[..., :3].copy()
    high, wide = picture.shape[:2]
    picture[:, round(0.62 * wide) : round(0.75 * wide)] = picture[high // 2, round(0.3 * wide)]
    read = tools.reader.read(picture)
    assert read is None or not read.sure


def test_the_countys_province_wins_only_where_another_is_hardly_more_probable(tools: Tools) -> None:
    reader = PlateReader("吉")
    clear = reader.read(np.ascontiguousarray(draw_plate("黑B20H67", PlateKind.BLUE, 0.4)[..., :3]))
    assert clear is not None
    assert (clear.text, clear.province_prior) == ("黑B20H67", False)


def test_what_only_the_countys_province_decided_is_no_agreement() -> None:
    """Both hear 辽 at 0.5 and 吉 at 0.4: the county's 吉 is told, with a mark, and neither reader has said so."""
    steps = np.full((20, 1 + len(ALPHABET)), 1e-6)
    steps[:, 0] = 1.0
    for place, sign in enumerate("辽D7K391"):
        steps[1 + 2 * place] = 1e-6
        steps[1 + 2 * place, 1 + ALPHABET.index(sign)] = 1.0
    steps[1, [1 + ALPHABET.index("辽"), 1 + ALPHABET.index("吉")]] = 0.5, 0.4
    heard = [Heard(steps, search(steps, forms_in(Layout.ROW))) for _ in range(2)]
    alone = together(heard, PlateColour.BLUE, Layout.ROW)
    assert alone is not None
    assert (alone.text, alone.agreed) == ("辽D7K391", True)
    home = together(heard, PlateColour.BLUE, Layout.ROW, "吉")
    assert home is not None
    assert (home.text, home.province_prior, home.agreed, home.sure) == ("吉D7K391", True, False, False)


def test_a_home_that_is_no_province_is_refused() -> None:
    with pytest.raises(ValueError, match="no province"):
        PlateReader("A")
