"""The county's roads as the planner drives them: ``build_graph`` turns roads, speeds and closures into a ``Graph``.

Posts and closures lie on roads, not at junctions, so the road pieces are split there: a post becomes a node, and a
closure a sliver of ``SLIVER_M`` that no police unit may drive. Arc times are whole milliseconds, rounded up once, here.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from camera_config.county import ROAD_CLASSES, Blocks, Closure, Position, Post, RoadClass, Roads
from camera_config.ids import PostId
from lockdown.lines import Floats, Ints, LineIndex, Near, Plane, cut, index_lines, turn_deg
from lockdown.times import NEVER_MS, finite, whole_ms

SLIVER_M = 0.02
"""Length of the closed part of a road: nobody stands on it, and no distance changes noticeably."""

ALIGNED_DEG = 60.0
"""A post's bearing and its carriageway differ by at most this; a bridge above or the other carriageway does not fit."""

JUNCTION_GAP_M = 0.5
"""A post stands on a road, not on a junction: it is moved at least this far along its road."""

CLOSURE_SNAP_M = 100.0
"""A closure farther from its road than this is refused."""

CROSSING_ROADS = 3
"""A junction where so many roads end is a crossing; where two do, one drives on."""

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Star:
    """A directed graph by outgoing arcs: arcs ``ptr[n]:ptr[n+1]`` leave node n. ``cost`` is ms or metres."""

    ptr: Ints
    head: Ints
    piece: Ints
    cost: Ints | Floats


class Land(NamedTuple):
    """The arrays of a ``Graph`` that searches from a place on a road need, as compiled functions take them."""

    piece_start: Ints
    piece_end: Ints
    piece_m: Floats
    piece_ms: Ints
    piece_one_way: Bools
    crossing_ms: Ints
    car_ptr: Ints
    car_head: Ints
    car_piece: Ints
    car_cost: Ints
    any_ptr: Ints
    any_head: Ints
    any_piece: Ints


@dataclass(frozen=True)
class Graph:
    """What drives where. Built by ``build_graph``; nothing in it changes.

    Nodes: the county's junctions first (``junctions`` of them), then posts and closures. Shapes: ``lat``, ``lon``
    (nodes,); all ``piece_*`` (pieces,). ``piece_ms`` is ``NEVER_MS`` where the police may not drive. ``car`` has the
    police's arcs in milliseconds, ``any_way`` every piece in both directions in metres: the fugitive's graph.
    ``crossing_ms`` (nodes,) is what it takes the police to come to a node besides driving: ``junction_ms`` at
    crossings, else 0. An arc of ``car`` costs its ``piece_ms`` and the ``crossing_ms`` of its head.
    ``post_out`` is the node a driver reaches next when he passes the post outwards; ``post_in`` the other side.
    """

    plane: Plane
    junctions: int
    lat: Floats
    lon: Floats
    piece_start: Ints
    piece_end: Ints
    piece_m: Floats
    piece_ms: Ints
    piece_one_way: Bools
    piece_road: Ints
    piece_shape: tuple[Floats, ...]
    crossing_ms: Ints
    road_name: tuple[str, ...]
    car: Star
    any_way: Star
    post_node: dict[PostId, int]
    post_out: dict[PostId, int]
    post_in: dict[PostId, int]
    index: LineIndex
    digest: str

    @cached_property
    def land(self) -> Land:
        """Return the same arrays again, each of them contiguous."""
        car, any_way = self.car, self.any_way
        whole = (self.crossing_ms, car.ptr, car.head, car.piece, car.cost, any_way.ptr, any_way.head, any_way.piece)
        return Land(
            np.ascontiguousarray(self.piece_start, np.int64),
            np.ascontiguousarray(self.piece_end, np.int64),
            np.ascontiguousarray(self.piece_m, np.float64),
            np.ascontiguousarray(self.piece_ms, np.int64),
            np.ascontiguousarray(self.piece_one_way, np.bool_),
            *(np.ascontiguousarray(array, np.int64) for array in whole),
        )


