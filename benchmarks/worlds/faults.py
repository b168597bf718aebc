"""What goes wrong with one unit's reports. ``WITHIN`` is what the planner promises to stand, ``BEYOND`` what it cannot.

Each fault changes a ``Life`` and, where what is told says nothing any more, lets anything be true that the definitions
allow: a unit unheard of drives at most ``MOST_KMH``, against one-way too; it may be free by now, or busy.
"""

from collections.abc import Callable
from dataclasses import replace
from math import hypot
from random import Random

from benchmarks.worlds.oracle import ON_ROAD_MM, Spot, Truth
from benchmarks.worlds.told import (
    DELAY_S,
    MOST_KMH,
    MOVING_KMH,
    Fault,
    Life,
    Message,
    Report,
    any_spot,
    apart,
    driven,
    metres_um,
    moved_on,
    nobody_knows,
    place_of,
)
from camera_config.county import UnitStatus

BUSY = (UnitStatus.ON_CALL, UnitStatus.COMMITTED_OTHER, UnitStatus.OFF_DUTY)
NAN = float("nan")


def _silent(random: Random, truth: Truth, life: Life) -> None:
    """Nothing comes any more, for longer than a position is fresh; a call may have ended, or begun."""
    age_ms = random.randrange(30_001, 400_000) if life.kmh >= MOVING_KMH else random.randrange(120_001, 900_000)
    life.status = random.choice([*DELAY_S, UnitStatus.ON_CALL])
    life.reports = [Report(life.seen, age_ms, age_ms - 100)]
    life.now = moved_on(random, truth, life.seen, MOST_KMH, age_ms, lawless=True)
    nobody_knows(random, life)


def _never(random: Random, truth: Truth, life: Life) -> None:
    """It was never heard of."""
    life.reports, life.now = [], any_spot(random, truth.land)
    life.roster_status = random.choice([*DELAY_S, UnitStatus.ON_CALL])
    nobody_knows(random, life)


def _late(random: Random, truth: Truth, life: Life) -> None:
    """The network holds messages back; the older one comes last, or comes twice."""
    limit = 29_000 if life.kmh >= MOVING_KMH else 119_000
    age_ms = random.randrange(5000, limit)
    old, new = life.reports
    gap_ms = old.seen_ms - new.seen_ms
    again = Report(life.before, age_ms + gap_ms, random.randrange(0, 1000))
    life.reports = [replace(new, seen_ms=age_ms, got_ms=random.randrange(1000, age_ms)), again]
    life.now = moved_on(random, truth, life.seen, life.kmh, age_ms)


def _slow_clock(random: Random, truth: Truth, life: Life) -> None:
    """Its clock is behind."""
    del truth
    life.clock_ms = -random.choice([random.randrange(500, 30_000), random.randrange(30_000, 3_600_000)])


def _fast_clock(random: Random, truth: Truth, life: Life) -> None:
    """Its clock is ahead, by no more than is taken for right. One message came at once, the next may be late."""
    old, new = life.reports
    life.clock_ms = random.randrange(1, 4900)
    age_ms = random.randrange(1, 12_000)
    gap_ms = old.seen_ms - new.seen_ms
    late = replace(new, seen_ms=age_ms, got_ms=random.randrange(0, age_ms))
    life.reports = [replace(old, seen_ms=age_ms + gap_ms, got_ms=age_ms + gap_ms), late]
    life.now = moved_on(random, truth, life.seen, life.kmh, age_ms)


def _future(random: Random, truth: Truth, life: Life) -> None:
    """Its clock is ahead by more than 5 s and its message's way, from the first report or since the last."""
    ahead_ms = random.choice([random.randrange(6000, 60_000), random.randrange(60_000, 10**11)])
    for report in life.reports[random.randrange(2) :]:
        report.ahead_ms = ahead_ms
    life.now = moved_on(random, truth, life.seen, MOST_KMH, life.reports[-1].seen_ms, lawless=True)
    nobody_knows(random, life)


def _wrong_place(random: Random, life: Life, more: Message) -> None:
    """Let the last report, or both, lie about the place."""
    for report in life.reports[random.randrange(2) :]:
        report.more = more
    nobody_knows(random, life)


def _exchanged(random: Random, truth: Truth, life: Life) -> None:
    """Latitude and longitude are exchanged: refused where that is off the globe, else outside the county."""
    del truth
    (lat, lon), _ = place_of(life.land, life.seen)
    if lon > 90:
        life.reports[-1].more = {"lat": lon, "lon": lat}
    else:
        _wrong_place(random, life, {"lat": lon, "lon": lat})


def _zero(random: Random, truth: Truth, life: Life) -> None:
    """The receiver has no fix."""
    del truth
    _wrong_place(random, life, {"lat": 0.0, "lon": 0.0})


def _outside(random: Random, truth: Truth, life: Life) -> None:
    """A place far outside the county."""
    del truth
    _wrong_place(random, life, {"lat": life.land.lat + random.choice([-1, 1]) * random.uniform(0.5, 5.0)})


