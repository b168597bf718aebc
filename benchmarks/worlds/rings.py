"""Rings that are closed, and what is planted in them: posts that are gone or turned, roads that nobody thought of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import cos, hypot, radians
from random import Random

from benchmarks.worlds.land import M_PER_DEG, RATES, UM, Land, Point, PostAt, Road, draw_land
from benchmarks.worlds.oracle import inner_nodes
from camera_config.county import Blocks, County, Ring, RoadClass, Roads

TRACK = tuple(RoadClass).index(RoadClass.TRACK)
LONGEST_M = 20_000.0
"""No planted road is longer."""


@dataclass(frozen=True)
class Planted:
    """A land whose rings leak by ``leaks`` and nothing else, once ``gone`` posts are gone; each with its kind."""

    land: Land
    inner: Mapping[Ring, list[bool]]
    leaks: Mapping[tuple[Ring, int], str]
    gone: frozenset[str] = frozenset()

    @property
    def standing(self) -> list[str]:
        """Return the posts that are left."""
        return [post.id for post in self.land.posts if post.id not in self.gone]


def closed_land(random: Random) -> Planted:
    """Return a drawn land with a post on every road that leaves a ring."""
    land = draw_land(random, closed=True)
    return Planted(land, {ring: inner_nodes(land, ring) for ring in Ring}, {})


def closed_county(random: Random, county: County) -> Planted:
    """Return the roads and rings of a county, with invented posts on every road that leaves a ring."""
    lat, lon = county.centre.lat, county.centre.lon

    def metres(place_lat: float, place_lon: float) -> Point:
        return (place_lon - lon) * cos(radians(lat)) * M_PER_DEG, (place_lat - lat) * M_PER_DEG

    roads = tuple(_road(county.roads, r, metres) for r in range(len(county.roads.start)))
    nodes = tuple(metres(float(a), float(b)) for a, b in zip(county.roads.node_lat, county.roads.node_lon, strict=True))
    outlines = {area.ring: tuple(metres(p.lat, p.lon) for p in area.outline) for area in county.rings}
    land = Land(lat, lon, nodes, roads, (), (), outlines)
    inner = {ring: inner_nodes(land, ring) for ring in outlines}
    posts = []
    for ring, inside in inner.items():
        for r, road in enumerate(roads):
            if inside[road.start] != inside[road.end]:
                blocks = Blocks.OUT if inside[road.start] and random.random() < 0.5 else Blocks.BOTH
                um = int(road.um * random.uniform(0.3, 0.7))
                posts.append(PostAt(f"{ring.value}-{r}", ring, r, um, inside[road.start], blocks, 1, 60, 2, ()))
    return Planted(replace(land, posts=tuple(posts)), inner, {})


def _road(roads: Roads, r: int, metres: Callable[[float, float], Point]) -> Road:
    line = tuple(metres(float(lat), float(lon)) for lat, lon in roads.shape[r])
    um = max(1, round(float(roads.length_m[r]) * UM))
    return Road(int(roads.start[r]), int(roads.end[r]), um, int(roads.road_class[r]), bool(roads.one_way[r]), line)


def with_roads(random: Random, ringed: Planted) -> Planted:
    """Add up to three roads across a ring, half of them one way against him, and as many that leave nothing."""
    land, leaks = ringed.land, dict(ringed.leaks)
    roads = list(land.roads)
    for _ in range(random.randint(0, 3)):
        inside = ringed.inner[random.choice(tuple(ringed.inner))]
        ends = [(r.start, r.end) if inside[r.start] else (r.end, r.start) for r in land.roads
                if inside[r.start] != inside[r.end]]  # fmt: skip
        if not ends:
            continue
        inner, near = random.choice(ends)[0], random.choice(ends)[1]
        outer = random.choice([near, *random.sample([n for n, within in enumerate(inside) if not within], 2)])
        road = _new_road(random, land, roads, (inner, outer) if random.random() < 0.5 else (outer, inner))
        if road is not None:
            kind = "against one-way" if road.one_way and road.end == inner else "track"
            leaks |= {(ring, len(roads)): kind for ring, within in ringed.inner.items()
                      if within[road.start] != within[road.end]}  # fmt: skip
            roads.append(road)
    for _ in range(random.randint(0, 2)):
        sides = [tuple(within[n] for within in ringed.inner.values()) for n in range(len(land.nodes))]
        start = random.randrange(len(land.nodes))
        same = [n for n in range(len(land.nodes)) if n != start and sides[n] == sides[start]]
        road = _new_road(random, land, roads, (start, random.choice(same))) if same else None
        if road is not None:
            roads.append(road)
    return replace(ringed, land=replace(land, roads=tuple(roads)), leaks=leaks)


def _new_road(random: Random, land: Land, roads: list[Road], ends: tuple[int, int]) -> Road | None:
    """Return a straight road; None where one lies there already, for nobody could say on which a post stands."""
    (ax, ay), (bx, by) = (land.nodes[n] for n in ends)
    away = hypot(bx - ax, by - ay)
    joined = any({road.start, road.end} == set(ends) for road in roads)
    if joined or not 1.0 < away < LONGEST_M:
        return None
    road_class = TRACK if random.random() < 0.7 else random.randrange(len(RATES))
    return Road(*ends, int(away) * UM + UM, road_class, random.random() < 0.5, ((ax, ay), (bx, by)))


def with_turned(random: Random, ringed: Planted) -> Planted:
    """Let up to one post stop those who come in, and nobody else."""
    two_way = [n for n, post in enumerate(ringed.land.posts) if not ringed.land.roads[post.road].one_way]
    if not two_way or random.random() < 0.5:
        return ringed
    n = random.choice(two_way)
    posts = list(ringed.land.posts)
    posts[n] = replace(posts[n], blocks=Blocks.IN)
    leaks = {**ringed.leaks, (posts[n].ring, posts[n].road): "turned post"}
    return replace(ringed, land=replace(ringed.land, posts=tuple(posts)), leaks=leaks)


def with_gone(random: Random, ringed: Planted) -> Planted:
    """Let up to four posts be gone; in one of five worlds none is."""
    posts = ringed.land.posts
    count = 0 if random.random() < 0.2 else random.randint(1, min(4, len(posts)))
    gone = random.sample(posts, count)
    leaks = {**{(post.ring, post.road): "post gone" for post in gone}, **ringed.leaks}
    return replace(ringed, leaks=leaks, gone=frozenset(post.id for post in gone))
