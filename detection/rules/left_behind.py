"""What stands in a picture and did not before, without a word of what it is.

The detector knows six classes and a suitcase is none of them. So the empty scene is learned, and what differs from it
and stays the same is a thing; unless somebody or a vehicle is there, it is only a shadow (the ground's own pattern
shows through), or something was taken away (the edges are the empty scene's). A thing is learned after a day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from detection.decode import Box, Picture
from detection.rules.tracks import ObjectTrack

WIDTH_PX: Final = 480
"""Pictures are compared in this width; a suitcase of 40 pixels in 1920 is 10."""
THRESHOLD: Final = 16.0
"""Grey levels that a thing differs from the ground at least."""
NOISES: Final = 3.0
SAME: Final = 12.0
"""Grey levels by which what stands still may differ from itself: noise, compression."""
LEARN_S: Final = 40.0
"""Time in which the empty scene follows the light, where nothing is."""
WARM_UP: Final = 8
"""Of the first pictures the middle value of every pixel is the empty scene."""
OFF_MAX: Final = 3
"""Somebody may stand before a thing for so many pictures, less one, and it is the same thing."""
AREA_MIN: Final = 40
"""Pixels of the small picture: 6 by 7, a bag at thirty metres."""
AREA_MAX: Final = 0.08
"""Share of the picture: more is the light, or a vehicle."""
WITH_S: Final = 15.0
"""For so long after a person was there it is theirs."""
COVERED: Final = 0.3
STOOD: Final = 0.5
"""Shares of a region's pixels that a person, or a standing vehicle, covers when the region is theirs."""
SHADOW: Final = 0.8
"""Correlation with the ground from which a region is the ground in another light; of plain ground nothing is said."""
PATTERN: Final = 4.0
"""Grey levels of deviation below which ground is plain."""
FLOODED: Final = 0.35
"""When this share of the picture differs, the light or the camera changed, and all begins anew."""
LEARNED_S: Final = 24 * 3600.0
"""What has stood for longer belongs there."""


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that stands there.

    Args:
        box: where, pixels of the full picture.
        since_s: since when, monotonic.
        attended: a person is, or was just now, with it.
    """

    box: Box
    since_s: float
    attended: bool


@dataclass(slots=True)
class _Ground:
    """One camera's scene, all (height, ``WIDTH_PX``); times are seconds since it was learned.

    Args:
        start_s: when it was learned, monotonic.
        empty: brightness without anything.
        noise: mean deviation from that.
        now: the newest picture, as bright as ``empty``.
        kept: what a pixel that differs shows.
        since: since when; ``inf`` where it does not differ.
        off: in so many pictures in a row it showed something else again.
        person, vehicle: when a person, or a standing vehicle, was last there.
    """

    start_s: float
    empty: NDArray[np.float32]
    noise: NDArray[np.float32]
    now: NDArray[np.float32]
    kept: NDArray[np.float32]
    since: NDArray[np.float32]
    off: NDArray[np.uint8]
    person: NDArray[np.float32]
    vehicle: NDArray[np.float32]

    @classmethod
    def of(cls, pictures: Sequence[NDArray[np.uint8]], now_s: float) -> "_Ground":
        """Return the scene of the first pictures."""
        empty = np.median(np.stack(pictures), axis=0).astype(np.float32)
        return cls(
            start_s=now_s,
            empty=empty,
            noise=np.full_like(empty, 2.0),
            now=empty.copy(),
            kept=empty.copy(),
            since=np.full_like(empty, np.inf),
            off=np.zeros(empty.shape, np.uint8),
            person=np.full_like(empty, -np.inf),
            vehicle=np.full_like(empty, -np.inf),
        )

    def gain(self, small: NDArray[np.uint8]) -> np.float32:
        """Return what brings a picture to the empty scene's brightness; the median ignores what stands there."""
        part = (slice(None, None, 4), slice(None, None, 4))
        ratio = float(np.median((self.empty[part] + 8.0) / (small[part].astype(np.float32) + 8.0)))
        return np.float32(min(max(ratio, 0.5), 2.0))

    def follow(self, now: NDArray[np.float32], differs: NDArray[np.bool_], at: float) -> None:
        """Note of every pixel since when it shows the same thing; what shows the empty scene shows none.

        A person or vehicle before a thing, as far as it is detected, hides it and does not replace it.
        """
        same = (np.abs(now - self.kept) <= SAME) | (self.person == at) | (self.vehicle == at)
        self.off = np.where(same | ~differs, np.uint8(0), np.minimum(self.off, np.uint8(250)) + np.uint8(1))
        other = differs & ((self.since == np.inf) | (self.off >= OFF_MAX))
        self.kept[other] = now[other]
        self.since[other] = at
        self.off[other] = 0
        self.since[~differs] = np.inf
        self.now = now

    def learn(self, differs: NDArray[np.bool_], size: NDArray[np.float32], at: float, past_s: float) -> None:
        """Let the empty scene follow the light where nothing is, and take what has stood for a day."""
        long = differs & (at - self.since > LEARNED_S)
        self.empty[long] = self.now[long]
        rate = np.float32(1.0 - np.exp(-past_s / LEARN_S))
        plain = ~np.asarray(cv2.dilate(differs.astype(np.uint8), np.ones((5, 5), np.uint8)), np.bool_)
        self.empty[plain] += rate * (self.now - self.empty)[plain]
        self.noise[plain] += rate * (size - self.noise)[plain]


