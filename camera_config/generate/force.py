"""The county's 60 units, where they are at home, and where they are in the example positions."""

import random
from dataclasses import dataclass

from camera_config.county import RoadClass
from camera_config.generate.beats import Round, standby_points
from camera_config.generate.places import SEATS
from camera_config.generate.plane import Pt, azimuth, distance_m, polar
from camera_config.generate.roads import Land

_AT_STATION = {"dayang": 3, "shahe": 1}
"""Units of a township, where not two; the third stands at the police room of 柳树沟, on the way to the county edge."""

_NARROW = (RoadClass.VILLAGE, RoadClass.TRACK)

_POLICE_ROOM = polar(166, 25_200)

_TOWN_STATIONS = (
    ("府北派出所", (400, 1500)), ("府南派出所", (300, 250)), ("西城派出所", (-1900, 500)),
    ("兴隆派出所", (-700, -500)), ("东兴派出所", (1500, 300)), ("南站派出所", (200, -1500)),
)  # fmt: skip
_TRAFFIC = (
    ("县城", (900, -300)), ("县城", (-600, 900)), ("城北", (-400, 2300)), ("城东", (2400, -200)),
    ("城西", (-2300, 500)), ("拉拉河互通", (-4500, 14000)), ("小四平互通", (11800, -8500)), ("三合", (-15500, 9300)),
)  # fmt: skip
"""Traffic police: where, and near which point (metres east, north of the centre)."""


@dataclass(frozen=True, slots=True)
class Squad:
    """A unit to be written."""

    id: str
    call_sign: str
    crew: int
    equipment: tuple[str, ...]
    home: Pt
    township: str
    status: str
    duty: str


def squads(land: Land, rng: random.Random) -> list[Squad]:
    """Return the units: patrol cars on standby points, SWAT, traffic police, town and township stations."""
    made: list[Squad] = []
    town = SEATS[0].id
    for number, stop in enumerate(standby_points(land)[::2], start=1):
        kit = ("cones", "spikes") if number % 2 else ("cones",)
        home = stop.place
        made.append(
            Squad(f"patrol-{number:02d}", f"巡逻{number:02d}", rng.choice((2, 2, 3)), kit, home, town, "patrol", "巡逻")
        )
    for number in range(1, 5):
        home = land.town.corners[10 + number % 2, 10 + number // 3]
        made.append(
            Squad(
                f"swat-{number}", f"特警{number:02d}", 4, ("cones", "spikes", "shield"), home, town, "standby", "特警"
            )
        )
    main = [piece for piece in land.pieces if not piece.one_way and piece.kind not in _NARROW]
    joints = sorted({p for piece in main for p in (piece.points[0], piece.points[-1])})
    for number, (_, near) in enumerate(_TRAFFIC, start=1):
        home = min(joints, key=lambda p: (distance_m(p, near), p))
        township = town if number <= 5 else ("lalahe", "nantunji", "sanhe")[number - 6]
        made.append(
            Squad(
                f"traffic-{number}",
                f"交警{number:02d}",
                2,
                ("cones", "spikes"),
                home,
                township,
                "available",
                "交通管理",
            )
        )
    for number, (name, near) in enumerate(_TOWN_STATIONS, start=1):
        home = min(land.town.corners.values(), key=lambda p: (distance_m(p, near), p))
        sign = name.removesuffix("派出所")
        made.append(Squad(f"town-{number}", f"{sign}01", 3, ("cones",), home, town, "at_station", name))
    for seat, settlement in zip(SEATS[1:], land.country.seats, strict=True):
        middle = polar(seat.azimuth_deg, seat.km * 1000)
        corners = sorted(settlement.corners, key=lambda p: (distance_m(p, middle), p))
        for number in range(1, _AT_STATION.get(seat.id, 2) + 1):
            kit = ("cones", "spikes") if number == 1 else ("cones",)
            made.append(
                Squad(
                    id=f"{seat.id}-{number}",
                    call_sign=f"{seat.name[:2]}{number:02d}",
                    crew=rng.choice((2, 3)) if number == 1 else 2,
                    equipment=kit,
                    home=corners[0] if number < 3 else _POLICE_ROOM,
                    township=seat.id,
                    status="at_station",
                    duty=f"{seat.name}派出所",
                )
            )
    return made


def positions(units: list[Squad], routes: list[Round], rng: random.Random) -> list[dict[str, object]]:
    """Return one report a unit: patrol cars move on their routes, the others stand at home; all are fresh."""
    reports: list[dict[str, object]] = []
    patrols = 0
    for unit in units:
        place, heading, speed, age = unit.home, 0.0, 0.0, rng.uniform(2, 90)
        if unit.status == "patrol":
            line = routes[patrols % len(routes)].line
            patrols += 1
            at = rng.randrange(len(line) - 1)
            place, heading = line[at], azimuth(line[at + 1], line[at])
            speed, age = rng.uniform(18, 34), rng.uniform(0.5, 12)
        reports.append(
            {
                "unit": unit.id,
                "place": place,
                "age_s": round(age, 1),
                "speed_kmh": round(speed, 1),
                "heading_deg": round(heading, 1) % 360,
                "status": unit.status,
            }
        )
    return reports
