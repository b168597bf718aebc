"""Flat pictures of a vehicle's faces in metres, and where they are on it.

Every face is (height, width, 4) uint8, blue green red multiplied by coverage, and coverage.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.simulate.plates import Colour

PX_M = 240
"""Resolution of the faces, pixels a metre: what a vehicle has at the picture's lower edge."""

FLANK_PX_M = 120
"""Flanks are seen at an angle; half the resolution is ample."""

Face = NDArray[np.uint8]
Corners = tuple[tuple[float, float, float], ...]
"""Four corners (back, across, up) in metres from the middle of the vehicle's front on the ground: top left, top
right, bottom right, bottom left of the face as drawn. Left is left in the picture."""

GLASS = (62, 54, 46)
LOADS = ((86, 96, 70), (120, 86, 52), (110, 110, 112), (54, 80, 110))
RUBBER = (26, 25, 25)
CHROME = (196, 196, 192)
LAMP = (250, 248, 238)


@dataclass(frozen=True, slots=True)
class Part:
    """One face and where it is on the vehicle; without a face it is a plain ``fill``.

    ``side`` is 0, or -1 / 1 for the left / right flank, which is left out when seen from behind.
    """

    face: Face | None
    corners: Corners
    side: int = 0
    fill: Colour = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Vehicle:
    """Parts in drawing order, far ones first. The plate is kept in several sizes, small ones first; none without one.

    ``lamps`` are places (back, across, up) in metres: headlamps, or tail lamps of what drives away.
    """

    parts: tuple[Part, ...]
    plates: tuple[Part, ...]
    width_m: float
    height_m: float
    length_m: float
    lamps: tuple[tuple[float, float, float], ...] = ()


def lit(colour: Colour, factor: float, add: float = 0.0) -> Colour:
    """Return the colour brighter or darker by a factor, and lighter by ``add``."""
    blue, green, red = (int(min(255, max(0, part * factor + add))) for part in colour)
    return (blue, green, red)


def upright(half: float, height: float) -> Corners:
    """Return the corners of the face that stands at the front, ``half`` to either side."""
    return ((0.0, -half, height), (0.0, half, height), (0.0, half, 0.0), (0.0, -half, 0.0))


def flat(half: float, front: float, back: float, height: float) -> Corners:
    """Return the corners of a face that lies at a height."""
    return ((back, -half, height), (back, half, height), (front, half, height), (front, -half, height))


def slope(half: float, front: float, low: float, back: float, high: float) -> Corners:
    """Return the corners of a face that rises towards the back."""
    return ((back, -half, high), (back, half, high), (front, half, low), (front, -half, low))


class Canvas:
    """A face being drawn, in metres with the origin at its top left; fully covered unless cut."""

    def __init__(self, width: float, height: float, top: Colour, bottom: Colour, px_m: int = PX_M) -> None:
        self.scale = px_m
        self.wide, self.high = round(width * px_m), round(height * px_m)
        share = np.linspace(0.0, 1.0, self.high)[:, None]
        rows = np.rint(np.array((*top, 255)) * (1.0 - share) + np.array((*bottom, 255)) * share).astype(np.uint8)
        self.image: Face = np.repeat(rows[:, None, :], self.wide, axis=1)

    def fill(self, points: Sequence[tuple[float, float]], colour: Colour) -> None:
        """Fill a polygon."""
        cv2.fillPoly(self.image, [self._pixels(points)], (*colour, 255), cv2.LINE_AA, 4)

    def line(self, points: Sequence[tuple[float, float]], colour: Colour, width: float) -> None:
        """Draw a line; its width is in metres."""
        thick = max(1, round(width * self.scale))
        cv2.polylines(self.image, [self._pixels(points)], False, (*colour, 255), thick, cv2.LINE_AA, 4)

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """Fill a rectangle."""
        self.fill(((left, top), (right, top), (right, bottom), (left, bottom)), colour)

    def disc(self, x: float, y: float, radius: tuple[float, float], colour: Colour) -> None:
        """Fill an ellipse."""
        centre = (round(x * self.scale * 16), round(y * self.scale * 16))
        axes = (round(radius[0] * self.scale * 16), round(radius[1] * self.scale * 16))
        cv2.ellipse(self.image, centre, axes, 0, 0, 360, (*colour, 255), -1, cv2.LINE_AA, 4)

    def cut(self, points: Sequence[tuple[float, float]]) -> None:
        """Leave nothing outside the polygon."""
        keep = np.zeros((self.high, self.wide), np.uint8)
        cv2.fillPoly(keep, [self._pixels(points)], 255, cv2.LINE_AA, 4)
        self.image = np.asarray(cv2.multiply(self.image, cv2.merge([keep] * 4), scale=1 / 255), np.uint8)

    def clear(self, left: float, top: float, right: float, bottom: float) -> None:
        """Leave nothing inside the rectangle."""
        x, y = round(left * self.scale), round(top * self.scale)
        self.image[y : round(bottom * self.scale), x : round(right * self.scale)] = 0

    def _pixels(self, points: Sequence[tuple[float, float]]) -> NDArray[np.int32]:
        return np.asarray(np.rint(np.array(points) * self.scale * 16), np.int32)


def multiplied(image: NDArray[np.uint8]) -> Face:
    """Return the picture with its colours multiplied by its coverage."""
    cover = image[:, :, 3]
    return np.asarray(
        cv2.multiply(image, cv2.merge([cover, cover, cover, np.full_like(cover, 255)]), scale=1 / 255), np.uint8
    )
