"""What night and rain make of a picture: light, lamps and plates that throw it back, drops, glare and noise.

Light is reckoned in shares of what a day gives, linear; a picture is its square root. How strong each thing is was
chosen by eye beside pictures of checkpoints at night and in rain; nothing here was fitted to a reader.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.simulate.view import HEIGHT_PX, WIDTH_PX

Image = NDArray[np.uint8]
Light = NDArray[np.float32]
"""(height, width, 3) or (height, width), linear, 1 is white by day."""

SMALL: Final = 8
"""Light that is spread wide is reckoned on a picture so many times smaller."""
STREET_BGR: Final = (0.010, 0.022, 0.034)
"""What street lamps give, sodium."""
LAMP: Final = (0.20, 0.075)
"""What the camera's own lamp gives at the lower and at the upper edge of the picture."""
BEAM: Final = 0.16
"""What a headlamp gives on the road before it."""
GLOW: Final = ((3.0, 0.16), (11.0, 0.010), (40.0, 0.0012))
"""Glare around a lamp: spread (pixels) and strength of each part, for a headlamp of power 1."""
RETRO: Final = (1.5, 5.0)
"""A plate throws back so many times what a matt surface would, by its age: least and most."""
GREY_BGR: Final = (0.15, 0.20, 0.65)
"""Infrared light sees blue grounds dark and yellow ones bright."""
NOISE: Final = {"night": 5.0, "infrared": 4.0, "rain": 2.0}
"""Standard deviation, grey levels, in the dark parts."""
VEIL_BGR: Final = (150.0, 146.0, 140.0)
VEIL: Final = (0.10, 0.34)
"""Rain between the camera and the road, at the lower and at the upper edge."""
STREAKS: Final = 260
DROPS: Final = 7
"""Drops on the camera's glass."""
DROPS_FRAMES: Final = 150
"""They run down and others come about every 15 s."""


class Weather(StrEnum):
    """What the camera has to do with; ``INFRARED`` is night with an infrared lamp, grey."""

    DAY = "day"
    NIGHT = "night"
    INFRARED = "infrared"
    RAIN = "rain"


@dataclass(frozen=True, slots=True)
class Lamp:
    """A lamp in the picture: where (x, y pixels), its radius in pixels, and whether it is a tail lamp."""

    at: tuple[float, float]
    radius_px: float
    red: bool


@dataclass(frozen=True, slots=True)
class Plate:
    """A plate's corners (4, 2) in the picture, and how old its sheeting is, 0 to 1."""

    quad: NDArray[np.float64]
    age: float


class Dark:
    """A checkpoint at night, by its own lamp: white, or with ``infrared`` grey."""

    def __init__(self, seed: int, *, infrared: bool) -> None:
        self._infrared = infrared
        self._noise = _Noise(seed, NOISE["infrared" if infrared else "night"])
        rows = np.linspace(LAMP[1], LAMP[0], HEIGHT_PX, dtype=np.float32)[:, None]
        across = np.linspace(-1.0, 1.0, WIDTH_PX, dtype=np.float32)[None, :]
        self._lamp = np.asarray(rows * (1.0 - 0.45 * across**2), np.float32)

    def expose(self, image: Image, lamps: list[Lamp], beams: list[NDArray[np.float64]], plates: list[Plate]) -> Image:
        """Return what the camera makes of a picture by day (BGR), as BGR."""
        back = np.zeros((HEIGHT_PX, WIDTH_PX), np.float32)
        for plate in plates:
            gain = RETRO[1] + (RETRO[0] - RETRO[1]) * plate.age
            cv2.fillConvexPoly(back, np.rint(plate.quad * 16).astype(np.int32), gain, cv2.LINE_AA, 4)
        own = self._lamp * (1.0 + back)
        beam = _beams(beams)
        colours = LINEAR[image]
        if self._infrared:
            grey = np.asarray(colours @ np.array(GREY_BGR, np.float32), np.float32)
            light = np.asarray(grey * own * 1.25, np.float32)
            light += _glow(lamps, infrared=True)[..., 1]
            seen = np.repeat(_developed(light)[..., None], 3, axis=2)
        else:
            street = np.array(STREET_BGR, np.float32)
            light = np.asarray(colours * ((own + beam)[..., None] + street), np.float32)
            light += _glow(lamps, infrared=False)
            seen = _developed(light)
        return self._noise.add(seen)


