"""Put vehicles into the picture of a checkpoint, frame by frame; only what changed is drawn."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.simulate.faces import Part, Vehicle
from ingest.simulate.road import draw_road, light_of
from ingest.simulate.traffic import FPS, Driven
from ingest.simulate.vehicles import build
from ingest.simulate.view import HEIGHT_PX, WIDTH_PX, View

NOISE = 1.0
"""Standard deviation of the sensor's noise, grey levels."""

EXPOSURE_S = 1 / 100
NEAREST_M = -4.0
"""Motion blur is that of a point at least so far along the road, well in front of the camera."""

BEFORE_M = 1.5
"""What has passed below the camera is drawn as if it ended so far in front of it: points behind it fold over."""

LEVELS = 4
"""Brightness wanders from GOP to GOP between so many levels, each two per cent apart."""

PLATE_OVERSIZE = 1.15
"""The plate is put in place from a picture of it that is at least so many times larger."""

SHADOWS = ((1.03, 0.8), (1.0, 0.62), (0.96, 0.45))
"""Size and darkness of each step of a shadow's edge."""

Rect = tuple[int, int, int, int]
"""Left, top, right, bottom in whole pixels; right and bottom are outside."""

Image = NDArray[np.uint8]


class Scene:
    """One checkpoint's picture. ``draw`` returns I420 frames; the array it returns is reused by the next call."""

    def __init__(self, view: View, index: int, seed: int) -> None:
        self._view = view
        light = light_of(index)
        self._factors = np.array(light.tint) * light.gain
        self._road = np.asarray(cv2.multiply(draw_road(view, index, seed), np.append(self._factors, 1.0)), np.uint8)
        self._asphalt = cv2.mean(self._road[HEIGHT_PX // 2 :, WIDTH_PX // 4 : -WIDTH_PX // 4])[:3]
        grain = np.random.default_rng([seed, index]).standard_normal((HEIGHT_PX + 64, WIDTH_PX + 64), np.float32)
        smooth = cv2.GaussianBlur(grain, (0, 0), 0.6)
        self._noise = np.rint(np.asarray(smooth) * (NOISE / float(np.std(smooth)))).astype(np.int16)
        self._dice = random.Random(f"noise/{seed}/{index}")
        self._empty: dict[int, tuple[Image, Image]] = {}
        self._vehicles: dict[int, Vehicle] = {}
        self._bgr = self._road.copy()
        self._yuv = np.empty((HEIGHT_PX * 3 // 2, WIDTH_PX), np.uint8)
        self._dirty: list[Rect] = []
        self._level = -1

    def draw(self, frame: int, passes: Sequence[Driven], level: int = 0) -> Image:
        """Return frame ``frame`` as I420, (1080, 1280) uint8.

        Args:
            frame: its number since the start of the timeline.
            passes: those who may show in it; others may be among them.
            level: brightness, 0 to ``LEVELS`` - 1.
        """
        image, yuv = self._background(level)
        if level != self._level:
            np.copyto(self._yuv, yuv)
            self._level, self._dirty = level, []
        for rect in self._dirty:
            for new, old in zip(_planes(self._yuv), _planes(yuv), strict=True):
                _region(new, rect)[:] = _region(old, rect)
        present = [each for each in passes if each.first <= frame <= each.last]
        self._prepare(passes, frame)
        # Far ones first, so that near ones cover them.
        present.sort(key=lambda each: -each.front_m(frame))
        places = [Place(self._view, self._vehicles[each.number], each, frame) for each in present]
        places = [place for place in places if place.rect[0] < place.rect[2] and place.rect[1] < place.rect[3]]
        self._dirty = [place.rect for place in places]
        for left, top, right, bottom in self._dirty:
            self._bgr[top:bottom, left:right] = image[top:bottom, left:right]
        for place in places:
            place.paint(self._bgr, self._asphalt)
        for place in places:
            self._develop(place.rect, place.smear_px)
        return self._yuv

    def shows(self, frame: int, passes: Sequence[Driven]) -> bool:
        """Return whether any vehicle can be seen in the frame."""
        self._prepare(passes, frame)
        present = [each for each in passes if each.first <= frame <= each.last]
        rects = [Place(self._view, self._vehicles[each.number], each, frame).rect for each in present]
        return any(left < right and top < bottom for left, top, right, bottom in rects)

    def _prepare(self, passes: Sequence[Driven], frame: int) -> None:
        """Build the vehicles about to come and forget those gone."""
        near = [each for each in passes if each.first - 10 <= frame <= each.last + 10]
        known = self._vehicles
        self._vehicles = {each.number: known.get(each.number) or self._shaded(each) for each in near}

    def _background(self, level: int) -> tuple[Image, Image]:
        """Return the empty road at that brightness, BGR without noise and I420 with it."""
        if level not in self._empty:
            gain = 1.0 + 0.02 * (level - (LEVELS - 1) / 2)
            image = np.asarray(cv2.convertScaleAbs(self._road, alpha=gain), np.uint8)
            yuv = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420), np.uint8)
            grey = yuv[:HEIGHT_PX]
            grey[:] = cv2.add(grey, self._noise[:HEIGHT_PX, :WIDTH_PX], dtype=cv2.CV_8U)
            self._empty[level] = (image, yuv)
        return self._empty[level]

    def _shaded(self, each: Driven) -> Vehicle:
        """Build the vehicle in the checkpoint's light."""
        vehicle = build(each)
        return replace(
            vehicle, parts=tuple(map(self._lit, vehicle.parts)), plates=tuple(map(self._lit, vehicle.plates))
        )

    def _lit(self, part: Part) -> Part:
        if part.face is None:
            blue, green, red = (min(255, int(value)) for value in np.array(part.fill) * self._factors)
            return replace(part, fill=(blue, green, red))
        return replace(part, face=np.asarray(cv2.multiply(part.face, np.append(self._factors, 1.0)), np.uint8))

    def _develop(self, rect: Rect, smear_px: float) -> None:
        """Bring a region of the drawn picture into the frame, smeared by motion and with fresh noise."""
        left, top, right, bottom = rect
        wide, high = right - left, bottom - top
        flat = np.asarray(cv2.cvtColor(self._bgr[top:bottom, left:right], cv2.COLOR_BGR2YUV_I420), np.uint8).reshape(-1)
        grey, blue, red = (_region(plane, rect) for plane in _planes(self._yuv))
        x, y = self._dice.randrange(64), self._dice.randrange(64)
        noise = self._noise[top + y : bottom + y, left + x : right + x]
        sharp = flat[: wide * high].reshape(high, wide)
        if smear_px > 0.5:
            sharp = np.asarray(cv2.sepFilter2D(sharp, -1, np.ones(1), smear(smear_px)), np.uint8)
        grey[:] = cv2.add(sharp, noise, dtype=cv2.CV_8U)
        blue[:] = flat[wide * high : wide * high * 5 // 4].reshape(high // 2, wide // 2)
        red[:] = flat[wide * high * 5 // 4 :].reshape(high // 2, wide // 2)


class Place:
    """A vehicle at its place in one frame: where each part falls, and the region it changes."""

    def __init__(self, view: View, vehicle: Vehicle, each: Driven, frame: int) -> None:
        self.vehicle, self.each = vehicle, each
        front = each.front_m(frame)
        back, half = vehicle.length_m, vehicle.width_m / 2
        shadow = ((-0.2, -half - 0.05, 0.0), (back, -half, 0.0), (back, half + 0.3, 0.0), (-0.2, half + 0.25, 0.0))
        parts = (*vehicle.parts, *vehicle.plates[:1])
        corners = [*shadow, *(corner for part in parts for corner in part.corners)]
        local = np.array(corners)
        norm = math.hypot(1.0, each.slope)
        cos, sin = 1.0 / norm, each.slope / norm
        middle = each.u_m + each.slope * front
        road = np.column_stack(
            [
                front + local[:, 0] * cos - local[:, 1] * sin,
                middle + local[:, 0] * sin + local[:, 1] * cos,
                local[:, 2],
            ]
        )
        # A long vehicle's tail may be behind the far end of the ground, but never behind the camera; its front may.
        road[:, 0] = np.maximum(road[:, 0], max(front, BEFORE_M - view.base_z_m))
        seen = view.project(road)
        self._shadow = seen[:4]
        self.outline = cv2.convexHull(seen[4:].astype(np.float32))
        self._faces = [seen[4 + 4 * index : 8 + 4 * index] for index in range(len(parts))]
        self.rect = _bounds(seen, (0, 0, WIDTH_PX, HEIGHT_PX))
        # What has passed below the camera projects to anywhere: what is left in the picture is the vehicle's far end.
        near = max(front, NEAREST_M)
        moved = view.project([(near + each.move_m(frame), middle, 0.5), (near, middle, 0.5)])
        self.smear_px = float(abs(moved[1, 1] - moved[0, 1])) * EXPOSURE_S * FPS

    @property
    def plate(self) -> NDArray[np.float64] | None:
        """Return the corners (4, 2) of the plate in the picture, from the left top clockwise; None without one."""
        return self._faces[-1] if self.vehicle.plates else None

    def paint(self, image: Image, road: Sequence[float]) -> None:
        """Draw shadow, parts and plate into the whole picture; ``road`` is the asphalt's colour."""
        left, top, right, bottom = self.rect
        region = image[top:bottom, left:right]
        self._cast(region, road)
        for part, seen in zip(self.vehicle.parts, self._faces, strict=False):
            if part.side and part.side * _area(seen) <= 0:
                continue
            if part.face is None:
                outline = np.rint((seen - (left, top)) * 16).astype(np.int32)
                cv2.fillConvexPoly(region, outline, part.fill, cv2.LINE_AA, 4)
            else:
                put(image, part.face, seen, self.rect)
        if self.vehicle.plates:
            seen = self._faces[-1]
            put(image, plate_face(self.vehicle, float(np.hypot(*(seen[1] - seen[0])))), seen, self.rect)

    def _cast(self, region: Image, road: Sequence[float]) -> None:
        """Darken the ground under and around the vehicle, in two steps: one flat colour each, which costs nothing."""
        middle = self._shadow.mean(axis=0)
        for size, dark in SHADOWS:
            outline = np.rint((middle + (self._shadow - middle) * size - self.rect[:2]) * 16).astype(np.int32)
            cv2.fillConvexPoly(region, outline, [each * dark for each in road], cv2.LINE_AA, 4)


def put(image: Image, face: Image, seen: NDArray[np.float64], clip: Rect) -> None:
    """Blend a face into the picture so that its corners fall on ``seen``."""
    left, top, right, bottom = _bounds(seen, clip)
    if left >= right or top >= bottom:
        return
    high, wide = face.shape[:2]
    source = np.array(((0, 0), (wide, 0), (wide, high), (0, high)), np.float32)
    matrix = cv2.getPerspectiveTransform(source, (seen - np.array((left, top))).astype(np.float32))
    warped = cv2.warpPerspective(face, matrix, (right - left, bottom - top), flags=cv2.INTER_LINEAR)
    region = image[top:bottom, left:right]
    rest = cv2.cvtColor(cv2.bitwise_not(cv2.extractChannel(warped, 3)), cv2.COLOR_GRAY2BGR)
    cv2.multiply(region, rest, dst=region, scale=1 / 255)
    cv2.add(region, cv2.cvtColor(warped, cv2.COLOR_BGRA2BGR), dst=region)


def plate_face(vehicle: Vehicle, width: float) -> Image:
    """Return the plate in the smallest size that is larger than ``width`` pixels by ``PLATE_OVERSIZE``."""
    faces = [part.face for part in vehicle.plates if part.face is not None]
    return next((face for face in faces if face.shape[1] >= width * PLATE_OVERSIZE), faces[-1])


def smear(length_px: float) -> NDArray[np.float64]:
    """Return a vertical kernel that averages over ``length_px``."""
    reach = math.ceil((length_px - 1.0) / 2) if length_px > 1.0 else 1
    kernel = np.ones(2 * reach + 1)
    kernel[0] = kernel[-1] = (length_px - (2 * reach - 1)) / 2 if length_px > 1.0 else (length_px - 0.5) / 2
    return np.asarray(kernel / kernel.sum(), np.float64)


def _bounds(points: NDArray[np.float64], clip: Rect) -> Rect:
    """Return the even rectangle around the points, within ``clip``."""
    low, high = points.min(axis=0) - 4, points.max(axis=0) + 4
    left, top = (max(edge, math.floor(value / 2) * 2) for edge, value in zip(clip[:2], low, strict=True))
    right, bottom = (min(edge, math.ceil(value / 2) * 2) for edge, value in zip(clip[2:], high, strict=True))
    return left, top, right, bottom


def _area(points: NDArray[np.float64]) -> float:
    """Return the area of four corners, positive if its corners go clockwise as seen (y down)."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = points.tolist()
    return float((cx - ax) * (dy - by) - (dx - bx) * (cy - ay)) / 2


def _planes(yuv: Image) -> tuple[Image, Image, Image]:
    """Return views of the three planes of an I420 frame."""
    high, wide = HEIGHT_PX, WIDTH_PX
    chroma = yuv[high:].reshape(2, high // 2, wide // 2)
    return yuv[:high], chroma[0], chroma[1]


def _region(plane: Image, rect: Rect) -> Image:
    """Return the part of a plane that belongs to a rectangle of the picture."""
    half = 1 if plane.shape[1] == WIDTH_PX else 2
    left, top, right, bottom = (edge // half for edge in rect)
    return plane[top:bottom, left:right]
