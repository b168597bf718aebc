"""Whose keyframe comes next: checkpoints first, yet no street camera starves."""

from collections.abc import Iterator, Sequence
from typing import Final

from camera_config.ids import FeedId

LOOK_S: Final = 0.07
"""What one look at a street camera takes on a slow core: 60 ms of NanoDet (facts/traps 1 says 33) and decoding."""
ROUND_S: Final = 45.0
"""While checkpoints would take all of the time, so much is kept for street cameras that each comes once in this."""
RESERVE_MAX: Final = 0.3
"""But never more than this share."""
CREDIT_MAX_S: Final = 0.5
"""Time that street cameras did not need is kept for them up to this much."""
CREDIT_TURN_S: Final = 0.05
"""From this much credit on, a street camera goes before the checkpoints."""


class Schedule:
    """The order in which feeds are asked for a keyframe. Within a kind, who was served longest ago comes first.

    While checkpoints are served, street cameras earn credit, a share of all time. With credit they go first.
    """

    def __init__(self, checkpoints: Sequence[FeedId], cameras: Sequence[FeedId]) -> None:
        self._checkpoints = dict.fromkeys(checkpoints)
        self._cameras = dict.fromkeys(cameras)
        self._reserve = min(len(cameras) * LOOK_S / ROUND_S, RESERVE_MAX)
        self._credit_s = 0.0

    def order(self) -> Iterator[FeedId]:
        """Yield every feed, the one to be asked first at the beginning. Call ``served`` only after leaving the loop."""
        first, second = self._checkpoints, self._cameras
        if self._credit_s >= CREDIT_TURN_S:
            first, second = second, first
        yield from first
        yield from second

    def served(self, feed: FeedId, spent_s: float) -> None:
        """Note that a keyframe of ``feed`` was analysed in ``spent_s`` seconds."""
        if feed in self._checkpoints:
            del self._checkpoints[feed]
            self._checkpoints[feed] = None
            if self._cameras:
                self._credit_s = min(self._credit_s + spent_s * self._reserve / (1 - self._reserve), CREDIT_MAX_S)
        else:
            del self._cameras[feed]
            self._cameras[feed] = None
            self._credit_s = max(self._credit_s - spent_s, 0.0)
