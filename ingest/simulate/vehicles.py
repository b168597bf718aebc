"""Draw the faces of vehicles: front, bonnet, windscreen, roof and side. Nothing here knows about cameras."""

import colorsys
import random
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ingest.simulate.faces import (
    CHROME,
    FLANK_PX_M,
    GLASS,
    LAMP,
    LOADS,
    RUBBER,
    Canvas,
    Corners,
    Face,
    Part,
    Vehicle,
    flat,
    lit,
    slope,
    upright,
)
from ingest.simulate.mounted import mounted
from ingest.simulate.plates import Colour, PlateKind
from ingest.simulate.tails import LAMPS, box_tail, car_tail, motorcycle
from ingest.simulate.traffic import LENGTHS_M, Body, Driven


@dataclass(frozen=True, slots=True)
class _Shape:
    """Measures in metres: widths and heights, and how far back things are."""

    width: float
    height: float
    nose: float
    cowl: float
    cowl_back: float
    roof_back: float
    length: float


SHAPES = {
    Body.CAR: _Shape(1.80, 1.45, 0.80, 0.98, 1.15, 1.95, LENGTHS_M[Body.CAR]),
    Body.SUV: _Shape(1.90, 1.72, 1.00, 1.14, 1.05, 1.70, LENGTHS_M[Body.SUV]),
    Body.TRUCK: _Shape(2.35, 2.75, 2.75, 2.75, 0.0, 0.0, LENGTHS_M[Body.TRUCK]),
    Body.BUS: _Shape(2.50, 3.10, 3.10, 3.10, 0.0, 0.0, LENGTHS_M[Body.BUS]),
}


def build(each: Driven) -> Vehicle:
    """Return a vehicle; the same one always looks the same."""
    rng = random.Random(each.look)
    if each.body is Body.MOTORCYCLE:
        return motorcycle(rng, mounted(each), away=each.away)
    shape = SHAPES[each.body]
    paint = _paint(rng, each.kind)
    half = shape.width / 2
    # A truck's load is all that is seen of it from behind.
    seen = Body.BUS if each.away and each.body is Body.TRUCK else each.body
    parts = [part for side in (-1, 1) for part in _flank(shape, seen, paint, rng, side)]
    if each.body in (Body.TRUCK, Body.BUS):
        tail = 1.9 if seen is Body.TRUCK else shape.length
        if seen is Body.TRUCK:
            parts += _top(half, 2.3, shape.length, 2.55, rng.choice(LOADS))
        parts += _top(half, 0.0, tail, shape.height, lit(paint, 1.1))
        face = (
            box_tail(shape.width, shape.height, paint, rng, glass=each.body is Body.BUS)
            if each.away
            else _tall_front(shape, each.body, paint, rng)
        )
        parts.append(Part(face, upright(half, shape.height)))
    else:
        parts += _top(half * 0.84, shape.roof_back, shape.length - 1.2, shape.height, lit(paint, 1.12))
        parts.append(Part(_windscreen(shape, paint, rng, away=each.away), _screen(shape)))
        parts.append(Part(_bonnet(shape, paint), slope(half, 0.0, shape.nose, shape.cowl_back + 0.05, shape.cowl)))
        face = car_tail(shape.width, shape.nose, paint) if each.away else _front(shape, paint, rng)
        parts.append(Part(face, upright(half, shape.nose)))
    return Vehicle(
        tuple(parts), mounted(each), shape.width, shape.height, shape.length, _lamps(shape, each.body, each.away)
    )


def _lamps(shape: _Shape, body: Body, away: bool) -> tuple[tuple[float, float, float], ...]:
    """Return where the lamps are that are lit in the dark."""
    tall = body in (Body.TRUCK, Body.BUS)
    inset, up = (0.30, 0.70) if tall else (0.17, shape.nose * 0.785)
    if away:
        inset, up = LAMPS[0], LAMPS[1] if tall else shape.nose * 0.75
    return tuple((0.0, sign * (shape.width / 2 - inset), up) for sign in (-1, 1))


