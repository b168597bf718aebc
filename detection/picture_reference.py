"""How a camera's picture usually looks: where its edges are and how sharp it is. Learnt slowly, kept in a file.

What is kept are the edges of 160 x 90 pixels, averaged over minutes: passing people and vehicles vanish from them.
"""

import io
import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from detection.decode import Image

Floats = NDArray[np.float32]

WIDTH_PX: Final = 320
HEIGHT_PX: Final = 180
BLOCKS: Final = (16, 9)
"""Blocks of 20 x 20 pixels, across and down."""
EDGE_SIZE: Final = (160, 90)
QUARTER_SIZE: Final = (80, 45)
BRIGHT: Final = 70.0
"""By day and by night (or by infrared light) a place has other edges: from this mean brightness on it is day."""
LIGHTS: Final = 2
SLOW_S: Final = 600.0
"""A reference follows the picture with this time constant: dusk takes longer, a standing lorry often not as long."""
STEP_MAX: Final = 0.2
FIRST_VIEWS: Final = 6
"""From so many views on, a reference is one; until then each counts the same."""
VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class View:
    """What picture health sees of one keyframe.

    Args:
        grey: (180, 320) brightness.
        mean, low, high: its mean, and the brightness that 1 % of the pixels are below and 0.1 % above.
        flat: (9, 16) spread (standard deviation) of each block.
        fine: (9, 16) mean size of details of a pixel or two (Laplacian).
        coarse: (9, 16) mean steepness at a quarter of the size, which being out of focus hardly changes.
        edges: (90, 160) steepness relative to the brightness around, which darkness hardly changes.
    """

    grey: Image
    mean: float
    low: float
    high: float
    flat: Floats
    fine: Floats
    coarse: Floats
    edges: Floats

    @classmethod
    def of(cls, grey: Image) -> "View":
        """Measure (180, 320) brightness; about a millisecond."""
        if grey.shape != (HEIGHT_PX, WIDTH_PX):
            raise ValueError(f"grey: want {(HEIGHT_PX, WIDTH_PX)}, got {grey.shape}")
        low, high = np.percentile(grey, (1, 99.9))
        values: Floats = grey.astype(np.float32)
        mean = _in_blocks(values)
        spread = np.sqrt(np.maximum(_in_blocks(values * values) - mean * mean, 0))
        half = _shrunk(values, EDGE_SIZE)
        quarter = _shrunk(half, QUARTER_SIZE)
        edges = _steepness(half) / (cv2.blur(half, (15, 15)) + 24.0)
        return cls(
            grey,
            float(values.mean()),
            float(low),
            float(high),
            np.asarray(spread, np.float32),
            _in_blocks(np.asarray(np.abs(cv2.Laplacian(values, cv2.CV_32F)), np.float32)),
            _in_blocks(_steepness(quarter)),
            np.asarray(np.minimum(edges, 1.0), np.float32),
        )

    @property
    def light(self) -> int:
        """Return 1 by day, 0 by night."""
        return int(self.mean >= BRIGHT)


@dataclass(slots=True)
class Light:
    """The usual picture in one light: means over ``views`` of them."""

    views: int = 0
    mean: float = 0.0
    flat: Floats = field(default_factory=lambda: np.zeros(BLOCKS[::-1], np.float32))
    fine: Floats = field(default_factory=lambda: np.zeros(BLOCKS[::-1], np.float32))
    coarse: Floats = field(default_factory=lambda: np.zeros(BLOCKS[::-1], np.float32))
    edges: Floats = field(default_factory=lambda: np.zeros(EDGE_SIZE[::-1], np.float32))

    @property
    def known(self) -> bool:
        """Tell whether enough was seen to compare with."""
        return self.views >= FIRST_VIEWS

    def learn(self, view: View, passed_s: float) -> None:
        """Follow a good view that came ``passed_s`` seconds after the last one."""
        share = 1 / (self.views + 1) if not self.known else min(passed_s / SLOW_S, STEP_MAX)
        self.mean += share * (view.mean - self.mean)
        for name in _ARRAYS:
            usual = getattr(self, name)
            usual += share * (getattr(view, name) - usual)
        self.views += 1


class Reference:
    """One camera's usual pictures by day and by night, since ``set_at`` (unix s)."""

    def __init__(self, set_at: float) -> None:
        self.set_at = set_at
        self.lights = [Light() for _ in range(LIGHTS)]

    def save(self, path: Path) -> None:
        """Write the file whole or not at all.

        Raises:
            OSError: there is no room.
        """
        kept: dict[str, NDArray[Any]] = {
            f"{name}{place}": getattr(light, name).astype(np.float16)
            for place, light in enumerate(self.lights)
            for name in _ARRAYS
        }
        kept["views"] = np.asarray([light.views for light in self.lights])
        kept["means"] = np.asarray([light.mean for light in self.lights])
        packed = io.BytesIO()
        np.savez(packed, allow_pickle=False, version=VERSION, set_at=self.set_at, **kept)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".draft")
        draft.write_bytes(packed.getvalue())
        os.replace(draft, path)  # noqa: PTH105  (one word for one system call)

    @classmethod
    def load(cls, path: Path) -> "Reference | None":
        """Return what ``save`` left, or None: there is no file, or it is not one of ours."""
        try:
            with np.load(path, allow_pickle=False) as kept:
                if int(kept["version"]) != VERSION:
                    return None
                found = cls(float(kept["set_at"]))
                for place, light in enumerate(found.lights):
                    light.views, light.mean = int(kept["views"][place]), float(kept["means"][place])
                    for name in _ARRAYS:
                        array = np.asarray(kept[f"{name}{place}"], np.float32)
                        if array.shape != getattr(light, name).shape or not np.isfinite(array).all():
                            return None
                        setattr(light, name, array)
        except (OSError, ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile):
            return None
        return found


_ARRAYS: Final = ("flat", "fine", "coarse", "edges")


def _steepness(values: Floats) -> Floats:
    across, down = cv2.Sobel(values, cv2.CV_32F, 1, 0), cv2.Sobel(values, cv2.CV_32F, 0, 1)
    return np.asarray(cv2.magnitude(across, down) / 8, np.float32)


def _shrunk(values: Floats, size: tuple[int, int]) -> Floats:
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)


def _in_blocks(values: Floats) -> Floats:
    return _shrunk(values, BLOCKS)
