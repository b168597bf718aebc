"""Which keyframes are worth decoding, told from the sizes of the pictures between them, without decoding any.

A picture in which something moves costs the camera's encoder more bytes. Of each group of pictures two sizes are
looked at: the middle one, which a busy street raises, and the third largest, which a vehicle driving by raises. Each is
compared with its own quiet level, the lowest that two groups in a row had; that level rises by itself, doubling in half
an hour, so that a night with more noise becomes the new quiet, and until then more is let through, never less.

Things that stand still cost nothing, so one keyframe every ``floor_s`` is let through whatever happens, and checkpoints
are never gated. On a clip that is busy 30 % of the time, with sensor noise whose quiet pictures reach the size of busy
ones, every keyframe after a busy GOP was let through and none of the others but the floor's (``benchmarks.ingest``
prints both); a mean and deviation of single sizes found 0.15 of them. A camera that is told to send a constant number
of bits hides motion in them and is seen at the floor's rate alone: docs/guide/cameras.md says so.
"""

import math
from collections import deque

HOT_PICTURES = 3
"""So many pictures larger than usual are motion."""

LEAST_PICTURES = 5
"""A group of fewer is judged together with the next."""

LEARNING = 5
"""So many groups are let through whatever they hold: the gate may have begun in the middle of a busy minute."""

FLOOR_S = 10.0

MIDDLE_FACTOR = 1.4
"""So many times the quiet middle size is motion."""

LARGE_FACTOR = 2.0
"""So many times the quiet third largest size is motion; rare large pictures vary more than the middle."""

MOST_PICTURES = 1500
"""Of a longer group only the last so many count: a minute of a camera that sends no keyframes."""

GRAIN_BYTES = 100
"""Added to every size: a still picture's few bytes of headers vary by more than a factor."""

_DRIFT = math.log(2) / 900
"""Of a quiet level with each group, which is about two seconds."""


class _Level:
    """The quiet level of one size, on a logarithmic scale."""

    def __init__(self, factor: float) -> None:
        self._step = math.log(factor)
        self._quiet = self._before = math.inf

    def above(self, size: int) -> bool:
        """Take the next group's size; return whether it is above the quiet level by more than the factor."""
        level = math.log(size + GRAIN_BYTES)
        if self._quiet == math.inf:
            self._quiet = self._before = level
        self._quiet = min(self._quiet + _DRIFT, max(level, self._before))
        self._before = level
        return level > self._quiet + self._step


class MotionGate:
    """Remembers one feed's quiet levels, and the sizes since the last keyframe."""

    def __init__(self, floor_s: float = FLOOR_S) -> None:
        self._floor_s = floor_s
        self._sizes: deque[int] = deque(maxlen=MOST_PICTURES)
        self._middle, self._large = _Level(MIDDLE_FACTOR), _Level(LARGE_FACTOR)
        self._offered_s = -math.inf
        self._judged = 0
        self.picture = self._sizes.append
        """Note a picture between keyframes by its size in bytes; nothing more is done 9,000 times a second."""
        self.raised_until_s = -math.inf
        """Monotonic time up to which every keyframe is offered, because somebody wants to see this feed closely."""

    def moved(self) -> bool:
        """Judge the pictures since the last call, if there are enough of them; begin a new group."""
        if len(self._sizes) < LEAST_PICTURES:
            return False
        sizes = sorted(self._sizes)
        self._sizes.clear()
        self._judged += 1
        middle, large = sizes[len(sizes) // 2], sizes[-HOT_PICTURES]
        busy, passed = self._middle.above(middle), self._large.above(large)
        return busy or passed

    def offers(self, now_s: float) -> bool:
        """Return whether the keyframe that came at ``now_s`` is to be offered; counting starts again.

        A floor that is due exactly now lets it through, and so does an end of the raising.
        """
        learning = self._judged < LEARNING
        offered = self.moved() or learning or now_s - self._offered_s >= self._floor_s or now_s <= self.raised_until_s
        if offered:
            self._offered_s = now_s
        return offered
