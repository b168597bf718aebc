"""The second reader: kakou's own two small networks, trained on drawn plates only (``training/reader.py``).

One makes a plate straight, the other reads it. They share with the first reader neither form, nor input size, nor
training data, so that their faults are not the same ones.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from detection.models import PLATE_SECOND, PLATE_STRAIGHT, load_model
from detection.plate_decode import Steps
from detection.plate_straight import SIZE_PX as CUT_PX
from detection.plate_straight import WHOLE, straightened

Image = NDArray[np.uint8]

SIZE_PX: Final = (144, 32)
"""Width and height a row is brought to, whatever its shape."""
FARTHEST: Final = 0.4
"""A corner is never farther from the cut-out's own, as a share of its side, so the four never cross."""


class SecondReader:
    """Kakou's own reader. Not for several threads at once."""

    def __init__(self) -> None:
        self._session = load_model(PLATE_SECOND)
        self._corners = load_model(PLATE_STRAIGHT)

    def straight(self, plate: Image) -> Image:
        """Return a cut-out plate (height, width, 3) BGR straight, in a picture of the same size."""
        cut = np.asarray(cv2.resize(plate, CUT_PX, interpolation=cv2.INTER_LINEAR), np.uint8)
        way = self._corners.run(None, {"x": _input(cut)})[0][0].reshape(4, 2)
        return straightened(plate, (WHOLE + np.clip(way, -FARTHEST, FARTHEST)).astype(np.float32))

    def steps(self, row: Image) -> Steps:
        """Return the probabilities (36, 1 + len(ALPHABET)) along a straight row, (height, width, 3) BGR."""
        method = cv2.INTER_AREA if row.shape[0] > SIZE_PX[1] else cv2.INTER_LINEAR
        fitted = np.asarray(cv2.resize(row, SIZE_PX, interpolation=method), np.uint8)
        steps: Steps = self._session.run(None, {"x": _input(fitted)})[0][0].astype(np.float64)
        return steps


def _input(image: Image) -> NDArray[np.float32]:
    return image.transpose(2, 0, 1)[None].astype(np.float32)
