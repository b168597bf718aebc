"""Pictures with plates in them and the plates' corners: what the finder is trained on. Nothing is kept on disk."""

import math
import random
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from training.backgrounds import Background
from training.letters import HAN, PLATE, glyph
from training.plates import Image, Plate, draw, jitter
from training.wear import shaded, weathered, worn

Quad = NDArray[np.float32]
"""Corners (4, 2) as x, y in pixels: left top, right top, right bottom, left bottom, as the text reads."""

POOL: Final = 2500
"""Drawn plates are kept, worn anew each time, and slowly replaced: drawing costs more than wearing."""
FRESH: Final = 0.15
WIDTH_PX: Final = (24.0, 130.0, 250.0)
"""Plates are so wide: from, mostly to, sometimes to."""
SIGNS: Final = "交通银行中国加油站超市公司出口停车限速学校医院东北大街路上下左右安全小心ABCDEFGHKLMNPRSTUXYZ0123456789"
PAINTS: Final = (
    (30, 30, 30),
    (200, 200, 200),
    (120, 120, 120),
    (40, 40, 160),
    (140, 70, 30),
    (240, 240, 240),
    (60, 60, 60),
)
GROUNDS: Final = ((170, 80, 14), (30, 186, 246), (60, 160, 60), (230, 230, 230), (30, 30, 180), (20, 20, 20))


class Scenes:
    """Makes scenes of ``size`` x ``size`` pixels out of ``backgrounds``; seeded by the caller's ``random``."""

    def __init__(self, backgrounds: Sequence[Background], size: int) -> None:
        self._backgrounds, self._size = backgrounds, size
        self._pool: list[Plate] = []

    def make(self) -> tuple[Image, NDArray[np.float32]]:
        """Return a picture and the corners (plates, 4, 2) of the plates in it, 0 to 3 of them."""
        image, near = self._cut()
        for _ in range(random.choices((0, 1, 2), (0.5, 0.35, 0.15))[0]):
            _put_sign(image)
        quads: list[Quad] = []
        plates: list[Image] = []
        for _ in range(random.choices((0, 1, 2, 3), (0.22, 0.55, 0.15, 0.08))[0]):
            plate = self._plate()
            quad = _corners(plate.shape[1] / plate.shape[0], self._size, near)
            near = None
            if any(_touch(quad, other) for other in quads):
                continue
            quads.append(quad)
            plates.append(plate)
            if random.random() < 0.75:
                image = _put_body(image, quad)
        for plate, quad in zip(plates, quads, strict=True):
            paste(image, plate, quad)
        return weathered(image), np.array(quads, np.float32).reshape(-1, 4, 2)

    def _plate(self) -> Image:
        if len(self._pool) < POOL // 2 or random.random() < FRESH:
            if len(self._pool) >= POOL:
                self._pool.pop(random.randrange(POOL))
            self._pool.append(draw())
        return random.choice(self._pool).image

    def _cut(self) -> tuple[Image, tuple[float, float] | None]:
        """Return a square of a background, and where a vehicle of it has its middle."""
        one, size = random.choice(self._backgrounds), self._size
        high, wide = one.image.shape[:2]
        near = None
        if one.vehicles and random.random() < 0.7:
            left, top, right, bottom = random.choice(one.vehicles)
            x, y = (left + right) / 2, (top + bottom) / 2
            side = min(max(max(right - left, bottom - top, 40) * random.uniform(0.9, 2.0), 60), high, wide)
            cut_x = float(np.clip(x - side / 2 + random.uniform(-0.2, 0.2) * side, 0, wide - side))
            cut_y = float(np.clip(y - side / 2 + random.uniform(-0.2, 0.2) * side, 0, high - side))
            near = ((x - cut_x) / side * size, (y - cut_y) / side * size)
        else:
            side = min(size / math.exp(random.uniform(math.log(0.35), math.log(2.2))), high, wide)
            cut_x, cut_y = random.uniform(0, wide - side), random.uniform(0, high - side)
        piece = one.image[int(cut_y) : int(cut_y) + int(side), int(cut_x) : int(cut_x) + int(side)]
        out = cv2.resize(piece, (size, size), interpolation=cv2.INTER_AREA if side > size else cv2.INTER_LINEAR)
        if random.random() < 0.5:
            out = np.ascontiguousarray(out[:, ::-1])
            near = (size - near[0], near[1]) if near else None
        return np.asarray(out, np.uint8), near


def _corners(aspect: float, size: int, near: tuple[float, float] | None) -> Quad:
    """Return where a plate of this width to height is, seen from a place in front of it."""
    smallest, usual, largest = WIDTH_PX
    wide = math.exp(random.uniform(math.log(smallest), math.log(largest if random.random() < 0.35 else usual)))
    yaw, pitch, roll = (math.radians(random.gauss(0, spread)) for spread in (22, 14, 6))
    if random.random() < 0.1:
        roll = math.radians(random.uniform(-30, 30))
    yaw = float(np.clip(yaw, -1.05, 1.05))
    flat = turned(aspect, yaw, pitch, roll, distance=random.uniform(3, 12)) * wide
    reach = np.abs(flat).max(axis=0) + 2
    if reach.max() * 2 > size * 0.98:
        flat *= size * 0.96 / (2 * reach.max())
        reach = np.abs(flat).max(axis=0) + 2
    if near and random.random() < 0.7:
        centre = np.array([near[0] + random.gauss(0, 0.1 * size), near[1] + random.gauss(0.06 * size, 0.1 * size)])
    else:
        centre = np.array([random.uniform(edge, size - edge) for edge in reach])
    return np.asarray(flat + np.clip(centre, reach, size - reach), np.float32)


