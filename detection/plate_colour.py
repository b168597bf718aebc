"""The ground colour of a plate, from its rectified picture."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from detection.plate_grammar import PlateColour

Image = NDArray[np.uint8]

CHROMA_MIN = 60
"""Saturation (0 to 255) from which a pixel has a hue worth counting; characters and grey light have less."""
SHARE_MIN = 0.35
"""Share of the plate's pixels that must agree on a hue."""

HUES: tuple[tuple[PlateColour, int, int], ...] = (
    (PlateColour.YELLOW, 14, 34),
    (PlateColour.GREEN, 35, 92),
    (PlateColour.BLUE, 93, 132),
)
"""OpenCV hue (0 to 179), both ends included."""


def plate_colour(plate: Image) -> tuple[PlateColour | None, float]:
    """Return the ground colour and how much of the plate has it.

    Args:
        plate: (height, width, 3) BGR, rectified, little margin.

    Returns:
        The colour and the share of pixels, 0 to 1. None where no colour stands out, as under infrared light: grey
        plates cannot be told from white or black ones then, so white and black are only said at clear contrast.
    """
    height, width = plate.shape[:2]
    inner = plate[height // 10 : height - height // 10, width // 20 : width - width // 20]
    if inner.size == 0:
        return None, 0.0
    hsv = cv2.cvtColor(inner, cv2.COLOR_BGR2HSV)
    hue, chroma, value = hsv[..., 0], hsv[..., 1], hsv[..., 2]
    vivid = (chroma >= CHROMA_MIN) & (value >= 40)
    shares = {colour: float((vivid & (hue >= low) & (hue <= high)).mean()) for colour, low, high in HUES}
    best = max(shares, key=lambda colour: shares[colour])
    if shares[PlateColour.GREEN] >= 0.3 and shares[PlateColour.YELLOW] >= 0.12:
        return _left_yellow(vivid, hue, shares)
    if shares[best] >= SHARE_MIN:
        return best, shares[best]
    pale = _pale_green(hue, chroma, value)
    if pale >= SHARE_MIN:
        return PlateColour.GREEN, pale
    return _grey(chroma, value)


def ground(picture: Image) -> NDArray[np.uint8] | None:
    """Return where the ground of a plate in the middle of the picture is: (height, width), 1 on it and 0 elsewhere.

    None where the middle has no colour of its own.
    """
    height, width = picture.shape[:2]
    colour, _ = plate_colour(picture[height // 4 : height - height // 4, width // 6 : width - width // 6])
    hsv = cv2.cvtColor(picture, cv2.COLOR_BGR2HSV)
    hue, chroma, value = hsv[..., 0], hsv[..., 1], hsv[..., 2]
    if colour in {PlateColour.GREEN, PlateColour.YELLOW_GREEN}:
        low, high = (14 if colour is PlateColour.YELLOW_GREEN else 35), 92
        return np.asarray((hue >= low) & (hue <= high) & (chroma >= 12) & (value >= 60), np.uint8)
    for named, low, high in HUES:
        if named is colour:
            vivid = (hue >= low) & (hue <= high) & (chroma >= CHROMA_MIN) & (value >= 30)
            inner = (slice(height // 4, height - height // 4), slice(width // 6, width - width // 6))
            # A dark or grey car body may have the plate's hue, never its strength.
            least = [0.6 * float(np.median(part[inner][vivid[inner]])) for part in (chroma, value)]
            return np.asarray(vivid & (chroma >= least[0]) & (value >= least[1]), np.uint8)
    return None


def _left_yellow(vivid: NDArray[Any], hue: NDArray[Any], shares: dict[PlateColour, float]) -> tuple[PlateColour, float]:
    """Tell the large new-energy plate (yellow before the dot, green after it) from a green one in warm light."""
    third = hue.shape[1] // 4
    yellow = vivid & (hue >= 14) & (hue <= 34)
    left, right = float(yellow[:, :third].mean()), float(yellow[:, -third:].mean())
    colour = PlateColour.YELLOW_GREEN if left > 0.3 and right < 0.1 else PlateColour.GREEN
    return colour, shares[PlateColour.GREEN]


def _pale_green(hue: NDArray[Any], chroma: NDArray[Any], value: NDArray[Any]) -> float:
    """Share of light green: the upper half of the small new-energy plate is nearly white."""
    return float(((hue >= 38) & (hue <= 90) & (chroma >= 22) & (value >= 90)).mean())


def _grey(chroma: NDArray[Any], value: NDArray[Any]) -> tuple[PlateColour | None, float]:
    grey = float((chroma < 50).mean())
    if grey < 0.7:
        return None, 0.0
    dark, light = np.percentile(value, (15, 85))
    if light - dark < 70:
        return None, 0.0
    share = float((value > (dark + light) / 2).mean())
    if share > 0.62 and light > 150:
        return PlateColour.WHITE, grey
    if share < 0.38 and dark < 60:
        return PlateColour.BLACK, grey
    return None, 0.0
