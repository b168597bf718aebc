"""Compare passages with the truth that only the report reads: one vehicle, one passage, the right plate."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from scipy.optimize import linear_sum_assignment

TOLERANCE_S = 3.0
"""A passage belongs to a vehicle that left the picture at most this long before or after."""

WHOLE_S = 2.5
"""A vehicle is whole when its footage was not cut within so long before it left."""

SAME_VEHICLE_EDITS = 2
"""A second passage whose plate differs by at most this many characters is a duplicate; otherwise it is false."""


FAR = 1e6
"""Cost of a pair that cannot belong together."""


@dataclass(frozen=True, slots=True)
class TrueVehicle:
    """One vehicle that the simulator showed; times in unix seconds of the frames sent."""

    checkpoint: str
    plate: str
    entered_at: float
    left_at: float


@dataclass(frozen=True, slots=True)
class Cut:
    """When a checkpoint's footage began again, unix seconds."""

    checkpoint: str
    at: float


@dataclass(frozen=True, slots=True)
class SeenPassage:
    """One passage as the public API tells it."""

    id: str
    checkpoint: str
    at: float
    plate: str | None


Item = TypeVar("Item", TrueVehicle, SeenPassage)


@dataclass(frozen=True, slots=True)
class Score:
    """Counts over the window; ``misread`` lists (true plate, read plate) for people to look at."""

    true: int
    matched: int
    duplicate: int
    false: int
    plates_right: int
    misread: tuple[tuple[str, str | None], ...]
    missed: tuple[tuple[str, str], ...]


def score(
    truth: Iterable[TrueVehicle],
    passages: Iterable[SeenPassage],
    start_at: float,
    end_at: float,
    cuts: Iterable[Cut] = (),
) -> Score:
    """Score the vehicles that were in the picture from ``start_at`` to ``end_at`` (unix seconds) as a whole.

    A vehicle that was already in the picture at the start, or had not left it at the end, is not counted,
    and its passage is neither matched nor false. Passages go to vehicles of the same checkpoint within
    ``TOLERANCE_S`` by least total cost: plate edits first, then time (Hungarian method, scipy). Where a checkpoint's
    footage was cut (``cuts``), the vehicles in the picture are not whole: they and their passages count for nothing.
    """
    seams: defaultdict[str, list[float]] = defaultdict(list)
    for cut in cuts:
        seams[cut.checkpoint].append(cut.at)
    vehicles = _by_checkpoint(truth)
    seen = _by_checkpoint(passages)
    total = matched = duplicate = false = right = 0
    misread: list[tuple[str, str | None]] = []
    missed: list[tuple[str, str]] = []
    for checkpoint in sorted(vehicles.keys() | seen.keys()):
        owners, extra = _assign(vehicles[checkpoint], seen[checkpoint])
        for vehicle, own, doubles in zip(vehicles[checkpoint], owners, extra, strict=True):
            if vehicle.entered_at < start_at or vehicle.left_at > end_at:
                continue
            if any(0.0 <= vehicle.left_at - at <= WHOLE_S for at in seams[checkpoint]):
                continue
            total += 1
            duplicate += doubles
            matched += own is not None and not doubles
            if own is None:
                missed.append((checkpoint, vehicle.plate))
            elif own.plate == vehicle.plate:
                right += 1
            else:
                misread.append((vehicle.plate, own.plate))
        false += sum(
            start_at <= p.at <= end_at and not any(abs(p.at - at) <= TOLERANCE_S for at in seams[checkpoint])
            for p in _unowned(vehicles[checkpoint], seen[checkpoint], owners)
        )
    return Score(total, matched, duplicate, false, right, tuple(misread), tuple(missed))


def _by_checkpoint(items: Iterable[Item]) -> defaultdict[str, list[Item]]:
    groups: defaultdict[str, list[Item]] = defaultdict(list)
    for item in items:
        groups[item.checkpoint].append(item)
    return groups


def _assign(
    vehicles: Sequence[TrueVehicle], passages: Sequence[SeenPassage]
) -> tuple[list[SeenPassage | None], list[int]]:
    """Give each vehicle at most one passage, and count the further ones that are plainly the same vehicle."""
    owners: list[SeenPassage | None] = [None] * len(vehicles)
    doubles = [0] * len(vehicles)
    if not vehicles or not passages:
        return owners, doubles
    cost = np.array([[_cost(v, p) for p in passages] for v in vehicles])
    rows, columns = linear_sum_assignment(np.minimum(cost, FAR))
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        if cost[row, column] < FAR:
            owners[row] = passages[column]
    taken = {own.id for own in owners if own is not None}
    for index, passage in enumerate(passages):
        if passage.id not in taken:
            nearest = int(np.argmin(cost[:, index]))
            doubles[nearest] += _is_double(vehicles[nearest], passage, float(cost[nearest, index]))
    return owners, doubles


def _unowned(
    vehicles: Sequence[TrueVehicle], passages: Sequence[SeenPassage], owners: Sequence[SeenPassage | None]
) -> list[SeenPassage]:
    taken = {own.id for own in owners if own is not None}
    return [p for p in passages if p.id not in taken and not any(_is_double(v, p, _cost(v, p)) for v in vehicles)]


def _is_double(vehicle: TrueVehicle, passage: SeenPassage, cost: float) -> bool:
    return cost < FAR and edits(vehicle.plate, passage.plate or "") <= SAME_VEHICLE_EDITS


def _cost(vehicle: TrueVehicle, passage: SeenPassage) -> float:
    gap_s = abs(passage.at - vehicle.left_at)
    return edits(vehicle.plate, passage.plate or "") * 10.0 + gap_s if gap_s <= TOLERANCE_S else np.inf


def edits(one: str, other: str) -> int:
    """Return the Levenshtein distance of two short strings."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        above, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (a != b))
    return row[-1]
