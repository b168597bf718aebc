"""Roads of GraphML files as OSMnx writes them: nodes are junctions, each direction of a road is an arc of its own."""

import ast
import re
from collections import Counter
from dataclasses import dataclass, field
from math import cos, hypot, isfinite, radians
from pathlib import Path
from statistics import median
from typing import Any

from camera_config.county import ROAD_CLASSES
from camera_config.errors import ConfigError
from camera_config.osm import kind_of
from camera_config.ways import PER_DEGREE, Kind, Places, Way, WaysRead, merged, place_at, without_loops, without_repeats

_LINE = re.compile(r"\s*LINESTRING\s*(?:Z\s*)?\((.*)\)\s*", re.IGNORECASE)
_M_PER_DEGREE = 111_195.0

Point = tuple[float, float]
"""x and y as the file has them."""


@dataclass(slots=True)
class _Arc:
    source: str
    target: str
    data: dict[str, str]
    two_way: bool


@dataclass(slots=True)
class _File:
    """A file as read; ``nodes`` are (x, y)."""

    crs: str = ""
    nodes: dict[str, Point] = field(default_factory=dict)
    arcs: list[_Arc] = field(default_factory=list)


def read_graphml(path: Path) -> WaysRead:
    """Return the roads of a GraphML file. Nodes stay junctions, also where only two roads meet.

    Where x is the latitude and y the longitude, which happens, they are exchanged.

    Raises:
        ConfigError: no GraphML, no places in degrees, or an arc that cannot be.
    """
    file = _read(path)
    swapped = _swapped(file)
    left_out: Counter[str] = Counter()
    ways: list[Way] = []
    for arc in file.arcs:
        kind = _kind(arc.data)
        if isinstance(kind, str):
            left_out[kind] += 1
            continue
        places = _places(file, arc, swapped=swapped)
        if len(places) < 2:
            left_out["no length"] += 1
            continue
        both = arc.two_way and arc.data.get("oneway", "") not in ("True", "true", "yes", "1")
        ways.append(Way(places, kind, one_way=not both, length_m=_length_m(arc)))
    return WaysRead(without_loops(merged(ways)), dict(left_out))


def _read(path: Path) -> _File:
    from defusedxml import DefusedXmlException  # noqa: PLC0415  (who reads GeoJSON does not need it)
    from defusedxml.ElementTree import ParseError, iterparse  # noqa: PLC0415

    file, names = _File(), dict[str, str]()
    two_way = False
    try:
        for event, element in iterparse(path, events=("start", "end")):
            tag = element.tag.rpartition("}")[2]
            if event == "start":
                if tag == "graph":
                    two_way = element.get("edgedefault") == "undirected"
                continue
            if tag == "key":
                names[element.get("id", "")] = element.get("attr.name", "")
            elif tag == "node":
                file.nodes[element.get("id", "")] = _point(element.get("id", ""), _data(element, names))
                element.clear()
            elif tag == "edge":
                data = _data(element, names)
                file.arcs.append(_Arc(element.get("source", ""), element.get("target", ""), data, two_way))
                element.clear()
            elif tag == "graph":
                file.crs = _data(element, names).get("crs", "")
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise ConfigError(f"not a whole GraphML file ({error})", hint="write it again: ox.save_graphml") from error
    return file


def _data(element: Any, names: dict[str, str]) -> dict[str, str]:
    return {names.get(part.get("key"), ""): part.text or "" for part in element if part.tag.endswith("data")}


def _point(node: str, data: dict[str, str]) -> Point:
    try:
        x, y = float(data["x"]), float(data["y"])
    except (KeyError, ValueError):
        raise ConfigError(
            f"node {node!r} has no x and y", hint="want GraphML as OSMnx writes it: ox.save_graphml"
        ) from None
    if not (isfinite(x) and isfinite(y) and max(abs(x), abs(y)) <= 180 and min(abs(x), abs(y)) <= 90):
        raise ConfigError(
            f"node {node!r} is not in degrees (x {x}, y {y})",
            hint="write the graph unprojected, in WGS84: ox.projection.project_graph(graph, to_latlong=True)",
        )
    return x, y