@dataclass(frozen=True, slots=True)
class _Split:
    """A point of a road where it is cut; ``post`` is empty for the two ends of a closure's sliver."""

    fraction: float
    post: PostId
    out_is_end: bool
    closed_after: bool


def build_graph(
    roads: Roads,
    speed_kmh: Mapping[RoadClass, float],
    closures: Sequence[Closure],
    posts: Sequence[Post],
    snap_max_m: float = 30.0,
    *,
    hour_permille: int = 1000,
    junction_ms: int = 0,
    keep_lost: bool = False,
) -> Graph:
    """Return the graph of the roads at these speeds, with these closures, cut at these posts.

    Args:
        roads: the county's roads; lengths in metres.
        speed_kmh: kilometres an hour per class; a class that is missing or 0 is not driven by the police.
        closures: each cuts the nearest road of its name for the police; the fugitive is not held up.
        posts: each is put on the nearest carriageway whose direction fits its bearing.
        snap_max_m: a post farther than this from such a carriageway is refused.
        hour_permille: so much of the time that the speeds say does driving take at this hour; crossings take the same.
        junction_ms: whole milliseconds that the police take at every crossing that they come to.
        keep_lost: a post on no fitting carriageway is not refused: it is a place to which no road leads, where nobody
            comes and nothing is stopped, so that the other posts can still be planned.

    Raises:
        ValueError: NaN, a length that is not positive, a post or closure that lies on no fitting road.
    """
    _check(roads, speed_kmh)
    if whole_ms(hour_permille, "hour_permille") == 0:
        raise ValueError("hour_permille: want per mille of the driving time from 1, got 0")
    plane = Plane(float(np.mean(roads.node_lat)), float(np.mean(roads.node_lon)))
    road_index = index_lines(plane, list(roads.shape))
    splits: dict[int, list[_Split]] = {}
    lost: list[Post] = []
    for post in sorted(posts, key=lambda p: p.id):
        placed = _place_post(post, roads, road_index, snap_max_m)
        if placed is not None:
            splits.setdefault(placed[0], []).append(placed[1])
        elif keep_lost:
            lost.append(post)
        else:
            raise ValueError(
                f"post {post.id}: no carriageway within {snap_max_m:.0f} m that runs {post.bearing_deg:.0f} degrees "
                f"and blocks {post.blocks}; move the post or turn its bearing"
            )
    for closure in closures:
        road, pair = _place_closure(closure, roads, road_index)
        splits.setdefault(road, []).extend(pair)
    hourly = {road_class: kmh / (hour_permille / 1000) for road_class, kmh in speed_kmh.items()}
    ends = np.bincount(np.concatenate([roads.start, roads.end]), minlength=len(roads.node_lat))
    crossing_ms = np.where(ends >= CROSSING_ROADS, whole_ms(junction_ms, "junction_ms"), 0).astype(np.int64)
    return _assemble(roads, hourly, crossing_ms, plane, splits, lost)


def lost_posts(graph: Graph) -> tuple[PostId, ...]:
    """Return the posts to which no road leads (``keep_lost``), by id."""
    arcs = np.diff(graph.any_way.ptr)
    return tuple(sorted(post for post, node in graph.post_node.items() if arcs[node] == 0))


def road_name(graph: Graph, piece: int) -> str:
    """Return the name of the road that a piece belongs to; empty where it has none."""
    return graph.road_name[int(graph.piece_road[piece])]


def _check(roads: Roads, speed_kmh: Mapping[RoadClass, float]) -> None:
    for what, values in (("node_lat", roads.node_lat), ("node_lon", roads.node_lon), ("length_m", roads.length_m)):
        if not np.isfinite(values).all():
            raise ValueError(f"roads.{what} holds NaN or an infinite number")
    if (roads.length_m <= 0).any():
        raise ValueError("roads.length_m holds a length that is not positive")
    if any(not np.isfinite(shape).all() or len(shape) < 2 for shape in roads.shape):
        raise ValueError("roads.shape holds NaN or a line of fewer than two points")
    for road_class, kmh in speed_kmh.items():
        if finite(kmh, f"speed of {road_class}") < 0:
            raise ValueError(f"speed of {road_class}: want km/h from 0, got {kmh}")


