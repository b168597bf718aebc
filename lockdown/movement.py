"""Simulated units: they patrol, stand, go on calls, fall silent and go off duty, the same way for the same seed.

For simulators and drills; nothing here says where a real unit is. Time is virtual: ``step`` moves it on.
"""

from dataclasses import dataclass
from random import Random

from camera_config.county import County, PatrolRoute, Position, Unit, UnitStatus
from camera_config.ids import PostId, UnitId
from lockdown.fields import Fields, post_fields
from lockdown.graph import Graph
from lockdown.lines import distance_m
from lockdown.mover import Mover, mover_at, way, way_down
from lockdown.reach import snap

PATROL_FACTOR = 0.7
"""A patrol drives slower than the road allows, to be seen."""

LEG_MS = 10 * 60_000
"""A leg of a patrol route that takes longer than this is left out."""

STOP_CHANCE = 0.3
"""Share of the points of a patrol route at which a patrol stops for a while."""

HORIZON_S = 3600.0
"""Troubles are drawn for this long after the start; afterwards nothing happens any more."""


@dataclass(frozen=True, slots=True)
class Day:
    """What kind of day a seed is.

    Troubles an hour over all units, and the most units that one of them takes: a large incident draws the nearest
    units to it, a dead radio mast silences those around it. ``ends`` are shifts that end, an hour.
    """

    name: str
    weight: float
    calls: float
    call_units: int
    silences: float
    silence_units: int
    ends: float


DAYS = (
    Day("quiet", 0.25, 2.0, 1, 1.0, 1, 0.0),
    Day("usual", 0.25, 10.0, 2, 6.0, 2, 1.0),
    Day("large incident", 0.25, 30.0, 24, 3.0, 1, 2.0),
    Day("dead mast", 0.25, 6.0, 2, 14.0, 18, 0.0),
)


@dataclass(frozen=True, slots=True)
class PositionReport:
    """What a unit's device sends. ``at`` is unix seconds of the measurement."""

    unit: UnitId
    lat: float
    lon: float
    at: float
    speed_kmh: float
    heading_deg: float | None
    status: UnitStatus
    drill: bool = False


@dataclass(frozen=True, slots=True)
class _Trouble:
    start_s: float
    end_s: float
    kind: str


@dataclass(slots=True)
class _Actor:
    unit: Unit
    mover: Mover
    random: Random
    points: tuple[int, ...]
    troubles: tuple[_Trouble, ...]
    lag_s: float
    next_point: int = 0
    stop_s: float = 0.0
    factor: float = 1.0
    post: PostId | None = None
    wait_s: float = 0.0
    arrived: bool = False
    in_trouble: frozenset[str] = frozenset()


