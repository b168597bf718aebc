"""Draw the empty road of a checkpoint as its camera sees it, once: asphalt, lane marks, kerbs, verge, and the light."""

import random
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.simulate.view import HEIGHT_PX, WIDTH_PX, View

PX_M = 64
ALONG_M = (-8.0, 30.0)
ACROSS_M = (-11.0, 11.0)
LANE_M = 2.9

WHITE = (214, 218, 220)
YELLOW = (60, 178, 218)


@dataclass(frozen=True, slots=True)
class Light:
    """The time of day: a factor for everything and a tint (blue, green, red)."""

    gain: float
    tint: tuple[float, float, float]


LIGHTS = (
    Light(1.0, (1.0, 1.0, 1.0)),
    Light(0.86, (1.06, 1.0, 0.96)),
    Light(1.08, (0.95, 1.0, 1.04)),
    Light(0.7, (1.08, 0.99, 0.94)),
    Light(0.92, (0.94, 0.99, 1.05)),
)


def light_of(index: int) -> Light:
    """Return the light at checkpoint ``index``."""
    return LIGHTS[index % len(LIGHTS)]


def draw_road(view: View, index: int, seed: int) -> NDArray[np.uint8]:
    """Return the empty scene, (720, 1280, 3) uint8 BGR, without light and noise."""
    rng = random.Random(f"road/{seed}/{index}")
    grain = np.random.default_rng(rng.getrandbits(32))
    ground = _ground(rng, grain)
    along, across = ALONG_M, ACROSS_M
    corners = [
        (along[1], across[0], 0.0),
        (along[1], across[1], 0.0),
        (along[0], across[1], 0.0),
        (along[0], across[0], 0.0),
    ]
    # Places near the camera's feet fold over; only the part in front of it is used.
    near = max(along[0], _nearest(view))
    corners[2], corners[3] = (near, across[1], 0.0), (near, across[0], 0.0)
    cut = (along[1] - near) * PX_M
    source = np.array([(0, 0), (ground.shape[1], 0), (ground.shape[1], cut), (0, cut)], np.float32)
    target = view.project(corners).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(source, target)
    image = cv2.warpPerspective(ground, matrix, (WIDTH_PX, HEIGHT_PX), flags=cv2.INTER_AREA, borderValue=(96, 106, 100))
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 0.7), np.uint8)


def _nearest(view: View) -> float:
    """Return the s just below the picture's lower edge."""
    s = np.linspace(12.0, -12.0, 481)
    for u in ACROSS_M:
        below = view.project(np.column_stack([s, np.full(len(s), u), np.zeros(len(s))]))[:, 1]
        outside = np.flatnonzero(below > HEIGHT_PX + 60)
        if len(outside):
            s = s[: outside[0] + 1] if u == ACROSS_M[0] else s
    return float(s[-1])


def _ground(rng: random.Random, grain: np.random.Generator) -> NDArray[np.uint8]:
    """Return the road from above: far end on top, ``PX_M`` pixels a metre."""
    high = round((ALONG_M[1] - ALONG_M[0]) * PX_M)
    wide = round((ACROSS_M[1] - ACROSS_M[0]) * PX_M)
    base = rng.randint(84, 112)
    shade = (
        _clouds(grain, high, wide, 160, 4.0) + _clouds(grain, high, wide, 30, 2.0) + _clouds(grain, high, wide, 3, 2.2)
    )
    lanes = _across(np.arange(wide))
    # Tyres polish two tracks a lane; oil darkens the middle between them.
    for lane in (-LANE_M / 2, LANE_M / 2):
        for offset, depth, spread in ((-0.75, 6.0, 0.22), (0.75, 6.0, 0.22), (0.0, -7.0, 0.3)):
            shade += (depth * np.exp(-(((lanes - lane - offset) / spread) ** 2))[None, :]).astype(np.float32)
    out = np.asarray(
        cv2.merge([cv2.convertScaleAbs(shade, alpha=tint, beta=base) for tint in (1.02, 1.0, 0.98)]), np.uint8
    )
    _verge(out, rng, grain)
    _marks(out, rng)
    return out


def _across(column: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(column / PX_M + ACROSS_M[0], np.float64)


def _clouds(grain: np.random.Generator, high: int, wide: int, size: int, depth: float) -> NDArray[np.float32]:
    small = grain.standard_normal((high // size + 2, wide // size + 2), np.float32) * np.float32(depth)
    return np.asarray(cv2.resize(small, (wide, high), interpolation=cv2.INTER_LINEAR), np.float32)


def _columns(left: float, right: float) -> slice:
    return slice(round((left - ACROSS_M[0]) * PX_M), round((right - ACROSS_M[0]) * PX_M))


def _verge(image: NDArray[np.uint8], rng: random.Random, grain: np.random.Generator) -> None:
    """Kerb, then grass, gravel or pavement on either side of the carriageway."""
    edge = LANE_M + 0.7
    for left, right in ((ACROSS_M[0], -edge), (edge, ACROSS_M[1])):
        where = _columns(left, right)
        colour = rng.choice(((62, 98, 84), (70, 104, 96), (128, 134, 138), (104, 116, 124)))
        high, wide = image[:, where].shape[:2]
        texture = _clouds(grain, high, wide, 5, 7.0) + _clouds(grain, high, wide, 60, 7.0)
        image[:, where] = cv2.merge([cv2.convertScaleAbs(texture, beta=shade) for shade in colour])
    for left in (-edge - 0.18, edge):
        image[:, _columns(left, left + 0.18)] = (158, 164, 166)
        step = round(1.0 * PX_M)
        for row in range(0, image.shape[0], step):
            image[row : row + 2, _columns(left, left + 0.18)] = (110, 114, 116)


def _marks(image: NDArray[np.uint8], rng: random.Random) -> None:
    high = image.shape[0]
    for left in (-LANE_M - 0.28, LANE_M + 0.16):
        image[:, _columns(left, left + 0.12)] = WHITE
    if rng.random() < 0.5:
        image[:, _columns(-0.06, 0.06)] = WHITE
    else:
        start = rng.randrange(0, 6 * PX_M)
        for row in range(start - 6 * PX_M, high, 6 * PX_M):
            image[max(0, row) : max(0, row + 2 * PX_M), _columns(-0.06, 0.06)] = WHITE
    # Speed strips across the road, as before a checkpoint's barrier.
    for centre in (4.5, 5.4, 6.3):
        row = round((ALONG_M[1] - centre) * PX_M)
        image[row : row + round(0.28 * PX_M), _columns(-LANE_M + 0.1, LANE_M - 0.1)] = (
            np.array(YELLOW) * 0.8 + 0.2 * np.array((90, 90, 90))
        ).astype(np.uint8)
