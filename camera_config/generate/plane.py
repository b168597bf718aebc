"""The plane the county is drawn on: metres east and north of the centre, to a decimetre; azimuths from north."""

import math
import random
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from camera_config.county import RoadClass
from camera_config.ground import EARTH_M

CENTRE_LAT, CENTRE_LON = 42.68, 125.53
_METRES = EARTH_M * math.pi / 180
_METRES_EAST = _METRES * math.cos(math.radians(CENTRE_LAT))

Pt = tuple[float, float]


@dataclass(slots=True)
class Way:
    """A road as drawn. Ways of ``level`` 0, the ground, meet where they cross; those of level 1 at shared points."""

    points: list[Pt]
    kind: RoadClass
    name: str
    one_way: bool = False
    level: int = 0


@dataclass(frozen=True, slots=True)
class Ring:
    """A closed outline around the centre, by its radius in metres for each of ``len(radii_m)`` equal azimuths."""

    radii_m: tuple[float, ...]
    points: tuple[Pt, ...] = field(init=False)

    def __post_init__(self) -> None:
        step = 360 / len(self.radii_m)
        points = tuple(polar(index * step, radius) for index, radius in enumerate(self.radii_m))
        object.__setattr__(self, "points", (*points, points[0]))

    def radius_m(self, azimuth_deg: float) -> float:
        """Return the outline's radius, interpolated between its corners."""
        at = (azimuth_deg % 360) * len(self.radii_m) / 360
        low = int(at) % len(self.radii_m)
        high = (low + 1) % len(self.radii_m)
        return self.radii_m[low] + (self.radii_m[high] - self.radii_m[low]) * (at - int(at))

    def beyond_m(self, p: Pt) -> float:
        """Return how far outside (positive) or inside (negative) the outline ``p`` lies, along its radius."""
        return math.hypot(*p) - self.radius_m(azimuth(p))


def ring(shape: Callable[[float], float], scale_m: float, corners: int = 96) -> Ring:
    """Return the outline of radius ``scale_m * shape(azimuth in radians)``."""
    return Ring(tuple(scale_m * shape(2 * math.pi * index / corners) for index in range(corners)))


def area_km2(outline: Ring) -> float:
    """Return the area by the shoelace formula."""
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(outline.points))) / 2e6


def degrees(p: Pt) -> tuple[float, float]:
    """Return (lat, lon), WGS84, to 1e-7 degree."""
    return round(CENTRE_LAT + p[1] / _METRES, 7), round(CENTRE_LON + p[0] / _METRES_EAST, 7)


def pt(x: float, y: float) -> Pt:
    """Return a point to the decimetre, so that the same place is the same value."""
    return round(x, 1), round(y, 1)


def polar(azimuth_deg: float, radius_m: float) -> Pt:
    """Return the point at an azimuth (clockwise from north) and distance from the centre."""
    angle = math.radians(azimuth_deg)
    return pt(radius_m * math.sin(angle), radius_m * math.cos(angle))


def azimuth(p: Pt, origin: Pt = (0.0, 0.0)) -> float:
    """Return the azimuth of ``p`` seen from ``origin``, 0 to 360 degrees."""
    return math.degrees(math.atan2(p[0] - origin[0], p[1] - origin[1])) % 360


def distance_m(a: Pt, b: Pt) -> float:
    """Return the straight distance."""
    return math.hypot(a[0] - b[0], a[1] - b[1])


def meander(points: Sequence[Pt], rng: random.Random, wave: float = 0.07, step_m: float = 420.0) -> list[Pt]:
    """Return a winding line through all ``points`` (midpoint displacement), in pieces of at most ``step_m``."""
    line = [points[0]]
    for a, b in pairwise(points):
        line += _wind(a, b, rng, wave, step_m)
    return line


def _wind(a: Pt, b: Pt, rng: random.Random, wave: float, step_m: float) -> list[Pt]:
    length = distance_m(a, b)
    if length <= step_m:
        return [b]
    # The longest legs wind less than they are long, as roads in valleys do.
    aside = max(-0.16, min(0.16, rng.gauss(0, wave))) * min(length, 6000.0)
    middle = pt(
        (a[0] + b[0]) / 2 - aside * (b[1] - a[1]) / length,
        (a[1] + b[1]) / 2 + aside * (b[0] - a[0]) / length,
    )
    return [*_wind(a, middle, rng, wave, step_m), *_wind(middle, b, rng, wave, step_m)]


def smooth(points: Sequence[Pt], pieces: int = 16) -> list[Pt]:
    """Return a Catmull-Rom curve through ``points``."""
    line = [points[0]]
    padded = [points[0], *points, points[-1]]
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        for index in range(1, pieces + 1):
            t = index / pieces
            line.append(pt(*(_spline(a[k], b[k], c[k], d[k], t) for k in (0, 1))))
    return line


def _spline(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)


def offset(points: Sequence[Pt], right_m: float) -> list[Pt]:
    """Return the line moved to its right by ``right_m``."""
    moved = []
    for index, p in enumerate(points):
        before, after = points[max(index - 1, 0)], points[min(index + 1, len(points) - 1)]
        length = distance_m(before, after)
        moved.append(
            pt(p[0] + right_m * (after[1] - before[1]) / length, p[1] - right_m * (after[0] - before[0]) / length)
        )
    return moved


def lengths(points: Sequence[Pt]) -> list[float]:
    """Return metres along the line up to each point."""
    sums = [0.0]
    for a, b in pairwise(points):
        sums.append(sums[-1] + distance_m(a, b))
    return sums


def insert_at(points: list[Pt], along_m: float) -> Pt:
    """Put a point into the line at ``along_m`` from its start, and return it (an existing one within 1 m)."""
    sums = lengths(points)
    after = min(max(bisect_right(sums, along_m), 1), len(points) - 1)
    a, b = points[after - 1], points[after]
    share = (along_m - sums[after - 1]) / (sums[after] - sums[after - 1])
    p = pt(a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]))
    for near in (a, b):
        if distance_m(near, p) < 1.0:
            return near
    points.insert(after, p)
    return p


def crossing(a: Pt, b: Pt, c: Pt, d: Pt) -> tuple[float, float, Pt] | None:
    """Return where a-b meets c-d: shares along both, and the point; None if they do not or are parallel."""
    rx, ry, sx, sy = b[0] - a[0], b[1] - a[1], d[0] - c[0], d[1] - c[1]
    cross = rx * sy - ry * sx
    if cross == 0:
        return None
    t = ((c[0] - a[0]) * sy - (c[1] - a[1]) * sx) / cross
    u = ((c[0] - a[0]) * ry - (c[1] - a[1]) * rx) / cross
    if not (0 <= t <= 1 and 0 <= u <= 1):
        return None
    return t, u, pt(a[0] + t * rx, a[1] + t * ry)
