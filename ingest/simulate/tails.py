"""What is seen of vehicles that drive away, and of motorcycles."""

import random
from typing import Final

from ingest.simulate.faces import CHROME, GLASS, LAMP, RUBBER, Canvas, Face, Part, Vehicle, flat, lit, upright
from ingest.simulate.plates import Colour

LAMPS: Final = (0.22, 0.95)
"""Tail lamps of tall vehicles: from the edge, and above the ground, metres."""
RED: Final = (40, 30, 170)
JACKETS: Final[tuple[Colour, ...]] = ((60, 56, 52), (110, 70, 40), (52, 52, 120), (44, 96, 70), (30, 30, 32))
WIDTH_M: Final = 0.74
HEIGHT_M: Final = 1.62
LENGTH_M: Final = 2.0


def car_tail(wide: float, high: float, paint: Colour) -> Face:
    """Return a car's tail: lamps at both sides, the place of the plate between them, bumper and tyres."""
    canvas = Canvas(wide, high, lit(paint, 1.02), lit(paint, 0.72))
    for sign in (-1, 1):
        middle = wide / 2 + sign * (wide / 2 - 0.22)
        canvas.box(middle - 0.2, high * 0.14, middle + 0.2, high * 0.36, RED)
        canvas.box(middle - 0.06, high * 0.18, middle + 0.06, high * 0.30, (200, 205, 225))
    canvas.line(((0.45, high * 0.12), (wide - 0.45, high * 0.12)), CHROME, 0.02)
    canvas.box(0.0, high * 0.62, wide, high * 0.66, lit(paint, 0.55))
    canvas.box(0.0, high * 0.84, wide, high, (22, 22, 22))
    canvas.clear(0.34, high * 0.88, wide - 0.34, high)
    canvas.cut(((0.06, 0.0), (wide - 0.06, 0.0), (wide, 0.12), (wide, high), (0.0, high), (0.0, 0.12)))
    return canvas.image


def box_tail(wide: float, high: float, paint: Colour, rng: random.Random, *, glass: bool) -> Face:
    """Return the tail of a lorry's box, two doors with their bars, or with ``glass`` that of a bus."""
    canvas = Canvas(wide, high, lit(paint, 1.0), lit(paint, 0.8))
    if glass:
        canvas.box(0.2, 0.4, wide - 0.2, 1.3, GLASS)
        canvas.box(0.4, 1.5, wide - 0.4, high - 1.2, lit(paint, 0.7))
    else:
        canvas.line(((wide / 2, 0.05), (wide / 2, high - 0.7)), lit(paint, 0.55), 0.02)
        for x in (wide * 0.3, wide * 0.7):
            canvas.line(((x, 0.1), (x, high - 0.75)), (150, 150, 150), 0.035)
        canvas.box(0.15, 0.25, wide * 0.42, 0.25 + rng.uniform(0.1, 0.5), lit(paint, 0.85))
    canvas.box(0.0, high - 0.62, wide, high - 0.2, (46, 46, 48))
    for x in (LAMPS[0], wide - LAMPS[0]):
        canvas.box(x - 0.16, high - LAMPS[1] - 0.07, x + 0.16, high - LAMPS[1] + 0.07, RED)
    canvas.box(0.0, high - 0.2, wide, high, (20, 20, 20))
    canvas.clear(0.5, high - 0.2, wide - 0.5, high)
    return canvas.image


def motorcycle(rng: random.Random, plates: tuple[Part, ...], *, away: bool) -> Vehicle:
    """Return a motorcycle with its rider: a face that stands, and seat and shoulders that lie."""
    jacket, helmet = rng.choice(JACKETS), rng.choice(((40, 40, 44), (220, 220, 222), (40, 40, 160), (150, 90, 40)))
    middle = WIDTH_M / 2
    canvas = Canvas(WIDTH_M, HEIGHT_M, (0, 0, 0), (0, 0, 0))
    canvas.image[:] = 0
    canvas.box(middle - 0.07, 0.95, middle + 0.07, HEIGHT_M, RUBBER)
    canvas.fill(
        ((middle - 0.2, 0.75), (middle + 0.2, 0.75), (middle + 0.15, 1.25), (middle - 0.15, 1.25)), (60, 58, 56)
    )
    for sign in (-1, 1):
        canvas.line(
            ((middle + sign * 0.14, 0.72), (middle + sign * 0.3, 1.05), (middle + sign * 0.22, 1.4)), (70, 60, 56), 0.12
        )
        canvas.line(((middle + sign * 0.2, 0.36), (middle + sign * 0.33, 0.7)), jacket, 0.1)
    canvas.fill(((middle - 0.24, 0.3), (middle + 0.24, 0.3), (middle + 0.18, 0.85), (middle - 0.18, 0.85)), jacket)
    canvas.disc(middle, 0.16, (0.13, 0.155), helmet)
    if away:
        canvas.box(middle - 0.07, 0.82, middle + 0.07, 0.88, RED)
    else:
        canvas.disc(middle, 0.14, (0.09, 0.06), (60, 52, 48))
        canvas.disc(middle, 0.86, (0.09, 0.08), LAMP)
    parts = (
        Part(None, flat(0.17, 0.1, 0.9, 0.8), fill=(44, 42, 42)),
        Part(None, flat(0.24, 0.0, 0.22, 1.32), fill=lit(jacket, 1.15)),
        Part(canvas.image, upright(middle, HEIGHT_M)),
    )
    return Vehicle(parts, plates, WIDTH_M, HEIGHT_M, LENGTH_M, ((0.0, 0.0, HEIGHT_M - 0.86),))
