"""Rows of packets: one shared by all who watch a source, and one of its own for each mount that had a trouble."""

import random
from collections.abc import Callable, Iterable

from ingest.simulate.reports import sender_report
from ingest.simulate.rtp import CLOCK_HZ, Packets, Stamped, stamp
from ingest.simulate.session import Session
from ingest.simulate.source import LoopSource, PackedClip, Source

Media = Callable[["Line", Packets, int], Iterable[Stamped]]
"""What is sent in place of one frame: told whose line it is, the frame and its number."""


class Numbering:
    """Sequence number, timestamp and counts, which go on as from one camera."""

    def __init__(self, fps: float, sequence: int, timestamp: int, ssrc: int) -> None:
        self.fps = fps
        self.sequence = sequence
        self.timestamp = timestamp
        self.ssrc = ssrc
        self.packets = self.octets = 0

    def copy(self) -> "Numbering":
        """Return the same numbers, to go on from apart."""
        other = Numbering(self.fps, self.sequence, self.timestamp, self.ssrc)
        other.packets, other.octets = self.packets, self.octets
        return other

    def stamp(self, packets: Packets, time: float) -> Stamped:
        """Return ``packets`` with the next numbers; ``time`` is in frames since the start, whole or not."""
        timestamp = (self.timestamp + round(time * CLOCK_HZ / self.fps)) & 0xFFFFFFFF
        data = stamp(packets, self.sequence, timestamp, self.ssrc)
        count = len(packets.headers)
        self.sequence = (self.sequence + count) & 0xFFFF
        self.packets += count
        self.octets += len(packets.data) - 16 * count
        return data

    def report(self, camera_s: float, played_s: float) -> bytes:
        """Return a sender report: the camera's clock (unix, seconds) when the row has played for so long."""
        timestamp = self.timestamp + round(played_s * CLOCK_HZ)
        return sender_report(self.ssrc, camera_s, timestamp, self.packets, self.octets)


class Group:
    """All who watch one source; in ``number`` it counts the frames that were due."""

    def __init__(self, source: Source, delay_s: float, rng: random.Random) -> None:
        self.source = source
        self.delay_s = delay_s
        self.number = 0
        self.row = Numbering(source.fps, rng.randrange(0x10000), rng.randrange(1 << 32), rng.randrange(1, 1 << 32))
        self.sessions: set[Session] = set()

    def due_s(self) -> float:
        """Return when the next frame is due, in seconds after the server's start."""
        return self.delay_s + self.number / self.source.fps


class Line:
    """One mount's own row, since it first had a trouble that shows in its media; goes on where the group's was.

    ``source`` is what is shown now; what ``show`` asks for follows at the next keyframe. ``media`` says what becomes
    of each frame; ``value`` is the trouble's, ``kept`` and ``stuck`` are what a trouble remembers from frame to frame.
    """

    def __init__(self, group: Group) -> None:
        self.own = group.source
        self.source = group.source
        self.row = group.row.copy()
        self.media: Media | None = None
        self.dice = random.Random(self.row.ssrc)
        self.value = 0.0
        self.kept: list[Packets] = []
        self.stuck: float | None = None
        self._clip: PackedClip | None = None
        self._changes = False

    def show(self, clip: PackedClip | None) -> None:
        """Show ``clip`` from the next keyframe on, from its beginning; None: what the camera really sees."""
        self._clip = clip
        self._changes = True

    @property
    def coming(self) -> Source:
        """Return what the mount shows from the next keyframe on, for its description."""
        return LoopSource(self._clip) if self._clip is not None else self.own

    def frames(self, number: int) -> list[Stamped]:
        """Return what is sent when frame ``number`` is due."""
        if self._changes and self.own.frame(number).key:
            clip = self._clip
            self.source = self.own if clip is None else LoopSource(clip, -number % len(clip.frames))
            self._changes = False
        packets = self.source.frame(number)
        return list(self.media(self, packets, number)) if self.media else [self.row.stamp(packets, number)]

    def cure(self) -> None:
        """Send everything again as it is, and show what the camera sees."""
        self.media = None
        self.kept = []
        self.stuck = None
        if self._clip is not None:
            self.show(None)
