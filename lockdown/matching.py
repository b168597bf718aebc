"""Who can serve whom: maximum matching of units to demands by augmenting paths (Berge 1957), on bit masks.

A mask is a Python int with bit u set for unit u, so there is no limit of 64. Every answer "no" comes with the set of
demands that proves it (Hall 1935): together they need more units than can serve any of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """Demands that together need more units than the mask ``units`` holds; ``units`` can serve at least one of them."""

    demands: tuple[int, ...]
    units: int


def bits(mask: int) -> list[int]:
    """Return the positions of the set bits, rising."""
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found


@dataclass(slots=True)
class Matching:
    """A matching that is made to grow. ``holder[u]`` is the demand that unit u serves; the other units are ``free``."""

    masks: Sequence[int]
    holder: dict[int, int]
    free: int

    @classmethod
    def empty(cls, masks: Sequence[int]) -> "Matching":
        """Return a matching of nobody; ``masks[j]`` are the units that can serve demand j."""
        everyone = 0
        for mask in masks:
            everyone |= mask
        return cls(masks, {}, everyone)

    def give(self, demand: int) -> Violation | None:
        """Give ``demand`` one more unit, moving others if need be; on None it has it, else nothing changed.

        The violation's demands are all that an augmenting search from ``demand`` reaches: each holds its units, all of
        them in ``units``, and ``demand`` asks one more, provided every demand holds no more than it needs.
        """
        seen = 0
        came_from: dict[int, int] = {}
        by = {demand: -1}
        queue = [demand]
        for j in queue:
            new = self.masks[j] & ~seen
            spare = new & self.free
            if spare:
                unit, taker = (spare & -spare).bit_length() - 1, j
                self.free &= ~(1 << unit)
                while taker != demand:
                    self.holder[unit] = taker
                    unit = by[taker]
                    taker = came_from[unit]
                self.holder[unit] = demand
                return None
            seen |= new
            for unit in bits(new):
                came_from[unit] = j
                other = self.holder[unit]
                if other not in by:
                    by[other] = unit
                    queue.append(other)
        return Violation(tuple(sorted(queue)), seen)


def satisfy(masks: Sequence[int], needs: Sequence[int]) -> Matching | Violation:
    """Return a matching that gives every demand its need, or demands that prove that there is none."""
    matching = Matching.empty(masks)
    for demand, need in enumerate(needs):
        for _ in range(need):
            violation = matching.give(demand)
            if violation:
                return violation
    return matching


def largest(masks: Sequence[int], needs: Sequence[int]) -> tuple[Matching, Violation | None]:
    """Return a maximum matching and, when it leaves ``d`` needs open, demands that ask exactly d more than there are.

    The demands are those reached from any open need (König 1931): no unit among theirs is free, and each of their
    units serves one of them.
    """
    matching = Matching.empty(masks)
    open_ = [j for j, need in enumerate(needs) for _ in range(need) if matching.give(j) is not None]
    if not open_:
        return matching, None
    # A search that failed once fails for ever (Berge), but what it reaches may grow: search again at the end.
    reached: set[int] = set()
    units = 0
    for demand in sorted(set(open_)):
        violation = matching.give(demand)
        if violation is None:
            raise ArithmeticError("a demand that no augmenting path served has found one")
        reached.update(violation.demands)
        units |= violation.units
    return matching, Violation(tuple(sorted(reached)), units)


def minimal(masks: Sequence[int], needs: Sequence[int], violation: Violation) -> Violation:
    """Return an inclusion-minimal violating set within ``violation``: without any one of it, the rest can be served."""
    kept = list(violation.demands)
    tried: set[int] = set()
    while True:
        j = next((j for j in kept if j not in tried), None)
        if j is None:
            break
        tried.add(j)
        rest = [i for i in kept if i != j]
        answer = satisfy([masks[i] for i in rest], [needs[i] for i in rest])
        if isinstance(answer, Violation):
            kept = [rest[i] for i in answer.demands]
    units = 0
    for j in kept:
        units |= masks[j]
    return Violation(tuple(kept), units)


def first_enough(count: int, enough: Callable[[int], bool]) -> int:
    """Return the least i in 0..count with ``enough(i)``, which must be rising and true at ``count``."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if enough(middle):
            high = middle
        else:
            low = middle + 1
    return low
