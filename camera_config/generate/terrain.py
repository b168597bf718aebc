"""The county's outlines and its main roads: expressway, national, provincial and county roads."""

import math
import random

from camera_config.county import RoadClass
from camera_config.generate.places import (
    EXPRESSWAY,
    EXPRESSWAY_THROUGH,
    FARM_TRACKS,
    INTERCHANGES,
    MAIN_ROADS,
    SEATS,
    MainRoad,
)
from camera_config.generate.plane import (
    Pt,
    Ring,
    Way,
    area_km2,
    azimuth,
    crossing,
    distance_m,
    insert_at,
    lengths,
    meander,
    offset,
    polar,
    ring,
    smooth,
)

AREA_KM2 = 2522.0
"""The county's area (facts/county.md)."""

TOWN_RADIUS_M = 4200.0
BEYOND_M = 1900.0
"""Roads go on so far past the county edge."""

CARRIAGEWAY_M = 13.0
"""Half the distance between the expressway's carriageways."""


def outlines(rng: random.Random) -> tuple[Ring, Ring]:
    """Return the town's ring and the county's edge."""
    a, b, c = (rng.uniform(0, 2 * math.pi) for _ in range(3))

    def county(t: float) -> float:
        return 1 + 0.045 * math.sin(2 * t + a) + 0.03 * math.sin(3 * t + b) + 0.015 * math.sin(7 * t + c)

    def town(t: float) -> float:
        return 1 + 0.04 * math.sin(2 * t + b) + 0.02 * math.sin(5 * t + a)

    first = ring(county, 28_000.0)
    return ring(town, TOWN_RADIUS_M), ring(county, 28_000.0 * math.sqrt(AREA_KM2 / area_km2(first)))


def main_ways(town: Ring, edge: Ring, gates: list[Pt], rng: random.Random) -> list[Way]:
    """Return the main roads. ``gates`` are the town's outermost street corners, where roads from outside begin."""
    ways: list[Way] = []
    for road in (*MAIN_ROADS, *FARM_TRACKS):
        ways.append(_main(road, town, edge, gates, ways, rng))
        if "edge" in road.via[-1]:
            ways.append(_side_road(ways[-1]))
    ways.append(_ring_road(town))
    ways += _expressway(edge, ways)
    return ways


def _main(road: MainRoad, town: Ring, edge: Ring, gates: list[Pt], ways: list[Way], rng: random.Random) -> Way:
    seats = {seat.id: polar(seat.azimuth_deg, seat.km * 1000) for seat in SEATS}
    straight: list[list[Pt]] = []
    for stop in road.via:
        kind, _, where = stop.partition(":")
        if kind in ("town", "gate", "ring"):
            angle = float(where)
            radius = town.radius_m(angle)
            gate = min(gates, key=lambda p: (distance_m(p, polar(angle, 3200.0)), p))
            # Straight across the ring, so that it is crossed once.
            across = [polar(angle, radius + metres) for metres in (-450, 0, 500)]
            straight.append({"town": [gate, *across], "gate": [gate], "ring": across}[kind])
        elif kind == "edge":
            angle = float(where)
            radius = edge.radius_m(angle)
            straight.append([polar(angle, radius + metres) for metres in (-900, -300, 300, 900, BEYOND_M)])
        elif kind == "at":
            angle, km = (float(value) for value in where.split(":"))
            straight.append([polar(angle, km * 1000)])
        elif kind == "fork":
            angle, km = (float(value) for value in where.split(":"))
            wanted = polar(angle, km * 1000)
            corners = [p for way in ways for p in way.points if way.name != EXPRESSWAY]
            straight.append([min(corners, key=lambda p: (distance_m(p, wanted), p))])
        else:
            straight.append([seats[kind]])
    line = list(straight[0])
    for part in straight[1:]:
        line += meander([line[-1], part[0]], rng)[1:]
        line += part[1:]
    return Way(line, road.kind, road.name)


