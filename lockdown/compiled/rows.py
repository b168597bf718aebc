"""All that follows from one position, in two calls: the unit's times at every demand, and the answer of every view."""

import numpy as np

from lockdown.compiled.bottleneck import LONGEST, NEVER, enter, least
from lockdown.compiled.drives import best_row, snap_to, worst_row
from lockdown.compiled.jit import jit
from lockdown.compiled.land import LAND, LINES
from lockdown.graph import Bools, Land
from lockdown.lines import Ints, Lines
from lockdown.times import NEVER_MS


@jit("int", "i", "i", "i", "b", "i", "int", "int")
def _staffed(drive_ms: Ints, rows: Ints, ends: Ints, allowed: Bools, setup_ms: Ints, delay_ms: int, demand: int) -> int:
    """Return when the unit has staffed a demand whose posts are ``rows[ends[demand]:ends[demand + 1]]``."""
    if not allowed[demand]:
        return NEVER
    longest = 0
    for k in range(ends[demand], ends[demand + 1]):
        longest = max(longest, drive_ms[rows[k]])
    staffed = longest + delay_ms + setup_ms[demand]
    return NEVER if longest >= NEVER_MS or staffed > LONGEST else staffed


@jit(
    "none", LAND, LINES, "ii", "i", "i", "i", "b", "int", "float", "float", "float", "float", "float", "int", "int",
    "bool", "bool", "ii", "ii", "i", "ii", "ii", "i", "ii",
)  # fmt: skip
def row(
    land: Land,
    lines: Lines,
    by_node: Ints,
    rows: Ints,
    ends: Ints,
    setup_ms: Ints,
    allowed: Bools,
    unit: int,
    x: float,
    y: float,
    heading_deg: float,
    moved_m: float,
    reach_m: float,
    sure_delay_ms: int,
    best_delay_ms: int,
    placed: bool,
    sure: bool,
    sure_num: Ints,
    sure_order: Ints,
    sure_size: Ints,
    best_num: Ints,
    best_order: Ints,
    best_size: Ints,
    den: Ints,
) -> None:
    """Enter a unit's staffed times into the sure and the best table.

    ``rows`` and ``ends`` tell which posts each demand has, ``allowed`` (demands,) where the unit may serve;
    ``heading_deg`` is NaN where it is not known; without ``placed`` it may be anywhere, without ``sure`` it does not
    count for sure.
    """
    demands = len(setup_ms)
    piece, along_m, off_m, bearing = -1, 0.0, 0.0, 0.0
    if placed:
        piece, along_m, off_m, bearing = snap_to(land, lines, x, y, heading_deg)
    drive = best_row(land, by_node, piece, along_m, reach_m) if piece >= 0 else np.zeros(by_node.shape[1], np.int64)
    for d in range(demands):
        best_num[unit, d] = _staffed(drive, rows, ends, allowed, setup_ms, best_delay_ms, d)
    enter(best_num, den, best_order, best_size, unit)
    if sure and piece >= 0:
        drive = worst_row(land, by_node, piece, along_m, off_m, bearing, heading_deg, moved_m)
        for d in range(demands):
            sure_num[unit, d] = _staffed(drive, rows, ends, allowed, setup_ms, sure_delay_ms, d)
    else:
        for d in range(demands):
            sure_num[unit, d] = NEVER
    enter(sure_num, den, sure_order, sure_size, unit)


@jit("none", "i", "i", "i", "ii", "ii", "i", "ii", "ii", "i", "ii", "ii", "ii", "ii", "bb")
def answer(
    begins: Ints,
    demands: Ints,
    need: Ints,
    sure_num: Ints,
    sure_order: Ints,
    sure_size: Ints,
    best_num: Ints,
    best_order: Ints,
    best_size: Ints,
    den: Ints,
    sure_holder: Ints,
    best_holder: Ints,
    found: Ints,
    below: Bools,
) -> None:
    """Search the sure table for every view, and the best one where the sure one is not in time.

    View v asks for ``demands[begins[v]:begins[v + 1]]``. ``found[v]`` (views, 5) is left as numerator, denominator and
    demand of the sure threshold, numerator and denominator of the best one (0, 0 where it was not asked); ``below[v]``
    as the demands that prove the sure one, or where even the best one is late, that.
    """
    for v in range(len(begins) - 1):
        asked = demands[begins[v] : begins[v + 1]]
        top, bottom, last = least(asked, need, sure_num, den, sure_order, sure_size, sure_holder[v], below[v])
        found[v, 0], found[v, 1], found[v, 2], found[v, 3], found[v, 4] = top, bottom, last, 0, 0
        if len(asked) == 0 or 0 <= top <= bottom:
            continue
        proof = below[v].copy()
        up, down, _ = least(asked, need, best_num, den, best_order, best_size, best_holder[v], below[v])
        found[v, 3], found[v, 4] = up, down
        if 0 <= up <= down:
            for d in range(len(proof)):
                below[v, d] = proof[d]
