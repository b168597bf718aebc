"""A picture with everything marked that was found in it, for a person who tunes a camera."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from detection.decode import Image
from detection.plate_find import PLATE_WIDTH_MIN_PX
from detection.survey import FoundPlate, Survey

PERSON_BGR: Final = (80, 220, 80)
VEHICLE_BGR: Final = (255, 170, 60)
OTHER_BGR: Final = (220, 120, 220)
PLATE_BGR: Final = (0, 220, 255)
UNSURE_BGR: Final = (0, 140, 255)
SMALL_BGR: Final = (60, 60, 255)
ZONE_BGR: Final = (255, 255, 255)
LETTERS: Final = (13, 60)
"""Letters are a sixtieth of the picture's height, and at least so many pixels."""

NAME: Final = 24
"""So many letters of the name are written."""

Colour = tuple[int, int, int]


def draw(image: Image, found: Survey, name: str = "", zone: Sequence[tuple[float, float]] = ()) -> Image:
    """Return a copy of the (height, width, 3) BGR picture with everything marked, and a line of sums at the top.

    Args:
        image: the picture.
        found: what is in it.
        name: said in the line at the top.
        zone: a polygon in shares of the picture, drawn thin.
    """
    out = image.copy()
    letters = max(LETTERS[0], image.shape[0] // LETTERS[1])
    if zone:
        corners = np.array(zone, np.float64) * (found.width, found.height)
        cv2.polylines(out, [np.rint(corners).astype(np.int32)], True, ZONE_BGR, 1, cv2.LINE_AA)
    for one in found.objects:
        colour = PERSON_BGR if one.label == "person" else VEHICLE_BGR if one.vehicle else OTHER_BGR
        box = one.box
        cv2.rectangle(out, (box.left, box.top), (box.right - 1, box.bottom - 1), colour, max(1, letters // 10))
        _write(out, f"{one.label} {one.score:.2f}  {box.width}x{box.height}", (box.left, box.top), colour, letters)
    for plate in found.plates:
        colour, words = _said(plate)
        quad = np.rint(plate.seen.box.quad).astype(np.int32)
        cv2.polylines(out, [quad], True, colour, max(1, letters // 8), cv2.LINE_AA)
        bottom = (int(quad[:, 0].min()), int(quad[:, 1].max()) + round(1.6 * letters))
        _write(out, words, bottom, colour, letters)
    _write(out, f"{name[:NAME]}  {summary(found)}".strip(), (0, round(1.5 * letters)), ZONE_BGR, letters)
    return out


def summary(found: Survey) -> str:
    """Return what is in the picture in one line, and what each stage took."""
    labels = [one.label for one in found.objects]
    seen = [f"{labels.count(label)} {label}" for label in sorted(set(labels))]
    plates = [_said(plate)[1] for plate in found.plates]
    took = ", ".join(f"{stage} {ms:.0f}" for stage, ms in found.ms.items() if ms)
    return f"{', '.join(seen + plates) or 'nothing'}  [{found.width}x{found.height}; ms: {took}]"


def _said(plate: FoundPlate) -> tuple[Colour, str]:
    read, wide = plate.seen.read, f"{plate.width_px} px"
    if plate.too_small:
        return SMALL_BGR, f"plate {wide}: too small to read (from {PLATE_WIDTH_MIN_PX:.0f} px)"
    if read is None:
        return UNSURE_BGR, f"plate {wide}: not read"
    colour = PLATE_BGR if plate.seen.certain else UNSURE_BGR
    return colour, f"{read.text} {read.probability:.2f}{'' if plate.seen.certain else '?'} {wide}"


def _write(out: Image, words: str, place: tuple[int, int], colour: Colour, letters: int) -> None:
    """Write on a dark ground above ``place`` (left, bottom), moved into the picture where it would leave it."""
    font = cv2.FontFace("uni")  # knows Chinese, which the fonts drawn with strokes do not
    (left, top, wide, high) = cv2.getTextSize((0, 0), words, (0, 0), font, letters, 400)
    x = max(0, min(place[0], out.shape[1] - wide - 4))
    y = max(high + 4, min(place[1] - 3, out.shape[0] - 4))
    ground = out[max(0, y + top - 3) : y + top + high + 3, max(0, x + left - 2) : x + left + wide + 4]
    np.copyto(ground, (ground * 0.35).astype(np.uint8))
    cv2.putText(out, words, (x, y), colour, font, letters, 400)
