"""Draw Chinese number plates of every kind after GA 36-2018, in many faces: what both models are trained on.

Sizes are from public descriptions of GA 36-2018 and GA 36.1-2001 (millimetres); the standard's text was not at hand.
Real plates differ from one maker to the next, and so do these.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from detection.plate_grammar import DIGITS, LETTERS, PROVINCES
from training.letters import HAN, LATIN, Face, glyph, has

Image = NDArray[np.uint8]
Colour = tuple[int, ...]
"""Blue, green, red; 0 to 255."""

HOME: Final = "吉"
HOME_SHARE: Final = 0.3
"""So many of the plates are of the county's own province; the rest is spread over all 31."""
WHITE: Final = (238, 240, 240)
BLACK: Final = (24, 22, 22)
RED: Final = (38, 32, 200)


@dataclass(frozen=True, slots=True)
class Paint:
    """A plate's ground from top to bottom, and its ink."""

    top: Colour
    bottom: Colour
    ink: Colour


BLUE = Paint((178, 84, 14), (168, 76, 12), WHITE)
YELLOW = Paint((28, 186, 246), (24, 178, 240), BLACK)
GREEN = Paint((226, 240, 222), (96, 178, 62), BLACK)
GREEN_LARGE = Paint((80, 190, 120), (70, 170, 60), BLACK)
FARM = Paint((70, 130, 30), (60, 120, 26), WHITE)
PALE = Paint((236, 238, 238), (228, 232, 232), BLACK)
DARK = Paint((30, 28, 28), (22, 20, 20), WHITE)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of plate.

    Args:
        share: how often it is drawn, against the others.
        size: width and height, mm.
        rows: rows of characters; 2.5 is one row or, in a quarter of the cases, two.
        paint: its colours.
        text: draws a text for it.
        upper: characters in the upper of two rows.
    """

    share: float
    size: tuple[float, float]
    rows: float
    paint: Paint
    text: Callable[[], str]
    upper: int = 2


def _pick(signs: str) -> str:
    return random.choice(signs)


def _province() -> str:
    return HOME if random.random() < HOME_SHARE else _pick(PROVINCES)


def _serial(length: int, letters: float = 0.25) -> str:
    return "".join(_pick(LETTERS) if random.random() < letters else _pick(DIGITS) for _ in range(length))


def _plain() -> str:
    return _province() + _pick(LETTERS) + _serial(5)


def _new_energy() -> str:
    return _province() + _pick(LETTERS) + _pick("DFABCEGHJK") + _pick(LETTERS + DIGITS * 3) + _serial(4, 0)


def _armed_police() -> str:
    return "WJ" + _province() + _serial(4, 0) + _pick(LETTERS + DIGITS)


ROW: Final = (440.0, 140.0)
TWO_ROWS: Final = (440.0, 220.0)
CYCLE: Final = (220.0, 140.0)
KINDS: Final[dict[str, Kind]] = {
    "blue": Kind(36, ROW, 1, BLUE, _plain),
    "green": Kind(16, (480.0, 140.0), 1, GREEN, _new_energy),
    "green_large": Kind(
        5,
        (480.0, 140.0),
        1,
        GREEN_LARGE,
        lambda: _province() + _pick(LETTERS) + _serial(5, 0) + _pick("DFABCEGHJK"),
    ),
    "yellow": Kind(9, ROW, 1, YELLOW, _plain),
    "yellow_rear": Kind(10, TWO_ROWS, 2, YELLOW, _plain),
    "trailer": Kind(4, TWO_ROWS, 2, YELLOW, lambda: _province() + _pick(LETTERS) + _serial(4, 0.2) + "挂"),
    "police": Kind(
        4, ROW, 1, PALE, lambda: _province() + _pick(LETTERS) + _pick("ABCD" + DIGITS * 2) + _serial(3, 0) + "警"
    ),
    "learner": Kind(3, ROW, 1, YELLOW, lambda: _province() + _pick(LETTERS) + _serial(4, 0.15) + "学"),
    "black": Kind(3, ROW, 1, DARK, _plain),
    "border": Kind(2, ROW, 1, DARK, lambda: "粤Z" + _serial(4, 0.4) + _pick("港澳")),
    "embassy": Kind(2, ROW, 1, DARK, lambda: "使" + _serial(6, 0)),
    "consulate": Kind(1, ROW, 1, DARK, lambda: _province() + _pick(LETTERS) + _serial(4, 0) + "领"),
    "armed_police": Kind(2, ROW, 2.5, PALE, _armed_police, upper=3),
    "military": Kind(3, ROW, 2.5, PALE, lambda: _pick("VZKHEBSLJNGCYX") + _pick("ABCDEFGHKLMRTVXY") + _serial(5, 0)),
    "cycle_blue": Kind(2, CYCLE, 2, BLUE, _plain),
    "cycle_yellow": Kind(4, CYCLE, 2, YELLOW, _plain),
    "tractor": Kind(1, (300.0, 165.0), 2, FARM, lambda: _province() + _serial(7, 0), upper=3),
}
_NAMES: Final = list(KINDS)
_SHARES: Final = [kind.share for kind in KINDS.values()]


@dataclass(frozen=True, slots=True)
class Plate:
    """A drawn plate: (height, width, 3) BGR, its text as read (upper row first), rows, kind, and where it stands.

    ``middles`` are the characters' middles and half their widths as shares of the plate: x, y, half a width.
    """

    image: Image
    text: str
    rows: int
    kind: str
    middles: tuple[tuple[float, float, float], ...]


Place = tuple[str, float, float, float, float]
"""A character and its box: left, top, width, height, mm."""


def draw(
    name: str | None = None,
    text: str | None = None,
    px_per_mm: float = 1.0,
    faces: Sequence[Face] = LATIN,
    han_faces: Sequence[Face] = HAN,
    *,
    fine_han: bool = False,
) -> Plate:
    """Draw a plate.

    Args:
        name: a key of ``KINDS``; None takes one by its share.
        text: what stands on it; None makes one up.
        px_per_mm: scale.
        faces: of its letters and digits.
        han_faces: of its province and mark; at least one must hold all marks.
        fine_han: their strokes are mostly thinner than those of letters, as on stamped plates.
    """
    name = name or random.choices(_NAMES, _SHARES)[0]
    kind = KINDS[name]
    text = text or kind.text()
    two = kind.rows == 2 or (kind.rows > 2 and random.random() < 0.25)
    width, height = TWO_ROWS if kind.rows > 2 and two else kind.size
    han = random.choice([face for face in han_faces if all(has(sign, face) for sign in text)])
    latin = random.choice(faces)
    paint = Paint(jitter(kind.paint.top, 22), jitter(kind.paint.bottom, 22), jitter(kind.paint.ink, 12))
    image = _ground(paint, round(width * px_per_mm), round(height * px_per_mm))
    if name == "green_large":
        image[:, : round(image.shape[1] * 0.25)] = jitter((40, 196, 240), 15)
    if random.random() < 0.85:
        inset = round(4 * px_per_mm)
        corner = (image.shape[1] - 1 - inset, image.shape[0] - 1 - inset)
        cv2.rectangle(image, (inset, inset), corner, paint.ink, max(1, round(random.uniform(1, 3) * px_per_mm)))
    places = _two_rows(text, kind, width, height) if two else _one_row(text, name, width)
    boldness = random.choice((-1, 0, 0, 0, 1, 1, 2))
    han_boldness = min(boldness, 0) if fine_han and random.random() < 0.75 else boldness
    for index, place in enumerate(places):
        red = (place[0] in "警使领" and random.random() < 0.9) or (name in {"armed_police", "military"} and index < 2)
        face, bold = (han, han_boldness) if place[0] >= "一" else (latin, boldness)
        _ink(image, place, px_per_mm, RED if red else paint.ink, face, bold)
    _marks(image, places, name, two, width, height, px_per_mm, paint.ink)
    middles = tuple(
        ((left + wide / 2) / width, (top + high / 2) / height, wide / 2 / width) for _, left, top, wide, high in places
    )
    return Plate(image, text, 2 if two else 1, name, middles)


def jitter(colour: Colour, reach: int) -> Colour:
    """Return a colour near ``colour``."""
    return tuple(int(np.clip(value + random.randint(-reach, reach), 0, 255)) for value in colour)


def _one_row(text: str, name: str, width: float) -> list[Place]:
    eco = name.startswith("green")
    left, shift = 15.5, random.uniform(-3, 3)
    places: list[Place] = []
    for index, sign in enumerate(text):
        wide = 43.0 if eco and index else 45.0
        places.append((sign, left + shift, 25.0, wide, 90.0))
        gap = 9.0 if eco else 12.0
        if index == 1 and name != "embassy":
            gap = 49.0 if eco else 30.0 if name in {"armed_police", "military"} else 34.0
        left += wide + gap
    if left > width - 4:
        share = (width - 31) / (left - 31)
        places = [(sign, 15 + (x - 15) * share, top, wide * share, high) for sign, x, top, wide, high in places]
    return places


def _two_rows(text: str, kind: Kind, width: float, height: float) -> list[Place]:
    upper, lower = text[: kind.upper], text[kind.upper :]
    small = width < 400
    wide, top, high = (45.0, 14.0, 42.0) if small else (80.0, 15.0, 60.0)
    gap = min((width - 60 - len(upper) * wide) / (len(upper) - 1), 40.0) if small else 60.0 if len(upper) == 2 else 30.0
    places = _row(upper, width, wide, gap, top, high)
    if small:
        fitted = (width - 24 - (len(lower) - 1) * 7) / len(lower)
        return places + _row(lower, width, fitted, 7.0, 64.0, height - 78)
    total = len(lower) * 65.0 + (len(lower) - 1) * 15.0
    share = min(1.0, (width - 24) / total)
    return places + _row(lower, width, 65.0 * share, 15.0 * share, 90.0, 110.0)


def _row(text: str, width: float, wide: float, gap: float, top: float, high: float) -> list[Place]:
    left = (width - len(text) * wide - (len(text) - 1) * gap) / 2
    return [(sign, left + index * (wide + gap), top, wide, high) for index, sign in enumerate(text)]


def _ground(paint: Paint, wide: int, high: int) -> Image:
    share = np.linspace(0, 1, high)[:, None]
    rows = np.array(paint.top) * (1 - share) + np.array(paint.bottom) * share
    return np.repeat(rows[:, None, :], wide, axis=1).astype(np.uint8)


def _ink(image: Image, place: Place, px_per_mm: float, colour: Colour, face: Face, boldness: int) -> None:
    sign, *box = place
    left, top, wide, high = (value * px_per_mm for value in box)
    ink = glyph(sign, face)
    if ink is None:
        raise ValueError(f"{face[0]} has no {sign}")
    narrow = 0.5 if ink.shape[1] / ink.shape[0] < 0.45 else 1.0
    mask = cv2.resize(ink, (max(2, round(wide * narrow)), max(2, round(high))), interpolation=cv2.INTER_AREA)
    if boldness > 0:
        mask = cv2.dilate(mask, np.ones((boldness + 1, boldness + 1), np.uint8))
    elif boldness < 0:
        mask = cv2.erode(mask, np.ones((2, 2), np.uint8))
    x, y = round(left + wide * (1 - narrow) / 2), round(top)
    region = image[y : y + mask.shape[0], x : x + mask.shape[1]]
    cover = (mask[: region.shape[0], : region.shape[1]].astype(np.float32) / 255)[..., None]
    region[:] = (region * (1 - cover) + np.array(colour, np.float32) * cover).astype(np.uint8)


def _marks(
    image: Image,
    places: list[Place],
    name: str,
    two: bool,
    width: float,
    height: float,
    px_per_mm: float,
    ink: Colour,
) -> None:
    """Draw the dot and the screws."""
    if name in {"green", "green_large"}:
        x = (places[1][1] + places[1][3] + places[2][1]) / 2
        _disc(image, x, height / 2, random.uniform(10, 16), jitter((120, 150, 60), 40), px_per_mm)
    elif not two and name not in {"armed_police", "embassy"}:
        _disc(image, (places[1][1] + places[1][3] + places[2][1]) / 2, height / 2, 5, ink, px_per_mm)
    elif name in {"yellow_rear", "trailer"}:
        _disc(image, width / 2, 45, 5, ink, px_per_mm)
    side = 105.0 if width > 300 else 40.0
    for x in (side, width - side):
        for y in (13.0, height - 13.0):
            if random.random() < 0.7:
                _disc(image, x, y, random.uniform(3, 6), jitter((130, 130, 130), 50), px_per_mm)


def _disc(image: Image, x: float, y: float, radius: float, colour: Colour, px_per_mm: float) -> None:
    cv2.circle(image, (round(x * px_per_mm), round(y * px_per_mm)), max(1, round(radius * px_per_mm)), colour, -1)
