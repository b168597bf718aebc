"""The answer after every position, in microseconds: one unit's rows are made anew, and three searches go on from there.

It says of the same units what ``assess`` says, with its proof as arrays; ``assess`` writes the record, with text and
certificate. Between two records ages do not grow here: ``take`` hands in every unit anew.
"""

from collections.abc import Sequence
from math import nan
from typing import NamedTuple

import numpy as np

from camera_config.county import Post, Ring, Rules
from camera_config.ids import PostId
from lockdown.asks import Asks, demands_of
from lockdown.digest import base_digest, joined, unit_digest
from lockdown.fields import Fields
from lockdown.graph import Bools, Graph
from lockdown.lines import Ints
from lockdown.offers import driven_m, reach_m
from lockdown.units import (
    Trust,
    UnitNow,
    best_delay_ms,
    can_be_sent,
    moving,
    sure_delay_ms,
    surely_unable,
    trust_of,
)

VIEWS = ((Ring.TOWN, Ring.COUNTY), (Ring.TOWN,), (Ring.COUNTY,))
"""Both rings from one pool, and each alone."""


class Said(NamedTuple):
    """What holds of one ring, or of both.

    Args:
        feasible: None where it is not known.
        ratio: (staffed ms, deadline ms) of the weakest demand in the best plan of the units that surely count; None
            where no plan exists at any time.
        weakest: that demand, or the one that never finds its units.
        holder: (units,) the demand each serves, or -1: of the plan in time where ``feasible``, of the plan that could
            be in time where it is not known, nothing sure otherwise.
        below: (demands,) those that together want more units than can serve any of them below ``ratio``; where it is
            not possible, than can by any deadline even at best.
    """

    feasible: bool | None
    ratio: tuple[int, int] | None
    weakest: PostId
    holder: Ints
    below: Bools

    @property
    def margin_ms(self) -> int | None:
        """Return by how much the weakest demand is in time, negative where it is late."""
        return None if self.ratio is None else self.ratio[1] - self.ratio[0]


class Answer(NamedTuple):
    """What holds now; a ring without posts is None. ``digest`` is that of ``assess`` for the same inputs."""

    joint: Said | None
    town: Said | None
    county: Said | None
    digest: str

    @property
    def kinds(self) -> tuple[bool | None, ...]:
        """Return what changes an alarm: feasible, not, or not known, of both rings and each."""
        return tuple(None if said is None else said.feasible for said in (self.joint, self.town, self.county))


class _Side:
    """One of the two arrival tables, with every demand's units in order of time and the plans found before."""

    def __init__(self, units: int, demands: int, deadlines_ms: Ints, never: int) -> None:
        self.num = np.full((units, demands), never, np.int64)
        self.den = np.tile(deadlines_ms, (units, 1))
        self.order = np.zeros((demands, max(units, 1)), np.int64)
        self.size = np.zeros(demands, np.int64)
        self.holders = np.full((len(VIEWS), units), -1, np.int64)


class Live:
    """The present answer for one county's roads, posts and units.

    Args:
        graph, fields: of the roads as they are now; a closure needs a new ``Live``.
        posts: of both rings.
        units: every unit, once.
        rules, version: as of ``assess``.

    Raises:
        ValueError: a unit given twice, or a deadline of more than 24 days.
    """

    def __init__(
        self, graph: Graph, fields: Fields, posts: Sequence[Post], units: Sequence[UnitNow], rules: Rules, version: str
    ) -> None:
        # numba is paid for by the first who plans, not by everyone who imports.
        from lockdown.compiled import bottleneck, rows  # noqa: PLC0415

        self._row_of, self._answer_of = rows.row, rows.answer
        self._graph, self._fields, self._rules = graph, fields, rules
        asked = demands_of(posts)
        self._asks = Asks(asked, fields.posts, rules)
        self._demands = tuple(a.demand for a in asked)
        self._need = np.array([d.need for d in self._demands], np.int64)
        self._setup_ms = np.array([d.setup_ms for d in self._demands], np.int64)
        asked_of = [[j for j, d in enumerate(self._demands) if d.ring in view] for view in VIEWS]
        self._asked = np.array([j for view in asked_of for j in view], np.int64)
        self._begins = np.cumsum([0, *(len(view) for view in asked_of)]).astype(np.int64)
        deadlines = np.array([d.deadline_ms for d in self._demands], np.int64)
        if deadlines.size and deadlines.max() > bottleneck.LONGEST:
            raise ValueError("deadlines: want less than 24 days")
        self.units = tuple(sorted(unit.id for unit in units))
        self._row = {unit: u for u, unit in enumerate(self.units)}
        if len(self._row) != len(units):
            raise ValueError("units: an id is given twice")
        self._sure, self._best = (_Side(len(units), len(asked), deadlines, bottleneck.NEVER) for _ in range(2))
        self._base = base_digest(graph, rules, posts, version)
        self._known = [b""] * len(units)
        self.take(units)

    def take(self, units: Sequence[UnitNow]) -> Answer:
        """Return the answer after what is known of these units has changed.

        Raises:
            ValueError: a unit that was not there from the beginning.
        """
        for unit in units:
            if unit.id not in self._row:
                raise ValueError(f"unit {unit.id} is not one of the county's")
            self._enter(self._row[unit.id], unit)
        return self._answer()

    def _enter(self, u: int, unit: UnitNow) -> None:
        rules, sure, best = self._rules, self._sure, self._best
        self._known[u] = unit_digest(unit)
        allowed = self._asks.allow(unit)
        if surely_unable(unit, rules):
            allowed = np.zeros_like(allowed)
        trust, position = trust_of(unit, rules), unit.position
        placed = position is not None and trust is not Trust.UNTRUSTED
        counts = trust is Trust.FRESH and can_be_sent(unit, rules)
        sure_ms = sure_delay_ms(unit, rules) if counts else 0
        x, y = self._graph.index.plane.xy(position.lat, position.lon) if position is not None else (0.0, 0.0)
        heading = unit.heading_deg if moving(unit, rules) else None
        self._row_of(
            self._graph.land, self._graph.index.lines, self._fields.by_node,
            self._asks.rows, self._asks.ends, self._setup_ms, allowed,
            u, x, y, nan if heading is None else heading, driven_m(unit), reach_m(unit, rules),
            sure_ms, sure_ms if counts else best_delay_ms(unit, rules), placed, counts,
            sure.num, sure.order, sure.size, best.num, best.order, best.size, sure.den,
        )  # fmt: skip

    def _answer(self) -> Answer:
        sure, best = self._sure, self._best
        found, below = np.empty((len(VIEWS), 5), np.int64), np.empty((len(VIEWS), len(self._need)), np.bool_)
        self._answer_of(
            self._begins, self._asked, self._need, sure.num, sure.order, sure.size, best.num, best.order, best.size,
            sure.den, sure.holders, best.holders, found, below,
        )  # fmt: skip
        said = [self._said(view, row, below[view]) for view, row in enumerate(found.tolist())]
        return Answer(said[0], said[1], said[2], joined(self._base, self._known))

    def _said(self, view: int, found: list[int], below: Bools) -> Said | None:
        if self._begins[view] == self._begins[view + 1]:
            return None
        top, bottom, last, hoped, of = found
        ratio, weakest = (None if top < 0 else (top, bottom)), self._demands[last].id
        if 0 <= top <= bottom:
            return Said(True, ratio, weakest, self._sure.holders[view].copy(), below)
        return Said(None if 0 <= hoped <= of else False, ratio, weakest, self._best.holders[view].copy(), below)