def _paint(rng: random.Random, kind: PlateKind) -> Colour:
    """Return a body colour: mostly white, black and greys, as on the road."""
    if kind is PlateKind.POLICE:
        return (232, 232, 230)
    pick = rng.random()
    if pick < 0.34:
        shade = rng.randint(205, 235)
        return (shade, shade, shade)
    if pick < 0.52:
        shade = rng.randint(28, 50)
        return (shade + 4, shade, shade)
    if pick < 0.74:
        shade = rng.randint(90, 165)
        return (shade + 6, shade + 2, shade)
    red, green, blue = colorsys.hsv_to_rgb(
        rng.choice((0.0, 0.02, 0.08, 0.58, 0.62, 0.35)), rng.uniform(0.5, 0.85), rng.uniform(0.3, 0.7)
    )
    return (round(blue * 255), round(green * 255), round(red * 255))


def _screen(shape: _Shape) -> Corners:
    half, top = shape.width / 2, shape.width / 2 * 0.84
    return (
        (shape.roof_back + 0.04, -top, shape.height),
        (shape.roof_back + 0.04, top, shape.height),
        (shape.cowl_back, half * 0.97, shape.cowl),
        (shape.cowl_back, -half * 0.97, shape.cowl),
    )


def _top(half: float, front: float, back: float, height: float, colour: Colour) -> list[Part]:
    """Return a flat top: its rim, and a lighter field within."""
    rim = Part(None, flat(half, front, back, height), fill=lit(colour, 0.9))
    return [rim, Part(None, flat(half - 0.1, front + 0.06, back - 0.08, height), fill=colour)]


def _bonnet(shape: _Shape, paint: Colour) -> Face:
    wide, long = shape.width, shape.cowl_back + 0.05
    canvas = Canvas(wide, long, lit(paint, 0.96), lit(paint, 1.18, 10))
    for sign in (-1, 1):
        canvas.line(
            ((wide / 2 + sign * wide * 0.36, 0.0), (wide / 2 + sign * wide * 0.26, long)), lit(paint, 0.78), 0.02
        )
    canvas.fill(((wide * 0.42, 0.0), (wide * 0.58, 0.0), (wide * 0.55, long), (wide * 0.45, long)), lit(paint, 1.1, 6))
    edge = wide * 0.03
    canvas.cut(((0.0, 0.0), (wide, 0.0), (wide, long * 0.75), (wide - edge, long), (edge, long), (0.0, long * 0.75)))
    return canvas.image


def _windscreen(shape: _Shape, paint: Colour, rng: random.Random, *, away: bool) -> Face:
    """Return glass with the sky in it, driver (left-hand drive: right in the picture) and perhaps a passenger.

    Behind a rear window nobody is seen.
    """
    wide, high = shape.width * 0.97, 0.78
    canvas = Canvas(wide, high, lit(paint, 1.02), lit(paint, 0.88))
    canvas.fill(((0.09, 0.05), (wide - 0.09, 0.05), (wide - 0.05, high - 0.02), (0.05, high - 0.02)), GLASS)
    for x, shown in ((wide * 0.70, True), (wide * 0.30, rng.random() < 0.45)):
        if shown and not away:
            shirt = rng.choice(((70, 66, 64), (120, 110, 104), (60, 70, 112), (130, 128, 126)))
            canvas.disc(x, high * 0.82, (0.22, 0.24), shirt)
            canvas.disc(x, high * 0.46, (0.085, 0.13), (104, 128, 158))
            canvas.disc(x, high * 0.38, (0.09, 0.09), (34, 34, 38))
    canvas.box(0.08, high - 0.16, wide - 0.08, high - 0.02, (40, 38, 36))
    canvas.box(wide / 2 - 0.12, 0.08, wide / 2 + 0.12, 0.15, RUBBER)
    lean = rng.uniform(0.1, 0.3) * wide
    plain = canvas.image.copy()
    canvas.fill(((0.1, 0.05), (0.1 + lean, 0.05), (lean * 0.5, high), (0.05, high)), (206, 196, 186))
    canvas.image = np.asarray(cv2.addWeighted(plain, 0.74, canvas.image, 0.26, 0), np.uint8)
    canvas.line(((0.3, high - 0.02), (wide * 0.62, high - 0.06)), RUBBER, 0.018)
    return canvas.image


