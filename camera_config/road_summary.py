"""What a county's road net is made of, for people: junctions, kilometres, what hangs together, what was left out."""

from dataclasses import dataclass

import numpy as np

from camera_config.county import ROAD_CLASSES, Position, Post, RoadClass, Roads
from camera_config.ground import Ground
from camera_config.ids import PostId


@dataclass(frozen=True, slots=True)
class RoadSummary:
    """``strong_permille``: of the kilometres, in the largest part in which one drives from anywhere to anywhere.

    ``km`` by class, fastest first, without classes of which there are none. ``cut_off``: posts on roads that are not
    in that part: nobody drives to them from there, or nobody back.
    """

    junctions: int
    roads: int
    km: dict[RoadClass, float]
    private_km: float
    strong_permille: int
    cut_off: tuple[PostId, ...]
    left_out: tuple[tuple[str, int], ...]


def summary_of(roads: Roads, posts: tuple[Post, ...], snap_max_m: float) -> RoadSummary:
    """Return the summary; closures and speeds do not count in it."""
    strong = _strong(roads)
    metres = np.bincount(roads.road_class, weights=roads.length_m, minlength=len(ROAD_CLASSES))
    return RoadSummary(
        junctions=len(roads.node_lat),
        roads=len(roads.length_m),
        km={c: float(m) / 1000 for c, m in zip(ROAD_CLASSES, metres, strict=True) if m > 0},
        private_km=float(roads.length_m[list(roads.private)].sum()) / 1000,
        strong_permille=int(1000 * roads.length_m[strong].sum() / roads.length_m.sum()),
        cut_off=_cut_off(roads, strong, posts, snap_max_m),
        left_out=roads.left_out,
    )


def _strong(roads: Roads) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return (edges,) whether both ends lie in the largest strongly connected part, by length of roads."""
    from scipy.sparse import csr_array  # noqa: PLC0415  (0.3 s; only who asks pays for it)
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    both = ~roads.one_way
    tail = np.concatenate([roads.start, roads.end[both]])
    head = np.concatenate([roads.end, roads.start[both]])
    nodes = len(roads.node_lat)
    arcs = csr_array((np.ones(len(tail)), (tail, head)), shape=(nodes, nodes))
    _, part = connected_components(arcs, directed=True, connection="strong")
    inside = part[roads.start] == part[roads.end]
    size = np.bincount(part[roads.start[inside]], weights=roads.length_m[inside], minlength=1)
    return np.asarray(inside & (part[roads.start] == int(size.argmax())))


def _cut_off(
    roads: Roads, strong: np.ndarray[tuple[int], np.dtype[np.bool_]], posts: tuple[Post, ...], snap_max_m: float
) -> tuple[PostId, ...]:
    ground = Ground(roads, Position(float(np.mean(roads.node_lat)), float(np.mean(roads.node_lon))))
    found = []
    for post in posts:
        near = ground.nearest(post.position.lat, post.position.lon, snap_max_m)
        if near is not None and not strong[near.edge]:
            found.append(post.id)
    return tuple(found)