class Fleet:
    """All units of a county on the move. The same seed and the same steps give the same reports."""

    def __init__(self, graph: Graph, county: County, seed: int, *, fields: Fields | None = None) -> None:
        """Put every unit at its home; patrols take the routes in order. ``fields`` spares computing them again."""
        self._graph = graph
        self._fields = fields or post_fields(graph, county.posts)
        self._now_s = 0.0
        self.day = Random(f"day {seed}").choices(DAYS, [d.weight for d in DAYS])[0]
        patrols = [unit.id for unit in county.units if unit.status is UnitStatus.PATROL]
        route_of = dict(zip(patrols, county.routes, strict=False))
        troubles = _draw_troubles(self.day, county.units, Random(f"troubles {seed}"))
        self._actors: dict[UnitId, _Actor] = {}
        for unit in county.units:
            place = snap(graph, unit.home)
            if place is None:
                raise ValueError(f"unit {unit.id}: its home is not near a road")
            random = Random(f"unit {seed} {unit.id}")
            route = route_of.get(unit.id)
            points = _points(graph, route) if route else ()
            actor = _Actor(unit, mover_at(place), random, points, troubles[unit.id], random.uniform(0.1, 1.5))
            actor.next_point = random.randrange(len(points)) if points else 0
            self._actors[unit.id] = actor

    def step(self, dt_s: float) -> None:
        """Move everyone on by ``dt_s`` seconds."""
        self._now_s += dt_s
        for actor in self._actors.values():
            if actor.troubles or actor.in_trouble:
                now = (t.kind for t in actor.troubles if t.start_s <= self._now_s < t.end_s)
                actor.in_trouble = frozenset(now)
            self._decide(actor, dt_s)
            actor.mover.drive(self._graph, dt_s, actor.factor)
            if actor.post is not None and actor.wait_s <= 0 and not actor.mover.driving:
                actor.arrived = True

    def reports(self, now: float) -> list[PositionReport]:
        """Return what reaches the centre at ``now`` (unix seconds): nothing from units that are silent."""
        return [self._report(a, now) for a in self._actors.values() if "silent" not in a.in_trouble]

    def send(self, unit: UnitId, post: PostId, delay_s: float = 0.0) -> None:
        """Let a unit drive to a post by the fastest way, after ``delay_s``; its troubles are over.

        Raises:
            ValueError: an unknown unit or post, or no way there.
        """
        actor = self._actors.get(unit)
        if actor is None or post not in self._fields.posts:
            raise ValueError(f"unit {unit} or post {post} is not in the county")
        row = self._fields.posts.index(post)
        steps = way_down(self._graph, self._fields.ms[row], _ahead(self._graph, actor.mover))
        if steps is None:
            raise ValueError(f"unit {unit} has no way to post {post}")
        actor.post, actor.wait_s, actor.arrived = post, delay_s, False
        actor.troubles, actor.in_trouble = (), frozenset()
        actor.factor = min(1.1, max(0.7, actor.random.gauss(1.0, 0.1)))
        actor.mover.follow(steps)
        actor.mover.driving = delay_s <= 0

    def arrivals(self) -> dict[UnitId, PostId]:
        """Return which of the units sent stand at their posts."""
        return {unit: a.post for unit, a in self._actors.items() if a.arrived and a.post is not None}

    def position(self, unit: UnitId) -> Position:
        """Return where a unit truly is, silent or not."""
        return self._actors[unit].mover.position(self._graph)

    def _decide(self, actor: _Actor, dt_s: float) -> None:
        if actor.post is not None:
            if actor.wait_s > 0:
                actor.wait_s -= dt_s
                actor.mover.driving = actor.wait_s <= 0
            return
        if actor.in_trouble & {"call", "off_duty"}:
            actor.mover.driving = False
            return
        if not actor.points or actor.mover.driving:
            return
        if actor.stop_s > 0:
            actor.stop_s -= dt_s
            return
        if actor.mover.ahead:
            actor.mover.driving = True
            return
        self._next_leg(actor)

    def _next_leg(self, actor: _Actor) -> None:
        goal = actor.points[actor.next_point % len(actor.points)]
        actor.next_point += 1
        steps = way(self._graph, _ahead(self._graph, actor.mover), goal, LEG_MS)
        if steps is None:
            return
        actor.factor = PATROL_FACTOR * min(1.3, max(0.6, actor.random.gauss(1.0, 0.15)))
        if actor.random.random() < STOP_CHANCE:
            actor.stop_s = actor.random.uniform(5.0, 45.0)
        actor.mover.follow(steps)

    def _report(self, actor: _Actor, now: float) -> PositionReport:
        position = actor.mover.position(self._graph)
        status = actor.unit.status
        if "call" in actor.in_trouble:
            status = UnitStatus.ON_CALL
        if "off_duty" in actor.in_trouble:
            status = UnitStatus.OFF_DUTY
        return PositionReport(
            unit=actor.unit.id,
            lat=round(position.lat, 6),
            lon=round(position.lon, 6),
            at=now - actor.lag_s,
            speed_kmh=round(actor.mover.speed_kmh, 1),
            heading_deg=round(actor.mover.heading_deg, 1) if actor.mover.driving else None,
            status=status,
        )


def _ahead(graph: Graph, mover: Mover) -> int:
    """Return the node at the end of the piece that the vehicle is on."""
    piece = mover.here.piece
    return int(graph.piece_end[piece] if mover.here.forward else graph.piece_start[piece])


def _points(graph: Graph, route: PatrolRoute) -> tuple[int, ...]:
    """Return the junctions nearest to the points of a patrol route, without repeats in a row."""
    nodes: list[int] = []
    for point in route.line:
        place = snap(graph, point)
        if place is None:
            continue
        at_end = place.along_m * 2 > graph.piece_m[place.piece]
        node = int(graph.piece_end[place.piece] if at_end else graph.piece_start[place.piece])
        if not nodes or nodes[-1] != node:
            nodes.append(node)
    return tuple(nodes)


def _draw_troubles(day: Day, units: tuple[Unit, ...], random: Random) -> dict[UnitId, tuple[_Trouble, ...]]:
    drawn: dict[UnitId, list[_Trouble]] = {unit.id: [] for unit in units}
    kinds = (
        ("call", day.calls, day.call_units, (180.0, 720.0)),
        ("silent", day.silences, day.silence_units, (150.0, 480.0)),
        ("off_duty", day.ends, 1, (HORIZON_S, HORIZON_S)),
    )
    for kind, an_hour, most, (shortest_s, longest_s) in kinds:
        at_s = random.expovariate(an_hour / 3600.0) if an_hour > 0 else HORIZON_S
        while at_s < HORIZON_S:
            centre = random.choice(units).home
            nearest = [unit for _, _, unit in sorted((distance_m(u.home, centre), u.id, u) for u in units)]
            trouble = _Trouble(at_s, at_s + random.uniform(shortest_s, longest_s), kind)
            for unit in nearest[: random.randint((most + 1) // 2, most)]:
                drawn[unit.id].append(trouble)
            at_s += random.expovariate(an_hour / 3600.0)
    return {unit: tuple(troubles) for unit, troubles in drawn.items()}
