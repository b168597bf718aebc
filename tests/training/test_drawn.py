"""What the plate models are trained on is what it says it is."""

import random
from pathlib import Path

import cv2
import numpy as np
import pytest

from detection.plate_grammar import forms_of
from training.backgrounds import HELD_OUT, Background, backgrounds, photos
from training.bell import CORNER_PX, STRIDE, targets
from training.letters import HAN, LATIN
from training.plates import KINDS, draw
from training.scenes import Scenes, paste, turned
from training.wear import weathered, worn

SIZE = 320

pytestmark = pytest.mark.skipif(
    not all(Path(path).is_file() for path, _ in (*HAN, *LATIN)), reason="the training's fonts are not installed"
)


@pytest.fixture(autouse=True)
def seeded() -> None:
    random.seed(7)
    np.random.seed(7)
    cv2.setRNGSeed(7)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_is_drawn_with_ink_on_its_ground_and_a_text_the_grammar_knows(kind: str) -> None:
    for _ in range(5):
        plate = draw(kind)
        assert plate.rows in {1, 2}
        assert (plate.rows == 2) == (plate.image.shape[1] / plate.image.shape[0] < 2.5)
        assert forms_of(plate.text) or kind == "tractor", plate.text
        grey = cv2.cvtColor(plate.image, cv2.COLOR_BGR2GRAY).astype(int)
        assert np.percentile(grey, 95) - np.percentile(grey, 5) > 60


def test_a_text_given_is_the_text_drawn_and_the_same_seed_draws_the_same_plate() -> None:
    random.seed(1)
    one = draw("blue", "吉D12345")
    random.seed(1)
    other = draw("blue", "吉D12345")
    assert one.text == "吉D12345"
    assert np.array_equal(one.image, other.image)


def test_wear_and_weather_keep_size_and_kind() -> None:
    for _ in range(40):
        plate = worn(draw().image)
        scene = weathered(cv2.resize(plate, (200, 90)))
        assert scene.shape == (90, 200, 3)
        assert scene.dtype == np.uint8


def test_corners_of_a_scene_lie_in_it_and_go_round_as_the_text_reads() -> None:
    scenes = Scenes([Background(np.zeros((400, 400, 3), np.uint8))], SIZE)
    every = []
    for _ in range(60):
        image, quads = scenes.make()
        assert image.shape == (SIZE, SIZE, 3)
        every += list(quads)
    assert len(every) > 30
    for quad in every:
        assert quad.min() >= 0
        assert quad.max() <= SIZE
        along, down = quad[1] - quad[0], quad[3] - quad[0]
        assert along[0] * down[1] - along[1] * down[0] > 0


def test_a_plate_is_pasted_where_its_corners_say() -> None:
    quad = np.array([[60.0, 100.0], [180.0, 110.0], [178.0, 150.0], [58.0, 140.0]], np.float32)
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    paste(image, np.full((140, 440, 3), 255, np.uint8), quad)
    inside = np.zeros((SIZE, SIZE), np.uint8)
    cv2.fillPoly(inside, [np.rint(quad).astype(np.int32)], 1)
    well_inside = cv2.erode(inside, np.ones((9, 9), np.uint8)) > 0
    outside = cv2.dilate(inside, np.ones((5, 5), np.uint8)) == 0
    assert (image[well_inside].max(axis=1) > 0).mean() > 0.99
    assert image[outside].max() == 0


def test_a_plate_seen_straight_on_keeps_its_proportions() -> None:
    flat = turned(440 / 140, 0.0, 0.0, 0.0, distance=5.0)
    assert np.allclose(flat[1] - flat[0], [1.0, 0.0])
    assert np.allclose(flat[3] - flat[0], [0.0, 140 / 440])


def test_the_bell_is_highest_in_the_middle_and_its_cell_holds_the_corners() -> None:
    quad = np.array([[60.0, 100.0], [180.0, 110.0], [178.0, 150.0], [58.0, 140.0]], np.float32)
    bell, corners, weight = targets(quad[None], SIZE)
    row, column = np.unravel_index(int(bell.argmax()), bell.shape)
    middle = quad.mean(axis=0)
    assert abs((column + 0.5) * STRIDE - middle[0]) <= STRIDE / 2
    assert abs((row + 0.5) * STRIDE - middle[1]) <= STRIDE / 2
    there = corners[:, row, column].reshape(4, 2) * CORNER_PX + (np.array([column, row]) + 0.5) * STRIDE
    assert np.allclose(there, quad, atol=1e-3)
    assert weight[row, column] > 0
    assert weight[bell < 0.4].sum() == 0


def test_a_plate_without_extent_is_no_target() -> None:
    bell, _, weight = targets(np.full((1, 4, 2), 100.0, np.float32), SIZE)
    assert bell.max() == 0
    assert weight.max() == 0


def test_every_fourth_photo_is_held_out_and_videos_give_frames(tmp_path: Path) -> None:
    for number in range(2 * HELD_OUT):
        cv2.imwrite(str(tmp_path / f"{number:02}.png"), np.full((40, 60, 3), number, np.uint8))
    trained, kept = photos(tmp_path, held_out=False), photos(tmp_path, held_out=True)
    assert [path.name for path in kept] == ["00.png", "04.png"]
    assert len(trained) == 6
    assert len(backgrounds([tmp_path])) == 6


def test_labels_beside_photos_name_the_vehicles(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    for name in ("a", "b"):
        cv2.imwrite(str(tmp_path / "images" / f"{name}.png"), np.zeros((100, 200, 3), np.uint8))
        (tmp_path / "labels" / f"{name}.txt").write_text("0 0.5 0.5 0.1 0.1\n2 0.5 0.5 0.5 0.2\n")
    (found,) = backgrounds([tmp_path])
    assert found.vehicles == ((50.0, 40.0, 150.0, 60.0),)


def test_a_folder_without_pictures_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=str(tmp_path)):
        backgrounds([tmp_path])
