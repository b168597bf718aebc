"""Plates as a plate finder cuts them out: off by a few per cent at each side, askew, small, worn; always one row."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from detection.plate_grammar import ALPHABET, DIGITS, LETTERS, PROVINCES
from detection.plate_rows import across, in_one_row
from detection.plate_straight import Quad, straightened
from detection.plate_straight import change as warp_of
from training.letters import HAN, LATIN, PLATE, STAMPED, Face, glyph
from training.plates import HOME, KINDS, Image, Plate, draw, jitter
from training.wear import shaded, weathered, worn

POOL: Final = 3000
FRESH: Final = 0.1
"""Plates are kept and seen anew each time; so often one is replaced."""
PX_PER_MM: Final = 0.5
AROUND: Final = 0.3
"""So much of something else lies around a plate, as a share of its height."""
STAMPED_SHARE: Final = 0.8
"""So many plates have letters of uniform strokes, the rest those of fonts."""
EVEN_HAN: Final[tuple[Face, ...]] = tuple(face for face in HAN if "Serif" not in face[0])
"""No plate has a province with serifs."""
SHARES: Final[dict[str, float]] = {
    "blue": 30,
    "green": 14,
    "green_large": 5,
    "yellow": 7,
    "yellow_rear": 9,
    "trailer": 5,
    "police": 4,
    "learner": 4,
    "black": 3,
    "border": 3,
    "embassy": 2,
    "consulate": 2,
    "armed_police": 4,
    "military": 4,
    "cycle_blue": 3,
    "cycle_yellow": 4,
    "tractor": 2,
}
PLAIN: Final = frozenset({"blue", "green", "yellow", "yellow_rear", "black", "cycle_blue", "cycle_yellow"})
ANYWHERE, EVEN = 0.35, 0.7
"""Of these so many have any sign anywhere, and so many less the first letters as often as digits."""
WIDTH_PX: Final = (48.0, 210.0)
"""A plate is so wide in the picture it was cut from, small ones as often as twice as large ones."""
GUESS_OFF: Final = (0.004, 0.01, 0.016)
"""Corners are known with errors of so much of the width (standard deviation), and 2.5 times as much of the height."""
LEVEL: Final = 0.4
"""So many are cut by their corners; of the others the upright box around them."""
WEATHERED: Final = 0.6
"""So many are seen in weather, at night, blurred, compressed."""
BLURRED: Final = 0.5
"""So many are soft or sharpened before that: hardly a camera gives a plate's finest strokes as they are."""
NO_PLATE: Final = 0.05
"""So often there is nothing to read: a sign, or the rows of a plate taken the wrong way."""
SIGNS: Final = "交通银行中国加油站超市公司出口停车限速学校医院东北大街路上下左右安全小心手机维修烟酒饭店" + LETTERS


@dataclass(frozen=True, slots=True)
class View:
    """A plate as it is cut out, and as it is read.

    Args:
        cut: (height, width, 3) BGR, one row or two, askew.
        quad: where its corners are in the cut-out, (4, 2), shares; None where there are none.
        image: the same straight but for a finder's errors, in one row.
        text: what stands on it; empty where nothing shall be read.
        middles: of its characters in ``image``, with half their widths, shares of the width.
        kind: a key of ``KINDS``, or "nothing".
    """

    cut: Image
    quad: Quad | None
    image: Image
    text: str
    middles: tuple[tuple[float, float], ...]
    kind: str


@dataclass(frozen=True, slots=True)
class _Kept:
    plate: Plate
    image: Image
    edge: int


class Views:
    """Makes views without end; seeded by the caller's ``random``."""

    def __init__(self, pool: int = POOL, kinds: Sequence[str] = tuple(SHARES)) -> None:
        self._pool: list[_Kept] = []
        self._size, self._kinds, self._shares = pool, kinds, [SHARES[kind] for kind in kinds]

    def make(self) -> View:
        """Return one view."""
        if random.random() < NO_PLATE:
            return _nothing(self._plate())
        return view(*self._plate())

    def _plate(self) -> tuple[Plate, Image, int]:
        if len(self._pool) < self._size // 4 or random.random() < FRESH:
            if len(self._pool) >= self._size:
                self._pool.pop(random.randrange(self._size))
            self._pool.append(_kept(random.choices(self._kinds, self._shares)[0]))
        kept = random.choice(self._pool)
        return kept.plate, kept.image, kept.edge


