"""Road files written by hand: OSM XML of a few ways, and a county's roads as OSM or GraphML."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

import networkx as nx
import numpy as np

from camera_config.county import ROAD_CLASSES, Roads

Nodes = Mapping[int, tuple[float, float]]
Ways = Sequence[tuple[Sequence[int], Mapping[str, str]]]

HIGHWAY = dict(
    zip(ROAD_CLASSES, ("motorway", "trunk", "primary", "tertiary", "residential", "unclassified", "track"), strict=True)
)


def osm_text(nodes: Nodes, ways: Ways) -> str:
    """Return OSM XML; ``nodes`` are (lat, lon) by id, a way names nodes that may be missing."""
    lines = ["<?xml version='1.0' encoding='UTF-8'?>", '<osm version="0.6">']
    lines += [f'<node id="{n}" version="1" lat="{lat:.7f}" lon="{lon:.7f}"/>' for n, (lat, lon) in nodes.items()]
    for number, (refs, tags) in enumerate(ways, start=1):
        lines.append(f'<way id="{number}" version="1">')
        lines += [f'<nd ref="{ref}"/>' for ref in refs]
        lines += [f"<tag k={quoteattr(key)} v={quoteattr(value)}/>" for key, value in tags.items()]
        lines.append("</way>")
    return "\n".join([*lines, "</osm>"]) + "\n"


def grid(east: int, north: int) -> tuple[float, float]:
    """Return (lat, lon) of a step of about 100 m from a corner in Dongfeng."""
    return 42.68 + north * 0.0009, 125.53 + east * 0.00122


def as_osm(roads: Roads) -> str:
    """Return roads as OSM XML, one way a road."""
    ids: dict[tuple[float, float], int] = {}
    ways = []
    for road, shape in enumerate(roads.shape):
        refs = [ids.setdefault((float(lat), float(lon)), len(ids) + 1) for lat, lon in shape]
        tags = {"highway": HIGHWAY[ROAD_CLASSES[roads.road_class[road]]], "oneway": _yes(roads.one_way[road])}
        ways.append((refs, tags | ({"name": roads.name[road]} if roads.name[road] else {})))
    return osm_text({n: place for place, n in ids.items()}, ways)


def as_graphml(roads: Roads, path: Path, *, swapped: bool = False, drawn: bool = True) -> None:
    """Write roads as OSMnx would: an arc a direction, with geometry where ``drawn``; ``swapped`` exchanges x and y."""
    made = nx.MultiDiGraph(crs="epsg:4326")
    x, y = ("y", "x") if swapped else ("x", "y")
    for node, (lat, lon) in enumerate(zip(roads.node_lat, roads.node_lon, strict=True)):
        made.add_node(node, **{x: f"{lon:.7f}", y: f"{lat:.7f}"})
    for road, shape in enumerate(roads.shape):
        a, b = int(roads.start[road]), int(roads.end[road])
        data = {
            "highway": HIGHWAY[ROAD_CLASSES[roads.road_class[road]]],
            "oneway": str(bool(roads.one_way[road])),
            "length": repr(float(roads.length_m[road])),
            "name": roads.name[road],
        }
        made.add_edge(a, b, **data, **_geometry(shape if drawn else None))
        if not roads.one_way[road]:
            made.add_edge(b, a, **data, **_geometry(shape[::-1] if drawn else None))
    nx.write_graphml(made, path)


def _geometry(shape: np.ndarray | None) -> dict[str, str]:
    if shape is None or len(shape) < 3:
        return {}
    return {"geometry": f"LINESTRING ({', '.join(f'{lon:.7f} {lat:.7f}' for lat, lon in shape)})"}


def _yes(value: object) -> str:
    return "yes" if value else "no"
