"""When the next picture of a stream is to be looked for: just after it should have come. Times of receipt go in.

Looks without news cost as much as those with, so a stream of 25 pictures a second is looked at about as often.
"""

from collections.abc import Sequence

from ingest.ring import RingEntry

POLL_S = 0.025
"""Between looks at a stream of which nothing is known yet, or whose next picture is late."""

SOON_S = 0.01
"""At least this between two looks, and this after the first in vain."""

SLACK_S = 0.003
LONGEST_S = 0.25
TOGETHER_S = 0.005
"""What came within this came in one piece: the kernel gathers street cameras' pictures for 0.2 s (``ingest.loop``)."""

_WEIGHT = 1 / 8


class Rhythm:
    """The usual time between two deliveries of one stream."""

    def __init__(self) -> None:
        self._beat_s = POLL_S
        self._last_s: float | None = None
        self._vain = 0

    def wait_s(self, came: Sequence[RingEntry], now_s: float) -> float:
        """Return in how many seconds to look again, after a look at ``now_s`` (monotonic) at which ``came`` was new."""
        if not came:
            self._vain += 1
            return SOON_S if self._vain == 1 else POLL_S
        self._vain = 0
        for entry in came:
            if self._last_s is not None and (gap_s := entry.mono_s - self._last_s) > TOGETHER_S:
                self._beat_s += (min(gap_s, LONGEST_S) - self._beat_s) * _WEIGHT
            self._last_s = entry.mono_s
        due_s = came[-1].mono_s + self._beat_s + SLACK_S
        return max(min(due_s - now_s, self._beat_s), SOON_S)