def _front(shape: _Shape, paint: Colour, rng: random.Random) -> Face:
    """Return a car's front: lamps and grille above, bumper and air intake below, tyres under it."""
    wide, high = shape.width, shape.nose
    canvas = Canvas(wide, high, lit(paint, 1.04, 4), lit(paint, 0.72))
    grille = rng.choice(((28, 28, 30), (44, 44, 46)))
    inset = rng.uniform(0.44, 0.56)
    top = high * rng.uniform(0.08, 0.12)
    low = high * 0.36
    canvas.fill(((inset, top), (wide - inset, top), (wide - inset - 0.06, low), (inset + 0.06, low)), grille)
    for y in np.linspace(top + 0.03, low - 0.03, rng.choice((3, 4, 5))):
        canvas.line(
            ((inset + 0.03, y), (wide - inset - 0.03, y)), CHROME if rng.random() < 0.6 else (88, 88, 88), 0.011
        )
    canvas.disc(wide / 2, (top + low) / 2, (0.055, 0.055), CHROME)
    canvas.disc(wide / 2, (top + low) / 2, (0.036, 0.036), grille)
    for sign in (-1, 1):
        _headlamp(canvas, sign, wide, high, inset)
    canvas.line(((0.06, high * 0.40), (wide - 0.06, high * 0.40)), lit(paint, 0.62), 0.012)
    canvas.fill(
        ((0.34, high * 0.70), (wide - 0.34, high * 0.70), (wide - 0.42, high * 0.84), (0.42, high * 0.84)), (34, 34, 36)
    )
    canvas.box(0.0, high * 0.84, wide, high, (22, 22, 22))
    canvas.clear(0.34, high * 0.86, wide - 0.34, high)
    for sign in (-1, 1):
        canvas.disc(wide / 2 + sign * (wide / 2 - 0.25), high * 0.76, (0.075, 0.05), (60, 60, 62))
        canvas.disc(wide / 2 + sign * (wide / 2 - 0.25), high * 0.76, (0.045, 0.035), LAMP)
    corner = 0.07
    canvas.cut(
        (
            (corner, 0.0),
            (wide - corner, 0.0),
            (wide, 0.14),
            (wide, high * 0.8),
            (wide - 0.06, high),
            (0.06, high),
            (0.0, high * 0.8),
            (0.0, 0.14),
        )
    )
    return canvas.image


def _headlamp(canvas: Canvas, sign: int, wide: float, high: float, inset: float) -> None:
    def at(x: float) -> float:
        return wide / 2 + sign * (wide / 2 - x)

    canvas.fill(
        (
            (at(0.05), high * 0.10),
            (at(inset - 0.03), high * 0.17),
            (at(inset - 0.05), high * 0.33),
            (at(0.09), high * 0.30),
        ),
        (128, 126, 122),
    )
    canvas.disc(at(0.17), high * 0.215, (0.07, 0.065), LAMP)
    canvas.disc(at(0.33), high * 0.24, (0.05, 0.048), (222, 220, 212))


def _tall_front(shape: _Shape, body: Body, paint: Colour, rng: random.Random) -> Face:
    """Return the flat front of a truck or bus: windscreen above, panel, lamps and bumper below."""
    wide, high = shape.width, shape.height
    canvas = Canvas(wide, high, lit(paint, 1.06), lit(paint, 0.84))
    glass_top, glass_low = (0.30, 1.25) if body is Body.TRUCK else (0.48, 1.85)
    canvas.fill(((0.12, glass_top), (wide - 0.12, glass_top), (wide - 0.07, glass_low), (0.07, glass_low)), GLASS)
    canvas.fill(
        ((0.14, glass_top + 0.02), (0.75, glass_top + 0.02), (0.4, glass_low - 0.02), (0.1, glass_low - 0.02)),
        (104, 94, 84),
    )
    canvas.disc(wide * 0.72, glass_low - 0.12, (0.26, 0.26), (88, 84, 80))
    canvas.disc(wide * 0.72, glass_low - 0.46, (0.10, 0.14), (100, 122, 150))
    canvas.line(((wide * 0.2, glass_low - 0.03), (wide * 0.55, glass_low - 0.10)), RUBBER, 0.022)
    if body is Body.BUS:
        canvas.box(0.5, 0.16, wide - 0.5, 0.40, (26, 26, 26))
        canvas.line(((0.75, 0.28), (wide - 0.75, 0.28)), (40, 150, 240), 0.07)
    top = glass_low + 0.18
    canvas.fill(((0.5, top), (wide - 0.5, top), (wide - 0.6, top + 0.45), (0.6, top + 0.45)), (40, 40, 42))
    for y in np.linspace(top + 0.06, top + 0.39, 4):
        canvas.line(((0.56, y), (wide - 0.56, y)), CHROME if rng.random() < 0.5 else (86, 86, 86), 0.02)
    bumper = high - 0.92
    canvas.box(0.0, bumper, wide, high - 0.25, lit(paint, 0.5, 24))
    for x in (0.30, wide - 0.30):
        canvas.disc(x, bumper + 0.22, (0.19, 0.12), (120, 118, 114))
        canvas.disc(x, bumper + 0.22, (0.12, 0.09), LAMP)
    canvas.box(0.0, high - 0.25, wide, high, (20, 20, 20))
    canvas.clear(0.42, high - 0.22, wide - 0.42, high)
    canvas.cut(((0.08, 0.0), (wide - 0.08, 0.0), (wide, 0.16), (wide, high), (0.0, high), (0.0, 0.16)))
    return canvas.image


