"""The four corners of a plate, from its ground colour.

The text detector gives an upright or turned rectangle around the text, a little too large or too small. Drawn plates
of 110 pixels are read surely in 1.0 of the cases when cut at their edge, and in 0.4 with a margin of 8 per cent.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from detection.plate_colour import ground
from detection.plate_find import Image, PlateBox, Quad, rectify

LOOK: Final = (0.12, 0.30)
"""Around the rectangle so much more is looked at, as shares of its width and height."""
FILLED_MIN: Final = 0.85
"""The ground must fill so much of the corners' quadrilateral; characters are filled in first."""
SHARE: Final = (0.5, 1.45)
"""Sides of the corners' quadrilateral against those of the rectangle; others are a blue car around a blue plate."""
SLOPES: Final = (0.12, 0.12, 0.6, 0.6)
"""How far upper, lower, left and right side may lean against the text: perspective, and a leaning road or mast."""
INSIDE_PX: Final = 2
"""Ground that reaches the edge of what is looked at this closely on three sides is not the plate's alone."""


def fit_corners(picture: Image, box: PlateBox, *, left: int = 0, top: int = 0) -> PlateBox:
    """Return the plate with its own corners; ``box`` itself where its ground has no colour of its own.

    Args:
        picture: (height, width, 3) BGR that holds the plate and a margin.
        box: the text's rectangle.
        left: where ``picture`` was cut from, pixels, as is ``top``.
        top: see ``left``.
    """
    wide = _grown(box.quad, *LOOK)
    seen = rectify(picture, wide, left=left, top=top)
    mask = ground(seen)
    if mask is None:
        return box
    corners = _corners(mask)
    if corners is None:
        return box
    height, width = seen.shape[:2]
    back = cv2.getPerspectiveTransform(np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32), wide)
    quad = np.asarray(cv2.perspectiveTransform(corners[None], back)[0], np.float32)
    fitted = PlateBox(quad, box.score)
    fits = all(
        SHARE[0] <= mine / max(its, 1.0) <= SHARE[1]
        for mine, its in ((fitted.width_px, box.width_px), (fitted.height_px, box.height_px))
    )
    return fitted if fits else box


def _corners(mask: NDArray[np.uint8]) -> Quad | None:
    """Return the corners (4, 2) of the piece of ground in the middle; None where it is no quadrilateral."""
    height, width = mask.shape
    size = max(3, height // 4) | 1
    whole = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((size, size), np.uint8))
    whole = cv2.morphologyEx(whole, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(whole)
    if count < 2:
        return None
    label = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    x, y, wide, high, area = (int(value) for value in stats[label])
    touched = sum((x <= INSIDE_PX, y <= INSIDE_PX, x + wide >= width - INSIDE_PX, y + high >= height - INSIDE_PX))
    if touched >= 3:
        return None
    piece = labels[y : y + high, x : x + wide] == label
    quad = _quadrilateral(piece)
    if quad is None:
        return None
    covered = float(cv2.contourArea(quad))
    return quad + np.array([x, y], np.float32) if covered > 0 and FILLED_MIN <= area / covered <= 1.2 else None


def _quadrilateral(piece: NDArray[np.bool_]) -> Quad | None:
    """Return where the four lines along the piece's sides meet; None where they are no plate's."""
    high, wide = piece.shape
    across, along = np.arange(wide // 10, wide - wide // 10), np.arange(high // 6, high - high // 6)
    if len(across) < 8 or len(along) < 4:
        return None
    columns, rows = piece[:, across], piece[along]
    above = _line(across, columns.argmax(axis=0), -1)
    below = _line(across, high - columns[::-1].argmax(axis=0), 1)
    before = _line(along, rows.argmax(axis=1), -1)
    behind = _line(along, wide - rows[:, ::-1].argmax(axis=1), 1)
    if any(abs(line[0]) > limit for line, limit in zip((above, below, before, behind), SLOPES, strict=True)):
        return None
    return np.array(
        [_meet(row, column) for row, column in ((above, before), (above, behind), (below, behind), (below, before))],
        np.float32,
    )


def _line(places: NDArray[np.intp], edge: NDArray[np.intp], outward: int) -> tuple[float, float]:
    """Return slope and offset of the line along an edge: its middle slope (Theil-Sen), as far out as most of it."""
    step = len(places) // 2
    slope = float(np.median((edge[step:] - edge[: len(edge) - step]) / step))
    offsets = edge - slope * places
    return slope, float(np.quantile(offsets, 0.75 if outward > 0 else 0.25))


def _meet(row: tuple[float, float], column: tuple[float, float]) -> tuple[float, float]:
    """Return where y = a x + b and x = c y + d meet."""
    (a, b), (c, d) = row, column  # a c is far from 1: both slopes are below SLOPES
    y = (a * d + b) / (1 - a * c)
    return c * y + d, y


def _grown(quad: Quad, across: float, along: float) -> Quad:
    middle = quad.mean(axis=0)
    right, down = (quad[1] + quad[2] - quad[0] - quad[3]) / 2, (quad[2] + quad[3] - quad[0] - quad[1]) / 2
    signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32) / 2
    sides = np.array([(1 + 2 * across), (1 + 2 * along)], np.float32)
    return np.asarray(middle + signs[:, :1] * right * sides[0] + signs[:, 1:] * down * sides[1], np.float32)
