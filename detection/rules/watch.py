"""All rules of one camera: its boxes in, what began and ended out. What cannot be known any more is ``unknown``."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from camera_config.camera_rules import CameraRule, RuleKind
from camera_config.ids import CameraId
from detection.decode import Picture
from detection.objects import Detection
from detection.picture_health import PictureState
from detection.rules.conditions import Condition, Scene, condition_of
from detection.rules.held import Held, RuleEvent
from detection.rules.left_behind import LeftBehind
from detection.rules.tracks import ObjectTracker

STALE_S: Final = 20.0
"""Without a picture for longer nobody knows what still holds: five of the longest usual times between keyframes."""
PLAIN: Final = 0.98
PLAIN_LEVELS: Final = 8
"""A picture of which so much is one tone shows nothing, and its emptiness says nothing: a cap, a cloth, fog."""
TRUSTED: Final = frozenset({PictureState.GOOD, PictureState.UNKNOWN})
"""In other states objects are not where the zones are, or not seen; ``unknown`` is the state before the first word."""


@dataclass(slots=True)
class _Watched:
    rule: CameraRule
    condition: Condition
    held: Held
    open: bool = False


class RuleWatch:
    """One camera's rules. Building it starts nothing; times rise from call to call.

    Args:
        camera: whose picture.
        rules: this camera's, at most ``RULES_MAX``.
        utc_offset_s: of the county's wall clock, for the rules' hours.
    """

    def __init__(self, camera: CameraId, rules: Sequence[CameraRule], utc_offset_s: int) -> None:
        self.camera = camera
        self._utc_offset_s = utc_offset_s
        self._rules = [_Watched(rule, condition_of(rule), Held(rule)) for rule in rules]
        self._tracker = ObjectTracker()
        self._left = LeftBehind() if any(rule.kind is RuleKind.ABANDONED for rule in rules) else None
        self._looked_s: float | None = None
        self._trusted = True

    def look(self, found: Sequence[Detection], picture: Picture, *, at: float, mono_s: float) -> list[RuleEvent]:
        """Take what was detected in a keyframe; return what is to be told.

        Args:
            found: labels and boxes, pixels of ``picture``.
            picture: the keyframe.
            at: its receipt, unix s.
            mono_s: its receipt, monotonic s.
        """
        if _plain(picture) or not self._trusted:
            return []
        told = self.stale(mono_s, at)
        self._looked_s = mono_s
        tracks = self._tracker.look(found, mono_s)
        if self._left is not None:
            self._left.look(picture, tracks, mono_s)
        scene = Scene(tracks, mono_s, picture.width, picture.height, self._left)
        for one in self._rules:
            event = self._decide(one, scene, at)
            if event is not None:
                told.append(event)
        return told

    def stale(self, now_s: float, at: float) -> list[RuleEvent]:
        """Return what is not known any more because no picture came for ``STALE_S``; call it about once a second."""
        if self._looked_s is None or now_s - self._looked_s <= STALE_S:
            return []
        return self.lose(at, "no picture")

    def judged(self, state: PictureState, at: float) -> list[RuleEvent]:
        """Take what the picture is like from now on; while it is bad, nothing is watched for."""
        self._trusted = state in TRUSTED
        return [] if self._trusted else self.lose(at, f"picture {state}")

    def lose(self, at: float, cause: str) -> list[RuleEvent]:
        """End everything as unknown, and begin anew with the next picture."""
        self._looked_s = None
        self._tracker.forget()
        if self._left is not None:
            self._left.forget()
        for one in self._rules:
            one.condition.forget()
        lost = [one.held.lose(at, cause) for one in self._rules]
        return [event for event in lost if event is not None]

    def _decide(self, one: _Watched, scene: Scene, at: float) -> RuleEvent | None:
        is_open = one.rule.hours.holds(at, self._utc_offset_s)
        if is_open is not one.open:
            one.open = is_open
            one.condition.forget()
        if not is_open:
            return one.held.close(at, "hours")
        if one.rule.kind is RuleKind.ABANDONED and self._left is not None and not self._left.ready:
            return one.held.lose(at, "light changed")
        met = one.condition.look(scene, holds=one.held.holds)
        return one.held.look(met, now_s=scene.now_s, at=at, size=(scene.width, scene.height))


def _plain(picture: Picture) -> bool:
    """Tell whether the picture shows nothing."""
    part = picture.y[::8, ::8].astype(np.int16)
    return float(np.mean(np.abs(part - np.median(part)) <= PLAIN_LEVELS)) >= PLAIN
