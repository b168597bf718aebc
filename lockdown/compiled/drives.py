"""How long a unit drives to every post, at worst and at best, from the roads' arrays (``lockdown.reach``)."""

from heapq import heappop, heappush
from math import ceil, floor, isnan

import numpy as np

from lockdown.compiled.jit import jit
from lockdown.lines import Floats, Ints
from lockdown.reach import FORWARD_DEG, OFF_ROAD_M_PER_MS, ROAD_WIDTH_M
from lockdown.times import NEVER_MS


@jit("Tuple((int64, int64[::1], float64[::1], float64[::1]))(int64, int64, float64, int64, b1, float64, float64, f8)")
def ways_of(
    start: int,
    end: int,
    metres: float,
    ms: int,
    one_way: bool,
    along_m: float,
    bearing_deg: float,
    heading_deg: float,
) -> tuple[int, Ints, Floats, Floats]:
    """Return how a place on a road piece can be left: how many ways, and of each the node ahead, ms and metres to it.

    ``start`` to ``one_way`` are the piece's, ``ms`` is ``NEVER_MS`` where the police may not drive; ``along_m`` and
    ``bearing_deg`` tell where on it, and its own direction there; ``heading_deg`` is NaN where it is not known.
    """
    nodes, times, lengths = np.empty(2, np.int64), np.empty(2, np.float64), np.empty(2, np.float64)
    driven = float(ms) if ms < NEVER_MS else metres / OFF_ROAD_M_PER_MS
    nodes[0], times[0], lengths[0] = end, driven * (metres - along_m) / metres, metres - along_m
    nodes[1], times[1], lengths[1] = start, driven * along_m / metres, along_m
    if ms < NEVER_MS and one_way:
        return 1, nodes, times, lengths
    if isnan(heading_deg):
        return 2, nodes, times, lengths
    if abs((heading_deg - bearing_deg + 180.0) % 360.0 - 180.0) > FORWARD_DEG:
        nodes[0], times[0], lengths[0] = nodes[1], times[1], lengths[1]
    return 1, nodes, times, lengths


@jit(
    "Tuple((int64[::1], float64[::1]))(int64[::1], int64[::1], int64[::1], float64[::1], int64, int64[::1],"
    " float64[::1], float64)"
)
def reached(
    ptr: Ints, head: Ints, piece: Ints, piece_m: Floats, count: int, nodes: Ints, metres: Floats, reach_m: float
) -> tuple[Ints, Floats]:
    """Return the nodes within ``reach_m`` metres of the first ``count`` of ``nodes``, and how far each is."""
    heap = [(-1.0, -1)]
    heap.pop()
    for i in range(count):
        if metres[i] <= reach_m:
            heappush(heap, (metres[i], nodes[i]))
    seen = np.zeros(len(ptr) - 1, np.bool_)
    found, away = np.empty(len(seen), np.int64), np.empty(len(seen), np.float64)
    n = 0
    while len(heap) > 0:
        so_far, node = heappop(heap)
        if seen[node]:
            continue
        seen[node] = True
        found[n], away[n] = node, so_far
        n += 1
        for arc in range(ptr[node], ptr[node + 1]):
            further = so_far + piece_m[piece[arc]]
            if further <= reach_m and not seen[head[arc]]:
                heappush(heap, (further, head[arc]))
    return found[:n], away[:n]


@jit(
    "int64[::1](int64[::1], int64[::1], int64[::1], int64[::1], float64[::1], int64[:, ::1],"
    " int64, int64[::1], float64[::1], float64[::1], float64, float64)"
)
def worst_row(
    ptr: Ints,
    head: Ints,
    piece: Ints,
    cost: Ints,
    piece_m: Floats,
    by_node: Ints,
    count: int,
    nodes: Ints,
    times: Floats,
    metres: Floats,
    reach_m: float,
    off_road_m: float,
) -> Ints:
    """Return (posts,) the longest drive from anywhere that ``ways_of`` lead to within ``reach_m`` metres.

    ``ptr`` to ``piece_m`` are the police's arcs and the pieces' lengths, ``by_node`` (nodes, posts) milliseconds,
    ``count`` to ``metres`` of ``ways_of``, ``off_road_m`` from the place to its road.
    """
    posts = by_node.shape[1]
    worst = np.zeros(posts, np.int64)
    for i in range(count):
        ahead = ceil(times[i])
        for p in range(posts):
            worst[p] = max(worst[p], ahead + by_node[nodes[i], p])
    found, away = reached(ptr, head, piece, piece_m, count, nodes, metres, reach_m)
    for n in range(len(found)):
        if away[n] < reach_m:
            for arc in range(ptr[found[n]], ptr[found[n] + 1]):
                for p in range(posts):
                    worst[p] = max(worst[p], cost[arc] + by_node[head[arc], p])
    beside = ceil(off_road_m / OFF_ROAD_M_PER_MS) if off_road_m > ROAD_WIDTH_M else 0
    for p in range(posts):
        worst[p] = min(worst[p] + beside, NEVER_MS)
    return worst


@jit(
    "int64[::1](int64[::1], int64[::1], int64[::1], int64[::1], float64[::1], int64[:, ::1], int64[::1], float64[::1],"
    " int64, int64[::1], float64[::1], float64[::1])"
)
def best_row(
    ptr: Ints,
    head: Ints,
    piece: Ints,
    cost: Ints,
    piece_m: Floats,
    by_node: Ints,
    found: Ints,
    left_m: Floats,
    count: int,
    nodes: Ints,
    times: Floats,
    ahead: Floats,
) -> Ints:
    """Return (posts,) the shortest drive from anywhere that a unit can have come to.

    ``ptr`` to ``by_node`` are as of ``worst_row``; ``found`` are nodes it can have come to by any way, ``left_m`` how
    many metres beyond each; ``count`` to ``times`` are of ``ways_of``, every way, and ``ahead`` is the share of each
    that it cannot have driven yet.
    """
    posts = by_node.shape[1]
    best = np.full(posts, NEVER_MS, np.int64)
    for i in range(count):
        first = floor(times[i] * ahead[i])
        for p in range(posts):
            best[p] = min(best[p], first + by_node[nodes[i], p])
    for n in range(len(found)):
        node = found[n]
        for p in range(posts):
            best[p] = min(best[p], by_node[node, p])
        for arc in range(ptr[node], ptr[node + 1]):
            metres = piece_m[piece[arc]]
            part = floor(cost[arc] * (1.0 - min(left_m[n], metres) / metres))
            for p in range(posts):
                best[p] = min(best[p], part + by_node[head[arc], p])
    return best
