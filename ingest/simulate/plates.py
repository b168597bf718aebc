"""Draw Chinese number plates after GA 36-2018 (sizes in millimetres), from a subset of an OFL font.

The standard's own letters are not free; ours are a bold face stretched into its boxes, which gives strokes of
about its 10 mm. Sizes are from public descriptions of GA 36-2018; the text of the standard was not at hand.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ingest.simulate.numbers import TWO_ROWS, PlateKind, wanted_plates

__all__ = ["Colour", "PlateKind", "draw_plate", "size_mm", "wanted_plates"]

FONT = Path(__file__).parent / "font" / "plate.otf"

Colour = tuple[int, int, int]
"""Blue, green, red; 0 to 255."""

BOX_MM = (45.0, 90.0)
ROW_MM = (440.0, 140.0)
ECO_MM = (480.0, 140.0)
TALL_MM = (440.0, 220.0)
"""The plate at the tail of a large vehicle and of a trailer: two rows."""
SMALL_MM = (220.0, 140.0)
"""The plate at the tail of a motorcycle: two rows."""
TALL_UPPER_MM = (80.0, 60.0)
TALL_LOWER_MM = (65.0, 110.0)
SMALL_UPPER_MM = (45.0, 36.0)
SMALL_LOWER_MM = (30.0, 60.0)
MARGIN_MM = 15.5
GAP_MM = 12.0
DOT_GAP_MM = 34.0
DOT_MM = 10.0
CORNER_MM = 10.0
ECO_WIDTH_MM = 43.0
ECO_GAP_MM = 9.0
ECO_DOT_GAP_MM = 49.0

INK_PX = 360
"""Height at which glyphs are drawn before they are brought to size."""


@dataclass(frozen=True, slots=True)
class Paint:
    """Colours of a plate: top and bottom of its ground, ink, and its border line."""

    top: Colour
    bottom: Colour
    ink: Colour
    border: Colour


WHITE = (238, 240, 240)
BLACK = (24, 22, 22)
RED = (38, 32, 200)
PAINTS = {
    PlateKind.BLUE: Paint((178, 84, 14), (168, 76, 12), WHITE, WHITE),
    PlateKind.GREEN: Paint((226, 240, 222), (96, 178, 62), BLACK, BLACK),
    PlateKind.YELLOW: Paint((28, 186, 246), (24, 178, 240), BLACK, BLACK),
    PlateKind.LEARNER: Paint((28, 186, 246), (24, 178, 240), BLACK, BLACK),
    PlateKind.POLICE: Paint((236, 238, 238), (228, 232, 232), BLACK, BLACK),
}
PAINTS |= dict.fromkeys(
    (PlateKind.TRUCK_REAR, PlateKind.TRAILER, PlateKind.MOTORCYCLE), Paint((28, 186, 246), (24, 178, 240), BLACK, BLACK)
)
PAINTS |= dict.fromkeys(
    (PlateKind.HONG_KONG, PlateKind.MACAU, PlateKind.EMBASSY, PlateKind.CONSULATE),
    Paint((30, 28, 28), (22, 20, 20), WHITE, WHITE),
)
PAINTS |= dict.fromkeys((PlateKind.ARMED_POLICE, PlateKind.MILITARY), PAINTS[PlateKind.POLICE])
RED_SIGNS = {PlateKind.POLICE: "警", PlateKind.ARMED_POLICE: "WJ", PlateKind.MILITARY: "ABCDEFGHJKLMNPQRSTUVWXYZ"}
LENGTHS = {PlateKind.GREEN: 8, PlateKind.ARMED_POLICE: 8}


def size_mm(kind: PlateKind) -> tuple[float, float]:
    """Return a plate's width and height."""
    if kind is PlateKind.MOTORCYCLE:
        return SMALL_MM
    if kind in TWO_ROWS:
        return TALL_MM
    return ECO_MM if kind in LENGTHS else ROW_MM