class LeftBehind:
    """The empty scene of one camera and what stands in it. About 3 MB, whatever happens."""

    def __init__(self) -> None:
        self._first: list[NDArray[np.uint8]] = []
        self._ground: _Ground | None = None
        self._size = (0, 0)
        self._seen_s = 0.0

    @property
    def ready(self) -> bool:
        """Tell whether the empty scene is known."""
        return self._ground is not None

    def look(self, picture: Picture, tracks: Sequence[ObjectTrack], now_s: float) -> None:
        """Take a picture and what was detected in it."""
        if (picture.width, picture.height) != self._size:
            self._size = picture.width, picture.height
            self.forget()
        high = max(2, round(picture.height * WIDTH_PX / picture.width))
        small = np.asarray(cv2.resize(picture.y, (WIDTH_PX, high), interpolation=cv2.INTER_AREA), np.uint8)
        past_s, self._seen_s = now_s - self._seen_s, now_s
        ground = self._ground
        if ground is None:
            self._first.append(small)
            if len(self._first) >= WARM_UP:
                self._ground = _Ground.of(self._first, now_s)
                self._first = []
            return
        now = small.astype(np.float32) * ground.gain(small)
        size = np.abs(now - ground.empty)
        differs = size > THRESHOLD + NOISES * ground.noise
        if float(differs.mean()) > FLOODED:
            self.forget()
            return
        at = float(np.float32(now_s - ground.start_s))
        self._note(ground, tracks, at)
        ground.follow(now, differs, at)
        ground.learn(differs, size, at, past_s)

    def standing(self, now_s: float) -> list[Thing]:
        """Return what stands there and is no vehicle; the ground in another light, or bare again, is learned at once.

        A thing is as old as nine of ten of its pixels: its edges flicker.
        """
        ground = self._ground
        if ground is None:
            return []
        at = now_s - ground.start_s
        still = (ground.off < OFF_MAX) & (ground.since < np.inf)
        clean = cv2.morphologyEx(still.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        whole = cv2.morphologyEx(clean, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
        count, labels, stats, _ = cv2.connectedComponentsWithStats(np.asarray(whole, np.uint8))
        things = []
        for label in range(1, count):
            left, top, width, height, area = (int(value) for value in stats[label])
            if not AREA_MIN <= area <= AREA_MAX * still.size:
                continue
            cut = (slice(top, top + height), slice(left, left + width))
            inside = (labels[cut] == label) & still[cut]
            since = float(np.quantile(ground.since[cut][inside], 0.9))
            if float(np.mean(ground.vehicle[cut][inside] >= since)) >= STOOD:
                continue
            attended = float(np.mean(ground.person[cut][inside] >= at - WITH_S)) >= COVERED
            if not attended and _is_ground(ground, cut, inside):
                ground.empty[cut][inside] = ground.now[cut][inside]
                continue
            things.append(Thing(self._full(ground, left, top, width, height), since + ground.start_s, attended))
        return things

    def forget(self) -> None:
        """Learn the empty scene anew."""
        self._first, self._ground = [], None

    def _note(self, ground: _Ground, tracks: Sequence[ObjectTrack], at: float) -> None:
        width, height = self._size
        scale_x, scale_y = WIDTH_PX / width, len(ground.empty) / height
        for one in tracks:
            if not one.seen:
                continue
            box = one.box.grown(one.box.width // 8, one.box.height // 16).within(width, height)
            rows = slice(int(box.top * scale_y), int(np.ceil(box.bottom * scale_y)))
            columns = slice(int(box.left * scale_x), int(np.ceil(box.right * scale_x)))
            if one.label == "person":
                ground.person[rows, columns] = at
            elif one.still:
                ground.vehicle[rows, columns] = at

    def _full(self, ground: _Ground, left: int, top: int, width: int, height: int) -> Box:
        x, y = self._size[0] / WIDTH_PX, self._size[1] / len(ground.empty)
        return Box(int(left * x), int(top * y), int((left + width) * x), int((top + height) * y))


def _is_ground(ground: _Ground, cut: tuple[slice, slice], inside: NDArray[np.bool_]) -> bool:
    """Tell whether the region shows the ground itself: in another light, or because something was taken away."""
    now, then = ground.now[cut][inside], ground.empty[cut][inside]
    if float(then.std()) >= PATTERN and float(now.std()) > 0 and float(np.corrcoef(now, then)[0, 1]) >= SHADOW:
        return True
    grown = (slice(max(0, cut[0].start - 3), cut[0].stop + 3), slice(max(0, cut[1].start - 3), cut[1].stop + 3))
    mask = np.zeros(ground.empty.shape, np.uint8)
    mask[cut][inside] = 1
    ring = np.asarray(cv2.morphologyEx(mask[grown], cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))) > 0
    return _edges(ground.empty[grown], ring) > _edges(ground.now[grown], ring)


def _edges(grey: NDArray[np.float32], ring: NDArray[np.bool_]) -> float:
    """Return how sharp the picture is along the ring."""
    across = cv2.Sobel(grey, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    return float(np.hypot(across, down)[ring].mean()) if ring.any() else 0.0
