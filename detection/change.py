"""What differs from the empty road: the cheap look that decides where plates are looked for.

A background picture at a quarter of the size is kept per checkpoint. Brightness is evened out before comparing, so
that a cloud or the camera's exposure is no vehicle; every pixel has its own noise, so that leaves are none either.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from detection.decode import Box, Picture

SCALE: Final = 4
THRESHOLD: Final = 14.0
"""Grey levels that count as change on a pixel of an asphalt road by day without noise of its own."""
DARK: Final = (0.4, 100.0)
"""In the dark less counts, down to this share of it where the road is black; from this grey level on all of it does.
At night a dark lorry differs from the road by no more than that."""
COLOUR_THRESHOLD: Final = 10.0
"""The same for colour: a red car on a grey road may be just as bright."""
CLOSE: Final = 9
"""Pieces less than this far apart are one region, pixels of the small picture: 36 of the full one."""
NOISES: Final = 3.0
"""A noisy pixel must change by this many of its mean deviations more."""
LEARN: Final = 0.05
"""Share of a new picture in the background where nothing is seen: 10 s at 2 keyframes a second."""
LEARN_SEEN: Final = 0.003
"""The same where something is seen, so that a queue stays visible for minutes."""
WARM_UP: Final = 12
"""Of the first pictures the middle value of every pixel counts: a vehicle that drives through them leaves no ghost."""
AREA_MIN: Final = 0.004
WIDTH_MIN: Final = 0.05
"""Smallest region, as shares of the picture: 60 x 60 pixels of 1280 x 720."""
LEFT_FRAMES: Final = 20
"""What stands where no vehicle is known, unmoved for so many pictures (10 s), becomes background. Not sooner: the plain
side of a passing truck does not change for seconds either."""
FLOODED: Final = 0.7
FLOODED_STILL: Final = 4
"""When this share of the zone has changed but stands still for so many pictures, the camera was moved or switched to
infrared, and the background starts afresh."""
SLIVER: Final = 7
"""What is left at the edges of a known vehicle, mostly shadow, is narrower than this; pixels of the small picture."""
COVERED: Final = 0.2
"""What is new on the road differs from it on this share of its pixels at least; a grey lorry hardly differs."""
CRUMB: Final = 0.06
"""A piece that covers no more of a lane's width squared is no vehicle of its own beside a larger one."""
STILL: Final = 0.03
"""A region stands still when at most this share of its pixels differs from the picture before."""


@dataclass(frozen=True, slots=True)
class Region:
    """Something on the road.

    Args:
        box: in pixels of the full picture.
        area: changed pixels, full picture.
        moving: share of the box's pixels that also differ from the picture before, 0 to 1.
    """

    box: Box
    area: int
    moving: float

    @property
    def still(self) -> bool:
        """Tell whether nothing in it moves."""
        return self.moving <= STILL