def _swapped(file: _File) -> bool:
    """Tell whether x is the latitude: roads are about as long as their ends are apart, read the right way round."""
    if any(abs(y) > 90 for _, y in file.nodes.values()):
        return True
    if any(abs(x) > 90 for x, _ in file.nodes.values()):
        return False
    off: list[list[float]] = [[], []]
    for arc in file.arcs:
        length, (a, b) = _length_m(arc), _ends(file, arc)
        if length <= 0 or a == b:
            continue
        for swap in (False, True):
            lon, lat = (1, 0) if swap else (0, 1)
            east = (a[lon] - b[lon]) * cos(radians(a[lat]))
            off[swap].append(abs(hypot(east, a[lat] - b[lat]) * _M_PER_DEGREE / length - 1))
    return bool(off[0]) and median(off[1]) < median(off[0])


def _ends(file: _File, arc: _Arc) -> tuple[Point, Point]:
    try:
        return file.nodes[arc.source], file.nodes[arc.target]
    except KeyError as error:
        raise ConfigError(
            f"arc {arc.source!r} to {arc.target!r} ends at a node that is not in the file ({error})",
            hint="write the graph again with all its nodes",
        ) from None


def _length_m(arc: _Arc) -> float:
    """Return the length that the file gives, 0 where it gives none."""
    text = arc.data.get("length", "")
    try:
        length = float(text or 0)
    except ValueError:
        length = -1.0
    if not isfinite(length) or length < 0:
        raise ConfigError(
            f"arc {arc.source!r} to {arc.target!r} has length {text!r}", hint="write metres from 0, or take it out"
        )
    return length


def _places(file: _File, arc: _Arc, *, swapped: bool) -> Places:
    """Return the arc's line from node to node; its geometry may have its axes as the nodes or the right way round."""
    a, b = _ends(file, arc)
    line = [a, b]
    if found := _LINE.fullmatch(arc.data.get("geometry", "")):
        try:
            drawn = [(float(x), float(y)) for x, y, *_ in (point.split() for point in found[1].split(","))]
        except ValueError:
            raise ConfigError(
                f"arc {arc.source!r} to {arc.target!r} has a geometry that is no line", hint="write the graph again"
            ) from None
        turned = [(y, x) for x, y in drawn]
        options = (drawn, drawn[::-1], turned, turned[::-1])
        drawn = min(options, key=lambda points: _apart(points[0], a) + _apart(points[-1], b))
        line = [a, *drawn[1:-1], b]
    return without_repeats(_place(point, swapped=swapped) for point in line)


def _apart(one: Point, other: Point) -> float:
    return hypot(one[0] - other[0], one[1] - other[1])


def _place(point: Point, *, swapped: bool) -> int:
    lat, lon = point if swapped else point[::-1]
    return place_at(round(lat * PER_DEGREE), round(lon * PER_DEGREE))


def _kind(data: dict[str, str]) -> Kind | str:
    """Return what road an arc is; of several ways that OSMnx put together, the slowest counts."""
    kinds = [kind_of({**data, "highway": highway}) for highway in _several(data.get("highway") or "road")]
    roads = [kind for kind in kinds if isinstance(kind, Kind)]
    if not roads:
        return kinds[0]
    slowest = max(roads, key=lambda kind: ROAD_CLASSES.index(kind.road_class))
    name = next((names[0] for key in ("name", "ref") if (names := _several(data.get(key, "")))), "")
    signs = _several(data.get("access", ""))
    return Kind(slowest.road_class, name, bool({"no", "private"} & set(signs)))


def _several(text: str) -> list[str]:
    """Return the values of an attribute that may be a list as Python writes it."""
    if text.startswith("["):
        try:
            return [str(value) for value in ast.literal_eval(text)]
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return [text]
    return [text] if text else []
