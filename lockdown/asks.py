"""What the posts ask of a unit, as arrays: who may serve which, and how long a drive to a group is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from camera_config.county import Post, Ring, Rules
from camera_config.ids import PostId
from lockdown.graph import Bools
from lockdown.lines import Ints
from lockdown.table import Demand
from lockdown.times import NEVER_MS
from lockdown.units import UnitNow


@dataclass(frozen=True, slots=True)
class Asked:
    """A demand and what its post asks of each unit."""

    demand: Demand
    crew_min: int
    equipment: frozenset[str]


class Asks:
    """All that is asked, by demand; ``posts`` are those of the fields, whose rows the drives come in.

    The posts of demand d are the fields' rows ``rows[ends[d]:ends[d + 1]]``.
    """

    def __init__(self, asked: Sequence[Asked], posts: Sequence[PostId], rules: Rules) -> None:
        row = {post: i for i, post in enumerate(posts)}
        self.rows = np.array([row[post] for a in asked for post in a.demand.posts], np.int64)
        self.ends = np.cumsum([0, *(len(a.demand.posts) for a in asked)]).astype(np.int64)
        self._crew = np.array([a.crew_min for a in asked], np.int64)
        self._stays_ms = np.array([stay_ms(a.demand, rules) for a in asked], np.int64)
        self._equipment = [a.equipment for a in asked]
        self._fits: dict[tuple[int, tuple[str, ...]], Bools] = {}

    def allow(self, unit: UnitNow) -> Bools:
        """Return (demands,) whether the unit has the crew, the equipment, and long enough to go."""
        key = (unit.crew, unit.equipment)
        fits = self._fits.get(key)
        if fits is None:
            has = [items <= set(unit.equipment) for items in self._equipment]
            fits = self._fits[key] = np.array(has, np.bool_) & (self._crew <= unit.crew)
        return fits if unit.duty_left_ms is None else fits & (self._stays_ms <= unit.duty_left_ms)

    def serve(self, allowed: Bools, drive_ms: Ints) -> Ints:
        """Return (demands,) drives from (posts,): the longest of a group's, never where it is not ``allowed``."""
        return np.where(allowed, np.maximum.reduceat(drive_ms[self.rows], self.ends[:-1]), NEVER_MS)


def demands_of(posts: Sequence[Post]) -> tuple[Asked, ...]:
    """Return what the posts ask, in order of id; posts of a group that one crew holds ask together.

    Such a group asks the most that any of its posts asks, by the earliest deadline, with the longest set-up, and its
    crew must be able to reach every one of them.
    """
    groups: dict[tuple[Ring, str], list[Post]] = {}
    for post in sorted(posts, key=lambda p: p.id):
        key = f"group {post.group}" if post.one_crew and post.group is not None else f"post {post.id}"
        groups.setdefault((post.ring, key), []).append(post)
    made = [_asked(members) for members in groups.values()]
    return tuple(sorted(made, key=lambda a: a.demand.id))


def stays_long_enough(unit: UnitNow, demand: Demand, rules: Rules) -> bool:
    """Tell whether the unit's shift lasts past the deadline and the time that posts are held (``Rules.hold_s``)."""
    return unit.duty_left_ms is None or unit.duty_left_ms >= stay_ms(demand, rules)


def stay_ms(demand: Demand, rules: Rules) -> int:
    """Return for how long a unit must still be on duty to serve."""
    return demand.deadline_ms + rules.hold_s * 1000


def _asked(members: list[Post]) -> Asked:
    demand = Demand(
        id=members[0].id,
        posts=tuple(post.id for post in members),
        ring=members[0].ring,
        need=max(post.need_units for post in members),
        deadline_ms=min(post.deadline_s for post in members) * 1000,
        setup_ms=max(post.setup_s for post in members) * 1000,
    )
    equipment = frozenset(item for post in members for item in post.equipment)
    return Asked(demand, max(post.crew_min for post in members), equipment)
