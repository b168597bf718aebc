"""What may stand in camera_rules.toml, and the rules that come of it."""

import re
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from camera_config.camera_rules import DAY_MIN, CameraRule, Hours, LineDirection, RuleKind
from camera_config.ids import CameraId, RuleId
from camera_config.outline import area, crosses_itself
from camera_config.records import Id, Name, Record, Share

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
VEHICLES: Final = frozenset({"car", "bus", "truck", "motorcycle"})
LABELS: Final = VEHICLES | {"person", "bicycle"}

DEFAULTS: Final[dict[RuleKind, tuple[float, float, frozenset[str]]]] = {
    RuleKind.INTRUSION: (1.0, 10.0, frozenset({"person"})),
    RuleKind.LINE: (0.0, 10.0, LABELS),
    RuleKind.WRONG_WAY: (1.0, 10.0, VEHICLES),
    RuleKind.LOITERING: (120.0, 20.0, frozenset({"person"})),
    RuleKind.STOPPED: (60.0, 20.0, VEHICLES),
    RuleKind.CROWD: (10.0, 20.0, frozenset({"person"})),
    RuleKind.ABANDONED: (60.0, 20.0, frozenset()),
}
"""Of each kind: dwell and release in seconds, and the classes that count."""

ABANDONED_MIN_S: Final = 10.0
"""What stands for less is somebody who waits, or a picture that was coded badly."""
AREA_MIN: Final = 0.001
"""Share of the picture: a zone of 1,000 pixels of a million holds nobody."""
LENGTH_MIN: Final = 0.02

_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)|([01]\d|2[0-3]):([0-5]\d)-24:00")


def _span(value: str) -> str:
    if not _SPAN.fullmatch(value):
        raise ValueError(f"{value!r} is not a span of the day: write for example 22:00-06:00")
    if value[:5] == value[6:]:
        raise ValueError(f"{value!r} begins when it ends: write 00:00-24:00 for the whole day")
    return value


def _label(value: str) -> str:
    if value not in LABELS:
        raise ValueError(f"{value!r} is not a class that is detected: write some of {', '.join(sorted(LABELS))}")
    return value


Point = tuple[Share, Share]
Span = Annotated[str, AfterValidator(_span)]
Label = Annotated[str, AfterValidator(_label)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class CameraRulesRecord(Record):
    """camera_rules.toml."""

    rule: tuple[dict[str, object], ...] = ()


class CameraRuleRecord(Record):
    """A ``[[rule]]`` of camera_rules.toml."""

    id: Id
    camera: Id
    name: Name
    kind: RuleKind
    zone: tuple[Point, ...] = ()
    line: tuple[Point, ...] = ()
    direction: LineDirection | None = None
    classes: tuple[Label, ...] = ()
    count: Annotated[int, Field(ge=1, le=500)] | None = None
    count_end: Annotated[int, Field(ge=0, le=500)] | None = None
    dwell_s: Annotated[float, Field(ge=0, le=3600)] | None = None
    release_s: Annotated[float, Field(ge=1, le=600)] | None = None
    days: Annotated[tuple[Day, ...], Field(min_length=1)] = DAYS
    times: Annotated[tuple[Span, ...], Field(min_length=1, max_length=8)] = ("00:00-24:00",)

    @model_validator(mode="after")
    def _its_own_keys(self) -> Self:
        """Every kind has the keys it needs, and none that would mean nothing."""
        kind = self.kind
        lined = kind in (RuleKind.LINE, RuleKind.WRONG_WAY)
        if lined and len(self.line) != 2:
            meant = "the line that is crossed" if kind is RuleKind.LINE else "the way that is allowed, from and to"
            raise ValueError(f"a rule of kind {kind} has no line of two points: write line = [[x, y], [x, y]], {meant}")
        if kind is RuleKind.INTRUSION and not self.zone:
            raise ValueError(
                f"a rule of kind {kind} has no zone: write zone = [[x, y], …], the place not to be entered"
            )
        if kind is RuleKind.CROWD and self.count is None:
            raise ValueError(f"a rule of kind {kind} has no count: write count, more than which are a crowd")
        wrong = {
            "line": bool(self.line) and not lined,
            "zone": bool(self.zone) and kind is RuleKind.LINE,
            "direction": self.direction is not None and kind is not RuleKind.LINE,
            "count": self.count is not None and kind is not RuleKind.CROWD,
            "count_end": self.count_end is not None and kind is not RuleKind.CROWD,
            "classes": bool(self.classes) and kind is RuleKind.ABANDONED,
        }
        for key, meaningless in wrong.items():
            if meaningless:
                raise ValueError(f"a rule of kind {kind} takes no {key}: take it out, or correct the kind")
        if self.count is not None and self.count_end is not None and self.count_end > self.count:
            raise ValueError("count_end is above count: a crowd ends at count_end or fewer")
        if kind is RuleKind.ABANDONED and self.dwell_s is not None and self.dwell_s < ABANDONED_MIN_S:
            raise ValueError(f"dwell_s is below {ABANDONED_MIN_S:.0f} for kind {kind}: give it more time")
        return self

    @model_validator(mode="after")
    def _drawn(self) -> Self:
        """What is drawn is large enough, and a zone does not cross itself."""
        if len(self.zone) in (1, 2):
            raise ValueError("zone has fewer than 3 corners: draw a polygon, or leave it out for the whole picture")
        if self.zone and (crosses_itself(self.zone) or area(self.zone) < AREA_MIN):
            raise ValueError("zone crosses itself or holds nothing: name its corners in order, once around")
        if len(self.line) == 2:
            (x1, y1), (x2, y2) = self.line
            if max(abs(x1 - x2), abs(y1 - y2)) < LENGTH_MIN:
                raise ValueError(f"line is shorter than {LENGTH_MIN:.0%} of the picture: draw it longer")
        return self

    def rule(self) -> CameraRule:
        """Return the rule, with the defaults of its kind."""
        dwell_s, release_s, classes = DEFAULTS[self.kind]
        count = self.count or 0
        return CameraRule(
            id=RuleId(self.id),
            camera=CameraId(self.camera),
            name=self.name,
            kind=self.kind,
            zone=self.zone,
            line=self.line,
            direction=self.direction or LineDirection.BOTH,
            classes=frozenset(self.classes) or classes,
            count=count,
            count_end=count * 4 // 5 if self.count_end is None else self.count_end,
            dwell_s=dwell_s if self.dwell_s is None else self.dwell_s,
            release_s=release_s if self.release_s is None else self.release_s,
            hours=Hours(frozenset(map(DAYS.index, self.days)), tuple(map(_minutes, self.times))),
        )


def utc_offset_s(text: str) -> int:
    """Return the seconds that ``+08:00`` is ahead of UTC."""
    seconds = int(text[1:3]) * 3600 + int(text[4:6]) * 60
    return -seconds if text[0] == "-" else seconds


def _minutes(span: str) -> tuple[int, int]:
    begin, end = (int(text[:2]) * 60 + int(text[3:]) for text in span.split("-"))
    return begin, DAY_MIN if end == DAY_MIN else end
