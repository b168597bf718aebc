"""A piece of picture in; quadrilaterals of text that look like number plates out.

PP-OCRv4's text detector (DB, Liao 2020) marks text on a map at the size it is given. The marks become rectangles by
the method of its paper (threshold, contours, smallest rectangle, grown again by what the training had shrunk), halves
of one plate are joined, and what has not the shape of a one-row plate is dropped.
"""

import math
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from detection.models import PLATE_TEXT, load_model

Image = NDArray[np.uint8]
Quad = NDArray[np.float32]
"""Corners (4, 2) as x, y in pixels: left top, right top, right bottom, left bottom, as the text reads."""

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


class TextFinder:
    """The text detector with the plate filter behind it. Not for several threads at once."""

    def __init__(self) -> None:
        self._session = load_model(PLATE_TEXT)

    def find(self, piece: Image, *, side_px: int) -> list[tuple[Quad, float]]:
        """Return corners in pixels of ``piece``, and how sure it is that there is text (0 to 1), best first.

        Args:
            piece: (height, width, 3) BGR.
            side_px: the piece is made smaller until its longer side is at most this; it is never made larger. At 320 x
                320 it costs 23 core-ms (facts/traps 1).
        """
        height, width = piece.shape[:2]
        shrink = min(1.0, side_px / max(height, width))
        high, wide = (max(GRAIN_PX, math.ceil(size * shrink / GRAIN_PX) * GRAIN_PX) for size in (height, width))
        small = cv2.resize(piece, (wide, high), interpolation=cv2.INTER_AREA if shrink < 1 else cv2.INTER_LINEAR)
        # PP-OCR normalises with the means of ImageNet in BGR order; the network takes either, this is its own.
        x = (small.astype(np.float32) / 127.5 - 1.0).transpose(2, 0, 1)[None]
        text: NDArray[np.float32] = self._session.run(None, {"x": x})[0][0, 0]
        scale = np.array([width / wide, height / high], np.float32)
        boxes = [(_corners(rect, scale), score) for rect, score in _joined(_rectangles(text))]
        found = [(quad, score) for quad, score in boxes if _plate_like(quad)]
        return sorted(found, key=lambda one: -one[1])


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
    along, down = quad[1] - quad[0], quad[3] - quad[0]
    wide, high = float(np.linalg.norm(along)), float(np.linalg.norm(down))
    tilt = abs(math.degrees(math.atan2(float(along[1]), float(along[0]))))
    return high > 0 and ASPECT[0] <= wide / high <= ASPECT[1] and tilt <= TILT_MAX_DEG
