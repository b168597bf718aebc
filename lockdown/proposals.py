"""A post for every leak, which closes it: on the road that leaves the ring, as near to the outline as one can tell it.

Every leak is a road piece of its own between a junction inside and one outside, and he may be at any junction inside;
so one post a leak is also the fewest for this outline. Fewer may do where the outline may be moved: ``lockdown.cut``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from camera_config.county import Blocks, Position, Post, RingArea, Roads
from camera_config.ids import PostId
from lockdown.graph import ALIGNED_DEG, Graph
from lockdown.leaks import Leak, line_of
from lockdown.lines import distance_m, point_at, turn_deg

STEPS = 64
"""Places tried along the road that leaves."""

CLEAR_M = 1.0
"""Every other road is at least so much farther from the post than its own; map files are no more exact."""

END_M = 5.0
"""A post stands at least this far from a junction, or in the middle of a shorter road."""

SETUP_S = 300
"""Nothing is prepared at a place where no post has been: a mobile road block (PLANNER.md 1, "staffed")."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would close a leak: ``post``, or that ``widen`` also stops those who leave.

    ``post`` is None where roads lie on one another, so that nobody can say on which of them it would stand. ``widen``
    is a post of the ring that stands on this road already but stops only those who come in.
    """

    leak: Leak
    post: Post | None
    widen: PostId | None


def propose(
    graph: Graph, roads: Roads, area: RingArea, posts: Sequence[Post], leaks: Sequence[Leak]
) -> tuple[Proposal, ...]:
    """Return one proposal for each leak of the ring; with all their posts added the ring is closed.

    Args:
        graph: on which the leaks were found.
        roads: of the same county.
        area: the leaks' ring.
        posts: all that there are; a new one asks what those of its ring on such roads ask at most.
        leaks: from ``find_leaks``.
    """
    taken = {post.id for post in posts}
    free = (
        name for n in range(1, len(leaks) + len(posts) + 1) if (name := PostId(f"new-{area.ring}-{n}")) not in taken
    )
    return tuple(
        Proposal(leak, _post(graph, roads, area, posts, leak, name), _widen(graph, posts, leak))
        for leak, name in zip(leaks, free, strict=False)
    )


def _post(graph: Graph, roads: Roads, area: RingArea, posts: Sequence[Post], leak: Leak, name: PostId) -> Post | None:
    arcs = leak.way[-leak.crossing :]
    road = int(graph.piece_road[graph.any_way.piece[arcs[0]]])
    line = line_of(graph, arcs)
    metres = float(sum(graph.piece_m[graph.any_way.piece[arc]] for arc in arcs))
    end = min(END_M / metres, 0.5)
    tried = [point_at(line, graph.plane, share) for share in np.linspace(end, 1.0 - end, STEPS + 1)]
    tried.sort(key=lambda place: distance_m(place[0], leak.post_at))
    for exact, bearing in tried:
        position = Position(round(exact.lat, 7), round(exact.lon, 7))
        blocks = _blocks(graph, roads, road, position, bearing)
        if blocks is not None:
            alike = _alike(graph, roads, road, posts, area)
            return Post(
                id=name,
                name=f"{leak.road or '无名路'}补卡",
                ring=area.ring,
                position=position,
                bearing_deg=round(bearing, 1) % 360.0,
                blocks=blocks,
                road=leak.road or "无名路",
                deadline_s=area.deadline_s,
                need_units=max((post.need_units for post in alike), default=1),
                crew_min=max((post.crew_min for post in posts), default=2),
                equipment=(),
                setup_s=SETUP_S,
                group=None,
                one_crew=False,
                checkpoint=None,
            )
    return None


def _blocks(graph: Graph, roads: Roads, road: int, position: Position, bearing_deg: float) -> Blocks | None:
    """Return what a post here must block to stop who leaves; None: it would not clearly stand on this road."""
    near = graph.index.near(position, 3 * CLEAR_M)
    own = [n for n in near if int(graph.piece_road[n.line]) == road]
    others = [n for n in near if int(graph.piece_road[n.line]) != road]
    if not own or (others and others[0].away_m < own[0].away_m + CLEAR_M):
        return None
    along = turn_deg(own[0].bearing_deg, bearing_deg)
    if min(along, 180.0 - along) > ALIGNED_DEG / 2:
        return None
    # On a carriageway that leads inwards a post must say "both": "out" would not fit it.
    return Blocks.BOTH if roads.one_way[road] and along > ALIGNED_DEG else Blocks.OUT


def _alike(graph: Graph, roads: Roads, road: int, posts: Sequence[Post], area: RingArea) -> list[Post]:
    """Return the ring's posts on roads of this road's class."""
    made = []
    for post in posts:
        piece = np.flatnonzero(
            (graph.piece_start == graph.post_node[post.id]) | (graph.piece_end == graph.post_node[post.id])
        )
        if post.ring is area.ring and roads.road_class[graph.piece_road[piece[0]]] == roads.road_class[road]:
            made.append(post)
    return made


def _widen(graph: Graph, posts: Sequence[Post], leak: Leak) -> PostId | None:
    crossed = set(graph.any_way.head[list(leak.way[-leak.crossing :])].tolist())
    stands = [p for p in posts if p.ring is leak.ring and p.blocks is Blocks.IN and graph.post_node[p.id] in crossed]
    return stands[0].id if stands else None
