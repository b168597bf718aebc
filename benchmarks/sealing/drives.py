"""Units that drive about a town's roads and report every few seconds."""

from dataclasses import replace
from random import Random

from camera_config.county import Position, UnitStatus
from camera_config.ids import UnitId
from lockdown.graph import Graph
from lockdown.lines import point_at
from lockdown.times import NEVER_MS
from lockdown.units import UnitNow

EVERY_S = 10.0


class Driving:
    """``move`` has one unit after the other report: where it is after ``EVERY_S``, at the speed of its road."""

    def __init__(self, graph: Graph, count: int, seed: int) -> None:
        self._graph, self._random, self._turn = graph, Random(seed), 0
        self._open = [n for n, ms in enumerate(graph.piece_ms.tolist()) if ms < NEVER_MS]
        self._at = [[self._random.choice(self._open), self._random.random(), 1.0] for _ in range(count)]
        self.units = [self._seen(n, 0.0) for n in range(count)]

    def move(self) -> UnitNow:
        """Return the next unit as it reports."""
        n = self._turn = (self._turn + 1) % len(self.units)
        piece, share, way = self._at[n]
        left_ms = EVERY_S * 1000
        while left_ms > 0:
            whole_ms = float(self._graph.piece_ms[int(piece)])
            ahead = (1.0 - share if way > 0 else share) * whole_ms
            if ahead > left_ms:
                share += way * left_ms / whole_ms
                break
            left_ms -= ahead
            piece, share, way = self._onward(int(piece), way)
        self._at[n] = [piece, share, way]
        speed = float(self._graph.piece_m[int(piece)]) / float(self._graph.piece_ms[int(piece)]) * 3600
        self.units[n] = self._seen(n, speed)
        return self.units[n]

    def _onward(self, piece: int, way: float) -> tuple[int, float, float]:
        graph = self._graph
        node = int(graph.piece_end[piece] if way > 0 else graph.piece_start[piece])
        arcs = range(int(graph.car.ptr[node]), int(graph.car.ptr[node + 1]))
        ways = [int(graph.car.piece[arc]) for arc in arcs]
        if not ways:
            return self._random.choice(self._open), 0.5, 1.0
        others = [other for other in ways if other != piece] or ways
        onto = self._random.choice(others)
        forward = int(graph.piece_start[onto]) == node
        return onto, 0.0 if forward else 1.0, 1.0 if forward else -1.0

    def _seen(self, n: int, speed_kmh: float) -> UnitNow:
        piece, share, way = self._at[n]
        place, bearing = point_at(self._graph.piece_shape[int(piece)], self._graph.plane, float(share))
        gps = 4e-5  # degrees, about four metres
        position = Position(place.lat + self._random.gauss(0, gps), place.lon + self._random.gauss(0, gps))
        unit = UnitNow(UnitId(f"u{n:03d}"), 2, (), UnitStatus.PATROL, position, self._random.randint(200, 3_000))
        heading = bearing if way > 0 else (bearing + 180.0) % 360.0
        return replace(unit, speed_kmh=speed_kmh, heading_deg=heading if speed_kmh else None)
