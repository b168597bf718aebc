"""What may go wrong on the way: every drive split into noise groups, and scenarios of how long each group takes.

A group is a zone and a kind of road: what slows one road of a group slows all of them. The split follows the tight arcs
of the field, so its parts are whole milliseconds that add up to the drive.

A scenario is whole numbers too: factors are drawn in 1/1024, so that an arrival is a sum of products of whole numbers
below 2**53, which float64 adds exactly in any order. So neither the number of threads, nor how many scenarios are
worked on at a time, nor the library that multiplies the matrices changes a single bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from camera_config.county import ROAD_CLASSES, Noise, NoiseModel, Position, RoadClass, Roads
from lockdown.fields import Fields
from lockdown.graph import Graph
from lockdown.lines import Floats, Ints
from lockdown.reach import snap
from lockdown.table import Table
from lockdown.times import NEVER_MS

ZONES = 8
"""Four quarters around the middle of the county, and of each the nearer and the farther half of its roads."""

KINDS = 3
"""Roads between towns, roads of county and town, roads of the villages."""

GROUPS = ZONES * KINDS

UNIT = 1024
"""Factors are whole numbers of 1/1024."""

STEPS = 1 << 16
"""A factor is one of so many equally probable ones; the rarest lies 4.3 standard deviations out."""

BLOCK = 2048
"""Scenarios drawn at a time, each block from its own key; a sample of fewer is the beginning of a longer one."""

Words = NDArray[np.uint16]

_KIND = {RoadClass.EXPRESSWAY: 0, RoadClass.NATIONAL: 0, RoadClass.PROVINCIAL: 0, RoadClass.COUNTY: 1}
_KIND |= {RoadClass.STREET: 1, RoadClass.VILLAGE: 2, RoadClass.TRACK: 2}


@dataclass(frozen=True, slots=True)
class Trees:
    """For each post the arc that a driver takes at each node, and the noise group of each road.

    ``step`` is (posts, nodes) places in ``graph.car``, -1 at the post itself and where no way leads to it; ``group``
    is (pieces,) from 0 to ``GROUPS`` - 1.
    """

    graph: Graph
    fields: Fields
    step: Ints
    group: Ints


def grow_trees(graph: Graph, fields: Fields, roads: Roads) -> Trees:
    """Return the trees of the fields; of several tight arcs the first is taken.

    Args:
        graph: built from ``roads``.
        fields: of ``graph``.
        roads: tell the class of each piece.
    """
    car, nodes = graph.car, len(graph.lat)
    tail = np.repeat(np.arange(nodes), np.diff(car.ptr))
    step = np.full(fields.ms.shape, -1, np.int64)
    for row, ms in zip(step, fields.ms, strict=True):
        tight = np.flatnonzero((ms[tail] < NEVER_MS) & (ms[tail] == car.cost + ms[car.head]))[::-1]
        row[tail[tight]] = tight
        row[ms == 0] = -1
    return Trees(graph, fields, step, _groups(graph, roads))


def _groups(graph: Graph, roads: Roads) -> Ints:
    kind = np.array([_KIND[c] for c in ROAD_CLASSES], np.int64)[roads.road_class[graph.piece_road]]
    lat = (graph.lat[graph.piece_start] + graph.lat[graph.piece_end]) / 2
    lon = (graph.lon[graph.piece_start] + graph.lon[graph.piece_end]) / 2
    xy = graph.plane.points(np.column_stack([lat, lon]))
    quarter = 2 * (xy[:, 0] >= 0) + (xy[:, 1] >= 0)
    away = np.hypot(xy[:, 0], xy[:, 1])
    return np.asarray((2 * quarter + (away > np.median(away))) * KINDS + kind, np.int64)


@dataclass(frozen=True, slots=True)
class Starts:
    """Where each drive enters its tree. Shapes are (units, demands) but for ``group``, (units,).

    ``post`` is the tree and ``node`` where it is entered, -1 where a unit has no way; before that the unit drives
    ``rest_ms`` on its own road, which counts to ``group``.
    """

    post: Ints
    node: Ints
    rest_ms: Ints
    group: Ints


def starts_of(trees: Trees, table: Table, positions: Sequence[Position | None]) -> Starts:
    """Return the end of each unit's own road, and the tree, that explain most of each drive.

    What is left, the own road and how far the unit may have got since it was seen, counts to the own road.

    Args:
        trees: of the fields that the table was made from.
        table: of the units that stand at ``positions``.
        positions: in the order of the table's units; None only where a unit reaches nothing.
    """
    row = {post: i for i, post in enumerate(trees.fields.posts)}
    shape = table.drive_ms.shape
    post, node = np.full(shape, -1, np.int64), np.full(shape, -1, np.int64)
    rest, group = np.zeros(shape, np.int64), np.zeros(shape[0], np.int64)
    for u, position in enumerate(positions):
        able = np.flatnonzero(table.drive_ms[u] < NEVER_MS)
        place = snap(trees.graph, position) if able.size and position is not None else None
        if place is None:
            if able.size:
                raise ValueError(f"unit {table.units[u]} has drives but no place on the roads")
            continue
        group[u] = trees.group[place.piece]
        ends = (int(trees.graph.piece_start[place.piece]), int(trees.graph.piece_end[place.piece]))
        for j in able.tolist():
            drive = int(table.drive_ms[u, j])
            ways = [(int(trees.fields.ms[row[p], n]), row[p], n) for p in table.demands[j].posts for n in ends]
            # Where no end explains it (the post lies on the unit's own road), all of it is on that road.
            through, post[u, j], node[u, j] = max((way for way in ways if way[0] <= drive), default=(0, -1, -1))
            rest[u, j] = drive - through
    return Starts(post, node, rest, group)


def split_drives(trees: Trees, table: Table, positions: Sequence[Position | None]) -> Ints:
    """Return (units, demands, GROUPS) whole milliseconds that add up to ``table.drive_ms``; 0 where that is never."""
    starts = starts_of(trees, table, positions)
    split = np.zeros((*table.drive_ms.shape, GROUPS), np.int64)
    np.put_along_axis(split, np.broadcast_to(starts.group[:, None, None], (*split.shape[:2], 1)),
                      starts.rest_ms[:, :, None], axis=2)  # fmt: skip
    _follow(trees, split, starts)
    able_ms = np.where(table.drive_ms < NEVER_MS, table.drive_ms, 0)
    if (split.sum(axis=2) != able_ms).any():
        raise ArithmeticError("the parts of a drive do not add up to it")
    return split


def _follow(trees: Trees, split: Ints, starts: Starts) -> None:
    """Add to ``split`` what lies on the way of each drive, all of them one arc at a time."""
    car = trees.graph.car
    unit, demand = np.nonzero(starts.node >= 0)
    post, node = starts.post[unit, demand], starts.node[unit, demand]
    while len(node):
        arc = trees.step[post, node]
        on = arc >= 0
        unit, demand, post, arc = unit[on], demand[on], post[on], arc[on]
        split[unit, demand, trees.group[car.piece[arc]]] += np.asarray(car.cost, np.int64)[arc]
        node = car.head[arc]


@cache
def factors(cv_permille: int) -> Floats:
    """Return the ``STEPS`` equally probable factors of a log-normal of mean 1, rising, in whole numbers of 1/1024."""
    sigma = float(np.sqrt(np.log1p((cv_permille / 1000) ** 2)))
    z = NormalDist()
    half = np.array([z.inv_cdf((k + 0.5) / STEPS) for k in range(STEPS // 2)])
    made = np.rint(UNIT * np.exp(sigma * np.concatenate([half, -half[::-1]]) - sigma**2 / 2))
    made.setflags(write=False)
    return np.asarray(made)


@dataclass(frozen=True, slots=True)
class Sample:
    """So many scenarios, all from one seed."""

    seed: int
    scenarios: int

    def blocks(self) -> list[tuple[int, int]]:
        """Return (block, scenarios of it that count)."""
        whole, rest = divmod(self.scenarios, BLOCK)
        return [*((b, BLOCK) for b in range(whole)), *([(whole, rest)] if rest else [])]


def seed_of(digest: str, purpose: int = 0) -> int:
    """Return the seed that a digest stands for; another purpose gives an independent one."""
    return (int(digest[:15], 16) << 4) + purpose


@dataclass(frozen=True, slots=True)
class Draw:
    """What a block of scenarios draws. Columns are scenarios.

    ``travel``: (GROUPS, BLOCK) factors of the groups, in 1/1024. ``turnout``: (units, BLOCK) ranks of turnout factors.
    ``legs``: (units * demands, BLOCK) ranks of factors for each drive alone; empty unless the model asks for it.
    """

    travel: Floats
    turnout: Words
    legs: Words


def draw(noise: Noise, seed: int, block: int, units: int, demands: int) -> Draw:
    """Return the block's scenarios; the same for everybody who asks with the same seed (common random numbers)."""
    turnout = _words(seed, block, 0, units)
    if noise.model is NoiseModel.INDEPENDENT:
        return Draw(np.full((GROUPS, BLOCK), float(UNIT)), turnout, _words(seed, block, 2, units * demands))
    none = np.empty((0, BLOCK), np.uint16)
    if noise.model is NoiseModel.GLOBAL:
        one = factors(noise.travel_cv_permille)[_words(seed, block, 1, 1)]
        return Draw(np.repeat(one, GROUPS, axis=0), turnout, none)
    if noise.model is NoiseModel.ZONE_CLASS:
        return Draw(factors(noise.travel_cv_permille)[_words(seed, block, 1, GROUPS)], turnout, none)
    # Two equal parts whose product has the coefficient of variation that the rules say.
    half = round(1000 * (np.sqrt(1 + (noise.travel_cv_permille / 1000) ** 2) - 1) ** 0.5)
    both = factors(int(half))[_words(seed, block, 1, GROUPS + 1)]
    return Draw(np.floor(both[1:] * both[0] / UNIT + 0.5), turnout, none)


def _words(seed: int, block: int, purpose: int, rows: int) -> Words:
    """Return (rows, BLOCK) random words of 16 bits, from numpy's Philox with its own key for each block."""
    key = np.array([seed & ((1 << 64) - 1), (block << 2) | purpose], np.uint64)
    raw = np.random.Philox(key=key).random_raw(rows * BLOCK // 4)
    return np.asarray(raw, "<u8").view("<u2").reshape(rows, BLOCK)