class Background:
    """The empty road of one checkpoint, learned from its pictures; the newest picture counts most.

    Args:
        zone: polygon within which something may be, points (x, y) from 0 to 1; empty is the whole picture.
    """

    def __init__(self, zone: tuple[tuple[float, float], ...] = ()) -> None:
        self._zone = zone
        self._flooded = 0
        self._background: NDArray[np.float32] = np.empty((0, 0), np.float32)
        self._noise: NDArray[np.float32] = self._background
        self._before: NDArray[np.float32] = self._background
        self._colour: NDArray[np.float32] = np.empty((0, 0, 2), np.float32)
        self._moved: NDArray[np.bool_] = np.empty((0, 0), np.bool_)
        self._unmoved: NDArray[np.uint8] = np.empty((0, 0), np.uint8)
        self._mask: NDArray[np.bool_] = self._moved
        self._whole: NDArray[np.uint8] = self._unmoved
        self._first: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []

    def look(self, picture: Picture, standing: tuple[Box, ...] = ()) -> list[Region]:
        """Compare a picture with the empty road and learn from it.

        Args:
            picture: the keyframe.
            standing: vehicles known to be there; what stands still elsewhere becomes background soon.

        Returns:
            Regions, largest first; empty for the first picture and after the picture's size changed.
        """
        high, wide = picture.height // SCALE, picture.width // SCALE
        now = cv2.resize(picture.y, (wide, high), interpolation=cv2.INTER_AREA).astype(np.float32)
        colour = _colour(picture, wide // 2, high // 2)
        if now.shape != self._background.shape:
            self._start(now, colour)
            return []
        even = now * self._gain(now)
        self._warm_up(even, colour)
        difference = even - self._background
        size = np.abs(difference)
        hue = colour - self._colour
        # Plane by plane: numpy takes ten times as long for the greatest along a short last axis.
        tinted = (np.maximum(np.abs(hue[..., 0]), np.abs(hue[..., 1])) > COLOUR_THRESHOLD).astype(np.uint8)
        coloured = cv2.resize(tinted, (wide, high), interpolation=cv2.INTER_NEAREST) > 0
        dark, full = DARK
        least = THRESHOLD * np.minimum(dark + (1.0 - dark) / full * self._background, np.float32(1.0))
        changed = ((size > least + NOISES * self._noise) | coloured) & self._mask
        self._moved = np.abs(even - self._before) > least + self._noise
        self._unmoved = np.where(self._moved, np.uint8(0), np.minimum(self._unmoved, np.uint8(254)) + np.uint8(1))
        regions, self._whole = self._regions(changed)
        rate = self._learn(even, colour, difference, size, self._whole, standing)
        self._colour += cv2.resize(rate, (wide // 2, high // 2), interpolation=cv2.INTER_NEAREST)[..., None] * hue
        self._before = even
        return regions

    def still(self, box: Box) -> bool:
        """Tell whether nothing in ``box`` (full pixels) moved between the last two pictures."""
        cut = _small(box, self._moved)
        return cut.size > 0 and float(cut.mean()) <= STILL

    def drives(self, box: Box) -> bool:
        """Tell whether what is in ``box`` (full pixels) came lately: it moved, and the empty road is another."""
        cut = _small(box, self._whole)
        return cut.size > 0 and float(cut.mean()) >= COVERED and not self.still(box)

    def rest(self, outlines: Sequence[NDArray[np.float64]]) -> list[Region]:
        """Return what of the last change lies outside these outlines (corners in full pixels), largest first."""
        if not self._whole.any():
            return []
        whole = self._whole.copy()
        for corners in outlines:
            cv2.fillConvexPoly(whole, np.rint(corners / SCALE * 16).astype(np.int32), 0, cv2.LINE_8, 4)
        left = np.asarray(cv2.morphologyEx(whole, cv2.MORPH_OPEN, np.ones((SLIVER, SLIVER), np.uint8)), np.uint8)
        return self._pieces(left)

    def _start(self, now: NDArray[np.float32], colour: NDArray[np.float32]) -> None:
        self._background, self._before, self._colour = now.copy(), now, colour.copy()
        self._noise = np.full_like(now, 2.0)
        self._moved = np.zeros(now.shape, np.bool_)
        self._unmoved = np.zeros(now.shape, np.uint8)
        self._whole = self._unmoved
        self._mask = _mask(self._zone, now.shape)
        self._first = [(now, colour)]
        self._flooded = 0

    def _warm_up(self, even: NDArray[np.float32], colour: NDArray[np.float32]) -> None:
        """Take one of the first pictures; keep none of them once there are enough."""
        if not self._first:
            return
        self._first.append((even, colour))
        self._background = np.median([one for one, _ in self._first], axis=0).astype(np.float32)
        self._colour = np.median([one for _, one in self._first], axis=0).astype(np.float32)
        if len(self._first) >= WARM_UP:
            self._first = []

    def _gain(self, now: NDArray[np.float32]) -> float:
        """Return the factor that brings the picture to the background's brightness; the median ignores vehicles."""
        part = (slice(None, None, 4), slice(None, None, 4))
        ratio = np.median((self._background[part] + 8.0) / (now[part] + 8.0))
        return float(min(max(float(ratio), 0.5), 2.0))

    def _regions(self, changed: NDArray[np.bool_]) -> tuple[list[Region], NDArray[np.uint8]]:
        clean = cv2.morphologyEx(changed.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        whole = np.asarray(cv2.morphologyEx(clean, cv2.MORPH_CLOSE, np.ones((CLOSE, CLOSE), np.uint8)), np.uint8)
        return self._pieces(whole), whole

    def _pieces(self, whole: NDArray[np.uint8]) -> list[Region]:
        count, _, stats, _ = cv2.connectedComponentsWithStats(whole)
        regions = []
        for label in range(1, count):
            left, top, width, height, area = (int(value) for value in stats[label])
            if area < AREA_MIN * whole.size or width < WIDTH_MIN * whole.shape[1]:
                continue
            moving = np.count_nonzero(self._moved[top : top + height, left : left + width]) / (width * height)
            box = Box(left * SCALE, top * SCALE, (left + width) * SCALE, (top + height) * SCALE)
            regions.append(Region(box, area * SCALE * SCALE, moving))
        return sorted(regions, key=lambda region: -region.area)

    def _learn(
        self,
        even: NDArray[np.float32],
        colour: NDArray[np.float32],
        difference: NDArray[np.float32],
        size: NDArray[np.float32],
        whole: NDArray[np.uint8],
        standing: tuple[Box, ...],
    ) -> NDArray[np.float32]:
        """Learn the brightness; return what share of this picture every pixel has learned."""
        seen = cv2.dilate(whole, np.ones((5, 5), np.uint8)) > 0
        share = float(np.count_nonzero(seen & self._mask)) / max(float(np.count_nonzero(self._mask)), 1.0)
        self._flooded = (
            self._flooded + 1 if share > FLOODED and np.count_nonzero(self._moved) < STILL * seen.size else 0
        )
        if self._flooded >= FLOODED_STILL:
            self._start(even, colour)
            return np.zeros_like(even)
        rate = np.where(seen, np.float32(LEARN_SEEN), np.float32(LEARN))
        left_behind = seen & (self._unmoved >= LEFT_FRAMES)
        for box in standing:
            _small(box, left_behind)[:] = False
        rate[left_behind] = LEARN / 2
        self._background += rate * difference
        self._noise += np.where(seen, np.float32(0), np.float32(LEARN)) * (size - self._noise)
        return rate


def together(pieces: Sequence[Region], span_px: float) -> list[Region]:
    """Join the small pieces of one vehicle: two lamps and a roof at night, the halves of a grey car on a grey road.

    Pieces are joined where the smaller is at most ``CRUMB`` of ``span_px`` square and the box around both is no larger
    than ``span_px``, the width of a lane.
    """
    whole: list[Region] = []
    for piece in sorted(pieces, key=lambda one: -one.area):
        for place, other in enumerate(whole):
            box = piece.box.around(other.box)
            if piece.area <= CRUMB * span_px**2 and max(box.width, box.height) <= span_px:
                whole[place] = Region(box, piece.area + other.area, max(piece.moving, other.moving))
                break
        else:
            whole.append(piece)
    return whole


def _colour(picture: Picture, width: int, height: int) -> NDArray[np.float32]:
    """Return the two colour planes (height, width, 2) in that size."""
    planes = [cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA) for plane in (picture.u, picture.v)]
    return np.stack(planes, axis=-1).astype(np.float32)


def _small(box: Box, array: NDArray[Any]) -> NDArray[Any]:
    """Return the part of a quarter-size array that ``box`` covers, a view."""
    height, width = array.shape
    cut = Box(box.left // SCALE, box.top // SCALE, -(-box.right // SCALE), -(-box.bottom // SCALE))
    inside = cut.within(width, height)
    return array[inside.top : max(inside.bottom, inside.top), inside.left : max(inside.right, inside.left)]


def _mask(zone: tuple[tuple[float, float], ...], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    if not zone:
        return np.ones(shape, np.bool_)
    out = np.zeros(shape, np.uint8)
    points = np.array([(x * shape[1], y * shape[0]) for x, y in zone])
    cv2.fillPoly(out, [np.rint(points).astype(np.int32)], 1)
    return out.astype(np.bool_)
