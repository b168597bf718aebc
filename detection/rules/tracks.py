"""Which box is which thing from one keyframe to the next, within one camera and while the thing is in its picture.

Boxes alone: place, size and kind. Nothing of what a thing looks like is compared or kept, so whoever leaves the picture
and comes back is somebody new. Keyframes come every 0.5 to 4 s; in 4 s a person walks three times their own height.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from scipy.optimize import linear_sum_assignment

from detection.decode import Box
from detection.objects import Detection

CONFIRMED: Final = 2
"""Seen so often, it is a thing; a box in one picture alone may be a slip of the detector."""
REACH: Final = 0.6
"""How far a box may lie from where it should be, in its own sizes."""
PERSON_SPEED: Final = 1.3
"""Sizes a second: a body of 1.7 m at 2.2 m/s, a slow run."""
VEHICLE_SPEED: Final = 4.0
"""Sizes a second: a car whose box is as large as 3.5 m across, at 50 km/h."""
KNOWN_SPEED: Final = 0.45
"""The part of that which is allowed for, once it is known how a thing moves."""
REACH_MAX: Final = 6.0
"""Sizes; farther away it is another one, however long ago."""
SIZE_RATIO: Final = 1.7
"""A box that is larger or smaller by more than this is another one."""
GONE_S: Final = 8.0
GONE_STILL_S: Final = 20.0
"""A track ends when it was not seen for longer: one that stands still later, for people and cars pass in front."""
LOOKS_MISSED: Final = 2
"""But not before it was missing from more than so many pictures, however far apart they are."""
STILL: Final = 0.15
"""Sizes a second: slower than this it stands."""
TRACKS_MAX: Final = 200
"""Tracks of one camera; of more boxes than this in a picture the surest are followed."""
SMOOTH: Final = 0.5
"""The weight of the newest step in the speed."""


@dataclass(slots=True)
class ObjectTrack:
    """One thing while it is followed. Pixels, monotonic seconds, pixels a second.

    Args:
        number: its own within this camera; never reused while the process runs.
        box: where it was seen last.
        seen: whether that was in the newest picture.
    """

    number: int
    box: Box
    first_s: float
    last_s: float
    hits: int = 1
    missed: int = 0
    seen: bool = True
    speed: tuple[float, float] | None = None
    votes: dict[str, float] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Return what it was taken for most, by score."""
        return max(self.votes, key=lambda label: self.votes[label])

    @property
    def foot(self) -> tuple[float, float]:
        """Return where it stands on the ground: the middle of the box's lower edge."""
        return (self.box.left + self.box.right) / 2, float(self.box.bottom)

    @property
    def size(self) -> float:
        """Return the longer side of its box."""
        return float(max(self.box.width, self.box.height, 1))

    @property
    def confirmed(self) -> bool:
        """Tell whether it was seen often enough to be believed."""
        return self.hits >= CONFIRMED

    @property
    def still(self) -> bool:
        """Tell whether it stands."""
        return self.speed is not None and float(np.hypot(*self.speed)) <= STILL * self.size

    def due(self, now_s: float) -> tuple[float, float]:
        """Return where the middle of its box should be by now; what was missing for long is thought to have slowed."""
        x, y = _middle(self.box)
        if self.speed is None:
            return x, y
        ahead_s = min(now_s - self.last_s, GONE_S)
        return x + self.speed[0] * ahead_s, y + self.speed[1] * ahead_s


class ObjectTracker:
    """Follows what one camera shows. Times rise from call to call."""

    def __init__(self) -> None:
        self._tracks: list[ObjectTrack] = []
        self._next = 1

    def look(self, found: Sequence[Detection], now_s: float) -> Sequence[ObjectTrack]:
        """Take the boxes of one picture; return all tracks, those not seen in it too.

        Args:
            found: what was detected.
            now_s: when the picture came, monotonic.
        """
        surest = sorted(found, key=lambda one: -one.score)[:TRACKS_MAX]
        taken = self._assign(surest, now_s)
        for track in self._tracks:
            track.seen = False
            track.missed += 1
        for place, one in enumerate(surest):
            track_at = taken.get(place)
            if track_at is None:
                self._tracks.append(ObjectTrack(self._next, one.box, now_s, now_s, votes={one.label: one.score}))
                self._next += 1
            else:
                _move(self._tracks[track_at], one, now_s)
        self._tracks = [track for track in self._tracks if not _gone(track, now_s)]
        if len(self._tracks) > TRACKS_MAX:
            self._tracks = sorted(self._tracks, key=lambda track: (-track.last_s, -track.hits))[:TRACKS_MAX]
        return tuple(self._tracks)

    def forget(self) -> None:
        """Lose all tracks."""
        self._tracks = []

    def _assign(self, found: Sequence[Detection], now_s: float) -> dict[int, int]:
        """Return which box is which track, by their places in both lists, at the least total cost."""
        if not found or not self._tracks:
            return {}
        boxes = np.array([(*_middle(one.box), max(one.box.width, one.box.height, 1)) for one in found])
        places = np.array([(*track.due(now_s), track.size, _reach(track, now_s)) for track in self._tracks])
        away = np.hypot(boxes[:, None, 0] - places[None, :, 0], boxes[:, None, 1] - places[None, :, 1])
        allowed = places[:, 3] * places[:, 2]
        grown = np.abs(np.log(boxes[:, None, 2] / places[None, :, 2]))
        groups = np.array([_group(track.label) for track in self._tracks])
        other = np.array([_group(one.label) for one in found])[:, None] != groups[None, :]
        cost = away / allowed + grown
        out = (away > allowed) | (grown > np.log(SIZE_RATIO)) | other
        # A track that was seen once stands back: what has been followed for long goes on.
        cost += np.array([0.0 if track.confirmed else 0.2 for track in self._tracks])
        rows, columns = linear_sum_assignment(np.where(out, 1e6, cost))
        return {int(row): int(column) for row, column in zip(rows, columns, strict=True) if not out[row, column]}


def _move(track: ObjectTrack, one: Detection, now_s: float) -> None:
    past_s = now_s - track.last_s
    if past_s > 0:
        (x0, y0), (x1, y1) = _middle(track.box), _middle(one.box)
        step = ((x1 - x0) / past_s, (y1 - y0) / past_s)
        before = track.speed or step
        track.speed = (
            before[0] + SMOOTH * (step[0] - before[0]),
            before[1] + SMOOTH * (step[1] - before[1]),
        )
    track.box, track.last_s, track.seen, track.missed = one.box, now_s, True, 0
    track.hits += 1
    track.votes[one.label] = track.votes.get(one.label, 0.0) + one.score


def _reach(track: ObjectTrack, now_s: float) -> float:
    """Return how far from where it should be it may be seen, in its own sizes."""
    speed = PERSON_SPEED if _group(track.label) == "person" else VEHICLE_SPEED
    if track.speed is not None:
        speed *= KNOWN_SPEED
    return min(REACH + speed * (now_s - track.last_s), REACH_MAX)


def _gone(track: ObjectTrack, now_s: float) -> bool:
    if track.missed <= LOOKS_MISSED:
        return False
    return now_s - track.last_s > (GONE_STILL_S if track.still and track.confirmed else GONE_S)


def _group(label: str) -> str:
    """A van is both car and truck, a rider both person and bicycle."""
    return label if label in {"person", "bicycle"} else "vehicle"


def _middle(box: Box) -> tuple[float, float]:
    return (box.left + box.right) / 2, (box.top + box.bottom) / 2
