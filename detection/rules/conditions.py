"""Of each kind of rule: what in a picture meets it, its dwell included. Hysteresis in time is ``held``'s.

A track that is not seen in the newest picture meets nothing and forgets nothing; what is kept of a track goes with it.
"""

import math
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from camera_config.camera_rules import CameraRule, LineDirection, RuleKind
from detection.decode import Box
from detection.rules.held import Met
from detection.rules.left_behind import LeftBehind
from detection.rules.shapes import LineShape, Place, ZoneShape
from detection.rules.tracks import ObjectTrack
from detection.same_vehicle import touching

EDGE: Final = 0.15
"""A thing has left a zone when its foot is so many of its own sizes outside: feet jitter from picture to picture."""
LINE_EDGE: Final = 0.08
"""It is on one side of a line when its foot is so many of its own sizes off; between, it is still where it was."""
STOPPED: Final = 0.25
"""It has moved when its foot is so many of its own sizes from where it stopped."""
STOOD_S: Final = 6.0
"""What stood for less has not stood."""
HIDDEN_S: Final = 9.0
"""For so long something may be before it; the next car of a queue takes as long to come as close."""
HIDDEN_MAX: Final = 64
SAME_THING: Final = 0.5
"""Share of the smaller box that two boxes of one thing have in common."""
SAME_PLACE: Final = 0.12
SAME_SIZE: Final = 1.15
WRONG: Final = 1.0
"""It goes the wrong way when it has come back by so many of its own sizes from the farthest point it reached."""
WRONG_COS: Final = math.cos(math.radians(60))
"""And no more than this off the opposite of the way: who crosses the street does not go the wrong way."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture of a camera, as its rules see it.

    Args:
        tracks: what is followed; ``seen`` says what is in this picture.
        now_s: when it came, monotonic.
        width, height: of the picture, pixels.
        left: what stands there that did not before; None where nobody asks.
    """

    tracks: Sequence[ObjectTrack]
    now_s: float
    width: int
    height: int
    left: LeftBehind | None = None


class Condition(Protocol):
    """Remembers of the tracks what its kind needs."""

    def look(self, scene: Scene, *, holds: bool) -> Met | None:
        """Return what meets the rule in this picture; ``holds``: it was told to hold."""

    def forget(self) -> None:
        """Begin anew: what was is not known any more, or was at an hour that does not count."""


def condition_of(rule: CameraRule) -> Condition:
    """Return what decides on a rule."""
    match rule.kind:
        case RuleKind.LINE:
            return Crossing(rule)
        case RuleKind.WRONG_WAY:
            return WrongWay(rule)
        case RuleKind.STOPPED:
            return Stopped(rule)
        case RuleKind.CROWD:
            return Crowd(rule)
        case RuleKind.ABANDONED:
            return Abandoned(rule)
        case RuleKind.INTRUSION | RuleKind.LOITERING:
            return Presence(rule)


class Presence:
    """Somebody is in the zone, and has been for the dwell: intrusion with a short one, loitering with a long one."""

    def __init__(self, rule: CameraRule) -> None:
        self._rule = rule
        self._zone = ZoneShape(rule.zone)
        self._since_s: dict[int, float] = {}

    def look(self, scene: Scene, *, holds: bool) -> Met | None:  # noqa: ARG002  (the same for all)
        """Return who is inside."""
        inside = set(_inside(self._rule, self._zone, scene, self._since_s))
        self._since_s = {number: self._since_s.get(number, scene.now_s) for number in inside}
        met = [
            (self._since_s[one.number], one)
            for one in scene.tracks
            if one.number in inside and one.seen and one.confirmed
            and one.last_s - self._since_s[one.number] >= self._rule.dwell_s
        ]  # fmt: skip
        return _met(met)

    def forget(self) -> None:
        """Nobody was there."""
        self._since_s = {}


@dataclass(frozen=True, slots=True)
class _Stand:
    """Where something stands, how large it is there, since when; ``left_s``: when it seemed to leave."""

    place: Place
    size: float
    since_s: float
    left_s: float = math.inf