def _jump(random: Random, truth: Truth, life: Life) -> None:
    """The last place is farther from the one before than any unit drives in that time."""
    del truth
    life.reports[-1].more = {"lat": life.land.lat + random.choice([-1, 1]) * random.uniform(0.12, 0.2)}
    nobody_knows(random, life)


def _too_fast(random: Random, truth: Truth, life: Life) -> None:
    """It says that it drives faster than any unit."""
    del truth
    _wrong_place(random, life, {"speed_kmh": random.uniform(MOST_KMH + 1, 9999.0)})


def _nan(random: Random, truth: Truth, life: Life) -> None:
    """Not a number, or an infinite one: refused, the report before it stands."""
    del truth
    field = random.choice(["lat", "lon", "at", "speed_kmh", "heading_deg"])
    life.reports[-1].more = {field: random.choice([NAN, float("inf"), -float("inf")])}


def _frozen(random: Random, truth: Truth, life: Life) -> None:
    """It says that it drives, and where it was eleven minutes ago."""
    life.kmh = random.randrange(MOVING_KMH, 75)
    old_ms = random.randrange(610_000, 900_000)
    life.reports = [Report(life.seen, ms, ms) for ms in (old_ms, old_ms // 2, random.randrange(0, 3000))]
    life.now = moved_on(random, truth, life.seen, MOST_KMH, old_ms, lawless=True)
    nobody_knows(random, life)


def _no_heading(random: Random, truth: Truth, life: Life) -> None:
    """No heading is given."""
    del random, truth
    _say(life, {"heading_deg": None})


def _heading_off(random: Random, truth: Truth, life: Life) -> None:
    """The compass is up to 60 degrees off while it drives, and anything while it stands."""
    del truth
    for report in life.reports:
        _, heading = place_of(life.land, report.spot)
        off = random.uniform(-60, 60) if life.kmh >= MOVING_KMH else random.uniform(0, 360)
        report.more = {"heading_deg": (heading + off) % 360}


def _no_speed(random: Random, truth: Truth, life: Life) -> None:
    """No speed is given. The first report of all may be of a unit that races; later ones tell by their distance."""
    old, new = life.reports
    _say(life, {"speed_kmh": None})
    if random.random() < 0.5:
        life.kmh, life.reports = random.randrange(MOVING_KMH, MOST_KMH), [new]
        life.now = moved_on(random, truth, life.seen, life.kmh, new.seen_ms)
        return
    (ax, ay), (bx, by) = (life.land.at(report.spot.road, report.spot.um)[0] for report in (old, new))
    kmh = int(hypot(bx - ax, by - ay) * 0.99 / (old.seen_ms - new.seen_ms) * 3600)
    life.now = moved_on(random, truth, life.seen, kmh, new.seen_ms)


def _beside(random: Random, truth: Truth, life: Life) -> None:
    """It is parked beside the road, up to 280 m away."""
    _aside(random, truth, life, ON_ROAD_MM + 100, 280_000)


def _lane(random: Random, truth: Truth, life: Life) -> None:
    """Its place is up to 24 m beside the line of its road."""
    _aside(random, truth, life, 1, 24_000)


def _aside(random: Random, truth: Truth, life: Life, low_mm: int, high_mm: int) -> None:
    for _ in range(20):
        spot = replace(any_spot(random, truth.land), beside_mm=random.randrange(low_mm, high_mm))
        if apart(truth.land, spot):
            life.kmh, life.before, life.seen, life.now = 0, spot, spot, spot
            for report in life.reports:
                report.spot = spot
            return


def _busy(random: Random, truth: Truth, life: Life) -> None:
    """It is on a call, committed elsewhere or off duty, and says so."""
    del truth
    life.status, life.delay_s = random.choice(BUSY), None


def _no_status(random: Random, truth: Truth, life: Life) -> None:
    """No status is given: that of the roster holds."""
    del truth
    life.roster_status = random.choice([*DELAY_S, UnitStatus.COMMITTED_OTHER, UnitStatus.ON_CALL])
    life.delay_s = DELAY_S.get(life.roster_status)
    _say(life, {"status": None})


def _status_unknown(random: Random, truth: Truth, life: Life) -> None:
    """It says that its status is not known."""
    del truth
    life.status = UnitStatus.UNKNOWN
    nobody_knows(random, life)


def _small_crew(random: Random, truth: Truth, life: Life) -> None:
    """One man alone, or nothing to stop a vehicle with."""
    del truth
    life.crew, life.equipment = random.choice([(1, ("stinger",)), (2, ())])


def _shift_ends(random: Random, truth: Truth, life: Life) -> None:
    """Its shift ends, perhaps before the posts may be left."""
    del truth
    life.stays_s = random.randrange(600, 9000)


def _doubted_once(random: Random, truth: Truth, life: Life) -> None:
    """One wrong position comes between two right ones."""
    del truth, random
    old, new = life.reports
    seen_ms, got_ms = (old.seen_ms + new.seen_ms) // 2, (old.got_ms + new.got_ms) // 2
    between = Report(life.seen, seen_ms, got_ms, {"lat": 0.0, "lon": 0.0})
    life.reports = [old, between, new]


def _drill(random: Random, truth: Truth, life: Life) -> None:
    """A newer position of a drill, elsewhere."""
    life.reports.append(Report(any_spot(random, truth.land), 0, 0, {"drill": True, "status": "available"}))


def _say(life: Life, more: Message) -> None:
    for report in life.reports:
        report.more = {**report.more, **more}


WITHIN: dict[str, dict[str, Fault]] = {
    "positions": {
        "never seen": _never,
        "exchanged": _exchanged,
        "0/0": _zero,
        "outside": _outside,
        "jump": _jump,
        "too fast": _too_fast,
        "NaN": _nan,
        "frozen": _frozen,
        "doubted once": _doubted_once,
        "drill": _drill,
        "beside the road": _beside,
        "lane": _lane,
        "no speed": _no_speed,
    },
    "ages": {"silent": _silent, "late": _late},
    "clocks": {"slow clock": _slow_clock, "fast clock": _fast_clock, "future": _future},
    "headings": {"no heading": _no_heading, "heading off": _heading_off},
    "crews": {
        "busy": _busy,
        "no status": _no_status,
        "status unknown": _status_unknown,
        "small crew": _small_crew,
        "shift ends": _shift_ends,
    },
}
"""By what PLANNER.md 2.8 names; closures are drawn with the land and with the world."""


def _rounded(random: Random, truth: Truth, life: Life) -> None:
    """Its place is rounded to five or four decimals."""
    del truth
    _moved(life, lambda degrees: round(degrees, random.choice([4, 5])))


def _receiver_off(random: Random, truth: Truth, life: Life) -> None:
    """Its receiver is off by 8 m or so."""
    del truth
    _moved(life, lambda degrees: degrees + random.gauss(0, 7e-5))


def _moved(life: Life, change: Callable[[float], float]) -> None:
    for report in life.reports:
        (lat, lon), _ = place_of(life.land, report.spot)
        report.more = {"lat": change(lat), "lon": change(lon)}


def _drove_off(random: Random, truth: Truth, life: Life) -> None:
    """It stood when it reported and has driven since; the report is not too old yet."""
    age_ms = random.randrange(5000, 119_000)
    life.kmh, life.reports = 0, [Report(life.seen, age_ms, age_ms)]
    life.now = moved_on(random, truth, life.seen, 60, age_ms)


def _sped_up(random: Random, truth: Truth, life: Life) -> None:
    """It drives three times as fast as it said."""
    life.kmh = random.randrange(10, 40)
    age_ms = random.randrange(2000, 29_000)
    life.reports = [Report(life.seen, age_ms, age_ms)]
    life.now = driven(random, truth, life.seen, metres_um(3 * life.kmh, age_ms))


def _turned(random: Random, truth: Truth, life: Life) -> None:
    """It has turned round on the road since, or its heading is the wrong way round."""
    del random
    road = truth.land.roads[life.now.road]
    life.kmh = max(life.kmh, 20)
    life.now = Spot(life.now.road, life.now.um, road.one_way or not life.now.onwards)


def _frozen_shortly(random: Random, truth: Truth, life: Life) -> None:
    """It says that it drives, and where it was three to nine minutes ago."""
    life.kmh = random.randrange(MOVING_KMH, 75)
    old_ms = random.randrange(180_000, 540_000)
    life.reports = [Report(life.seen, ms, ms) for ms in (old_ms, random.randrange(0, 3000))]
    life.now = moved_on(random, truth, life.seen, life.kmh, old_ms)


def _status_late(random: Random, truth: Truth, life: Life) -> None:
    """It says free and has just been called away, or says on a call and is free again."""
    del truth
    if random.random() < 0.5:
        life.delay_s = None
    else:
        life.status = UnitStatus.ON_CALL


def _roster_wrong(random: Random, truth: Truth, life: Life) -> None:
    """The roster says more people than are in the car, or fewer."""
    del truth
    life.crew, life.roster_crew = random.choice([(1, 2), (2, 4), (4, 1)])


def _first_wild(random: Random, truth: Truth, life: Life) -> None:
    """The first position of all is wrong, and inside the county."""
    life.reports = [Report(any_spot(random, truth.land), 1000, 900)]


def _fast_and_late(random: Random, truth: Truth, life: Life) -> None:
    """Its clock is nearly 5 s ahead and its messages come 5 s late, so that its places look fresh."""
    life.kmh = random.randrange(30, 75)
    age_ms = random.randrange(5000, 9000)
    life.clock_ms, life.reports = 4900, [Report(life.seen, age_ms, 100)]
    life.now = driven(random, truth, life.seen, metres_um(life.kmh, age_ms))


BEYOND: dict[str, Fault] = {
    "rounded": _rounded,
    "receiver off": _receiver_off,
    "drove off": _drove_off,
    "sped up": _sped_up,
    "turned": _turned,
    "frozen shortly": _frozen_shortly,
    "status late": _status_late,
    "roster wrong": _roster_wrong,
    "first place wild": _first_wild,
    "fast clock, late": _fast_and_late,
}
