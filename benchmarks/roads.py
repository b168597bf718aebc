"""Roads of real towns for the planner's benchmarks, and posts on them: GraphML as OSMnx writes it, or a county."""

from math import atan2, cos, degrees, hypot, pi, radians
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from camera_config.county import ROAD_CLASSES, Blocks, Position, Post, Ring, RoadClass, Roads
from camera_config.ids import PostId
from camera_config.load import load_county

SPEEDS = dict(zip(ROAD_CLASSES, (95.0, 65.0, 58.0, 50.0, 32.0, 28.0, 15.0), strict=True))
M_PER_DEG = 111_195.0

CLASSES = {
    "motorway": RoadClass.EXPRESSWAY,
    "trunk": RoadClass.NATIONAL,
    "primary": RoadClass.NATIONAL,
    "secondary": RoadClass.PROVINCIAL,
    "tertiary": RoadClass.COUNTY,
    "residential": RoadClass.STREET,
    "living_street": RoadClass.STREET,
    "track": RoadClass.TRACK,
}
"""By OSM's ``highway``; everything else is a village road."""


def read_roads(path: Path) -> Roads:
    """Return the roads of a ``.graphml``, straight from junction to junction, or of the county of ``path``."""
    if path.suffix != ".graphml":
        return load_county(path if path.is_dir() else path.parent).roads
    import networkx as nx  # noqa: PLC0415  (a development dependency, for this format only)

    graph = nx.MultiDiGraph(nx.read_graphml(path))
    graph = graph.subgraph(max(nx.strongly_connected_components(graph), key=len))
    nodes = sorted(graph.nodes)
    place = {node: i for i, node in enumerate(nodes)}
    xy = np.array([[float(graph.nodes[n]["x"]), float(graph.nodes[n]["y"])] for n in nodes])
    arcs: dict[tuple[int, int], tuple[float, RoadClass]] = {}
    for a, b, data in graph.edges(data=True):
        if a != b:
            key, made = (place[a], place[b]), (max(1.0, float(data["length"])), _class(data))
            arcs[key] = min(made, arcs.get(key, made), key=lambda arc: arc[0])
    kept = [(a, b) for a, b in sorted(arcs) if a < b or (b, a) not in arcs]
    length = np.array([arcs[pair][0] for pair in kept])
    lat, lon = _told_apart(xy, kept, length)
    return Roads(
        node_lat=lat,
        node_lon=lon,
        start=np.array([a for a, _ in kept], np.int32),
        end=np.array([b for _, b in kept], np.int32),
        length_m=length,
        road_class=np.array([ROAD_CLASSES.index(arcs[pair][1]) for pair in kept], np.int8),
        one_way=np.array([(b, a) not in arcs for a, b in kept], np.bool_),
        name=("",) * len(kept),
        shape=tuple(np.array([[lat[a], lon[a]], [lat[b], lon[b]]]) for a, b in kept),
    )


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


def _class(data: dict[str, Any]) -> RoadClass:
    kind = str(data.get("highway", "")).strip("[]' ").split("'")[0].removesuffix("_link")
    return CLASSES.get(kind, RoadClass.VILLAGE)


def _told_apart(xy: Any, arcs: list[tuple[int, int]], length: Any) -> tuple[Any, Any]:
    """Return latitude and longitude, whichever of x and y they are: roads are about as long as their ends are apart."""
    a, b = np.array(arcs).T
    off = []
    for lat, lon in ((xy[:, 1], xy[:, 0]), (xy[:, 0], xy[:, 1])):
        apart = [
            hypot(up, right * cos(radians(float(lat[0]))))
            for up, right in zip(lat[a] - lat[b], lon[a] - lon[b], strict=True)
        ]
        off.append((abs(float(np.median(np.array(apart) * M_PER_DEG / length)) - 1), lat, lon))
    return min(off, key=lambda found: found[0])[1:]
