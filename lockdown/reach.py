"""How long a unit drives to every post, at worst and at best, given where it was seen and how long ago.

A unit on a road drives on to the junction ahead; it turns round at junctions only, never on the road. So with a known
heading one end of its road piece counts, with an unknown one the worse of both ends (at worst) or the better (at best).
"""

from dataclasses import dataclass
from math import nan

import numpy as np

from camera_config.county import Position
from lockdown.fields import Fields
from lockdown.graph import Graph
from lockdown.lines import Ints
from lockdown.times import finite

UNIT_SNAP_M = 300.0
"""A unit farther than this from every road is at an impossible place."""

ON_ROAD_M = 60.0
"""Roads this near are asked first: nearly every unit is on one."""

OTHER_SIDE_M = 30.0
"""The carriageway that fits the heading may be this much farther than the nearest road."""

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
    from lockdown.compiled.drives import snap_to  # noqa: PLC0415  (numba; only who plans pays for it)

    x, y = graph.index.plane.xy(finite(position.lat, "latitude"), finite(position.lon, "longitude"))
    place = Place(*snap_to(graph.land, graph.index.lines, x, y, nan if heading_deg is None else float(heading_deg)))
    return None if place.piece < 0 else place


def worst_drive_ms(graph: Graph, fields: Fields, place: Place, heading_deg: float | None, reach_m: float) -> Ints:
    """Return (posts,) the longest drive from anywhere that a unit may have come to within ``reach_m`` metres.

    Upper bound of every true drive, provided it has driven on along the roads, not against one-way.
    """
    from lockdown.compiled.drives import worst_row  # noqa: PLC0415

    heading = nan if heading_deg is None else float(heading_deg)
    at = (place.piece, place.along_m, place.off_road_m, place.bearing_deg)
    return worst_row(graph.land, fields.by_node, *at, heading, float(reach_m))


def best_drive_ms(graph: Graph, fields: Fields, place: Place | None, reach_m: float) -> Ints:
    """Return (posts,) the shortest drive from anywhere that a unit can have come to within ``reach_m`` metres.

    Lower bound of every true drive: it may have gone any way, against one-way too. ``place`` None: it may be anywhere,
    also at the post itself.
    """
    from lockdown.compiled.drives import best_row  # noqa: PLC0415

    if place is None:
        return np.zeros(len(fields.posts), np.int64)
    return best_row(graph.land, fields.by_node, place.piece, place.along_m, float(reach_m))
