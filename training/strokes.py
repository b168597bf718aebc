"""Letters and digits as strokes of one width, the way plates are stamped, every hand a little different.

The standard's own face (GA 36-2018, condensed, round-cornered, one stroke width) is in no font package. Each hand is a
seed: its stroke width, the roundness of its corners, the place of every corner and which of two shapes a sign has.
"""

import random
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float] | tuple[float, float, int]
"""x 0 to 1, y 0 to 2; a third value of 1 rounds the corner."""
Shape = tuple[tuple[Point, ...], ...]

HANDS: Final = 120
HEIGHT_PX: Final = 120
LIGHT, HEAVY = 0.15, 0.3
"""Width of a stroke, as shares of a sign's width; about 0.22 on a stamped plate."""
CROWDED: Final = 0.8
"""Of that for signs of four upright strokes, which else would be blots."""
SHAKE: Final = 0.025
"""Corners are moved by so much (standard deviation)."""

_BAR: Final = ((0, 0), (0, 2))
_RING: Final = ((0.5, 0), (1, 0, 1), (1, 2, 1), (0, 2, 1), (0, 0, 1), (0.5, 0))
_BOWL: Final = ((0.5, 0.8), (1, 0.8, 1), (1, 2, 1), (0, 2, 1), (0, 0.8, 1), (0.5, 0.8))


def _turned(shape: Shape) -> Shape:
    return tuple(tuple((1 - point[0], 2 - point[1], *point[2:]) for point in line) for line in shape)


_SIXES: Final[tuple[Shape, ...]] = (
    (_BOWL, ((0.72, 0), (0.05, 1.15))),
    (_BOWL, ((0.78, 0.05), (0.3, 0.35, 1), (0.02, 1.2))),
)
"""A bowl and a stroke that falls into it: with a hook instead it would be the G of a stamped plate."""
SHAPES: Final[dict[str, tuple[Shape, ...]]] = {
    "0": ((_RING,),),
    "1": ((((0.5, 0), (0.5, 2)),), (((0.28, 0.38), (0.55, 0), (0.55, 2)),), (((0.35, 0.25), (0.5, 0.1), (0.5, 2)),)),
    "2": ((((0, 0.55), (0, 0, 1), (1, 0, 1), (1, 0.9, 1), (0, 2), (1, 2)),),),
    "3": (
        (
            ((0, 0.45), (0, 0, 1), (1, 0, 1), (1, 0.93, 1), (0.35, 0.93)),
            ((0.35, 0.93), (1, 0.93, 1), (1, 2, 1), (0, 2, 1), (0, 1.5)),
        ),
        (((0, 0), (1, 0), (0.4, 0.8), (1, 0.8, 1), (1, 2, 1), (0, 2, 1), (0, 1.5)),),
    ),
    "4": (
        (((0.72, 2), (0.72, 0), (0, 1.5), (1, 1.5)),),
        (((0.6, 0), (0, 1.45), (1, 1.45)), ((0.74, 0.85), (0.74, 2))),
    ),
    "5": ((((0.95, 0), (0.08, 0), (0.03, 0.85), (1, 0.75, 1), (1, 2, 1), (0, 2, 1), (0, 1.5)),),),
    "6": _SIXES,
    "7": ((((0, 0), (1, 0), (0.35, 2)),), (((0, 0), (1, 0), (0.45, 1.1), (0.42, 2)),)),
    "8": (
        (
            ((0.5, 0), (0.95, 0, 1), (0.95, 0.92, 1), (0.05, 0.92, 1), (0.05, 0, 1), (0.5, 0)),
            ((0.5, 0.92), (1, 0.92, 1), (1, 2, 1), (0, 2, 1), (0, 0.92, 1), (0.5, 0.92)),
        ),
    ),
    "9": tuple(_turned(shape) for shape in _SIXES),
    "A": (
        (((0, 2), (0.5, 0), (1, 2)), ((0.17, 1.35), (0.83, 1.35))),
        (((0, 2), (0.42, 0), (0.58, 0), (1, 2)), ((0.17, 1.4), (0.83, 1.4))),
    ),
    "B": ((_BAR, ((0, 0), (0.92, 0, 1), (0.92, 0.93, 1), (0, 0.93)), ((0, 0.93), (1, 0.93, 1), (1, 2, 1), (0, 2))),),
    "C": ((((1, 0.55), (1, 0, 1), (0, 0, 1), (0, 2, 1), (1, 2, 1), (1, 1.45)),),),
    "D": ((_BAR, ((0, 0), (1, 0, 1), (1, 2, 1), (0, 2))),),
    "E": ((((1, 0), (0, 0), (0, 2), (1, 2)), ((0, 0.95), (0.85, 0.95))),),
    "F": ((((1, 0), (0, 0), (0, 2)), ((0, 0.95), (0.85, 0.95))),),
    "G": (
        (((1, 0.55), (1, 0, 1), (0, 0, 1), (0, 2, 1), (1, 2, 1), (1, 1.1), (0.52, 1.1)),),
        (((0.97, 0.5), (0.97, 0, 1), (0, 0, 1), (0, 2, 1), (1, 2, 1), (1, 0.98), (0.5, 0.98)),),
    ),
    "H": ((_BAR, ((1, 0), (1, 2)), ((0, 0.95), (1, 0.95))),),
    "J": (
        (((0.95, 0), (0.95, 2, 1), (0, 2, 1), (0, 1.45)),),
        (((0.3, 0), (0.95, 0), (0.95, 2, 1), (0, 2, 1), (0, 1.5)),),
    ),
    "K": ((_BAR, ((0.95, 0), (0, 1.25)), ((0.36, 0.8), (1, 2))),),
    "L": ((((0, 0), (0, 2), (1, 2)),),),
    "M": ((((0, 2), (0, 0), (0.5, 1.3), (1, 0), (1, 2)),), (((0, 2), (0, 0), (0.5, 1.05), (1, 0), (1, 2)),)),
    "N": ((((0, 2), (0, 0), (1, 2), (1, 0)),),),
    "P": ((_BAR, ((0, 0), (1, 0, 1), (1, 1.1, 1), (0, 1.1))),),
    "Q": ((_RING, ((0.5, 1.4), (1.02, 2.05))), (_RING, ((0.6, 1.6), (1.0, 2.0)))),
    "R": ((_BAR, ((0, 0), (1, 0, 1), (1, 1.05, 1), (0, 1.05)), ((0.45, 1.05), (1, 2))),),
    "S": ((((1, 0.5), (1, 0, 1), (0, 0, 1), (0, 0.95, 1), (1, 0.95, 1), (1, 2, 1), (0, 2, 1), (0, 1.5)),),),
    "T": ((((0, 0), (1, 0)), ((0.5, 0), (0.5, 2))),),
    "U": ((((0, 0), (0, 2, 1), (1, 2, 1), (1, 0)),),),
    "V": ((((0, 0), (0.5, 2), (1, 0)),), (((0, 0), (0.42, 2), (0.58, 2), (1, 0)),)),
    "W": ((((0, 0), (0.25, 2), (0.5, 0.4), (0.75, 2), (1, 0)),),),
    "X": ((((0, 0), (1, 2)), ((1, 0), (0, 2))),),
    "Y": ((((0, 0), (0.5, 1), (1, 0)), ((0.5, 1), (0.5, 2))),),
    "Z": ((((0, 0), (1, 0), (0, 2), (1, 2)),),),
}
"""Each sign's shapes, of which a hand has one."""


