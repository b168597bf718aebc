"""Where would which unit do? Every unit at every junction and standby point, all else the same.

Without the unit, the others leave nothing open (it is not needed), one need open, or more (no place helps). With one
open need the unit helps exactly where it is in time for some demand from which an alternating path leads to that need
(Berge 1957). So each unit costs one search, and each place a comparison over the fields; nothing is solved again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from math import ceil

import numpy as np
from numpy.typing import NDArray

from camera_config.county import Position, Rules
from camera_config.ids import PostId, UnitId
from lockdown.asks import Asked, stays_long_enough
from lockdown.fields import Fields, node_fields
from lockdown.graph import Bools, Graph, position_of
from lockdown.lines import Floats, Ints, distance_m
from lockdown.losses import without
from lockdown.matching import Matching, largest
from lockdown.offers import Offers
from lockdown.reach import OFF_ROAD_M_PER_MS, snap, worst_drive_ms
from lockdown.seal import in_time
from lockdown.table import Table
from lockdown.times import NEVER_MS
from lockdown.units import UnitNow, can_be_sent, fits, least_delay_ms, sure_delay_ms

AT_JUNCTION_M = 5.0
"""A standby point this near a junction is at it: who waits there may leave by every road."""

Codes = NDArray[np.uint8]


class Does(IntEnum):
    """What a unit at a place does to the answer: nothing, makes it feasible, or it is feasible without the unit."""

    NOT = 0
    WOULD = 1
    ANYWAY = 2


@dataclass(frozen=True, slots=True)
class Spots:
    """Where a unit may stand: the junctions, as numbered in the graph, then the standby points, named.

    Shapes: ``lat``, ``lon`` (spots,); ``drive_ms`` (posts, spots) milliseconds from there to ``posts``, ``NEVER_MS``
    where there is no way. From a standby point on a road it is the way by the worse end of that road. ``to_ms``
    (standby points, nodes of the graph) milliseconds from a node to a standby point.
    """

    posts: tuple[PostId, ...]
    junctions: int
    names: tuple[str, ...]
    lat: Floats
    lon: Floats
    drive_ms: Ints
    to_ms: Ints

    def name(self, spot: int) -> str | None:
        """Return the standby point's name; None for a junction."""
        return self.names[spot - self.junctions] if spot >= self.junctions else None

    def position(self, spot: int) -> Position:
        """Return where it lies."""
        return Position(float(self.lat[spot]), float(self.lon[spot]))


def spots_of(graph: Graph, fields: Fields, standby: Mapping[str, Position]) -> Spots:
    """Return the junctions of ``graph`` and these standby points; once for a graph, not once an answer."""
    names = tuple(sorted(standby))
    doors = [_door(graph, fields, standby[name]) for name in names]
    to_ms = node_fields(graph, [door.node for door in doors])
    for row, door in zip(to_ms, doors, strict=True):
        row[:] = np.minimum(row + door.beyond_ms, NEVER_MS)
    columns = [fields.ms[:, : graph.junctions], *(door.drive_ms[:, None] for door in doors)]
    return Spots(
        posts=fields.posts,
        junctions=graph.junctions,
        names=names,
        lat=np.concatenate([graph.lat[: graph.junctions], [standby[name].lat for name in names]]),
        lon=np.concatenate([graph.lon[: graph.junctions], [standby[name].lon for name in names]]),
        drive_ms=np.ascontiguousarray(np.hstack(columns)),
        to_ms=to_ms,
    )


def what_if(offers: Offers, table: Table, spots: Spots, unit: UnitId) -> Codes:
    """Return (spots,) ``Does``: is ``table`` feasible if ``unit`` stood there and could be sent, all else the same?

    Its delay is that of its status; of a unit that cannot be sent now, the least that the rules know.

    Raises:
        ValueError: no such unit.
    """
    if unit not in table.units:
        raise ValueError(f"no unit {unit}")
    u = table.units.index(unit)
    masks, needs = in_time(table), [d.need for d in table.demands]
    return _codes(offers, table, drive_of(table, spots), u, helped_by(masks, needs, [u])[0])


def what_if_map(offers: Offers, table: Table, spots: Spots) -> Codes:
    """Return (units, spots) ``Does``, in the order of ``table.units``."""
    masks, needs, drive = in_time(table), [d.need for d in table.demands], drive_of(table, spots)
    wanted = helped_by(masks, needs, range(len(table.units)))
    rows = [_codes(offers, table, drive, u, want) for u, want in enumerate(wanted)]
    return np.array(rows, np.uint8).reshape(len(table.units), drive.shape[1])


