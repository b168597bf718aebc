"""The fewest units whose posts leave no way out: a minimum cut, and when it can be staffed.

Posts may stand on any road between the places that must be enclosed and those that must not be reached; a post on a
road asks the units of that road, and stops one direction. The fugitive drives any way (``Graph.any_way``), so a dual
carriageway needs both its sides. Maximum flow equals minimum cut (Ford and Fulkerson 1956), which is checked each time.

A road that no unit staffs by a time has infinite capacity at that time. The least such time at which the cut is still
as small bounds T* of every smallest cut from below; the cuts found there are staffed by ``seal.solve``, all posts from
one pool. Where both agree, T* is exact; else it is the best found and named so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import ceil

import numpy as np

from camera_config.county import ROAD_CLASSES, Position, Post, Ring, Roads, Rules
from camera_config.ids import PostId, UnitId
from lockdown.graph import Bools, Graph, Star, road_name
from lockdown.lines import Ints, point_at, turn_deg
from lockdown.matching import first_enough
from lockdown.race import Fugitive, drive
from lockdown.reach import FORWARD_DEG, OFF_ROAD_M_PER_MS, ROAD_WIDTH_M, snap
from lockdown.seal import LONGEST_MS, solve
from lockdown.shortest import shortest
from lockdown.table import Demand, Table
from lockdown.times import NEVER_MS
from lockdown.units import UnitNow, fits, moving, sure_delay_ms, surely_able

ENDLESS = 1 << 24
"""Capacity of a road that cannot be staffed; scipy's flows are 32 bits wide, and all needs together are below this."""

TRIES = 8
"""Later times at which other smallest cuts are looked for when the first cannot all be staffed at the bound."""


