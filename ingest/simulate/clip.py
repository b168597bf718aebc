"""H.264 as a camera sends it: NAL units of one picture each, and whole clips of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av

from camera_config.errors import FeedProtocol

IDR = 5
SEI = 6
SPS = 7
PPS = 8
AUD = 9

START_CODE = b"\x00\x00\x00\x01"


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One picture: its slices, without parameter sets, SEI or delimiters."""

    slices: tuple[bytes, ...]
    key: bool


@dataclass(frozen=True, slots=True)
class Clip:
    """A closed row of pictures that starts with a keyframe and may be repeated for ever.

    ``sps`` and ``pps`` hold for every picture. NAL units stand without start codes.
    """

    fps: float
    sps: bytes
    pps: bytes
    units: tuple[AccessUnit, ...]

    @property
    def duration_s(self) -> float:
        """Return how long one round takes."""
        return len(self.units) / self.fps


def nal_type(nal: bytes) -> int:
    """Return ``nal_unit_type`` (H.264 7.3.1)."""
    return nal[0] & 0x1F


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


def parse_unit(data: bytes) -> tuple[AccessUnit, bytes | None, bytes | None]:
    """Return the picture in Annex-B ``data``, and the SPS and PPS that came with it, if any."""
    sps = pps = None
    slices = []
    for nal in split_annex_b(data):
        match nal_type(nal):
            case 7:
                sps = nal
            case 8:
                pps = nal
            case 6 | 9:
                pass
            case _:
                slices.append(nal)
    return AccessUnit(tuple(slices), any(nal_type(nal) == IDR for nal in slices)), sps, pps


def read_clip(path: Path) -> Clip:
    """Read an H.264 file without decoding it.

    Raises:
        FeedProtocol: it does not start with a keyframe and its parameter sets.
    """
    units: list[AccessUnit] = []
    sps = pps = None
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        rate = stream.average_rate
        to_annex_b = av.BitStreamFilterContext("h264_mp4toannexb", stream)
        for packet in container.demux(stream):
            for filtered in to_annex_b.filter(packet if packet.size else None):
                unit, new_sps, new_pps = parse_unit(bytes(filtered))
                sps, pps = sps or new_sps, pps or new_pps
                units.append(unit)
    if not units or not units[0].key or sps is None or pps is None or not rate:
        raise FeedProtocol(
            f"{path.name} does not start with an H.264 keyframe and its parameter sets.",
            hint=f"Delete {path}; it is made again from the original footage.",
        )
    return Clip(float(rate), sps, pps, tuple(units))
