"""One vehicle followed over a checkpoint's keyframes, and which sighting belongs to which.

Keyframes come twice a second and a vehicle moves by more than its own plate in between, so boxes of one vehicle do not
overlap; what ties sightings together is where the vehicle should be by now and what its plate says
(docs/decisions/0001-plate-tracks-by-text-and-motion.md).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import linear_sum_assignment

from detection.decode import Box, Picture
from detection.plate_find import PlateBox
from detection.plate_read import PlateRead
from detection.plate_vote import AGREE, Ballot, Verdict, alike, vote

GONE_S: Final = 1.5
"""A track not seen for longer than this has ended: three keyframes."""
HIDDEN_S: Final = 6.0
"""A track whose plate was not seen for longer than this has ended, even if something is still where it was."""
APPROACH_S: Final = 3.0
"""What stood where a plate shows up counts as its vehicle for so long before, at most."""
MOVED_WIDTHS: Final = 0.5
"""A plate that has not moved by this many of its own widths is a sign or a parked vehicle, and no passage."""
BALLOTS_MAX: Final = 40
"""Readings kept of one track; a queue may stand for an hour."""
PATH_MAX: Final = 60
"""Places remembered of one track."""
SETTLED: Final = 3
"""After so many agreeing sure readings a plate is read again only when it has become clearly larger."""
CLEAR: Final = 0.95
"""Where no character has less confidence than this, ``AGREE`` are enough. One is not, though it may be certain: where a
vehicle goes is seen from two."""

FREE_WIDTHS: Final = 3.5
"""How far a plate may be from where it was, in its own widths a keyframe, while its speed is unknown."""
KNOWN_WIDTHS: Final = 1.6
"""How far it may be from where it should be, when its speed is known."""
SAME_TEXT_WIDTHS: Final = 9.0
"""How far it may be when the text is the same."""
SAME_TEXT: Final = 0.7
OTHER_TEXT: Final = 0.5
"""Texts that agree this much are one plate; less than this, read surely, they are two."""
WEIGHTY: Final = 0.2
"""Readings of less weight say nothing against another text."""
PATIENCE: Final = 3.0
"""The reach grows with the time since the plate was seen, up to so many keyframes' worth."""
FORBIDDEN: Final = 1e6


@dataclass(frozen=True, slots=True)
class Sighting:
    """A plate in one keyframe; ``read`` is None where it could not be read."""

    box: PlateBox
    read: PlateRead | None

    @property
    def worth(self) -> float:
        """Return how good a picture of the plate this is: readable first, then large."""
        return (0.05 + (self.read.probability if self.read else 0.0)) * self.box.width_px


@dataclass(frozen=True, slots=True)
class Keyframe:
    """One keyframe of a checkpoint: when it was received, and its picture.

    Args:
        number: counts the checkpoint's keyframes.
        at: unix s.
        mono_s: monotonic s.
    """

    number: int
    at: float
    mono_s: float
    picture: Picture


@dataclass(frozen=True, slots=True)
class Evidence:
    """The best view of a vehicle so far."""

    frame: Keyframe
    plate: PlateBox | None
    vehicle: Box
    worth: float


