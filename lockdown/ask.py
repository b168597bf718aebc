"""Whom to ask by radio when the answer is unknown."""

import numpy as np

from camera_config.ids import UnitId
from lockdown.cheapest import cheapest
from lockdown.seal import in_time
from lockdown.table import Table


def ask_by_radio(sure: Table, best: Table) -> tuple[UnitId, ...]:
    """Return the fewest units whose good answers together would make the plan feasible, in order of id.

    A unit's answer counts where it is in time at best but not surely. Each unit serves one post, so that the fewest
    are those in the assignment that uses such pairs least; empty where even all of them would not do.
    """
    surely, hoped = in_time(sure), in_time(best)
    shape = best.drive_ms.shape
    cost, allowed = np.zeros(shape, np.int64), np.zeros(shape, np.bool_)
    for j, (now, then) in enumerate(zip(surely, hoped, strict=True)):
        for u in range(shape[0]):
            allowed[u, j] = then >> u & 1
            cost[u, j] = 0 if now >> u & 1 else 1
    try:
        plan = cheapest(cost, allowed, [d.need for d in best.demands])
    except ValueError:
        return ()
    return tuple(best.units[u] for u, j in plan.pairs if cost[u, j])