def draw_plate(text: str, kind: PlateKind, px_per_mm: float = 1.0) -> NDArray[np.uint8]:
    """Return the plate as (height, width, 4) uint8: BGR and coverage (0 outside its rounded corners).

    Args:
        text: 7 characters, or as many as ``LENGTHS`` says; the dot is ours.
        kind: colours and layout.
        px_per_mm: scale of the picture. Everything is drawn three times as large and averaged down.

    Raises:
        ValueError: ``text`` has the wrong length for ``kind``.
    """
    want = LENGTHS.get(kind, 7)
    if len(text) != want:
        raise ValueError(f"a {kind} plate has {want} characters, not {len(text)}")
    paint = PAINTS[kind]
    scale = 3.0 * px_per_mm
    width, height = size_mm(kind)
    wide, high = round(width * scale), round(height * scale)
    image = _ground(paint, wide, high)
    _border(image, paint, scale)
    for character, (left, top), box in _two_rows(text, kind) if kind in TWO_ROWS else _layout(text, kind):
        ink = RED if character in RED_SIGNS.get(kind, "") else paint.ink
        _ink(image, character, left * scale, top * scale, (box[0] * scale, box[1] * scale), ink)
    for centre, radius in _dots(text, kind):
        _disc(image, centre, radius, paint.ink, scale)
    if kind is PlateKind.GREEN:
        _eco_mark(image, scale)
    screw = 105.0 if width > SMALL_MM[0] else 55.0
    for x in (screw, width - screw):
        for y in (13.0, height - 13.0):
            _disc(image, (x, y), 5.5, (120, 124, 126), scale)
            _disc(image, (x - 0.8, y - 0.8), 3.5, (176, 180, 182), scale)
    cover = np.zeros((high, wide), np.uint8)
    _rounded(cover, 0.0, CORNER_MM * scale, 255, -1)
    whole = cv2.merge([*cv2.split(image), cover])
    size = (round(width * px_per_mm), round(height * px_per_mm))
    return np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.uint8)


Box = tuple[str, tuple[float, float], tuple[float, float]]
"""A character, the left top of its box, and the box's width and height (mm)."""


def _dots(text: str, kind: PlateKind) -> list[tuple[tuple[float, float], float]]:
    """Return middle and radius of the dot between authority and serial, mm; the kinds without one have none."""
    if kind in (PlateKind.GREEN, PlateKind.EMBASSY, PlateKind.ARMED_POLICE):
        return []
    if kind in TWO_ROWS:
        (_, (left, top), (wide, high)), (_, (right, _), _) = _two_rows(text, kind)[:2]
        return [(((left + wide + right) / 2, top + high / 2), 10.0 * high / TALL_UPPER_MM[1])]
    _, (left, _), (wide, _) = _layout(text, kind)[1]
    return [((left + wide + DOT_GAP_MM / 2, ROW_MM[1] / 2), DOT_MM / 2)]


def _two_rows(text: str, kind: PlateKind) -> list[Box]:
    """Return the characters of two rows: two above, five below, both in the middle."""
    width, height = size_mm(kind)
    upper, lower = (SMALL_UPPER_MM, SMALL_LOWER_MM) if kind is PlateKind.MOTORCYCLE else (TALL_UPPER_MM, TALL_LOWER_MM)
    gap = (height - upper[1] - lower[1]) / 3
    boxes: list[Box] = []
    for signs, size, top, space in (
        (text[:2], upper, gap, upper[0] * 0.75),
        (text[2:], lower, 2 * gap + upper[1], lower[0] * 0.23),
    ):
        left = (width - len(signs) * size[0] - (len(signs) - 1) * space) / 2
        boxes += [(sign, (left + place * (size[0] + space), top), size) for place, sign in enumerate(signs)]
    return boxes


def _layout(text: str, kind: PlateKind) -> list[Box]:
    """Return the characters of one row."""
    narrow = kind in LENGTHS
    left = MARGIN_MM
    boxes: list[Box] = []
    for place, character in enumerate(text):
        width = ECO_WIDTH_MM if narrow and place else BOX_MM[0]
        boxes.append((character, (left, 25.0), (width, BOX_MM[1])))
        gap = ECO_GAP_MM if narrow else GAP_MM
        if place == 1:
            gap = ECO_DOT_GAP_MM if narrow else DOT_GAP_MM
        if kind is PlateKind.EMBASSY:
            gap = (ROW_MM[0] - 2 * MARGIN_MM - len(text) * BOX_MM[0]) / (len(text) - 1)
        left += width + gap
    return boxes


def _ground(paint: Paint, wide: int, high: int) -> NDArray[np.uint8]:
    share = np.linspace(0.0, 1.0, high)[:, None]
    rows = np.rint(np.array(paint.top) * (1.0 - share) + np.array(paint.bottom) * share).astype(np.uint8)
    return np.repeat(rows[:, None, :], wide, axis=1)


