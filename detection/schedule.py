"""Whose keyframe comes next: checkpoints first, yet no street camera starves."""

from collections.abc import Iterator, Sequence
from typing import Final

from camera_config.ids import FeedId

RESERVE: Final = 0.25
"""Share of the time kept for street cameras while checkpoints would take all of it. 175 cameras once a minute at 50 ms
(facts/traps 1: 33 core-ms and decoding) take 0.15 of a core."""
CREDIT_MAX_S: Final = 0.5
"""Time that street cameras did not need is kept for them up to this much."""
CREDIT_TURN_S: Final = 0.05
"""From this much credit on, a street camera goes before the checkpoints."""


class Schedule:
    """The order in which feeds are asked for a keyframe. Within a kind, who was served longest ago comes first.

    While checkpoints are served, street cameras earn credit: ``RESERVE`` of all time. With credit they go first.
    """

    def __init__(self, checkpoints: Sequence[FeedId], cameras: Sequence[FeedId]) -> None:
        self._checkpoints = dict.fromkeys(checkpoints)
        self._cameras = dict.fromkeys(cameras)
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
                self._credit_s = min(self._credit_s + spent_s * RESERVE / (1 - RESERVE), CREDIT_MAX_S)
        else:
            del self._cameras[feed]
            self._cameras[feed] = None
            self._credit_s = max(self._credit_s - spent_s, 0.0)
