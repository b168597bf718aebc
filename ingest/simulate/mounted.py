"""The plate on a vehicle: where it is screwed on, and what mud, cloth and bars make of it."""

import random
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.simulate.faces import Corners, Part, multiplied
from ingest.simulate.plates import ROW_MM, draw_plate, size_mm
from ingest.simulate.traffic import LEVELS_M, Body, Driven, Wear

PLATES_PX: Final = (76, 92, 112, 136, 164, 200, 240)
"""Widths of a plate of 440 mm at which a plate is kept."""
REAR_LEVELS_M: Final = {Body.CAR: 0.62, Body.SUV: 0.7, Body.TRUCK: 0.85, Body.BUS: 0.9, Body.MOTORCYCLE: 0.62}
"""Height of the rear plate's middle above the ground."""
MUD: Final = (58, 82, 96)


def level_m(each: Driven) -> float:
    """Return the height of the plate's middle above the ground."""
    return (REAR_LEVELS_M if each.away else LEVELS_M)[each.body]


def plate_corners(each: Driven) -> Corners:
    """Return where the plate is on its vehicle (back, across, up), metres."""
    wide, high = (side / 2000.0 for side in size_mm(each.kind))
    top, low = level_m(each) + high, level_m(each) - high
    return ((-0.02, -wide, top), (-0.02, wide, top), (-0.02, wide, low), (-0.02, -wide, low))


def mounted(each: Driven) -> tuple[Part, ...]:
    """Return the plate in every size, averaged down so that it keeps its strokes when it is put in place."""
    if each.plate is None:
        return ()
    width, height = size_mm(each.kind)
    drawn = draw_plate(each.plate, each.kind, PLATES_PX[-1] / ROW_MM[0])
    if each.wear is not Wear.CLEAN:
        drawn = _worn(drawn, each.wear, random.Random(each.look))
    face = multiplied(drawn)
    corners = plate_corners(each)
    sizes = [(round(px * width / ROW_MM[0]), round(px * height / ROW_MM[0])) for px in PLATES_PX]
    return tuple(
        Part(np.asarray(cv2.resize(face, size, interpolation=cv2.INTER_AREA), np.uint8), corners) for size in sizes
    )


def _worn(plate: NDArray[np.uint8], wear: Wear, rng: random.Random) -> NDArray[np.uint8]:
    high, wide = plate.shape[:2]
    out = plate.copy()
    if wear is Wear.COVERED:
        # A cloth or a bag over four of the characters, as those do who do not want to be read.
        left = rng.randrange(wide // 8, wide // 3)
        shade = rng.randrange(30, 170)
        out[:, left : left + round(wide * 0.55), :3] = (shade, shade + 6, shade + 10)
        return out
    grain = np.random.default_rng(rng.getrandbits(32))
    spots = sum(
        np.asarray(cv2.resize(grain.standard_normal((max(high // size, 2), max(wide // size, 2))), (wide, high)))
        for size in (5, 12, 30)
    )
    low = np.linspace(-0.5, 0.7, high)[:, None]  # a wheel throws it up: there is more of it below
    cover = np.clip((spots + low - 0.4) * 0.5, 0.0, 0.65)[..., None]
    out[..., :3] = np.rint(out[..., :3] * (1.0 - cover) + np.array(MUD) * cover).astype(np.uint8)
    return out
