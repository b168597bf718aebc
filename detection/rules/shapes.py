"""Zones and lines of a rule, in the pixels of a picture."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from camera_config.camera_rules import Points

Place = tuple[float, float]
"""x and y in pixels."""


class ZoneShape:
    """A polygon given in picture shares; no corners are the whole picture."""

    def __init__(self, corners: Points) -> None:
        self._corners = np.array(corners, np.float32).reshape(-1, 2)

    def depth_px(self, place: Place, width: int, height: int) -> float:
        """Return how far inside a place lies; below 0 outside. The whole picture holds everything."""
        if len(self._corners) == 0:
            return math.inf
        outline = self._corners * np.array([width, height], np.float32)
        return float(cv2.pointPolygonTest(outline, place, measureDist=True))


@dataclass(frozen=True, slots=True)
class LineShape:
    """A line from one point to another, in pixels."""

    begin: Place
    end: Place

    @classmethod
    def of(cls, line: Points, width: int, height: int) -> "LineShape":
        """Return the line of picture shares in a picture of this size."""
        (x1, y1), (x2, y2) = line
        return cls((x1 * width, y1 * height), (x2 * width, y2 * height))

    @property
    def way(self) -> Place:
        """Return its direction, of length 1."""
        x, y = self.end[0] - self.begin[0], self.end[1] - self.begin[1]
        length = math.hypot(x, y)
        return x / length, y / length

    def right_px(self, place: Place) -> float:
        """Return how far right of it a place lies for one who looks along it; below 0 it lies left.

        The picture's y points down, so a line drawn upwards has the picture's right on its right.
        """
        way = self.way
        return way[0] * (place[1] - self.begin[1]) - way[1] * (place[0] - self.begin[0])

    def crossed(self, before: Place, after: Place) -> bool:
        """Tell whether the straight way from one place to the other goes through it, its ends included."""
        one, other = self.right_px(before), self.right_px(after)
        if one * other > 0 or one == other:
            return False
        share = one / (one - other)
        x, y = before[0] + share * (after[0] - before[0]), before[1] + share * (after[1] - before[1])
        way = self.way
        along = way[0] * (x - self.begin[0]) + way[1] * (y - self.begin[1])
        return 0 <= along <= math.dist(self.begin, self.end)
