"""The nearest point of a line, points along it and parts of it, in metres on the ground."""

from dataclasses import dataclass
from math import cos, hypot, radians
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from camera_config.county import Position
from lockdown.times import finite

EARTH_M_PER_DEG = 6_371_008.8 * np.pi / 180
"""Metres in one degree of latitude on the mean sphere (IUGG mean radius)."""

CELL_M = 400.0
"""Side of an index cell; a road's segment is entered in every cell that its box touches."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Whole = TypeVar("Whole", int, Ints)


@dataclass(frozen=True, slots=True)
class Plane:
    """Equirectangular metres around one latitude; over a county it is wrong by less than 0.5 %."""

    lat0: float
    lon0: float

    def xy(self, lat: float, lon: float) -> tuple[float, float]:
        """Return metres east and north of the plane's origin."""
        east = (lon - self.lon0) * cos(radians(self.lat0)) * EARTH_M_PER_DEG
        return east, (lat - self.lat0) * EARTH_M_PER_DEG

    def points(self, lat_lon: Floats) -> Floats:
        """Return (points, 2) of east and north metres for (points, 2) of (lat, lon)."""
        east = (lat_lon[:, 1] - self.lon0) * cos(radians(self.lat0)) * EARTH_M_PER_DEG
        return np.column_stack([east, (lat_lon[:, 0] - self.lat0) * EARTH_M_PER_DEG])

    def position(self, x: float, y: float) -> Position:
        """Return the place that lies ``x`` metres east and ``y`` north of the origin."""
        lon = self.lon0 + x / (cos(radians(self.lat0)) * EARTH_M_PER_DEG)
        return Position(self.lat0 + y / EARTH_M_PER_DEG, lon)


@dataclass(frozen=True, slots=True)
class Near:
    """A point of a line: ``fraction`` of its drawn length, ``away_m`` from the place asked about.

    ``bearing_deg`` is the line's own direction there, from its start to its end.
    """

    line: int
    fraction: float
    away_m: float
    bearing_deg: float


class Lines(NamedTuple):
    """Segments of many lines, found by cell.

    Shapes: ``a``, ``b`` (segments, 2) metres; ``line`` (segments,); ``before_m`` (segments,) drawn metres from the
    line's start to the segment; ``drawn_m`` (lines,). ``cell`` (cells,) holds the keys of the cells that are not empty,
    rising; the segments of the i-th are ``segment[ptr[i]:ptr[i + 1]]``.
    """

    cell: Ints
    ptr: Ints
    segment: Ints
    a: Floats
    b: Floats
    line: Ints
    before_m: Floats
    drawn_m: Floats


@dataclass(frozen=True, slots=True)
class LineIndex:
    """Lines on a plane. Built by ``index_lines``; ``near`` only reads."""

    plane: Plane
    lines: Lines

    def near(self, position: Position, within_m: float) -> list[Near]:
        """Return the nearest point of every line within ``within_m`` metres, nearest first, ties by line."""
        from lockdown.compiled.near import near_lines  # noqa: PLC0415  (numba; only who plans pays for it)

        x, y = self.plane.xy(finite(position.lat, "latitude"), finite(position.lon, "longitude"))
        found = near_lines(self.lines, x, y, within_m)
        return [Near(*near) for near in zip(*(part.tolist() for part in found), strict=True)]


def cell_key(cx: Whole, cy: Whole) -> Whole:
    """Return one whole number for a cell, or for each; cells up to 2**20 from the origin, 400,000 km, differ in it."""
    return (cx + (1 << 20)) * (1 << 21) + cy + (1 << 20)


def index_lines(plane: Plane, lines: list[Floats]) -> LineIndex:
    """Index lines given as (points, 2) of (lat, lon)."""
    counts = np.array([len(shape) for shape in lines], np.int64)
    xy = plane.points(np.concatenate(lines))
    goes_on = np.ones(len(xy), np.bool_)
    goes_on[np.cumsum(counts) - 1] = False
    first = np.flatnonzero(goes_on)
    a, b = xy[first], xy[first + 1]
    step = np.hypot(*(b - a).T)
    ends = np.cumsum(counts - 1)
    begins = ends - (counts - 1)
    before, drawn = np.zeros(len(step)), step[begins]
    for i in np.flatnonzero(counts > 2).tolist():
        low, high = int(begins[i]), int(ends[i])
        before[low + 1 : high] = np.cumsum(step[low:high])[:-1]
        drawn[i] = step[low:high].sum()
    key, segment = _cells(a, b)
    order = np.lexsort((segment, key))
    cell, ptr = np.unique(key[order], return_index=True)
    found = Lines(
        cell=cell,
        ptr=np.append(ptr, len(key)).astype(np.int64),
        segment=segment[order],
        a=np.ascontiguousarray(a),
        b=np.ascontiguousarray(b),
        line=np.repeat(np.arange(len(lines), dtype=np.int64), counts - 1),
        before_m=before,
        drawn_m=drawn,
    )
    return LineIndex(plane, found)


def _cells(a: Floats, b: Floats) -> tuple[Ints, Ints]:
    """Return the key of every cell that the box of a segment touches, and the segment."""
    low = np.floor(np.minimum(a, b) / CELL_M).astype(np.int64)
    wide, high = (np.floor(np.maximum(a, b) / CELL_M).astype(np.int64) - low + 1).T
    segment = np.repeat(np.arange(len(a), dtype=np.int64), wide * high)
    within = np.arange(len(segment), dtype=np.int64) - np.repeat(np.cumsum(wide * high) - wide * high, wide * high)
    cx = low[segment, 0] + within // high[segment]
    cy = low[segment, 1] + within % high[segment]
    return cell_key(cx, cy), segment


def point_at(shape: Floats, plane: Plane, fraction: float) -> tuple[Position, float]:
    """Return the place at ``fraction`` of a (points, 2) lat/lon line and the line's bearing there, degrees."""
    xy = plane.points(shape)
    step = np.hypot(*(xy[1:] - xy[:-1]).T)
    ends = np.cumsum(step)
    want = fraction * ends[-1]
    k = min(int(np.searchsorted(ends, want)), len(step) - 1)
    t = 0.0 if step[k] == 0 else (want - (ends[k] - step[k])) / step[k]
    x, y = xy[k] + t * (xy[k + 1] - xy[k])
    east, north = xy[k + 1] - xy[k]
    return plane.position(float(x), float(y)), float(np.degrees(np.arctan2(east, north)) % 360.0)


def cut(shape: Floats, plane: Plane, low: float, high: float) -> Floats:
    """Return the part of a lat/lon line between two fractions of its drawn length, ends included."""
    xy = plane.points(shape)
    step = np.hypot(*(xy[1:] - xy[:-1]).T)
    at = np.concatenate([[0.0], np.cumsum(step)]) / max(float(step.sum()), 1e-9)
    inside = shape[(at > low) & (at < high)]
    first, _ = point_at(shape, plane, low)
    last, _ = point_at(shape, plane, high)
    return np.vstack([[first.lat, first.lon], inside, [last.lat, last.lon]])


def turn_deg(one: float, other: float) -> float:
    """Return the angle between two bearings, 0 to 180 degrees."""
    return abs((one - other + 180.0) % 360.0 - 180.0)


def distance_m(one: Position, other: Position) -> float:
    """Return metres between two places of one county, straight."""
    east = (other.lon - one.lon) * cos(radians((one.lat + other.lat) / 2)) * EARTH_M_PER_DEG
    return hypot(east, (other.lat - one.lat) * EARTH_M_PER_DEG)
