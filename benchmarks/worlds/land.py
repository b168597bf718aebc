"""A small county drawn at random, in whole numbers: junctions, roads, posts, closures, rings.

Lengths along roads are whole micrometres and driving is whole nanoseconds a micrometre (that is milliseconds a metre),
so that every time is exact. Roads are whole metres long; posts lie 3 or 7 mm beside a whole metre, so that no part of a
road takes a whole number of milliseconds and rounding up is never a question of the last bit of a float.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import atan2, cos, degrees, hypot, pi, radians
from random import Random

from camera_config.county import ROAD_CLASSES, Blocks, Ring

M_PER_DEG = 6_371_008.8 * pi / 180
"""Metres in one degree of latitude on the mean sphere (IUGG mean radius)."""

UM = 1_000_000
RATES = (40, 50, 60, 80, 100, 120, 200)
"""Milliseconds a metre by class, in the order of ``ROAD_CLASSES``: 90, 72, 60, 45, 36, 30 and 18 km/h."""

CLOSED_UM = 20_000
"""Length of the closed part of a road; nobody stands there."""

MOST_POSTS = 4
"""Of one ring; where more roads cross it, some are left without, and the ring leaks."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Road:
    """From junction ``start`` to ``end``, ``um`` long, ``rate`` ns a micrometre; ``line`` is metres east and north."""

    start: int
    end: int
    um: int
    road_class: int
    one_way: bool
    line: tuple[Point, ...]

    @property
    def rate(self) -> int:
        """Return nanoseconds a micrometre."""
        return RATES[self.road_class]


@dataclass(frozen=True, slots=True)
class PostAt:
    """A post at ``um`` along a road; ``out_is_end``: who drives out comes from the road's start."""

    id: str
    ring: Ring
    road: int
    um: int
    out_is_end: bool
    blocks: Blocks
    need: int
    setup_s: int
    crew_min: int
    equipment: tuple[str, ...]
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Land:
    """Everything that does not move. ``outlines`` are closed, in metres; ``closures`` are (road, middle in um).

    ``junction_ms`` is what the police lose at each junction of three roads or more that they come to.
    """

    lat: float
    lon: float
    nodes: tuple[Point, ...]
    roads: tuple[Road, ...]
    posts: tuple[PostAt, ...]
    closures: tuple[tuple[int, int], ...]
    outlines: dict[Ring, tuple[Point, ...]]
    junction_ms: int = 0

    def degrees(self, point: Point) -> tuple[float, float]:
        """Return latitude and longitude of metres east and north."""
        return self.lat + point[1] / M_PER_DEG, self.lon + point[0] / M_PER_DEG / cos(radians(self.lat))

    def at(self, road: int, um: int) -> tuple[Point, float]:
        """Return the place so far along a road, and the road's bearing there, degrees."""
        line = self.roads[road].line
        steps = [hypot(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(line)]
        left = um / self.roads[road].um * sum(steps)
        for (a, b), step in zip(pairwise(line), steps, strict=True):
            if left <= step or b == line[-1]:
                share = min(1.0, left / step)
                bearing = degrees(atan2(b[0] - a[0], b[1] - a[1])) % 360
                return (a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])), bearing
            left -= step
        raise ValueError("a road without a line")