class Track:
    """One vehicle, as long as it is in the picture. Everything known of it came from keyframes in order of time."""

    def __init__(self, frame: Keyframe) -> None:
        self.first_at = self.last_at = frame.at
        self.first_s = self.last_s = frame.mono_s
        self.last_number = frame.number
        self.frames = 0
        self.ballots: list[Ballot] = []
        self.plate: PlateBox | None = None
        self.plate_s = 0.0
        self.plate_number = 0
        self.plates = 0
        self.drives = False
        self.plate_frames: set[int] = set()
        self.path: list[tuple[float, Box]] = []
        self.plate_path: list[tuple[float, float, float]] = []
        self.region: Box | None = None
        self.region_start: Box | None = None
        self.plate_region: Box | None = None
        self.best: Evidence | None = None
        self.moved_widths = 0.0
        self.moved_px = 0.0
        self._velocity = (0.0, 0.0)
        self._region_s = 0.0
        self._region_velocity: tuple[float, float] | None = None
        self._start: PlateBox | None = None
        self._verdict: Verdict | None = None
        self._verdict_of = 0

    @property
    def verdict(self) -> Verdict | None:
        """Return what all readings say together."""
        if self._verdict_of != len(self.ballots):
            self._verdict, self._verdict_of = vote(self.ballots), len(self.ballots)
        return self._verdict

    @property
    def moved(self) -> bool:
        """Tell whether the plate has moved enough to be on a vehicle that drives."""
        return self.moved_widths >= MOVED_WIDTHS

    @property
    def direction(self) -> str | None:
        """Return ``towards`` or ``away``: what comes nearer sinks in the picture. None where it hardly moved."""
        places = self.plate_path or [(mono_s, 0.0, float(box.bottom)) for mono_s, box in self.path]
        if len(places) < 2 or not (self.moved or (self.plate is None and self.moved_px > 0)):
            return None
        return "towards" if places[-1][2] > places[0][2] else "away"

    @property
    def certain(self) -> bool:
        """Tell whether readings of different keyframes agree on the plate of something that drives."""
        verdict = self.verdict
        return verdict is not None and verdict.certain and self.moved

    @property
    def settled(self) -> bool:
        """Tell whether more readings would hardly change anything."""
        verdict = self.verdict
        if verdict is None or not verdict.certain:
            return False
        return verdict.agreeing >= (AGREE if verdict.confidence >= CLEAR else SETTLED)

    def ended(self, mono_s: float) -> bool:
        """Tell whether the vehicle is gone; at exactly ``GONE_S`` it is not yet."""
        return mono_s - self.last_s > GONE_S or (self.plate is not None and mono_s - self.plate_s > HIDDEN_S)

    def expected(self, mono_s: float) -> tuple[float, float] | None:
        """Return where the plate's middle should be (x, y), by its last speed; None before a plate was seen."""
        if self.plate is None:
            return None
        x, y = self.plate.centre
        passed = mono_s - self.plate_s
        return x + self._velocity[0] * passed, y + self._velocity[1] * passed

    def expected_box(self, mono_s: float) -> PlateBox | None:
        """Return the plate as last seen, moved to where it should be; None before one was seen."""
        middle = self.expected(mono_s)
        if self.plate is None or middle is None:
            return None
        way = np.array(middle, np.float32) - np.array(self.plate.centre, np.float32)
        return PlateBox(self.plate.quad + way, self.plate.score)

    def expected_region(self, mono_s: float) -> Box | None:
        """Return where the vehicle should be by now; None before it was seen itself.

        Seen once only it may have come as far as it is high, to either side: the box is larger by that.
        """
        if self.region is None:
            return None
        if self._region_velocity is None:
            return self.region.grown(0, self.region.height if self.plate is None else 0)
        passed = mono_s - self._region_s
        x, y = (round(speed * passed) for speed in self._region_velocity)
        return Box(self.region.left + x, self.region.top + y, self.region.right + x, self.region.bottom + y)

    def step_px(self, mono_s: float) -> float:
        """Return how far the plate should have come since it was last seen, pixels."""
        return math.hypot(*self._velocity) * (mono_s - self.plate_s)

    def see_plate(self, frame: Keyframe, sighting: Sighting, vehicle: Box) -> None:
        """Take a sighting of the plate; ``vehicle`` is where the vehicle is."""
        self._seen(frame)
        box = sighting.box
        if self.plate is not None and frame.mono_s > self.plate_s:
            (x, y), (was_x, was_y) = box.centre, self.plate.centre
            passed = frame.mono_s - self.plate_s
            now = ((x - was_x) / passed, (y - was_y) / passed)
            keep = 0.3 if self.plates > 1 else 0.0
            self._velocity = tuple(keep * old + (1 - keep) * new for old, new in zip(self._velocity, now, strict=True))  # type: ignore[assignment]
        if self._start is None:
            self._start = box
            self.first_at = max(self.first_at, frame.at - APPROACH_S)
            self.first_s = max(self.first_s, frame.mono_s - APPROACH_S)
        self.moved_widths = max(self.moved_widths, _distance(box.centre, self._start.centre) / box.width_px)
        self.plate, self.plate_s, self.plate_number = box, frame.mono_s, frame.number
        self.plates += 1
        self.plate_frames.add(frame.number)
        self._go(frame.mono_s, vehicle)
        x, y = box.centre
        self.plate_path.append((frame.mono_s, x / frame.picture.width, y / frame.picture.height))
        del self.plate_path[:-PATH_MAX]
        if sighting.read is not None:
            self.ballots.append(Ballot(sighting.read, box.width_px, frame.number))
            if len(self.ballots) > BALLOTS_MAX:
                self.ballots.remove(min(self.ballots, key=lambda ballot: ballot.weight))
                self._verdict_of = -1
        if self.best is None or self.best.plate is None or sighting.worth > self.best.worth:
            self.best = Evidence(frame, box, vehicle, sighting.worth)

    def see_region(self, frame: Keyframe, region: Box) -> None:
        """Take a sighting of the vehicle itself."""
        self._seen(frame)
        self._go(frame.mono_s, region)
        if self.region is not None and frame.mono_s > self._region_s:
            (x, y), (was_x, was_y) = _middle(region), _middle(self.region)
            passed = frame.mono_s - self._region_s
            self._region_velocity = ((x - was_x) / passed, (y - was_y) / passed)
        self.region, self._region_s = region, frame.mono_s
        self.region_start = self.region_start or region
        if frame.number - self.plate_number <= self.settled:  # a settled plate is looked for in every other one
            self.plate_region = region
        self.moved_px = max(self.moved_px, _distance(_middle(region), _middle(self.region_start)))
        if self.best is None or (self.best.plate is None and region.area > self.best.worth):
            self.best = Evidence(frame, None, region, float(region.area))

    def saw_region(self, frame: Keyframe) -> bool:
        """Tell whether the vehicle itself was seen in this keyframe."""
        return self.region is not None and self._region_s == frame.mono_s

    def stay(self, frame: Keyframe) -> None:
        """Note that nothing moved where the vehicle stands."""
        self._seen(frame)
        self.plate_s, self.plate_number = frame.mono_s, frame.number
        self._velocity = (0.0, 0.0)

    def absorb(self, other: "Track") -> None:
        """Take over what another track of the same vehicle has seen; this one keeps its id."""
        self.first_at, self.first_s = min(self.first_at, other.first_at), min(self.first_s, other.first_s)
        self.ballots = sorted([*self.ballots, *other.ballots], key=lambda ballot: -ballot.weight)[:BALLOTS_MAX]
        self._verdict_of = -1
        self.plates += other.plates
        self.plate_frames |= other.plate_frames
        self.path = sorted([*self.path, *other.path], key=lambda step: step[0])[-PATH_MAX:]
        self.plate_path = sorted([*self.plate_path, *other.plate_path])[-PATH_MAX:]
        self.moved_widths = max(self.moved_widths, other.moved_widths)
        if other.last_s > self.last_s:
            self.last_at, self.last_s, self.last_number = other.last_at, other.last_s, other.last_number
            self.region = other.region or self.region
        if other.plate is not None and (self.plate is None or other.plate_s > self.plate_s):
            if self._start is not None:
                way = _distance(other.plate.centre, self._start.centre) / other.plate.width_px
                self.moved_widths = max(self.moved_widths, way)
            self.plate, self.plate_s, self.plate_number = other.plate, other.plate_s, other.plate_number
            self._velocity = other._velocity
        if other.best and other.best.plate and (self.best is None or other.best.worth > self.best.worth):
            self.best = other.best

    def _go(self, mono_s: float, box: Box) -> None:
        self.path.append((mono_s, box))
        del self.path[:-PATH_MAX]

    def _seen(self, frame: Keyframe) -> None:
        if frame.number != self.last_number or self.frames == 0:
            self.frames += 1
        self.last_at, self.last_s, self.last_number = frame.at, frame.mono_s, frame.number


