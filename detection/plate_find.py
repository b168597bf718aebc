"""A piece of picture in; the four corners of the number plates in it out.

Our own network (training/finder.py, models/MODEL_CARD.md) gives a score and four corners for every cell of 8 x 8
pixels; a peak of the score is a plate. What it finds in a smaller picture it looks at again in the picture as it is.
Where it finds nothing, lettering of a plate's shape counts as one (``plate_text``).
"""

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from detection.models import PLATE_FINDER, load_model
from detection.plate_text import TextFinder

Image = NDArray[np.uint8]
Quad = NDArray[np.float32]
"""Corners (4, 2) as x, y in pixels: left top, right top, right bottom, left bottom, as the text reads."""

SIDE_PX: Final = 320
"""Longest side given to the network."""
GRAIN_PX: Final = 32
"""The network needs sides divisible by this."""
STRIDE_PX: Final = 8
CORNER_PX: Final = 32.0
"""The network's cells, and the unit of its corners (training/finder.py)."""
SCORE_MIN: Final = 0.4
OVERLAP_MAX: Final = 0.3
"""Of two plates whose boxes have a greater IoU the better one stays."""
ASPECT: Final = (0.9, 6.5)
"""Width to height, seen askew too; of the plates themselves 1.57 (motorcycle) to 3.43 (new energy)."""
TILT_MAX_DEG: Final = 40.0
FINDS_MAX: Final = 12
"""The best of one piece; a picture full of stripes has more, and none of them is a plate."""
AROUND: Final = (1.2, 0.9)
AGAIN_PX: Final = 110.0
NEAR_WIDTHS: Final = 0.6
"""The second look: so many widths to each side, and up and down; plates are brought to this width where they are
larger; the middle found then is within so many widths of the first."""
PLATE_WIDTH_MIN_PX: Final = 44.0
"""Narrower plates cannot be read."""


@dataclass(frozen=True, slots=True)
class PlateBox:
    """A plate, or something of its shape.

    Args:
        quad: its corners in pixels of the picture that the piece was cut from.
        score: the network's, 0 to 1.
    """

    quad: Quad
    score: float

    @property
    def centre(self) -> tuple[float, float]:
        """Return x, y in pixels."""
        x, y = self.quad.mean(axis=0)
        return float(x), float(y)

    @property
    def width_px(self) -> float:
        """Return the mean length of the upper and lower side."""
        return float(np.linalg.norm(self.quad[1] - self.quad[0]) + np.linalg.norm(self.quad[2] - self.quad[3])) / 2

    @property
    def height_px(self) -> float:
        """Return the mean length of the left and right side."""
        return float(np.linalg.norm(self.quad[3] - self.quad[0]) + np.linalg.norm(self.quad[2] - self.quad[1])) / 2


class PlateFinder:
    """The network with its decoding, and who finds lettering behind it. Not for several threads at once."""

    def __init__(self) -> None:
        self._session = load_model(PLATE_FINDER)
        self._text = TextFinder()

    def find(self, piece: Image, *, left: int = 0, top: int = 0, side_px: int = SIDE_PX) -> list[PlateBox]:
        """Find plates.

        Args:
            piece: (height, width, 3) BGR.
            left: where the piece was cut from, pixels; added to the corners, as is ``top``.
            top: see ``left``.
            side_px: the piece is made smaller until its longer side is at most this; it is never made larger.

        Returns:
            Best first; empty when nothing looks like a plate.
        """
        height, width = piece.shape[:2]
        if min(height, width) < 16:
            return []
        found = _apart(self._corners(piece, side_px))[:FINDS_MAX]
        if side_px < max(height, width):
            found = _apart([self._again(piece, one) for one in found])
        found = found or self._text.find(piece, side_px=side_px)
        off = np.array([left, top], np.float32)
        return [PlateBox(quad + off, score) for quad, score in found if _plate_like(quad)]

    def _corners(self, piece: Image, side_px: int) -> list[tuple[Quad, float]]:
        """Return corners in pixels of ``piece``, and scores, best first."""
        height, width = piece.shape[:2]
        shrink = min(1.0, side_px / max(height, width))
        small = piece
        if shrink < 1:
            size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
            small = np.asarray(cv2.resize(piece, size, interpolation=cv2.INTER_AREA), np.uint8)
        scale = np.array([width / small.shape[1], height / small.shape[0]], np.float32)
        return [(quad * scale, score) for quad, score in self._peaks(small)]

    def _again(self, piece: Image, found: tuple[Quad, float]) -> tuple[Quad, float]:
        """Return a plate that was found in a smaller picture with its corners in the picture as it is.

        Of a plate of 50 pixels they are off by a fifth of its width, too much to read it.
        """
        box = PlateBox(*found)
        (x, y), wide = box.centre, max(box.width_px, PLATE_WIDTH_MIN_PX)
        left, top = (max(0, math.floor(value - share * wide)) for value, share in zip((x, y), AROUND, strict=True))
        right, bottom = (math.ceil(value + share * wide) for value, share in zip((x, y), AROUND, strict=True))
        cut = np.ascontiguousarray(piece[top:bottom, left:right])
        if cut.size == 0:
            return found  # corners beyond the picture; others will not make a plate of them
        scale = max(1.0, wide / AGAIN_PX)
        if scale > 1:
            size = (max(1, round(cut.shape[1] / scale)), max(1, round(cut.shape[0] / scale)))
            cut = np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_AREA), np.uint8)
        off = np.array([left, top], np.float32)
        near = [(np.asarray(quad * scale + off, np.float32), score) for quad, score in self._peaks(cut)]
        near = [one for one in near if np.linalg.norm(one[0].mean(axis=0) - (x, y)) < NEAR_WIDTHS * wide]
        return max(near, key=lambda one: one[1], default=found)

    def _peaks(self, image: Image) -> list[tuple[Quad, float]]:
        """Return corners in pixels of ``image``, and scores, best first: where the score is higher than all around."""
        high, wide = image.shape[:2]
        x = np.full((1, 3, _grained(high), _grained(wide)), 128.0, np.float32)
        x[0, :, :high, :wide] = image.transpose(2, 0, 1)
        y: NDArray[np.float32] = self._session.run(None, {"x": x})[0][0]
        return peaks(y)


