"""Roads of real towns for the planner's benchmarks, and posts on them: a road file of any kind, or a county."""

from math import atan2, cos, degrees, pi, radians
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from camera_config.county import ROAD_CLASSES, Blocks, Position, Post, Ring, Roads
from camera_config.draft import Found
from camera_config.ids import PostId
from camera_config.load import load_county
from camera_config.mistakes import Mistakes, refusal
from camera_config.road_file import is_drawn, read_ways
from camera_config.road_net import build_roads

SPEEDS = dict(zip(ROAD_CLASSES, (95.0, 65.0, 58.0, 50.0, 32.0, 28.0, 15.0), strict=True))
M_PER_DEG = 111_195.0


def read_roads(path: Path) -> Roads:
    """Return the roads of an OSM or GraphML file, or those of the county of ``path``.

    Raises:
        ConfigError: the file is no road file, or the county has mistakes.
    """
    if path.is_dir() or is_drawn(path.name):
        return load_county(path if path.is_dir() else path.parent).roads
    mistakes = Mistakes()
    read, left_out = read_ways(path, mistakes)
    if len(mistakes):
        raise refusal(str(path), mistakes.in_order())
    return build_roads([Found(path.name, 1, record, line) for record, line in read], left_out)


def ring_posts(roads: Roads, count: int) -> tuple[Post, ...]:
    """Return posts on different two-way roads of the connected part, evenly around the middle, half-way out."""
    tails, heads = roads.start.astype(np.int64), roads.end.astype(np.int64)
    both = ~roads.one_way
    pairs = (np.concatenate([tails, heads[both]]), np.concatenate([heads, tails[both]]))
    arcs: Any = csr_array((np.ones(len(pairs[0])), pairs), shape=(len(roads.node_lat),) * 2)
    label = connected_components(arcs, directed=True, connection="strong")[1]
    usual = np.bincount(label).argmax()
    lat, lon = (np.median(v[label == usual]) for v in (roads.node_lat, roads.node_lon))
    north = ((roads.node_lat[tails] + roads.node_lat[heads]) / 2 - lat) * M_PER_DEG
    east = ((roads.node_lon[tails] + roads.node_lon[heads]) / 2 - lon) * M_PER_DEG * cos(radians(float(lat)))
    fits = both & (label[tails] == usual) & (label[heads] == usual) & (roads.length_m > 40)
    radius = float(np.quantile(np.hypot(east, north)[fits], 0.6))
    made, used = [], np.zeros(len(tails), np.bool_)
    for n in range(count):
        x, y = radius * np.sin(2 * pi * n / count), radius * np.cos(2 * pi * n / count)
        away = np.where(fits & ~used, np.hypot(east - x, north - y), np.inf)
        road = int(away.argmin())
        used[road] = True
        made.append(_post(f"p{n:03}", roads, road))
    return tuple(made)


def _post(name: str, roads: Roads, road: int) -> Post:
    line = roads.shape[road]
    half = len(line) // 2
    (lat0, lon0), (lat1, lon1) = line[half - 1], line[half]
    bearing = degrees(atan2((lon1 - lon0) * cos(radians(lat0)), lat1 - lat0)) % 360
    at = Position(float(lat0 + lat1) / 2, float(lon0 + lon1) / 2)
    return Post(
        PostId(name), name, Ring.TOWN, at, bearing, Blocks.BOTH, "", 900, 1, 2, (), 60, None, False, None
    )  # fmt: skip
