"""The town's first line of defence: 4 prevention zones, 8 patrol zones, 16 patrol routes, 32 standby points."""

import heapq
import random
from collections import defaultdict
from dataclasses import dataclass

from camera_config.generate.plane import Pt, distance_m, lengths
from camera_config.generate.roads import Land

_QUARTERS = (
    ("south-west", "南站防控区", (0, 10, 0, 9)),
    ("south-east", "东兴防控区", (11, 21, 0, 9)),
    ("north-west", "西城防控区", (0, 10, 10, 20)),
    ("north-east", "府北防控区", (11, 21, 10, 20)),
)
_HALVES = (("a", "甲", 0, 6), ("b", "乙", 7, 10), ("a", "甲", 11, 14), ("b", "乙", 15, 21))

Block = tuple[int, int, int, int]
"""First and last column, first and last row of the town's street corners."""


@dataclass(frozen=True, slots=True)
class Beat:
    """A zone, with its block of street corners."""

    id: str
    name: str
    kind: str
    block: Block


@dataclass(frozen=True, slots=True)
class Stop:
    """A standby point."""

    id: str
    name: str
    zone: str
    place: Pt


@dataclass(frozen=True, slots=True)
class Round:
    """A patrol route: a closed line along streets in their driving direction."""

    id: str
    name: str
    zone: str
    line: list[Pt]


def zones() -> list[Beat]:
    """Return the prevention zones, then the patrol zones."""
    made = [Beat(f"prevention-{key}", name, "prevention", block) for key, name, block in _QUARTERS]
    for key, name, (west, east, south, north) in _QUARTERS:
        for letter, word, low, high in _HALVES:
            if west <= low and high <= east:
                title = name.replace("防控区", f"{word}巡逻区")
                made.append(Beat(f"patrol-{key}-{letter}", title, "patrol", (low, high, south, north)))
    return made


def standby_points(land: Land) -> list[Stop]:
    """Return four standby points a patrol zone, one in each of its quarters."""
    stops: list[Stop] = []
    for zone in zones():
        if zone.kind != "patrol":
            continue
        for quarter in _quarters(zone.block):
            corners = land.town.corners_in(*quarter)
            middle = (sum(p[0] for p in corners) / len(corners), sum(p[1] for p in corners) / len(corners))
            place = min(corners, key=lambda p: (distance_m(p, middle), p))
            number = len(stops) + 1
            stops.append(Stop(f"standby-{number:02d}", f"{number}号待警点", zone.id, place))
    return stops


def _quarters(block: Block) -> list[Block]:
    west, east, south, north = block
    column, row = (west + east) // 2, (south + north) // 2
    return [
        (west, column, south, row),
        (column + 1, east, south, row),
        (west, column, row + 1, north),
        (column + 1, east, row + 1, north),
    ]


def rounds(land: Land, rng: random.Random) -> list[Round]:
    """Return two routes a patrol zone, each through corners of its southern or northern half."""
    leaving: dict[Pt, list[tuple[Pt, list[Pt]]]] = defaultdict(list)
    for piece in land.pieces:
        if distance_m(piece.points[0], (0.0, 0.0)) < 4000:
            leaving[piece.points[0]].append((piece.points[-1], piece.points))
            if not piece.one_way:
                leaving[piece.points[-1]].append((piece.points[0], piece.points[::-1]))
    made: list[Round] = []
    for zone in zones():
        if zone.kind != "patrol":
            continue
        quarters = _quarters(zone.block)
        for pair in (quarters[:2], quarters[2:]):
            stops: list[Pt] = []
            for quarter in pair:
                corners = [p for p in land.town.corners_in(*quarter) if p in leaving]
                stops += rng.sample(corners, min(2, len(corners)))
            line = [stops[0]]
            for a, b in zip(stops, [*stops[1:], stops[0]], strict=True):
                line += _path(leaving, a, b)[1:]
            number = len(made) + 1
            made.append(Round(f"route-{number:02d}", f"{number}号巡逻路线", zone.id, line))
    return made


def _path(leaving: dict[Pt, list[tuple[Pt, list[Pt]]]], start: Pt, goal: Pt) -> list[Pt]:
    """Return the shortest drive (Dijkstra)."""
    best: dict[Pt, float] = {start: 0.0}
    came: dict[Pt, tuple[Pt, list[Pt]]] = {}
    queue = [(0.0, start)]
    while queue:
        cost, p = heapq.heappop(queue)
        if p == goal:
            break
        if cost > best[p]:
            continue
        for q, line in leaving[p]:
            price = cost + lengths(line)[-1]
            if price < best.get(q, float("inf")):
                best[q] = price
                came[q] = (p, line)
                heapq.heappush(queue, (price, q))
    path = [goal]
    while path[0] != start:
        before, line = came[path[0]]
        path[:0] = line[:-1]
        assert path[0] == before
    return path
