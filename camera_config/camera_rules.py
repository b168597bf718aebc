"""What a street camera is told to watch for: rules on what moves or stands in its picture.

Points are picture shares, (x, y) from the upper left corner, 0 to 1. Durations are seconds.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from camera_config.ids import CameraId, RuleId

DAY_MIN: Final = 24 * 60
RULES_MAX: Final = 16
"""Rules of one camera; a picture with more of them is read by nobody."""

Points = tuple[tuple[float, float], ...]


class RuleKind(StrEnum):
    """The seven kinds."""

    INTRUSION = "intrusion"
    LINE = "line"
    WRONG_WAY = "wrong_way"
    LOITERING = "loitering"
    STOPPED = "stopped"
    CROWD = "crowd"
    ABANDONED = "abandoned"


class LineDirection(StrEnum):
    """Which crossings of a line count, as seen by one who looks along it from its first point to its second."""

    BOTH = "both"
    TO_LEFT = "to_left"
    TO_RIGHT = "to_right"


@dataclass(frozen=True, slots=True)
class Hours:
    """When a rule is watched for, by the county's wall clock.

    Args:
        days: 0 is Monday; a span belongs to the day on which it begins.
        spans: minutes of the day, begin inclusive, end exclusive; an end at or before the begin is the next day's.
    """

    days: frozenset[int] = frozenset(range(7))
    spans: tuple[tuple[int, int], ...] = ((0, DAY_MIN),)

    def holds(self, at: float, utc_offset_s: int) -> bool:
        """Tell whether the rule is watched for at unix ``at``."""
        here = datetime.fromtimestamp(at, UTC) + timedelta(seconds=utc_offset_s)
        minute, day = here.hour * 60 + here.minute, here.weekday()
        for begin, end in self.spans:
            if begin < end:
                if day in self.days and begin <= minute < end:
                    return True
            elif (day in self.days and minute >= begin) or ((day - 1) % 7 in self.days and minute < end):
                return True
        return False


ALWAYS: Final = Hours()


@dataclass(frozen=True, slots=True)
class CameraRule:
    """One rule of one camera; docs/ref/config.md says which keys belong to which kind.

    Args:
        id: names it in every record.
        camera: whose picture.
        name: as people call it.
        kind: what is watched for.
        zone: polygon in which it counts; empty is the whole picture.
        line: the line that is crossed, or the arrow of the way that is allowed; empty for other kinds.
        direction: which crossings count.
        classes: labels of detection that count.
        count: a crowd is more than so many; 0 for other kinds.
        count_end: a crowd has ended at so many or fewer.
        dwell_s: so long it must last before it is told.
        release_s: so long it must be over before it is told to have ended.
        hours: when.
    """

    id: RuleId
    camera: CameraId
    name: str
    kind: RuleKind
    zone: Points
    line: Points
    direction: LineDirection
    classes: frozenset[str]
    count: int
    count_end: int
    dwell_s: float
    release_s: float
    hours: Hours = ALWAYS