def _border(image: NDArray[np.uint8], paint: Paint, scale: float) -> None:
    _rounded(image, 5.0 * scale, (CORNER_MM - 4.0) * scale, paint.border, max(1, round(1.8 * scale)))


def _rounded(image: NDArray[np.uint8], inset: float, radius: float, colour: Colour | int, thickness: int) -> None:
    """Draw a rectangle with round corners, ``inset`` pixels inside the picture's edge."""
    high, wide = image.shape[:2]
    angles = np.linspace(0.0, np.pi / 2, 12)
    points = []
    for turn, (x, y) in enumerate(
        (
            (wide - 1 - inset - radius, high - 1 - inset - radius),
            (inset + radius, high - 1 - inset - radius),
            (inset + radius, inset + radius),
            (wide - 1 - inset - radius, inset + radius),
        )
    ):
        at = angles + turn * np.pi / 2
        points.append(np.column_stack([x + radius * np.cos(at), y + radius * np.sin(at)]))
    outline = np.rint(np.concatenate(points)).astype(np.int32)
    ink = (colour, colour, colour) if isinstance(colour, int) else colour
    if thickness < 0:
        cv2.fillPoly(image, [outline], ink)
    else:
        cv2.polylines(image, [outline], True, ink, thickness)


def _disc(image: NDArray[np.uint8], centre: tuple[float, float], radius: float, colour: Colour, scale: float) -> None:
    at = (round(centre[0] * scale), round(centre[1] * scale))
    cv2.circle(image, at, max(1, round(radius * scale)), colour, -1)


def _ink(
    image: NDArray[np.uint8], character: str, left: float, top: float, box: tuple[float, float], colour: Colour
) -> None:
    """Blend one glyph into its box (pixels)."""
    mask = _sized(character, round(box[0]), round(box[1]))
    x, y = round(left), round(top)
    region = image[y : y + mask.shape[0], x : x + mask.shape[1]]
    cover = cv2.merge([mask, mask, mask])
    plain = np.full_like(region, colour)
    rest = cv2.multiply(region, cv2.bitwise_not(cover), scale=1 / 255)
    cv2.add(rest, cv2.multiply(plain, cover, scale=1 / 255), dst=region)


def _eco_mark(image: NDArray[np.uint8], scale: float) -> None:
    """Draw the new-energy mark between second and third character: a plug in a round field, simplified."""
    x, y = MARGIN_MM + BOX_MM[0] + ECO_GAP_MM + ECO_WIDTH_MM + ECO_DOT_GAP_MM / 2, ECO_MM[1] / 2
    _disc(image, (x, y), 15.0, (120, 150, 60), scale)
    _disc(image, (x, y), 11.5, (214, 232, 206), scale)
    _disc(image, (x, y), 6.0, (120, 150, 60), scale)


@lru_cache(maxsize=256)
def _sized(character: str, wide: int, high: int) -> NDArray[np.uint8]:
    """Return the glyph at the size wanted."""
    return np.asarray(cv2.resize(_glyph(character), (wide, high), interpolation=cv2.INTER_AREA), np.uint8)


@lru_cache(maxsize=128)
def _glyph(character: str) -> NDArray[np.uint8]:
    """Return the glyph stretched to its box, 8 px a millimetre: coverage, (720, 360) uint8."""
    font = ImageFont.truetype(str(FONT), INK_PX)
    canvas = Image.new("L", (INK_PX * 2, INK_PX * 2))
    ImageDraw.Draw(canvas).text((INK_PX // 2, INK_PX // 4), character, font=font, fill=255)
    inked = np.asarray(canvas)
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    tight = inked[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    wide, high = round(BOX_MM[0] * 8), round(BOX_MM[1] * 8)
    natural = tight.shape[1] / tight.shape[0]
    # I and 1 stay narrow; everything else fills its box.
    share = 0.5 if natural < 0.45 else 1.0
    fitted = cv2.resize(tight, (round(wide * share), high), interpolation=cv2.INTER_CUBIC)
    out = np.zeros((high, wide), np.uint8)
    left = (wide - fitted.shape[1]) // 2
    out[:, left : left + fitted.shape[1]] = fitted
    return out
