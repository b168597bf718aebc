"""Keyframes of many cameras through decoder and detector: how many a second, and how late under an open load."""

import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.codeccontext import VideoCodecContext

from detection.decode import CpuDecoder, Decoder, Image
from detection.objects import Objects
from ingest.codec import Codec

PICTURES = 24
CRF = "30"


@dataclass(frozen=True, slots=True)
class Lateness:
    """How long after their arrival the frames of ``cameras`` cameras, ``rate`` a second each, had their boxes."""

    cameras: int
    rate: float
    frames: int
    superseded: int
    p50_ms: float
    p99_ms: float


def keyframes(video: Path, width: int, height: int) -> list[bytes]:
    """Return ``PICTURES`` pictures of a video, half a second apart, each a keyframe of its own with parameter sets."""
    out = []
    with av.open(str(video)) as container:
        rate = round(float(container.streams.video[0].average_rate or 10))
        for frame in islice(container.decode(video=0), 0, PICTURES * rate // 2, max(1, rate // 2)):
            image = cv2.resize(frame.to_ndarray(format="bgr24"), (width, height), interpolation=cv2.INTER_AREA)
            out.append(_encoded(np.asarray(image, np.uint8)))
    return out


def _encoded(image: Image) -> bytes:
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = image.shape[1], image.shape[0], "yuv420p"
    context.time_base, context.framerate = Fraction(1, 25), Fraction(25)
    context.options = {"preset": "medium", "crf": CRF, "tune": "zerolatency"}
    packets = context.encode(av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p"))
    return b"".join(bytes(packet) for packet in (*packets, *context.encode(None)))


class Decoders:
    """Decodes several keyframes at once, a thread and a decoder each; with one thread in the caller's own."""

    def __init__(self, threads: int, gpu: Decoder | None = None) -> None:
        self._own = threading.local()
        self._gpu = gpu
        self._pool = ThreadPoolExecutor(threads) if threads > 1 and gpu is None else None

    def images(self, payloads: Sequence[bytes]) -> list[Image]:
        """Return the pictures, BGR."""
        return list(self._pool.map(self._one, payloads)) if self._pool else [self._one(one) for one in payloads]

    def _one(self, payload: bytes) -> Image:
        decoder = self._gpu or getattr(self._own, "decoder", None)
        if decoder is None:
            decoder = self._own.decoder = CpuDecoder(smooth=False)
        return decoder.decode(payload, Codec.H264).bgr()


def rate_of(
    payloads: Sequence[bytes], decoders: Decoders, objects: Objects | None, batch: int, seconds: float
) -> float:
    """Return frames a second, decoded and, with ``objects``, looked at, ``batch`` at a time."""
    done, began_s = 0, 0.0
    for warm in (True, False):
        done, began_s = 0, time.perf_counter()
        while not done or (not warm and time.perf_counter() - began_s < seconds):
            images = decoders.images([payloads[(done + place) % len(payloads)] for place in range(batch)])
            if objects is not None:
                objects.find_many(images)
            done += batch
    return done / (time.perf_counter() - began_s)


def look_rate(images: Sequence[Image], objects: Objects, batch: int, seconds: float) -> float:
    """Return looks a second at pictures that are decoded already."""
    some = [images[place % len(images)] for place in range(batch)]
    objects.find_many(some)
    done, began_s = 0, time.perf_counter()
    while time.perf_counter() - began_s < seconds:
        objects.find_many(some)
        done += batch
    return done / (time.perf_counter() - began_s)


def lateness(
    payloads: Sequence[bytes],
    decoders: Decoders,
    objects: Objects,
    batch: int,
    cameras: int,
    rate: float,
    seconds: float,
) -> Lateness:
    """Let every camera's frames come on time for ``seconds``, whether they are waited for or not.

    A camera's newer frame takes the place of one that still waits, as in kakou's slots.
    """
    began_s = time.perf_counter()
    arrivals = deque(
        sorted((place / cameras + count) / rate for place in range(cameras) for count in range(int(seconds * rate)))
    )
    waiting: dict[int, float] = {}
    late_s: list[float] = []
    number = superseded = 0
    while arrivals or waiting:
        now_s = time.perf_counter() - began_s
        while arrivals and arrivals[0] <= now_s:
            camera = number % cameras
            superseded += waiting.pop(camera, None) is not None
            waiting[camera] = arrivals.popleft()
            number += 1
        if not waiting:
            time.sleep(max(0.0, arrivals[0] - now_s))
            continue
        taken = list(islice(waiting, batch))
        objects.find_many(decoders.images([payloads[camera % len(payloads)] for camera in taken]))
        done_s = time.perf_counter() - began_s
        late_s += [done_s - waiting.pop(camera) for camera in taken]
    p50, p99 = np.percentile(late_s, [50, 99]) * 1000
    return Lateness(cameras, rate, len(late_s), superseded, round(float(p50), 1), round(float(p99), 1))
