"""Made traffic by one checkpoint, encoded and decoded as a camera's keyframes are, and what the product says of it."""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from camera_config.county import Position, RoadPoint, SmartCheckpoint
from camera_config.ids import CheckpointId, TownshipId
from detection.checkpoint import CheckpointReader
from detection.decode import CpuDecoder
from detection.objects import ObjectFinder
from detection.passage import Passage
from detection.plate_find import PlateFinder
from detection.plate_read import PlateReader
from detection.tools import Tools
from ingest.codec import Codec
from ingest.simulate.film import CRF, GOP
from ingest.simulate.flow import Drive, flow
from ingest.simulate.shot import Shots
from ingest.simulate.traffic import FPS
from ingest.simulate.view import HEIGHT_PX, LANES_M, MAST_M, WIDTH_PX, make_view
from ingest.simulate.weather import Weather

STARTED_AT = 1_800_000_000.0
EMPTY_S = 6.0
"""The empty road is seen for so long before traffic begins: the picture's background is learnt from it."""
VISIBLE_S = 1.0
"""A passage may say that its vehicle came or went so much sooner or later than it did."""


@dataclass(frozen=True, slots=True)
class SceneKind:
    """One checkpoint in one weather, with traffic towards it or away from it."""

    name: str
    weather: Weather
    away: bool
    index: int


SCENES = (
    SceneKind("day", Weather.DAY, False, 0),
    SceneKind("day", Weather.DAY, True, 2),
    SceneKind("day", Weather.DAY, False, 4),
    SceneKind("night", Weather.NIGHT, False, 5),
    SceneKind("night", Weather.INFRARED, False, 0),
    SceneKind("night", Weather.NIGHT, True, 8),
    SceneKind("rain", Weather.RAIN, False, 9),
    SceneKind("rain", Weather.RAIN, True, 0),
)
"""The same for everybody; ``index`` picks the camera's place and the road (``ingest.simulate.view``)."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A vehicle that drove by: from when to when it was there (s), and in how many keyframes its plate was free.

    ``speed_kmh`` is its mean speed while its plate was free, None where it never was.
    """

    drive: Drive
    first_s: float
    last_s: float
    shown: int
    speed_kmh: float | None


@dataclass(frozen=True, slots=True)
class Drove:
    """What was driven and what was told; ``cpu_s`` is what the product took for ``keyframes``."""

    scene: SceneKind
    seen: tuple[Seen, ...]
    told: tuple[Passage, ...]
    keyframes: int
    cpu_s: float


def drive_by(scene: SceneKind, vehicles: int, seed: int) -> Drove:
    """Let so many vehicles drive by a checkpoint, and return what was told of them."""
    cv2.setNumThreads(1)
    tools = Tools(PlateFinder(), PlateReader(), ObjectFinder())
    decoder = CpuDecoder()
    drives = flow(make_view(scene.index, seed), seed * 100 + scene.index, vehicles, away=scene.away)
    told: list[Passage] = []
    keyframes, cpu_s = 0, 0.0
    shown: dict[int, list[int]] = {}
    with tempfile.TemporaryDirectory() as data:
        reader = CheckpointReader(checkpoint(scene, seed), tools, Path(data))
        for frame, payload, free in _film(scene, drives, seed):
            for number in free:
                shown.setdefault(number, []).append(frame)
            now_s = EMPTY_S + frame / FPS
            started = time.process_time()
            picture = decoder.decode(payload, Codec.H264)
            told += reader.look(picture, at=STARTED_AT + now_s, mono_s=now_s)
            cpu_s += time.process_time() - started
            keyframes += 1
        told += reader.finish()
    seen = tuple(_seen(each, shown.get(each.number, [])) for each in drives)
    return Drove(scene, seen, tuple(told), keyframes, cpu_s)


def checkpoint(scene: SceneKind, seed: int = 1) -> SmartCheckpoint:
    """Return the checkpoint of a scene; it looks at the whole picture and is calibrated."""
    field = [(-3.0, -3.0), (3.0, -3.0), (3.0, 6.0), (-3.0, 6.0)]
    seen = make_view(scene.index, seed).project([(along, across, 0.0) for across, along in field])
    points = [
        RoadPoint(float(x) / WIDTH_PX, float(y) / HEIGHT_PX, *place) for (x, y), place in zip(seen, field, strict=True)
    ]
    return SmartCheckpoint(
        id=CheckpointId(f"k-{scene.index}"),
        name=f"{scene.index}",
        gb_code="22042100051210000001",
        position=Position(42.68, 125.53),
        heading_deg=0.0,
        township=TownshipId("t-1"),
        road="",
        direction="out",
        lanes=len(LANES_M),
        lane_zone=(),
        purpose="",
        retention_class="",
        url="rtsp://127.0.0.1:1/k",
        post=None,
        speed_points=tuple(points),
        mast_m=MAST_M,
    )


def _seen(each: Drive, shown: list[int]) -> Seen:
    first, last = each.first, each.last
    speeds = [each.speed_ms(frame) * 3.6 for frame in range(shown[0], shown[-1] + 1)] if shown else []
    return Seen(each, first / FPS, last / FPS, len(shown), float(np.mean(speeds)) if speeds else None)


def _film(scene: SceneKind, drives: list[Drive], seed: int) -> Iterator[tuple[int, bytes, frozenset[int]]]:
    """Yield frame number, keyframe (Annex B with its parameter sets) and whose plates are free in it."""
    shots = Shots(make_view(scene.index, seed), scene.index, seed, scene.weather)
    encoder = _encoder()
    end = max(each.last for each in drives) + 4 * GOP
    for frame in range(-round(EMPTY_S * FPS), end, GOP):
        shot = shots.draw(frame, drives)
        yield frame, _encoded(encoder, shot.yuv), shot.shown


def _encoder() -> VideoCodecContext:
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
    context.time_base = Fraction(GOP, FPS)
    context.thread_count = 1
    params = "keyint=1:bframes=0:annexb=1:repeat-headers=1"
    context.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": str(CRF), "x264-params": params}
    return context


def _encoded(encoder: VideoCodecContext, yuv: NDArray[np.uint8]) -> bytes:
    frame = av.VideoFrame.from_ndarray(yuv, format="yuv420p")
    return b"".join(bytes(packet) for packet in encoder.encode(frame))
