"""Two more questions about a plan's odds: would another plan hold more often, and what does re-planning make of it?

Both are answered by samples of their own, independent of the one behind the verdict; neither changes the verdict or the
plan that is shown. Same inputs, same bytes: the seeds come from the digest.
"""

from pydantic import BaseModel, ConfigDict

from api.paper.terms import ASSUMED, percent
from api.plan.inputs import Prepared
from api.plan.odds import ShareOut
from lockdown.noise import Sample, seed_of, starts_of
from lockdown.probable import most_probable
from lockdown.readiness import Readiness
from lockdown.replan import Drives, replanned
from lockdown.risk import SCENARIOS, committed, share
from lockdown.weigh import case_of

CHOOSING, JUDGING, REPLANNING = 1, 2, 3
"""Purposes of the samples (``lockdown.noise.seed_of``); 0 is the verdict's."""

CHOSEN_ON = 4_096
"""Scenarios that the plan for probability is chosen on."""

REPLANNED_ON = 1_000
"""Scenarios that are driven junction by junction, 60 to 300 a second."""


class _Out(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PairOut(_Out):
    """One order of a plan."""

    unit: str
    post: str


class ProbableOut(_Out):
    """The plan for probability, best found, beside the plan shown: both judged on one sample that chose neither.

    ``won``: scenarios in which it alone holds, ``lost``: the plan shown alone. ``difference`` of the two shares, with
    its 95 % limits (normal, of paired shares). ``changed``: its orders that the plan shown does not have.
    """

    shown: ShareOut
    probable: ShareOut
    won: int
    lost: int
    difference: float
    low: float
    high: float
    same: bool
    plan: list[PairOut]
    changed: list[PairOut]
    chosen_on: int
    assumed: bool
    text: str


class ReplannedOut(_Out):
    """The plan looked at again every 30 s, beside itself left alone, on the same scenarios.

    ``replanning_lost``: scenarios that the plan would have held untouched; ``replanning_won`` the other way.
    """

    committed: ShareOut
    replanned: ShareOut
    replanning_lost: int
    replanning_won: int
    assumed: bool
    text: str


def probable_plan(prepared: Prepared, readiness: Readiness, scenarios: int = SCENARIOS) -> ProbableOut | None:
    """Return the plan for probability of both rings; None where not every post can be staffed in time."""
    joint = readiness.joint
    if not joint.feasible:
        return None
    case, plan = case_of(readiness, prepared.trees), [(order.unit, order.post) for order in joint.plan]
    found = most_probable(case, plan, Sample(seed_of(readiness.digest, CHOOSING), CHOSEN_ON))
    sample = Sample(seed_of(readiness.digest, JUDGING), scenarios)
    ours, theirs = committed(case, found, sample), committed(case, plan, sample)
    won, lost = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    difference = (won - lost) / scenarios
    spread = 1.96 * (max(0.0, won + lost - (won - lost) ** 2 / scenarios) ** 0.5) / scenarios
    shown, probable = (ShareOut.of(share(int(held.sum()), scenarios)) for held in (theirs, ours))
    assumed, same = case.noise.assumed, set(found) == set(plan)
    return ProbableOut(
        shown=shown,
        probable=probable,
        won=won,
        lost=lost,
        difference=round(difference, 6),
        low=round(difference - spread, 6),
        high=round(difference + spread, 6),
        same=same,
        plan=[PairOut(unit=unit, post=post) for unit, post in found],
        changed=[PairOut(unit=unit, post=post) for unit, post in found if (unit, post) not in set(plan)],
        chosen_on=CHOSEN_ON,
        assumed=assumed,
        text=_probable_text(shown, probable, difference, spread, same=same, assumed=assumed),
    )


def replanned_plan(prepared: Prepared, readiness: Readiness, scenarios: int = REPLANNED_ON) -> ReplannedOut | None:
    """Return what re-planning makes of the joint plan; None where there is no whole plan to begin with.

    Raises:
        ValueError: a noise model under which roads have no times of their own.
    """
    joint = readiness.joint
    if not joint.feasible:
        return None
    case, plan = case_of(readiness, prepared.trees), [(order.unit, order.post) for order in joint.plan]
    starts = starts_of(prepared.trees, case.table, [unit.position for unit in readiness.offers.units])
    sample = Sample(seed_of(readiness.digest, REPLANNING), scenarios)
    held = committed(case, plan, sample)
    found = replanned(Drives(case, prepared.trees, starts), plan, sample, held)
    untouched, again = ShareOut.of(share(int(held.sum()), scenarios)), ShareOut.of(found.share)
    return ReplannedOut(
        committed=untouched,
        replanned=again,
        replanning_lost=found.lost,
        replanning_won=found.won,
        assumed=case.noise.assumed,
        text=_replanned_text(untouched, again, found.lost, found.won, assumed=case.noise.assumed),
    )


def _probable_text(
    shown: ShareOut, probable: ShareOut, difference: float, spread: float, *, same: bool, assumed: bool
) -> str:
    noise = f"，时间误差为{ASSUMED}值" if assumed else ""
    if same:
        return f"按把握另选（已找到的最好）：与本派警单相同，{_share(shown)}{noise}"
    low, high = 100 * (difference - spread), 100 * (difference + spread)
    return (
        f"按把握另选（已找到的最好）：{_share(probable)}，本派警单 {_share(shown)}；"
        f"相差 {100 * difference:+.1f} 个百分点（{low:+.1f} 至 {high:+.1f}），另一组随机样本评定{noise}"
    )


def _replanned_text(untouched: ShareOut, again: ShareOut, lost: int, won: int, *, assumed: bool) -> str:
    noise = f"，时间误差为{ASSUMED}值" if assumed else ""
    return (
        f"每 30 秒重排一次：{_share(again)}，不重排 {_share(untouched)}；"
        f"{again.scenarios} 次中，重排救回 {won} 次，重排反而失去 {lost} 次（replanning_lost）{noise}"
    )


def _share(found: ShareOut) -> str:
    return f"{percent(found.p)}（{percent(found.low)} – {percent(found.high)}）"
