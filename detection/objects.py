"""Persons and vehicles in a picture: what a finder gives, and NanoDet-g on 416 x 416 pixels (models/MODEL_CARD.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from detection.decode import Box, Image
from detection.models import NANODET, ModelFile, load_model

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
OVERLAP_MAX: Final = 0.5
"""Of two boxes of one group with a greater IoU the better one stays. A van is both car and truck: one group. On 128
pictures of COCO, AP50 of persons and vehicles is 0.651 and 0.302 with 0.5, and 0.648 and 0.296 with 0.6."""


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

    @property
    def group(self) -> str:
        """Return the label, or ``vehicle`` for those of which one thing may be several."""
        return "vehicle" if self.label in VEHICLES else self.label


class Objects(Protocol):
    """Finds persons and vehicles. Not for several threads at once."""

    @property
    def damaged(self) -> int:
        """Return how many boxes were dropped since the start because a number of them was NaN or infinite."""

    def find(self, image: Image, *, minimum: float | None = None) -> list[Detection]:
        """Find persons and vehicles.

        Args:
            image: (height, width, 3) BGR of any size from one pixel on; its aspect is kept.
            minimum: a score for all classes instead of their own.

        Returns:
            Best first; empty when nothing is found. Boxes of one group do not overlap by more than ``OVERLAP_MAX``.

        Raises:
            ValueError: ``image`` has another shape or type.
        """

    def find_many(self, images: Sequence[Image], *, minimum: float | None = None) -> list[list[Detection]]:
        """Return what ``find`` gives for each, in their order; cheaper than one by one where the device is a GPU."""


class ObjectFinder:
    """NanoDet-g with its decoding, on one core of the CPU; see ``Objects``.

    Args:
        model: other weights of the same network.
        path: where their file lies, when it is not where ``model`` says.

    Raises:
        ModelError: see ``load_model``.
    """

    def __init__(self, model: ModelFile = NANODET, path: Path | None = None) -> None:
        self.damaged = 0
        self._session = load_model(model, path)
        self._columns = np.array([index for index, _ in model.classes])
        self._labels = [name for _, name in model.classes]
        self._minimum = np.array([PERSON_MIN if name == "person" else VEHICLE_MIN for name in self._labels])
        self._centres, self._strides = _grid()

    def find(self, image: Image, *, minimum: float | None = None) -> list[Detection]:
        """Find persons and vehicles; see ``Objects``."""
        check_image(image)
        x, scale, left, top = _letterbox(image)
        scores_all, distances = self._session.run(None, {"x": x})
        scores = scores_all[0][:, self._columns]
        kind = scores.argmax(axis=1)
        score = scores.max(axis=1)
        # Written so that NaN is wanted too: what is damaged is to be counted, not passed over.
        wanted = np.flatnonzero(~(score < (self._minimum[kind] if minimum is None else minimum)))
        # The 74 other outputs are not looked at, not even to say that something is none of ours.
        corners = self._corners(distances[0], wanted, scale, left, top)
        found, damaged = detections(corners, score[wanted], [self._labels[at] for at in kind[wanted]], image.shape)
        self.damaged += damaged
        return found

    def find_many(self, images: Sequence[Image], *, minimum: float | None = None) -> list[list[Detection]]:
        """Return what ``find`` gives for each: the network takes one picture at a time."""
        return [self.find(image, minimum=minimum) for image in images]

    def _corners(
        self, distances: NDArray[np.float32], wanted: NDArray[np.intp], scale: float, left: int, top: int
    ) -> NDArray[np.float32]:
        """Return (wanted, 4) left, top, right, bottom in pixels of the picture."""
        sides = distances[wanted].reshape(-1, 4, BINS)
        with np.errstate(invalid="ignore"):  # what is NaN or infinite comes out as NaN, and is dropped and counted
            power = np.exp(sides - sides.max(axis=2, keepdims=True))
            reach = (power / power.sum(axis=2, keepdims=True)) @ np.arange(BINS, dtype=np.float32)
        reach = np.asarray(reach * self._strides[wanted, None], np.float32)
        corners = np.concatenate([self._centres[wanted] - reach[:, :2], self._centres[wanted] + reach[:, 2:]], axis=1)
        return np.asarray((corners - np.array([left, top, left, top])) / scale, np.float32)


def open_objects(weights: Path | None = None, sha256: str = "", device: str = "cpu") -> Objects:
    """Return NanoDet-g, or the site's own ``weights`` run by ultralytics on ``device``.

    Raises:
        ModelError: a file is missing or another, or finds what kakou does not look for; ultralytics is not installed.
    """
    if weights is None:
        return ObjectFinder()
    from detection.objects_ultralytics import UltralyticsFinder  # noqa: PLC0415  (it builds on this module)

    return UltralyticsFinder(weights, sha256, device=device)


def check_image(image: Image) -> None:
    """Refuse what is no colour picture.

    Raises:
        ValueError: ``image`` is not (height, width, 3) bytes with at least one pixel.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
        raise ValueError(f"image: want (height, width, 3) of uint8, got {image.shape} of {image.dtype}")


def detections(
    corners: NDArray[np.float32], scores: NDArray[np.float32], labels: Sequence[str], shape: tuple[int, ...]
) -> tuple[list[Detection], int]:
    """Return what is kept of a network's boxes, best first, and how many were dropped as damaged.

    Args:
        corners: (boxes, 4) left, top, right, bottom in pixels.
        scores: (boxes,) 0 to 1.
        labels: of each box.
        shape: of the picture; boxes end at its edges.
    """
    sound = np.isfinite(corners).all(axis=1) & (scores >= 0) & (scores <= 1)
    height, width = shape[:2]
    corners = corners.clip(0, (width, height, width, height))
    found = []
    for place in np.flatnonzero(sound)[np.argsort(-scores[sound], kind="stable")]:
        left, top, right, bottom = (round(float(value)) for value in corners[place])
        found.append(Detection(labels[place], float(scores[place]), Box(left, top, right, bottom)))
    return apart(found), len(scores) - int(sound.sum())


def apart(found: Sequence[Detection]) -> list[Detection]:
    """Return the best box of each thing, best first; ``found`` is in any order, and empty boxes go.

    Boxes of one group that overlap by more than ``OVERLAP_MAX`` are one thing (class-agnostic among vehicles).
    """
    kept: list[Detection] = []
    for one in sorted(found, key=lambda one: -one.score):
        if one.box.area and all(one.group != other.group or iou(one.box, other.box) <= OVERLAP_MAX for other in kept):
            kept.append(one)
    return kept


def iou(one: Box, other: Box) -> float:
    """Return intersection over union of two boxes that are not empty, 0 to 1."""
    both = one.shared(other).area
    return both / (one.area + other.area - both)


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
    # Averaging: without it, every fifth pixel of 1080p is looked at and small persons fall between them.
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    fitted = cv2.resize(image, (wide, high), interpolation=how).astype(np.float32)
    x = np.zeros((1, 3, SIDE_PX, SIDE_PX), np.float32)
    level = (fitted - np.array(MEAN_BGR, np.float32)) / np.array(DEVIATION_BGR, np.float32)
    x[0, :, top : top + high, left : left + wide] = level.transpose(2, 0, 1)
    return x, scale, left, top
