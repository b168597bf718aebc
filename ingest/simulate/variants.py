"""What a camera in trouble shows: its own footage frozen, black, covered, blurred, shifted, rescaled or recoded.

Made once for each footage and trouble when it is asked for; keyframes are as far apart as in the original, except
where that is the trouble.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, count, islice, takewhile
from threading import Event

import cv2
import numpy as np

from ingest.codec import Codec
from ingest.simulate.clip import Clip
from ingest.simulate.encode import encode_clip
from ingest.simulate.pictures import Picture, decode
from ingest.simulate.rtp import Packets
from ingest.simulate.source import LoopSource, PackedClip, Source

SECONDS = 10.0
"""So much footage is taken at most; the variant repeats it."""

FRAMES = 1000
"""And at most so many frames; also the longest way to a keyframe that is looked ahead."""

CRF = 26
BIG_SIZE = (1080, 1920, 3)
BIG_CRF = 12


@dataclass(frozen=True, slots=True)
class Sample:
    """Footage as a camera sends it: whole GOPs of equal length, the first frame a keyframe.

    When ``ended`` is set, what is being encoded is given up within a picture.
    """

    frames: tuple[Packets, ...]
    codec: Codec
    fps: float
    key_every: int
    ended: Event = field(default_factory=Event, compare=False)

    def pictures(self) -> Iterator[Picture]:
        """Yield all pictures."""
        return decode(self.frames, self.codec)

    def first(self) -> Picture:
        """Return the first picture."""
        return next(decode(self.frames[:1], self.codec))

    def encode(
        self, pictures: Iterable[Picture], *, codec: Codec | None = None, key_every: int = 0, crf: int = CRF
    ) -> Clip:
        """Return ``pictures`` as a clip of the same rate; also of the same codec and keyframe distance by default.

        Raises:
            FeedProtocol: it was given up.
        """
        wanted = takewhile(lambda _: not self.ended.is_set(), pictures)
        return encode_clip(wanted, codec or self.codec, fps=self.fps, key_every=key_every or self.key_every, crf=crf)


Variant = Callable[[Sample, float | str], Clip]
"""Draws what is shown, of the camera's own footage and the trouble's value."""


def sample(source: Source, number: int, ended: Event | None = None) -> Sample:
    """Return what ``source`` shows from the next keyframe at or after frame ``number`` on."""
    start = next(at for at in islice(count(number), FRAMES) if source.frame(at).key)
    key_every = next((step for step in range(1, FRAMES) if source.frame(start + step).key), FRAMES)
    longest = len(source.clip.frames) if isinstance(source, LoopSource) else FRAMES
    total = max(1, int(min(longest, FRAMES, SECONDS * source.fps)) // key_every) * key_every
    frames = tuple(source.frame(start + step) for step in range(total))
    return Sample(frames, source.codec, source.fps, key_every, ended or Event())


def footage_of(source: Source) -> PackedClip | Source:
    """Return what identifies the footage: all places in one clip share their variants."""
    return source.clip if isinstance(source, LoopSource) else source


def frozen(of: Sample, value: float | str) -> Clip:
    """Return one picture over and over; ``encoded``: with an encoder's changing quality from GOP to GOP."""
    still = of.first()
    once = of.encode([still] * of.key_every)
    if value == "repeat":
        return once
    others = [of.encode([still] * of.key_every, crf=CRF + more) for more in (2, 4, 1, 3)]
    units = tuple(chain(once.units, *(each.units for each in others)))
    return Clip(once.fps, once.sps, once.pps, units, once.vps)


def black(of: Sample, _: float | str) -> Clip:
    """Return darkness."""
    return of.encode([np.zeros_like(of.first())] * of.key_every)


def covered(of: Sample, _: float | str) -> Clip:
    """Return a hand or paint on the lens: nearly one dark colour, uneven, with light along the left edge."""
    height, width = of.first().shape[:2]
    picture = np.full((height, width, 3), (38, 44, 60), np.float32)
    picture += np.linspace(0, 14, width, dtype=np.float32)[None, :, None]
    picture[:, : width // 16] = (190, 205, 215)
    soft = np.asarray(cv2.GaussianBlur(picture, (0, 0), width / 60), np.uint8)
    return of.encode([soft] * of.key_every)


def blurred(of: Sample, _: float | str) -> Clip:
    """Return the footage out of focus: shrunk to a twenty-fourth and smoothly grown again, which costs little."""

    def soften(picture: Picture) -> Picture:
        height, width = picture.shape[:2]
        few = (max(2, width // 24), max(2, height // 24))
        small = cv2.resize(picture, few, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)

    return of.encode(soften(each) for each in of.pictures())


def moved(of: Sample, _: float | str) -> Clip:
    """Return the footage shifted left by a quarter and up by an eighth; mirrored at the edges."""

    def shift(picture: Picture) -> Picture:
        height, width = picture.shape[:2]
        matrix = np.array([[1, 0, -width // 4], [0, 1, -height // 8]], np.float32)
        return np.asarray(cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8)

    return of.encode(shift(each) for each in of.pictures())


def rescaled(of: Sample, _: float | str) -> Clip:
    """Return the footage three quarters as wide and high."""

    def smaller(picture: Picture) -> Picture:
        size = (picture.shape[1] * 3 // 8 * 2, picture.shape[0] * 3 // 8 * 2)
        return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)

    return of.encode(smaller(each) for each in of.pictures())


def recoded(of: Sample, _: float | str) -> Clip:
    """Return the footage in the other codec."""
    return of.encode(of.pictures(), codec=Codec.H265 if of.codec is Codec.H264 else Codec.H264)


def stretched(of: Sample, value: float | str) -> Clip:
    """Return the footage with ``value`` seconds from keyframe to keyframe."""
    total = max(2, round(float(value) * of.fps))
    again = chain.from_iterable(of.pictures() for _ in count())
    return of.encode(islice(again, total), key_every=total)


def big(of: Sample, _: float | str) -> Clip:
    """Return noise, which no encoder makes small."""
    noise = np.random.default_rng(1).integers(0, 256, BIG_SIZE, dtype=np.uint8)
    return of.encode([noise] * of.key_every, crf=BIG_CRF)