class Stopped:
    """A vehicle in the zone has not moved for the dwell.

    What passes in front of it is easily taken for it. So it stands on where it stood when it is seen there again soon,
    just as large.
    """

    def __init__(self, rule: CameraRule) -> None:
        self._rule = rule
        self._zone = ZoneShape(rule.zone)
        self._stands: dict[int, _Stand] = {}
        self._left: list[_Stand] = []

    def look(self, scene: Scene, *, holds: bool) -> Met | None:  # noqa: ARG002
        """Return what stands there."""
        inside = set(_inside(self._rule, self._zone, scene, self._stands))
        here = [one for one in scene.tracks if one.number in inside]
        before, self._stands = self._stands, {}
        self._left = [stand for stand in self._left if scene.now_s - stand.left_s <= HIDDEN_S][-HIDDEN_MAX:]
        for one in here:
            stand = before.get(one.number) or _Stand(one.foot, one.size, scene.now_s)
            if one.seen and math.dist(stand.place, one.foot) > STOPPED * one.size:
                if one.last_s - stand.since_s >= STOOD_S:
                    self._left.append(replace(stand, left_s=scene.now_s))
                stand = _Stand(one.foot, one.size, scene.now_s)
            self._stands[one.number] = stand
        met = []
        for one in here:
            if one.seen:
                stand = self._stands[one.number] = self._back(one)
                if one.confirmed and one.last_s - stand.since_s >= self._rule.dwell_s:
                    met.append((stand.since_s, one))
        return _met(met)

    def forget(self) -> None:
        """Nothing stood there."""
        self._stands, self._left = {}, []

    def _back(self, one: ObjectTrack) -> _Stand:
        """Return where it stands: where it, hidden for a moment, stood before."""
        stand = self._stands[one.number]
        for known in self._left:
            alike = max(known.size, one.size) <= SAME_SIZE * min(known.size, one.size)
            if alike and known.since_s < stand.since_s and math.dist(known.place, one.foot) <= SAME_PLACE * one.size:
                self._left.remove(known)
                return replace(known, left_s=math.inf)
        return stand


@dataclass(frozen=True, slots=True)
class _Side:
    """Where a track was last surely on one side of the line; ``crossed_s`` until its dwell there is over."""

    right: bool
    place: Place
    crossed_s: float | None = None


class Crossing:
    """Something went over the line, the way that counts, and stayed there for the dwell."""

    def __init__(self, rule: CameraRule) -> None:
        self._rule = rule
        self._sides: dict[int, _Side] = {}

    def look(self, scene: Scene, *, holds: bool) -> Met | None:  # noqa: ARG002
        """Return what has crossed; each crossing once."""
        line = LineShape.of(self._rule.line, scene.width, scene.height)
        self._sides = {one.number: self._sides[one.number] for one in scene.tracks if one.number in self._sides}
        met = []
        for one in scene.tracks:
            if not one.seen or one.label not in self._rule.classes:
                continue
            off_px = line.right_px(one.foot)
            if abs(off_px) >= LINE_EDGE * one.size:
                self._sides[one.number] = self._turned(one, off_px > 0, line, scene.now_s)
            side = self._sides.get(one.number)
            if side is None or side.crossed_s is None or not one.confirmed:
                continue
            if scene.now_s - side.crossed_s >= self._rule.dwell_s:
                self._sides[one.number] = _Side(side.right, side.place)
                if self._counts(right=side.right):
                    met.append((side.crossed_s, one))
        return _met(met)

    def forget(self) -> None:
        """Nothing was on either side."""
        self._sides = {}

    def _turned(self, one: ObjectTrack, right: bool, line: LineShape, now_s: float) -> _Side:
        before = self._sides.get(one.number)
        if before is None:
            return _Side(right, one.foot)
        if before.right is right:
            return _Side(right, one.foot, before.crossed_s)
        if before.crossed_s is not None or not line.crossed(before.place, one.foot):
            return _Side(right, one.foot)  # back before its dwell was over, or around the line's end
        return _Side(right, one.foot, now_s)

    def _counts(self, *, right: bool) -> bool:
        wanted = self._rule.direction
        return wanted is LineDirection.BOTH or right is (wanted is LineDirection.TO_RIGHT)


