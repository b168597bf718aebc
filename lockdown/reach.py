"""How long a unit drives to every post, at worst and at best, given where it was seen and how long ago.

A unit on a road drives on to the junction ahead; it turns round at junctions only, never on the road. So with a known
heading one end of its road piece counts, with an unknown one the worse of both ends (at worst) or the better (at best).
"""

import heapq
from dataclasses import dataclass
from math import ceil, floor

import numpy as np

from camera_config.county import Position
from lockdown.fields import Fields
from lockdown.graph import Graph, Star
from lockdown.lines import Floats, Ints, turn_deg
from lockdown.shortest import shortest
from lockdown.times import NEVER_MS

UNIT_SNAP_M = 300.0
"""A unit farther than this from every road is at an impossible place."""

OFF_ROAD_M_PER_MS = 10 / 3600
"""Ten kilometres an hour between a parking place and the road."""

ROAD_WIDTH_M = 25.0
"""A unit this near the line of its road is on the road: lanes and GPS error together."""

FORWARD_DEG = 90.0
"""A heading within this of the road's direction is forward."""

FEW_M = 1500.0
"""Below this reach a search node by node is cheaper than one over the whole graph."""


@dataclass(frozen=True, slots=True)
class Place:
    """A point of a road piece, ``along_m`` from its start; ``bearing_deg`` is the piece's direction there."""

    piece: int
    along_m: float
    off_road_m: float
    bearing_deg: float


@dataclass(frozen=True, slots=True)
class _Way:
    """One direction to leave a place in: to ``node``, ``ms`` and ``metres`` ahead."""

    node: int
    ms: float
    metres: float


def snap(graph: Graph, position: Position, heading_deg: float | None = None) -> Place | None:
    """Return the nearest point of the roads, or None where none is within ``UNIT_SNAP_M``.

    Of two carriageways of one road, the one that may be driven in the heading is taken: a one-way piece against the
    heading gives way to a piece at most 30 m farther that fits.
    """
    near = graph.index.near(position, 60.0) or graph.index.near(position, UNIT_SNAP_M)
    if not near:
        return None
    best = near[0]
    if heading_deg is not None:
        for other in near:
            against = turn_deg(other.bearing_deg, heading_deg) > FORWARD_DEG
            if other.away_m > near[0].away_m + 30.0:
                break
            if not (graph.piece_one_way[other.line] and against):
                best = other
                break
    metres = float(graph.piece_m[best.line])
    return Place(best.line, best.fraction * metres, best.away_m, best.bearing_deg)


def worst_drive_ms(graph: Graph, fields: Fields, place: Place, heading_deg: float | None, reach_m: float) -> Ints:
    """Return (posts,) the longest drive from anywhere that a unit may have come to within ``reach_m`` metres.

    Upper bound of every true drive, provided it has driven on along the roads, not against one-way.
    """
    ways = _ways(graph, place, heading_deg)
    times = [np.minimum(ceil(way.ms) + fields.ms[:, way.node], NEVER_MS) for way in ways]
    worst = np.max(times, axis=0) if times else np.full(len(fields.posts), NEVER_MS, np.int64)
    for node, metres in _reached(graph.car, graph, ways, reach_m).items():
        if metres < reach_m:
            for arc in range(graph.car.ptr[node], graph.car.ptr[node + 1]):
                through = int(graph.car.cost[arc]) + fields.ms[:, graph.car.head[arc]]
                worst = np.maximum(worst, np.minimum(through, NEVER_MS))
    beside = ceil(place.off_road_m / OFF_ROAD_M_PER_MS) if place.off_road_m > ROAD_WIDTH_M else 0
    return np.asarray(np.minimum(worst + beside, NEVER_MS), np.int64)