@dataclass(frozen=True)
class Enclosure:
    """One question.

    Args:
        graph: whose ``any_way`` he drives.
        within, beyond: (nodes,) where he may be, and what he must not reach.
        need: (pieces,) units that a post on each piece asks, from 1.
        staffed_ms: (units, pieces) when each unit stands on each piece with its set-up done, ``NEVER_MS`` for never.
        latest_ms: (arcs of ``any_way``) when a post on each must stand (``before_him``); -1: none may stand there.
        crew: by piece, the number of the crew that can hold all pieces of its number at once. They are weighed each,
            for a cut may need one of them, and staffed together.
    """

    graph: Graph
    within: Bools
    beyond: Bools
    need: Ints
    staffed_ms: Ints
    latest_ms: Ints
    crew: Mapping[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        pieces = len(self.graph.piece_m)
        if self.staffed_ms.dtype != np.int64 or self.staffed_ms.ndim != 2 or self.staffed_ms.shape[1] != pieces:
            raise ValueError(f"staffed_ms: want (units, {pieces}) whole milliseconds in int64")
        if self.latest_ms.dtype != np.int64 or len(self.latest_ms) != len(self.graph.any_way.head):
            raise ValueError("latest_ms: want whole milliseconds in int64, one an arc")
        if len(self.need) != pieces or self.need.min(initial=1) < 1 or self.need.sum() >= ENDLESS:
            raise ValueError(f"need: want ({pieces},) from 1")
        if not self.within.any() or not self.beyond.any() or (self.within & self.beyond).any():
            raise ValueError("within and beyond: want places in each, and none in both")

    @cached_property
    def key_ms(self) -> Ints:
        """Return (arcs,) when the units that a post on the arc asks can first be there, were it the only post."""
        units = np.sort(self.staffed_ms, axis=0)
        pieces = np.arange(units.shape[1])
        enough = self.need <= len(units)
        keys = np.full(len(pieces), NEVER_MS, np.int64)
        keys[enough] = units[self.need[enough] - 1, pieces[enough]]
        on_arc = keys[self.graph.any_way.piece]
        return np.where(on_arc > self.latest_ms, NEVER_MS, on_arc)

    @cached_property
    def tail(self) -> Ints:
        """Return (arcs,) the node that each arc leaves."""
        star = self.graph.any_way
        return np.repeat(np.arange(len(star.ptr) - 1), np.diff(star.ptr))


@dataclass(frozen=True, slots=True)
class CutPost:
    """A post in the middle of a piece that stops who drives ``bearing_deg``; ``units`` are rows of ``staffed_ms``."""

    piece: int
    road: str
    position: Position
    bearing_deg: float
    need: int
    units: tuple[int, ...]
    staffed_ms: int | None


@dataclass(frozen=True, slots=True)
class Cut:
    """The fewest ``units``, proved by a flow as large.

    ``t_star_ms``: all posts are staffed by then, each when it must be; None: not from these units. No cut of as few
    units is staffed before ``least_ms``. ``exact``: both are equal, so no cut of as few units is staffed sooner.
    """

    units: int
    posts: tuple[CutPost, ...]
    t_star_ms: int | None
    least_ms: int
    exact: bool


def fewest_posts(asked: Enclosure, by_ms: int = NEVER_MS - 1) -> Cut | None:
    """Return the smallest cut of roads that can each be staffed by ``by_ms``, the soonest of them; None: there is none.

    Raises:
        ArithmeticError: flow and cut differ, which would be a mistake here.
    """
    times = np.unique(asked.key_ms[asked.key_ms <= by_ms])
    if times.size == 0:
        return None
    smallest = _sides(asked, int(times[-1]))
    if smallest is None:
        return None
    units = smallest.flow
    if units == 0:
        return Cut(0, (), 0, 0, exact=True)

    def enough(step: int) -> bool:
        found = _sides(asked, int(times[step]))
        return found is not None and found.flow == units

    first = first_enough(len(times) - 1, enough)
    least_ms = int(times[first])
    best: Cut | None = None
    for step in _steps(first, len(times)):
        found = _sides(asked, int(times[step]))
        if found is None or found.flow != units:
            raise ArithmeticError("a later time has no cut as small")
        for side in (found.near, found.far):
            cut = _staffed(asked, side, units, least_ms)
            if best is None or _time(cut) < _time(best):
                best = cut
            if cut.exact:
                return cut
        if best is not None and times[min(step + 1, len(times) - 1)] >= _time(best):
            break
    return best


def trade_off(asked: Enclosure, most: int = 12) -> tuple[Cut, ...]:
    """Return smallest cuts by falling time: the fewest units, then those that are sooner and cost more."""
    found: list[Cut] = []
    by_ms = NEVER_MS - 1
    while len(found) < most:
        cut = fewest_posts(asked, by_ms)
        if cut is None:
            break
        found.append(cut)
        by_ms = cut.least_ms - 1
    return tuple(found)


def staffed_at(
    graph: Graph, units: Sequence[UnitNow], rules: Rules, posts: Sequence[Post], *, crew_min: int, setup_ms: int
) -> Ints:
    """Return (units, pieces) when each unit stands in the middle of each piece, reached in a legal direction.

    On a piece that ends at one of ``posts`` it stands there instead, as that post asks and with its set-up. Units drive
    from where they were last seen; with an unknown heading the worse way counts. ``NEVER_MS`` for units that do not
    surely count or do not fit.
    """
    made = np.full((len(units), len(graph.piece_m)), NEVER_MS, np.int64)
    at_post = {post.id: np.flatnonzero(_touches(graph, graph.post_node[post.id])) for post in posts}
    for row, unit in enumerate(units):
        came = _came(graph, unit, rules) if surely_able(unit, rules) else None
        if came is None:
            continue
        ready = sure_delay_ms(unit, rules)
        if fits(unit, crew_min, ()):
            made[row] = _later(_middle(graph, came), ready + setup_ms)
        for post in posts:
            able = fits(unit, post.crew_min, post.equipment)
            there = _later(came[[graph.post_node[post.id]]], ready + post.setup_s * 1000) if able else NEVER_MS
            made[row, at_post[post.id]] = there
    return made


def stands_at(
    graph: Graph, units: Sequence[UnitNow], rules: Rules, posts: Sequence[Post], *, crew_min: int, setup_ms: int
) -> Ints:
    """Return (units, nodes) when each unit stands at each junction, as ``staffed_at`` does for roads."""
    made = np.full((len(units), len(graph.lat)), NEVER_MS, np.int64)
    for row, unit in enumerate(units):
        came = _came(graph, unit, rules) if surely_able(unit, rules) else None
        if came is None:
            continue
        ready = sure_delay_ms(unit, rules)
        if fits(unit, crew_min, ()):
            made[row] = _later(came, ready + setup_ms)
        for post in posts:
            node = graph.post_node[post.id]
            able = fits(unit, post.crew_min, post.equipment)
            made[row, node] = _later(came[[node]], ready + post.setup_s * 1000)[0] if able else NEVER_MS
    return made


def before_him(graph: Graph, chased: Fugitive, posts: Sequence[Post]) -> Ints:
    """Return (arcs of ``any_way``) the milliseconds from now by which a post on each must stand: he comes to its place.

    That is the middle of the road, or the post of ``posts`` at one of its ends, as in ``staffed_at``; he drives
    unimpeded. -1 on the roads on which he was seen.
    """
    star = graph.any_way
    own = np.zeros(len(graph.lat), np.bool_)
    own[[graph.post_node[post.id] for post in posts]] = True
    tail = np.repeat(np.arange(len(star.ptr) - 1), np.diff(star.ptr))
    whole = chased.ms[star.piece]
    along = np.where(own[tail], 0, np.where(own[star.head], whole, whole // 2))
    comes = np.minimum(drive(graph, chased, posts, {}).came_ms[tail] + along, NEVER_MS)
    seen_on = np.isin(star.piece, [begin.piece for begin in chased.starts])
    return np.where(seen_on, -1, comes - chased.now_ms)


def needs(graph: Graph, roads: Roads, posts: Sequence[Post]) -> Ints:
    """Return (pieces,) units that a post asks: its own need at one of ``posts``, else the most on such a road."""
    road_class = roads.road_class[graph.piece_road].astype(np.int64)
    own = {post: np.flatnonzero(_touches(graph, graph.post_node[post.id])) for post in posts}
    by_class = np.ones(len(ROAD_CLASSES), np.int64)
    for post, pieces in own.items():
        by_class[road_class[pieces]] = np.maximum(by_class[road_class[pieces]], post.need_units)
    made = by_class[road_class]
    for post, pieces in own.items():
        made[pieces] = post.need_units
    return made


def crews(graph: Graph, posts: Sequence[Post]) -> dict[int, int]:
    """Return by piece the number of the crew that holds all posts of its crossing (``Post.one_crew``)."""
    groups = sorted({(post.ring, post.group) for post in posts if post.one_crew and post.group is not None})
    return {
        int(piece): groups.index((post.ring, post.group))
        for post in posts
        if post.one_crew and post.group is not None
        for piece in np.flatnonzero(_touches(graph, graph.post_node[post.id]))
    }


def _later(came: Ints, ms: int) -> Ints:
    return np.where(came < NEVER_MS, came + ms, NEVER_MS)


def _touches(graph: Graph, node: int) -> Bools:
    return np.asarray((graph.piece_start == node) | (graph.piece_end == node))


def _middle(graph: Graph, came: Ints) -> Ints:
    """Return (pieces,) the arrivals in the middle of each; a piece that is not driven is walked or crawled along."""
    driven = graph.piece_ms < NEVER_MS
    crawl = np.ceil(graph.piece_m / 2 / OFF_ROAD_M_PER_MS).astype(np.int64)
    half = np.where(driven, (graph.piece_ms + 1) // 2, crawl)
    onward = came[graph.piece_start] + half
    back = np.where(driven & graph.piece_one_way, NEVER_MS, came[graph.piece_end] + half)
    return np.minimum(np.minimum(onward, back), NEVER_MS)


def _came(graph: Graph, unit: UnitNow, rules: Rules) -> Ints | None:
    """Return (nodes,) the unit's drives from where it was seen."""
    ends = _ends(graph, unit.position, unit.heading_deg if moving(unit, rules) else None) if unit.position else []
    if not ends:
        return None
    car = graph.car
    drives, _ = shortest(car.ptr, car.head, car.cost.astype(np.float64), [node for node, _ in ends])
    worst = (drives + np.array([[ms] for _, ms in ends])).max(axis=0)
    return np.where(np.isinf(worst), float(NEVER_MS), worst).astype(np.int64)


def _ends(graph: Graph, position: Position, heading_deg: float | None) -> list[tuple[int, int]]:
    """Return the ends of a unit's piece that it may drive to first, with milliseconds; crossings there count."""
    place = snap(graph, position, heading_deg)
    if place is None:
        return []
    metres, ms = float(graph.piece_m[place.piece]), int(graph.piece_ms[place.piece])
    driven = float(ms) if ms < NEVER_MS else metres / OFF_ROAD_M_PER_MS
    beside = place.off_road_m / OFF_ROAD_M_PER_MS if place.off_road_m > ROAD_WIDTH_M else 0.0
    share = place.along_m / metres
    end, start = int(graph.piece_end[place.piece]), int(graph.piece_start[place.piece])
    onward = (end, ceil(driven * (1.0 - share) + beside) + int(graph.crossing_ms[end]))
    back = (start, ceil(driven * share + beside) + int(graph.crossing_ms[start]))
    if ms < NEVER_MS and graph.piece_one_way[place.piece]:
        return [onward]
    if heading_deg is None:
        return [onward, back]
    return [onward if turn_deg(heading_deg, place.bearing_deg) <= FORWARD_DEG else back]


@dataclass(frozen=True, slots=True)
class _Sides:
    """A flow and the two outermost cuts as small: (nodes,) what lies within."""

    flow: int
    near: Bools
    far: Bools


def _sides(asked: Enclosure, by_ms: int) -> _Sides | None:
    """Return the smallest cuts of roads that can be staffed by then; None: a way out has no such road."""
    from scipy.sparse import coo_array  # noqa: PLC0415  (0.3 s; only who asks pays for it)
    from scipy.sparse.csgraph import breadth_first_order, maximum_flow  # noqa: PLC0415

    star: Star = asked.graph.any_way
    nodes = len(star.ptr) - 1
    capacity = np.where(asked.key_ms <= by_ms, asked.need[star.piece], ENDLESS)
    begin, source, sink = nodes, nodes + 1, nodes + 2
    within, beyond = np.flatnonzero(asked.within), np.flatnonzero(asked.beyond)
    rows = np.concatenate([asked.tail, [begin], np.full(len(within), source), beyond])
    columns = np.concatenate([star.head, [source], within, np.full(len(beyond), sink)])
    values = np.concatenate([capacity, np.full(1 + len(within) + len(beyond), ENDLESS)]).astype(np.int32)
    network = coo_array((values, (rows, columns)), shape=(nodes + 3, nodes + 3)).tocsr()
    network.sum_duplicates()
    answer = maximum_flow(network, begin, sink)
    if answer.flow_value >= ENDLESS:
        return None
    left = (network - answer.flow).tocsr()
    left.data = np.maximum(left.data, 0)
    left.eliminate_zeros()
    near, far = np.zeros(nodes + 3, np.bool_), np.ones(nodes + 3, np.bool_)
    near[breadth_first_order(left, begin, return_predecessors=False)] = True
    far[breadth_first_order(left.T.tocsr(), sink, return_predecessors=False)] = False
    for side in (near, far):
        if int(capacity[_crosses(asked, side)].sum()) != answer.flow_value:
            raise ArithmeticError("the largest flow and the smallest cut differ")
    return _Sides(int(answer.flow_value), near[:nodes], far[:nodes])


def _crosses(asked: Enclosure, side: Bools) -> Bools:
    return np.asarray(side[asked.tail] & ~side[asked.graph.any_way.head])


def _staffed(asked: Enclosure, side: Bools, units: int, least_ms: int) -> Cut:
    """Return the cut with its posts staffed from one pool, at its T*."""
    arcs = np.flatnonzero(_crosses(asked, side))
    pieces = asked.graph.any_way.piece[arcs]
    staffed = asked.staffed_ms[:, pieces]
    in_time = np.where(staffed > asked.latest_ms[arcs], NEVER_MS, staffed)
    held: dict[int, list[int]] = {}
    for i, piece in enumerate(pieces.tolist()):
        held.setdefault(asked.crew.get(piece, -1 - i), []).append(i)
    together = list(held.values())
    names = [PostId(f"{j:05d}") for j in range(len(together))]
    demands = tuple(
        Demand(name, (name,), Ring.TOWN, int(asked.need[pieces[members]].max()), LONGEST_MS - 1, 0)
        for name, members in zip(names, together, strict=True)
    )
    rows = tuple(UnitId(f"{u:05d}") for u in range(len(staffed)))
    drive_ms = np.column_stack([in_time[:, members].max(axis=1) for members in together])
    optimum = solve(Table(rows, demands, (0,) * len(rows), drive_ms)).optimum
    orders: dict[PostId, list[int]] = {name: [] for name in names}
    for order in optimum.plan if optimum else ():
        orders[order.post].append(int(order.unit))
    of_post = {i: orders[name] for name, members in zip(names, together, strict=True) for i in members}
    posts = tuple(_post(asked, int(arc), of_post[i]) for i, arc in enumerate(arcs))
    t_star_ms = optimum.ratio[0] if optimum else None
    return Cut(units, posts, t_star_ms, least_ms, t_star_ms == least_ms)


def _post(asked: Enclosure, arc: int, units: list[int]) -> CutPost:
    graph, piece = asked.graph, int(asked.graph.any_way.piece[arc])
    position, bearing = point_at(graph.piece_shape[piece], graph.plane, 0.5)
    forward = int(graph.piece_start[piece]) == int(asked.tail[arc])
    return CutPost(
        piece=piece,
        road=road_name(graph, piece),
        position=position,
        bearing_deg=bearing if forward else (bearing + 180.0) % 360.0,
        need=int(asked.need[piece]),
        units=tuple(units),
        staffed_ms=max((int(asked.staffed_ms[unit, piece]) for unit in units), default=None),
    )


def _time(cut: Cut) -> int:
    return NEVER_MS if cut.t_star_ms is None else cut.t_star_ms


def _steps(first: int, count: int) -> list[int]:
    """Return the bound and some later times, evenly: another cut as small may be staffed sooner as a whole."""
    return sorted({first, *np.linspace(first, count - 1, TRIES, dtype=int).tolist()})
