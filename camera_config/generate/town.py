"""The county town's streets: a turned grid cut by the railway and the rivers on its west side."""

import math
import random
from collections.abc import Iterator
from itertools import pairwise

from camera_config.county import RoadClass
from camera_config.generate.plane import Pt, Way, azimuth, distance_m, pt

COLUMNS, ROWS, SPACING_M = 22, 21, 250.0
TURN_DEG = 7.0
RAILWAY_AFTER_ROW, LEVEL_CROSSING_EVERY = 7, 4
RIVER_AFTER_COLUMN, BRIDGE_ROWS = 3, (5, 10, 14)
ONE_WAY_COLUMNS = {9: 1, 10: -1}
"""A pair of one-way streets: column, and 1 for northwards, -1 for southwards."""

_NORTH_SOUTH = (
    "莲河西路", "西城路", "西安街", "莲河街", "滨河路", "西宁街", "光明街", "文化街", "向阳街", "东风路", "团结路",
    "建设街", "府前街", "东兴街", "胜利街", "民主街", "振兴街", "育才街", "东升街", "朝阳街", "工业街", "东环街",
)  # fmt: skip
_EAST_WEST = (
    "南环路", "南站路", "南兴路", "新华路", "站前路", "铁南路", "顺达路", "铁路南街", "铁路北街", "兴隆路", "人民大街",
    "中兴路", "府南路", "府前路", "府北路", "迎春路", "长青路", "永安路", "北山路", "梅花鹿路", "北环路",
)  # fmt: skip

Corner = tuple[int, int]


class Town:
    """Street corners by column (west to east) and row (south to north), and the streets between them."""

    def __init__(self, rng: random.Random) -> None:
        self.corners: dict[Corner, Pt] = {}
        for column in range(COLUMNS):
            for row in range(ROWS):
                x = (column - (COLUMNS - 1) / 2) * SPACING_M
                y = (row - (ROWS - 1) / 2) * SPACING_M
                if (x / 2800.0) ** 2 + (y / 2650.0) ** 2 <= 1:
                    self.corners[column, row] = _turned(x + rng.uniform(-28, 28), y + rng.uniform(-28, 28))
        # A few blocks have no street between them: parks, schools, works.
        self._closed = {edge for edge in sorted(self._edges()) if rng.random() < 0.06 and min(map(min, edge)) > 4}

    def _edges(self) -> Iterator[tuple[Corner, Corner]]:
        for column, row in self.corners:
            for other in ((column + 1, row), (column, row + 1)):
                if other in self.corners:
                    yield (column, row), other

    def _open(self, a: Corner, b: Corner) -> bool:
        if a[1] == RAILWAY_AFTER_ROW < b[1] and a[0] % LEVEL_CROSSING_EVERY != 1:
            return False
        if a[0] == RIVER_AFTER_COLUMN < b[0] and a[1] not in BRIDGE_ROWS:
            return False
        return (a, b) not in self._closed and b in self.corners

    def ways(self) -> list[Way]:
        """Return the streets, each in as few lines as the gaps allow."""
        ways: list[Way] = []
        for column in range(COLUMNS):
            direction = ONE_WAY_COLUMNS.get(column, 0)
            for line in self._runs([(column, row) for row in range(ROWS)]):
                points = line if direction >= 0 else line[::-1]
                ways.append(Way(points, RoadClass.STREET, _NORTH_SOUTH[column], one_way=direction != 0))
        for row in range(ROWS):
            for line in self._runs([(column, row) for column in range(COLUMNS)]):
                ways.append(Way(line, RoadClass.STREET, _EAST_WEST[row]))  # noqa: PERF401
        return ways

    def _runs(self, corners: list[Corner]) -> Iterator[list[Pt]]:
        run: list[Pt] = []
        for a, b in pairwise(corners):
            if a in self.corners and self._open(a, b):
                run = run or [self.corners[a]]
                run.append(self.corners[b])
            else:
                if run:
                    yield run
                run = []
        if run:
            yield run

    def gates(self) -> list[Pt]:
        """Return the outermost corners, seen from the centre, every few degrees."""
        best: dict[int, Pt] = {}
        for p in self.corners.values():
            sector = int(azimuth(p) // 6)
            if sector not in best or distance_m(p, (0, 0)) > distance_m(best[sector], (0, 0)):
                best[sector] = p
        return sorted(best.values())

    def block(self, west: int, east: int, south: int, north: int) -> list[Pt]:
        """Return the outline of a block of corners, half a spacing around it, closed."""
        low_x, high_x = ((c - (COLUMNS - 1) / 2 + d) * SPACING_M for c, d in ((west, -0.5), (east, 0.5)))
        low_y, high_y = ((r - (ROWS - 1) / 2 + d) * SPACING_M for r, d in ((south, -0.5), (north, 0.5)))
        corners = [(low_x, low_y), (high_x, low_y), (high_x, high_y), (low_x, high_y), (low_x, low_y)]
        return [_turned(x, y) for x, y in corners]

    def corners_in(self, west: int, east: int, south: int, north: int) -> list[Pt]:
        """Return the corners of a block, west to east within south to north."""
        keys = [(c, r) for r in range(south, north + 1) for c in range(west, east + 1)]
        return [self.corners[key] for key in keys if key in self.corners]


def _turned(x: float, y: float) -> Pt:
    angle = math.radians(TURN_DEG)
    return pt(x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle))
