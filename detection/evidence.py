"""The two pictures kept of a passage: the scene with the vehicle marked, and the plate."""

import hashlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from detection.decode import Image
from detection.plate_find import rectify
from detection.track import Evidence

PICTURES = "pictures"
SCENE_WIDTH_MAX_PX: Final = 1280
SCENE_QUALITY: Final = 80
PLATE_QUALITY: Final = 92
MARK_BGR: Final = (0, 220, 255)
PLATE_MARGIN: Final = 0.15
"""Shown around the plate, as a share of its size."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a passage's pictures are, below the data folder, and their SHA-256; None where none was kept."""

    scene_path: str | None = None
    scene_sha256: str | None = None
    crop_path: str | None = None
    crop_sha256: str | None = None


def keep(data: Path, passage_id: str, evidence: Evidence) -> Kept:
    """Write the pictures below ``data`` as pictures/<YYYY-MM-DD>/<passage id>-scene.jpg and -plate.jpg.

    The day is UTC's. Files appear whole or not at all, and are durable when this returns.

    Raises:
        OSError: the disk is full or may not be written.
    """
    day = datetime.fromtimestamp(evidence.frame.at, UTC).strftime("%Y-%m-%d")
    folder = data / PICTURES / day
    folder.mkdir(parents=True, exist_ok=True)
    image = evidence.frame.picture.bgr()
    crop = _plate(image, evidence)
    box = evidence.vehicle
    cv2.rectangle(image, (box.left, box.top), (box.right - 1, box.bottom - 1), MARK_BGR, 2)
    if evidence.plate is not None:
        cv2.polylines(image, [np.rint(evidence.plate.quad).astype(np.int32)], True, MARK_BGR, 2)
    height, width = image.shape[:2]
    if width > SCENE_WIDTH_MAX_PX:
        size = (SCENE_WIDTH_MAX_PX, round(height * SCENE_WIDTH_MAX_PX / width))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    scene_path, scene_sha256 = _write(folder / f"{passage_id}-scene.jpg", data, image, SCENE_QUALITY)
    if crop is None:
        return Kept(scene_path, scene_sha256)
    crop_path, crop_sha256 = _write(folder / f"{passage_id}-plate.jpg", data, crop, PLATE_QUALITY)
    return Kept(scene_path, scene_sha256, crop_path, crop_sha256)


def _plate(image: Image, evidence: Evidence) -> Image | None:
    if evidence.plate is None:
        return None
    quad = evidence.plate.quad
    middle = quad.mean(axis=0)
    return rectify(image, middle + (quad - middle) * np.float32(1 + 2 * PLATE_MARGIN))


def _write(path: Path, data: Path, image: Image, quality: int) -> tuple[str, str]:
    done, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise OSError(f"{path.name}: the picture cannot be written as JPEG")
    content = jpeg.tobytes()
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    return path.relative_to(data).as_posix(), hashlib.sha256(content).hexdigest()
