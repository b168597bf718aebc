"""Plates made straight, and two rows made one."""

import cv2
import numpy as np
import pytest

from detection.plate_rows import across, in_one_row
from detection.plate_straight import MARGIN, straightened


@pytest.mark.parametrize(("y", "upper"), [(45, True), (150, False)])
@pytest.mark.parametrize("x", [120, 220, 320])
def test_a_place_of_two_rows_is_where_it_should_be_in_one(x: int, y: int, upper: bool) -> None:
    plate = np.zeros((220, 440, 3), np.uint8)
    cv2.circle(plate, (x, y), 12, (255, 255, 255), -1)
    row = in_one_row(plate)
    columns = np.flatnonzero(row.max(axis=(0, 2)) > 128)
    assert (columns[0] + columns[-1]) / 2 / row.shape[1] == pytest.approx(across(x / 440, upper), abs=0.01)


def test_two_rows_side_by_side_are_as_high_as_one_and_hold_all_of_both() -> None:
    row = in_one_row(np.full((140, 220, 3), 9, np.uint8))
    assert row.shape[1] / row.shape[0] > 3
    assert (row == 9).all()
    assert in_one_row(np.zeros((1, 1, 3), np.uint8)).size


def test_a_leaning_plate_stands_straight_with_a_little_around_it() -> None:
    cut = np.zeros((60, 200, 3), np.uint8)
    quad = np.array([[0.1, 0.05], [0.98, 0.3], [0.9, 0.95], [0.02, 0.7]], np.float32)
    cv2.fillPoly(cut, [np.round(quad * (200, 60)).astype(np.int32)], (255, 255, 255))
    straight = straightened(cut, quad)
    assert straight.shape == cut.shape
    left, top = round(MARGIN[0] * 200) + 2, round(MARGIN[1] * 60) + 2
    assert (straight[top:-top, left:-left] > 200).all()
    assert (straight[0] < 50).all()
