"""A small picture of every analysed keyframe, for the wall."""

from pathlib import Path
from typing import Final

import cv2

from detection.decode import TILE_HEIGHT_PX, TILE_WIDTH_PX, Picture
from ingest.slot import SlotItem, SlotWriter

QUALITY: Final = 70
CAPACITY_BYTES: Final = 96 * 1024
"""Three times what the noisiest picture of this size took at this quality."""


def tile_of(picture: Picture) -> Picture:
    """Return the picture in 320 x 180 pixels; another aspect is squeezed into it."""
    return picture.shrunk(TILE_WIDTH_PX, TILE_HEIGHT_PX)


def draw_tile(tile: Picture) -> bytes:
    """Return a small picture as JPEG."""
    done, jpeg = cv2.imencode(".jpg", tile.bgr(), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return jpeg.tobytes() if done else b""


class Tiles:
    """The newest tile of each feed, one slot file a feed in ``folder``. A tile's times are its keyframe's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[str, SlotWriter] = {}

    def put(self, feed: str, tile: Picture, item: SlotItem) -> None:
        """Leave the tile of ``feed``; ``item`` is the keyframe that it was made of.

        Raises:
            OSError: the run folder has no room.
        """
        self._put(feed, tile, at=item.at, mono_s=item.mono_s, epoch=item.epoch)

    def blank(self, feed: str, picture: Picture, *, at: float, mono_s: float) -> None:
        """Leave ``picture``, of nothing, in place of the tile of ``feed``, whoever made it, if there is one.

        Raises:
            OSError: the run folder has no room.
        """
        if (self._folder / feed).exists():
            self._put(feed, picture, at=at, mono_s=mono_s, epoch=None)

    def close(self) -> None:
        """Release the files; they stay."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def _put(self, feed: str, tile: Picture, *, at: float, mono_s: float, epoch: int | None) -> None:
        writer = self._writers.get(feed)
        if writer is None:
            writer = self._writers[feed] = SlotWriter(self._folder / feed, CAPACITY_BYTES)
        jpeg = draw_tile(tile)
        if jpeg:
            kept = writer.epoch if epoch is None else epoch
            writer.put(jpeg, sequence=writer.sequence + 1, at=at, mono_s=mono_s, epoch=kept)
