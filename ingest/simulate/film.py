"""Encoded checkpoint footage on disk: ten seconds a file, packetised, with the empty road kept once."""

import json
import mmap
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from ingest.codec import Codec
from ingest.simulate.clip import NUMBERS, AccessUnit, parse_unit
from ingest.simulate.rtp import Packets, packetise
from ingest.simulate.traffic import FPS
from ingest.simulate.view import HEIGHT_PX, WIDTH_PX

GOP = 5
"""Frames from keyframe to keyframe."""

CRF = 28
X264 = f"keyint={GOP}:min-keyint={GOP}:scenecut=0:bframes=0:open-gop=0:annexb=1:repeat-headers=1:sliced-threads=0:ref=1"


class Encoder:
    """x264 at its fastest, a closed GOP of five frames after the other; parameter sets never change."""

    def __init__(self) -> None:
        context = av.CodecContext.create("libx264", "w")
        assert isinstance(context, VideoCodecContext)
        context.width, context.height, context.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        context.framerate, context.time_base = Fraction(FPS), Fraction(1, FPS)
        context.thread_count = 1
        context.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": str(CRF), "x264-params": X264}
        self._context = context
        self._count = 0
        self.sets: tuple[bytes, ...] = ()

    def encode(self, yuv: NDArray[np.uint8]) -> AccessUnit:
        """Return one I420 frame, (1080, 1280) uint8, encoded; every fifth call gives a keyframe."""
        frame = VideoFrame.from_ndarray(yuv, format="yuv420p")
        frame.pts = self._count
        self._count += 1
        data = b"".join(bytes(packet) for packet in self._context.encode(frame))
        unit, sets = parse_unit(data)
        if sets:
            self.sets = tuple(sets[kind] for kind in NUMBERS[Codec.H264].sets)
        if not unit.slices or unit.key != ((self._count - 1) % GOP == 0):
            raise RuntimeError(f"x264 gave no {'key' if self._count % GOP == 1 else 'inter'} frame when asked")
        return unit

    def packets(self, yuv: NDArray[np.uint8]) -> Packets:
        """Return one frame encoded and packetised."""
        unit = self.encode(yuv)
        return packetise(unit, self.sets)


@dataclass(frozen=True, slots=True)
class Film:
    """Encoded GOPs by number; in a stretch of traffic, those missing are empty road."""

    sets: tuple[bytes, ...]
    gops: Mapping[int, tuple[Packets, ...]]


def write_film(path: Path, sets: Sequence[bytes], gops: Sequence[tuple[int, Sequence[Packets]]]) -> None:
    """Write GOPs by number; the file appears whole or not at all."""
    head = {"sets": [nal.hex() for nal in sets], "gops": [(number, len(frames)) for number, frames in gops]}
    text = json.dumps(head).encode("ascii")
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(struct.pack("<I", len(text)) + text)
        for _, frames in gops:
            for frame in frames:
                file.write(frame.to_bytes())
    part.replace(path)


def read_film(path: Path) -> Film:
    """Map a film into memory; its frames are read when they are sent, and the file may be deleted meanwhile.

    Raises:
        OSError: there is no such file.
    """
    with path.open("rb") as file:
        data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    (length,) = struct.unpack_from("<I", data)
    head = json.loads(bytes(data[4 : 4 + length]))
    gops = dict(_gops(data, 4 + length, head["gops"]))
    return Film(tuple(bytes.fromhex(each) for each in head["sets"]), gops)


def _gops(data: memoryview, at: int, table: Sequence[tuple[int, int]]) -> Iterator[tuple[int, tuple[Packets, ...]]]:
    for number, count in table:
        frames = []
        for _ in range(count):
            packets, at = Packets.from_buffer(data, at)
            frames.append(packets)
        yield number, tuple(frames)
