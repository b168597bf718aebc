"""Can both rings be closed now, by whom, and if not, what is missing? ``assess`` answers for one moment.

Two tables are solved. The sure one has only units that are fresh, trusted and able, each at its worst place; the best
one has every unit that is not known to be unable, each at its best place. What is feasible on the sure table is
feasible in truth, and what is not feasible on the best table is not; between the two the answer is unknown, and the
units whose word by radio would decide it are named.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from camera_config.county import Post, Ring, Rules
from camera_config.ids import PostId, UnitId
from lockdown.ask import ask_by_radio
from lockdown.asks import demands_of
from lockdown.digest import digest_of
from lockdown.fields import Fields
from lockdown.graph import Graph
from lockdown.leaks import Leak
from lockdown.offers import Offers
from lockdown.proof import certificate_of, undecided
from lockdown.risk import Odds
from lockdown.seal import Assigned, Solution, best_subset, solve
from lockdown.table import Table
from lockdown.units import Trust, UnitNow, trust_of
from lockdown.why import WhyNot, leak_text, loss_text, why_not

BOTH = (Ring.TOWN, Ring.COUNTY)


class State(StrEnum):
    """The four states of readiness; green is for ``READY`` alone."""

    READY = "ready"
    AT_RISK = "at_risk"
    NOT_POSSIBLE = "not_possible"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What can be said of one ring, or of both from one pool.

    ``feasible`` is None where it is not known. ``t_star_ms`` is the staffed time of the weakest post in the plan of
    least ratio, whether in time or not, None where no plan exists; ``t_star_by_ring_ms`` the largest in each ring.
    ``ratio_permille`` (rounded up) is that of staffed time to deadline, ``travel_slack_permille`` rounded down.
    ``plan`` is whole when feasible; else it staffs the posts that can be, ``loses`` names the others.
    ``also_holds`` of a post in the plan: other posts that its crew holds. ``awaits_odds``: all that READY needs is
    there but the odds of the plan (``lockdown.weigh``), which come after the verdict.
    """

    rings: tuple[Ring, ...]
    state: State
    feasible: bool | None
    deadline_ms: dict[Ring, int]
    t_star_ms: int | None
    t_star_by_ring_ms: dict[Ring, int]
    ratio_permille: int | None
    travel_slack_permille: int | None
    weakest_post: PostId | None
    margin_ms: int | None
    plan: tuple[Assigned, ...]
    also_holds: dict[PostId, tuple[PostId, ...]]
    loses: tuple[PostId, ...]
    leaks: int
    why_not: WhyNot | None
    ask_by_radio: tuple[UnitId, ...]
    text: str
    certificate: dict[str, Any] | None
    awaits_odds: bool = False
    odds: Odds | None = None


@dataclass(frozen=True, slots=True)
class Readiness:
    """The answer for one moment, ``computed_at`` (unix seconds, handed in); after ``valid_for_s`` it says nothing.

    ``offers`` is what it was judged by, for advice on it (``lockdown.advice``).
    """

    computed_at: float
    valid_for_s: int
    digest: str
    state: State
    ring_priority: Ring
    joint: Verdict
    town: Verdict
    county: Verdict
    leaks: tuple[Leak, ...]
    unknown_units: tuple[UnitId, ...]
    trust: dict[UnitId, Trust]
    offers: Offers = field(repr=False, compare=False)


def assess(
    graph: Graph,
    fields: Fields,
    posts: Sequence[Post],
    units: Sequence[UnitNow],
    rules: Rules,
    *,
    leaks: Mapping[Ring, Sequence[Leak]],
    computed_at: float,
    version: str = "",
) -> Readiness:
    """Return the readiness of both rings, together and each alone; never READY, for that needs odds as well.

    Args:
        graph: built with the closures that hold.
        fields: of ``graph`` and these posts.
        posts: of both rings; units serve at most one, or one group that one crew holds.
        units: what is known of each unit now, each id once.
        rules: the county's; ``rules.verdict_valid_s`` says how long the answer holds.
        leaks: of each ring (``find_leaks``); a ring without an entry counts as not checked and is never ready.
        computed_at: unix seconds, for the record only.
        version: of the program, part of the digest.

    Raises:
        ValueError: NaN, a unit or post given twice, fields of other posts.
    """
    if len({unit.id for unit in units}) != len(units):
        raise ValueError("units: an id is given twice")
    if fields.posts != tuple(sorted(post.id for post in posts)):
        raise ValueError("fields and posts differ; compute the fields of these posts")
    ordered = sorted(units, key=lambda unit: unit.id)
    offers = Offers(graph, fields, tuple(ordered), demands_of(posts), rules)
    digest = digest_of(graph, rules, posts, ordered, version)
    case = _Case(offers, rules, leaks, digest)
    joint, town, county = case.verdict(BOTH), case.verdict((Ring.TOWN,)), case.verdict((Ring.COUNTY,))
    trust = {unit.id: trust_of(unit, rules) for unit in ordered}
    return Readiness(
        computed_at=computed_at,
        valid_for_s=rules.verdict_valid_s,
        digest=digest,
        state=joint.state,
        ring_priority=rules.ring_priority,
        joint=joint,
        town=town,
        county=county,
        leaks=tuple(leak for ring in BOTH for leak in leaks.get(ring, ())),
        unknown_units=offers.unknown(),
        trust=trust,
        offers=offers,
    )


