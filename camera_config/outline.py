"""Polygons of a picture: their area, and whether they cross themselves. Corners are (x, y), not closed."""

from collections.abc import Sequence

Point = tuple[float, float]

_NEARLY = 1e-12


def area(points: Sequence[Point]) -> float:
    """Return the area that a polygon covers, as a share of the picture when its corners are shares."""
    pairs = zip(points, (*points[1:], points[0]), strict=True)
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs)) / 2


def crosses_itself(points: Sequence[Point]) -> bool:
    """Tell whether two sides that are not neighbours meet: filled, such a polygon would have holes."""
    sides = list(zip(points, (*points[1:], points[0]), strict=True))
    return any(
        _meet(*sides[one], *sides[other])
        for one in range(len(sides))
        for other in range(one + 2, len(sides))
        if (one, other) != (0, len(sides) - 1)
    )


def _meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    sides = (_side(a, b, c), _side(a, b, d), _side(c, d, a), _side(c, d, b))
    if sides[0] != sides[1] and sides[2] != sides[3]:
        return True
    on = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(side == 0 and _between(*place) for side, place in zip(sides, on, strict=True))


def _side(a: Point, b: Point, c: Point) -> int:
    """Return on which side of the line from ``a`` to ``b`` lies ``c``: -1, 1, or 0 on it."""
    turn = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return 0 if abs(turn) < _NEARLY else (1 if turn > 0 else -1)


def _between(a: Point, b: Point, c: Point) -> bool:
    return min(a[0], b[0]) <= c[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= c[1] <= max(a[1], b[1])
