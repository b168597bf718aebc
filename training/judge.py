"""Score a plate finder on drawn scenes it was not trained on, and on photos that hold no plate.

``python -m training.judge detection/models/plate_finder.onnx --pictures FOLDER …`` needs no torch.
"""

import argparse
import random
from itertools import pairwise
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from detection.plate_find import Image, Quad, overlap, peaks
from training.backgrounds import Background, photos
from training.letters import check_faces
from training.scenes import Scenes

SIZE_PX: Final = 320
PHOTO_PX: Final = 640
FOUND: Final = 0.5
"""From this intersection over union of the upright boxes on a plate is found."""
WIDTHS: Final = (24, 44, 70, 110, 400)
"""Recall is given for plates between these widths, pixels."""


def main() -> None:
    """Print recall by width, corner errors and false finds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--pictures", type=Path, required=True, nargs="+", help="the folders that training was given")
    parser.add_argument("--scenes", type=int, default=600)
    asked = parser.parse_args()
    check_faces()
    session = ort.InferenceSession(asked.model.read_bytes(), providers=["CPUExecutionProvider"])
    images = [
        image
        for folder in asked.pictures
        for path in photos(folder, held_out=True)
        if (image := _read(path)) is not None
    ]
    _scenes(session, images, asked.scenes)
    _photos(session, images)


def _read(path: Path) -> Image | None:
    image = cv2.imread(str(path))
    return None if image is None else np.asarray(image, np.uint8)


def _scenes(session: ort.InferenceSession, images: list[Image], count: int) -> None:
    random.seed(0)
    np.random.seed(0)
    cv2.setRNGSeed(0)
    scenes = Scenes([Background(image) for image in images], SIZE_PX)
    drawn, hit = np.zeros(len(WIDTHS) - 1, int), np.zeros(len(WIDTHS) - 1, int)
    errors: list[float] = []
    false = 0
    for _ in range(count):
        image, quads = scenes.make()
        found = find(session, image)
        false += sum(all(overlap(one, quad) < FOUND for quad in quads) for one in found)
        for quad in quads:
            wide, high = float(np.linalg.norm(quad[1] - quad[0])), float(np.linalg.norm(quad[3] - quad[0]))
            place = int(np.digitize(wide, WIDTHS)) - 1
            if not 0 <= place < len(drawn):
                continue
            drawn[place] += 1
            best = max(found, key=lambda one, quad=quad: overlap(one, quad), default=None)  # type: ignore[misc]
            if best is not None and overlap(best, quad) >= FOUND:
                hit[place] += 1
                errors.append(float(np.linalg.norm(best - quad, axis=1).mean()) / high)
    for place, (low, high) in enumerate(pairwise(WIDTHS)):
        print(f"drawn plates of {low} to {high} px: {hit[place]} of {drawn[place]} found")
    print(f"mean error of a corner, plate heights: median {np.median(errors):.3f}, p90 {np.quantile(errors, 0.9):.3f}")
    print(f"false finds in {count} drawn scenes: {false}")


def _photos(session: ort.InferenceSession, images: list[Image]) -> None:
    false = 0
    for image in images:
        shrink = PHOTO_PX / max(image.shape[:2])
        false += len(find(session, np.asarray(cv2.resize(image, None, fx=shrink, fy=shrink), np.uint8)))
    print(f"false finds in {len(images)} photos at {PHOTO_PX} px: {false}")


def find(session: ort.InferenceSession, image: Image) -> list[Quad]:
    """Return the corners of what is found in (height, width, 3) BGR, filled up to the network's grain."""
    high, wide = (-(-size // 32) * 32 for size in image.shape[:2])
    x: NDArray[np.float32] = np.full((1, 3, high, wide), 128.0, np.float32)
    x[0, :, : image.shape[0], : image.shape[1]] = image.transpose(2, 0, 1)
    return [quad for quad, _ in peaks(session.run(None, {"x": x})[0][0])]


if __name__ == "__main__":
    main()
