"""Roads drawn by hand or at random, for the planner's tests. Distances are metres east and north of a corner."""

from collections.abc import Sequence
from math import cos, hypot, radians
from random import Random

import numpy as np

from camera_config.county import ROAD_CLASSES, Blocks, Position, Post, Ring, RoadClass, Roads, UnitStatus
from camera_config.ids import PostId, UnitId
from lockdown.units import UnitNow

LAT, LON = 42.68, 125.53
M_PER_DEG = 6_371_008.8 * np.pi / 180
SPEEDS = dict(zip(ROAD_CLASSES, (95.0, 65.0, 58.0, 50.0, 36.0, 28.0, 15.0), strict=True))

Point = tuple[float, float]
Piece = tuple[int, int, RoadClass, bool]


def at(east_m: float, north_m: float) -> Position:
    return Position(LAT + north_m / M_PER_DEG, LON + east_m / M_PER_DEG / cos(radians(LAT)))


def roads(points: Sequence[Point], pieces: Sequence[Piece], names: Sequence[str] | None = None) -> Roads:
    """Return straight roads: (start, end, class, one way) between points."""
    places = [at(*point) for point in points]
    shapes = tuple(np.array([[places[a].lat, places[a].lon], [places[b].lat, places[b].lon]]) for a, b, _, _ in pieces)
    return Roads(
        node_lat=np.array([p.lat for p in places]),
        node_lon=np.array([p.lon for p in places]),
        start=np.array([a for a, _, _, _ in pieces], np.int32),
        end=np.array([b for _, b, _, _ in pieces], np.int32),
        length_m=np.array([hypot(points[a][0] - points[b][0], points[a][1] - points[b][1]) for a, b, _, _ in pieces]),
        road_class=np.array([ROAD_CLASSES.index(c) for _, _, c, _ in pieces], np.int8),
        one_way=np.array([w for _, _, _, w in pieces], np.bool_),
        name=tuple(names or [f"road-{i}" for i in range(len(pieces))]),
        shape=shapes,
    )


def random_roads(random: Random, side: int = 5, step_m: float = 400.0, doubled: int = 2) -> Roads:
    """Return a bent grid with some pieces missing, some one way, of all classes, and a few doubled."""
    points = [
        (x * step_m + random.uniform(-90, 90), y * step_m + random.uniform(-90, 90))
        for x in range(side)
        for y in range(side)
    ]
    pairs = [(x * side + y, (x + 1) * side + y) for x in range(side - 1) for y in range(side)]
    pairs += [(x * side + y, x * side + y + 1) for x in range(side) for y in range(side - 1)]
    kept = [pair for pair in pairs if random.random() < 0.9]
    kept += random.sample(kept, doubled)
    pieces = [
        (*(pair if random.random() < 0.5 else pair[::-1]), random.choice(ROAD_CLASSES), random.random() < 0.25)
        for pair in kept
    ]
    return roads(points, pieces)


def on(r: Roads, road: int, share: float) -> tuple[Position, float]:
    """Return the place at a share of a straight road and the road's bearing."""
    (lat0, lon0), (lat1, lon1) = r.shape[road]
    east, north = (lon1 - lon0) * cos(radians(LAT)), lat1 - lat0
    bearing = float(np.degrees(np.arctan2(east, north)) % 360)
    return Position(lat0 + share * (lat1 - lat0), lon0 + share * (lon1 - lon0)), bearing


def post(
    name: str,
    position: Position,
    bearing_deg: float,
    *,
    ring: Ring = Ring.TOWN,
    blocks: Blocks = Blocks.BOTH,
    need: int = 1,
    deadline_s: int = 900,
    setup_s: int = 60,
    crew_min: int = 2,
    equipment: tuple[str, ...] = (),
    group: str | None = None,
    one_crew: bool = False,
) -> Post:
    return Post(
        PostId(name), name, ring, position, bearing_deg, blocks, "", deadline_s, need, crew_min, equipment, setup_s,
        group, one_crew, None,
    )  # fmt: skip


def posts_on(r: Roads, random: Random, count: int, deadline_s: int = 900) -> list[Post]:
    """Return posts in the middle of different roads, far enough apart to be told from each other."""
    made = []
    for n, road in enumerate(random.sample(range(len(r.start) - 2), count)):
        position, bearing = on(r, road, random.uniform(0.3, 0.7))
        ring = random.choice(list(Ring))
        made.append(post(f"p{n}", position, bearing, ring=ring, deadline_s=deadline_s, need=random.choice([1, 1, 2])))
    return made


def unit(name: str, position: Position | None, **more: object) -> UnitNow:
    """Return a fresh, standing, available unit with a crew of two; ``more`` overrides."""
    values: dict[str, object] = {
        "id": UnitId(name),
        "crew": 2,
        "equipment": (),
        "status": UnitStatus.AVAILABLE,
        "position": position,
        "seen_age_ms": None if position is None else 1000,
        **more,
    }
    return UnitNow(**values)  # type: ignore[arg-type]
