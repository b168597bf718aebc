"""H.264 and H.265 as a camera sends them: NAL units of one picture each, and whole clips of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av

from camera_config.errors import FeedProtocol
from ingest.codec import Codec

START_CODE = b"\x00\x00\x00\x01"


@dataclass(frozen=True, slots=True)
class Numbers:
    """The ``nal_unit_type`` of what matters here (H.264 table 7-1, H.265 table 7-1).

    ``sets`` are in the order in which they are sent; ``pictures`` hold slices, ``keys`` those with which decoding
    may begin.
    """

    sets: tuple[int, ...]
    pictures: range
    keys: range


NUMBERS = {
    Codec.H264: Numbers((7, 8), range(1, 6), range(5, 6)),
    Codec.H265: Numbers((32, 33, 34), range(32), range(16, 22)),
}
FILTERS = {"h264": (Codec.H264, "h264_mp4toannexb"), "hevc": (Codec.H265, "hevc_mp4toannexb")}


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One picture: its slices, without parameter sets, SEI or delimiters."""

    slices: tuple[bytes, ...]
    key: bool


@dataclass(frozen=True, slots=True)
class Clip:
    """A closed row of pictures that starts with a keyframe and may be repeated for ever.

    ``sps``, ``pps`` and, of H.265, ``vps`` hold for every picture. NAL units stand without start codes.
    """

    fps: float
    sps: bytes
    pps: bytes
    units: tuple[AccessUnit, ...]
    vps: bytes = b""

    @property
    def codec(self) -> Codec:
        """Return the codec: only H.265 knows a video parameter set."""
        return Codec.H265 if self.vps else Codec.H264

    @property
    def sets(self) -> tuple[bytes, ...]:
        """Return the parameter sets in the order in which they are sent."""
        return (self.vps, self.sps, self.pps) if self.vps else (self.sps, self.pps)

    @property
    def duration_s(self) -> float:
        """Return how long one round takes."""
        return len(self.units) / self.fps


def nal_type(nal: bytes, codec: Codec = Codec.H264) -> int:
    """Return ``nal_unit_type`` (H.264 7.3.1, H.265 7.3.1.2)."""
    return nal[0] & 0x1F if codec is Codec.H264 else nal[0] >> 1 & 0x3F


def split_annex_b(data: bytes) -> Iterator[bytes]:
    """Yield the NAL units between start codes of three or four bytes (H.264 annex B)."""
    start = data.find(b"\x00\x00\x01")
    while start >= 0:
        after = data.find(b"\x00\x00\x01", start + 3)
        nal = data[start + 3 : after if after >= 0 else len(data)]
        # A zero before a start code belongs to the start code; a NAL unit never ends with one.
        nal = nal.rstrip(b"\x00")
        if nal:
            yield nal
        start = after


def parse_unit(data: bytes, codec: Codec = Codec.H264) -> tuple[AccessUnit, dict[int, bytes]]:
    """Return the picture in Annex-B ``data``, and by type the parameter sets that came with it, if any."""
    numbers = NUMBERS[codec]
    sets: dict[int, bytes] = {}
    slices = []
    key = False
    for nal in split_annex_b(data):
        kind = nal_type(nal, codec)
        if kind in numbers.sets:
            sets[kind] = nal
        elif kind in numbers.pictures:
            slices.append(nal)
            key = key or kind in numbers.keys
    return AccessUnit(tuple(slices), key), sets


def make_clip(fps: float, codec: Codec, units: list[AccessUnit], sets: dict[int, bytes]) -> Clip:
    """Return the clip of these pictures.

    Raises:
        ValueError: it does not start with a keyframe, or a parameter set is missing.
    """
    wanted = [sets.get(kind) for kind in NUMBERS[codec].sets]
    found = [nal for nal in wanted if nal is not None]
    if not units or not units[0].key or len(found) < len(wanted):
        raise ValueError("no keyframe with its parameter sets at the start")
    return Clip(fps, found[-2], found[-1], tuple(units), found[0] if codec is Codec.H265 else b"")


def read_clip(path: Path) -> Clip:
    """Read a file of H.264 or H.265 without decoding it.

    Raises:
        FeedProtocol: it does not start with a keyframe and its parameter sets.
    """
    units: list[AccessUnit] = []
    sets: dict[int, bytes] = {}
    hint = f"Delete {path}; it is made again from the original footage."
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        rate = stream.average_rate
        codec, name = FILTERS.get(stream.codec_context.name, (Codec.H264, ""))
        if not name or not rate:
            raise FeedProtocol(f"{path.name} holds no H.264 or H.265 with a frame rate.", hint=hint)
        to_annex_b = av.BitStreamFilterContext(name, stream)
        for packet in container.demux(stream):
            for filtered in to_annex_b.filter(packet if packet.size else None):
                unit, new = parse_unit(bytes(filtered), codec)
                sets = {**new, **sets}
                units.append(unit)
    try:
        return make_clip(float(rate), codec, units, sets)
    except ValueError as error:
        raise FeedProtocol(f"{path.name} does not begin as a camera's stream: {error}.", hint=hint) from error
