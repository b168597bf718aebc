"""Are a certificate's claims true? Decided by brute force over all plans, for small tables only."""

from fractions import Fraction
from typing import Any

import numpy as np

from camera_config.county import Ring
from camera_config.ids import PostId, UnitId
from lockdown.seal import SLACK_CAP
from lockdown.table import Demand, Table
from lockdown.times import NEVER_MS
from tests.support.tables import full_plans, most_served, ratio_of, slack_of, violating_sets


def claims_are_true(data: dict[str, Any]) -> bool:
    """Return whether every claim of a certificate that is not "undecided" is true; prices are not claims."""
    try:
        return _all_true(data)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError):
        return False


def _all_true(data: dict[str, Any]) -> bool:
    t, units, posts = _table(data["table"])
    plans = full_plans(t)
    best = min((ratio_of(t, plan) for plan in plans), default=None)
    feasible = best is not None and best <= 1
    if data["claim"] != ("feasible" if feasible else "not_possible"):
        return False
    return (
        _optimum_true(data["optimum"], t, plans, best, units, posts)
        and _slack_true(data["slack"], t, plans, units, posts)
        and (feasible or _shortage_true(data, t, units, posts))
    )


def _table(data: dict[str, Any]) -> tuple[Table, dict[str, int], dict[str, int]]:
    """Read the table; ids are set in order of place, as ``Table`` wants them sorted."""
    held = [name for p in data["posts"] for name in p["posts"]]
    if len(set(data["units"])) != len(data["units"]) or len(set(held)) != len(held):
        raise ValueError("named twice")
    if any(p["id"] not in p["posts"] or p["ring"] not in list(Ring) for p in data["posts"]):
        raise ValueError("a post is not its own")
    rings = sorted({p["ring"] for p in data["posts"]})
    demands = tuple(
        Demand(
            PostId(f"{j:04d}"),
            (PostId(f"{j:04d}"),),
            list(Ring)[rings.index(p["ring"])],
            _whole(p["need"]),
            p["deadline_ms"],
            p["setup_ms"],
        )
        for j, p in enumerate(data["posts"])
    )
    drive = [[NEVER_MS if ms is None else _whole(ms) for ms in row] for row in data["drive_ms"]]
    t = Table(
        tuple(UnitId(f"{u:04d}") for u in range(len(data["units"]))),
        demands,
        tuple(data["delay_ms"]),
        np.array(drive, np.int64).reshape(len(drive), len(demands)),
    )
    if any(not isinstance(name, str) for name in [*data["units"], *held]):
        raise TypeError("an id is not text")
    return t, {u: i for i, u in enumerate(data["units"])}, {p["id"]: j for j, p in enumerate(data["posts"])}


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("not whole")
    return value


def _plan(pairs: list[tuple[str, str]], t: Table, units: dict[str, int], posts: dict[str, int]) -> tuple[Any, ...]:
    plan: list[int | None] = [None] * len(t.units)
    for unit, post in pairs:
        if plan[units[unit]] is not None:
            raise ValueError("a unit serves twice")
        plan[units[unit]] = posts[post]
    return tuple(plan)


def _optimum_true(data: Any, t: Table, plans: list[Any], best: Fraction | None, units: Any, posts: Any) -> bool:
    if data is None or best is None:
        return data is None and best is None
    plan = _plan([(row["unit"], row["post"]) for row in data["plan"]], t, units, posts)
    staffed = {u: t.staffed_ms[u][j] for u, j in enumerate(plan) if j is not None}
    told = {units[row["unit"]]: row["staffed_ms"] for row in data["plan"]}
    totals = [_total(t, p) for p in plans if ratio_of(t, p) == best]
    over, under = (_whole(n) for n in data["ratio"])
    weak = posts[data["weakest"]]
    by_ring = {ring: max(ms for u, ms in staffed.items() if t.demands[plan[u]].ring == ring) for ring in _rings(t)}
    names = sorted({p.ring for p in t.demands}, key=list(Ring).index)
    below = {(u, j) for u, row in enumerate(t.staffed_ms) for j, ms in enumerate(row) if _less(ms, t, j, best)}
    return (
        plan in plans
        and told == staffed
        and Fraction(over, under) == best
        and under == t.demands[weak].deadline_ms
        and over == max(ms for u, ms in staffed.items() if plan[u] == weak)
        and data["margin_ms"] == under - over
        and not isinstance(data["margin_ms"], float)
        and sorted(data["t_star_ms"].values()) == sorted(by_ring[ring] for ring in names)
        and data["total_drive_ms"] == min(totals) == _total(t, plan)
        and _set_true(data["below"], t, below, units, posts)
    )


def _rings(t: Table) -> set[Ring]:
    return {d.ring for d in t.demands}


def _less(ms: int | None, t: Table, j: int, best: Fraction) -> bool:
    return ms is not None and Fraction(ms, t.demands[j].deadline_ms) < best


def _total(t: Table, plan: Any) -> int:
    return sum(int(t.drive_ms[u, j]) for u, j in enumerate(plan) if j is not None)


def _slack_true(data: Any, t: Table, plans: list[Any], units: Any, posts: Any) -> bool:
    slacks = [s for plan in plans if (s := slack_of(t, plan)) is not None]
    if data is None or not slacks:
        return data is None and not slacks
    factor = Fraction(*(_whole(n) for n in data["factor"]))
    plan = _plan([tuple(pair) for pair in data["plan"]], t, units, posts)
    reached = slack_of(t, plan)
    right = factor == min(max(slacks), Fraction(SLACK_CAP)) and data["permille"] == int(1000 * factor)
    right = right and plan in plans and reached is not None and reached >= factor
    if data["above"] is None:
        return right and factor == SLACK_CAP
    beyond = set()
    for u, delay in enumerate(t.delay_ms):
        for j, d in enumerate(t.demands):
            left, drive = d.deadline_ms - delay - d.setup_ms, int(t.drive_ms[u, j])
            if left >= 0 and drive < NEVER_MS and (drive == 0 or Fraction(left, drive) > factor):
                beyond.add((u, j))
    return right and _set_true(data["above"], t, beyond, units, posts)


def _set_true(data: Any, t: Table, pairs: set[tuple[int, int]], units: Any, posts: Any) -> bool:
    chosen = [posts[name] for name in data["posts"]]
    named = [units[name] for name in data["units"]]
    near = {u for u, j in pairs if j in chosen}
    need = sum(t.demands[j].need for j in chosen)
    whole = len(set(chosen)) == len(chosen) and len(set(named)) == len(named)
    return whole and set(named) == near and data["need"] == need and need > len(near)


def _shortage_true(data: dict[str, Any], t: Table, units: Any, posts: Any) -> bool:
    in_time = {
        (u, j)
        for u, row in enumerate(t.staffed_ms)
        for j, ms in enumerate(row)
        if ms is not None and ms <= t.demands[j].deadline_ms
    }
    missing = t.need - most_served(t)
    partial = _plan([tuple(pair) for pair in data["partial"]], t, units, posts)
    served = [(u, j) for u, j in enumerate(partial) if j is not None]
    named = frozenset(t.demands[posts[name]].id for name in data["shortage"]["posts"])
    violating = violating_sets(t)
    widest = data["widest"]
    return (
        data["deficiency"] == missing
        and set(served) <= in_time
        and all(partial.count(j) <= d.need for j, d in enumerate(t.demands))
        and len(served) == t.need - missing
        and _set_true(widest, t, in_time, units, posts)
        and widest["need"] - len(widest["units"]) == missing
        and _set_true(data["shortage"], t, in_time, units, posts)
        and not any(other < named for other in violating)
    )
