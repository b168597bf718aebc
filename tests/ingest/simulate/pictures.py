"""Small moving pictures, and clips of them that are encoded once for all tests of a run."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.codec import Codec
from ingest.simulate.clip import Clip
from ingest.simulate.encode import encode_clip
from ingest.simulate.pictures import decode, gop_of
from ingest.simulate.source import PackedClip


def street(count: int, width: int = 320, height: int = 192) -> list[NDArray[np.uint8]]:
    """Return ``count`` pictures: still texture, a dark and a light box that drive through it."""
    rng = np.random.default_rng(3)
    coarse = rng.integers(40, 200, (height // 16, width // 16, 3))
    ground = np.kron(coarse, np.ones((16, 16, 1))).astype(np.uint8)
    out = []
    for number in range(count):
        picture = ground.copy()
        left = 6 * number % (width - 60)
        picture[60:100, left : left + 50] = (20, 30, 160)
        picture[120:150, width - 60 - left : width - 20 - left] = (230, 230, 230)
        out.append(picture)
    return out


@cache
def moving(
    codec: Codec = Codec.H264, *, fps: float = 25.0, key_every: int = 10, count: int = 40, crf: int = 20
) -> Clip:
    """Return the street as a clip."""
    return encode_clip(street(count), codec, fps=fps, key_every=key_every, crf=crf)


def sub_clip(clip: PackedClip, width: int = 640, height: int = 360, every: int = 2, crf: int = 27) -> PackedClip:
    """Return the same footage smaller, with every ``every``-th picture only, keyframes at the same moments."""
    shown = [
        np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        for number, picture in enumerate(decode(clip.frames, clip.codec))
        if number % every == 0
    ]
    key_every = max(1, gop_of(clip) // every)
    return PackedClip.of(encode_clip(shown, clip.codec, fps=clip.fps / every, key_every=key_every, crf=crf))
