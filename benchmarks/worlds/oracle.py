"""What is true: driving times, whether posts can be staffed, and by which roads a ring leaks.

Nothing here comes from ``lockdown`` or ``api``: an own Dijkstra over the true roads in whole numbers, Hall's condition
over every set of posts instead of a matching (Hall 1935: everybody is served exactly when no set of demands asks more
than can serve any of it), and an own search for leaks.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.worlds.land import CLOSED_UM, Land, PostAt, within
from camera_config.county import Blocks, Ring

NS_PER_MS = 1_000_000
OFF_ROAD_NS_PER_MM = 360_000
"""Ten kilometres an hour between a parking place and the road."""

ON_ROAD_MM = 25_000
"""Within this of its line a vehicle is on the road."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a road between two nodes, from ``low`` to ``high`` um; ``ms`` is rounded up, once, here."""

    tail: int
    head: int
    low: int
    high: int
    ms: int
    closed: bool


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on a road. ``onwards``: the vehicle faces the road's end. ``beside_mm`` from the road's line."""

    road: int
    um: int
    onwards: bool
    beside_mm: int = 0


@dataclass(frozen=True, slots=True)
class Able:
    """What a unit truly is: ``delay_s`` None where it cannot go at all; ``stays_s`` None where no shift ends."""

    spot: Spot
    delay_s: int | None
    crew: int
    equipment: tuple[str, ...]
    stays_s: int | None = None


@dataclass(frozen=True, slots=True)
class Asks:
    """Posts that one crew holds, or one post: what it truly takes."""

    ring: Ring
    posts: tuple[str, ...]
    need: int
    setup_s: int
    crew_min: int
    equipment: frozenset[str]


class Truth:
    """The true roads of a land. A vehicle turns round at junctions, at posts and where a road is closed only."""

    def __init__(self, land: Land, closures: Iterable[tuple[int, int]] | None = None) -> None:
        self.land = land
        self.parts: list[list[Part]] = []
        self._nodes = len(land.nodes)
        ends = Counter(end for road in land.roads for end in (road.start, road.end))
        self._crossing = {node: land.junction_ms for node, roads in ends.items() if roads >= 3}
        self._post: dict[str, int] = {}
        closed = list(land.closures if closures is None else closures)
        for road in range(len(land.roads)):
            self.parts.append(self._cut(road, [um for r, um in closed if r == road]))
        self._back: list[list[tuple[int, int]]] = [[] for _ in range(self._nodes)]
        self.leaving: list[list[tuple[int, Part, bool]]] = [[] for _ in range(self._nodes)]
        self.against: list[list[tuple[int, Part, bool]]] = [[] for _ in range(self._nodes)]
        """By node: (road, part, towards the road's end) of what may be driven away from it, and of what may not."""
        for road, parts in enumerate(self.parts):
            for part in parts:
                if not part.closed:
                    self._drive(road, part, part.tail, onwards=True)
                if not part.closed and not land.roads[road].one_way:
                    self._drive(road, part, part.head, onwards=False)
                elif not part.closed:
                    self.against[part.head].append((road, part, False))
        self.to_post = {post: self._times(node) for post, node in self._post.items()}

    def _drive(self, road: int, part: Part, tail: int, *, onwards: bool) -> None:
        head = part.head if onwards else part.tail
        self.leaving[tail].append((road, part, onwards))
        self._back[head].append((tail, part.ms + self._crossing.get(head, 0)))

    def _cut(self, road: int, closed: Sequence[int]) -> list[Part]:
        cuts: list[tuple[int, str, bool]] = [(p.um, p.id, False) for p in self.land.posts if p.road == road]
        for um in closed:
            cuts += [(um - CLOSED_UM // 2, "", True), (um + CLOSED_UM // 2, "", False)]
        made, low, tail, shut = [], 0, self.land.roads[road].start, False
        for um, post, shuts in [*sorted(cuts), (self.land.roads[road].um, "end", False)]:
            head = self.land.roads[road].end if post == "end" else self._nodes
            if post != "end":
                self._nodes += 1
            if post not in {"", "end"}:
                self._post[post] = head
            ns = (um - low) * self.land.roads[road].rate
            made.append(Part(tail, head, low, um, -(-ns // NS_PER_MS), shut))
            low, tail, shut = um, head, shuts
        return made

    def _times(self, target: int) -> dict[int, int]:
        """Return ms from every node from which the police reach ``target``."""
        done: dict[int, int] = {}
        heap = [(0, target)]
        while heap:
            ms, node = heapq.heappop(heap)
            if node in done:
                continue
            done[node] = ms
            for tail, took in self._back[node]:
                if tail not in done:
                    heapq.heappush(heap, (ms + took, tail))
        return done

    def part_at(self, road: int, um: int) -> Part:
        """Return the part of a road that a place lies on."""
        return next(part for part in self.parts[road] if um <= part.high)

    def leaves_by(self, spot: Spot) -> list[tuple[int, int]]:
        """Return (node, um to it) by which a vehicle leaves: the one ahead, or the one at which it stands."""
        part = self.part_at(spot.road, spot.um)
        ends = [(part.tail, spot.um - part.low), (part.head, part.high - spot.um)]
        here = [end for end in ends if end[1] == 0]
        onwards = spot.onwards or self.land.roads[spot.road].one_way
        return here or [ends[1] if onwards else ends[0]]

    def drive_ns(self, spot: Spot, post: str) -> int | None:
        """Return how long the drive to a post takes; None where no way leads there."""
        beside = spot.beside_mm * OFF_ROAD_NS_PER_MM if spot.beside_mm > ON_ROAD_MM else 0
        rate, times = self.land.roads[spot.road].rate, self.to_post[post]
        found = [
            um * rate + (times[n] + (self._crossing.get(n, 0) if um else 0)) * NS_PER_MS
            for n, um in self.leaves_by(spot)
            if n in times
        ]
        return min(found) + beside if found else None

    def staffed_ns(self, unit: Able, asks: Asks) -> int | None:
        """Return when a unit would have staffed what is asked; None where it never does."""
        if unit.delay_s is None or unit.crew < asks.crew_min or not asks.equipment <= set(unit.equipment):
            return None
        longest = 0
        for post in asks.posts:
            drive = self.drive_ns(unit.spot, post)
            if drive is None:
                return None
            longest = max(longest, drive)
        return longest + (unit.delay_s + asks.setup_s) * 1000 * NS_PER_MS


def inner_nodes(land: Land, ring: Ring) -> list[bool]:
    """Say of each junction whether it lies inside the ring's outline."""
    return [within(land.outlines[ring], place) for place in land.nodes]


def leaking(land: Land, ring: Ring, standing: Iterable[str], inner: Sequence[bool] | None = None) -> set[int]:
    """Return the roads by which somebody inside gets out past the posts that stand; he drives against one-way.

    Args:
        land: with its posts; those of other rings stop nobody.
        ring: which is to be left.
        standing: ids of the posts that are staffed.
        inner: as ``inner_nodes``, where it is known already.
    """
    inside, stand = inner_nodes(land, ring) if inner is None else inner, set(standing)
    posts: dict[int, list[PostAt]] = {}
    for post in land.posts:
        if post.ring is ring and post.id in stand:
            posts.setdefault(post.road, []).append(post)
    found = set()
    for r, road in enumerate(land.roads):
        for near, far, onwards in ((road.start, road.end, True), (road.end, road.start, False)):
            held = any(_stops(post.blocks, out=post.out_is_end is onwards) for post in posts.get(r, ()))
            if inside[near] and not inside[far] and not held:
                found.add(r)
    return found


def _stops(blocks: Blocks, *, out: bool) -> bool:
    return blocks is Blocks.BOTH or blocks is (Blocks.OUT if out else Blocks.IN)


def asked(land: Land) -> tuple[Asks, ...]:
    """Return what the posts ask; those of a group ask together, the strictest of each."""
    groups: dict[str, list[int]] = {}
    for n, post in enumerate(land.posts):
        groups.setdefault(post.group or post.id, []).append(n)
    return tuple(_strictest([land.posts[n] for n in members]) for members in groups.values())


def _strictest(posts: Sequence[PostAt]) -> Asks:
    return Asks(
        posts[0].ring,
        tuple(p.id for p in posts),
        max(p.need for p in posts),
        max(p.setup_s for p in posts),
        max(p.crew_min for p in posts),
        frozenset(thing for p in posts for thing in p.equipment),
    )


def enough(masks: Sequence[int], needs: Sequence[int]) -> bool:
    """Say whether every demand can be given as many units as it needs: no set of demands asks more than serve it."""
    union, total = [0] * (1 << len(needs)), [0] * (1 << len(needs))
    for chosen in range(1, 1 << len(needs)):
        last = chosen.bit_length() - 1
        rest = chosen ^ (1 << last)
        union[chosen], total[chosen] = union[rest] | masks[last], total[rest] + needs[last]
        if union[chosen].bit_count() < total[chosen]:
            return False
    return True