def _kept(name: str) -> _Kept:
    faces = STAMPED if random.random() < STAMPED_SHARE else LATIN
    plate = draw(name, spread(name), PX_PER_MM, faces, EVEN_HAN, fine_han=True)
    return _Kept(plate, *_surrounded(plate.image))


def spread(name: str) -> str:
    """Return a text of a kind with all provinces alike, and often with signs where they never stand.

    Provinces and marks are 38 of 72 signs and the finest, and a plate has one: so some have them everywhere. What may
    stand where is for the grammar to say.
    """
    text = KINDS[name].text().replace(HOME, random.choice(PROVINCES))
    if name not in PLAIN:
        return text
    kind = random.random()
    if kind < ANYWHERE:
        return "".join(random.choice(ALPHABET) for _ in text)
    return text[:2] + "".join(random.choice(LETTERS + DIGITS) for _ in text[2:]) if kind < EVEN else text


def _surrounded(image: Image) -> tuple[Image, int]:
    """Return a plate on something else, and how far its corner is from the corner."""
    high, wide = image.shape[:2]
    edge = round(AROUND * high)
    ground = np.array(jitter(random.choice(((30, 30, 30), (90, 90, 90), (190, 190, 190), (60, 40, 120))), 30))
    light = np.linspace(random.uniform(0.5, 1.3), random.uniform(0.5, 1.3), high + 2 * edge)[:, None, None]
    canvas = np.clip(np.broadcast_to(ground * light, (high + 2 * edge, wide + 2 * edge, 3)), 0, 255).astype(np.uint8)
    for _ in range(random.choice((0, 0, 1, 3))):
        y = random.randrange(canvas.shape[0])
        ends = (0, y), (canvas.shape[1] - 1, y + random.randint(-8, 8))
        cv2.line(canvas, *ends, jitter((110, 110, 110), 100), random.randint(1, 6))
    canvas[edge : edge + high, edge : edge + wide] = image
    return canvas, edge


