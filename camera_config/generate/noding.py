"""From drawn ways to roads between junctions: where ways cross or share a point, a junction stands."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from camera_config.county import RoadClass
from camera_config.generate.plane import Pt, Way, crossing, distance_m

_CELL_M = 250.0
_SNAP_M = 12.0
"""A loose end so near to another way joins it."""


@dataclass(slots=True)
class Piece:
    """A road between two junctions, its first and last point."""

    points: list[Pt]
    kind: RoadClass
    name: str
    one_way: bool


def to_pieces(ways: Sequence[Way]) -> list[Piece]:
    """Return the largest connected part of the net, in the order of the ways. The ways' points are added to."""
    _join_ends(ways)
    _cross(ways)
    met: Counter[Pt] = Counter()
    for way in ways:
        met.update(way.points)
        met.update((way.points[0], way.points[-1]))
    pieces: list[Piece] = []
    known: set[tuple[Pt, ...]] = set()
    for way in ways:
        start = 0
        for index in range(1, len(way.points)):
            if met[way.points[index]] > 1:
                points = way.points[start : index + 1]
                start = index
                mark = tuple(min(points, points[::-1]))
                if mark not in known and len(set(points)) > 1:
                    known.add(mark)
                    pieces.append(Piece(points, way.kind, way.name, way.one_way))
    return _largest(pieces)


def _cells(a: Pt, b: Pt) -> Iterator[tuple[int, int]]:
    low_x, high_x = sorted((a[0], b[0]))
    low_y, high_y = sorted((a[1], b[1]))
    for i in range(int((low_x - _SNAP_M) // _CELL_M), int((high_x + _SNAP_M) // _CELL_M) + 1):
        for j in range(int((low_y - _SNAP_M) // _CELL_M), int((high_y + _SNAP_M) // _CELL_M) + 1):
            yield i, j


def _segments(ways: Sequence[Way]) -> dict[tuple[int, int], list[tuple[int, int]]]:
    cells: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for number, way in enumerate(ways):
        if way.level == 0:
            for index, (a, b) in enumerate(pairwise(way.points)):
                for cell in _cells(a, b):
                    cells[cell].append((number, index))
    return cells


def _join_ends(ways: Sequence[Way]) -> None:
    cells = _segments(ways)
    insert: dict[tuple[int, int], set[Pt]] = defaultdict(set)
    for number, way in enumerate(ways):
        if way.level:
            continue
        for end in (way.points[0], way.points[-1]):
            cell = (int(end[0] // _CELL_M), int(end[1] // _CELL_M))
            for other, index in cells.get(cell, ()):
                a, b = ways[other].points[index : index + 2]
                if other != number and end not in (a, b) and _off_m(end, a, b) < _SNAP_M:
                    insert[other, index].add(end)
    _insert(ways, insert)


def _off_m(p: Pt, a: Pt, b: Pt) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    share = ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / max(dx * dx + dy * dy, 1e-9)
    share = min(max(share, 0.0), 1.0)
    return distance_m(p, (a[0] + share * dx, a[1] + share * dy))


def _cross(ways: Sequence[Way]) -> None:
    insert: dict[tuple[int, int], set[Pt]] = defaultdict(set)
    for members in _segments(ways).values():
        for position, (number, index) in enumerate(members):
            a, b = ways[number].points[index : index + 2]
            for other, at in members[position + 1 :]:
                c, d = ways[other].points[at : at + 2]
                if a in (c, d) or b in (c, d):
                    continue
                found = crossing(a, b, c, d)
                if found is None:
                    continue
                # A crossing next to an existing point uses that point: no roads of a metre.
                p = next((q for q in (a, b, c, d) if distance_m(q, found[2]) < 3.0), found[2])
                insert[number, index].add(p)
                insert[other, at].add(p)
    _insert(ways, insert)


def _insert(ways: Sequence[Way], insert: dict[tuple[int, int], set[Pt]]) -> None:
    # From the back, so that the numbers in front stay right.
    for number, index in sorted(insert, reverse=True):
        points = ways[number].points
        a, b = points[index : index + 2]
        new = sorted(insert[number, index] - {a, b}, key=lambda p: (distance_m(a, p), p))
        points[index + 1 : index + 1] = new


def _largest(pieces: list[Piece]) -> list[Piece]:
    parent: dict[Pt, Pt] = {}

    def root(p: Pt) -> Pt:
        while parent.setdefault(p, p) != p:
            parent[p] = parent[parent[p]]
            p = parent[p]
        return p

    for piece in pieces:
        parent[root(piece.points[0])] = root(piece.points[-1])
    sizes = Counter(root(piece.points[0]) for piece in pieces)
    best = max(sizes, key=lambda p: (sizes[p], p))
    return [piece for piece in pieces if root(piece.points[0]) == best]
