"""Township seats, villages and farm tracks: small grids in the open country, joined to the nearest road."""

import math
import random
from dataclasses import dataclass

from camera_config.county import RoadClass
from camera_config.generate.places import EXPRESSWAY, SEATS
from camera_config.generate.plane import Pt, Ring, Way, distance_m, meander, polar, pt

APART_M = 2650.0
KEEP_OFF_M = 700.0
"""No village road or track comes nearer to where a ring is crossed, or to a ring's outline, than this."""

_FIRST = "永兴福太长双三四五大小东西南北新仁义和平安富民向前红团"
_SECOND = "安发隆胜合河山岭沟泉林阳昌盛德利"
_LAST = ("村", "村", "屯", "堡子", "窝堡")


@dataclass(slots=True)
class Village:
    """A settlement: its middle and its corners."""

    name: str
    middle: Pt
    corners: list[Pt]


class Country:
    """Everything between the town and the county edge. Ways never cross a ring's outline."""

    def __init__(self, town: Ring, edge: Ring, main: list[Way], rng: random.Random) -> None:
        self._town, self._edge, self._rng = town, edge, rng
        self._main = main
        self._fast = [p for way in main if way.name == EXPRESSWAY for p in way.points]
        self.ways: list[Way] = []
        self.seats: list[Village] = []
        self.villages: list[Village] = []
        self._joints = [p for way in main if way.level == 0 for p in way.points if self._free(p)]
        for seat in SEATS[1:]:
            middle = polar(seat.azimuth_deg, seat.km * 1000)
            self.seats.append(self._grid(seat.name, middle, 5, 4, 125.0, RoadClass.STREET))
        self._settle()
        self._link()
        self._tracks()

    def _free(self, p: Pt) -> bool:
        """Whether ``p`` lies in the open country, clear of both rings."""
        return self._town.beyond_m(p) > KEEP_OFF_M and self._edge.beyond_m(p) < -KEEP_OFF_M

    def _grid(self, name: str, middle: Pt, columns: int, rows: int, spacing_m: float, kind: RoadClass) -> Village:
        rng = self._rng
        turn = rng.uniform(0, math.pi / 2)
        corners: dict[tuple[int, int], Pt] = {}
        for column in range(columns):
            for row in range(rows):
                x = (column - (columns - 1) / 2) * spacing_m + rng.uniform(-12, 12)
                y = (row - (rows - 1) / 2) * spacing_m + rng.uniform(-12, 12)
                corners[column, row] = pt(
                    middle[0] + x * math.cos(turn) - y * math.sin(turn),
                    middle[1] + x * math.sin(turn) + y * math.cos(turn),
                )
        for row in range(rows):
            self.ways.append(Way([corners[c, row] for c in range(columns)], kind, f"{name}{row + 1}路"))
        for column in range(columns):
            if column == 0 or column == columns - 1 or rng.random() < 0.8:
                self.ways.append(Way([corners[column, r] for r in range(rows)], kind, f"{name}{column + 1}街"))
        return Village(name, middle, list(corners.values()))

    def _settle(self) -> None:
        rng = self._rng
        names = [a + b for a in _FIRST for b in _SECOND]
        rng.shuffle(names)
        taken = [seat.middle for seat in self.seats]
        reach = max(self._edge.radii_m)
        for _ in range(6000):
            p = pt(rng.uniform(-reach, reach), rng.uniform(-reach, reach))
            clear = self._town.beyond_m(p) > 1300 and self._edge.beyond_m(p) < -1500
            if not clear or any(distance_m(p, q) < APART_M for q in taken):
                continue
            if any(distance_m(p, q) < 600 for q in self._fast):
                continue
            taken.append(p)
            name = names[len(self.villages)] + rng.choice(_LAST)
            grid = self._grid(name, p, rng.choice((3, 3, 4, 4, 5)), rng.choice((2, 3, 3)), 95.0, RoadClass.VILLAGE)
            self.villages.append(grid)

    def _link(self) -> None:
        """Join each village to the nearest road, then some neighbours to each other."""
        joints = list(self._joints)
        for seat in self.seats:
            joints += seat.corners
        for village in sorted(
            self.villages, key=lambda v: (min(distance_m(v.middle, p) for p in self._joints), v.name)
        ):
            start = self._rng.choice(village.corners)
            for goal in sorted(joints, key=lambda p: (distance_m(p, start), p))[:12]:
                way = self._way(start, goal, RoadClass.VILLAGE, f"{village.name}路")
                if way is not None:
                    joints += way.points
                    break
            joints += village.corners
        for village in self.villages:
            near = sorted(self.villages, key=lambda v: (distance_m(v.middle, village.middle), v.name))[1:4]
            for other in near:
                if self._rng.random() < 0.42 and village.name < other.name:
                    kind = RoadClass.TRACK if self._rng.random() < 0.55 else RoadClass.VILLAGE
                    start, goal = self._rng.choice(village.corners), self._rng.choice(other.corners)
                    self._way(start, goal, kind, f"{village.name}至{other.name}")

    def _tracks(self) -> None:
        """Farm tracks that end in the fields."""
        for village in self.villages:
            for number in range(self._rng.choice((1, 1, 2, 3))):
                start = self._rng.choice(village.corners)
                angle = self._rng.uniform(0, 2 * math.pi)
                length = self._rng.uniform(350, 1100)
                goal = pt(start[0] + length * math.sin(angle), start[1] + length * math.cos(angle))
                self._way(start, goal, RoadClass.TRACK, f"{village.name}机耕道{number + 1}")

    def _way(self, start: Pt, goal: Pt, kind: RoadClass, name: str) -> Way | None:
        points = meander([start, goal], self._rng, wave=0.06, step_m=380.0)
        if distance_m(start, goal) > 6500 or not all(map(self._free, points)):
            return None
        way = Way(points, kind, name)
        self.ways.append(way)
        return way
