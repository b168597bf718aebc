"""The stream that every side receives: 1080p25 H.264, GOP 50, a still scene with sensor noise, busy 30 % of the time.

Busy means that eight textured patches cross the picture. Whole GOPs are busy or quiet, so that it is known of every
keyframe whether the GOP before it was busy. The sub-stream shows the same at 640 x 360 and 5 pictures
a second, about 256 kbit/s.
"""

import argparse
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ingest.simulate.cache import default_folder, key_of

FPS = 25
GOP = 50
GOPS = 20
BUSY_GOPS = frozenset(range(5, 11))
"""Six of twenty: one busy spell of twelve seconds in forty. With pre-roll and post-roll 27 of 40 are recorded."""

FRAMES = GOP * GOPS
WIDTH, HEIGHT = 1920, 1080
SUB_WIDTH, SUB_HEIGHT, SUB_FPS, SUB_GOP = 640, 360, 5, 10
NOISE = 2.4
"""Standard deviation of the sensor's noise in steps of 256; quiet pictures then take about a kilobyte."""

VERSION = 4

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Clips:
    """Main and sub-stream files; both loop in 40 s."""

    main: Path
    sub: Path


def clips() -> Clips:
    """Return the files, drawn and encoded at the first call (about a minute on two slow cores)."""
    stem = f"bench-{key_of(VERSION, NOISE, FPS, GOP, GOPS, sorted(BUSY_GOPS), SUB_GOP)}"
    made = Clips(default_folder() / f"{stem}-main.mp4", default_folder() / f"{stem}-sub.mp4")
    if not (made.main.is_file() and made.sub.is_file()):
        made.main.parent.mkdir(parents=True, exist_ok=True)
        _make(made)
    return made


def after_busy(key_index: int) -> bool:
    """Tell whether the GOP before keyframe ``key_index`` (0 to ``GOPS`` - 1, of main and sub alike) was busy."""
    return (key_index - 1) % GOPS in BUSY_GOPS


def _make(made: Clips) -> None:
    parts = Clips(made.main.with_suffix(".part"), made.sub.with_suffix(".part"))
    with av.open(str(parts.main), "w", format="mp4") as main, av.open(str(parts.sub), "w", format="mp4") as sub:
        wide = _stream(main, FPS, WIDTH, HEIGHT, GOP, "23")
        small = _stream(sub, SUB_FPS, SUB_WIDTH, SUB_HEIGHT, SUB_GOP, "29")
        scene = _Scene()
        for number in range(FRAMES):
            picture = scene.picture(number)
            main.mux(wide.encode(_frame(picture, number, FPS)))
            if number % (FPS // SUB_FPS) == 0:
                less = np.asarray(cv2.resize(picture, (SUB_WIDTH, SUB_HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)
                sub.mux(small.encode(_frame(less, number // (FPS // SUB_FPS), SUB_FPS)))
        main.mux(wide.encode(None))
        sub.mux(small.encode(None))
    parts.main.replace(made.main)
    parts.sub.replace(made.sub)


def _stream(sink: av.container.OutputContainer, fps: int, width: int, height: int, gop: int, crf: str) -> VideoStream:
    stream = sink.add_stream("libx264", rate=fps)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    stream.options = {"preset": "veryfast", "profile": "main", "crf": crf, "g": str(gop), "keyint_min": str(gop)}
    stream.options |= {"bf": "0", "sc_threshold": "0"}
    return stream


class _Scene:
    """A textured street seen by a noisy sensor."""

    def __init__(self) -> None:
        dice = np.random.default_rng(1)
        rough = dice.integers(40, 216, (HEIGHT // 24, WIDTH // 24), dtype=np.uint8)
        base = cv2.resize(rough, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        fine = cv2.resize(dice.integers(0, 40, (HEIGHT // 3, WIDTH // 3), dtype=np.uint8), (WIDTH, HEIGHT))
        self._still = cv2.add(base, fine)
        self._noise = [np.clip(dice.normal(8, NOISE, (HEIGHT, WIDTH)), 0, 16).astype(np.uint8) for _ in range(7)]
        self._patch = dice.integers(20, 236, (96, 64), dtype=np.uint8)

    def picture(self, number: int) -> Image:
        picture = cv2.add(self._still, self._noise[number % 7])
        if number // GOP in BUSY_GOPS:
            for lane in range(8):
                x = (number * (5 + lane) + lane * 211) % (WIDTH - 64)
                picture[100 + lane * 110 : 196 + lane * 110, x : x + 64] = np.roll(self._patch, number, axis=0)
        return np.asarray(picture, np.uint8)


def _frame(grey: Image, number: int, fps: int) -> VideoFrame:
    height, width = grey.shape
    planes = np.full((height * 3 // 2, width), 128, dtype=np.uint8)
    planes[:height] = grey
    frame = VideoFrame.from_ndarray(planes, format="yuv420p")
    frame.pts, frame.time_base = number, Fraction(1, fps)
    return frame


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    print(clips())
