"""How a checkpoint's camera sees the road: where a point of the road falls in the picture, and when a plate is in it.

Road coordinates, in metres: ``s`` along the road away from the camera, ``u`` across to the right, ``h`` above the
ground. Vehicles drive towards the camera, s falling.
"""

import math
import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

WIDTH_PX = 1280
HEIGHT_PX = 720
LANES_M = (-1.45, 1.45)
"""Middle of each lane; lane 1 is the left one in the picture."""

MAST_M = 6.0
PLATE_WIDTH_M = 0.44
PLATE_LEVEL_M = 0.55
MID_PLATE_PX = 97.0
"""Width of a plate in the middle of the picture; about 125 at the lower edge, 72 at the upper one."""

MARGIN_PX = 6.0
"""A plate nearer than this to the picture's edge is not counted as fully seen."""

YAWS_DEG = (0.0, -6.0, 12.0, -15.0, 4.0, -10.0, 17.0, -3.0, 8.0, -13.0, 2.0, 15.0, -18.0)
"""Road against camera, one checkpoint after the other; vehicles add up to 4 degrees, so that plates stay below 25."""


@dataclass(frozen=True, slots=True)
class View:
    """One camera: looks along its own z axis, pitched down; the road passes below at ``yaw_rad``."""

    yaw_rad: float
    pitch_rad: float
    focal_px: float
    base_x_m: float
    base_z_m: float

    def project(self, points: ArrayLike) -> NDArray[np.float64]:
        """Return (n, 2) picture coordinates of (n, 3) road points (s, u, h)."""
        road = np.asarray(points, np.float64)
        sin, cos = math.sin(self.yaw_rad), math.cos(self.yaw_rad)
        x = self.base_x_m + road[:, 0] * sin + road[:, 1] * cos
        z = self.base_z_m + road[:, 0] * cos - road[:, 1] * sin
        y = road[:, 2] - MAST_M
        depth = z * math.cos(self.pitch_rad) - y * math.sin(self.pitch_rad)
        rise = z * math.sin(self.pitch_rad) + y * math.cos(self.pitch_rad)
        return np.column_stack([WIDTH_PX / 2 + self.focal_px * x / depth, HEIGHT_PX / 2 - self.focal_px * rise / depth])


def make_view(index: int, seed: int) -> View:
    """Return the camera of checkpoint ``index``: the same for the same seed, each one different."""
    rng = random.Random(f"view/{seed}/{index}")
    yaw_deg = YAWS_DEG[index % len(YAWS_DEG)] + rng.uniform(-1.0, 1.0)
    # The more the road slants, the steeper the camera looks, or the lanes would leave the picture sideways.
    pitch_deg = 18.0 + 0.72 * abs(yaw_deg) + rng.uniform(-0.5, 0.5)
    pitch = math.radians(pitch_deg)
    mid_m = (MAST_M - PLATE_LEVEL_M) / math.sin(pitch)
    focal = MID_PLATE_PX * rng.uniform(0.96, 1.05) / PLATE_WIDTH_M * mid_m
    yaw = math.radians(yaw_deg)
    straight = View(yaw, pitch, focal, 0.0, mid_m * math.cos(pitch))
    near, _ = plate_track(straight, 0.0)
    # At the lower edge, where plates are largest, the two lanes stand in the middle of the picture.
    return View(yaw, pitch, focal, -near * math.sin(yaw), mid_m * math.cos(pitch))


def plate_track(view: View, u: float, slope: float = 0.0, level_m: float = PLATE_LEVEL_M) -> tuple[float, float]:
    """Return the nearest and the farthest s at which a plate is fully in the picture.

    Args:
        view: the camera.
        u: where the plate's middle is across the road at s = 0.
        slope: change of u a metre of s (the vehicle's heading).
        level_m: height of the plate's middle.
    """
    s = np.linspace(-20.0, 40.0, 1201)
    inside = np.ones(len(s), bool)
    for side in (-PLATE_WIDTH_M / 2, PLATE_WIDTH_M / 2):
        for above in (-0.07, 0.07):
            corners = np.column_stack([s, u + slope * s + side, np.full(len(s), level_m + above)])
            picture = view.project(corners)
            inside &= (picture >= MARGIN_PX).all(axis=1)
            inside &= (picture[:, 0] <= WIDTH_PX - MARGIN_PX) & (picture[:, 1] <= HEIGHT_PX - MARGIN_PX)
    # Behind the camera points fold over; the plate's track is the run of places around the picture's middle.
    middle = len(s) // 3
    if not inside.any():
        raise ValueError(f"a plate at u = {u} m never shows")
    seen = np.flatnonzero(inside)
    start = seen[np.argmin(np.abs(seen - middle))]
    low = high = int(start)
    while low > 0 and inside[low - 1]:
        low -= 1
    while high < len(s) - 1 and inside[high + 1]:
        high += 1
    return float(s[low]), float(s[high])