class Rain:
    """A checkpoint by day in rain: little light, a veil, a road that shines, streaks and drops on the glass."""

    def __init__(self, seed: int) -> None:
        self._noise = _Noise(seed, NOISE["rain"])
        self._dice = np.random.default_rng([seed, 5])
        rows = np.linspace(VEIL[1], VEIL[0], HEIGHT_PX, dtype=np.float32)[:, None, None]
        self._keep = np.broadcast_to((1.0 - rows) * 0.72, (HEIGHT_PX, WIDTH_PX, 3)).astype(np.float32)
        self._veil = np.asarray(rows * np.array(VEIL_BGR, np.float32), np.float32)
        self._drops: list[tuple[int, int, int]] = []
        self._drops_of = -1

    def expose(self, image: Image, lamps: list[Lamp], frame: int) -> Image:
        """Return what the camera makes of a picture by day (BGR), as BGR."""
        seen = image.astype(np.float32) * self._keep + self._veil
        seen += _shine(lamps)[..., None]
        seen += _glow(lamps, infrared=False) * 110.0
        soft = np.asarray(cv2.GaussianBlur(np.clip(seen, 0, 255).astype(np.uint8), (0, 0), 0.7), np.uint8)
        return self._noise.add(self._on_glass(self._streaked(soft), frame))

    def _streaked(self, image: Image) -> Image:
        layer = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
        lean = self._dice.normal(0.08, 0.02)
        for x, y, long, bright in zip(
            self._dice.uniform(0, WIDTH_PX, STREAKS),
            self._dice.uniform(-40, HEIGHT_PX, STREAKS),
            self._dice.uniform(12, 60, STREAKS),
            self._dice.uniform(18, 60, STREAKS),
            strict=True,
        ):
            start, end = (round(x), round(y)), (round(x + lean * long), round(y + long))
            cv2.line(layer, start, end, int(bright), 1, cv2.LINE_AA)
        return np.asarray(cv2.add(image, cv2.cvtColor(layer, cv2.COLOR_GRAY2BGR)), np.uint8)

    def _on_glass(self, image: Image, frame: int) -> Image:
        if frame // DROPS_FRAMES != self._drops_of:
            self._drops_of = frame // DROPS_FRAMES
            self._drops = [
                (int(x), int(y), int(radius))
                for x, y, radius in zip(
                    self._dice.uniform(0, WIDTH_PX, DROPS),
                    self._dice.uniform(0, HEIGHT_PX, DROPS),
                    self._dice.uniform(12, 42, DROPS),
                    strict=True,
                )
            ]
        for x, y, radius in self._drops:
            left, top = max(x - radius, 0), max(y - radius, 0)
            part = image[top : y + radius, left : x + radius]
            blurred = cv2.GaussianBlur(part, (0, 0), radius / 5)
            cover = np.zeros(part.shape[:2], np.uint8)
            cv2.circle(cover, (x - left, y - top), round(radius * 0.85), 255, -1, cv2.LINE_AA)
            soft = np.asarray(cv2.GaussianBlur(cover, (0, 0), radius / 8), np.float32)[..., None] / 255.0
            part[:] = np.rint(part * (1 - soft) + blurred * soft).astype(np.uint8)
        return image


