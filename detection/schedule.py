"""Whose keyframe comes next: checkpoints first, then cameras with rules, then those near an alert; none starves."""

import heapq
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final

from camera_config.ids import FeedId

LOOK_S: Final = 0.07
"""What one look at a street camera takes on a slow core: 54 to 65 ms of NanoDet, 2 to 12 of decoding, tile, health."""
ROUND_S: Final = 45.0
"""While checkpoints would take all of the time, so much is kept for street cameras that each comes once in this."""
RESERVE_MAX: Final = 0.3
"""But never more than this share."""
CREDIT_MAX_S: Final = 0.5
"""Time that street cameras did not need is kept for them up to this much."""
CREDIT_TURN_S: Final = 0.05
"""From this much credit on, a street camera goes before the checkpoints."""

RULED_S: Final = 1.0
RAISED_S: Final = 4.0
PLAIN_S: Final = 20.0
"""Street cameras are wanted this often: with rules, near an alert, and elsewhere. Who waited longest against what is
wanted goes first: with too little time those near an alert wait a fifth as long as the others, and nobody starves."""
RULED_EVERY_S: Final = 2.0
"""Cameras with rules are not gated: a keyframe of each comes about so often, and each is looked at."""

CALM_WAIT_S: Final = 4.0
BUSY_WAIT_S: Final = 10.0
"""When keyframes wait longer than this, those in which nothing moved, and then all, are shown and judged as pictures
without looking for objects, which takes a tenth of the time."""
LOOK_EVERY_S: Final = 60.0
"""But no camera goes without a look for objects for longer: what stands still gives no sign. Near an alert too: a whole
town may be near one, and each of its pictures in time is worth more than a look at a few of them."""
WAIT_SHARE: Final = 0.05
"""The weight of the newest in the smoothed wait: that of about twenty keyframes."""
LONG_AGO_S: Final = -1e9


class Schedule:
    """The order in which feeds are asked for a keyframe. Within a kind, who was served longest ago comes first.

    While checkpoints are served, street cameras earn credit, a share of all time. With credit they go first. All
    times are monotonic seconds.

    Args:
        checkpoints: go first.
        cameras: street cameras.
        ruled: those of them that have rules.
    """

    def __init__(
        self, checkpoints: Sequence[FeedId], cameras: Sequence[FeedId], ruled: Collection[FeedId] = ()
    ) -> None:
        self._checkpoints = dict.fromkeys(checkpoints)
        self._ruled = {feed: None for feed in cameras if feed in ruled}
        self._cameras = {feed: None for feed in cameras if feed not in ruled}
        self._raised: dict[FeedId, None] = {}
        self._served_s = dict.fromkeys(cameras, LONG_AGO_S)
        self._looked_s: dict[FeedId, float] = {}
        self._phase_s = {feed: LOOK_EVERY_S * place / len(cameras) for place, feed in enumerate(cameras)}
        wanted = len(self._cameras) * LOOK_S / ROUND_S + len(self._ruled) * LOOK_S / RULED_EVERY_S
        self._reserve = min(wanted, RESERVE_MAX)
        self._credit_s = 0.0
        self._wait_s = 0.0

    def order(self, now_s: float) -> Iterator[FeedId]:
        """Yield every feed, the one to be asked first at the beginning. Call ``served`` only after leaving the loop."""
        if self._credit_s >= CREDIT_TURN_S:
            yield from self._street(now_s)
            yield from self._checkpoints
        else:
            yield from self._checkpoints
            yield from self._street(now_s)

    def raise_rate(self, feeds: Collection[str]) -> None:
        """Take these cameras for being near an alert, all others for not; those with rules stay before both."""
        plain = [feed for feed in self._served_s if feed not in self._ruled]
        if self._raised.keys() == {feed for feed in plain if feed in feeds}:
            return
        by_age = sorted(plain, key=lambda feed: self._served_s[feed])
        self._raised = {feed: None for feed in by_age if feed in feeds}
        self._cameras = {feed: None for feed in by_age if feed not in feeds}

    def looks(self, feed: FeedId, now_s: float, *, waited_s: float, calm: bool, hurried: bool) -> bool:
        """Decide whether objects are looked for in this keyframe of a street camera.

        Args:
            feed: the camera.
            now_s: the present.
            waited_s: since when a keyframe of this camera was there to be taken.
            calm: it came only because one has to come now and then.
            hurried: a checkpoint's keyframe was superseded lately.
        """
        self._wait_s += WAIT_SHARE * (waited_s - self._wait_s)
        if feed in self._ruled:
            return True
        # the first looks are thought to lie apart, or all would be due again at the same time
        since_s = self._looked_s.setdefault(feed, now_s - self._phase_s[feed])
        calm = calm and feed not in self._raised
        if now_s - since_s < LOOK_EVERY_S:
            late = self._wait_s > (CALM_WAIT_S if calm else BUSY_WAIT_S)
            if late or (calm and hurried):
                return False
        self._looked_s[feed] = now_s
        return True

    def served(self, feed: FeedId, now_s: float, spent_s: float) -> None:
        """Note that a keyframe of ``feed`` was analysed in ``spent_s`` seconds, until now."""
        if feed in self._checkpoints:
            _last(self._checkpoints, feed)
            if self._served_s:
                self._credit_s = min(self._credit_s + spent_s * self._reserve / (1 - self._reserve), CREDIT_MAX_S)
        else:
            _last(next(group for group in (self._ruled, self._raised, self._cameras) if feed in group), feed)
            self._served_s[feed] = now_s
            self._credit_s = max(self._credit_s - spent_s, 0.0)

    def _street(self, now_s: float) -> Iterator[FeedId]:
        """Merge the three kinds of cameras, each in order of its age, by their age against what is wanted."""
        return heapq.merge(self._ruled, self._raised, self._cameras, key=self._urgency(now_s))

    def _urgency(self, now_s: float) -> Callable[[FeedId], float]:
        def urgency(feed: FeedId) -> float:
            wanted_s = RULED_S if feed in self._ruled else RAISED_S if feed in self._raised else PLAIN_S
            return (self._served_s[feed] - now_s) / wanted_s

        return urgency


def _last(feeds: dict[FeedId, None], feed: FeedId) -> None:
    del feeds[feed]
    feeds[feed] = None
