"""The least total driving among plans that are in time, and the dual prices that prove it.

scipy's assignment (Jonker–Volgenant) on whole milliseconds in float64, exact below 2**53. Among plans of equal total,
the one in which the lowest unit id serves, and serves the lowest post id, then the next unit, and so on.
"""

from dataclasses import dataclass

import numpy as np

from lockdown.lines import Floats, Ints
from lockdown.times import NEVER_MS

FORBIDDEN = float(1 << 44)
"""Cost of a pair that may not be used: 557 years; 500 of them still add up exactly."""

BONUS = 2.0**-12
"""Less than a millisecond over all units together (4,096 of them), and exact in sums below 2**40 ms."""


@dataclass(frozen=True, slots=True)
class Cheapest:
    """``pairs`` of (unit, demand) by rising unit; ``price_demand[j] + price_unit[u] <= drive``, with equality on pairs.

    Unit prices are at most 0, and 0 for units that stay: total = sum(need * price_demand) + sum(price_unit) is least.
    """

    pairs: tuple[tuple[int, int], ...]
    total_ms: int
    price_demand: tuple[int, ...]
    price_unit: tuple[int, ...]


def cheapest(drive_ms: Ints, allowed: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], needs: list[int]) -> Cheapest:
    """Return the least-driving plan that gives every demand its need by allowed pairs only; there must be one.

    Args:
        drive_ms: (units, demands) whole milliseconds.
        allowed: (units, demands) pairs that may be used.
        needs: units each demand asks.

    Raises:
        ValueError: no plan uses allowed pairs only.
    """
    slot_of = np.repeat(np.arange(len(needs)), needs)
    cost = np.where(allowed & (drive_ms < NEVER_MS), drive_ms, FORBIDDEN).astype(np.float64)[:, slot_of].T
    serves, total = _solve(cost)
    if total >= FORBIDDEN:
        raise ValueError("no plan uses allowed pairs only")
    slot_price, unit_price = _prices(cost, serves)
    serves = _lowest_ids(cost, slot_of, serves, total, (slot_price, unit_price))
    pairs = tuple(sorted((int(u), int(slot_of[s])) for s, u in enumerate(serves)))
    first_slot = np.searchsorted(slot_of, np.arange(len(needs)))
    price_demand = tuple(int(slot_price[s]) for s in first_slot)
    return Cheapest(pairs, int(total), price_demand, tuple(int(p) for p in unit_price))


def _solve(cost: Floats) -> tuple[Ints, float]:
    """Return the unit of every slot and the total, for (slots, units) costs."""
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415  (0.5 s; only who plans pays for it)

    rows, columns = linear_sum_assignment(cost)
    serves = np.empty(len(cost), np.int64)
    serves[rows] = columns
    return serves, float(cost[rows, columns].sum())


def _prices(cost: Floats, serves: Ints) -> tuple[Floats, Floats]:
    """Return prices of slots and units that prove the assignment least, by Bellman–Ford on its residual graph."""
    slots = np.arange(len(cost))
    unit_price = np.zeros(cost.shape[1])
    while True:
        slot_price = cost[slots, serves] - unit_price[serves]
        lower = np.minimum(unit_price, (cost - slot_price[:, None]).min(axis=0, initial=0.0))
        if (lower == unit_price).all():
            return slot_price, unit_price
        unit_price = lower


def _lowest_ids(cost: Floats, slot_of: Ints, serves: Ints, total: float, prices: tuple[Floats, Floats]) -> Ints:
    """Return the plan of the same total that is first when units, in order, choose the lowest demand, staying last.

    Only pairs whose price is tight can be part of a plan of the same total, so few are tried. A unit that was given its
    demand gets ``BONUS`` there, so that it keeps it.
    """
    slot_price, unit_price = prices
    exact = np.where(cost - slot_price[:, None] - unit_price[None, :] == 0, cost, FORBIDDEN)
    cost = exact.copy()
    slots, fixed = np.arange(len(cost)), 0
    for unit in range(cost.shape[1]):
        has = np.flatnonzero(serves == unit)
        current = int(slot_of[has[0]]) if has.size else len(slot_of)
        for demand in sorted({int(j) for j in slot_of[cost[:, unit] < FORBIDDEN]}):
            if demand >= current:
                break
            forced = cost.copy()
            forced[slot_of != demand, unit] = FORBIDDEN
            forced[slot_of == demand, unit] -= BONUS
            other, gained = _solve(forced)
            if exact[slots, other].sum() == total and gained == total - BONUS * (fixed + 1):
                serves, current = other, demand
                break
        cost[slot_of != current, unit] = FORBIDDEN
        if current < len(slot_of):
            cost[slot_of == current, unit] -= BONUS
            fixed += 1
    return serves
