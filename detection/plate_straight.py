"""A cut-out plate in, the same plate straight out: kakou's own small network tells where its corners are.

A finder's corners are off by some per cent, and a picture that was cut upright holds a leaning plate. Our own reader
(``plate_second``) is small because it sees straight plates only.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Quad = NDArray[np.float32]
"""Corners (4, 2) as shares of a cut-out's width and height: left top, right top, right bottom, left bottom."""

SIZE_PX: Final = (96, 32)
"""Width and height a cut-out is brought to, to find its corners."""
WHOLE: Final = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
"""The network gives how far each corner is from the cut-out's own."""
MARGIN: Final = (0.015, 0.04)
"""So much is left around a plate at each side, as shares of its width and height."""


def straightened(image: Image, quad: Quad) -> Image:
    """Return a plate straight in a picture of the size of its cut-out (height, width, 3)."""
    return np.asarray(
        cv2.warpPerspective(
            image, change(quad, image.shape[1], image.shape[0]), image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE
        ),
        np.uint8,
    )


def change(quad: Quad, width: int, height: int) -> NDArray[np.float64]:
    """Return the 3 x 3 matrix that takes a cut-out's pixels to those of the straight plate, of the same size."""
    inner = np.array(MARGIN, np.float32) + WHOLE * (1 - 2 * np.array(MARGIN, np.float32))
    size = np.array([width, height], np.float32)
    return np.asarray(cv2.getPerspectiveTransform(quad * size, (inner * size).astype(np.float32)), np.float64)
