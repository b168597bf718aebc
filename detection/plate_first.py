"""The first reader: PP-OCRv4's recogniser, of which only the characters of a plate are read.

It knows 6,624 characters. The dot between the second and third character counts as a gap.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from detection.models import PLATE_READER, load_model
from detection.plate_decode import Steps
from detection.plate_grammar import ALPHABET, LETTERS

Image = NDArray[np.uint8]

HEIGHT_PX: Final = 48
BUCKETS_PX: Final = (160, 224, 256, 320)
"""Input widths; the cost grows with the width (facts/traps 1: 9.9 core-ms at 160, 21.5 at 320)."""
EMPTY_PX: Final = 48
"""Empty space left at the right. Without it 0.975 of the 522 real plates are read right, with it 0.985."""

DOTS: Final = "·.•・-˙*:"
ALIASES: Final = {"0": "Oo〇○", "1": "Iil|", **{letter: letter.lower() for letter in LETTERS if letter != "L"}}
"""What the recogniser says for a character of a plate: no plate holds O or I, so an O is a 0. Small l is a 1."""
MODEST: Final = 10.0
"""A Q that the recogniser sees beside a 0 counts so many times. On drawn plates it gives a true 0 less than 0.005 for
Q, and a true Q mostly at least 0.1, though less than for 0. So 79 of 80 drawn Qs are read right, not half of them, and
nothing changes on the 522 real crops."""


class FirstReader:
    """PP-OCRv4's recogniser. Not for several threads at once."""

    def __init__(self) -> None:
        self._session = load_model(PLATE_READER)
        signs = self._session.get_modelmeta().custom_metadata_map["character"].splitlines()
        index = {sign: place + 1 for place, sign in enumerate(signs)}
        self._plate = np.array([index[sign] for sign in ALPHABET])
        self._aliases = [
            (1 + ALPHABET.index(sign), [index[other] for other in others if other in index])
            for sign, others in ALIASES.items()
        ]
        space = len(signs) + 1
        self._blank = np.array([0, space, *(index[dot] for dot in DOTS if dot in index)])

    def steps(self, row: Image) -> Steps:
        """Return the probabilities (steps, 1 + len(ALPHABET)) along a row, (height, width, 3) BGR; see plate_decode."""
        raw = self._session.run(None, {"x": _prepare(row)})[0][0]
        blank = raw[:, self._blank].sum(axis=1, keepdims=True)
        steps = np.concatenate([blank, raw[:, self._plate]], axis=1).astype(np.float64)
        for column, others in self._aliases:
            steps[:, column] += raw[:, others].sum(axis=1)
        zero, tailed = 1 + ALPHABET.index("0"), 1 + ALPHABET.index("Q")
        both = steps[:, zero] + steps[:, tailed]
        raised = steps[:, tailed] * MODEST
        steps[:, tailed] = both * raised / np.maximum(steps[:, zero] + raised, 1e-12)
        steps[:, zero] = both - steps[:, tailed]
        return steps


def _prepare(row: Image) -> NDArray[np.float32]:
    """Return (1, 3, 48, bucket) with values from -1 to 1; the rest of the bucket is zero, as in training."""
    height, width = row.shape[:2]
    wanted = max(round(HEIGHT_PX * width / height), HEIGHT_PX)
    bucket = next((size for size in BUCKETS_PX if size >= wanted + EMPTY_PX), BUCKETS_PX[-1])
    wide = min(wanted, bucket - EMPTY_PX)
    method = cv2.INTER_AREA if height > HEIGHT_PX else cv2.INTER_LINEAR
    line = cv2.resize(row, (wide, HEIGHT_PX), interpolation=method).astype(np.float32)
    out = np.zeros((1, 3, HEIGHT_PX, bucket), np.float32)
    out[0, :, :, :wide] = (line / 127.5 - 1.0).transpose(2, 0, 1)
    return out