class WrongWay:
    """Something comes back against the arrow, and has been for the dwell."""

    def __init__(self, rule: CameraRule) -> None:
        self._rule = rule
        self._zone = ZoneShape(rule.zone)
        self._farthest: dict[int, tuple[Place, float]] = {}

    def look(self, scene: Scene, *, holds: bool) -> Met | None:  # noqa: ARG002
        """Return what goes the wrong way."""
        way = LineShape.of(self._rule.line, scene.width, scene.height).way
        inside = set(_inside(self._rule, self._zone, scene, self._farthest))
        farthest, met = {}, []
        for one in scene.tracks:
            if one.number not in inside:
                continue
            place, since_s = self._farthest.get(one.number, (one.foot, scene.now_s))
            x, y = one.foot[0] - place[0], one.foot[1] - place[1]
            back_px = -(x * way[0] + y * way[1])
            if one.seen and back_px <= 0:
                place, since_s, back_px = one.foot, scene.now_s, 0.0
            farthest[one.number] = place, since_s
            against = back_px >= WRONG * one.size and back_px >= WRONG_COS * math.hypot(x, y)
            if one.seen and one.confirmed and against and one.last_s - since_s >= self._rule.dwell_s:
                met.append((since_s, one))
        self._farthest = farthest
        return _met(met)

    def forget(self) -> None:
        """Nothing moved."""
        self._farthest = {}


class Crowd:
    """More than ``count`` in the zone. Once they were, it goes on until ``count_end`` or fewer are left."""

    def __init__(self, rule: CameraRule) -> None:
        self._rule = rule
        self._zone = ZoneShape(rule.zone)
        self._since_s: float | None = None

    def look(self, scene: Scene, *, holds: bool) -> Met | None:
        """Count who is inside in this very picture, seen once or often."""
        there = [
            one
            for one in scene.tracks
            if one.seen and one.label in self._rule.classes
            and self._zone.depth_px(one.foot, scene.width, scene.height) >= 0
        ]  # fmt: skip
        over = len(there) > self._rule.count
        if len(there) <= self._rule.count_end:
            self._since_s = None
        elif over and self._since_s is None:
            self._since_s = scene.now_s
        if self._since_s is None or not (holds or (over and scene.now_s - self._since_s >= self._rule.dwell_s)):
            return None
        box = there[0].box
        for one in there[1:]:
            box = box.around(one.box)
        return Met(self._since_s, len(there), there[0].label, box)

    def forget(self) -> None:
        """Nobody was there."""
        self._since_s = None


class Abandoned:
    """Something stands in the zone that was not there before, that is nothing detected, and nobody is with it."""

    def __init__(self, rule: CameraRule) -> None:
        self._rule = rule
        self._zone = ZoneShape(rule.zone)
        self._from_s = -math.inf
        self._told: list[Box] = []

    def look(self, scene: Scene, *, holds: bool) -> Met | None:  # noqa: ARG002
        """Return what was left. Who stands beside a thing that was told already does not make it theirs."""
        if scene.left is None:
            return None
        self._from_s = scene.now_s if self._from_s == -math.inf else self._from_s
        met = []
        for thing in scene.left.standing(scene.now_s):
            since_s = max(thing.since_s, self._from_s)
            foot = (thing.box.left + thing.box.right) / 2, float(thing.box.bottom)
            inside = self._zone.depth_px(foot, scene.width, scene.height) >= 0
            known = any(touching(thing.box, box) >= SAME_THING for box in self._told)
            if inside and scene.now_s - since_s >= self._rule.dwell_s and (known or not thing.attended):
                met.append((since_s, thing))
        if not met:
            return None
        self._told = [thing.box for _, thing in met]
        since_s, first = min(met, key=lambda one: one[0])
        return Met(since_s, len(met), "", first.box)

    def forget(self) -> None:
        """Time counts from the next picture on."""
        self._from_s = -math.inf
        self._told = []


def _inside(rule: CameraRule, zone: ZoneShape, scene: Scene, were: Container[int]) -> list[int]:
    """Return the numbers of the tracks in the zone: who was in it leaves it later than it was entered."""
    found = []
    for one in scene.tracks:
        if one.label not in rule.classes:
            continue
        edge_px = EDGE * one.size if one.number in were else 0.0
        if zone.depth_px(one.foot, scene.width, scene.height) >= -edge_px:
            found.append(one.number)
    return found


def _met(met: Sequence[tuple[float, ObjectTrack]]) -> Met | None:
    """Return all of them; the first is that which has met it for longest."""
    if not met:
        return None
    since_s, first = min(met, key=lambda one: one[0])
    return Met(since_s, len(met), first.label, first.box)
