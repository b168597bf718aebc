"""Rings filled as ingest fills them, on a clock that the test moves; and what a player makes of a recording."""

import os
from collections.abc import Sequence
from concurrent.futures import wait
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np

from ingest.access_unit import AccessUnit
from ingest.codec import Codec
from ingest.record.recorder import Kept, Recorder
from ingest.record.scan import Scan, scan
from ingest.ring import RingWriter
from tests.support.tiny_h264 import annex_b, encode, nals

BEGIN = datetime(2026, 11, 23, 8, 0, tzinfo=UTC).timestamp()
FPS = 25
HZ = 90_000


class ManualClock:
    """Time that moves when it is told to; ``step`` moves wall time alone."""

    def __init__(self, at: float = BEGIN, mono_s: float = 1000.0) -> None:
        self.at, self.mono_s = at, mono_s

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)

    def monotonic_s(self) -> float:
        return self.mono_s

    def sleep(self, seconds: float) -> None:
        self.forward(seconds)

    def forward(self, seconds: float) -> None:
        self.at += seconds
        self.mono_s += seconds

    def step(self, seconds: float) -> None:
        self.at += seconds


@cache
def clip(gop: int = 25, width: int = 64, height: int = 48, seed: int = 0) -> list[tuple[bytes, bool]]:
    """Four GOPs of H.264: (Annex-B, key)."""
    pictures = encode(width, height, 4 * gop, gop, seed)
    return [(annex_b(unit), number % gop == 0) for number, unit in enumerate(pictures)]


@cache
def clip_h265(gop: int = 25, width: int = 64, height: int = 48) -> list[tuple[bytes, bool]]:
    """Two GOPs of H.265: (Annex-B, key)."""
    context = av.CodecContext.create("libx265", "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = Fraction(1, FPS), Fraction(FPS)
    context.options = {
        "preset": "ultrafast",
        "x265-params": f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes=0:repeat-headers=1:log-level=none:pools=1",
    }
    dice = np.random.default_rng(0)
    packets = []
    for number in range(2 * gop):
        frame = av.VideoFrame.from_ndarray(dice.integers(0, 256, (height, width, 3), dtype=np.uint8), format="rgb24")
        frame.pts = number
        packets += context.encode(frame)
    packets += context.encode(None)
    return [(annex_b(nals(bytes(packet))), bool(packet.is_keyframe)) for packet in packets]


class Camera:
    """One stream's ring and what is put there: 25 pictures a second, in step with the clock."""

    def __init__(self, rings: Path, name: str, clock: ManualClock, *, capacity: int = 4 << 20) -> None:
        rings.mkdir(parents=True, exist_ok=True)
        self.name, self.clock = name, clock
        self.ring = RingWriter(rings / name, capacity)
        self.units = clip()
        self.codec, self.epoch, self.size = Codec.H264, 1, (64, 48)
        self.rtp, self.ticks = 0xFFFF_0000, HZ // FPS
        self.sent: list[tuple[int, bytes, float]] = []
        """Each picture put: RTP time, Annex-B, unix time."""
        self._next = 0

    def become(self, units: Sequence[tuple[bytes, bool]], codec: Codec, size: tuple[int, int]) -> None:
        """Send another stream from the next picture on."""
        self.units, self.codec, self.size = list(units), codec, size
        self.epoch += 1
        self._next = 0

    def send(self, pictures: int = 1, *, broken: bool = False, padding: int = 0) -> None:
        """Send pictures, the clock going on by a 25th of a second after each; ``padding`` makes them larger."""
        for _ in range(pictures):
            payload, key = self.units[self._next % len(self.units)]
            if padding and not key:
                payload += b"\0\0\0\1\x0c" + b"\xff" * padding + b"\x80"  # filler data (type 12)
            self._next += 1
            unit = AccessUnit.of(nals(payload), key, self.codec, self.epoch, self.rtp, HZ)
            at, mono_s = self.clock.at, self.clock.mono_s
            self.ring.put(unit, at=at, mono_s=mono_s, broken=broken, width=self.size[0], height=self.size[1])
            broken = False
            self.sent.append((self.rtp, payload, at))
            self.rtp = (self.rtp + self.ticks) & 0xFFFF_FFFF
            self.clock.forward(1 / FPS)

    def seconds(self, seconds: float, recorder: Recorder, *, padding: int = 0) -> None:
        """Send for so long, the recorder looking twice a second."""
        left = round(seconds * FPS)
        while left > 0:
            self.send(min(12, left), padding=padding)
            left -= 12
            recorder.round()


def recorder(
    folder: Path, rings: Path, clock: ManualClock, *streams: str, always: bool = True, mb: int = 100
) -> Recorder:
    return Recorder(folder, rings, dict.fromkeys(streams, Kept(always, 30)), mb * 1_000_000, clock)


def settle(recorder: Recorder) -> None:
    """Wait until everything that the disk was asked for is done."""
    wait([*recorder._closes, *recorder._syncs, *([recorder._look] if recorder._look else [])])


def scanned(path: Path) -> Scan | None:
    fd = os.open(path, os.O_RDONLY)
    try:
        return scan(fd)
    finally:
        os.close(fd)


def played(path: Path) -> list[av.VideoFrame]:
    """Every picture as a player decodes it."""
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def packets(path: Path) -> list[tuple[int, bytes]]:
    """(Time in ticks, Annex-B) of every picture in the file."""
    found = []
    with av.open(str(path)) as container:
        for packet in container.demux(video=0):
            if packet.size:
                data, at, units = bytes(packet), 0, []
                while at < len(data):
                    size = int.from_bytes(data[at : at + 4], "big")
                    units.append(data[at + 4 : at + 4 + size])
                    at += 4 + size
                found.append((int(packet.pts or 0), annex_b(units)))
    return found
