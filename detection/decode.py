"""A keyframe's bytes in; a picture out, kept as the decoder made it until somebody needs colour.

One decoder serves all feeds of a process: a keyframe stands alone, so nothing is carried from one to the next. That
is 363 decoders' memory saved; the decoder is emptied after every picture.
"""

from dataclasses import dataclass

import av
import cv2
import numpy as np
from av.codec.context import ThreadType
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from camera_config.errors import FeedError

Image = NDArray[np.uint8]

TILE_WIDTH_PX = 320
TILE_HEIGHT_PX = 180

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

    @classmethod
    def of_bgr(cls, image: Image) -> "Picture":
        """Return an ordinary (height, width, 3) BGR picture as a ``Picture``; odd last lines are cut off."""
        height, width = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
        flat = cv2.cvtColor(np.ascontiguousarray(image[:height, :width]), cv2.COLOR_BGR2YUV_I420).reshape(-1)
        size, part = height * width, height * width // 4
        half = (height // 2, width // 2)
        return cls(
            np.asarray(flat[:size].reshape(height, width), np.uint8),
            np.asarray(flat[size : size + part].reshape(half), np.uint8),
            np.asarray(flat[size + part :].reshape(half), np.uint8),
        )

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

    def small(self, width: int, height: int) -> Image:
        """Return (height, width, 3) BGR of the whole picture in another size, both even."""
        return _to_bgr(
            np.asarray(cv2.resize(self.y, (width, height), interpolation=cv2.INTER_AREA), np.uint8),
            np.asarray(cv2.resize(self.u, (width // 2, height // 2), interpolation=cv2.INTER_AREA), np.uint8),
            np.asarray(cv2.resize(self.v, (width // 2, height // 2), interpolation=cv2.INTER_AREA), np.uint8),
        )


def _to_bgr(y: Image, u: Image, v: Image) -> Image:
    height, width = y.shape
    flat = np.concatenate([np.ravel(y), np.ravel(u), np.ravel(v)]).reshape(height * 3 // 2, width)
    return np.asarray(cv2.cvtColor(flat, cv2.COLOR_YUV2BGR_I420), np.uint8)


class KeyframeDecoder:
    """Decodes H.264 keyframes of any feed, one after the other. Not for several threads at once."""

    def __init__(self) -> None:
        self._context = _open()

    def decode(self, payload: bytes) -> Picture:
        """Decode one keyframe.

        Args:
            payload: Annex-B H.264 with its SPS and PPS in front.

        Raises:
            FeedError: the bytes are damaged or are no keyframe. The next call is not affected.
        """
        try:
            frames = self._context.decode(av.Packet(payload))
            frames += self._context.decode(None)
            self._context.flush_buffers()
        except (av.FFmpegError, ValueError) as error:
            self._context = _open()
            raise FeedError(f"the keyframe cannot be decoded: {error}", hint="Look at the camera's stream.") from error
        if not frames or frames[0].is_corrupt:
            self._context = _open()
            raise FeedError("the keyframe holds no whole picture", hint="Look at the network to this camera.")
        return _picture(frames[0])


def _open() -> VideoCodecContext:
    context = av.CodecContext.create("h264", "r")
    assert isinstance(context, VideoCodecContext)
    context.thread_count = 1
    context.thread_type = ThreadType.NONE
    context.options = {"err_detect": "explode", "flags": "low_delay"}
    return context


def _picture(frame: VideoFrame) -> Picture:
    if not (16 <= frame.width <= SIDE_MAX_PX and 16 <= frame.height <= SIDE_MAX_PX):
        raise FeedError(f"the picture has {frame.width} x {frame.height} pixels", hint="Check the camera's settings.")
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
