"""One compressed picture, and the parameter sets without which none can be decoded; for H.264 and H.265 alike."""

from collections.abc import Iterable
from typing import NamedTuple, Self

from camera_config.errors import FeedProtocol
from ingest import sps, sps_h265
from ingest.codec import Codec

START = b"\0\0\0\1"

SETS_LIMIT = 32 * 1024
"""All parameter sets of one stream together, bytes; real ones have less than 200, and each keyframe carries them."""

CLOCK_HZ = 90_000
"""The RTP clock of video (RFC 6184 and RFC 7798, section 8.1 and 7.1), for want of another in the description."""


class AccessUnit(NamedTuple):
    """One picture, compressed; a tuple, made in a third of the time of a frozen dataclass, 9,000 times a second.

    ``parts`` joined are Annex-B; a keyframe has its parameter sets in front. ``starts`` is where in them each NAL
    unit's start code (always four bytes) begins, ``size`` their length in bytes. ``epoch`` rises from 1 with every
    change of parameter sets or codec; ``rtp_time`` is the camera's own clock, 32 bits, ``clock_hz`` ticks a second.
    """

    parts: list[bytes]
    starts: list[int]
    size: int
    key: bool
    codec: Codec
    epoch: int
    rtp_time: int
    clock_hz: int

    @classmethod
    def of(cls, nals: Iterable[bytes], key: bool, codec: Codec, epoch: int, rtp_time: int, clock_hz: int) -> Self:
        """Return the unit that consists of ``nals``."""
        return cls(*joined(nals), key, codec, epoch, rtp_time, clock_hz)

    @property
    def payload(self) -> bytes:
        """Return the Annex-B bytes."""
        return b"".join(self.parts)


def joined(nals: Iterable[bytes]) -> tuple[list[bytes], list[int], int]:
    """Return an access unit's ``parts``, ``starts`` and ``size`` made of whole NAL units."""
    parts: list[bytes] = []
    starts: list[int] = []
    size = 0
    for nal in nals:
        parts += (START, nal)
        starts.append(size)
        size += len(START) + len(nal)
    return parts, starts, size


def split(annex_b: bytes) -> list[bytes]:
    """Return the NAL units of Annex-B bytes, whose start codes have three bytes or more."""
    return [nal for part in annex_b.split(b"\0\0\1") if (nal := part.rstrip(b"\0"))]


def parted(sample: bytes) -> list[bytes]:
    """Return the NAL units of a sample: each behind its length of four bytes, as MP4 has them."""
    nals, at = [], 0
    while at < len(sample):
        begin = at + len(START)
        at = begin + int.from_bytes(sample[at:begin], "big")
        nals.append(sample[begin:at])
    return nals


class ParameterSets:
    """The parameter sets of one stream, from its description and from the stream; lives longer than a connection.

    Kept are the latest of each kind and id, of one codec at a time. ``epoch`` is that of the last keyframe; it rises
    with the first keyframe after a change, so that a decoder starts afresh exactly there.
    """

    def __init__(self, epoch: int = 0) -> None:
        self.epoch = epoch
        self.codec = Codec.H264
        self.width = self.height = 0
        self._kept: dict[tuple[int, int], bytes] = {}
        self._nals: list[bytes] = []
        self._seen: list[bytes] = []
        self._changed = False

    @property
    def complete(self) -> bool:
        """Whether a keyframe can be decoded with what is known."""
        return {kind for kind, _ in self._kept} == set(_READ_ID[self.codec])

    @property
    def nals(self) -> list[bytes]:
        """Return all sets in the order in which a decoder needs them."""
        return self._nals

    def begin(self, codec: Codec) -> None:
        """Expect sets of ``codec``; those of another are forgotten."""
        if codec is not self.codec:
            self.codec = codec
            self.width = self.height = 0
            self._kept.clear()
            self._nals = []
            self._changed = True

    def add(self, nal: bytes) -> None:
        """Keep ``nal``, not empty, if it is a parameter set.

        Raises:
            FeedProtocol: its id is not readable, or there would be more than ``SETS_LIMIT`` bytes of sets.
        """
        kind = nal[0] & 31 if self.codec is Codec.H264 else nal[0] >> 1 & 63
        read_id = _READ_ID[self.codec].get(kind)
        if read_id is None or nal in self._kept.values():
            return
        place = (kind, read_id(nal))
        others = sum(len(kept) for key, kept in self._kept.items() if key != place)
        if others + len(nal) > SETS_LIMIT:
            raise FeedProtocol(f"{self.codec.upper()} parameter sets of {others + len(nal)} bytes")
        self._kept[place] = nal
        self._nals = [self._kept[key] for key in sorted(self._kept)]
        self._changed = True
        if kind in (_SPS_H264, _SPS_H265):
            read_size = sps.picture_size if self.codec is Codec.H264 else sps_h265.picture_size
            try:
                self.width, self.height = read_size(nal)
            except FeedProtocol:  # the decoder may know better; the size is only shown
                self.width = self.height = 0

    def settle(self) -> int:
        """Return the epoch of a keyframe that is complete just now."""
        if self._changed:
            self._changed = False
            if self._nals != self._seen:
                self._seen = self._nals
                self.epoch += 1
        return self.epoch


_SPS_H264, _PPS_H264 = 7, 8
_VPS_H265, _SPS_H265, _PPS_H265 = 32, 33, 34
_READ_ID = {
    Codec.H264: {_SPS_H264: sps.sps_id, _PPS_H264: sps.pps_id},
    Codec.H265: {_VPS_H265: sps_h265.vps_id, _SPS_H265: sps_h265.sps_id, _PPS_H265: sps_h265.pps_id},
}
"""How the id of each kind of parameter set is read."""
