"""Two rows of a plate side by side, so that readers of one row can read them.

Proportions after GA 36-2018 (mm): on 440 x 220 the upper row is from 15 to 75, the lower from 90 to 200; on a
motorcycle's 220 x 140 from 14 to 56 and from 64 to 126. Both cuts overlap, so that neither kind nor a few per cent of a
corner's error costs a part of a character.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

UPPER_END: Final = 0.42
LOWER_BEGIN: Final = 0.36
"""The upper row is above the one, the lower below the other, as shares of the plate's height."""
UPPER_SIDE: Final = 0.12
"""Left and right of the upper row so much of the plate's width is empty on every kind."""
UPPER_WIDTH: Final = 0.45
"""The upper row is made so wide, as a share of the lower: its characters are wide and low."""


def in_one_row(plate: Image) -> Image:
    """Return the two rows of a straight plate, (height, width, 3), side by side at one height."""
    height, width = plate.shape[:2]
    side = round(UPPER_SIDE * width)
    upper = plate[: max(1, round(UPPER_END * height)), side : max(side + 1, width - side)]
    lower = plate[round(LOWER_BEGIN * height) :]
    size = (max(1, round(UPPER_WIDTH * width)), lower.shape[0])
    return np.hstack([np.asarray(cv2.resize(upper, size, interpolation=cv2.INTER_LINEAR), np.uint8), lower])


def across(x: float, upper: bool) -> float:
    """Return where a place of the plate is in one row: both as shares of the width."""
    if upper:
        return (x - UPPER_SIDE) / (1 - 2 * UPPER_SIDE) * UPPER_WIDTH / (1 + UPPER_WIDTH)
    return (UPPER_WIDTH + x) / (1 + UPPER_WIDTH)
