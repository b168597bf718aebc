"""Is a ring closed once all its posts are staffed? Every road on which somebody still gets out, with his way.

The fugitive drives any road, tracks too, and against one-way (PLANNER.md 1); a closure for the police does not hold him
up. A post stops the direction that it blocks, at its point of the road, and no other.

Every junction inside the outline counts as a place he may be at, so a junction outside is reachable exactly when some
road piece crosses from inside to outside past no post that blocks that way.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from camera_config.county import Blocks, Position, Post, Ring, RingArea
from camera_config.ground import inside
from lockdown.graph import Bools, Graph, road_name
from lockdown.lines import Floats, point_at
from lockdown.shortest import shortest

STEPS = 64
"""Points tried along a road to find where it crosses the outline."""


@dataclass(frozen=True, slots=True)
class Leak:
    """A road that leaves the ring past no post.

    ``post_at`` is where it crosses the outline and a post would stop it, ``bearing_deg`` the way out there; ``path``
    leads along the roads from the middle of the ring to the first junction outside. ``way`` are the arcs of
    ``Graph.any_way`` of that path, the last ``crossing`` of them those of the road that leaves.
    """

    ring: Ring
    road: str
    post_at: Position
    bearing_deg: float
    path: tuple[Position, ...]
    way: tuple[int, ...]
    crossing: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a way that stays on roads of one name; the name may be empty."""

    road: str
    metres: float


def find_leaks(graph: Graph, area: RingArea, posts: Sequence[Post]) -> tuple[Leak, ...]:
    """Return every road by which a junction outside is reached from inside although all the ring's posts stand.

    Args:
        graph: cut at the posts.
        area: inside is inside its outline.
        posts: those of other rings are ignored.

    Returns:
        One leak a crossing road, in order of inner junction and piece. Empty: the ring is closed.
    """
    within = inside(area.outline, graph.lat, graph.lon)
    free = passable(graph, [post for post in posts if post.ring == area.ring])
    crossings = list(_crossings(graph, within, free))
    if not crossings:
        return ()
    before = _ways_from_the_middle(graph, within, free)
    return tuple(_leak(graph, area, chain, _way(graph, chain[0], before, free)) for chain in crossings)


def stretches(graph: Graph, leak: Leak) -> tuple[Stretch, ...]:
    """Return the roads of the way out, one after the other."""
    made: list[Stretch] = []
    for piece in graph.any_way.piece[list(leak.way)].tolist():
        road, metres = road_name(graph, piece), float(graph.piece_m[piece])
        if made and made[-1].road == road:
            metres += made.pop().metres
        made.append(Stretch(road, metres))
    return tuple(made)


def line_of(graph: Graph, arcs: Sequence[int]) -> Floats:
    """Return the shape of arcs of ``any_way`` that follow each other, (points, 2) of (lat, lon)."""
    parts = []
    for arc in arcs:
        piece = int(graph.any_way.piece[arc])
        shape = graph.piece_shape[piece]
        parts.append(shape if int(graph.piece_start[piece]) == _tail(graph, arc) else shape[::-1])
    return np.vstack([parts[0], *(part[1:] for part in parts[1:])])


def passable(graph: Graph, posts: Sequence[Post]) -> Bools:
    """Return which arcs of ``any_way`` are free; a post stops a driver as he leaves the post's node."""
    star = graph.any_way
    free = np.ones(len(star.head), np.bool_)
    for post in posts:
        node = graph.post_node[post.id]
        stopped = []
        if post.blocks is not Blocks.IN:
            stopped.append(graph.post_out[post.id])
        if post.blocks is not Blocks.OUT:
            stopped.append(graph.post_in[post.id])
        arcs = np.arange(star.ptr[node], star.ptr[node + 1])
        free[arcs[np.isin(star.head[arcs], stopped)]] = False
    return free


def _crossings(graph: Graph, within: Bools, free: Bools) -> Iterator[list[int]]:
    """Yield for each open crossing its arcs from the junction inside to the junction outside."""
    star = graph.any_way
    for node in np.flatnonzero(within[: graph.junctions]).tolist():
        for first in range(star.ptr[node], star.ptr[node + 1]):
            chain = [first]
            while free[chain[-1]] and (at := int(star.head[chain[-1]])) >= graph.junctions:
                # A post or closure has two pieces: go on by the one that we did not come by.
                onward = (a for a in range(star.ptr[at], star.ptr[at + 1]) if star.piece[a] != star.piece[chain[-1]])
                chain.append(next(onward))
            if free[chain[-1]] and not within[star.head[chain[-1]]]:
                yield chain


def _ways_from_the_middle(graph: Graph, within: Bools, free: Bools) -> list[int]:
    """Return the node before each on the shortest free way from the middle; negative where there is none."""
    star = graph.any_way
    junctions = np.flatnonzero(within[: graph.junctions])
    away = np.hypot(
        graph.lat[junctions] - graph.lat[junctions].mean(),
        (graph.lon[junctions] - graph.lon[junctions].mean()) * np.cos(np.radians(graph.plane.lat0)),
    )
    cost = np.where(free, star.cost, np.inf).astype(np.float64)
    _, before = shortest(star.ptr, star.head, cost, [int(junctions[np.argmin(away)])])
    return [int(node) for node in before[0]]


def _way(graph: Graph, crossing: int, before: list[int], free: Bools) -> list[int]:
    """Return the arcs from the middle to where the crossing road begins."""
    star, arcs = graph.any_way, []
    node = _tail(graph, crossing)
    while (tail := before[node]) >= 0:
        between = [a for a in range(star.ptr[tail], star.ptr[tail + 1]) if star.head[a] == node and free[a]]
        arcs.append(min(between, key=lambda a: float(star.cost[a])))
        node = tail
    return arcs[::-1]


def _leak(graph: Graph, area: RingArea, chain: list[int], way: list[int]) -> Leak:
    post_at, bearing = _crossing_point(graph, area, line_of(graph, chain))
    arcs = (*way, *chain)
    path = tuple(Position(float(lat), float(lon)) for lat, lon in line_of(graph, arcs))
    return Leak(
        area.ring, road_name(graph, int(graph.any_way.piece[chain[0]])), post_at, bearing, path, arcs, len(chain)
    )


def _tail(graph: Graph, arc: int) -> int:
    return int(np.searchsorted(graph.any_way.ptr, arc, side="right")) - 1


def _crossing_point(graph: Graph, area: RingArea, line: Floats) -> tuple[Position, float]:
    tried = [point_at(line, graph.plane, step / STEPS) for step in range(STEPS + 1)]
    lat, lon = np.array([p.lat for p, _ in tried]), np.array([p.lon for p, _ in tried])
    outside = np.flatnonzero(~inside(area.outline, lat, lon))
    return tried[int(outside[0]) if outside.size else STEPS]
