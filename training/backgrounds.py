"""Real pictures to paste plates on: photos and frames of videos below one folder, vehicles in them where labelled."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from training.plates import Image

VEHICLES: Final = frozenset({2, 3, 5, 7})
"""Car, motorcycle, bus, truck in COCO's order, as YOLO's label files number them."""
PHOTOS: Final = frozenset({".jpg", ".jpeg", ".png"})
VIDEOS: Final = {".avi": 25, ".mp4": 12}
"""A frame is taken of a video once in so many."""
HELD_OUT: Final = 4
"""Every fourth photo by name is never trained on: false finds are counted there."""


@dataclass(frozen=True, slots=True)
class Background:
    """A picture (height, width, 3) BGR, and the vehicles in it: left, top, right, bottom, pixels."""

    image: Image
    vehicles: tuple[tuple[float, float, float, float], ...] = ()


def photos(folder: Path, *, held_out: bool) -> list[Path]:
    """Return the photos below ``folder`` that are trained on, or those that are not, by name."""
    every = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PHOTOS)
    return [path for place, path in enumerate(every) if (place % HELD_OUT == 0) == held_out]


def backgrounds(folders: Sequence[Path]) -> list[Background]:
    """Return all backgrounds below ``folders`` that are trained on.

    Raises:
        SystemExit: there are none.
    """
    found: list[Background] = []
    for folder in folders:
        found += [one for path in photos(folder, held_out=False) if (one := _photo(path)) is not None]
        for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in VIDEOS):
            found += _frames(path)
    if not found:
        raise SystemExit(f"no pictures below {', '.join(map(str, folders))}: name folders of photos or videos")
    return found


def _photo(path: Path) -> Background | None:
    image = cv2.imread(str(path))
    if image is None:
        return None
    high, wide = image.shape[:2]
    labels = Path(str(path).replace("/images/", "/labels/")).with_suffix(".txt")
    boxes = []
    for line in labels.read_text().splitlines() if labels.is_file() else ():
        kind, x, y, width, height = (float(word) for word in line.split())
        if int(kind) in VEHICLES:
            left, top = (x - width / 2) * wide, (y - height / 2) * high
            boxes.append((left, top, left + width * wide, top + height * high))
    return Background(np.asarray(image, np.uint8), tuple(boxes))


def _frames(path: Path) -> list[Background]:
    video, number = cv2.VideoCapture(str(path)), 0
    frames: list[Background] = []
    while True:
        there, frame = video.read()
        if not there:
            return frames
        if number % VIDEOS[path.suffix.lower()] == 0:
            frames.append(Background(np.asarray(frame, np.uint8)))
        number += 1
