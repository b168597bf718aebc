"""Pictures with boxes that people drew, in YOLO's layout, and how well found boxes agree with them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from detection.decode import Box, Image
from detection.objects import Detection, iou

GROUPS: Final = {0: "person", 2: "vehicle", 5: "vehicle", 7: "vehicle"}
"""COCO's numbers of what is scored; bicycles and motorcycles are not."""
SAME_IOU: Final = 0.5
ENDINGS: Final = frozenset({".jpg", ".jpeg", ".png"})


@dataclass(frozen=True, slots=True)
class Labelled:
    """One picture: pixels, and group and box of what is in it."""

    name: str
    image: Image
    truth: tuple[tuple[str, Box], ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found in one picture of this height (pixels), beside what is there."""

    truth: tuple[tuple[str, Box], ...]
    found: tuple[Detection, ...]
    height: int


@dataclass(frozen=True, slots=True)
class Score:
    """How one group was found: AP at IoU 0.5 (101 points), and precision and recall of all boxes given.

    ``wanted`` boxes were asked for. Precision is 1 where nothing was found, recall and AP 0 where nothing is wanted.
    """

    wanted: int
    found: int
    ap50: float
    precision: float
    recall: float


def labelled(folder: Path) -> Iterator[Labelled]:
    """Yield the pictures below ``folder`` by path; ``images/A/B.jpg`` has ``labels/A/B.txt``, other ones ``B.txt``.

    A picture without a file of labels holds nothing.

    Raises:
        ValueError: a picture cannot be read.
    """
    for path in sorted(one for one in folder.rglob("*") if one.suffix.lower() in ENDINGS):
        image = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            raise ValueError(f"{path} is no picture")
        height, width = image.shape[:2]
        truth = tuple(_boxes(_labels_of(path, folder), width, height))
        yield Labelled(path.name, np.asarray(image, np.uint8), truth)


def group_of(one: Detection) -> str | None:
    """Return what a found box is scored as; None for what is not scored."""
    return one.group if one.group in GROUPS.values() else None


def score(pictures: Sequence[Judged], group: str, *, least: float = 0.0, most: float = 1.0) -> Score:
    """Compare what was found with what is there.

    Args:
        pictures: all of them.
        group: ``person`` or ``vehicle``.
        least: only boxes of at least this share of the picture's height are asked for; others, found and there, count
            neither way.
        most: likewise, only boxes below this share; 1 is any height.
    """
    hits: list[tuple[float, bool]] = []
    wanted = 0
    for one in pictures:
        boxes = [box for kind, box in one.truth if kind == group]
        asked = [_asked(box, one.height, least, most) for box in boxes]
        wanted += sum(asked)
        free = set(range(len(boxes)))
        for found in sorted((f for f in one.found if group_of(f) == group), key=lambda f: -f.score):
            best = max(free, key=lambda place: iou(found.box, boxes[place]), default=None)
            if best is not None and iou(found.box, boxes[best]) >= SAME_IOU:
                free.discard(best)
                if asked[best]:
                    hits.append((found.score, True))
            elif _asked(found.box, one.height, least, most):
                hits.append((found.score, False))
    return _score(hits, wanted)


def _score(hits: list[tuple[float, bool]], wanted: int) -> Score:
    right = np.cumsum([hit for _, hit in sorted(hits, key=lambda hit: -hit[0])], dtype=np.int64)
    last = int(right[-1]) if len(right) else 0
    ap50 = 0.0
    if wanted and len(right):
        precision, recall = right / np.arange(1, len(right) + 1), right / wanted
        ap50 = float(np.mean([max(precision[recall >= at], default=0.0) for at in np.linspace(0, 1, 101)]))
    return Score(wanted, len(hits), ap50, last / len(hits) if hits else 1.0, last / wanted if wanted else 0.0)


def _asked(box: Box, height: int, least: float, most: float) -> bool:
    return box.height >= least * height and (most >= 1.0 or box.height < most * height)


def _labels_of(path: Path, folder: Path) -> Path:
    parts = list(path.relative_to(folder).parts)
    if "images" in parts:
        parts[parts.index("images")] = "labels"
    beside = folder.joinpath(*parts).with_suffix(".txt")
    if beside.is_file() or folder.name != "images":
        return beside
    return (folder.parent / "labels" / path.relative_to(folder)).with_suffix(".txt")


def _boxes(labels: Path, width: int, height: int) -> Iterable[tuple[str, Box]]:
    """Yield group and box; a line is ``kind x y width height``, shares of the picture, of the middle and the sides.

    A longer line is an outline, ``kind x y x y x y …``, and its box is that of its corners.
    """
    for line in labels.read_text(encoding="ascii").splitlines() if labels.is_file() else []:
        kind, *numbers = (float(value) for value in line.split())
        if int(kind) not in GROUPS:
            continue
        if len(numbers) == 4:
            x, y, wide, high = numbers
            sides = (x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)
        else:
            sides = (min(numbers[::2]), min(numbers[1::2]), max(numbers[::2]), max(numbers[1::2]))
        left, top, right, bottom = (round(side * of) for side, of in zip(sides, (width, height) * 2, strict=True))
        yield GROUPS[int(kind)], Box(left, top, right, bottom)