def best_drive_ms(graph: Graph, fields: Fields, place: Place | None, reach_m: float) -> Ints:
    """Return (posts,) the shortest drive from anywhere that a unit can have come to within ``reach_m`` metres.

    Lower bound of every true drive: it may have gone any way, against one-way too. ``place`` None: it may be anywhere,
    also at the post itself.
    """
    if place is None:
        return np.zeros(len(fields.posts), np.int64)
    total = float(graph.piece_m[place.piece])
    best = np.full(len(fields.posts), NEVER_MS, np.int64)
    for way in _ways(graph, place, None):
        ahead = max(0.0, way.metres - reach_m) / max(way.metres, 1e-9)
        best = np.minimum(best, floor(way.ms * ahead) + fields.ms[:, way.node])
    ends = [
        _Way(int(graph.piece_start[place.piece]), 0.0, place.along_m),
        _Way(int(graph.piece_end[place.piece]), 0.0, total - place.along_m),
    ]
    if reach_m <= FEW_M:
        reached = _reached(graph.any_way, graph, ends, reach_m)
        nodes, metres = np.array(list(reached), np.int64), np.array(list(reached.values()))
    else:
        nodes, metres = _reached_far(graph, ends, reach_m)
    if nodes.size:
        best = np.minimum(best, fields.ms[:, nodes].min(axis=1))
        best = np.minimum(best, _part_way(graph, fields, nodes, reach_m - metres))
    return np.minimum(best, NEVER_MS)


def _ways(graph: Graph, place: Place, heading_deg: float | None) -> list[_Way]:
    piece = place.piece
    total, ms = float(graph.piece_m[piece]), int(graph.piece_ms[piece])
    driven = ms if ms < NEVER_MS else total / OFF_ROAD_M_PER_MS
    onward = _Way(int(graph.piece_end[piece]), driven * (total - place.along_m) / total, total - place.along_m)
    back = _Way(int(graph.piece_start[piece]), driven * place.along_m / total, place.along_m)
    if ms < NEVER_MS and graph.piece_one_way[piece]:
        return [onward]
    if heading_deg is None:
        return [onward, back]
    return [onward if turn_deg(heading_deg, place.bearing_deg) <= FORWARD_DEG else back]


def _reached(star: Star, graph: Graph, ways: list[_Way], reach_m: float) -> dict[int, float]:
    """Return the nodes within ``reach_m`` metres by ``star``, with their metres."""
    found: dict[int, float] = {}
    heap = [(way.metres, way.node) for way in ways if way.metres <= reach_m]
    heapq.heapify(heap)
    while heap:
        metres, node = heapq.heappop(heap)
        if node in found:
            continue
        found[node] = metres
        for arc in range(star.ptr[node], star.ptr[node + 1]):
            further = metres + float(graph.piece_m[star.piece[arc]])
            if further <= reach_m and int(star.head[arc]) not in found:
                heapq.heappush(heap, (further, int(star.head[arc])))
    return found


def _reached_far(graph: Graph, ways: list[_Way], reach_m: float) -> tuple[Ints, Floats]:
    star, cost = graph.any_way, graph.any_way.cost.astype(np.float64)
    onward, _ = shortest(star.ptr, star.head, cost, [way.node for way in ways], reach_m)
    best = (onward + np.array([[way.metres] for way in ways])).min(axis=0)
    reached = np.flatnonzero(best <= reach_m)
    return reached, best[reached]


def _part_way(graph: Graph, fields: Fields, nodes: Ints, left_m: Floats) -> Ints:
    """Return (posts,) the least time from a point part of the way along an arc that leaves one of ``nodes``."""
    car = graph.car
    counts = car.ptr[nodes + 1] - car.ptr[nodes]
    arcs = np.repeat(car.ptr[nodes], counts) + (np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts))
    if arcs.size == 0:
        return np.full(len(fields.posts), NEVER_MS, np.int64)
    metres = graph.piece_m[car.piece[arcs]]
    share = 1.0 - np.minimum(np.repeat(left_m, counts), metres) / metres
    ms = np.floor(car.cost[arcs] * share).astype(np.int64)
    return np.asarray((ms[None, :] + fields.ms[:, car.head[arcs]]).min(axis=1), np.int64)