@dataclass(frozen=True, slots=True)
class _Case:
    offers: Offers
    rules: Rules
    leaks: Mapping[Ring, Sequence[Leak]]
    digest: str

    def verdict(self, rings: tuple[Ring, ...]) -> Verdict:
        """Judge the posts of these rings, with every unit."""
        asked = [j for j, a in enumerate(self.offers.asked) if a.demand.ring in rings]
        if not asked:
            return self._nothing_asked(rings)
        sure = self.offers.sure.only(asked)
        solution = solve(sure)
        if solution.feasible:
            return self._feasible(rings, sure, solution)
        best = self.offers.best.only(asked)
        hoped = solve(best)
        if not hoped.feasible:
            return self._infeasible(rings, sure, best, hoped)
        return self._undecided(rings, (sure, solution), (best, hoped))

    def _feasible(self, rings: tuple[Ring, ...], sure: Table, solution: Solution) -> Verdict:
        slack = solution.slack.permille if solution.slack else 0
        open_ = self._open(rings)
        unchecked = any(ring not in self.leaks for ring in rings)
        ready = slack >= self.rules.ready_travel_slack_permille and not open_ and not unchecked
        return self._made(
            rings,
            State.AT_RISK,
            sure,
            solution,
            feasible=True,
            awaits=ready,
            text=leak_text(open_, unchecked=unchecked),
            certificate=certificate_of(sure, solution, self.digest),
        )

    def _infeasible(self, rings: tuple[Ring, ...], sure: Table, best: Table, hoped: Solution) -> Verdict:
        why = why_not(best, hoped, self.offers)
        return self._made(
            rings,
            State.NOT_POSSIBLE,
            sure,
            hoped,
            feasible=False,
            why=why,
            text=why.text,
            certificate=certificate_of(best, hoped, self.digest),
        )

    def _undecided(
        self, rings: tuple[Ring, ...], sure: tuple[Table, Solution], best: tuple[Table, Solution]
    ) -> Verdict:
        why = why_not(sure[0], sure[1], self.offers)
        proof = undecided(
            certificate_of(sure[0], sure[1], self.digest), certificate_of(best[0], best[1], self.digest), self.digest
        )
        return self._made(
            rings,
            State.UNKNOWN,
            sure[0],
            sure[1],
            feasible=None,
            why=why,
            ask=ask_by_radio(sure[0], best[0]),
            text=why.text,
            certificate=proof,
        )

    def _made(
        self,
        rings: tuple[Ring, ...],
        state: State,
        sure: Table,
        solution: Solution,
        *,
        feasible: bool | None,
        awaits: bool = False,
        text: str,
        certificate: dict[str, Any],
        why: WhyNot | None = None,
        ask: tuple[UnitId, ...] = (),
    ) -> Verdict:
        optimum = solution.optimum
        plan, loses = (optimum.plan, ()) if feasible and optimum else self._what_can_be(sure)
        return Verdict(
            rings=rings,
            state=state,
            feasible=feasible,
            deadline_ms=_deadlines(sure, rings),
            t_star_ms=optimum.ratio[0] if optimum else None,
            t_star_by_ring_ms=dict(optimum.t_star_ms) if optimum else {},
            ratio_permille=-(-1000 * optimum.ratio[0] // optimum.ratio[1]) if optimum else None,
            travel_slack_permille=solution.slack.permille if solution.slack else None,
            weakest_post=optimum.weakest if optimum else None,
            margin_ms=optimum.margin_ms if optimum else None,
            plan=plan,
            also_holds={d.id: tuple(p for p in d.posts if p != d.id) for d in sure.demands if len(d.posts) > 1},
            loses=loses,
            leaks=self._open(rings),
            why_not=why,
            ask_by_radio=ask,
            text=text + loss_text(loses, self.rules.ring_priority, rings),
            certificate=certificate,
            awaits_odds=awaits,
        )

    def _open(self, rings: tuple[Ring, ...]) -> int:
        return sum(len(self.leaks.get(ring, ())) for ring in rings)

    def _what_can_be(self, sure: Table) -> tuple[tuple[Assigned, ...], tuple[PostId, ...]]:
        """Return a plan for the posts that can surely be staffed, the first ring before the other, and the rest."""
        kept = best_subset(sure, self.rules.ring_priority)
        loses = tuple(post for j, d in enumerate(sure.demands) if j not in kept for post in d.posts)
        if not kept:
            return (), loses
        optimum = solve(sure.only(kept)).optimum
        return (optimum.plan if optimum else ()), loses

    def _nothing_asked(self, rings: tuple[Ring, ...]) -> Verdict:
        return Verdict(
            rings,
            State.UNKNOWN,
            None,
            {},
            None,
            {},
            None,
            None,
            None,
            None,
            (),
            {},
            (),
            0,
            None,
            (),
            "没有卡点。",
            None,
        )


def _deadlines(table: Table, rings: tuple[Ring, ...]) -> dict[Ring, int]:
    """Return the latest deadline of each ring's posts."""
    return {ring: max((d.deadline_ms for d in table.demands if d.ring == ring), default=0) for ring in rings}
