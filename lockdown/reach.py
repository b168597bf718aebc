"""How long a unit drives to every post, at worst and at best, given where it was seen and how long ago.

A unit on a road drives on to the junction ahead; it turns round at junctions only, never on the road. So with a known
heading one end of its road piece counts, with an unknown one the worse of both ends (at worst) or the better (at best).
"""

from dataclasses import dataclass

import numpy as np

from camera_config.county import Position
from lockdown.fields import Fields
from lockdown.graph import Graph
from lockdown.lines import Floats, Ints, turn_deg

UNIT_SNAP_M = 300.0
"""A unit farther than this from every road is at an impossible place."""

OFF_ROAD_M_PER_MS = 10 / 3600
"""Ten kilometres an hour between a parking place and the road."""

ROAD_WIDTH_M = 25.0
"""A unit this near the line of its road is on the road: lanes and GPS error together."""

FORWARD_DEG = 90.0
"""A heading within this of the road's direction is forward."""


@dataclass(frozen=True, slots=True)
class Place:
    """A point of a road piece, ``along_m`` from its start; ``bearing_deg`` is the piece's direction there."""

    piece: int
    along_m: float
    off_road_m: float
    bearing_deg: float


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
    from lockdown.compiled.drives import worst_row  # noqa: PLC0415  (numba; only who plans pays for it)

    car, cost, ways = graph.car, np.asarray(graph.car.cost, np.int64), _ways(graph, place, heading_deg)
    return worst_row(
        car.ptr, car.head, car.piece, cost, graph.piece_m, fields.by_node, *ways, reach_m, place.off_road_m
    )


def best_drive_ms(graph: Graph, fields: Fields, place: Place | None, reach_m: float) -> Ints:
    """Return (posts,) the shortest drive from anywhere that a unit can have come to within ``reach_m`` metres.

    Lower bound of every true drive: it may have gone any way, against one-way too. ``place`` None: it may be anywhere,
    also at the post itself.
    """
    from lockdown.compiled.drives import best_row, reached  # noqa: PLC0415

    if place is None:
        return np.zeros(len(fields.posts), np.int64)
    car, any_way, piece = graph.car, graph.any_way, place.piece
    cost = np.asarray(car.cost, np.int64)
    count, nodes, times, metres = _ways(graph, place, None)
    ahead = np.maximum(0.0, metres - reach_m) / np.maximum(metres, 1e-9)
    ends = np.array([graph.piece_start[piece], graph.piece_end[piece]], np.int64)
    apart = np.array([place.along_m, float(graph.piece_m[piece]) - place.along_m])
    found, away = reached(any_way.ptr, any_way.head, any_way.piece, graph.piece_m, 2, ends, apart, reach_m)
    return best_row(
        car.ptr, car.head, car.piece, cost, graph.piece_m, fields.by_node,
        found, reach_m - away, count, nodes, times, ahead,
    )  # fmt: skip


def _ways(graph: Graph, place: Place, heading_deg: float | None) -> tuple[int, Ints, Floats, Floats]:
    """Return in how many ways the place can be left, and the node, milliseconds and metres ahead on each.

    Milliseconds are until it is past the node, where that is a crossing.
    """
    from lockdown.compiled.drives import ways_of  # noqa: PLC0415

    piece = place.piece
    count, nodes, times, metres = ways_of(
        int(graph.piece_start[piece]), int(graph.piece_end[piece]), float(graph.piece_m[piece]),
        int(graph.piece_ms[piece]), bool(graph.piece_one_way[piece]), place.along_m, place.bearing_deg,
        np.nan if heading_deg is None else float(heading_deg),
    )  # fmt: skip
    return count, nodes, times + graph.crossing_ms[nodes], metres
