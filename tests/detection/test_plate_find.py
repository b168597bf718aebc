"""Plates found with their corners, and nothing else taken for one."""

import cv2
import numpy as np
import pytest

from detection.plate_find import CORNER_PX, FINDS_MAX, SCORE_MIN, STRIDE_PX, overlap, peaks, rectify
from detection.tools import Tools
from ingest.simulate.plates import PlateKind, draw_plate
from training.bell import targets

SIZE = 320


def said(quads: np.ndarray) -> np.ndarray:
    """What a network that had learnt everything would say: the bell as logits, and the corners."""
    bell, corners, _ = targets(quads.astype(np.float32), SIZE)
    share = np.clip(bell, 1e-4, 1 - 1e-4)
    return np.concatenate([np.log(share / (1 - share))[None], corners]).astype(np.float32)


def test_what_the_network_is_taught_is_what_is_found() -> None:
    near = np.array([[60.0, 100.0], [180.0, 110.0], [178.0, 150.0], [58.0, 140.0]])
    far = np.array([[220.0, 220.0], [270.0, 218.0], [270.0, 236.0], [220.0, 238.0]])
    found = peaks(said(np.stack([near, far])))
    assert len(found) == 2
    for quad in (near, far):
        assert min(float(np.abs(one - quad).max()) for one, _ in found) < 0.01
    assert found[0][1] >= found[1][1] > SCORE_MIN


def test_an_output_that_is_no_number_is_no_plate() -> None:
    y = np.full((9, SIZE // STRIDE_PX, SIZE // STRIDE_PX), np.nan, np.float32)
    assert peaks(y) == []
    y[0] = -np.inf
    assert peaks(y) == []


def test_corners_that_are_no_numbers_are_dropped() -> None:
    y = said(np.array([[[60.0, 100.0], [180.0, 110.0], [178.0, 150.0], [58.0, 140.0]]]))
    y[1:] = np.inf
    assert peaks(y) == []


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (PlateKind.BLUE, "吉D7K391"),
        (PlateKind.GREEN, "吉AD12345"),
        (PlateKind.YELLOW, "黑B2345K"),
        (PlateKind.POLICE, "吉A0123警"),
        (PlateKind.TRUCK_REAR, "吉C2345K"),
    ],
)
def test_a_plate_askew_is_found_with_its_corners(tools: Tools, kind: PlateKind, text: str) -> None:
    scene = np.full((300, 420, 3), 96, np.uint8)
    cv2.rectangle(scene, (60, 60), (360, 260), (60, 60, 62), -1)
    plate = draw_plate(text, kind, 1.0)[..., :3]
    high, wide = plate.shape[:2]
    ratio = high / wide
    quad = np.array([[130, 140], [290, 158], [287, 158 + 155 * ratio], [128, 140 + 162 * ratio]], np.float32)
    change = cv2.getPerspectiveTransform(np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32), quad)
    cover = cv2.warpPerspective(np.full((high, wide), 255, np.uint8), change, (420, 300)) > 127
    scene[cover] = cv2.warpPerspective(plate, change, (420, 300), flags=cv2.INTER_AREA)[cover]
    (found,) = tools.finder.find(scene, left=1000, top=500)
    error = np.linalg.norm(found.quad - np.array([1000, 500], np.float32) - quad, axis=1)
    assert error.max() < 0.25 * found.height_px
    assert tools.reader.read(rectify(scene, found.quad, left=1000, top=500)) is not None


@pytest.mark.parametrize("level", [0, 96, 255])
def test_an_even_picture_holds_no_plate(tools: Tools, level: int) -> None:
    assert tools.finder.find(np.full((360, 640, 3), level, np.uint8)) == []


def test_noise_and_overexposure_hold_no_plate(tools: Tools) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (360, 640, 3), np.uint8)
    assert tools.finder.find(noise) == []
    assert tools.finder.find(np.clip(noise.astype(int) * 10, 0, 255).astype(np.uint8)) == []


def test_a_picture_full_of_stripes_costs_no_more_than_so_many_looks(tools: Tools) -> None:
    stripes = np.zeros((720, 1280, 3), np.uint8)
    stripes[:, np.arange(1280) // 6 % 2 == 0] = 235
    stripes[np.arange(720) // 40 % 2 == 0] = (170, 80, 14)
    assert len(tools.finder.find(stripes, side_px=640)) <= FINDS_MAX


def test_a_plate_at_the_edge_of_the_picture_does_no_harm(tools: Tools) -> None:
    plate = draw_plate("吉D7K391", PlateKind.BLUE, 0.3)[..., :3]
    for left, top in ((-60, 100), (1240, 300), (400, -20), (700, 700)):
        scene = np.full((720, 1280, 3), 96, np.uint8)
        x, y = max(left, 0), max(top, 0)
        part = plate[y - top :, x - left :][: 720 - y, : 1280 - x]
        scene[y : y + part.shape[0], x : x + part.shape[1]] = part
        assert all(np.isfinite(box.quad).all() for box in tools.finder.find(scene, side_px=640))


def test_a_piece_too_small_for_a_plate_is_not_looked_at(tools: Tools) -> None:
    assert tools.finder.find(np.zeros((8, 200, 3), np.uint8)) == []


def test_boxes_that_do_not_meet_do_not_overlap() -> None:
    one = np.array([[0, 0], [10, 0], [10, 4], [0, 4]], np.float32)
    assert overlap(one, one) == pytest.approx(1.0)
    assert overlap(one, one + 20) == 0.0
    assert CORNER_PX > STRIDE_PX
