"""What checkpoint cameras show: drawn traffic, or given footage in a loop; both tell the truth once it was sent."""

import math
from bisect import bisect_left
from collections.abc import Sequence

from ingest.codec import Codec
from ingest.simulate.film import GOP, Film
from ingest.simulate.rtp import Packets
from ingest.simulate.source import LoopSource, PackedClip
from ingest.simulate.studio import STRETCH_FRAMES, Crew, level
from ingest.simulate.traffic import FPS, Pass
from ingest.simulate.truth import ClipPass, TruthLog, TruthRow


class TrafficSource:
    """One checkpoint's drawn traffic, from its start as far as it is rendered, then from its start again.

    Who is in the picture when it begins again is cut off and not in the truth; ``rewound`` counts how often that was.
    """

    def __init__(self, checkpoint: str, index: int, crew: Crew, truth: TruthLog) -> None:
        """Take the empty road and the first stretch from what ``crew`` has prepared."""
        self._checkpoint, self._index, self._crew, self._truth = checkpoint, index, crew, truth
        self._empty = crew.empty(index)
        self._shift = 0
        self._film: Film | None = None
        self._traffic = crew.plan.traffic(index)
        self._passes: list[Pass] = []
        self.rewound = 0
        self._open(0)

    @property
    def fps(self) -> float:
        """Return frames a second."""
        return float(FPS)

    @property
    def codec(self) -> Codec:
        """Return the codec."""
        return Codec.H264

    @property
    def sets(self) -> tuple[bytes, ...]:
        """Return the parameter sets."""
        return self._empty.sets

    def frame(self, number: int) -> Packets:
        """Return frame ``number``, which must be of the stretch that follows the last frame sent."""
        gop, place = divmod(number - self._shift, GOP)
        frames = self._film.gops.get(gop) if self._film is not None else None
        return (frames or self._empty.gops[level(self._index, gop)])[place]

    def sent(self, number: int, started_at: float) -> None:
        """Write down who left the picture with this frame; after a stretch's last frame, go on to the next one."""
        shown = number - self._shift
        while self._passes and self._passes[0].leaves <= shown:
            self._truth.write(_row(self._checkpoint, self._passes.pop(0), started_at + self._shift / FPS))
        stretch, rest = divmod(shown + 1, STRETCH_FRAMES)
        if rest == 0 and not self._open(stretch):
            self._shift = number + 1
            self._traffic = self._crew.plan.traffic(self._index)
            self._passes.clear()
            self.rewound += 1
            self._truth.cut(self._checkpoint, started_at + self._shift / FPS)
            self._open(0)

    def _open(self, stretch: int) -> bool:
        """Go on with a stretch and take note of who leaves in it, in that order; False if it is not rendered."""
        film = self._crew.stretch(self._index, stretch)
        if film is None:
            return False
        self._film = film
        first, after = stretch * STRETCH_FRAMES, (stretch + 1) * STRETCH_FRAMES
        seen = self._traffic.between(first, after - 1)
        self._passes += sorted((each for each in seen if first <= each.leaves < after), key=lambda each: each.leaves)
        return True


def _row(checkpoint: str, gone: Pass, started_at: float) -> TruthRow:
    enters_s, leaves_s = gone.enters / FPS, gone.leaves / FPS
    return TruthRow(
        checkpoint,
        gone.plate,
        gone.kind.value,
        gone.lane,
        enters_s,
        leaves_s,
        round(started_at + enters_s, 3),
        round(started_at + leaves_s, 3),
        round(gone.step_m * math.hypot(1.0, gone.slope) * FPS * 3.6, 2),
    )


class ClipSource:
    """A checkpoint's given footage in a loop, with the truth of each round: the same plates pass again."""

    def __init__(
        self, checkpoint: str, clip: PackedClip, phase: int, passes: Sequence[ClipPass], truth: TruthLog
    ) -> None:
        """Start ``phase`` frames into the clip; ``passes`` are in the clip's own time, sorted."""
        self._checkpoint, self._truth = checkpoint, truth
        self._loop = LoopSource(clip, phase)
        self._phase, self._length = phase, len(clip.frames)
        self._passes = sorted(passes, key=lambda each: each.time_s)
        self._frames = [min(round(each.time_s * clip.fps), self._length - 1) for each in self._passes]

    @property
    def fps(self) -> float:
        """Return frames a second."""
        return self._loop.fps

    @property
    def codec(self) -> Codec:
        """Return the codec."""
        return self._loop.codec

    @property
    def sets(self) -> tuple[bytes, ...]:
        """Return the parameter sets."""
        return self._loop.sets

    def frame(self, number: int) -> Packets:
        """Return the clip's picture at that place of the loop."""
        return self._loop.frame(number)

    def sent(self, number: int, started_at: float) -> None:
        """Write down the passes at this place of the clip."""
        place = (number + self._phase) % self._length
        if place == 0 and number:
            self._truth.cut(self._checkpoint, started_at + number / self.fps)
        at = bisect_left(self._frames, place)
        while at < len(self._frames) and self._frames[at] == place:
            each = self._passes[at]
            seconds = number / self.fps
            wall = round(started_at + seconds, 3)
            self._truth.write(TruthRow(self._checkpoint, each.plate, None, None, seconds, seconds, wall, wall, None))
            at += 1
