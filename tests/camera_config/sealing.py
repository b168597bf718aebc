"""A plain check of the example county: can its units man both rings in time? Written apart from the planner.

Drives are shortest paths over directed roads at the rules' speeds; matching is scipy's Hopcroft-Karp over posts
repeated by need. A group that one crew can hold is one post: the crew must reach every place of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra, maximum_bipartite_matching

from camera_config.county import ROAD_CLASSES, County, Position, Post, Ring, Unit, Weather
from camera_config.ground import Ground, haversine_m


@dataclass(frozen=True)
class Table:
    """``drive_s`` (units, demands) seconds, ``budget_s`` (units, demands) seconds left for driving."""

    units: tuple[Unit, ...]
    posts: tuple[tuple[Post, ...], ...]
    need: NDArray[np.int64]
    drive_s: NDArray[np.float64]
    budget_s: NDArray[np.float64]

    def slack(self, kept: Sequence[int] | None = None, rings: Sequence[Ring] = tuple(Ring)) -> float:
        """Return the largest factor on driving time with which every post can be manned; 0 if none can."""
        rows = list(range(len(self.units))) if kept is None else list(kept)
        columns = [j for j, group in enumerate(self.posts) if group[0].ring in rings for _ in range(self.need[j])]
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = np.where(self.budget_s >= 0, self.budget_s / np.maximum(self.drive_s, 1e-6), 0.0)
        factor = factor[np.ix_(rows, columns)]
        steps = np.unique(factor[(factor > 0) & (factor < 50)])
        low, high = -1, len(steps) - 1
        while low < high:
            middle = (low + high + 1) // 2
            matched = maximum_bipartite_matching(csr_array(factor >= steps[middle]), perm_type="row")
            low, high = (middle, high) if (matched >= 0).all() else (low, middle - 1)
        return float(steps[low]) if low >= 0 else 0.0


def table(county: County, places: Sequence[Position] | None = None, *, groups: bool = True) -> Table:
    """Return drives and budgets of all units from ``places`` (their homes) to all posts in dry weather."""
    roads, rules = county.roads, county.rules
    ground = Ground(roads, county.centre)
    speed = np.array([rules.speed_kmh[Weather.DRY][kind] for kind in ROAD_CLASSES]) / 3.6
    tails, heads, seconds = [], [], []
    on_edge: dict[int, list[tuple[float, int]]] = {}
    nodes = len(roads.node_lat)
    homes = [unit.home for unit in county.units] if places is None else list(places)
    for place in (*homes, *(post.position for post in county.posts)):
        found = ground.nearest(place.lat, place.lon)
        assert found is not None
        shape = roads.shape[found.edge]
        legs = haversine_m(shape[:-1, 0], shape[:-1, 1], shape[1:, 0], shape[1:, 1])
        to_vertex = haversine_m(
            shape[:, 0], shape[:, 1], np.full(len(shape), place.lat), np.full(len(shape), place.lon)
        )
        along = float(np.concatenate([[0.0], np.cumsum(legs)])[int(np.argmin(to_vertex))])
        on_edge.setdefault(found.edge, []).append((along, nodes))
        nodes += 1
    for edge in range(len(roads.start)):
        stops = [
            (0.0, int(roads.start[edge])),
            *sorted(on_edge.get(edge, [])),
            (roads.length_m[edge], int(roads.end[edge])),
        ]
        for (a, tail), (b, head) in pairwise(stops):
            cost = max(b - a, 0.01) / speed[roads.road_class[edge]]
            tails.append(tail), heads.append(head), seconds.append(cost)
            if not roads.one_way[edge]:
                tails.append(head), heads.append(tail), seconds.append(cost)
    # Parallel roads: the quickest counts (csr would add them up).
    order = np.lexsort((seconds, heads, tails))
    t, h, s = np.array(tails)[order], np.array(heads)[order], np.array(seconds)[order]
    first = np.concatenate([[True], (t[1:] != t[:-1]) | (h[1:] != h[:-1])])
    graph = csr_array((s[first], (t[first], h[first])), shape=(nodes, nodes))
    base = len(roads.node_lat)
    drive = dijkstra(graph, indices=np.arange(base, base + len(homes)))[:, base + len(homes) :]
    joined: dict[str, list[int]] = {}
    for index, post in enumerate(county.posts):
        joined.setdefault(post.group if groups and post.group and post.one_crew else post.id, []).append(index)
    members = list(joined.values())
    drives = np.stack([drive[:, group].max(axis=1) for group in members], axis=1)
    budget = np.zeros_like(drives)
    for column, group in enumerate(members):
        post = county.posts[group[0]]
        for row, unit in enumerate(county.units):
            able = unit.crew >= post.crew_min and set(post.equipment) <= set(unit.equipment)
            spent = rules.dispatch_delay_s[unit.status] + post.setup_s
            budget[row, column] = post.deadline_s - spent if able else -1.0
    posts = tuple(tuple(county.posts[i] for i in group) for group in members)
    return Table(county.units, posts, np.array([g[0].need_units for g in posts]), drives, budget)
