"""What a camera shows: an endless row of access units that goes on whether anybody looks or not."""

from dataclasses import dataclass, field
from typing import Protocol

from ingest.codec import Codec
from ingest.simulate.clip import Clip
from ingest.simulate.rtp import Packets, packetise


class Source(Protocol):
    """One timeline; mounts that share it are sent the same bytes.

    ``frame`` is asked for rising numbers, 0 being the frame at the server's start. ``sent`` is called when the
    frame's time has come and it has been handed to the sockets of all who watch, also when nobody does.
    """

    @property
    def fps(self) -> float: ...  # noqa: D102

    @property
    def codec(self) -> Codec: ...  # noqa: D102

    @property
    def sets(self) -> tuple[bytes, ...]: ...  # noqa: D102

    def frame(self, number: int) -> Packets:
        """Return frame ``number``; it costs next to nothing."""

    def sent(self, number: int, started_at: float) -> None:
        """Take note that frame ``number`` is out; ``started_at`` is when frame 0 was due, in unix seconds."""


@dataclass(frozen=True, slots=True)
class PackedClip:
    """A clip packetised once, for any number of ``LoopSource``."""

    fps: float
    codec: Codec
    sets: tuple[bytes, ...]
    frames: tuple[Packets, ...]

    @classmethod
    def of(cls, clip: Clip) -> "PackedClip":
        """Packetise every picture of ``clip``."""
        frames = tuple(packetise(unit, clip.sets, clip.codec) for unit in clip.units)
        return cls(clip.fps, clip.codec, clip.sets, frames)

    @property
    def duration_s(self) -> float:
        """Return how long one round takes."""
        return len(self.frames) / self.fps


@dataclass(frozen=True, slots=True)
class LoopSource:
    """A clip repeated for ever, starting ``phase`` frames into it."""

    clip: PackedClip
    phase: int = 0
    fps: float = field(init=False)
    codec: Codec = field(init=False)
    sets: tuple[bytes, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fps", self.clip.fps)
        object.__setattr__(self, "codec", self.clip.codec)
        object.__setattr__(self, "sets", self.clip.sets)

    def frame(self, number: int) -> Packets:
        """Return the clip's picture at that place of the loop."""
        return self.clip.frames[(number + self.phase) % len(self.clip.frames)]

    def sent(self, number: int, started_at: float) -> None:
        """Nothing to tell about a street."""


def phases(clip: PackedClip, count: int) -> list[LoopSource]:
    """Return ``count`` places in the clip, spread so that neither scenes nor keyframes coincide.

    Seven frames on top of even steps: with a keyframe every 20 frames, all offsets within a GOP come up.
    """
    total = len(clip.frames)
    return [LoopSource(clip, (index * total // count + 7 * index) % total) for index in range(count)]
