"""Persons and vehicles by weights of the site's own, run by ultralytics (extra ``[gpu]``): batched, FP16 on a GPU.

Weights are named by path and SHA-256 and never fetched: a name that is no file is refused, where ultralytics itself
would download it. The hash is compared before the file is opened, because a ``.pt`` file is a program. What it finds
must be kakou's closed list, or the 80 classes of COCO of which only ours are asked for; anything else is refused.
"""

import hashlib
import importlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from camera_config.errors import ModelError
from detection.decode import Image
from detection.models import CLASSES
from detection.objects import OVERLAP_MAX, PERSON_MIN, VEHICLE_MIN, Detection, check_image, detections

SIDE_PX: Final = 640
BATCH: Final = 16
MOST: Final = 300
"""Boxes of one picture."""
OURS: Final = CLASSES - {"plate"}
QUIET: Final = {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_VERBOSE": "false"}
"""Read by ultralytics when it is imported: no look-up of hosts, no telemetry, no download, no pip."""

COCO: Final = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light",
    "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow",
    "elephant", "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee", "skis",
    "snowboard", "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard",
    "tennis racket", "bottle", "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich",
    "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch", "potted plant", "bed",
    "dining table", "toilet", "tv", "laptop", "mouse", "remote", "keyboard", "cell phone", "microwave", "oven",
    "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
)  # fmt: skip
"""COCO's 80 classes in its order, as ultralytics' weights name them."""


class UltralyticsFinder:
    """A network of the site's own; see ``Objects``.

    Args:
        weights: ``.pt``, ``.onnx`` or ``.engine``.
        sha256: of that file.
        device: ``cpu`` or ``cuda:0``; half precision is used on a GPU.
        side_px: pictures are fitted into a square of so many pixels.
        batch: so many pictures at once.

    Raises:
        ModelError: the file is missing or another, ultralytics is not installed, the device is not there, or the
            network finds what kakou does not look for.
    """

    def __init__(
        self, weights: Path, sha256: str, *, device: str = "cpu", side_px: int = SIDE_PX, batch: int = BATCH
    ) -> None:
        self.damaged = 0
        check_weights(weights, sha256)
        self._device, self._side_px, self._batch = device, side_px, batch
        try:
            self._model = _package().YOLO(str(weights), task="detect")
            self._labels = labels_of(self._model.names, weights)
            self._predict([np.zeros((side_px, side_px, 3), np.uint8)], 0.99)
        except ModelError:
            raise
        except Exception as error:
            raise ModelError(
                f"{weights} cannot be run on {device}: {_first_line(error)}",
                hint="Name weights of a detector that this version of ultralytics opens, and a device that is there.",
            ) from error

    def find(self, image: Image, *, minimum: float | None = None) -> list[Detection]:
        """Find persons and vehicles; see ``Objects``."""
        return self.find_many([image], minimum=minimum)[0]

    def find_many(self, images: Sequence[Image], *, minimum: float | None = None) -> list[list[Detection]]:
        """Return what ``find`` gives for each, ``batch`` of them at a time."""
        for image in images:
            check_image(image)
        least = min(PERSON_MIN, VEHICLE_MIN) if minimum is None else minimum
        found = []
        for begin in range(0, len(images), self._batch):
            some = images[begin : begin + self._batch]
            for image, boxes in zip(some, self._predict(some, least), strict=True):
                found.append(self._detections(boxes, image, own=minimum is None))
        return found

    def _detections(self, boxes: NDArray[np.float32], image: Image, *, own: bool) -> list[Detection]:
        labels = [self._labels[int(kind)] if np.isfinite(kind) else "" for kind in boxes[:, 5]]
        found, damaged = detections(boxes[:, :4], boxes[:, 4], labels, image.shape)
        self.damaged += damaged
        return [one for one in found if not own or one.score >= _least(one)]

    def _predict(self, images: Sequence[Image], least: float) -> list[NDArray[np.float32]]:
        """Return (boxes, 6) a picture: left, top, right, bottom in its pixels, score, class."""
        results = self._model.predict(
            [np.ascontiguousarray(image) for image in images],
            imgsz=self._side_px,
            conf=least,
            iou=OVERLAP_MAX,
            max_det=MOST,
            classes=sorted(self._labels),
            device=self._device,
            batch=len(images),
            verbose=False,
            **({} if self._device == "cpu" else {"quantize": 16}),
        )
        return [np.asarray(one.boxes.data.float().cpu().numpy(), np.float32).reshape(-1, 6) for one in results]


def check_weights(weights: Path, sha256: str) -> None:
    """Refuse a file that is missing or another.

    Raises:
        ModelError: that is so.
    """
    if not weights.is_file():
        raise ModelError(f"{weights} is missing", hint="Copy the weights there; nothing is downloaded.")
    with weights.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256.strip().lower():
        raise ModelError(
            f"{weights} has SHA-256 {found[:16]}…, not {sha256[:16] or 'one that is named'}…",
            hint="If these are the weights that you mean, name this hash: sha256sum FILE prints it.",
        )


def labels_of(names: Mapping[int, str], weights: Path) -> dict[int, str]:
    """Return which of a network's classes are read, by index.

    Raises:
        ModelError: it finds something that is neither kakou's nor COCO's list, or nothing that kakou looks for.
    """
    wrong = set(names.values()) - OURS
    if wrong and tuple(names[index] for index in sorted(names)) != COCO:
        raise ModelError(
            f"{weights} finds {', '.join(sorted(wrong)[:5])}, which kakou does not look for",
            hint=f"Only {', '.join(sorted(OURS))} are allowed, or COCO's 80 classes, of which no other is read.",
        )
    read = {index: name for index, name in names.items() if name in OURS}
    if "person" not in read.values():
        raise ModelError(f"{weights} finds no persons", hint="Name weights that find persons and vehicles.")
    return read


def _package() -> ModuleType:
    os.environ.update(QUIET)
    try:
        return importlib.import_module("ultralytics")
    except ImportError as error:
        raise ModelError(
            f"ultralytics cannot be imported: {_first_line(error)}", hint="Install kakou[gpu], or name no weights."
        ) from error


def _least(one: Detection) -> float:
    return PERSON_MIN if one.label == "person" else VEHICLE_MIN


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
