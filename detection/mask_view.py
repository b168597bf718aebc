"""A mask drawn on a picture of its device, so that a person sees what nobody will see: the product's own filling."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from camera_config.masks import Polygon
from detection.decode import Image, Picture
from detection.masks import filled

STEPS: Final = 10
RIM_BGR: Final = (0, 220, 255)
GRID_BGR: Final = (255, 255, 255)
HEIGHT_PX: Final = 720
"""Lines and numbers are as large as they are here for this height, in proportion for others."""
LEAST_SCALE: Final = 0.8


def picture_of(image: Image) -> Picture:
    """Return a (height, width, 3) BGR picture as a decoder would give it; an odd last row or column is cut off."""
    height, width = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
    flat = np.asarray(cv2.cvtColor(image[:height, :width], cv2.COLOR_BGR2YUV_I420), np.uint8).ravel()
    half = (height // 2, width // 2)
    ends = np.cumsum([height * width, half[0] * half[1], half[0] * half[1]])
    y, u, v = np.split(flat, ends[:2])
    return Picture(y.reshape(height, width), u.reshape(half), v.reshape(half))


def draw_mask(picture: Picture, polygons: Sequence[Polygon]) -> Image:
    """Return the picture (BGR) as kakou shows it; over it a grid of shares, polygons and corners numbered.

    Numbers count from 0, as messages about a mask file do.
    """
    out = filled(picture, polygons).bgr()
    height, width = out.shape[:2]
    scale = max(height / HEIGHT_PX, LEAST_SCALE)
    _draw_grid(out, scale)
    for number, polygon in enumerate(polygons):
        corners = np.rint(np.array(polygon) * [width - 1, height - 1]).astype(np.int32)
        cv2.polylines(out, [corners], True, RIM_BGR, max(round(2 * scale), 1), cv2.LINE_AA)
        for place, (x, y) in enumerate(corners):
            cv2.circle(out, (int(x), int(y)), max(round(4 * scale), 2), RIM_BGR, -1, cv2.LINE_AA)
            _write(out, str(place), int(x) + 6, int(y) + 14, 0.45 * scale)
        middle = corners.mean(axis=0)
        _write(out, f"polygon {number}", int(middle[0] - 40 * scale), int(middle[1]), 0.6 * scale)
    return out


def share_hidden(polygons: Sequence[Polygon]) -> float:
    """Return the share of a picture that the polygons hide, to about a thousandth."""
    plane = np.zeros((720, 1280), np.uint8)
    half = np.zeros((360, 640), np.uint8)
    return float((filled(Picture(plane, half, half), polygons).y != 0).mean())


def _draw_grid(out: Image, scale: float) -> None:
    height, width = out.shape[:2]
    lines = out.copy()
    for step in range(1, STEPS):
        x, y = round(width * step / STEPS), round(height * step / STEPS)
        cv2.line(lines, (x, 0), (x, height), GRID_BGR, 1)
        cv2.line(lines, (0, y), (width, y), GRID_BGR, 1)
    cv2.addWeighted(lines, 0.35, out, 0.65, 0, out)
    for step in range(1, STEPS):
        _write(out, f".{step}", round(width * step / STEPS) + 2, round(14 * scale), 0.45 * scale)
        _write(out, f".{step}", 2, round(height * step / STEPS) - 3, 0.45 * scale)


def _write(out: Image, text: str, x: int, y: int, size: float) -> None:
    place = (max(x, 0), min(max(y, 10), out.shape[0] - 3))
    cv2.putText(out, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.putText(out, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, GRID_BGR, 1, cv2.LINE_AA)