def view(plate: Plate, around: Image, edge: int, *, wrong_way: bool = False) -> View:
    """Return a plate as it is cut out; ``wrong_way`` takes one row for two and two for one."""
    high, wide = plate.image.shape[:2]
    quad = _cut(wide / high)
    width = math.exp(random.uniform(*(math.log(value) for value in WIDTH_PX)))
    size = (max(24, round(width)), max(8, round(width * high / wide * random.uniform(0.85, 1.2))))
    shrink = min(1.0, 1.5 * size[0] / wide)
    if shrink < 0.9:
        around = np.asarray(cv2.resize(around, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.uint8)
    else:
        shrink, around = 1.0, around.copy()
    around = shaded(worn(around))
    corners = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    change = cv2.getPerspectiveTransform((corners + edge) * shrink, quad * np.array(size, np.float32))
    border = cv2.BORDER_REPLICATE if random.random() < 0.5 else cv2.BORDER_REFLECT
    seen = np.asarray(cv2.warpPerspective(around, change, size, borderMode=border), np.uint8)
    if random.random() < BLURRED:
        seen = _softened(seen)
    if random.random() < WEATHERED:
        seen = weathered(seen, float(np.clip(size[0] / 240, 0.25, 1.0)))
    guess = np.asarray(quad + np.random.normal(0, random.choice(GUESS_OFF), (4, 2)) * (1.0, 2.5), np.float32)
    straight = straightened(seen, guess)
    two = (plate.rows == 2) != wrong_way
    image = in_one_row(straight) if two else straight
    if wrong_way:
        return View(seen, quad, image, "", (), "nothing")
    change_back = warp_of(guess, *size) @ change
    places = []
    for index, (x, y, half) in enumerate(plate.middles):
        drawn = np.array([[[(x - half) * wide, y * high], [(x + half) * wide, y * high]]], np.float32)
        ends = cv2.perspectiveTransform((drawn + edge) * shrink, change_back)[0, :, 0] / size[0]
        upper = two and index < KINDS[plate.kind].upper
        left, right = (across(float(end), upper) if two else float(end) for end in ends)
        places.append(((left + right) / 2, (right - left) / 2))
    return View(seen, quad, image, plate.text, tuple(places), plate.kind)


def _softened(image: Image) -> Image:
    """Return a small picture blurred by up to about a pixel of 94, half of them with their edges raised again."""
    spread = random.uniform(0.3, 1.1) * float(np.clip(image.shape[1] / 94, 0.6, 1.8))
    soft = cv2.GaussianBlur(image, (0, 0), spread)
    if random.random() < 0.5:
        more = random.uniform(0.3, 1.5)
        soft = cv2.addWeighted(soft, 1 + more, cv2.GaussianBlur(soft, (0, 0), spread + 0.6), -more, 0)
    return np.asarray(soft, np.uint8)


def _cut(aspect: float) -> NDArray[np.float32]:
    """Return a plate's corners (4, 2) in its cut-out, as shares of the cut-out's width and height."""
    quad = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64)
    if random.random() < LEVEL:
        quad += np.random.normal(0, 1, (4, 2)) * random.choice((0.005, 0.015, 0.025)) * np.array([1, aspect * 0.7])
    else:
        roll = math.radians(random.gauss(0, 5))
        turn = np.array([[math.cos(roll), -math.sin(roll)], [math.sin(roll), math.cos(roll)]])
        lean = np.array([[1, random.gauss(0, 0.2)], [random.gauss(0, 0.04), 1]])
        quad = (quad - 0.5) * np.array([aspect, 1]) @ (turn @ lean).T
        taper = random.gauss(0, 0.08)
        quad[:, 1] *= 1 + taper * np.sign(quad[:, 0])
        quad = np.asarray((quad - quad.min(axis=0)) / np.ptp(quad, axis=0), np.float64)
    narrow = random.random() < 0.7
    left, top, right, bottom = (random.gauss(0.02, 0.025) if narrow else random.uniform(-0.04, 0.12) for _ in range(4))
    size = np.array([1 + left + right, 1 + top + bottom])
    return np.asarray((quad + np.array([left, top])) / size, np.float32)


def _nothing(kept: tuple[Plate, Image, int]) -> View:
    """Return something that is no plate."""
    if random.random() < 0.5:
        return view(*kept, wrong_way=True)
    high, wide = random.randint(14, 60), random.randint(60, 200)
    ground = random.choice(((170, 80, 14), (30, 186, 246), (60, 160, 60), (230, 230, 230), (30, 30, 180), (20, 20, 20)))
    image = np.full((high, wide, 3), jitter(ground, 40), np.uint8)
    face: Face = random.choice([face for face in HAN if face[0] != PLATE])
    ink = np.array(random.choice(((240, 240, 240), (20, 20, 20), (30, 30, 200), (30, 200, 230))))
    tall, x = max(6, int(high * random.uniform(0.4, 0.9))), random.randint(0, 20)
    kinds = random.choice((SIGNS[:40], SIGNS, LETTERS, DIGITS))
    for _ in range(random.choice((0, 2, 3, 4, 10))):
        sign = glyph(random.choice(kinds), face)
        if sign is None:
            continue
        mask = cv2.resize(sign, (max(3, tall * sign.shape[1] // sign.shape[0]), tall), interpolation=cv2.INTER_AREA)
        y = (high - tall) // 2
        region = image[y : y + tall, x : x + mask.shape[1]]
        cover = (mask[: region.shape[0], : region.shape[1]] / 255.0)[..., None]
        region[:] = (region * (1 - cover) + ink * cover).astype(np.uint8)
        x += mask.shape[1] + random.randint(1, 8)
    image = weathered(shaded(worn(image)), 0.5)
    return View(image, None, image, "", (), "nothing")
