"""What would be found in one picture or along a video: for trying a camera's view before it is put into the county."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np

from camera_config.errors import FeedError
from detection.decode import Box, Image
from detection.objects import Detection
from detection.plate_find import PlateBox
from detection.plate_look import look
from detection.plate_read import PlateRead
from detection.tools import Tools

PICTURES: Final = frozenset({".jpg", ".jpeg", ".png", ".bmp"})
VIDEOS: Final = frozenset({".mp4", ".avi", ".mkv", ".mov", ".ts", ".h264", ".264"})
VIDEO_STEP_S: Final = 0.5
"""Of a video a frame is looked at so often, as a checkpoint's keyframes come."""
PERSON_BGR: Final = (80, 200, 80)
VEHICLE_BGR: Final = (230, 150, 40)
PLATE_BGR: Final = (0, 220, 255)


@dataclass(frozen=True, slots=True)
class FoundPlate:
    """A plate found and read; ``certain`` where this one picture is enough."""

    box: PlateBox
    read: PlateRead
    certain: bool


@dataclass(frozen=True, slots=True)
class Survey:
    """What one picture holds."""

    objects: tuple[Detection, ...]
    plates: tuple[FoundPlate, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values; boxes are left, top, right, bottom and quads x, y in pixels."""
        return {
            "objects": [
                {"label": one.label, "score": round(one.score, 3), "box": _sides(one.box)} for one in self.objects
            ],
            "plates": [
                {
                    "plate": one.read.text,
                    "certain": one.certain,
                    "probability": round(one.read.probability, 4),
                    "chars": [round(char, 3) for char in one.read.chars],
                    "colour": one.read.colour.value if one.read.colour else None,
                    "quad": [[round(float(x), 1), round(float(y), 1)] for x, y in one.box.quad],
                }
                for one in self.plates
            ],
        }


def survey(image: Image, tools: Tools) -> Survey:
    """Look at a whole (height, width, 3) BGR picture once: persons, vehicles and readable plates."""
    plates = [FoundPlate(one.box, one.read, one.certain) for one in look(tools, image) if one.read is not None]
    return Survey(tuple(tools.objects.find(image)), tuple(plates))


def draw(image: Image, found: Survey) -> Image:
    """Return a copy of the picture with everything marked. Plates are marked without their text."""
    out = image.copy()
    for one in found.objects:
        colour = PERSON_BGR if one.label == "person" else VEHICLE_BGR
        box = one.box
        cv2.rectangle(out, (box.left, box.top), (box.right - 1, box.bottom - 1), colour, 2)
        words = f"{one.label} {one.score:.2f}"
        cv2.putText(out, words, (box.left, max(box.top - 4, 12)), cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1, cv2.LINE_AA)
    for plate in found.plates:
        cv2.polylines(out, [np.rint(plate.box.quad).astype(np.int32)], True, PLATE_BGR, 2)
    return out


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


def _sides(box: Box) -> list[int]:
    return [box.left, box.top, box.right, box.bottom]
