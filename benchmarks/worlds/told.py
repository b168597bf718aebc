"""Where one unit truly is and what its device sends: every message by its time of measuring and of receipt.

A ``Life`` is a unit's last minute as it truly was. A fault changes what is sent, and, where nothing can be known any
more, what may be true. Times are whole milliseconds before now, speeds whole km/h.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import cos, hypot, radians, sin
from random import Random
from typing import Any

from benchmarks.worlds.land import UM, Land
from benchmarks.worlds.oracle import Able, Part, Spot, Truth
from camera_config.county import UnitStatus

DELAY_S = {UnitStatus.AVAILABLE: 60, UnitStatus.PATROL: 60, UnitStatus.STANDBY: 90, UnitStatus.AT_STATION: 180}
MOST_KMH = 160
MOVING_KMH = 5
"""From here on a unit says that it moves; with more than ``MOST_KMH`` nobody believes it. Both as in the rules."""

Message = dict[str, Any]


@dataclass(slots=True)
class Report:
    """What a device sends: measured ``seen_ms`` and received ``got_ms`` before now; ``more`` overrides its words.

    ``ahead_ms`` is added to what its clock says.
    """

    spot: Spot
    seen_ms: int
    got_ms: int
    more: Message = field(default_factory=dict)
    ahead_ms: int = 0


@dataclass(slots=True)
class Life:
    """One unit. It was at ``before``, was measured at ``seen`` and is at ``now``; at most ``kmh`` on the way.

    ``status`` is what it says, ``delay_s`` what is true (None: it cannot go). ``clock_ms``: its clock is so far ahead.
    """

    name: str
    land: Land
    before: Spot
    seen: Spot
    now: Spot
    kmh: int
    status: UnitStatus
    delay_s: int | None
    crew: int
    equipment: tuple[str, ...]
    reports: list[Report]
    roster_status: UnitStatus = UnitStatus.AVAILABLE
    roster_crew: int | None = None
    stays_s: int | None = None
    clock_ms: int = 0
    fault: str = ""

    @property
    def true(self) -> Able:
        """Return what the oracle judges."""
        return Able(self.now, self.delay_s, self.crew, self.equipment, self.stays_s)

    @property
    def believed(self) -> Able:
        """Return what it would be if its last report were of now and right in everything."""
        if not self.reports:
            return Able(self.seen, None, 0, ())
        crew = self.crew if self.roster_crew is None else self.roster_crew
        return Able(self.reports[-1].spot, DELAY_S.get(self.status), crew, self.equipment)

    def message(self, report: Report, now: float) -> Message:
        """Return a report as the device sends it, ``now`` in unix seconds."""
        place, heading = place_of(self.land, report.spot)
        said = {
            "unit": self.name,
            "lat": place[0],
            "lon": place[1],
            "at": now + (self.clock_ms + report.ahead_ms - report.seen_ms) / 1000,
            "speed_kmh": float(self.kmh),
            "heading_deg": heading,
            "status": self.status.value,
        }
        return {**said, **report.more}


def place_of(land: Land, spot: Spot) -> tuple[tuple[float, float], float]:
    """Return latitude and longitude of a spot, and the way that a vehicle there faces, degrees."""
    (x, y), bearing = land.at(spot.road, spot.um)
    aside, right = spot.beside_mm / 1000, radians(bearing + 90)
    return land.degrees((x + aside * sin(right), y + aside * cos(right))), (bearing + 180 * (not spot.onwards)) % 360


def any_spot(random: Random, land: Land) -> Spot:
    """Return a place on some road, facing a way that is allowed."""
    road = random.randrange(len(land.roads))
    um = random.randrange(land.roads[road].um + 1)
    for r, middle in land.closures:
        if r == road and abs(um - middle) <= UM:
            um = middle - 2 * UM
    return Spot(road, um, land.roads[road].one_way or random.random() < 0.5)


def driven(random: Random, truth: Truth, spot: Spot, um: int, *, lawless: bool = False) -> Spot:
    """Return where a vehicle may be after so many micrometres along the roads; ``lawless``: against one-way too."""
    road, at, onwards = spot.road, spot.um, spot.onwards
    part = truth.part_at(road, at)
    while um:
        left = part.high - at if onwards else at - part.low
        if um < left:
            return Spot(road, at + um if onwards else at - um, onwards)
        um -= left
        node, at = (part.head, part.high) if onwards else (part.tail, part.low)
        ways: list[tuple[int, Part, bool]] = truth.leaving[node] + (truth.against[node] if lawless else [])
        if not ways:
            break
        road, part, onwards = random.choice(ways)
        at = part.low if onwards else part.high
    return Spot(road, at, onwards)


def metres_um(kmh: int, ms: int) -> int:
    """Return how far one gets, whole micrometres, rounded down."""
    return kmh * ms * UM // 3600


def plain_life(random: Random, truth: Truth, name: str) -> Life:
    """Return a unit whose device says all there is to say, and rightly."""
    kmh = 0 if random.random() < 0.5 else random.randrange(MOVING_KMH, 75)
    age_ms = 0 if random.random() < 0.35 else random.randrange(1, 8000)
    got_ms = max(0, age_ms - random.randrange(20, 800))
    gap_ms = random.randrange(4000, 20_000)
    before = any_spot(random, truth.land)
    seen = driven(random, truth, before, metres_um(kmh, gap_ms))
    now = moved_on(random, truth, seen, kmh, age_ms)
    status = random.choice(tuple(DELAY_S))
    reports = [Report(before, age_ms + gap_ms, got_ms + gap_ms), Report(seen, age_ms, got_ms)]
    equipment = ("stinger",) if random.random() < 0.85 else ()
    crew = random.choice([2, 3, 3, 4, 4])
    return Life(name, truth.land, before, seen, now, kmh, status, DELAY_S[status], crew, equipment, reports)


def moved_on(random: Random, truth: Truth, spot: Spot, kmh: int, ms: int, *, lawless: bool = False) -> Spot:
    """Return where a vehicle is that has driven at most so fast for so long; often as far as it can have come."""
    share = 1.0 if random.random() < 0.3 else random.random()
    return driven(random, truth, spot, int(metres_um(kmh, ms) * share), lawless=lawless)


def nobody_knows(random: Random, life: Life) -> None:
    """Let anything be true of the unit's readiness: it may be free, or busy, whatever it last said."""
    life.delay_s = random.choice([60, 60, 90, 180, None, None])


def apart(land: Land, spot: Spot) -> bool:
    """Say whether a place beside its road is nearer to it than to every other road, and to no other part of it."""
    (x, y), bearing = land.at(spot.road, spot.um)
    aside, right = spot.beside_mm / 1000, radians(bearing + 90)
    px, py = x + aside * sin(right), y + aside * cos(right)
    for r, road in enumerate(land.roads):
        away = min(_away(px, py, a, b) for a, b in zip(road.line, road.line[1:], strict=False))
        if (r == spot.road and away < aside - 1e-6) or (r != spot.road and away < aside + 0.05):
            return False
    return True


def _away(x: float, y: float, a: tuple[float, float], b: tuple[float, float]) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    share = min(1.0, max(0.0, ((x - a[0]) * dx + (y - a[1]) * dy) / (dx * dx + dy * dy)))
    return hypot(x - a[0] - share * dx, y - a[1] - share * dy)


Fault = Callable[[Random, Truth, Life], None]
