"""How many pictures a stream may send: a camera that floods must not take the time of the others."""

MOST_FPS = 60.0
"""No street camera sends more pictures a second."""

LEAST_FPS = 30.0
"""Cameras that describe a lower rate than they send are common, and harm nobody below this."""

_TIMES = 3.0
_SAVED_S = 5.0
"""Allowance that is kept: what waited in the socket while nobody read comes at once and is no flood."""

_KEYS_AHEAD_S = 1.0


class Door:
    """Lets whole units in at a bounded rate. Keyframes may run a second ahead of it: without them nothing is seen.

    Where a unit was turned away the rest is as well, up to the next keyframe: no decoder could use it.
    """

    def __init__(self) -> None:
        self.dropped = 0
        """Units turned away."""
        self.dropped_s = -float("inf")
        """When the last one was, monotonic."""
        self._each_s = 1.0 / MOST_FPS
        self._paid_s = 0.0
        self._shut = False

    def describe(self, fps: float) -> None:
        """Note the rate that the camera describes, pictures a second; 0 when it says nothing."""
        self._each_s = 1.0 / (min(MOST_FPS, max(LEAST_FPS, _TIMES * fps)) if fps > 0 else MOST_FPS)

    def admits(self, now_s: float, key: bool) -> bool:
        """Return whether a unit that came at ``now_s`` may enter."""
        paid_s = self._paid_s
        paid_s = max(paid_s, now_s - _SAVED_S)
        paid_s += self._each_s
        if paid_s > now_s + _KEYS_AHEAD_S if key else self._shut or paid_s > now_s:
            self.dropped += 1
            self.dropped_s = now_s
            self._shut = True
            return False
        self._paid_s = paid_s
        self._shut = False
        return True
