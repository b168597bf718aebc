"""Short clips from pictures: H.264 or H.265 by PyAV, in closed GOPs of equal length, ready to be looped."""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ingest.codec import Codec
from ingest.simulate import cache
from ingest.simulate.clip import Clip, read_clip

Pictures = Iterable[NDArray[np.uint8]]
"""(height, width, 3) uint8 BGR, all of one even size. Where they are kept they must be a row that lasts."""

ENCODERS = {Codec.H264: "libx264", Codec.H265: "libx265"}
FORMAT_VERSION = 1
"""Raise it when ``encode_clip`` gives another result for the same parameters."""


def encoder_options(codec: Codec, key_every: int, crf: int, preset: str, more: str = "") -> dict[str, str]:
    """Return PyAV's options for closed GOPs of ``key_every`` frames without B-frames; ``more``: ``name=value:…``."""
    common = f"keyint={key_every}:min-keyint={key_every}:scenecut=0:bframes=0:open-gop=0"
    if codec is Codec.H264:
        return {"preset": preset, "crf": str(crf), "x264-params": f"{common}:stitchable=1{more and ':' + more}"}
    # Without these x265 starts a thread a core for each clip and writes to the terminal.
    quiet = "pools=none:frame-threads=1:log-level=none:info=0:repeat-headers=1"
    return {"preset": preset, "crf": str(crf), "x265-params": f"{common}:{quiet}{more and ':' + more}"}


def encode_clip(
    pictures: Pictures | Path,
    codec: Codec = Codec.H264,
    *,
    fps: float = 10.0,
    key_every: int = 10,
    crf: int = 27,
    more: str = "",
    folder: Path | None = None,
) -> Clip:
    """Return ``pictures`` as a clip; with ``folder`` it is made only once.

    Args:
        pictures: what to show; of a video file every picture.
        codec: how to compress.
        fps: frames a second.
        key_every: frames from keyframe to keyframe.
        crf: quality, smaller is better.
        more: further parameters of x264 or x265, ``name=value:…``.
        folder: the clip is kept there; None: nowhere.
    """
    options = encoder_options(codec, key_every, crf, "ultrafast", more)
    if folder is None:
        with tempfile.TemporaryDirectory() as made:
            path = Path(made) / "clip.mp4"
            _write(path, pictures, codec, fps, options)
            return read_clip(path)
    path = folder / f"made-{cache.key_of(_digest(pictures), codec, fps, options, FORMAT_VERSION)}.mp4"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        _write(part, pictures, codec, fps, options)
        part.replace(path)
    cache.touch(path)
    return read_clip(path)


def add_encoder(
    sink: OutputContainer, codec: Codec, rate: Fraction, options: dict[str, str], width: int, height: int
) -> VideoStream:
    """Return a new video stream of ``sink``."""
    stream = sink.add_stream(ENCODERS[codec], rate=rate, options=options)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    return stream


def _write(path: Path, pictures: Pictures | Path, codec: Codec, fps: float, options: dict[str, str]) -> None:
    rate = Fraction(fps).limit_denominator(1001)
    with av.open(str(path), "w", format="mp4") as sink:
        stream: VideoStream | None = None
        for number, picture in enumerate(_read(pictures)):
            if stream is None:
                stream = add_encoder(sink, codec, rate, options, picture.shape[1], picture.shape[0])
            frame = VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = number, 1 / rate
            sink.mux(stream.encode(frame))
        if stream is not None:
            sink.mux(stream.encode(None))


def _read(pictures: Pictures | Path) -> Iterator[NDArray[np.uint8]]:
    if not isinstance(pictures, Path):
        yield from pictures
        return
    with av.open(str(pictures)) as source:
        for frame in source.decode(video=0):
            yield frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False)


def _digest(pictures: Pictures | Path) -> str:
    if isinstance(pictures, Path):
        return cache.file_hash(pictures)
    digest = hashlib.sha256()
    for picture in pictures:
        digest.update(str(picture.shape).encode("ascii"))
        digest.update(np.ascontiguousarray(picture).data)
    return digest.hexdigest()
