"""Which keyframes are worth decoding, told from the sizes of the pictures between them, without decoding any.

A picture in which something moves costs the camera's encoder more bytes. Sizes are compared, on a logarithmic scale,
with the feed's own quiet level; a keyframe is let through when at least ``HOT_PICTURES`` since the last one were
larger. Things that stand still cost nothing, so one keyframe every ``floor_s`` is let through whatever happens, and
checkpoints are never gated. Measured on a synthetic clip only (9 of 20 keyframes kept, none missed); cameras with
constant bit rate, rain and night noise are unmeasured.
"""

import math

HOT_PICTURES = 3
FLOOR_S = 10.0
_RATE = 0.02
_LEAST_STEP = 0.35
_DEVIATIONS = 4.0


class MotionGate:
    """Remembers one feed's quiet level (EWMA of the mean and of the absolute deviation of log sizes)."""

    def __init__(self, floor_s: float = FLOOR_S) -> None:
        self._floor_s = floor_s
        self._mean: float | None = None
        self._deviation = 0.3
        self._hot = 0
        self._offered_s = -math.inf
        self.raised_until_s = -math.inf
        """Monotonic time up to which every keyframe is offered, because somebody wants to see this feed closely."""

    def picture(self, size: int) -> None:
        """Note a picture between keyframes, ``size`` in bytes."""
        level = math.log(size + 1)
        if self._mean is None:
            self._mean = level
        above = level - self._mean
        if above > max(_LEAST_STEP, _DEVIATIONS * self._deviation):
            self._hot += 1
        else:  # the quiet level is learned from quiet pictures only
            self._mean += _RATE * above
            self._deviation += _RATE * (abs(above) - self._deviation)

    def offers(self, now_s: float) -> bool:
        """Return whether the keyframe that came at ``now_s`` is to be offered; counting starts again.

        A floor that is due exactly now lets it through, and so does an end of the raising.
        """
        moved = self._hot >= HOT_PICTURES
        offered = moved or now_s - self._offered_s >= self._floor_s or now_s <= self.raised_until_s
        self._hot = 0
        if offered:
            self._offered_s = now_s
        return offered
