"""Where can the fugitive be, and which exits could he have passed before they were staffed?

He drives any road, tracks and against one-way, at a factor of free flow; weather and closures do not slow him, and he
knows nothing of the posts. His times are rounded down, so that he is never said to be later than he can be. A post
stops him from the millisecond at which it is staffed. All times are milliseconds since he was seen.

Posts that are staffed before he can come are taken out of his ways, and what he then reaches is computed again until no
post is added: an open post that he reaches in time stays open for him, and waiting never helps him.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np

from camera_config.county import ROAD_CLASSES, Blocks, Position, Post, Ring, RingArea, Roads, Rules, Weather
from camera_config.ground import inside
from camera_config.ids import PostId
from lockdown.graph import Bools, Graph
from lockdown.leaks import passable
from lockdown.lines import Floats, Ints, cut
from lockdown.reach import snap
from lockdown.shortest import shortest
from lockdown.times import NEVER_MS, whole_ms

UNLISTED_KMH = 30.0
"""He drives this, times his factor, on a class for which the rules give no speed: fords and tracks too."""


class Passing(StrEnum):
    """What is known of an exit. ``CANNOT_PASS``: staffed before he can come, or he cannot come at all."""

    MAY_HAVE_PASSED = "may_have_passed"
    CANNOT_PASS = "cannot_pass"  # noqa: S105  (a word of the answer)
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Start:
    """A way to begin: from ``fraction`` of a piece, where he was seen, to ``node`` at one of its ends."""

    node: int
    ms: int
    piece: int
    fraction: float


@dataclass(frozen=True, slots=True)
class Fugitive:
    """Who is chased: where he was seen, ``now_ms`` ago; ``ms`` (pieces,) is how fast he drives each piece."""

    seen: Position
    now_ms: int
    ms: Ints
    starts: tuple[Start, ...]


@dataclass(frozen=True, slots=True)
class Drive:
    """His fastest drive: ``came_ms`` (nodes,), ``NEVER_MS`` where he is kept out; ``free`` (arcs of ``any_way``)."""

    came_ms: Ints
    free: Bools
    start: Ints
    before: Ints


@dataclass(frozen=True, slots=True)
class Exit:
    """A post that stops those who leave.

    ``arrives_ms`` is his earliest coming with no post standing, ``comes_ms`` that with the posts staffed as planned;
    None: he cannot come. ``staffed_ms`` is None where nobody is planned for sure. ``already``: it may be by now.
    """

    post: PostId
    ring: Ring
    arrives_ms: int | None
    comes_ms: int | None
    staffed_ms: int | None
    verdict: Passing
    already: bool
    path: tuple[Position, ...]


@dataclass(frozen=True, slots=True)
class Race:
    """The answer. ``exits`` by ring, then his coming.

    ``leaves_ms`` is when he can first be at a junction outside each ring, None: the plan keeps him in. ``next_ring`` is
    the innermost ring around the place where he was seen that he cannot have left by now.
    """

    exits: tuple[Exit, ...]
    leaves_ms: dict[Ring, int | None]
    next_ring: Ring | None
    drive: Drive


@dataclass(frozen=True, slots=True)
class Reach:
    """Roads that he can be on: ``lines`` of (points, 2) lat/lon, ``metres`` in all, and ``junctions`` among them."""

    lines: tuple[Floats, ...]
    metres: float
    junctions: int


def fugitive(graph: Graph, roads: Roads, rules: Rules, seen: Position, now_ms: int) -> Fugitive:
    """Return the fugitive who was seen ``now_ms`` ago; on which of the roads within ``snap_max_m`` is not known.

    Raises:
        ValueError: no road near the place, or a time that is not whole milliseconds.
    """
    whole_ms(now_ms, "time since he was seen")
    speeds = rules.speed_kmh.get(Weather.DRY, {})
    kmh = np.array([(speeds.get(c, 0.0) or UNLISTED_KMH) * rules.fugitive_factor_permille / 1000 for c in ROAD_CLASSES])
    metres_per_ms = kmh[roads.road_class[graph.piece_road]] / 3600
    ms = np.maximum(1, np.floor(graph.piece_m / metres_per_ms)).astype(np.int64)
    places = [(near.line, near.fraction) for near in graph.index.near(seen, rules.snap_max_m)]
    if not places:
        place = snap(graph, seen)
        if place is None:
            raise ValueError("no road near the place where he was seen")
        places = [(place.piece, place.along_m / float(graph.piece_m[place.piece]))]
    starts = []
    for piece, fraction in places:
        back, onward = int(ms[piece] * fraction), int(ms[piece] * (1.0 - fraction))
        starts += [
            Start(int(graph.piece_start[piece]), back, piece, fraction),
            Start(int(graph.piece_end[piece]), onward, piece, fraction),
        ]
    return Fugitive(seen, now_ms, ms, tuple(starts))


def race(
    graph: Graph,
    chased: Fugitive,
    posts: Sequence[Post],
    areas: Sequence[RingArea],
    staffed_ms: Mapping[PostId, int],
) -> Race:
    """Return what he could have passed before it was staffed.

    Args:
        graph: cut at the posts.
        chased: from ``fugitive``.
        posts: of both rings; those that do not stop people who leave are no exits.
        areas: the rings' outlines.
        staffed_ms: since the order, which is now; a post without an entry stays open and is "unknown".
    """
    closing = {post: chased.now_ms + whole_ms(ms, f"staffed time of {post}") for post, ms in staffed_ms.items()}
    unimpeded, planned = drive(graph, chased, posts, {}), drive(graph, chased, posts, closing)
    exits = [
        _exit(graph, chased, post, closing.get(post.id), unimpeded, planned)
        for post in posts
        if post.blocks is not Blocks.IN
    ]
    rings = list(Ring)
    exits.sort(key=lambda e: (rings.index(e.ring), NEVER_MS if e.arrives_ms is None else e.arrives_ms, e.post))
    around = sorted(areas, key=lambda area: rings.index(area.ring))
    leaves = {area.ring: _leaves(graph, area, planned) for area in around}
    here_lat, here_lon = np.array([chased.seen.lat]), np.array([chased.seen.lon])
    kept = [
        area.ring
        for area in around
        if inside(area.outline, here_lat, here_lon)[0] and _later(leaves[area.ring], chased.now_ms)
    ]
    return Race(tuple(exits), leaves, kept[0] if kept else None, planned)


def drive(graph: Graph, chased: Fugitive, posts: Sequence[Post], closing_ms: Mapping[PostId, int]) -> Drive:
    """Return his fastest drive past posts that close when ``closing_ms`` says, and never open again."""
    shut: list[Post] = []
    while True:
        found = _search(graph, chased, passable(graph, shut))
        late = [
            post
            for post in posts
            if post not in shut and found.came_ms[graph.post_node[post.id]] >= closing_ms.get(post.id, NEVER_MS + 1)
        ]
        if not late:
            return found
        shut += late


def reach(graph: Graph, chased: Fugitive, driven: Drive, at_ms: int) -> Reach:
    """Return everywhere he can be at ``at_ms`` since he was seen, having driven as ``driven`` says or less far."""
    star = graph.any_way
    tail = np.repeat(np.arange(len(star.ptr) - 1), np.diff(star.ptr))
    share = np.where(driven.free, np.clip((at_ms - driven.came_ms[tail]) / chased.ms[star.piece], 0.0, 1.0), 0.0)
    forward = tail == graph.piece_start[star.piece]
    onward, back = np.zeros(len(chased.ms)), np.zeros(len(chased.ms))
    np.maximum.at(onward, star.piece[forward], share[forward])
    np.maximum.at(back, star.piece[~forward], share[~forward])
    loops = graph.piece_start == graph.piece_end
    back[loops] = onward[loops]
    parts: dict[int, list[tuple[float, float]]] = {}
    for piece in np.flatnonzero((onward > 0) | (back > 0)).tolist():
        parts[piece] = [(0.0, float(onward[piece])), (1.0 - float(back[piece]), 1.0)]
    for begin in chased.starts:
        gone = at_ms / int(chased.ms[begin.piece])
        low, high = max(0.0, begin.fraction - gone), min(1.0, begin.fraction + gone)
        parts.setdefault(begin.piece, []).append((low, high))
    lines, metres = [], 0.0
    for piece, spans in sorted(parts.items()):
        for low, high in _joined(spans):
            metres += (high - low) * float(graph.piece_m[piece])
            shape = graph.piece_shape[piece]
            lines.append(shape if (low, high) == (0.0, 1.0) else cut(shape, graph.plane, low, high))
    junctions = int((driven.came_ms[: graph.junctions] <= at_ms).sum())
    return Reach(tuple(lines), metres, junctions)


def _joined(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    joined: list[tuple[float, float]] = []
    for low, high in sorted(span for span in spans if span[1] > span[0]):
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        else:
            joined.append((low, high))
    return joined


def _search(graph: Graph, chased: Fugitive, free: Bools) -> Drive:
    star = graph.any_way
    cost = np.where(free, chased.ms[star.piece].astype(np.float64), np.inf)
    rows, before = shortest(star.ptr, star.head, cost, [begin.node for begin in chased.starts])
    rows = rows + np.array([[begin.ms] for begin in chased.starts])
    start = rows.argmin(axis=0)
    nodes = np.arange(rows.shape[1])
    best = rows[start, nodes]
    came = np.where(np.isinf(best), float(NEVER_MS), best).astype(np.int64)
    return Drive(came, free, start.astype(np.int64), before[start, nodes])


def _exit(graph: Graph, chased: Fugitive, post: Post, staffed_ms: int | None, unimpeded: Drive, planned: Drive) -> Exit:
    arrives, comes = _outward_ms(graph, chased, post, unimpeded), _outward_ms(graph, chased, post, planned)
    already = comes is not None and comes <= chased.now_ms
    if comes is None:
        verdict = Passing.CANNOT_PASS
    elif staffed_ms is None:
        verdict = Passing.MAY_HAVE_PASSED if already else Passing.UNKNOWN
    else:
        verdict = Passing.MAY_HAVE_PASSED if comes < staffed_ms else Passing.CANNOT_PASS
    already = already and verdict is Passing.MAY_HAVE_PASSED
    path = () if comes is None else _path(graph, chased, planned, post, comes)
    return Exit(post.id, post.ring, arrives, comes, staffed_ms, verdict, already, path)


def _outward_ms(graph: Graph, chased: Fugitive, post: Post, driven: Drive) -> int | None:
    """Return when he comes to the post from within the ring; coming to it from outside, he is out already."""
    inner, node = graph.post_in[post.id], graph.post_node[post.id]
    times = [begin.ms for begin in _seen_before(graph, chased, post)]
    arc = _arc(graph, chased, driven, inner, node)
    if arc is not None and driven.came_ms[inner] < NEVER_MS:
        times.append(int(driven.came_ms[inner]) + int(chased.ms[graph.any_way.piece[arc]]))
    return min(times, default=None)


def _seen_before(graph: Graph, chased: Fugitive, post: Post) -> list[Start]:
    """Return the beginnings straight to the post: he was seen on the last piece before it."""
    node, ends = graph.post_node[post.id], {graph.post_in[post.id], graph.post_node[post.id]}
    return [
        begin
        for begin in chased.starts
        if begin.node == node and {int(graph.piece_start[begin.piece]), int(graph.piece_end[begin.piece])} == ends
    ]


def _arc(graph: Graph, chased: Fugitive, driven: Drive, tail: int, head: int) -> int | None:
    """Return his quickest free arc between two nodes."""
    star = graph.any_way
    arcs = [a for a in range(star.ptr[tail], star.ptr[tail + 1]) if star.head[a] == head and driven.free[a]]
    return min(arcs, key=lambda a: (int(chased.ms[star.piece[a]]), a), default=None)


def _later(ms: int | None, than_ms: int) -> bool:
    return ms is None or ms > than_ms


def _leaves(graph: Graph, area: RingArea, driven: Drive) -> int | None:
    out = ~inside(area.outline, graph.lat[: graph.junctions], graph.lon[: graph.junctions])
    first = int(driven.came_ms[: graph.junctions][out].min(initial=NEVER_MS))
    return first if first < NEVER_MS else None


def _path(graph: Graph, chased: Fugitive, driven: Drive, post: Post, comes_ms: int) -> tuple[Position, ...]:
    """Return his way from where he was seen to the post."""
    straight = [begin for begin in _seen_before(graph, chased, post) if begin.ms == comes_ms]
    if straight:
        return _positions([_first_line(graph, straight[0])])
    nodes = [graph.post_node[post.id], graph.post_in[post.id]]
    while driven.before[nodes[-1]] >= 0:
        nodes.append(int(driven.before[nodes[-1]]))
    nodes.reverse()
    lines = [_first_line(graph, chased.starts[int(driven.start[nodes[0]])])]
    for tail, head in pairwise(nodes):
        arc = _arc(graph, chased, driven, tail, head)
        if arc is None:
            raise ArithmeticError(f"his way to {post.id} has no road from node {tail} to {head}")
        piece = int(graph.any_way.piece[arc])
        line = graph.piece_shape[piece]
        lines.append(line if int(graph.piece_start[piece]) == tail else line[::-1])
    return _positions(lines)


def _first_line(graph: Graph, begin: Start) -> Floats:
    shape = graph.piece_shape[begin.piece]
    if begin.node == int(graph.piece_end[begin.piece]):
        return cut(shape, graph.plane, begin.fraction, 1.0)
    return cut(shape, graph.plane, 0.0, begin.fraction)[::-1]


def _positions(lines: Sequence[Floats]) -> tuple[Position, ...]:
    return tuple(Position(float(lat), float(lon)) for lat, lon in np.vstack(lines))
