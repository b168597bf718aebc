"""Persons and vehicles in a picture: NanoDet-g on 416 x 416 pixels (models/MODEL_CARD.md)."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from detection.decode import Box, Image
from detection.models import NANODET, load_model

SIDE_PX: Final = 416
STRIDES: Final = (8, 16, 32)
BINS: Final = 11
"""A side's distance is the mean over so many bins of one stride each (generalised focal loss, Li 2020)."""
MEAN_BGR: Final = (103.53, 116.28, 123.675)
DEVIATION_BGR: Final = (57.375, 57.12, 58.395)
VEHICLES: Final = frozenset({"car", "bus", "truck"})
PERSON_MIN: Final = 0.40
VEHICLE_MIN: Final = 0.37
"""Scores of best F1 on COCO val2017 (facts/models 1c); bicycles and motorcycles use the vehicles'."""
OVERLAP_MAX: Final = 0.6
"""Of two boxes of one group with a greater IoU the better one stays. A van is both car and truck: one group."""


@dataclass(frozen=True, slots=True)
class Detection:
    """One box: what, how sure (0 to 1), where (pixels)."""

    label: str
    score: float
    box: Box

    @property
    def vehicle(self) -> bool:
        """Tell whether it is a motor vehicle that has a plate."""
        return self.label in VEHICLES or self.label == "motorcycle"


class ObjectFinder:
    """The network with its decoding. Not for several threads at once."""

    def __init__(self) -> None:
        self._session = load_model(NANODET)
        self._columns = np.array([index for index, _ in NANODET.classes])
        self._labels = [name for _, name in NANODET.classes]
        self._minimum = np.array([PERSON_MIN if name == "person" else VEHICLE_MIN for name in self._labels])
        self._centres, self._strides = _grid()

    def find(self, image: Image, *, minimum: float | None = None) -> list[Detection]:
        """Find persons and vehicles.

        Args:
            image: (height, width, 3) BGR of any size; it is fitted into the square with its aspect kept.
            minimum: a score for all classes instead of their own.

        Returns:
            Best first; empty when nothing is found.
        """
        x, scale, left, top = _letterbox(image)
        scores_all, distances = self._session.run(None, {"x": x})
        scores = scores_all[0][:, self._columns]
        kind = scores.argmax(axis=1)
        score = scores.max(axis=1)
        wanted = np.flatnonzero(score >= (self._minimum[kind] if minimum is None else minimum))
        # The 74 other outputs are not looked at, not even to say that something is none of ours.
        sides = distances[0][wanted].reshape(-1, 4, BINS)
        power = np.exp(sides - sides.max(axis=2, keepdims=True))
        reach = (power / power.sum(axis=2, keepdims=True)) @ np.arange(BINS, dtype=np.float32)
        reach = np.asarray(reach * self._strides[wanted, None], np.float32)
        corners = np.concatenate([self._centres[wanted] - reach[:, :2], self._centres[wanted] + reach[:, 2:]], axis=1)
        corners = np.asarray((corners - np.array([left, top, left, top])) / scale, np.float32)
        height, width = image.shape[:2]
        return self._detections(corners, score[wanted], kind[wanted], width, height)

    def _detections(
        self, corners: NDArray[np.float32], score: NDArray[np.float32], kind: NDArray[np.int64], width: int, height: int
    ) -> list[Detection]:
        found: list[Detection] = []
        kept: list[tuple[str, NDArray[np.float32]]] = []
        for place in np.argsort(-score):
            label = self._labels[int(kind[place])]
            group = "vehicle" if label in VEHICLES else label
            box = corners[place]
            if any(group == other and _overlap(box, at) > OVERLAP_MAX for other, at in kept):
                continue
            kept.append((group, box))
            left, top, right, bottom = (round(float(value)) for value in box)
            inside = Box(left, top, right, bottom).within(width, height)
            if inside.area:
                found.append(Detection(label, float(score[place]), inside))
        return found


def _grid() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the middle of every cell (3549, 2) and its stride (3549,), row by row, fine grid first."""
    centres, strides = [], []
    for stride in STRIDES:
        count = SIDE_PX // stride
        y, x = np.mgrid[:count, :count]
        centres.append((np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5) * stride)
        strides.append(np.full(count * count, stride))
    return np.concatenate(centres).astype(np.float32), np.concatenate(strides).astype(np.float32)


def _letterbox(image: Image) -> tuple[NDArray[np.float32], float, int, int]:
    """Return the network's input, its scale, and where the picture begins in it; the margin is the mean colour."""
    height, width = image.shape[:2]
    scale = min(SIDE_PX / height, SIDE_PX / width)
    high, wide = max(1, int(height * scale)), max(1, int(width * scale))
    left, top = (SIDE_PX - wide) // 2, (SIDE_PX - high) // 2
    fitted = cv2.resize(image, (wide, high)).astype(np.float32)
    x = np.zeros((1, 3, SIDE_PX, SIDE_PX), np.float32)
    level = (fitted - np.array(MEAN_BGR, np.float32)) / np.array(DEVIATION_BGR, np.float32)
    x[0, :, top : top + high, left : left + wide] = level.transpose(2, 0, 1)
    return x, scale, left, top


def _overlap(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return intersection over union of two boxes (left, top, right, bottom)."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    if wide <= 0 or high <= 0:
        return 0.0
    areas = (one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1])
    return float(wide * high / (areas - wide * high))
