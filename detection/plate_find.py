"""A piece of picture in; quadrilaterals that look like number plates out.

PP-OCRv4's text detector (DB, Liao 2020) marks text on a map at the size it is given. The marks become rectangles by
the method of its paper (threshold, contours, smallest rectangle, grown again by what the training had shrunk), halves
of one plate are joined, and what has not the shape of a one-row plate is dropped.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from detection.models import PLATE_FINDER, load_model

Image = NDArray[np.uint8]
Quad = NDArray[np.float32]
"""Corners (4, 2) as x, y in pixels: left top, right top, right bottom, left bottom, as the text reads."""

SIDE_PX: Final = 320
"""Longest side given to the network; 23 core-ms at 320 x 320 (facts/traps 1)."""
GRAIN_PX: Final = 32
"""The network needs sides divisible by this."""
TEXT_MIN: Final = 0.3
BOX_MIN: Final = 0.45
"""Thresholds of the map and of a rectangle's mean; PP-OCR's own are 0.3 and 0.5."""
UNCLIP: Final = 1.6
"""How far a rectangle grows: area x this / perimeter, on every side (DB, section 3.4; PP-OCR's value)."""
ASPECT: Final = (2.1, 6.5)
"""Width to height of the text of one row, margins included; a plate's own is 3.1 (440 x 140 mm)."""
TILT_MAX_DEG: Final = 35.0
PLATE_WIDTH_MIN_PX: Final = 44.0
"""Narrower plates cannot be read."""


@dataclass(frozen=True, slots=True)
class PlateBox:
    """Something of the shape of a plate.

    Args:
        quad: corners in pixels of the picture that the piece was cut from.
        score: mean of the text map inside, 0 to 1.
    """

    quad: Quad
    score: float

    @property
    def centre(self) -> tuple[float, float]:
        """Return x, y in pixels."""
        x, y = self.quad.mean(axis=0)
        return float(x), float(y)

    @property
    def width_px(self) -> float:
        """Return the mean length of the upper and lower side."""
        return float(np.linalg.norm(self.quad[1] - self.quad[0]) + np.linalg.norm(self.quad[2] - self.quad[3])) / 2

    @property
    def height_px(self) -> float:
        """Return the mean length of the left and right side."""
        return float(np.linalg.norm(self.quad[3] - self.quad[0]) + np.linalg.norm(self.quad[2] - self.quad[1])) / 2


class PlateFinder:
    """The text detector with the plate filter behind it. Not for several threads at once."""

    def __init__(self) -> None:
        self._session = load_model(PLATE_FINDER)

    def find(self, piece: Image, *, left: int = 0, top: int = 0, side_px: int = SIDE_PX) -> list[PlateBox]:
        """Find plates.

        Args:
            piece: (height, width, 3) BGR.
            left: where the piece was cut from, pixels; added to the corners, as is ``top``.
            top: see ``left``.
            side_px: the piece is made smaller until its longer side is at most this; it is never made larger.

        Returns:
            Best first; empty when nothing looks like a plate.
        """
        height, width = piece.shape[:2]
        if min(height, width) < 16:
            return []
        shrink = min(1.0, side_px / max(height, width))
        high, wide = (max(GRAIN_PX, math.ceil(size * shrink / GRAIN_PX) * GRAIN_PX) for size in (height, width))
        small = cv2.resize(piece, (wide, high), interpolation=cv2.INTER_AREA if shrink < 1 else cv2.INTER_LINEAR)
        # PP-OCR normalises with the means of ImageNet in BGR order; the network takes either, this is its own.
        x = (small.astype(np.float32) / 127.5 - 1.0).transpose(2, 0, 1)[None]
        text: NDArray[np.float32] = self._session.run(None, {"x": x})[0][0, 0]
        scale = np.array([width / wide, height / high], np.float32)
        boxes = [(_corners(rect, scale), score) for rect, score in _joined(_rectangles(text))]
        found = [
            PlateBox(quad + np.array([left, top], np.float32), score) for quad, score in boxes if _plate_like(quad)
        ]
        return sorted(found, key=lambda box: -box.score)


Rect = tuple[tuple[float, float], tuple[float, float], float]
"""Centre, (long side, short side), angle of the long side in degrees from -90 to 90; the map's pixels."""


def _rectangles(text: NDArray[np.float32]) -> list[tuple[Rect, float]]:
    mask = cv2.dilate((text > TEXT_MIN).astype(np.uint8), np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    out: list[tuple[Rect, float]] = []
    for contour in contours:
        rect = _lying(cv2.minAreaRect(contour))
        long, short = rect[1]
        if short < 3:
            continue
        score = _mean_inside(text, contour)
        if score < BOX_MIN:
            continue
        grow = long * short * UNCLIP / (2 * (long + short))
        out.append(((rect[0], (long + 2 * grow, short + 2 * grow), rect[2]), score))
    return out


def _lying(rect: Any) -> Rect:
    (x, y), (wide, high), angle = rect
    if wide < high:
        wide, high, angle = high, wide, angle + 90
    angle = (angle + 90) % 180 - 90
    return (float(x), float(y)), (float(wide), float(high)), float(angle)


def _mean_inside(text: NDArray[np.float32], contour: NDArray[Any]) -> float:
    x, y, wide, high = cv2.boundingRect(contour)
    inside = np.zeros((high, wide), np.uint8)
    cv2.drawContours(inside, [contour], -1, 1, cv2.FILLED, offset=(-x, -y))
    return float(cv2.mean(text[y : y + high, x : x + wide], inside)[0])


def _joined(rects: list[tuple[Rect, float]]) -> list[tuple[Rect, float]]:
    """Join two halves of one row: alike in height, on one line, less than one height apart (the dot's gap)."""
    out = list(rects)
    for i, (one, score) in enumerate(rects):
        for other, other_score in rects[i + 1 :]:
            if _one_row(one, other):
                points = np.concatenate([cv2.boxPoints(one), cv2.boxPoints(other)])
                out.append((_lying(cv2.minAreaRect(points)), min(score, other_score)))
    return out


def _one_row(one: Rect, other: Rect) -> bool:
    high, low = max(one[1][1], other[1][1]), min(one[1][1], other[1][1])
    if low < 0.6 * high:
        return False
    angle = math.radians(max(one, other, key=lambda rect: rect[1][0])[2])
    dx, dy = other[0][0] - one[0][0], other[0][1] - one[0][1]
    along = abs(dx * math.cos(angle) + dy * math.sin(angle))
    across = abs(dy * math.cos(angle) - dx * math.sin(angle))
    gap = along - (one[1][0] + other[1][0]) / 2
    return across < 0.4 * high and gap < 1.0 * low


def _corners(rect: Rect, scale: NDArray[np.float32]) -> Quad:
    (x, y), (long, short), angle = rect
    turn = math.radians(angle)
    along = np.array([math.cos(turn), math.sin(turn)]) * long / 2
    down = np.array([-math.sin(turn), math.cos(turn)]) * short / 2
    centre = np.array([x, y])
    quad = np.stack([centre - along - down, centre + along - down, centre + along + down, centre - along + down])
    return (quad * scale).astype(np.float32)


def _plate_like(quad: Quad) -> bool:
    box = PlateBox(quad, 0.0)
    if box.width_px < PLATE_WIDTH_MIN_PX or box.height_px <= 0:
        return False
    along = quad[1] - quad[0]
    tilt = abs(math.degrees(math.atan2(float(along[1]), float(along[0]))))
    return ASPECT[0] <= box.width_px / box.height_px <= ASPECT[1] and tilt <= TILT_MAX_DEG


def rectify(picture: Image, quad: Quad, *, left: int = 0, top: int = 0) -> Image:
    """Return the plate seen straight on.

    Args:
        picture: (height, width, 3) BGR.
        quad: corners (4, 2), pixels, ``left`` and ``top`` not yet taken off.
        left: where ``picture`` was cut from, pixels, as is ``top``.
        top: see ``left``.

    Returns:
        (height, width, 3) BGR of the quad's own size, at least 8 pixels high.
    """
    box = PlateBox(quad, 0.0)
    wide, high = max(round(box.width_px), 24), max(round(box.height_px), 8)
    here = (quad - np.array([left, top], np.float32)).astype(np.float32)
    there = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    change = cv2.getPerspectiveTransform(here, there)
    flat = cv2.warpPerspective(picture, change, (wide, high), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(flat, np.uint8)
