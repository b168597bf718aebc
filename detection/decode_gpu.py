"""Keyframes decoded by an NVIDIA GPU, through PyNvVideoCodec (extra ``[gpu]``); pictures come back to main memory.

Written against the package's documented interface (API Programming Guide 2.x, "Latency modes", and its sample
``decode_with_low_latency.py``), version 2.2.4.
"""

import ctypes
import importlib
from types import ModuleType
from typing import Any, Final

import numpy as np

from camera_config.errors import ConfigError, FeedError
from detection.decode import FalseSize, Image, Picture, described_sizes
from ingest.codec import Codec

PACKAGE: Final = "PyNvVideoCodec"
SESSIONS: Final = 6
"""Decoding sessions kept open, one a codec and size: a session cannot change to a larger picture, and making one takes
a third of a second. A county's cameras come in a few sizes."""

_NAMES: Final = {Codec.H264: "H264", Codec.H265: "HEVC"}


class NvdecDecoder:
    """A ``Decoder`` on one GPU. A session that failed, or gave more or less than one picture, is thrown away.

    So no picture of one camera can come out as another's.

    Raises:
        ConfigError: the package or the driver is missing, or the GPU cannot decode.
    """

    def __init__(self, gpu: int = 0) -> None:
        self._gpu = gpu
        self._codec = _load()
        self._errors: tuple[type[Exception], ...] = (
            RuntimeError,
            ValueError,
            self._codec.PyNvVCException,
            self._codec.PyNvVCExceptionUnsupported,
        )
        self._sessions: dict[tuple[Codec, tuple[int, int]], Any] = {}
        try:
            self._open(Codec.H264)
        except self._errors as error:
            raise ConfigError(f"the GPU does not decode: {_first_line(error)}", hint=_HINT) from error

    def decode(self, payload: bytes, codec: Codec) -> Picture:
        """Decode one keyframe; see ``Decoder``."""
        sizes = described_sizes(payload, codec)
        if len(sizes) != 1 or any(side % 2 for side in next(iter(sizes))):
            raise FeedError("the parameter sets do not say one even size", hint="Choose the decoder cpu.")
        place = (codec, next(iter(sizes)))
        try:
            session = self._sessions.pop(place, None) or self._open(codec)
            frames = self._frames(session, payload)
        except self._errors as error:
            raise FeedError(
                f"the keyframe cannot be decoded: {_first_line(error)}", hint="Look at the camera's stream."
            ) from error
        if len(frames) != 1:
            raise FeedError("the keyframe holds no whole picture", hint="Look at the network to this camera.")
        self._sessions[place] = session
        while len(self._sessions) > SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        return _picture(frames[0], place[1])

    def rough(self) -> "NvdecDecoder":
        """Return this one: smoothing costs the card nothing."""
        return self

    def close(self) -> None:
        """Release the sessions."""
        self._sessions.clear()

    def _open(self, codec: Codec) -> Any:
        return self._codec.CreateDecoder(
            gpuid=self._gpu,
            codec=getattr(self._codec.cudaVideoCodec, _NAMES[codec]),
            usedevicememory=False,
            latency=self._codec.DisplayDecodeLatencyType.LOW,
        )

    def _frames(self, session: Any, payload: bytes) -> list[Image]:
        """Return copies of what comes out, flat: the package's own memory is used again by the next picture."""
        data = np.frombuffer(payload, np.uint8)
        packet = self._codec.PacketData()
        packet.bsl = int(data.size)
        packet.bsl_data = int(data.ctypes.data)
        packet.decode_flag = self._codec.VideoPacketFlag.ENDOFPICTURE
        return [_copied(frame) for frame in session.Decode(packet)]


_HINT: Final = "Install kakou[gpu] and NVIDIA's driver with video support, or choose the decoder cpu."


def _load() -> ModuleType:
    try:
        return importlib.import_module(PACKAGE)
    except (ImportError, OSError, RuntimeError) as error:  # RuntimeError: the package is there, the driver is not
        raise ConfigError(f"no GPU to decode with: {_first_line(error)}", hint=_HINT) from error


def _copied(frame: Any) -> Image:
    memory = (ctypes.c_uint8 * int(frame.framesize())).from_address(int(frame.GetPtrToPlane(0)))
    return np.frombuffer(bytes(memory), np.uint8)


def _picture(flat: Image, size: tuple[int, int]) -> Picture:
    """Return the picture of NV12 bytes, or of P016, two bytes a sample of which the upper is taken.

    Raises:
        FalseSize: there are more or fewer bytes than a picture of ``size`` has.
    """
    width, height = size
    count = width * height * 3 // 2
    if flat.size == 2 * count:
        flat = flat[1::2]
    if flat.size != count:
        raise FalseSize(f"the GPU gave {flat.size} bytes for {width} x {height} pixels")
    colour = flat[width * height :].reshape(height // 2, width // 2, 2)
    y = flat[: width * height].reshape(height, width)
    return Picture(y, np.ascontiguousarray(colour[..., 0]), np.ascontiguousarray(colour[..., 1]))


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
