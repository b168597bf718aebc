"""Distances on the ground: metres between degrees, the nearest road, inside and outside.

All on a plane around the county's centre (equirectangular): over 30 km the error is below 0.1 %.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from camera_config.county import Position, Roads

EARTH_M = 6371008.8
"""Mean radius of the Earth (IUGG), metres."""

Floats = NDArray[np.float64]


def haversine_m(lat_a: Floats, lon_a: Floats, lat_b: Floats, lon_b: Floats) -> Floats:
    """Return great-circle metres between degrees, elementwise."""
    phi_a, phi_b = np.radians(lat_a), np.radians(lat_b)
    half = np.sin((phi_b - phi_a) / 2) ** 2
    half = half + np.cos(phi_a) * np.cos(phi_b) * np.sin(np.radians(lon_b - lon_a) / 2) ** 2
    return np.asarray(2 * EARTH_M * np.arcsin(np.sqrt(half)))


@dataclass(frozen=True, slots=True)
class Nearest:
    """The road piece nearest to a place; ``bearing_deg`` of its segment there, from start to end."""

    edge: int
    distance_m: float
    bearing_deg: float


class Ground:
    """The roads as straight segments in metres, for asking what is near."""

    def __init__(self, roads: Roads, centre: Position) -> None:
        self._lat, self._lon = centre.lat, centre.lon
        counts = np.array([len(shape) for shape in roads.shape], dtype=np.int64)
        points = np.concatenate(roads.shape) if len(counts) else np.zeros((0, 2))
        x, y = self._plane(points[:, 0], points[:, 1])
        starts = np.ones(len(points), dtype=bool)
        starts[np.cumsum(counts) - 1] = False
        first = np.flatnonzero(starts)
        self._edge = np.repeat(np.arange(len(counts)), counts)[first]
        self._ax, self._ay, self._bx, self._by = x[first], y[first], x[first + 1], y[first + 1]
        self._low_x, self._high_x = np.minimum(self._ax, self._bx), np.maximum(self._ax, self._bx)
        self._low_y, self._high_y = np.minimum(self._ay, self._by), np.maximum(self._ay, self._by)

    def _plane(self, lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
        metres = EARTH_M * np.pi / 180
        return (lon - self._lon) * metres * np.cos(np.radians(self._lat)), (lat - self._lat) * metres

    def nearest(self, lat: float, lon: float, within_m: float = 3000.0) -> Nearest | None:
        """Return the nearest road piece within ``within_m`` metres, or None."""
        px, py = (float(value) for value in self._plane(np.float64(lat), np.float64(lon)))  # type: ignore[arg-type]
        near = (self._low_x <= px + within_m) & (self._high_x >= px - within_m)
        near &= (self._low_y <= py + within_m) & (self._high_y >= py - within_m)
        kept = np.flatnonzero(near)
        if not len(kept):
            return None
        ax, ay = self._ax[kept], self._ay[kept]
        dx, dy = self._bx[kept] - ax, self._by[kept] - ay
        square = np.maximum(dx * dx + dy * dy, 1e-12)
        along = np.clip(((px - ax) * dx + (py - ay) * dy) / square, 0.0, 1.0)
        away = np.hypot(px - ax - along * dx, py - ay - along * dy)
        best = int(np.argmin(away))
        if away[best] > within_m:
            return None
        bearing = float(np.degrees(np.arctan2(dx[best], dy[best])) % 360)
        return Nearest(int(self._edge[kept[best]]), float(away[best]), bearing)

    def distances_m(self, lat: Floats, lon: Floats, within_m: float = 3000.0) -> Floats:
        """Return metres to the nearest road for each place; ``within_m`` where none is nearer. Shape as ``lat``."""
        away = np.full(lat.shape, within_m)
        for index in range(len(lat)):
            # Most places stand on a road: a small window first.
            for window in (min(60.0, within_m), within_m):
                found = self.nearest(float(lat[index]), float(lon[index]), window)
                if found is not None:
                    away[index] = found.distance_m
                    break
        return away


def inside(outline: tuple[Position, ...], lat: Floats, lon: Floats) -> NDArray[np.bool_]:
    """Say for each place whether it lies inside the closed outline (even-odd rule). Shape as ``lat``."""
    result = np.zeros(lat.shape, dtype=bool)
    for a, b in pairwise(outline):
        if a.lat == b.lat:
            continue
        crosses = (a.lat > lat) != (b.lat > lat)
        result ^= crosses & (lon < (b.lon - a.lon) * (lat - a.lat) / (b.lat - a.lat) + a.lon)
    return result
