"""Whom must we not lose: units, pairs of units and crews of posts without whom a plan that holds holds no more.

After a loss everybody left may be assigned anew. A unit can be spared exactly when its demand reaches a free unit along
an alternating path of the matching without it (Berge 1957); one closure over the demands tells that of all units.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from camera_config.ids import PostId, UnitId
from lockdown.matching import Matching, bits
from lockdown.seal import Assigned, in_time
from lockdown.table import Table


@dataclass(frozen=True, slots=True)
class Losses:
    """What the plan cannot lose, all in order of id.

    ``single``: units whose loss alone makes it impossible (N−1). ``double``: pairs, neither of them in ``single``,
    whose loss together does (N−2). ``posts``: demands where the loss of the whole crew that the plan sends does.
    """

    single: tuple[UnitId, ...]
    double: tuple[tuple[UnitId, UnitId], ...]
    posts: tuple[PostId, ...]


NOTHING = Losses((), (), ())


def losses(table: Table, plan: Sequence[Assigned], *, pairs: bool = True) -> Losses:
    """Return what cannot be lost of a feasible table; nothing where it is infeasible (nothing is left to lose).

    Args:
        table: those who count, and when.
        plan: all of ``table``'s demands in time, or empty where that is impossible.
        pairs: without them, ``double`` stays empty.
    """
    if not plan:
        return NOTHING
    masks, base = in_time(table), _matching(table, plan)
    if len(base.holder) < table.need or any(not masks[j] >> u & 1 for u, j in base.holder.items()):
        return NOTHING
    single = _vital(base)
    double: list[tuple[int, int]] = []
    if pairs:
        for u in sorted(base.holder.keys() - single):
            rest = without(base, [u])
            double.extend((min(u, v), max(u, v)) for v in _vital(rest) - single)
    posts = [d.id for j, d in enumerate(table.demands) if _all_lost(base, j)]
    name = table.units
    return Losses(
        single=tuple(name[u] for u in sorted(single)),
        double=tuple((name[u], name[v]) for u, v in sorted(set(double))),
        posts=tuple(posts),
    )


def without(matching: Matching, units: Sequence[int]) -> Matching:
    """Return a largest matching of the others, grown from ``matching``, which must be a largest one."""
    gone = 0
    for u in units:
        gone |= 1 << u
    left = [mask & ~gone for mask in matching.masks]
    holder = {u: j for u, j in matching.holder.items() if not gone >> u & 1}
    rest = Matching(left, holder, matching.free & ~gone)
    for u in units:
        if u in matching.holder:
            rest.give(matching.holder[u])
    return rest


def _matching(table: Table, plan: Sequence[Assigned]) -> Matching:
    row = {unit: u for u, unit in enumerate(table.units)}
    column = {d.id: j for j, d in enumerate(table.demands)}
    matching = Matching.empty(in_time(table))
    for order in plan:
        matching.holder[row[order.unit]] = column[order.post]
        matching.free &= ~(1 << row[order.unit])
    return matching


def _vital(matching: Matching) -> set[int]:
    """Return the units that hold a demand from which no alternating path leads to a free unit."""
    held = [0] * len(matching.masks)
    for u, j in matching.holder.items():
        held[j] |= 1 << u
    spare, tight = matching.free, set(range(len(held)))
    while True:
        eased = [j for j in tight if matching.masks[j] & spare]
        if not eased:
            break
        tight.difference_update(eased)
        for j in eased:
            spare |= held[j]
    return {u for j in tight for u in bits(held[j])}


def _all_lost(base: Matching, demand: int) -> bool:
    crew = [u for u, j in base.holder.items() if j == demand]
    return len(without(base, crew).holder) < len(base.holder)