def peaks(y: NDArray[np.float32]) -> list[tuple[Quad, float]]:
    """Return corners in pixels of the network's input, and scores, where a score is higher than all around it.

    Args:
        y: the network's output (9, rows, columns): logit of the score, then x and y of each corner.

    Returns:
        Best first; corners that are no numbers are dropped.
    """
    score = 1 / (1 + np.exp(-np.clip(np.nan_to_num(y[0], nan=-30.0), -30, 30)))
    top = cv2.dilate(score, np.ones((3, 3), np.uint8))
    rows, columns = np.nonzero((score >= top) & (score >= SCORE_MIN))
    order = np.argsort(-score[rows, columns], kind="stable")
    rows, columns = rows[order], columns[order]
    middles = (np.stack([columns, rows], axis=1) + 0.5) * STRIDE_PX
    corners = y[1:, rows, columns].T.reshape(-1, 4, 2) * CORNER_PX + middles[:, None]
    pairs = zip(corners, score[rows, columns], strict=True)
    return [(np.asarray(quad, np.float32), float(sure)) for quad, sure in pairs if np.isfinite(quad).all()]


def _grained(size: int) -> int:
    return max(GRAIN_PX, math.ceil(size / GRAIN_PX) * GRAIN_PX)


def _apart(found: list[tuple[Quad, float]]) -> list[tuple[Quad, float]]:
    kept: list[tuple[Quad, float]] = []
    for quad, score in found:
        if not any(overlap(quad, other) > OVERLAP_MAX for other, _ in kept):
            kept.append((quad, score))
    return kept


def overlap(one: Quad, other: Quad) -> float:
    """Return intersection over union of the upright boxes around two quads."""
    low = np.maximum(one.min(axis=0), other.min(axis=0))
    high = np.minimum(one.max(axis=0), other.max(axis=0))
    shared = float(np.prod(np.maximum(high - low, 0)))
    return shared / max(float(np.prod(np.ptp(one, axis=0)) + np.prod(np.ptp(other, axis=0))) - shared, 1e-6)


def _plate_like(quad: Quad) -> bool:
    box = PlateBox(quad, 0.0)
    if box.width_px < PLATE_WIDTH_MIN_PX or box.height_px <= 0:
        return False
    along = quad[1] - quad[0]
    tilt = abs(math.degrees(math.atan2(float(along[1]), float(along[0]))))
    return ASPECT[0] <= box.width_px / box.height_px <= ASPECT[1] and tilt <= TILT_MAX_DEG


def rectify(picture: Image, quad: Quad, *, left: int = 0, top: int = 0) -> Image:
    """Return the plate seen straight on.

    Args:
        picture: (height, width, 3) BGR.
        quad: corners (4, 2), pixels, ``left`` and ``top`` not yet taken off.
        left: where ``picture`` was cut from, pixels, as is ``top``.
        top: see ``left``.

    Returns:
        (height, width, 3) BGR of the quad's own size, at least 8 pixels high.
    """
    box = PlateBox(quad, 0.0)
    wide, high = max(round(box.width_px), 24), max(round(box.height_px), 8)
    here = (quad - np.array([left, top], np.float32)).astype(np.float32)
    there = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    change = cv2.getPerspectiveTransform(here, there)
    flat = cv2.warpPerspective(picture, change, (wide, high), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(flat, np.uint8)
