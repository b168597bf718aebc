"""What would be found in one picture or along a video: for tuning a camera's view before people rely on it."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np

from camera_config.errors import FeedError
from detection.decode import Box, Image
from detection.objects import Detection
from detection.objects_view import View
from detection.plate_find import PLATE_WIDTH_MIN_PX, PlateBox
from detection.plate_look import SeenPlate, look
from detection.tools import Tools

PICTURES: Final = frozenset({".jpg", ".jpeg", ".png", ".bmp"})
VIDEOS: Final = frozenset({".mp4", ".avi", ".mkv", ".mov", ".ts", ".h264", ".264"})
VIDEO_STEP_S: Final = 0.5
"""Of a video a frame is looked at so often, as a checkpoint's keyframes come."""
ENLARGED: Final = 3
"""A vehicle without a plate is looked at again so many times as large: a plate found only so is too small to read."""
PLATED: Final = frozenset({"car", "bus", "truck", "motorcycle"})


@dataclass(frozen=True, slots=True)
class FoundPlate:
    """A plate: where, how wide (pixels), and what is read on it, if anything; ``too_small`` to be read in operation."""

    seen: SeenPlate
    too_small: bool = False

    @property
    def width_px(self) -> int:
        """Return the plate's width in pixels along its upper edge."""
        return round(self.seen.box.width_px)


@dataclass(frozen=True, slots=True)
class Survey:
    """What one picture of this size (pixels) holds, and how long each stage took (ms)."""

    width: int
    height: int
    objects: tuple[Detection, ...]
    plates: tuple[FoundPlate, ...]
    ms: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values; boxes are left, top, right, bottom and quads x, y in pixels."""
        return {
            "width": self.width,
            "height": self.height,
            "ms": {stage: round(ms, 1) for stage, ms in self.ms.items()},
            "objects": [
                {
                    "label": one.label,
                    "score": round(one.score, 3),
                    "box": _sides(one.box),
                    "size": [one.box.width, one.box.height],
                }
                for one in self.objects
            ],
            "plates": [_plate(one) for one in self.plates],
        }


def survey(image: Image, tools: Tools, view: View | None = None, *, decode_ms: float = 0.0) -> Survey:
    """Look at a whole (height, width, 3) BGR picture once: persons, vehicles and plates.

    Args:
        image: the picture.
        tools: the models.
        view: how the camera is looked at for objects; None as cameras are that name nothing.
        decode_ms: what its decoding took.
    """
    began_s = time.perf_counter()
    objects = (view or View()).find(tools.objects, image)
    found_s = time.perf_counter()
    plates = [FoundPlate(one) for one in look(tools, image)]
    read_s = time.perf_counter()
    plates += _small(image, tools, objects, plates)
    ms = {"decode": decode_ms, "objects": 1000 * (found_s - began_s), "plates": 1000 * (read_s - found_s)}
    return Survey(image.shape[1], image.shape[0], tuple(objects), tuple(plates), ms)


def pictures_in(source: Path) -> Iterator[tuple[str, Image]]:
    """Yield name and picture of a file or of every file in a folder, by name; of videos a frame every half second.

    Raises:
        FeedError: the source is missing, or a file cannot be read.
    """
    if not source.exists():
        raise FeedError(f"{source} does not exist", hint="Name a picture, a video or a folder of them.")
    files = sorted(path for path in source.iterdir() if path.is_file()) if source.is_dir() else [source]
    for path in files:
        kind = path.suffix.lower()
        if kind in PICTURES:
            # OpenCV cannot open names that are not ASCII on every system; decoding bytes can.
            image = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
            if image is None:
                raise FeedError(f"{path} is no picture", hint="Remove it or name another file.")
            yield path.name, np.asarray(image, np.uint8)
        elif kind in VIDEOS:
            yield from _frames(path)


def _frames(path: Path) -> Iterator[tuple[str, Image]]:
    try:
        with av.open(str(path)) as container:
            due_s = 0.0
            for frame in container.decode(video=0):
                if frame.time is None or frame.time + 1e-6 >= due_s:
                    due_s = (frame.time or 0.0) + VIDEO_STEP_S
                    yield (
                        f"{path.name}@{frame.time or 0.0:.1f}s",
                        np.asarray(frame.to_ndarray(format="bgr24"), np.uint8),
                    )
    except av.FFmpegError as error:
        raise FeedError(f"{path} cannot be read as video: {error}", hint="Use mp4, avi, mkv or mov.") from error


def _small(
    image: Image, tools: Tools, objects: Sequence[Detection], plates: Sequence[FoundPlate]
) -> Iterator[FoundPlate]:
    """Yield the plates of vehicles on which none was found, seen only when the vehicle is enlarged."""
    for one in objects:
        box = one.box.within(image.shape[1], image.shape[0])
        if one.label not in PLATED or box.area == 0 or any(box.holds(*found.seen.box.centre) for found in plates):
            continue
        piece = image[box.top : box.bottom, box.left : box.right]
        large = np.asarray(cv2.resize(piece, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC), np.uint8)
        for seen in look(tools, large):
            quad = seen.box.quad / ENLARGED + np.array([box.left, box.top], np.float32)
            place = PlateBox(np.asarray(quad, np.float32), seen.box.score)
            if place.width_px < PLATE_WIDTH_MIN_PX:
                yield FoundPlate(SeenPlate(place, None), too_small=True)


def _plate(one: FoundPlate) -> dict[str, Any]:
    read = one.seen.read
    return {
        "plate": read.text if read else None,
        "probability": round(read.probability, 4) if read else None,
        "chars": [round(char, 3) for char in read.chars] if read else [],
        "colour": read.colour.value if read and read.colour else None,
        "certain": one.seen.certain,
        "width": one.width_px,
        "too_small": one.too_small,
        "quad": [[round(float(x), 1), round(float(y), 1)] for x, y in one.seen.box.quad],
    }


def _sides(box: Box) -> list[int]:
    return [box.left, box.top, box.right, box.bottom]
