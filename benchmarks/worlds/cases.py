"""A world: a land, the units in it, deadlines, and what the planner is told; made so that both answers are frequent.

Deadlines are drawn around the least time in which everything can truly be staffed. In one of nine worlds one unit is
moved along its road so that it makes a deadline to the very nanosecond, or misses it by as little; in as many the
deadline lies between the truth and what somebody would think who believes every last report as if it were of now.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from random import Random

from benchmarks.worlds.faults import WITHIN
from benchmarks.worlds.land import UM, Land, draw_land
from benchmarks.worlds.oracle import NS_PER_MS, Asks, Truth, asked, enough
from benchmarks.worlds.told import Fault, Life, plain_life
from camera_config.county import Ring

BOTH = (Ring.TOWN, Ring.COUNTY)
HOLD_S = 3600
SECOND_NS = 1000 * NS_PER_MS
FAULTY = 0.16
"""Share of units with a fault; with 8 units and two dozen faults each is in one world of twenty, about."""

TIE_NS = 10 * NS_PER_MS
"""This near a deadline counts as a tie."""

ALL = {name: fault for group in WITHIN.values() for name, fault in group.items()}


@dataclass(frozen=True)
class Case:
    """One world. ``deadline_s`` by ring; ``closing`` was told, but no fields with it stand yet."""

    land: Land
    truth: Truth
    lives: tuple[Life, ...]
    deadline_s: Mapping[Ring, int]
    closing: bool = False

    @cached_property
    def asks(self) -> tuple[Asks, ...]:
        """Return what the posts ask."""
        return asked(self.land)

    @cached_property
    def staffed(self) -> list[list[int | None]]:
        """Return (units, what is asked) true times of staffing in ns; None where never, or not for long enough."""
        return [[self._staffed(life, asks) for asks in self.asks] for life in self.lives]

    def _staffed(self, life: Life, asks: Asks) -> int | None:
        if life.stays_s is not None and life.stays_s < self.deadline_s[asks.ring] + HOLD_S:
            return None
        return self.truth.staffed_ns(life.true, asks)

    def possible(self, rings: tuple[Ring, ...], early_ns: int = 0) -> bool:
        """Say whether the posts of these rings can truly be staffed ``early_ns`` before their deadlines."""
        chosen = [j for j, asks in enumerate(self.asks) if asks.ring in rings]
        masks = []
        for j in chosen:
            limit = self.deadline_s[self.asks[j].ring] * 1000 * NS_PER_MS - early_ns
            masks.append(sum(1 << u for u, row in enumerate(self.staffed) if (t := row[j]) is not None and t <= limit))
        return enough(masks, [self.asks[j].need for j in chosen])

    @property
    def tie(self) -> bool:
        """Say whether a hundredth of a second more or less would change what is true of both rings."""
        return self.possible(BOTH, TIE_NS) != self.possible(BOTH, -TIE_NS)


def draw_county(random: Random) -> tuple[Land, Truth]:
    """Return a land with posts of both rings."""
    while True:
        land = draw_land(random)
        if {post.ring for post in land.posts} == set(Ring):
            return land, Truth(land)


def draw_case(
    random: Random, land: Land, truth: Truth, faults: Mapping[str, Fault] = ALL, share: float = FAULTY
) -> Case:
    """Return a world in this land; each unit has one of ``faults`` with probability ``share``."""
    need = sum(asks.need for asks in asked(land))
    lives = []
    for n in range(max(3, need + random.randint(-1, 5))):
        life = plain_life(random, truth, f"u-{n:02d}")
        if random.random() < share:
            life.fault = random.choice(tuple(faults))
            faults[life.fault](random, truth, life)
        lives.append(life)
    later = random.choice([1, 1, 2])
    case = Case(land, truth, tuple(lives), {Ring.TOWN: 10**6, Ring.COUNTY: later * 10**6}, random.random() < 0.02)
    town = _town_deadline(random, case, later)
    return replace(case, deadline_s={Ring.TOWN: town, Ring.COUNTY: later * town})


def _town_deadline(random: Random, case: Case, later: int) -> int:
    """Return the town's deadline in seconds; the county's is ``later`` times as long."""
    found, kind = _tightest(case, later, case.staffed), random.random()
    if found is None:
        return random.randrange(300, 1500)
    if kind < 0.11:
        return _tied(random, case, *found, later)
    if kind < 0.22:
        believed = _tightest(
            case, later, [[case.truth.staffed_ns(life.believed, a) for a in case.asks] for life in case.lives]
        )
        low, high = sorted([found[0], believed[0] if believed else 2 * found[0]])
        if high - low > 3 * SECOND_NS:
            return random.randint(low // SECOND_NS + 1, high // SECOND_NS)
    share = random.uniform(0.2, 0.75) if random.random() < 0.4 else random.uniform(1.2, 3.0)
    return max(1, int(found[0] * share) // SECOND_NS)


def _tightest(case: Case, later: int, staffed: list[list[int | None]]) -> tuple[int, int, int] | None:
    """Return the least town deadline in ns with which all is staffed, and which unit and what asked decide it."""
    slower = [later if asks.ring is Ring.COUNTY else 1 for asks in case.asks]
    rungs = sorted((-(-t // slower[j]), u, j) for u, row in enumerate(staffed) for j, t in enumerate(row) if t)
    needs = [asks.need for asks in case.asks]

    def does(count: int) -> bool:
        masks = [0] * len(needs)
        for _, u, j in rungs[:count]:
            masks[j] |= 1 << u
        return enough(masks, needs)

    low, high = 0, len(rungs)
    if not does(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if does(middle) else (middle + 1, high)
    return rungs[low - 1] if low else None


def _tied(random: Random, case: Case, town_ns: int, u: int, j: int, later: int) -> int:
    """Move the deciding unit so that it comes at a whole second of the town's deadline, or a hair later."""
    town = town_ns // SECOND_NS
    life, took = case.lives[u], case.staffed[u][j]
    slower = later if case.asks[j].ring is Ring.COUNTY else 1
    late_ns = random.choice([-NS_PER_MS, 0, 0, 1, NS_PER_MS, 3 * NS_PER_MS // 2, 9 * NS_PER_MS])
    if took is None or life.now != life.seen or life.fault:
        return town
    for seconds in (town, town + 1):
        rate = case.land.roads[life.now.road].rate
        gain_ns = took - seconds * slower * SECOND_NS - late_ns
        ahead = gain_ns // rate if late_ns > 0 else -(-gain_ns // rate)
        um = life.now.um + ahead * (1 if life.now.onwards else -1)
        part = case.truth.part_at(life.now.road, life.now.um)
        if part.low + UM < um < part.high - UM and part.low + UM < life.now.um < part.high - UM:
            spot = replace(life.now, um=um)
            for report in life.reports:
                report.spot = spot if report.spot == life.seen else report.spot
            life.seen = life.now = spot
            case.__dict__.pop("staffed", None)
            return seconds
    return town