def draw_land(random: Random, *, closed: bool = False) -> Land:
    """Return a bent grid of 12 to 45 junctions with two rings and their posts; most rings are closed, or all."""
    across, up = random.randint(4, 9), random.randint(3, 5)
    step = random.uniform(250.0, 900.0)
    nodes = _nodes(random, across, up, step)
    roads = _roads(random, nodes, across, up)
    column, row = random.randrange(1, across - 1), random.randrange(1, up - 1)
    wide, cut = random.choice([0, 0, 1]), random.randrange(1, across - 1)
    middle = (_corner(nodes, across, up, step), step)
    outlines = {
        Ring.TOWN: _box(middle, (column - 0.5, row - 0.5), (min(column + wide, across - 2) + 0.5, row + 0.5)),
        Ring.COUNTY: _box(middle, (-2.0, -2.0), (cut + 0.5, up + 2.0)),
    }
    posts: list[PostAt] = []
    for ring, outline in outlines.items():
        taken = [p.road for p in posts]
        posts += _posts(random, ring, taken, roads, _crossing(nodes, roads, outline), closed=closed)
    closures = []
    if random.random() < 0.5:
        free = [r for r, road in enumerate(roads) if road.um >= 60 * UM and r not in {p.road for p in posts}]
        picked = random.choice(free)
        closures.append((picked, random.randrange(20, roads[picked].um // UM - 20) * UM + 3_000))
        held = [p for p in posts if roads[p.road].um >= 120 * UM]
        if held and random.random() < 0.3:
            post = random.choice(held)
            beside = [um for um in (post.um + 33_004_000, post.um - 32_996_000) if 20 * UM < um < roads[post.road].um]
            closures = [(post.road, um) for um in beside[:1] if um < roads[post.road].um - 20 * UM] or closures
    lat, lon = random.choice([(42.68, 125.53), (43.82, 87.61)])
    junction_ms = random.choice([0, 0, 3000, 7001])
    return Land(lat, lon, nodes, tuple(roads), tuple(posts), tuple(closures), outlines, junction_ms)


def within(outline: tuple[Point, ...], point: Point) -> bool:
    """Say whether a place lies inside a closed outline, by how often the outline winds around it."""
    turns = 0
    for (ax, ay), (bx, by) in pairwise(outline):
        left = (bx - ax) * (point[1] - ay) - (by - ay) * (point[0] - ax)
        if ay <= point[1] < by and left > 0:
            turns += 1
        elif by <= point[1] < ay and left < 0:
            turns -= 1
    return turns != 0


def _nodes(random: Random, across: int, up: int, step: float) -> tuple[Point, ...]:
    bend = 0.18 * step
    raw = [
        (x * step + random.uniform(-bend, bend), y * step + random.uniform(-bend, bend))
        for x in range(across)
        for y in range(up)
    ]
    east, north = (sum(p[k] for p in raw) / len(raw) for k in (0, 1))
    return tuple((x - east, y - north) for x, y in raw)


def _corner(nodes: tuple[Point, ...], across: int, up: int, step: float) -> Point:
    """Return about where the grid's first point would be without its bends."""
    east = sum(p[0] - (n // up) * step for n, p in enumerate(nodes)) / (across * up)
    north = sum(p[1] - (n % up) * step for n, p in enumerate(nodes)) / (across * up)
    return east, north


def _roads(random: Random, nodes: tuple[Point, ...], across: int, up: int) -> list[Road]:
    pairs = [(x * up + y, (x + 1) * up + y) for x in range(across - 1) for y in range(up)]
    pairs += [(x * up + y, x * up + y + 1) for x in range(across) for y in range(up - 1)]
    pairs = [pair for pair in pairs if random.random() < 0.92]
    pairs += [
        (x * up + y, (x + 1) * up + y + 1) for x in range(across - 1) for y in range(up - 1) if random.random() < 0.06
    ]
    made = []
    for a, b in pairs:
        start, end = (a, b) if random.random() < 0.5 else (b, a)
        (ax, ay), (bx, by) = nodes[start], nodes[end]
        line: tuple[Point, ...] = (nodes[start], nodes[end])
        if random.random() < 0.3:
            share, aside = random.uniform(0.3, 0.7), random.uniform(-0.12, 0.12)
            bend = (ax + share * (bx - ax) - aside * (by - ay), ay + share * (by - ay) + aside * (bx - ax))
            line = (nodes[start], bend, nodes[end])
        drawn = sum(hypot(q[0] - p[0], q[1] - p[1]) for p, q in pairwise(line))
        um = int(drawn * random.uniform(1.0, 1.15)) * UM + UM
        made.append(Road(start, end, um, random.randrange(len(ROAD_CLASSES)), random.random() < 0.15, line))
    return made


def _box(middle: tuple[Point, float], low: Point, high: Point) -> tuple[Point, ...]:
    (east, north), step = middle
    (x0, y0), (x1, y1) = ((east + x * step, north + y * step) for x, y in (low, high))
    return ((x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0))


def _crossing(nodes: tuple[Point, ...], roads: list[Road], outline: tuple[Point, ...]) -> list[tuple[int, bool]]:
    """Return (road, whether its start is inside) for each road that leads from inside to outside."""
    inner = [within(outline, node) for node in nodes]
    return [(r, inner[road.start]) for r, road in enumerate(roads) if inner[road.start] != inner[road.end]]


def _posts(
    random: Random, ring: Ring, taken: list[int], roads: list[Road], crossing: list[tuple[int, bool]], *, closed: bool
) -> list[PostAt]:
    random.shuffle(crossing)
    kept = crossing if closed else crossing[:MOST_POSTS]
    if not closed and len(kept) > 1 and random.random() < 0.12:
        kept.pop()
    made = []
    for n, (road, out_is_end) in enumerate(kept):
        against = roads[road].one_way and not out_is_end
        blocks = Blocks.BOTH if against or random.random() < 0.4 else Blocks.OUT
        if not closed and not roads[road].one_way and random.random() < 0.03:
            blocks = Blocks.IN
        low, high = 12, roads[road].um // UM - 12
        um = random.randrange(low, high) * UM + (7_000 if road in taken else 3_000)
        need = random.choice([1, 1, 1, 2])
        crew, things = random.choice([2, 2, 2, 3]), random.choice([(), (), (), ("stinger",)])
        setup_s = random.choice([60, 60, 300])
        made.append(PostAt(f"{ring.value}-{n}", ring, road, um, out_is_end, blocks, need, setup_s, crew, things))
    if len(made) > 2 and random.random() < 0.25:
        made[:2] = [_joined(post, f"{ring.value}-pair") for post in made[:2]]
    return made


def _joined(post: PostAt, group: str) -> PostAt:
    return PostAt(
        post.id, post.ring, post.road, post.um, post.out_is_end, post.blocks, post.need, post.setup_s, post.crew_min,
        post.equipment, group,
    )  # fmt: skip