def _place_post(post: Post, roads: Roads, index: LineIndex, snap_max_m: float) -> tuple[int, _Split] | None:
    """Return the road of a post and where it is cut; None where no carriageway fits."""
    bearing = finite(post.bearing_deg, f"bearing of post {post.id}")
    for near in index.near(post.position, snap_max_m):
        out_is_end = turn_deg(near.bearing_deg, bearing) <= ALIGNED_DEG
        out_is_start = turn_deg(near.bearing_deg + 180.0, bearing) <= ALIGNED_DEG
        if roads.one_way[near.line]:
            fits = {Blocks.OUT: out_is_end, Blocks.IN: out_is_start, Blocks.BOTH: out_is_end or out_is_start}
        else:
            fits = dict.fromkeys(Blocks, out_is_end or out_is_start)
        if fits[post.blocks]:
            fraction = _off_junction(near, float(roads.length_m[near.line]))
            return near.line, _Split(fraction, post.id, out_is_end, closed_after=False)
    return None


def _off_junction(near: Near, length_m: float) -> float:
    gap = min(JUNCTION_GAP_M / length_m, 0.25)
    return min(max(near.fraction, gap), 1.0 - gap)


def _place_closure(closure: Closure, roads: Roads, index: LineIndex) -> tuple[int, list[_Split]]:
    near = index.near(closure.position, CLOSURE_SNAP_M)
    named = [n for n in near if roads.name[n.line] == closure.road] if closure.road else near
    if not named:
        raise ValueError(f"closure of {closure.road!r}: that road is not within {CLOSURE_SNAP_M:.0f} m of the place")
    length_m = float(roads.length_m[named[0].line])
    width = min(SLIVER_M / length_m, 0.1)
    low = min(max(named[0].fraction - width / 2, width), 1.0 - 2 * width)
    return named[0].line, [
        _Split(low, PostId(""), out_is_end=True, closed_after=True),
        _Split(low + width, PostId(""), out_is_end=True, closed_after=False),
    ]


@dataclass(slots=True)
class _Pieces:
    """Road pieces while they are being cut."""

    lat: list[float]
    lon: list[float]
    start: list[int]
    end: list[int]
    metres: list[float]
    road: list[int]
    closed: list[bool]
    shape: list[Floats]
    post_node: dict[PostId, int]
    post_out: dict[PostId, int]
    post_in: dict[PostId, int]