def _flank(shape: _Shape, body: Body, paint: Colour, rng: random.Random, side: int) -> list[Part]:
    """Return one side, front at the left of the face; a car's windows lean inwards and are a face of their own."""
    long, half = shape.length, shape.width / 2 * side
    dark = lit(paint, 0.62)
    if body in (Body.CAR, Body.SUV):
        waist, low = shape.cowl, shape.cowl
        upper = Canvas(long, shape.height - waist, lit(paint, 0.84), lit(paint, 0.8), FLANK_PX_M)
        tail = ((long - 1.2, 0.0), (long - 0.45, shape.height - waist))
        upper.fill(
            (
                (shape.cowl_back + 0.2, upper.high),
                (shape.roof_back + 0.08, 0.06),
                (long - 1.25, 0.06),
                (long - 0.7, upper.high),
            ),
            GLASS,
        )
        upper.line(((long * 0.56, 0.0), (long * 0.56, 1.0)), dark, 0.06)
        upper.cut(((shape.cowl_back, shape.height - waist), (shape.roof_back, 0.0), *tail))
        lean = shape.width / 2 * 0.84 * side
        top = Part(
            upper.image,
            ((0.0, lean, shape.height), (long, lean, shape.height), (long, half, waist), (0.0, half, waist)),
            side,
        )
        lower = Canvas(long, low, lit(paint, 0.88), dark, FLANK_PX_M)
        lower.line(((0.1, low * 0.35), (long, low * 0.3)), lit(paint, 0.72), 0.02)
        lower.cut(((0.0, low - shape.nose), (shape.cowl_back, 0.0), (long, 0.0), (long, low), (0.0, low)))
        deck = Part(None, flat(shape.width / 2, long - 0.5, long, waist), fill=lit(paint, 1.02))
        return [deck, _on_wheels(lower, (0.85, long - 0.95), half, side), top]
    whole = Canvas(long, shape.height, lit(paint, 0.86), dark, FLANK_PX_M)
    if body is Body.BUS:
        whole.box(0.3, 0.45, long - 0.3, 1.5, GLASS)
    else:
        whole.box(0.25, 0.35, 1.5, 1.2, GLASS)
        whole.box(1.9, 0.2, long, shape.height, (44, 44, 44))
        whole.box(2.3, 0.2, long, shape.height - 0.9, rng.choice(LOADS))
        whole.clear(1.9, 0.0, long, 0.2)
    return [_on_wheels(whole, (0.85, long - 0.95), half, side)]


def _on_wheels(canvas: Canvas, wheels: Sequence[float], across: float, side: int) -> Part:
    """Return the canvas as a flank that stands on the ground: free below, with wheels."""
    high, long = canvas.high / canvas.scale, canvas.wide / canvas.scale
    canvas.clear(0.0, high - 0.22, long, high)
    for x in wheels:
        canvas.disc(x, high - 0.33, (0.33, 0.33), RUBBER)
        canvas.disc(x, high - 0.33, (0.2, 0.2), (130, 130, 130))
    corners = ((0.0, across, high), (long, across, high), (long, across, 0.0), (0.0, across, 0.0))
    return Part(canvas.image, corners, side)