@cache
def stroked(sign: str, hand: int) -> NDArray[np.uint8]:
    """Return a letter or digit as coverage (120, 60), its box not cut at the ink: a 1 stands in the middle of it."""
    own = random.Random(f"{hand} {sign}")
    style = random.Random(hand)
    wide = HEIGHT_PX // 2
    thick = max(3, round(style.uniform(LIGHT, HEAVY) * wide * (CROWDED if sign in "MW" else 1.0)))
    round_px = style.uniform(0.2, 0.5) * wide
    image = np.zeros((HEIGHT_PX, wide), np.uint8)
    room = np.array([wide - 1 - thick, HEIGHT_PX - 1 - thick], np.float64)
    for line in own.choice(SHAPES[sign]):
        points = np.array([[x + own.gauss(0, SHAKE), y / 2 + own.gauss(0, SHAKE / 2)] for x, y, *_ in line])
        points = np.clip(points, -0.02, 1.02) * room + thick / 2
        if line[0] == line[-1]:
            points[-1] = points[0]
        path = _rounded(points, [len(point) > 2 for point in line], round_px)
        cv2.polylines(image, [np.round(path * 16).astype(np.int32)], False, 255, thick, cv2.LINE_AA, 4)
    return image


def _rounded(points: NDArray[np.float64], soft: list[bool], radius: float) -> NDArray[np.float64]:
    """Return a path with its soft corners replaced by quadratic curves that begin ``radius`` before them."""
    path = [points[0]]
    for before, corner, after, rounded in zip(points, points[1:], points[2:], soft[1:], strict=False):
        if not rounded:
            path.append(corner)
            continue
        ends = []
        for other in (before, after):
            far = float(np.linalg.norm(other - corner)) or 1.0
            ends.append(corner + (other - corner) * min(radius / far, 0.5))
        path += [
            (1 - share) ** 2 * ends[0] + 2 * share * (1 - share) * corner + share**2 * ends[1]
            for share in np.linspace(0, 1, 7)
        ]
    path.append(points[-1])
    return np.array(path)
