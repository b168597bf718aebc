"""How long from every node to every post: one reverse shortest-path field a post, proved arc by arc.

scipy's Dijkstra runs on whole milliseconds held in float64, which is exact below 2**53 (285,000 years); it costs what a
compiled one of our own would (facts/lockdown.md 3a) and needs no compiling. Its answer is not believed but proved: with
time[post] = 0, no arc improves any node, and every node that reaches the post has an arc that is tight. As every
arc takes at least 1 ms, tight arcs lead to the post, so the times are attained and least.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from camera_config.county import Post
from camera_config.ids import PostId
from lockdown.graph import Graph, Star
from lockdown.lines import Ints
from lockdown.shortest import shortest
from lockdown.times import NEVER_MS


@dataclass(frozen=True)
class Fields:
    """``ms[i, n]``: milliseconds from node n to ``posts[i]``, ``NEVER_MS`` where the police have no way."""

    posts: tuple[PostId, ...]
    ms: Ints

    @cached_property
    def by_node(self) -> Ints:
        """Return the same as (nodes, posts), so that all times of a node lie side by side."""
        return np.ascontiguousarray(self.ms.T)


def post_fields(graph: Graph, posts: Sequence[Post]) -> Fields:
    """Return the proved fields of the posts, in order of id; a post must have been given to ``build_graph``.

    Raises:
        ValueError: a post that the graph was not cut at.
    """
    ids = tuple(sorted(post.id for post in posts))
    missing = [post for post in ids if post not in graph.post_node]
    if missing:
        raise ValueError(f"posts not in the graph: {', '.join(missing)}; give them to build_graph")
    return Fields(ids, node_fields(graph, [graph.post_node[post] for post in ids]))


def node_fields(graph: Graph, nodes: Sequence[int]) -> Ints:
    """Return (nodes given, nodes of the graph) proved milliseconds to each node given."""
    targets = np.array(nodes, np.int64)
    ms = _to_targets(graph.car, len(graph.lat), targets)
    for i, target in enumerate(targets):
        prove_field(graph.car, ms[i], int(target))
    return ms


def prove_field(car: Star, ms: Ints, target: int) -> None:
    """Check that ``ms`` (nodes,) holds exactly the least times to ``target``.

    Raises:
        ArithmeticError: it does not, and at which node.
    """
    tail = np.repeat(np.arange(len(ms)), np.diff(car.ptr))
    through = np.minimum(ms[car.head] + car.cost.astype(np.int64), NEVER_MS)
    if ms[target] != 0 or (ms < 0).any():
        raise ArithmeticError(f"field of node {target}: its own time is not 0")
    wrong = np.flatnonzero(ms[tail] > through)
    if wrong.size:
        raise ArithmeticError(f"field of node {target}: node {int(tail[wrong[0]])} can be reached sooner")
    best = np.full(len(ms), NEVER_MS, np.int64)
    np.minimum.at(best, tail, through)
    best[target] = 0
    wrong = np.flatnonzero(best != ms)
    if wrong.size:
        raise ArithmeticError(f"field of node {target}: no arc explains the time of node {int(wrong[0])}")


def _to_targets(car: Star, nodes: int, targets: Ints) -> Ints:
    tail = np.repeat(np.arange(nodes), np.diff(car.ptr))
    order = np.argsort(car.head, kind="stable")
    ptr = np.zeros(nodes + 1, np.int64)
    np.cumsum(np.bincount(car.head, minlength=nodes), out=ptr[1:])
    found, _ = shortest(ptr, tail[order], car.cost[order].astype(np.float64), targets)
    return np.where(np.isinf(found), float(NEVER_MS), found).astype(np.int64)
