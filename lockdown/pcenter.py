"""Where to put p standby points so that the worst-served place is served soonest: the vertex p-center, proved.

Binary search over the distances that occur; each asks whether p candidates cover every place within a radius. That
cover is made small by dominance, bounded by its linear relaxation, and decided by HiGHS, which is far quicker than one
programme with all distances. The radius below the answer is proved to need more than p.
"""

from dataclasses import dataclass
from math import ceil

import numpy as np

from lockdown.graph import Bools
from lockdown.lines import Ints

SURE = 1e-6
"""A relaxed cover that asks this much more than p is believed to ask more."""


@dataclass(frozen=True, slots=True)
class Centers:
    """``radius`` with these ``points`` (columns, rising); no p points have a radius below ``bound``.

    ``proved``: both are equal.
    """

    radius: int
    points: tuple[int, ...]
    bound: int
    proved: bool
    covers: int


def p_center(distance: Ints, p: int, limit_s: float = 60.0) -> Centers:
    """Return p points of which every place has one within the least radius.

    Args:
        distance: (places, candidates) whole numbers, from candidate to place.
        p: how many points.
        limit_s: for each cover; one that is not decided by then leaves the answer not proved.

    Raises:
        ValueError: distances that are not whole, or no place or point.
    """
    if distance.dtype != np.int64 or distance.ndim != 2 or min(distance.shape, default=0) < 1 or p < 1:
        raise ValueError("distance: want (places, candidates) in int64, at least one of each, and p from 1")
    points = _greedy(distance, p)
    radius = _radius(distance, points)
    # Every place needs its own nearest candidate.
    values = np.unique(distance[(distance <= radius) & (distance >= distance.min(axis=1).max())])
    low, high, bound, covers = 0, len(values) - 1, 0, 0
    while low < high:
        middle = (low + high) // 2
        found, decided = _cover(distance <= values[middle], p, limit_s)
        covers += 1
        if found is not None:
            points = found
            high = int(np.searchsorted(values, _radius(distance, points)))
            continue
        low = middle + 1
        if decided:
            bound = low
    radius = _radius(distance, points)
    return Centers(radius, tuple(sorted(points)), int(values[bound]), radius == int(values[bound]), covers)


def _radius(distance: Ints, points: list[int]) -> int:
    return int(distance[:, points].min(axis=1).max())


def _greedy(distance: Ints, p: int) -> list[int]:
    """Return p points: the best one, then each time the candidate nearest to the place that is served worst."""
    points = [int(distance.max(axis=0).argmin())]
    served = distance[:, points[0]]
    while len(points) < min(p, distance.shape[1]):
        near = distance[int(served.argmax())].copy()
        near[points] = np.iinfo(np.int64).max
        points.append(int(near.argmin()))
        served = np.minimum(served, distance[:, points[-1]])
    return points


def _cover(covers: Bools, p: int, limit_s: float) -> tuple[list[int] | None, bool]:
    """Return at most p columns that cover all rows, or None; and whether None is proved."""
    from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415  (0.5 s; only who plans pays for it)
    from scipy.sparse import csr_array  # noqa: PLC0415

    rows, columns = _reduced(covers)
    if not len(columns):
        return None, True
    matrix = csr_array(covers[np.ix_(rows, columns)].astype(np.float64))
    limits, ones = LinearConstraint(matrix, 1.0, np.inf), np.ones(len(columns), np.int64)
    relaxed = milp(ones, constraints=limits, bounds=Bounds(0.0, 1.0))
    if relaxed.status == 0 and ceil(relaxed.fun - SURE) > p:
        return None, True
    answer = milp(ones, constraints=limits, bounds=Bounds(0.0, 1.0), integrality=ones, options={"time_limit": limit_s})
    if answer.x is not None and (chosen := np.flatnonzero(answer.x > 0.5)).size <= p:
        points = [int(columns[c]) for c in chosen]
        if covers[:, points].any(axis=1).all():
            return points, True
    bound = answer.mip_dual_bound
    return None, bound is not None and ceil(bound - SURE) > p


def _reduced(covers: Bools) -> tuple[Ints, Ints]:
    """Return the rows and columns that count: not a row that asks less than another, nor a column that gives less."""
    rows, columns = np.arange(covers.shape[0]), np.arange(covers.shape[1])
    while True:
        inner, outer = _subsets(covers[np.ix_(rows, columns)])
        kept = np.delete(rows, outer)
        inner, outer = _subsets(covers[np.ix_(kept, columns)].T[::-1])
        given = np.delete(columns, len(columns) - 1 - inner)
        if len(kept) == len(rows) and len(given) == len(columns):
            return rows, columns
        rows, columns = kept, given


def _subsets(sets: Bools) -> tuple[Ints, Ints]:
    """Return pairs of rows, the first contained in the second; of equal rows the earlier is the first."""
    from scipy.sparse import csr_array  # noqa: PLC0415

    matrix = csr_array(sets.astype(np.int32))
    size = sets.sum(axis=1)
    common = (matrix @ matrix.T).tocoo()
    inner, outer = common.row, common.col
    within = (common.data == size[inner]) & ((size[inner] < size[outer]) | (inner < outer))
    return inner[within].astype(np.int64), outer[within].astype(np.int64)
