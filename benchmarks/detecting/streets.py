"""Pictures of 1920 x 1080 whose small persons are real and whose boxes are known: six labelled pictures in each.

A labelled county street is not to be had, so six of the labelled pictures lie side by side, each as large as it fits
into 640 x 540 pixels: those of COCO, 640 x 480 in the main, keep their own pixels, and nothing is drawn out of nothing.
A person of 5 % of the height is 54 pixels high. What this is not: one street. Light and
sharpness differ from piece to piece, there are edges between pieces, and boxes that people left out (crowds) count as
false. It shows what tiles bring, both ways of looking at the very same pixels; it says nothing of a street's absolute
recall.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import cv2
import numpy as np

from benchmarks.detecting.labelled import Labelled
from detection.decode import Box

WIDTH_PX: Final = 1920
HEIGHT_PX: Final = 1080
ACROSS: Final = 3
DOWN: Final = 2
GREY: Final = 110


def streets(pictures: Sequence[Labelled]) -> Iterator[Labelled]:
    """Yield a street for every six pictures; what is left over at the end makes one with empty pieces."""
    for number, begin in enumerate(range(0, len(pictures), ACROSS * DOWN)):
        image = np.full((HEIGHT_PX, WIDTH_PX, 3), GREY, np.uint8)
        truth: list[tuple[str, Box]] = []
        for place, piece in enumerate(pictures[begin : begin + ACROSS * DOWN]):
            left, top = place % ACROSS * (WIDTH_PX // ACROSS), place // ACROSS * (HEIGHT_PX // DOWN)
            height, width = piece.image.shape[:2]
            scale = min(WIDTH_PX // ACROSS / width, HEIGHT_PX // DOWN / height)
            wide, high = round(width * scale), round(height * scale)
            how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
            image[top : top + high, left : left + wide] = cv2.resize(piece.image, (wide, high), interpolation=how)
            truth += [(group, _moved(box, scale, left, top)) for group, box in piece.truth]
        yield Labelled(f"street-{number:02d}", image, tuple(truth))


def _moved(box: Box, scale: float, left: int, top: int) -> Box:
    return Box(
        round(box.left * scale) + left,
        round(box.top * scale) + top,
        round(box.right * scale) + left,
        round(box.bottom * scale) + top,
    )
