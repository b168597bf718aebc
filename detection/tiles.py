"""A small picture of every analysed keyframe, for the wall."""

from pathlib import Path
from typing import Final

import cv2

from detection.decode import TILE_HEIGHT_PX, TILE_WIDTH_PX, Picture
from ingest.slot import SlotItem, SlotWriter

QUALITY: Final = 70
CAPACITY_BYTES: Final = 96 * 1024
"""Three times what the noisiest picture of this size took at this quality."""


def draw_tile(picture: Picture) -> bytes:
    """Return the picture as JPEG of 320 x 180 pixels; another aspect is squeezed into it."""
    done, jpeg = cv2.imencode(".jpg", picture.small(TILE_WIDTH_PX, TILE_HEIGHT_PX), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return jpeg.tobytes() if done else b""


class Tiles:
    """The newest tile of each feed, one slot file a feed in ``folder``. A tile's times are its keyframe's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[str, SlotWriter] = {}

    def put(self, feed: str, picture: Picture, item: SlotItem) -> None:
        """Leave the tile of ``feed``; ``item`` is the keyframe that the picture was decoded from.

        Raises:
            OSError: the run folder has no room.
        """
        writer = self._writers.get(feed)
        if writer is None:
            writer = self._writers[feed] = SlotWriter(self._folder / feed, CAPACITY_BYTES)
        tile = draw_tile(picture)
        if tile:
            writer.put(tile, sequence=writer.sequence + 1, at=item.at, mono_s=item.mono_s, epoch=item.epoch)

    def close(self) -> None:
        """Release the files; they stay."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()
