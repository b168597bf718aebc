"""T* by threshold and matching, as one would build it from known parts: OR-Tools' flow, scipy's Hopcroft–Karp.

All search the same sorted arrivals by halves, from the same lower bound. A table is (units, posts) of staffed times
over one deadline, ``NEVER`` where there is none; ``need`` (posts,) how many units each post wants.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from lockdown.lines import Ints

try:
    from ortools.graph.python import max_flow, min_cost_flow
except ImportError:
    max_flow = min_cost_flow = None

NEVER = np.int64(1 << 60)
Served = Callable[[NDArray[np.bool_], Ints], int]


def has_ortools() -> bool:
    """Tell whether OR-Tools is installed (the group ``bench``)."""
    return max_flow is not None


def served_by_flow(fits: NDArray[np.bool_], need: Ints) -> int:
    """Return how many needs a maximum flow serves (OR-Tools' SimpleMaxFlow)."""
    units, posts = fits.shape
    u, p = np.nonzero(fits)
    flow = max_flow.SimpleMaxFlow()
    source, sink = units + posts, units + posts + 1
    tail = np.concatenate([np.full(units, source), u, units + np.arange(posts)])
    head = np.concatenate([np.arange(units), units + p, np.full(posts, sink)])
    capacity = np.concatenate([np.ones(units, np.int64), np.ones(len(u), np.int64), need])
    flow.add_arcs_with_capacity(tail, head, capacity)
    flow.solve(source, sink)
    return int(flow.optimal_flow())


def served_by_matching(fits: NDArray[np.bool_], need: Ints) -> int:
    """Return how many needs a maximum matching serves, each post as often as it wants (scipy's Hopcroft–Karp)."""
    slots = np.repeat(fits, need, axis=1)
    found = maximum_bipartite_matching(csr_array(slots.astype(np.uint8)), perm_type="column")
    return int((found >= 0).sum())


def least_time(staffed: Ints, need: Ints, served: Served) -> int | None:
    """Return the least time at which all needs are served; None where there is none."""
    ranked = np.sort(staffed, axis=0)
    if (need > len(staffed)).any():
        return None
    bound = int(ranked[need - 1, np.arange(len(need))].max())
    if bound >= NEVER:
        return None
    values = np.unique(staffed)
    values = values[(values >= bound) & (values < NEVER)]
    total = int(need.sum())
    low, high = 0, len(values) - 1
    if served(staffed <= values[high], need) < total:
        return None
    first = True
    while low < high:
        middle = low if first else (low + high) // 2  # mostly it is the bound itself
        first = False
        if served(staffed <= values[middle], need) == total:
            high = middle
        else:
            low = middle + 1
    return int(values[low])


def least_drive(drive: Ints, fits: NDArray[np.bool_], need: Ints) -> int | None:
    """Return the least total drive that serves all needs (OR-Tools' SimpleMinCostFlow); None where none does."""
    units, posts = fits.shape
    u, p = np.nonzero(fits)
    flow: Any = min_cost_flow.SimpleMinCostFlow()
    source, sink = units + posts, units + posts + 1
    tail = np.concatenate([np.full(units, source), u, units + np.arange(posts)])
    head = np.concatenate([np.arange(units), units + p, np.full(posts, sink)])
    capacity = np.concatenate([np.ones(units, np.int64), np.ones(len(u), np.int64), need])
    cost = np.concatenate([np.zeros(units, np.int64), drive[u, p], np.zeros(posts, np.int64)])
    flow.add_arcs_with_capacity_and_unit_cost(tail, head, capacity, cost)
    total = int(need.sum())
    flow.set_node_supply(source, total)
    flow.set_node_supply(sink, -total)
    if flow.solve() != flow.OPTIMAL:
        return None
    return int(flow.optimal_cost())