def _side_road(way: Way) -> Way:
    """A village road beyond the county edge, so that junctions lie outside."""
    p, q = way.points[-2], way.points[-1]
    end = (round(p[0] + 0.5 * (q[1] - p[1]), 1), round(p[1] - 0.5 * (q[0] - p[0]), 1))
    return Way([p, end], RoadClass.VILLAGE, f"{way.name}支路")


def _ring_road(town: Ring) -> Way:
    """North, east and south of the town; between it and the hills of the west run the rivers."""
    angles = range(290, 290 + 300, 4)
    return Way([polar(angle, 0.83 * town.radius_m(angle)) for angle in angles], RoadClass.COUNTY, "环城公路")


def _expressway(edge: Ring, ground: list[Way]) -> list[Way]:
    """Two carriageways, interchanges, crossovers before and after each county edge, and an end to turn at."""
    (first, _), *inner, (last, _) = EXPRESSWAY_THROUGH
    through = [polar(first, edge.radius_m(first) + metres) for metres in (BEYOND_M, -2500)]
    through += [polar(angle, km * 1000) for angle, km in inner]
    through += [polar(last, edge.radius_m(last) + metres) for metres in (-2500, BEYOND_M)]
    centre = smooth(through)
    total = lengths(centre)[-1]
    inside, outside = BEYOND_M + 1400.0, BEYOND_M - 500.0
    turns = [insert_at(centre, metres) for metres in (outside, inside, total - inside, total - outside)]
    stops = [(name, *_meet(centre, ground, road, angle)) for name, road, angle in INTERCHANGES]
    cuts: list[tuple[Pt, Pt]] = []
    for _, middle, _ in stops:
        along = lengths(centre)[centre.index(middle)]
        cuts.append((insert_at(centre, along - 480.0), insert_at(centre, along + 480.0)))
    there, back = offset(centre, CARRIAGEWAY_M), offset(centre, -CARRIAGEWAY_M)
    ways: list[Way] = []
    for turn in (centre[0], *turns, centre[-1]):
        index = centre.index(turn)
        ways.append(Way([there[index], back[index]], RoadClass.EXPRESSWAY, f"{EXPRESSWAY}掉头口", level=1))
    for (name, middle, way), (before, after) in zip(stops, cuts, strict=True):
        at = lengths(way.points)[way.points.index(middle)]
        sides = sorted(insert_at(way.points, at + metres) for metres in (-260.0, 260.0))
        i, j, k = centre.index(before), centre.index(middle), centre.index(after)
        right = min(sides, key=lambda p: distance_m(p, offset(centre[j - 1 : j + 2], 200.0)[1]))
        left = next(p for p in sides if p != right)
        for a, b in ((there[i], right), (right, there[k]), (back[k], left), (left, back[i])):
            ways.append(Way([a, b], RoadClass.COUNTY, f"{name}匝道", one_way=True, level=1))
    ways.append(Way(there, RoadClass.EXPRESSWAY, EXPRESSWAY, one_way=True, level=1))
    ways.append(Way(back[::-1], RoadClass.EXPRESSWAY, EXPRESSWAY, one_way=True, level=1))
    return ways


def _meet(centre: list[Pt], ground: list[Way], road: str, angle: float) -> tuple[Pt, Way]:
    """Return where the expressway passes over ``road`` near an azimuth, put into both lines, and the road."""
    found: list[tuple[float, int, int, Pt, Way]] = []
    for way in ground:
        if way.name != road:
            continue
        for i in range(len(centre) - 1):
            for j in range(len(way.points) - 1):
                met = crossing(centre[i], centre[i + 1], way.points[j], way.points[j + 1])
                if met is not None:
                    off = abs((azimuth(met[2]) - angle + 180) % 360 - 180)
                    found.append((off, i, j, met[2], way))
    _, i, j, p, way = min(found, key=lambda item: item[:4])
    if p not in centre:
        centre.insert(i + 1, p)
    if p not in way.points:
        way.points.insert(j + 1, p)
    return p, way
