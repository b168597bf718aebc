"""Privacy masks on decoded pictures: filled before anything else sees them (docs/design/0003, section 5)."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from camera_config.errors import MaskError
from camera_config.masks import Mask, MaskFile, Polygon
from detection.decode import Image, Picture

LUMA: Final = 112
CHROMA: Final = 128
"""The grey of what is hidden: between night and day, so that it is neither taken for black nor for glare."""


class Masks:
    """The masks of those of one process's feeds that must have one. They are read at every call.

    Args:
        county: its folder.
        feeds: which must have a mask.

    Raises:
        ValueError: feeds must have one, and there is no folder.
    """

    def __init__(self, county: Path | None, feeds: Collection[str]) -> None:
        if county is None and feeds:
            raise ValueError(f"{len(feeds)} feeds are masked; name the county's folder")
        self._files = {feed: MaskFile(county, feed) for feed in feeds} if county is not None else {}
        self._shown: dict[str, tuple[Polygon, ...] | None] = {}

    def of(self, feed: str) -> Mask | None:
        """Return the mask that holds now, None for a feed that needs none.

        Raises:
            MaskError: there must be one, and it is missing or damaged.
        """
        file = self._files.get(feed)
        if file is None:
            return None
        mask = file.read()
        self._shown[feed] = mask.polygons
        return mask

    def hide(self, feed: str, picture: Picture) -> Picture:
        """Return an earlier picture of the feed as it may be kept: filled anew by the mask that holds now.

        Raises:
            MaskError: as of ``of``; nothing of the picture may be kept.
        """
        file = self._files.get(feed)
        return picture if file is None else filled(picture, file.read().polygons)

    def closed(self) -> dict[str, str]:
        """Return the feeds of which nobody may see a picture now, each with the cause."""
        return {feed: cause for feed, file in self._files.items() if (cause := file.trouble())}

    def outdated(self) -> list[str]:
        """Return the feeds whose last picture was shown by another mask than holds now, each once.

        Also those whose mask cannot be read any more, and at first all: what another process showed is not known.
        """
        found = []
        for feed, file in self._files.items():
            try:
                now: tuple[Polygon, ...] | None = file.read().polygons
            except MaskError:
                now = None
            if feed not in self._shown or self._shown[feed] != now:
                self._shown[feed] = now
                found.append(feed)
        return found


def nothing(width: int, height: int) -> Picture:
    """Return a picture of which all is hidden."""
    half = (height // 2, width // 2)
    y = np.full((height, width), LUMA, np.uint8)
    return Picture(y, np.full(half, CHROMA, np.uint8), np.full(half, CHROMA, np.uint8))


def filled(picture: Picture, polygons: Sequence[Polygon]) -> Picture:
    """Return a copy in which every pixel that a polygon touches, and those beside it, are one grey in all planes."""
    planes = ((picture.y, LUMA), (picture.u, CHROMA), (picture.v, CHROMA))
    return Picture(*(_filled(plane, grey, polygons) for plane, grey in planes))


def _filled(plane: Image, grey: int, polygons: Sequence[Polygon]) -> Image:
    """Fill polygon by polygon: filled together, what two of them cover would be spared (even-odd rule)."""
    out = plane.copy()
    size = np.array([plane.shape[1], plane.shape[0]], np.float64)
    for polygon in polygons:
        corners = np.minimum(np.floor(np.array(polygon, np.float64) * size), size - 1).astype(np.int32)
        cv2.fillPoly(out, [corners], grey)
        cv2.polylines(out, [corners], True, grey, thickness=3)
    return out