def turned(aspect: float, yaw: float, pitch: float, roll: float, *, distance: float) -> NDArray[np.float64]:
    """Return the corners (4, 2) of a plate of width 1 around its middle, turned (radians), ``distance`` widths off."""
    half = np.array(
        [[-0.5, -0.5 / aspect, 0], [0.5, -0.5 / aspect, 0], [0.5, 0.5 / aspect, 0], [-0.5, 0.5 / aspect, 0]]
    )
    about_y = np.array([[math.cos(yaw), 0, math.sin(yaw)], [0, 1, 0], [-math.sin(yaw), 0, math.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, math.cos(pitch), -math.sin(pitch)], [0, math.sin(pitch), math.cos(pitch)]])
    about_z = np.array([[math.cos(roll), -math.sin(roll), 0], [math.sin(roll), math.cos(roll), 0], [0, 0, 1]])
    solid = half @ (about_z @ about_x @ about_y).T
    return np.asarray(solid[:, :2] * (distance / (distance + solid[:, 2:3])), np.float64)


def _touch(one: Quad, other: Quad, apart: float = 6.0) -> bool:
    low, high = one.min(axis=0) - apart, one.max(axis=0) + apart
    return bool((low < other.max(axis=0)).all() and (other.min(axis=0) < high).all())


def paste(image: Image, plate: Image, quad: Quad) -> None:
    """Put a plate into its corners: brought to size first, worn and shaded there, so that dirt has the same grain."""
    high, wide = plate.shape[:2]
    shrink = float(np.clip((np.ptp(quad[:, 0])) * 1.6 / wide, 0.05, 1.0))
    fitted = cv2.resize(
        plate, (max(8, round(wide * shrink)), max(4, round(high * shrink))), interpolation=cv2.INTER_AREA
    )
    fitted = shaded(worn(np.asarray(fitted, np.uint8)))
    high, wide = fitted.shape[:2]
    change = cv2.getPerspectiveTransform(np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32), quad)
    left, top = np.maximum(np.floor(quad.min(axis=0)).astype(int) - 2, 0)
    right, bottom = np.minimum(np.ceil(quad.max(axis=0)).astype(int) + 3, (image.shape[1], image.shape[0]))
    change = np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1]], np.float64) @ change
    size = (int(right - left), int(bottom - top))
    seen = cv2.warpPerspective(fitted, change, size)
    cover = cv2.warpPerspective(np.full((high, wide), 255, np.uint8), change, size)[..., None] / 255.0
    region = image[top:bottom, left:right]
    region[:] = (region * (1 - cover) + seen * cover).astype(np.uint8)


def _put_body(image: Image, quad: Quad) -> Image:
    """Put something like a vehicle's end around a plate."""
    centre = quad.mean(axis=0)
    spread = quad - centre
    off = np.array([random.uniform(-0.5, 0.5), random.uniform(-1, 1)]) * np.abs(spread).max(axis=0)
    grow = np.array([random.uniform(1.3, 5), random.uniform(1.5, 7)])
    edge = (centre + off + spread * grow).astype(np.int32)
    body = image.copy()
    cv2.fillPoly(body, [edge], jitter(random.choice(PAINTS), 30))
    light = np.linspace(random.uniform(0.6, 1.2), random.uniform(0.6, 1.2), image.shape[0])[:, None, None]
    body = np.clip(body * light, 0, 255).astype(np.uint8)
    cover = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(cover, [edge], 255)
    soft = random.choice((1, 3, 7))
    share = cv2.blur(cover, (soft, soft))[..., None] / 255.0
    out = (image * (1 - share) + body * share).astype(np.uint8)
    if random.random() < 0.5:
        for _ in range(random.randint(1, 6)):
            y = int(random.uniform(edge[:, 1].min(), edge[:, 1].max()))
            ends = (int(edge[:, 0].min()), y), (int(edge[:, 0].max()), y + random.randint(-3, 3))
            cv2.line(out, *ends, jitter((90, 90, 90), 80), random.randint(1, 4))
    return out


def _put_sign(image: Image) -> None:
    """Draw a sign, sticker or window with or without lettering: of a plate's colours, and no plate."""
    high, wide = image.shape[:2]
    width, height = random.randint(20, 160), random.randint(10, 90)
    left, top = random.randrange(wide), random.randrange(high)
    cv2.rectangle(image, (left, top), (left + width, top + height), jitter(random.choice(GROUNDS), 40), -1)
    if random.random() < 0.3:
        return
    ink = np.array(random.choice(((240, 240, 240), (20, 20, 20), (30, 30, 200), (30, 200, 230))))
    face = random.choice([face for face in HAN if face[0] != PLATE])
    tall = max(3, int(height * random.uniform(0.3, 0.8)))
    y, x = max(0, top + (height - tall) // 2), left + 3
    for _ in range(random.choice((1, 2, 3, 4, 12))):
        sign = glyph(random.choice(SIGNS), face)
        if sign is None:
            continue
        mask = cv2.resize(sign, (max(3, tall * sign.shape[1] // sign.shape[0]), tall), interpolation=cv2.INTER_AREA)
        region = image[y : y + tall, x : x + mask.shape[1]]
        cover = (mask[: region.shape[0], : region.shape[1]] / 255.0)[..., None]
        region[:] = (region * (1 - cover) + ink * cover).astype(np.uint8)
        x += mask.shape[1] + random.randint(1, 6)
