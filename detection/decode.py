"""A keyframe's bytes in; a picture out, kept as the decoder made it until somebody needs colour.

One decoder serves all feeds of a process: a keyframe stands alone, so nothing is carried from one to the next. That
is 363 decoders' memory saved; the decoder is emptied after every picture.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import av
import cv2
import numpy as np
from av.codec.context import ThreadType
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from camera_config.errors import ConfigError, FeedError, FeedProtocol
from ingest import sps, sps_h265
from ingest.codec import Codec

log = logging.getLogger(__name__)

Image = NDArray[np.uint8]

TILE_WIDTH_PX = 320
TILE_HEIGHT_PX = 180

SIDE_MIN_PX = 16
SIDE_MAX_PX = 4096
"""A larger picture is refused: nobody ordered such a camera, and it would take the memory of all the others."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of pixels; ``right`` and ``bottom`` are one past the last."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Return the width in pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Return the height in pixels."""
        return self.bottom - self.top

    @property
    def area(self) -> int:
        """Return the area in square pixels, 0 when empty."""
        return max(self.width, 0) * max(self.height, 0)

    def grown(self, x: int, y: int) -> "Box":
        """Return the box with ``x`` pixels more at the left and right and ``y`` more above and below."""
        return Box(self.left - x, self.top - y, self.right + x, self.bottom + y)

    def within(self, width: int, height: int) -> "Box":
        """Return the part inside a picture of this size; may be empty."""
        return Box(max(self.left, 0), max(self.top, 0), min(self.right, width), min(self.bottom, height))

    def shared(self, other: "Box") -> "Box":
        """Return what both cover; may be empty (area 0)."""
        return Box(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )

    def around(self, other: "Box") -> "Box":
        """Return the smallest box that holds both."""
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def without(self, other: "Box") -> list["Box"]:
        """Return what ``other`` leaves: left and right of it in full height, and above and below; no empty ones."""
        both = self.shared(other)
        if both.area == 0:
            return [self]
        parts = (
            Box(self.left, self.top, both.left, self.bottom),
            Box(both.right, self.top, self.right, self.bottom),
            Box(both.left, self.top, both.right, both.top),
            Box(both.left, both.bottom, both.right, self.bottom),
        )
        return [part for part in parts if part.area]

    def holds(self, x: float, y: float) -> bool:
        """Tell whether the point lies inside."""
        return self.left <= x < self.right and self.top <= y < self.bottom


class Picture:
    """One decoded picture as brightness and two colour planes of half size (I420).

    Args:
        y: (height, width) brightness.
        u, v: (height / 2, width / 2) colour.
    """

    __slots__ = ("u", "v", "y")

    def __init__(self, y: Image, u: Image, v: Image) -> None:
        self.y, self.u, self.v = y, u, v

    @property
    def width(self) -> int:
        """Return the width in pixels, even."""
        return int(self.y.shape[1])

    @property
    def height(self) -> int:
        """Return the height in pixels, even."""
        return int(self.y.shape[0])

    @property
    def whole(self) -> Box:
        """Return the box of the whole picture."""
        return Box(0, 0, self.width, self.height)

    def even(self, box: Box) -> Box:
        """Return ``box`` inside the picture and on even pixels, as ``bgr`` cuts it."""
        inside = box.within(self.width, self.height)
        return Box(inside.left // 2 * 2, inside.top // 2 * 2, (inside.right + 1) // 2 * 2, (inside.bottom + 1) // 2 * 2)

    def bgr(self, box: Box | None = None) -> Image:
        """Return (height, width, 3) BGR of ``even(box)``, or of the whole picture."""
        cut = self.even(box or self.whole)
        if cut.area == 0:
            return np.empty((0, 0, 3), np.uint8)
        half = (slice(cut.top // 2, cut.bottom // 2), slice(cut.left // 2, cut.right // 2))
        return _to_bgr(self.y[cut.top : cut.bottom, cut.left : cut.right], self.u[half], self.v[half])

    def shrunk(self, width: int, height: int) -> "Picture":
        """Return the whole picture in another size, both even."""
        half = (width // 2, height // 2)
        return Picture(
            np.asarray(cv2.resize(self.y, (width, height), interpolation=cv2.INTER_AREA), np.uint8),
            np.asarray(cv2.resize(self.u, half, interpolation=cv2.INTER_AREA), np.uint8),
            np.asarray(cv2.resize(self.v, half, interpolation=cv2.INTER_AREA), np.uint8),
        )


def _to_bgr(y: Image, u: Image, v: Image) -> Image:
    height, width = y.shape
    flat = np.concatenate([np.ravel(y), np.ravel(u), np.ravel(v)]).reshape(height * 3 // 2, width)
    return np.asarray(cv2.cvtColor(flat, cv2.COLOR_YUV2BGR_I420), np.uint8)


class FalseSize(FeedError):
    """The picture is not as large as its own parameter sets say: they or it came damaged."""


class Decoder(Protocol):
    """Makes pictures of keyframes of any feed, one after the other. Not for several threads at once."""

    def decode(self, payload: bytes, codec: Codec) -> Picture:
        """Decode one keyframe.

        Args:
            payload: Annex-B with its parameter sets in front.
            codec: what it is compressed with.

        Raises:
            FalseSize: the picture is not of the size that the parameter sets say.
            FeedError: the bytes are damaged, are no keyframe, or the picture is too large. The next call is not
                affected.
        """

    def rough(self) -> "Decoder":
        """Return a decoder for pictures in which nothing small is read: a cheaper one, or this one."""

    def close(self) -> None:
        """Release what the decoder holds."""


def open_decoder(kind: str) -> Decoder:
    """Return a decoder: ``cpu``, ``gpu``, or ``auto``: the GPU's where there is one, else the CPU's, said once.

    Raises:
        ConfigError: another word, or ``gpu`` on a machine without the package or the driver.
    """
    if kind not in {"auto", "cpu", "gpu"}:
        raise ConfigError(f"no decoder is called {kind!r}", hint="Name auto, cpu or gpu.")
    if kind == "cpu":
        return CpuDecoder()
    from detection.decode_gpu import NvdecDecoder  # noqa: PLC0415  (it builds on this module)

    try:
        return NvdecDecoder()
    except ConfigError as error:
        if kind == "gpu":
            raise
        log.info("decode.cpu cause=%s", error)
        return CpuDecoder()


class CpuDecoder:
    """A ``Decoder`` by libavcodec: one context a codec, made when it is first needed.

    Args:
        smooth: smooth the edges of blocks as the standard asks. Without it a keyframe of 640 x 360 takes 5.1 instead of
            7.2 ms, and NanoDet-g finds 398 persons and 136 vehicles where it found 389 and 137 (vtest and the road from
            above, every 12th frame, 640 x 360 at x264's crf 30). Plates are read from smooth pictures.
    """

    def __init__(self, *, smooth: bool = True) -> None:
        self._smooth = smooth
        self._contexts: dict[Codec, VideoCodecContext] = {}

    def decode(self, payload: bytes, codec: Codec) -> Picture:
        """Decode one keyframe; see ``Decoder``."""
        sizes = described_sizes(payload, codec)
        context = self._contexts.pop(codec, None) or _open(codec, smooth=self._smooth)
        try:
            frames = context.decode(av.Packet(payload))
            frames += context.decode(None)
            context.flush_buffers()
        except (av.FFmpegError, ValueError) as error:
            raise FeedError(f"the keyframe cannot be decoded: {error}", hint="Look at the camera's stream.") from error
        if not frames or frames[0].is_corrupt:
            raise FeedError("the keyframe holds no whole picture", hint="Look at the network to this camera.")
        self._contexts[codec] = context  # one that failed is not used again
        check_size((frames[0].width, frames[0].height), sizes)
        return _picture(frames[0])

    def rough(self) -> "CpuDecoder":
        """Return one that does not smooth."""
        return type(self)(smooth=False)

    def close(self) -> None:
        """Release the contexts."""
        self._contexts.clear()


def described_sizes(payload: bytes, codec: Codec) -> set[tuple[int, int]]:
    """Return the sizes (width, height) that the parameter sets in front of a keyframe say.

    Empty when there are some that we cannot read; the decoder may know better.

    Raises:
        FeedError: there is no parameter set, or a picture would be larger than ``SIDE_MAX_PX`` or tiny.
    """
    found: set[tuple[int, int]] = set()
    readable = True
    sets = 0
    for kind, nal in _front(payload, codec):
        if kind == _SPS[codec]:
            sets += 1
            try:
                found.add((sps if codec is Codec.H264 else sps_h265).picture_size(nal))
            except FeedProtocol:
                readable = False
    if not sets:
        raise FeedError("the keyframe comes without parameter sets", hint="Look at the camera's stream.")
    for width, height in found:
        if not (SIDE_MIN_PX <= width <= SIDE_MAX_PX and SIDE_MIN_PX <= height <= SIDE_MAX_PX):
            raise FeedError(f"the picture has {width} x {height} pixels", hint="Check the camera's settings.")
    return found if readable else set()


def check_size(size: tuple[int, int], described: set[tuple[int, int]]) -> None:
    """Refuse a decoded picture of a size that is none of ``described``, unless that is empty, or of a senseless size.

    Raises:
        FalseSize: that is so.
        FeedError: it is too large or tiny.
    """
    if described and size not in described:
        raise FalseSize(f"the picture has {size[0]} x {size[1]} pixels, its parameter sets say {sorted(described)}")
    if not all(SIDE_MIN_PX <= side <= SIDE_MAX_PX for side in size):
        raise FeedError(f"the picture has {size[0]} x {size[1]} pixels", hint="Check the camera's settings.")


_SPS: Final = {Codec.H264: 7, Codec.H265: 33}
_NAMES: Final = {Codec.H264: "h264", Codec.H265: "hevc"}
_START: Final = re.compile(rb"\x00\x00\x01")


def _front(payload: bytes, codec: Codec) -> Iterator[tuple[int, bytes]]:
    """Yield kind and bytes of the NAL units in front of the first slice."""
    begins = _START.finditer(payload)
    begin = next(begins, None)
    while begin is not None and begin.end() < len(payload):
        head = payload[begin.end()]
        kind = head & 31 if codec is Codec.H264 else head >> 1 & 63
        if 1 <= kind <= 5 if codec is Codec.H264 else kind < 32:
            return
        following = next(begins, None)
        yield kind, payload[begin.end() : following.start() if following else len(payload)].rstrip(b"\0")
        begin = following


def _open(codec: Codec, *, smooth: bool) -> VideoCodecContext:
    context = av.CodecContext.create(_NAMES[codec], "r")
    assert isinstance(context, VideoCodecContext)
    context.thread_count = 1
    context.thread_type = ThreadType.NONE
    context.options = {"err_detect": "explode", "flags": "low_delay", "max_pixels": str(SIDE_MAX_PX**2)}
    if not smooth:
        context.options = {**context.options, "skip_loop_filter": "all"}
    return context


def _picture(frame: VideoFrame) -> Picture:
    if frame.format.name not in {"yuv420p", "yuvj420p"}:
        frame = frame.reformat(format="yuv420p")
    width, height = frame.width // 2 * 2, frame.height // 2 * 2
    planes = []
    for plane, wide, high in zip(
        frame.planes, (width, width // 2, width // 2), (height, height // 2, height // 2), strict=True
    ):
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        planes.append(np.asarray(rows[:high, :wide], np.uint8))
    return Picture(planes[0], planes[1], planes[2])
