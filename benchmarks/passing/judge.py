"""Which passage is of which vehicle, and what follows: who was told of twice, not at all, or wrongly."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks.passing.scenes import EMPTY_S, STARTED_AT, VISIBLE_S, Drove, Seen
from detection.passage import Passage
from detection.plate_vote import alike
from ingest.simulate.traffic import Wear

LIKE: Final = 0.5
"""A passage whose plate agrees less with a vehicle's than this is not told of it by its plate."""
NEVER: Final = 1e3
SURELY: Final = 1e5
"""No other pairs together are worth more than one of a vehicle and the passage with its very plate."""


@dataclass(slots=True)
class Tally:
    """What is counted of some scenes; lists hold a line a case."""

    vehicles: int = 0
    told: int = 0
    missed: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    misread: list[str] = field(default_factory=list)
    false_certain: list[str] = field(default_factory=list)
    guessed: list[str] = field(default_factory=list)
    legible: int = 0
    exact: int = 0
    certain: int = 0
    certain_told: int = 0
    hidden: int = 0
    lanes: int = 0
    lanes_right: int = 0
    kinds: dict[str, list[int]] = field(default_factory=dict)

    def add(self, drove: Drove) -> None:
        """Count one scene."""
        finals = [one for one in drove.told if one.final]
        pairs = _pairs(drove.seen, finals)
        place = f"{drove.scene.weather.value} {drove.scene.index}{' away' if drove.scene.away else ''}"
        self.vehicles += len(drove.seen)
        self.told += len(finals)
        for number, seen in enumerate(drove.seen):
            self._judge(seen, finals[pairs[number]] if number in pairs else None, place)
        used = set(pairs.values())
        for number, one in enumerate(finals):
            if number not in used:
                self.doubled.append(f"{place} at {_time_s(one.at):.1f} s: {one.plate or 'no plate'}")
                if one.certain and one.plate not in {seen.drive.plate for seen in drove.seen}:
                    self.false_certain.append(f"{place} at {_time_s(one.at):.1f} s: {one.plate}, which nobody has")

    def _judge(self, seen: Seen, told: Passage | None, place: str) -> None:
        drive = seen.drive
        what = f"{place} at {seen.first_s:.1f} to {seen.last_s:.1f} s: {drive.plate or 'no plate'} ({_kind(seen)})"
        legible = drive.plate is not None and drive.wear is not Wear.COVERED and seen.shown > 0
        self.hidden += drive.plate is not None and seen.shown == 0
        counted = self.kinds.setdefault(_kind(seen), [0, 0, 0])
        counted[0] += 1
        counted[2] += told is not None
        if told is None:
            self.missed.append(f"{what}, its plate free in {seen.shown} keyframes")
        else:
            self.lanes += 1
            self.lanes_right += told.lane == drive.lane
            self.certain_told += told.certain
            if told.certain and told.plate != drive.plate:
                self.false_certain.append(f"{what}: {told.plate}")
            if told.plate not in (None, drive.plate) and not legible:
                self.guessed.append(f"{what}: {told.plate}{', certain' if told.certain else ''}")
        if legible:
            right = told is not None and told.plate == drive.plate
            self.legible += 1
            self.exact += right
            self.certain += told is not None and told.certain and right
            counted[1] += right
            if told is not None and not right:
                self.misread.append(f"{what}: {told.plate or 'unread'}, free in {seen.shown} keyframes")

    def figures(self) -> dict[str, Any]:
        """Return the shares by name."""
        return {
            "vehicles": self.vehicles,
            "duplicate_share": _share(len(self.doubled), self.vehicles),
            "missed_share": _share(len(self.missed), self.vehicles),
            "legible": self.legible,
            "exact": _share(self.exact, self.legible),
            "certain_share": _share(self.certain, self.legible),
            "false_certain": len(self.false_certain),
            "false_certain_rate": _share(len(self.false_certain), self.certain_told),
            "guessed": len(self.guessed),
            "hidden": self.hidden,
            "lane_right": _share(self.lanes_right, self.lanes),
            "kinds": {
                kind: {"n": n, "exact": right, "told": told} for kind, (n, right, told) in sorted(self.kinds.items())
            },
        }


def _pairs(seen: Sequence[Seen], told: Sequence[Passage]) -> dict[int, int]:
    """Return which vehicle each passage is told of: by the very plate first, then by lane and time; each once."""
    if not seen or not told:
        return {}
    costs = np.array([[_cost(each, one) for one in told] for each in seen])
    for row, each in enumerate(seen):
        for column, one in enumerate(told):
            if one.plate is not None and one.plate == each.drive.plate and costs[row, column] < NEVER:
                costs[row, column] -= SURELY
    rows, columns = linear_sum_assignment(costs)
    return {int(row): int(column) for row, column in zip(rows, columns, strict=True) if costs[row, column] < NEVER}


def _cost(seen: Seen, told: Passage) -> float:
    """Return 0 for the very plate, more for others; ``NEVER`` where the vehicle was not there, or it is another's."""
    at_s = _time_s(told.at)
    if not seen.first_s - VISIBLE_S <= at_s <= seen.last_s + VISIBLE_S:
        return NEVER
    off = abs(at_s - (seen.first_s + seen.last_s) / 2) / 100
    if told.plate is not None and seen.drive.plate is not None:
        like = alike(told.plate, seen.drive.plate)
        if like >= LIKE:
            return (1.0 - like) * 10 + off
        if told.certain:
            return NEVER
    return 20.0 + off + (0.0 if told.lane == seen.drive.lane else 20.0)


def _time_s(at: float) -> float:
    return at - STARTED_AT - EMPTY_S


def _kind(seen: Seen) -> str:
    if seen.drive.plate is None:
        return "none"
    return seen.drive.kind.value if seen.drive.wear is Wear.CLEAN else f"{seen.drive.wear.value}"


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
