"""Does a ring close? A plain search over every drivable road, tracks included and against one-way.

The planner has a search of its own with times and proposals; this one refuses files that cannot be right.
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camera_config.county import Position, Roads
from camera_config.ground import inside


@dataclass(frozen=True, slots=True)
class OpenRoad:
    """A road by which one can leave: ``edge`` runs from inside junction to outside junction."""

    edge: int
    inside_node: int
    outside_node: int


def open_roads(roads: Roads, outline: tuple[Position, ...], blocked: Iterable[int]) -> list[OpenRoad]:
    """Return the roads, one for each outside junction that is reached first, with the ``blocked`` edges removed.

    Breadth-first from all junctions inside the outline at once; a junction outside ends the search there. Cost is
    linear in the number of roads.
    """
    within: NDArray[np.bool_] = inside(outline, roads.node_lat, roads.node_lon)
    shut = set(blocked)
    leaving: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for edge, (start, end) in enumerate(zip(roads.start.tolist(), roads.end.tolist(), strict=True)):
        if edge not in shut:
            leaving[start].append((end, edge))
            leaving[end].append((start, edge))
    queue = deque(int(node) for node in np.flatnonzero(within))
    seen = set(queue)
    found: list[OpenRoad] = []
    while queue:
        node = queue.popleft()
        for other, edge in leaving[node]:
            if other in seen:
                continue
            seen.add(other)
            if within[other]:
                queue.append(other)
            else:
                found.append(OpenRoad(edge, node, other))
    return found