def helped_by(masks: Sequence[int], needs: Sequence[int], units: Sequence[int]) -> list[frozenset[int] | None]:
    """Return for each unit the demands of which it must be in time for one, were it anywhere else.

    Empty: that does not help, wherever it is. None: all needs are met without it.
    """
    matching, _ = largest(masks, needs)
    found: list[frozenset[int] | None] = []
    for u in units:
        rest = without(matching, [u])
        open_ = open_needs(rest, needs)
        if not open_:
            found.append(None)
        elif len(open_) > 1:
            found.append(frozenset())
        else:
            found.append(reached(rest, open_))
    return found


def open_needs(matching: Matching, needs: Sequence[int]) -> list[int]:
    """Return the demands with open needs, once for each."""
    left = list(needs)
    for j in matching.holder.values():
        left[j] -= 1
    return [j for j, count in enumerate(left) for _ in range(count)]


def reached(matching: Matching, open_: Sequence[int]) -> frozenset[int]:
    """Return the demands that alternating paths from the open needs of a largest matching reach."""
    found: set[int] = set()
    for j in set(open_):
        violation = matching.give(j)
        if violation is None:
            raise ArithmeticError("a largest matching has grown")
        found.update(violation.demands)
    return frozenset(found)


def drive_of(table: Table, spots: Spots) -> Ints:
    """Return (demands, spots) drives: the longest of a group's posts."""
    row = {post: i for i, post in enumerate(spots.posts)}
    rows = [spots.drive_ms[[row[post] for post in d.posts]].max(axis=0) for d in table.demands]
    return np.array(rows, np.int64).reshape(len(table.demands), spots.drive_ms.shape[1])


def in_time_at(limit_ms: Ints, drive: Ints, delay_ms: int, demands: Sequence[int]) -> Bools:
    """Return (spots,) where a unit with this delay is in time for any of ``demands``.

    ``limit_ms`` (demands,) are the latest arrivals in time, ``drive`` (demands, spots) as of ``drive_of``.
    """
    near = np.zeros(drive.shape[1], np.bool_)
    for j in demands:
        near |= drive[j] <= limit_ms[j] - delay_ms
    return near


def limits_of(table: Table) -> Ints:
    """Return (demands,) the latest arrivals that are in time."""
    return np.array([d.deadline_ms - d.setup_ms for d in table.demands], np.int64)


def standing_delay_ms(unit: UnitNow, rules: Rules) -> int:
    """Return the delay of a unit that stands at a spot and can be sent."""
    return sure_delay_ms(unit, rules) if can_be_sent(unit, rules) else least_delay_ms(rules)


def may_serve(unit: UnitNow, table: Table, asked: Sequence[Asked], rules: Rules) -> list[int]:
    """Return the demands of ``table`` that the unit has the crew, the equipment and the hours for."""
    of = {a.demand.id: a for a in asked}
    return [
        j
        for j, d in enumerate(table.demands)
        if fits(unit, of[d.id].crew_min, of[d.id].equipment) and stays_long_enough(unit, d, rules)
    ]


def _codes(offers: Offers, table: Table, drive: Ints, u: int, wanted: frozenset[int] | None) -> Codes:
    if wanted is None:
        return np.full(drive.shape[1], Does.ANYWAY, np.uint8)
    unit = offers.units[u]
    served = [j for j in may_serve(unit, table, offers.asked, offers.rules) if j in wanted] if wanted else []
    near = in_time_at(limits_of(table), drive, standing_delay_ms(unit, offers.rules), served)
    return near.astype(np.uint8)


@dataclass(frozen=True, slots=True)
class _Door:
    """How to leave a standby point, (posts,) drives, and how to come to it: by ``node``, and so long beyond it."""

    drive_ms: Ints
    node: int
    beyond_ms: int


def _door(graph: Graph, fields: Fields, position: Position) -> _Door:
    near = snap(graph, position)
    if near is None:
        return _Door(np.full(len(fields.posts), NEVER_MS, np.int64), 0, NEVER_MS)
    start, end = int(graph.piece_start[near.piece]), int(graph.piece_end[near.piece])
    node = min((start, end), key=lambda n: distance_m(position, position_of(graph, n)))
    if node < graph.junctions and distance_m(position, position_of(graph, node)) <= AT_JUNCTION_M:
        return _Door(fields.ms[:, node], node, 0)
    beyond = min(int(graph.piece_ms[near.piece]), NEVER_MS) + ceil(near.off_road_m / OFF_ROAD_M_PER_MS)
    return _Door(worst_drive_ms(graph, fields, near, None, 0.0), start, min(beyond, NEVER_MS))