class _Noise:
    """The sensor's noise, most of it in brightness, new for every picture."""

    def __init__(self, seed: int, deviation: float) -> None:
        self._dice = np.random.default_rng([seed, 3])
        grain = self._dice.standard_normal((HEIGHT_PX + 64, WIDTH_PX + 64)).astype(np.float32) * deviation
        colour = cv2.resize(
            self._dice.standard_normal((HEIGHT_PX // 2, WIDTH_PX // 2, 3)).astype(np.float32), None, fx=2.2, fy=2.2
        )
        colour = np.asarray(colour, np.float32)[: HEIGHT_PX + 64, : WIDTH_PX + 64] * (deviation * 0.4)
        self._grain = np.rint(grain[..., None] + colour).astype(np.int16)

    def add(self, image: Image) -> Image:
        """Return the picture with noise."""
        x, y = self._dice.integers(0, 64, 2)
        return np.asarray(cv2.add(image, self._grain[y : y + HEIGHT_PX, x : x + WIDTH_PX], dtype=cv2.CV_8U), np.uint8)


LINEAR: Final = ((np.arange(256, dtype=np.float32) / 255.0) ** 2).astype(np.float32)


def _developed(light: Light) -> Image:
    return np.asarray(cv2.convertScaleAbs(np.sqrt(np.clip(light, 0.0, 1.0)), alpha=255.0), np.uint8)


def _beams(beams: list[NDArray[np.float64]]) -> Light:
    """Return what headlamps give on the road: soft patches before each vehicle."""
    small = np.zeros((HEIGHT_PX // SMALL, WIDTH_PX // SMALL), np.float32)
    for quad in beams:
        layer = np.zeros_like(small)
        cv2.fillConvexPoly(layer, np.rint(quad / SMALL).astype(np.int32), BEAM)
        small += layer
    soft = cv2.GaussianBlur(small, (0, 0), 5)
    return np.asarray(cv2.resize(soft, (WIDTH_PX, HEIGHT_PX)), np.float32)


def _glow(lamps: list[Lamp], *, infrared: bool) -> Light:
    """Return the light of lamps themselves and the glare around them, (height, width, 3)."""
    out = np.zeros((HEIGHT_PX, WIDTH_PX, 3), np.float32)
    for lamp in lamps:
        tint = np.array((0.08, 0.05, 0.9) if lamp.red and not infrared else (1.0, 0.97, 0.92), np.float32)
        power = (0.12 if lamp.red else 1.0) * (0.5 if infrared else 1.0)
        for spread, strength in ((lamp.radius_px, 3.0), *((wide + lamp.radius_px, part) for wide, part in GLOW)):
            reach = round(3 * spread)
            x, y = round(lamp.at[0]), round(lamp.at[1])
            left, top = max(x - reach, 0), max(y - reach, 0)
            right, bottom = min(x + reach + 1, WIDTH_PX), min(y + reach + 1, HEIGHT_PX)
            if left >= right or top >= bottom:
                continue
            across = np.exp(-(((np.arange(left, right) - x) / spread) ** 2) / 2)
            along = np.exp(-(((np.arange(top, bottom) - y) / spread) ** 2) / 2)
            spot = np.outer(along, across).astype(np.float32) * np.float32(power * strength * 4.0)
            out[top:bottom, left:right] += spot[..., None] * tint
    return out


def _shine(lamps: list[Lamp]) -> Light:
    """Return the lamps' long reflections on the wet road, grey levels."""
    out = np.zeros((HEIGHT_PX, WIDTH_PX), np.float32)
    for lamp in lamps:
        x, y = round(lamp.at[0]), round(lamp.at[1])
        left, right = max(x - 14, 0), min(x + 15, WIDTH_PX)
        top, bottom = max(y + 40, 0), min(y + 240, HEIGHT_PX)
        if left >= right or top >= bottom:
            continue
        across = np.exp(-(((np.arange(left, right) - x) / 6.0) ** 2) / 2)
        along = np.exp(-(np.arange(top, bottom) - y - 40) / 90.0)
        out[top:bottom, left:right] += np.outer(along, across).astype(np.float32) * (18.0 if lamp.red else 60.0)
    return out
