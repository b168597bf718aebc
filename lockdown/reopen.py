"""The roads as they would be with one closure lifted: the same places, more ways.

The graph stays cut where the closure lay, so that units keep their places. Each of the three pieces of the road rounds
its time up, so that a way over it takes up to 3 ms longer than over a road that was never cut.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from camera_config.county import Position, Post
from lockdown.fields import Fields, post_fields
from lockdown.graph import Graph, Star, position_of, road_name
from lockdown.lines import Ints
from lockdown.times import NEVER_MS
from lockdown.whatif import Spots, spots_of


@dataclass(frozen=True, slots=True)
class Reopened:
    """The county without one of its closures, which lies on ``road`` at ``position``."""

    road: str
    position: Position
    fields: Fields
    spots: Spots


def reopened(graph: Graph, posts: Sequence[Post], standby: Mapping[str, Position]) -> tuple[Reopened, ...]:
    """Return one for each closure that cuts a road which the police drive, in order of the roads; once for a graph."""
    found = []
    for pieces in _closures(graph):
        lifted = _lift(graph, pieces)
        fields = post_fields(lifted, posts)
        at = position_of(graph, int(graph.piece_start[pieces[0]]))
        spots = spots_of(lifted, fields, standby)
        found.append(Reopened(road_name(graph, pieces[0]), at, fields, spots))
    return tuple(found)


def _closures(graph: Graph) -> list[list[int]]:
    """Return the closed pieces of each closure: a run along a road of which other pieces are driven."""
    driven = set(graph.piece_road[graph.piece_ms < NEVER_MS].tolist())
    runs: list[list[int]] = []
    for piece in np.flatnonzero(graph.piece_ms >= NEVER_MS).tolist():
        road = int(graph.piece_road[piece])
        if road not in driven:
            continue
        if runs and runs[-1][-1] == piece - 1 and int(graph.piece_road[piece - 1]) == road:
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return runs


def _lift(graph: Graph, pieces: list[int]) -> Graph:
    ms = graph.piece_ms.copy()
    same = np.flatnonzero((graph.piece_road == graph.piece_road[pieces[0]]) & (ms < NEVER_MS))
    longest = int(same[np.argmax(graph.piece_m[same])])
    pace = int(ms[longest]) / float(graph.piece_m[longest])
    for piece in pieces:
        ms[piece] = max(1, ceil(float(graph.piece_m[piece]) * pace))
    return replace(graph, piece_ms=ms, car=_with_arcs(graph, pieces, ms))


def _with_arcs(graph: Graph, pieces: list[int], ms: Ints) -> Star:
    """Return the police's arcs and those of ``pieces``, ordered as ``build_graph`` orders them."""
    car, nodes = graph.car, len(graph.lat)
    added = np.array(pieces, np.int64)
    back = added[~graph.piece_one_way[added]]
    tail = np.repeat(np.arange(nodes), np.diff(car.ptr))
    tail = np.concatenate([tail, graph.piece_start[added], graph.piece_end[back]])
    head = np.concatenate([car.head, graph.piece_end[added], graph.piece_start[back]])
    piece = np.concatenate([car.piece, added, back])
    onward, home = graph.crossing_ms[graph.piece_end[added]], graph.crossing_ms[graph.piece_start[back]]
    cost = np.concatenate([car.cost.astype(np.int64), ms[added] + onward, ms[back] + home])
    order = np.lexsort((piece, head, tail))
    ptr = np.zeros(nodes + 1, np.int64)
    np.cumsum(np.bincount(tail, minlength=nodes), out=ptr[1:])
    return Star(ptr, head[order], piece[order], cost[order])
