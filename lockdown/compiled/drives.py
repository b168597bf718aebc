"""Where on the roads a unit is, and how long it drives to every post from there, at worst and at best.

Called by ``lockdown.reach`` for one unit and one question, and by ``lockdown.compiled.rows`` for all at once.
"""

from heapq import heappop, heappush
from math import ceil, floor, isnan

import numpy as np

from lockdown.compiled.jit import jit
from lockdown.compiled.land import LAND, LINES
from lockdown.compiled.near import near_lines
from lockdown.graph import Land
from lockdown.lines import Floats, Ints, Lines
from lockdown.reach import FORWARD_DEG, OFF_ROAD_M_PER_MS, ON_ROAD_M, OTHER_SIDE_M, ROAD_WIDTH_M, UNIT_SNAP_M
from lockdown.times import NEVER_MS


@jit("float", "float", "float")
def _turn(one: float, other: float) -> float:
    """Return the angle between two bearings, 0 to 180 degrees."""
    return abs((one - other + 180.0) % 360.0 - 180.0)


@jit("int float float float", LAND, LINES, "float", "float", "float")
def snap_to(land: Land, lines: Lines, x: float, y: float, heading_deg: float) -> tuple[int, float, float, float]:
    """Return piece, metres along it, metres away from it and its bearing there; piece -1 where no road is near.

    ``x`` and ``y`` are metres in the index's plane; ``heading_deg`` is NaN where it is not known.
    """
    line, fraction, away, bearing = near_lines(lines, x, y, ON_ROAD_M)
    if len(line) == 0:
        line, fraction, away, bearing = near_lines(lines, x, y, UNIT_SNAP_M)
    if len(line) == 0:
        return -1, 0.0, 0.0, 0.0
    best = 0
    if not isnan(heading_deg):
        for n in range(len(line)):
            if away[n] > away[0] + OTHER_SIDE_M:
                break
            if not (land.piece_one_way[line[n]] and _turn(bearing[n], heading_deg) > FORWARD_DEG):
                best = n
                break
    piece = int(line[best])
    return piece, fraction[best] * land.piece_m[piece], away[best], bearing[best]


@jit("int i f f", LAND, "int", "float", "float", "float")
def _ways(
    land: Land, piece: int, along_m: float, bearing_deg: float, heading_deg: float
) -> tuple[int, Ints, Floats, Floats]:
    """Return in how many ways a place can be left, and of each the node ahead, the ms until past it, and metres."""
    nodes, times, lengths = np.empty(2, np.int64), np.empty(2, np.float64), np.empty(2, np.float64)
    start, end, metres, ms = land.piece_start[piece], land.piece_end[piece], land.piece_m[piece], land.piece_ms[piece]
    driven = float(ms) if ms < NEVER_MS else metres / OFF_ROAD_M_PER_MS
    nodes[0], nodes[1] = end, start
    lengths[0], lengths[1] = metres - along_m, along_m
    times[0] = driven * (metres - along_m) / metres + land.crossing_ms[end]
    times[1] = driven * along_m / metres + land.crossing_ms[start]
    if ms < NEVER_MS and land.piece_one_way[piece]:
        return 1, nodes, times, lengths
    # On a closed stretch nobody drives on: who is at a closure is on either side of it, whichever way he faces.
    if isnan(heading_deg) or ms >= NEVER_MS:
        return 2, nodes, times, lengths
    if _turn(heading_deg, bearing_deg) > FORWARD_DEG:
        nodes[0], times[0], lengths[0] = nodes[1], times[1], lengths[1]
    return 1, nodes, times, lengths


@jit("i f", "i", "i", "i", "f", "int", "i", "f", "float")
def _reached(
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


@jit("i", LAND, "ii", "int", "float", "float", "float", "float", "float")
def worst_row(
    land: Land,
    by_node: Ints,
    piece: int,
    along_m: float,
    off_road_m: float,
    bearing_deg: float,
    heading_deg: float,
    reach_m: float,
) -> Ints:
    """Return (posts,) the longest drive from anywhere within ``reach_m`` metres ahead of a place on a piece.

    ``by_node`` (nodes, posts) are milliseconds, ``heading_deg`` is NaN where it is not known.
    """
    count, nodes, times, metres = _ways(land, piece, along_m, bearing_deg, heading_deg)
    posts = by_node.shape[1]
    worst = np.zeros(posts, np.int64)
    for i in range(count):
        ahead = ceil(times[i])
        for p in range(posts):
            worst[p] = max(worst[p], ahead + by_node[nodes[i], p])
    ptr, head = land.car_ptr, land.car_head
    found, away = _reached(ptr, head, land.car_piece, land.piece_m, count, nodes, metres, reach_m)
    for n in range(len(found)):
        if away[n] < reach_m:
            for arc in range(ptr[found[n]], ptr[found[n] + 1]):
                for p in range(posts):
                    worst[p] = max(worst[p], land.car_cost[arc] + by_node[head[arc], p])
    beside = ceil(off_road_m / OFF_ROAD_M_PER_MS) if off_road_m > ROAD_WIDTH_M else 0
    for p in range(posts):
        worst[p] = min(worst[p] + beside, NEVER_MS)
    return worst


@jit("i", LAND, "ii", "int", "float", "float")
def best_row(land: Land, by_node: Ints, piece: int, along_m: float, reach_m: float) -> Ints:
    """Return (posts,) the shortest drive from anywhere that a unit can have come to within ``reach_m`` metres."""
    posts = by_node.shape[1]
    best = np.full(posts, NEVER_MS, np.int64)
    count, nodes, times, metres = _ways(land, piece, along_m, 0.0, np.nan)
    for i in range(count):
        first = floor(times[i] * (max(0.0, metres[i] - reach_m) / max(metres[i], 1e-9)))
        for p in range(posts):
            best[p] = min(best[p], first + by_node[nodes[i], p])
    nodes[0], nodes[1] = land.piece_start[piece], land.piece_end[piece]
    metres[0], metres[1] = along_m, land.piece_m[piece] - along_m
    found, away = _reached(land.any_ptr, land.any_head, land.any_piece, land.piece_m, 2, nodes, metres, reach_m)
    for n in range(len(found)):
        node, left_m = found[n], reach_m - away[n]
        for p in range(posts):
            best[p] = min(best[p], by_node[node, p])
        for arc in range(land.car_ptr[node], land.car_ptr[node + 1]):
            length = land.piece_m[land.car_piece[arc]]
            part = floor(land.car_cost[arc] * (1.0 - min(left_m, length) / length))
            for p in range(posts):
                best[p] = min(best[p], part + by_node[land.car_head[arc], p])
    return best