def associate(
    tracks: Sequence[Track], sightings: Sequence[Sighting], mono_s: float
) -> tuple[list[tuple[Track, Sighting]], list[Sighting]]:
    """Say which sighting is of which track, at the least total cost (Jonker-Volgenant, as in scipy).

    Returns:
        The pairs, and the sightings that belong to no track.
    """
    with_plate = [track for track in tracks if track.plate is not None]
    if not with_plate or not sightings:
        return [], list(sightings)
    costs = np.array([[_cost(track, sighting, mono_s) for sighting in sightings] for track in with_plate])
    rows, columns = linear_sum_assignment(costs)
    good = [
        (int(row), int(column)) for row, column in zip(rows, columns, strict=True) if costs[row, column] < FORBIDDEN
    ]
    taken = {column for _, column in good}
    rest = [sighting for place, sighting in enumerate(sightings) if place not in taken]
    return [(with_plate[row], sightings[column]) for row, column in good], rest


def _cost(track: Track, sighting: Sighting, mono_s: float) -> float:
    """Return 0 for a perfect match, ``FORBIDDEN`` where it cannot be."""
    expected = track.expected(mono_s)
    if expected is None or track.plate is None:
        return FORBIDDEN
    width = (track.plate.width_px + sighting.box.width_px) / 2
    if not 0.5 < sighting.box.width_px / track.plate.width_px < 2.0:
        return FORBIDDEN
    off = _distance(expected, sighting.box.centre) / width
    passed = min(max((mono_s - track.plate_s) / 0.5, 1.0), PATIENCE)
    gate = FREE_WIDTHS * passed if track.plates < 2 else KNOWN_WIDTHS * passed + 0.4 * track.step_px(mono_s) / width
    likeness = 0.6
    if sighting.read is not None and track.verdict is not None:
        likeness = max([alike(sighting.read.text, track.verdict.text), *_best_ballots(track, sighting.read)])
        heavy = min(sighting.read.probability, max(ballot.weight for ballot in track.ballots))
        if likeness < OTHER_TEXT and heavy >= WEIGHTY:
            return FORBIDDEN
        if likeness >= SAME_TEXT:
            gate = max(gate, SAME_TEXT_WIDTHS)
    return off / gate + 2.0 * (1.0 - likeness) if off <= gate else FORBIDDEN


def _best_ballots(track: Track, read: PlateRead) -> list[float]:
    return [alike(read.text, ballot.read.text) for ballot in track.ballots[-3:]]


def _distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    return math.hypot(one[0] - other[0], one[1] - other[1])


def _middle(box: Box) -> tuple[float, float]:
    return (box.left + box.right) / 2, (box.top + box.bottom) / 2
