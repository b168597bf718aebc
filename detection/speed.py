"""How fast a vehicle drove by, from where its plate was seen when; only where the checkpoint is calibrated."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from camera_config.county import RoadPoint, SmartCheckpoint

Step = tuple[float, float, float]
"""Monotonic s, and the middle of the plate: x, y in the picture from 0 to 1."""

LEVEL_M: Final = (0.62, 0.12)
"""Height of a plate's middle above the road, and its standard deviation: 0.45 m at a car's front, 0.9 m at a lorry's
tail."""
PLACE_M: Final = 0.08
"""Standard deviation of where a plate is found: 2 pixels, at 97 pixels to 0.44 m, and half a plate's lean."""
TIME_S: Final = 0.03
"""The same of when its keyframe was taken: it is known by its receipt."""
FIELD: Final = 0.01
"""The same of the calibration's metres, as a share: a tape's reading and the corner's pixel."""
WAY_MIN_M: Final = 1.0
TOLD: Final = 0.35
"""A speed whose uncertainty is a larger share of it is left out."""


@dataclass(frozen=True, slots=True)
class Speed:
    """A mean speed over the way on which the plate was seen; 95 % of the true ones are within ``error_kmh``."""

    kmh: float
    error_kmh: float


class SpeedGauge:
    """Measures speeds at one checkpoint; without calibration it never says one."""

    def __init__(self, checkpoint: SmartCheckpoint) -> None:
        self._mast_m = checkpoint.mast_m
        self._ground = _homography(checkpoint.speed_points)

    def measure(self, path: Sequence[Step]) -> Speed | None:
        """Return the speed by the plate's places in order of time; None where it cannot be told well enough.

        The plate is above the road: seen from ``mast_m`` it seems to go faster by mast / (mast - level) (Thales). Of
        the places along the way the slope over time counts (least squares), so that one bad place does not. Its error
        has what the places leave over, but never less than ``PLACE_M`` and ``TIME_S``, and that of the level.
        """
        if self._ground is None or self._mast_m is None or len(path) < 2:
            return None
        steps = np.array(path, np.float64)
        places = cv2.perspectiveTransform(steps[None, :, 1:], self._ground)[0]
        places = np.asarray(places, np.float64) * (1.0 - LEVEL_M[0] / self._mast_m)
        way = places[-1] - places[0]
        long = float(np.hypot(*way))
        at_s = steps[:, 0] - steps[:, 0].mean()
        spread = float((at_s**2).sum())
        if long < WAY_MIN_M or spread <= 0 or not np.isfinite(places).all():
            return None
        along = (places - places.mean(axis=0)) @ (way / long)
        speed = abs(float((along * at_s).sum()) / spread)
        off = along - math.copysign(speed, float((along * at_s).sum())) * at_s
        scatter = math.sqrt(float((off**2).sum()) / max(len(path) - 2, 1))
        least = math.hypot(PLACE_M, TIME_S * speed)
        share = math.hypot(LEVEL_M[1] / (self._mast_m - LEVEL_M[0]), FIELD)
        error = 2.0 * math.hypot(max(scatter, least) / math.sqrt(spread), share * speed)
        return Speed(speed * 3.6, error * 3.6) if error <= TOLD * speed else None


def _homography(points: Sequence[RoadPoint]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]] | None:
    """Return the matrix from picture shares to metres on the road; None without calibration."""
    if not points:
        return None
    picture = np.array([(point.x, point.y) for point in points], np.float32)
    road = np.array([(point.across_m, point.along_m) for point in points], np.float32)
    return np.asarray(cv2.getPerspectiveTransform(picture, road), np.float64)
