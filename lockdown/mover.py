"""One vehicle that drives along the roads of a graph, for simulated units."""

import heapq
from collections import deque
from dataclasses import dataclass, field

from camera_config.county import Position
from lockdown.graph import Graph
from lockdown.lines import Ints, point_at
from lockdown.reach import Place
from lockdown.times import NEVER_MS


@dataclass(frozen=True, slots=True)
class Step:
    """One road piece to drive, from its start to its end or back."""

    piece: int
    forward: bool


@dataclass(slots=True)
class Mover:
    """Where a vehicle is and what lies ahead. ``along_m`` counts from the piece's start; ``ahead`` follows ``here``.

    ``speed_kmh`` and ``heading_deg`` are those of the last step; a vehicle with nothing ahead stands.
    """

    here: Step
    along_m: float
    ahead: deque[Step] = field(default_factory=deque)
    driving: bool = False
    speed_kmh: float = 0.0
    heading_deg: float = 0.0
    _seen_at: Position | None = None

    def node(self, graph: Graph) -> int:
        """Return the node that the vehicle comes to next, at the end of everything that lies ahead."""
        last = self.ahead[-1] if self.ahead else self.here
        return int(graph.piece_end[last.piece] if last.forward else graph.piece_start[last.piece])

    def follow(self, steps: list[Step]) -> None:
        """Go to the end of the present piece and then along ``steps``."""
        self.ahead = deque(steps)
        self.driving = True

    def drive(self, graph: Graph, seconds: float, factor: float) -> None:
        """Drive on for some seconds at ``factor`` times the speed of each road; stop at the end of what lies ahead."""
        if not self.driving:
            self.speed_kmh = 0.0
            return
        left, driven = seconds, 0.0
        while self.driving and left > 0:
            total, ms = float(graph.piece_m[self.here.piece]), int(graph.piece_ms[self.here.piece])
            m_per_s = factor * (total / ms * 1000 if ms < NEVER_MS else 10 / 3.6)
            remaining = total - self.along_m if self.here.forward else self.along_m
            metres = min(remaining, m_per_s * left)
            self.along_m += metres if self.here.forward else -metres
            driven += metres
            left -= metres / m_per_s
            if metres == remaining:
                self._next(graph)
        self.speed_kmh = driven / seconds * 3.6 if seconds > 0 else 0.0
        self._seen_at, bearing = self._at(graph)
        self.heading_deg = bearing if self.here.forward else (bearing + 180.0) % 360.0

    def position(self, graph: Graph) -> Position:
        """Return where the vehicle is."""
        if self._seen_at is None:
            self._seen_at, _ = self._at(graph)
        return self._seen_at

    def _next(self, graph: Graph) -> None:
        if not self.ahead:
            self.driving = False
            return
        self.here = self.ahead.popleft()
        self.along_m = 0.0 if self.here.forward else float(graph.piece_m[self.here.piece])

    def _at(self, graph: Graph) -> tuple[Position, float]:
        fraction = min(1.0, max(0.0, self.along_m / float(graph.piece_m[self.here.piece])))
        return point_at(graph.piece_shape[self.here.piece], graph.plane, fraction)


def mover_at(place: Place) -> Mover:
    """Return a vehicle that stands at a place, facing along the road."""
    return Mover(Step(place.piece, forward=True), place.along_m, heading_deg=place.bearing_deg)


def way(graph: Graph, start: int, goal: int, within_ms: int) -> list[Step] | None:
    """Return the fastest way between two nodes, None where there is none within ``within_ms``.

    Dijkstra node by node that ends at the goal: made for short legs.
    """
    car = graph.car
    best, before = {start: 0}, dict[int, int]()
    heap, done = [(0, start)], set[int]()
    while heap:
        ms, node = heapq.heappop(heap)
        if node == goal:
            return _steps(graph, before, start, goal)
        if node in done or ms > within_ms:
            continue
        done.add(node)
        for arc in range(car.ptr[node], car.ptr[node + 1]):
            other, further = int(car.head[arc]), ms + int(car.cost[arc])
            if further < best.get(other, NEVER_MS):
                best[other], before[other] = further, arc
                heapq.heappush(heap, (further, other))
    return None


def way_down(graph: Graph, field_ms: Ints, start: int) -> list[Step] | None:
    """Return the fastest way from a node to the post whose field (nodes,) this is; None where there is none."""
    car, steps, node = graph.car, list[Step](), start
    if field_ms[node] >= NEVER_MS:
        return None
    while field_ms[node] > 0:
        arcs = range(car.ptr[node], car.ptr[node + 1])
        arc = min(arcs, key=lambda a: (int(car.cost[a]) + int(field_ms[car.head[a]]), a))
        steps.append(_step(graph, node, arc))
        node = int(car.head[arc])
    return steps


def _steps(graph: Graph, before: dict[int, int], start: int, goal: int) -> list[Step]:
    steps, node = list[Step](), goal
    while node != start:
        arc = before[node]
        piece = int(graph.car.piece[arc])
        forward = int(graph.piece_end[piece]) == node
        steps.append(Step(piece, forward))
        node = int(graph.piece_start[piece] if forward else graph.piece_end[piece])
    return steps[::-1]


def _step(graph: Graph, tail: int, arc: int) -> Step:
    piece = int(graph.car.piece[arc])
    return Step(piece, int(graph.piece_start[piece]) == tail)
