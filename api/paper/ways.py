"""The way of each ordered unit along the roads, as its drive time was counted: down the tight tree of its post."""

from collections.abc import Sequence

import numpy as np

from api.plan.inputs import Prepared
from camera_config.county import Position
from lockdown.asks import demands_of
from lockdown.lines import Floats, cut
from lockdown.noise import starts_of
from lockdown.offers import Offers
from lockdown.reach import Place, snap
from lockdown.units import UnitNow

Way = list[list[float]]
"""Points (lat, lon), from where the unit was seen to its post."""


def ways(prepared: Prepared, units: Sequence[UnitNow], pairs: Sequence[tuple[str, str]]) -> dict[str, Way]:
    """Return the way of each unit of ``pairs`` (unit, post as ordered); a unit that surely has none is left out.

    A way is no longer than its drive: that a unit may have turned off at its junction counts there, and is not drawn.
    """
    graph, trees = prepared.graph, prepared.trees
    ordered = tuple(sorted(units, key=lambda unit: unit.id))
    offers = Offers(graph, prepared.fields, ordered, demands_of(prepared.county.posts), prepared.county.rules)
    table = offers.sure
    starts = starts_of(trees, table, [unit.position for unit in ordered])
    row = {str(unit): u for u, unit in enumerate(table.units)}
    column = {str(demand.id): j for j, demand in enumerate(table.demands)}
    found: dict[str, Way] = {}
    for unit, post in pairs:
        if unit not in row or post not in column:
            continue
        u, j = row[unit], column[post]
        position, node = ordered[u].position, int(starts.node[u, j])
        place = None if position is None else snap(graph, position)
        if position is None or place is None or node < 0:
            continue
        lines = [np.array([[position.lat, position.lon]]), _own_road(prepared, place, node)]
        tree = int(starts.post[u, j])
        while (arc := int(trees.step[tree, node])) >= 0:
            piece, after = int(graph.car.piece[arc]), int(graph.car.head[arc])
            shape = graph.piece_shape[piece]
            lines.append(shape if int(graph.piece_end[piece]) == after else shape[::-1])
            node = after
        found[unit] = [[round(float(lat), 6), round(float(lon), 6)] for lat, lon in np.vstack(lines)]
    return found


def _own_road(prepared: Prepared, place: Place, node: int) -> Floats:
    """Return the rest of the road that the unit stands on, to its end at ``node``."""
    graph = prepared.graph
    shape, fraction = graph.piece_shape[place.piece], place.along_m / float(graph.piece_m[place.piece])
    if int(graph.piece_end[place.piece]) == node:
        return cut(shape, graph.plane, fraction, 1.0)
    return cut(shape, graph.plane, 0.0, fraction)[::-1]


def pair(position: Position) -> list[float]:
    """Return a place as GeoJSON wants it: longitude first."""
    return [round(position.lon, 6), round(position.lat, 6)]
