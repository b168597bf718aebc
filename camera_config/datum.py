"""WGS84 and GCJ-02, the shifted coordinates of Chinese web maps.

The transform is the widely published one ("eviltransform", 2013; also in PROJ-based and QGIS plug-ins): a polynomial
with sines over the offset from 105 E, 35 N, on the Krasovsky 1940 ellipsoid. It is good to about a metre, and the
inverse here, by fixed-point iteration, undoes it to better than a centimetre.
"""

import numpy as np
from numpy.typing import NDArray

_AXIS_M = 6378245.0
_ECCENTRICITY_2 = 0.00669342162296594323

Degrees = NDArray[np.float64]


def to_gcj02(lat: Degrees, lon: Degrees) -> tuple[Degrees, Degrees]:
    """Return (lat, lon) in GCJ-02 of WGS84 degrees; 50 to 700 m away inside China."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    waves = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + waves
    north += (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    north += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + waves
    east += (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    east += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    phi = np.radians(lat)
    shrink = 1.0 - _ECCENTRICITY_2 * np.sin(phi) ** 2
    north = north * 180.0 / (_AXIS_M * (1.0 - _ECCENTRICITY_2) / (shrink * np.sqrt(shrink)) * np.pi)
    east = east * 180.0 / (_AXIS_M / np.sqrt(shrink) * np.cos(phi) * np.pi)
    return lat + north, lon + east


def from_gcj02(lat: Degrees, lon: Degrees) -> tuple[Degrees, Degrees]:
    """Return (lat, lon) in WGS84 of GCJ-02 degrees."""
    back_lat, back_lon = lat.copy(), lon.copy()
    for _ in range(4):
        there_lat, there_lon = to_gcj02(back_lat, back_lon)
        back_lat += lat - there_lat
        back_lon += lon - there_lon
    return back_lat, back_lon
