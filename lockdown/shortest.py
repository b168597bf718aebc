"""Shortest ways over a graph given by its outgoing arcs: scipy's Dijkstra behind one door.

Parallel arcs are fine: built from its parts, scipy's ``csr_array`` leaves them as they are. Whole numbers held in
float64 stay exact below 2**53.
"""

import numpy as np

from lockdown.lines import Floats, Ints


def shortest(
    ptr: Ints, head: Ints, cost: Floats, sources: Ints | list[int], limit: float = np.inf
) -> tuple[Floats, Ints]:
    """Return (sources, nodes) least cost, inf beyond ``limit``, and the node before (negative: none)."""
    from scipy.sparse import csr_array  # noqa: PLC0415  (0.3 s; only who plans pays for it)
    from scipy.sparse.csgraph import dijkstra  # noqa: PLC0415

    nodes = len(ptr) - 1
    if len(sources) == 0:
        return np.empty((0, nodes)), np.empty((0, nodes), np.int64)
    arcs: csr_array[np.float64] = csr_array((cost, head, ptr), shape=(nodes, nodes))
    found, before = dijkstra(arcs, indices=np.asarray(sources), limit=limit, return_predecessors=True)
    return found, before.astype(np.int64)
