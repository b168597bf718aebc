"""A depacketiser and what came out of it."""

from ingest.access_unit import START, AccessUnit, ParameterSets
from ingest.codec import Codec
from ingest.depacketise import depacketiser_for
from ingest.sdp import Track
from tests.support.tiny_h264 import interleaved


class Sink:
    """Takes packets of payload type 96 on channel 0."""

    def __init__(self, codec: Codec, sets: ParameterSets | None = None) -> None:
        self.units: list[AccessUnit] = []
        self.sets = sets or ParameterSets()
        self.media = depacketiser_for(track(codec), self.sets, self.units.append)

    def feed(self, rows: list[list[bytes]]) -> "Sink":
        data = b"".join(interleaved(packet) for row in rows for packet in row)
        assert self.media.take(data, 0, 0) == len(data)
        return self

    @property
    def payloads(self) -> list[bytes]:
        return [unit.payload for unit in self.units]


def track(codec: Codec, sets: tuple[bytes, ...] = ()) -> Track:
    """Return a track of which nothing special is known."""
    return Track("", "", codec, 96, 90_000, sets)


def nals_by_starts(unit: AccessUnit) -> list[bytes]:
    """Return what stands between the places at which NAL units are said to start, a start code before each."""
    ends = [*unit.starts[1:], unit.size]
    pieces = [unit.payload[start:end] for start, end in zip(unit.starts, ends, strict=True)]
    assert b"".join(pieces) == unit.payload
    assert all(piece.startswith(START) for piece in pieces)
    return [piece.removeprefix(START) for piece in pieces]
