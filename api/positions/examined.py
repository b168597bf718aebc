"""What is in a recorded day of positions: for how long each unit would have been unknown, and what it said that lies.

The same border judges as for live positions. A gap is an interval in which a unit had no position young enough to
count: from when the last good one grew too old (``too_old_moving_s``, ``too_old_standing_s``) to the next good one.
"""

import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, Final

from api.positions.border import FUTURE_S, distance_m
from api.positions.recorded import Day, Recorded, judged
from camera_config.county import County, Position, Rules

CLOCK_S: Final = 5.0
"""A unit whose most punctual report is later than this has a slow clock, or a slow way to us."""


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when, unix seconds."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """Return how long it lasts."""
        return self.end - self.start


@dataclass(slots=True)
class UnitDay:
    """One unit's day. ``doubts`` are line numbers by reason; lateness is None where the file has no ``received_at``."""

    unit: str
    positions: int = 0
    repeated: int = 0
    out_of_order: int = 0
    doubts: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    gaps: list[Span] = field(default_factory=list)
    frozen: list[Span] = field(default_factory=list)
    late_s: list[float] = field(default_factory=list)

    @property
    def clock(self) -> str:
        """Return what its clock seems to be: ``ahead``, ``slow or late``, or nothing to say."""
        if self.late_s and min(self.late_s) < -FUTURE_S:
            return "ahead"
        return "slow or late" if self.late_s and min(self.late_s) > CLOCK_S else ""

    def json(self, timed: bool) -> dict[str, Any]:
        """Return it for ``--json``."""
        late = sorted(self.late_s) if timed else []
        return {
            "unit": self.unit,
            "positions": self.positions,
            "repeated": self.repeated,
            "out_of_order": self.out_of_order,
            "doubts": dict(self.doubts),
            "gaps": [_span(span) for span in self.gaps],
            "gap_s": round(sum(span.seconds for span in self.gaps), 3),
            "frozen": [_span(span) for span in self.frozen],
            "late_s": {"min": late[0], "median": statistics.median(late), "max": late[-1]} if late else None,
            "clock": self.clock if timed else None,
        }


@dataclass(frozen=True, slots=True)
class Examined:
    """A whole file; ``units`` are those of the county in its order, silent ones too."""

    start: float
    end: float
    units: tuple[UnitDay, ...]
    strangers: dict[str, int]

    def json(self, day: Day) -> dict[str, Any]:
        """Return it for ``--json``; ``day`` is the file that it was made of."""
        return {
            "from": self.start,
            "to": self.end,
            "positions": len(day.rows),
            "bad_lines": [{"line": one.line, "column": one.column, "why": one.why} for one in day.bad],
            "ignored_columns": list(day.ignored),
            "missing_columns": list(day.missing),
            "unknown_units": self.strangers,
            "units": [unit.json(day.timed) for unit in self.units],
        }


class _Watch:
    """One unit while its day goes by; keeps what the tracker would."""

    def __init__(self, unit: str, start: float, rules: Rules) -> None:
        self.day = UnitDay(unit)
        self._rules = rules
        self._fresh_until = start
        self._last: Recorded | None = None
        self._same: Recorded | None = None
        self._moved = True
        self._seen: set[tuple[float, float, float]] = set()

    def take(self, row: Recorded, reason: str | None) -> None:
        """Take one row, with why the border does not trust it."""
        day, position = self.day, row.position
        day.positions += 1
        day.late_s.append(row.late_s)
        mark = (position.at, position.lat, position.lon)
        day.repeated += mark in self._seen
        if reason is not None:
            day.doubts[reason].append(row.line)
        elif self._last is not None and position.at <= self._last.position.at:
            day.out_of_order += mark not in self._seen
        else:
            self._count(row)
        self._seen.add(mark)

    def _count(self, row: Recorded) -> None:
        """Take one that moves the unit."""
        rules, position = self._rules, row.position
        if row.received_at > self._fresh_until:
            self.day.gaps.append(Span(self._fresh_until, row.received_at))
        kmh = position.speed_kmh
        if kmh is None:
            kmh = rules.moving_kmh if self._last is None else _kmh(self._last, row)
        moving = kmh >= rules.moving_kmh
        limit_s = rules.too_old_moving_s if moving else rules.too_old_standing_s
        self._fresh_until = max(row.received_at, min(position.at, row.received_at) + limit_s)
        same = self._same
        if same is None or (same.position.lat, same.position.lon) != (position.lat, position.lon):
            self._same = row
        elif moving and position.at - same.position.at > rules.frozen_s:
            span = Span(same.position.at, position.at)
            if self.day.frozen and self.day.frozen[-1].start == span.start:
                self.day.frozen.pop()
            self.day.frozen.append(span)
        self._last = row

    def end(self, end: float) -> UnitDay:
        """Return the day, its last gap included."""
        if end > self._fresh_until:
            self.day.gaps.append(Span(self._fresh_until, end))
        return self.day


def examine(day: Day, county: County) -> Examined:
    """Return what is in a day; linear in its rows, about 20 microseconds each."""
    start, end = day.rows[0].received_at, day.rows[-1].received_at
    watches = {str(unit.id): _Watch(str(unit.id), start, county.rules) for unit in county.units}
    strangers: Counter[str] = Counter()
    for row, taken in judged(day, county):
        if taken is None:
            strangers[row.position.unit] += 1
        else:
            watches[row.position.unit].take(row, taken["untrusted"])
    return Examined(start, end, tuple(watch.end(end) for watch in watches.values()), dict(strangers))


def _kmh(one: Recorded, other: Recorded) -> float:
    here, there = (Position(row.position.lat, row.position.lon) for row in (one, other))
    return distance_m(here, there) / (other.position.at - one.position.at) * 3.6


def _span(span: Span) -> dict[str, float]:
    return {"from": span.start, "to": span.end, "s": round(span.seconds, 3)}