def _assemble(
    roads: Roads,
    speed_kmh: Mapping[RoadClass, float],
    crossing_ms: Ints,
    plane: Plane,
    splits: dict[int, list[_Split]],
    lost: Sequence[Post],
) -> Graph:
    made = _Pieces(roads.node_lat.tolist(), roads.node_lon.tolist(), [], [], [], [], [], [], {}, {}, {})
    for road in range(len(roads.start)):
        _cut_road(roads, road, sorted(splits.get(road, []), key=lambda s: (s.fraction, s.post)), plane, made)
    for post in lost:
        made.post_node[post.id] = made.post_out[post.id] = made.post_in[post.id] = len(made.lat)
        made.lat.append(post.position.lat)
        made.lon.append(post.position.lon)
    start, end = np.array(made.start, np.int64), np.array(made.end, np.int64)
    metres, road_of = np.array(made.metres), np.array(made.road, np.int64)
    kmh = np.array([float(speed_kmh.get(c, 0.0)) for c in ROAD_CLASSES])[roads.road_class[road_of]]
    ms = np.array(
        [
            NEVER_MS if closed or speed <= 0 else max(1, ceil(length * 3600.0 / speed))
            for length, speed, closed in zip(made.metres, kmh.tolist(), made.closed, strict=True)
        ],
        np.int64,
    )
    one_way = roads.one_way[road_of].astype(np.bool_)
    pieces = np.arange(len(start), dtype=np.int64)
    open_, back = ms < NEVER_MS, (ms < NEVER_MS) & ~one_way
    lat, lon = np.array(made.lat), np.array(made.lon)
    crossing_ms = np.pad(crossing_ms, (0, len(lat) - len(crossing_ms)))  # posts and closures are no crossings
    car = _star(
        len(lat),
        np.concatenate([start[open_], end[back]]),
        np.concatenate([end[open_], start[back]]),
        np.concatenate([pieces[open_], pieces[back]]),
        np.concatenate([ms[open_] + crossing_ms[end[open_]], ms[back] + crossing_ms[start[back]]]),
    )
    both = (np.concatenate([start, end]), np.concatenate([end, start]), np.concatenate([pieces, pieces]))
    any_way = _star(len(lat), *both, np.concatenate([metres, metres]))
    digest = hashlib.sha256()
    for part in (lat, lon, start, end, metres, ms, one_way, crossing_ms):
        digest.update(np.ascontiguousarray(part).tobytes())
    digest.update(json.dumps([made.post_node, made.post_out, made.post_in], sort_keys=True).encode())
    return Graph(
        plane=plane,
        junctions=len(roads.node_lat),
        lat=lat,
        lon=lon,
        piece_start=start,
        piece_end=end,
        piece_m=metres,
        piece_ms=ms,
        piece_one_way=one_way,
        piece_road=road_of,
        piece_shape=tuple(made.shape),
        crossing_ms=crossing_ms,
        road_name=tuple(roads.name),
        car=car,
        any_way=any_way,
        post_node=made.post_node,
        post_out=made.post_out,
        post_in=made.post_in,
        index=index_lines(plane, made.shape),
        digest=digest.hexdigest(),
    )


def _cut_road(roads: Roads, road: int, splits: list[_Split], plane: Plane, made: _Pieces) -> None:
    """Append the pieces of one road, cut at ``splits`` (by rising fraction), and their new nodes."""
    shape, length_m = roads.shape[road], float(roads.length_m[road])
    node, low, closed = int(roads.start[road]), 0.0, False
    waiting: list[tuple[PostId, bool]] = []
    for split in [*splits, None]:
        high = 1.0 if split is None else max(split.fraction, low)
        line = shape if not splits else cut(shape, plane, low, high)
        if split is None:
            after = int(roads.end[road])
        else:
            after = len(made.lat)
            made.lat.append(float(line[-1, 0]))
            made.lon.append(float(line[-1, 1]))
        made.start.append(node)
        made.end.append(after)
        made.metres.append(max((high - low) * length_m, 1e-3))
        made.road.append(road)
        made.closed.append(closed)
        made.shape.append(line)
        for post, out_is_end in waiting:
            (made.post_out if out_is_end else made.post_in)[post] = after
        waiting = []
        if split is not None and split.post:
            made.post_node[split.post] = after
            (made.post_in if split.out_is_end else made.post_out)[split.post] = node
            waiting = [(split.post, split.out_is_end)]
        if split is not None:
            closed = split.closed_after or (closed and bool(split.post))
        node, low = after, high


def _star(nodes: int, tail: Ints, head: Ints, piece: Ints, cost: Ints | Floats) -> Star:
    """Order arcs by tail, then head, then piece."""
    order = np.lexsort((piece, head, tail))
    ptr = np.zeros(nodes + 1, np.int64)
    np.cumsum(np.bincount(tail, minlength=nodes), out=ptr[1:])
    return Star(ptr, head[order], piece[order], cost[order])


def position_of(graph: Graph, node: int) -> Position:
    """Return where a node lies."""
    return Position(float(graph.lat[node]), float(graph.lon[node]))
