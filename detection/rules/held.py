"""What a rule says: began once, ended once. Between them it holds, however often it flickers."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from camera_config.camera_rules import CameraRule, RuleKind
from detection.decode import Box
from detection.passage import new_passage_id

LOOKS_OVER: Final = 2
"""In so many pictures at least it must be over: one that misses somebody ends nothing."""
ADDED: Final = frozenset({RuleKind.LINE})
"""Kinds of which every case is a new one; of the others the most at one time count."""


class RuleState(StrEnum):
    """``unknown`` is an end too: it was last seen to hold, and nobody can say whether it still does."""

    BEGAN = "began"
    ENDED = "ended"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Met:
    """What a picture shows of a rule's condition, its dwell included.

    Args:
        since_s: since when, monotonic.
        count: how many things.
        label: of the first of them; empty where it is none that is detected.
        box: where that one is, pixels; None where it is nowhere alone.
    """

    since_s: float
    count: int
    label: str
    box: Box | None


@dataclass(frozen=True, slots=True)
class RuleEvent:
    """One rule that began to hold, or holds no longer; the same ``id`` is told at most twice.

    Args:
        at: of the picture that decided, unix s; of the moment where no picture did.
        since: when it began, unix s: its dwell lies before it was told.
        count: things at once, at most so far; crossings of a line since it began.
        box: (left, top, right, bottom) in picture shares, when it began.
        cause: why it ended, where it was not seen to end: ``hours``, or the reason of ``unknown``.
    """

    id: str
    camera: str
    rule: str
    name: str
    kind: RuleKind
    state: RuleState
    at: float
    began_at: float
    since: float
    count: int
    label: str
    box: tuple[float, float, float, float] | None
    cause: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the data of the event ``rule.event``."""
        return {
            "id": self.id,
            "camera": self.camera,
            "rule": self.rule,
            "name": self.name,
            "kind": self.kind,
            "state": self.state,
            "at": self.at,
            "began_at": self.began_at,
            "since": self.since,
            "count": self.count,
            "class": self.label or None,
            "box": None if self.box is None else list(self.box),
            "cause": self.cause,
        }


class Held:
    """Whether one rule holds: from the first picture that shows it until ``release_s`` after the last."""

    def __init__(self, rule: CameraRule) -> None:
        self._rule = rule
        self._event: RuleEvent | None = None
        self._last_s = 0.0
        self._over = 0

    @property
    def holds(self) -> bool:
        """Tell whether it was told to have begun and not to have ended."""
        return self._event is not None

    def look(self, met: Met | None, *, now_s: float, at: float, size: tuple[int, int]) -> RuleEvent | None:
        """Take what a picture of ``size`` (width, height) shows; return what is to be told."""
        event = self._event
        if met is not None:
            self._last_s, self._over = now_s, 0
            if event is None:
                self._event = self._begin(met, now_s, at, size)
                return self._event
            count = event.count + met.count if self._rule.kind in ADDED else max(event.count, met.count)
            self._event = replace(event, count=count)
            return None
        self._over += 1
        if event is None or self._over < LOOKS_OVER or now_s - self._last_s < self._rule.release_s:
            return None
        return self._end(RuleState.ENDED, at, "")

    def close(self, at: float, cause: str) -> RuleEvent | None:
        """End it because nobody watches for it any more."""
        return self._end(RuleState.ENDED, at, cause)

    def lose(self, at: float, cause: str) -> RuleEvent | None:
        """End it because nobody can say whether it still holds."""
        return self._end(RuleState.UNKNOWN, at, cause)

    def _begin(self, met: Met, now_s: float, at: float, size: tuple[int, int]) -> RuleEvent:
        width, height = size
        box = None
        if met.box is not None:
            inside = met.box.within(width, height)
            box = (inside.left / width, inside.top / height, inside.right / width, inside.bottom / height)
        return RuleEvent(
            id=new_passage_id(at),
            camera=str(self._rule.camera),
            rule=str(self._rule.id),
            name=self._rule.name,
            kind=self._rule.kind,
            state=RuleState.BEGAN,
            at=at,
            began_at=at,
            since=at - (now_s - met.since_s),
            count=met.count,
            label=met.label,
            box=box,
        )

    def _end(self, state: RuleState, at: float, cause: str) -> RuleEvent | None:
        event, self._event = self._event, None
        return None if event is None else replace(event, state=state, at=at, cause=cause)
