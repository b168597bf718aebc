"""A readiness with the odds of its plans: what raises AT RISK to READY, and the only thing that does.

``assess`` answers at once and never says READY. Where all else that READY needs holds (``Verdict.awaits_odds``), it is
said here, when the lower limit of the odds of the very plan that is shown is high enough.
"""

from dataclasses import replace

import numpy as np

from camera_config.county import Ring
from lockdown.noise import Sample, Trees, seed_of, split_drives
from lockdown.readiness import BOTH, Readiness, State, Verdict
from lockdown.risk import SCENARIOS, Case, Odds, odds


def weighed(
    readiness: Readiness, trees: Trees, *, scenarios: int = SCENARIOS, knowing: bool = False, only_joint: bool = False
) -> Readiness:
    """Return the readiness with odds for each feasible verdict, and READY where they suffice.

    Args:
        readiness: as ``assess`` gave it.
        trees: of the graph and fields that it was given.
        scenarios: in the sample; the seed is the readiness's digest.
        knowing: count hindsight as well.
        only_joint: leave out the verdicts of each ring alone.
    """
    sample = Sample(seed_of(readiness.digest), scenarios)
    rings = (BOTH,) if only_joint else (BOTH, (Ring.TOWN,), (Ring.COUNTY,))
    whole = case_of(readiness, trees) if any(v.feasible for v in _verdicts(readiness)) else None
    made: dict[tuple[Ring, ...], Odds] = {}
    for verdict in _verdicts(readiness):
        if whole is not None and verdict.feasible and verdict.rings in rings:
            plan = [(a.unit, a.post) for a in verdict.plan]
            made[verdict.rings] = odds(_part(whole, verdict), plan, readiness.digest, sample, knowing=knowing)
    joint, town, county = (judged(v, made.get(v.rings)) for v in _verdicts(readiness))
    return replace(readiness, joint=joint, town=town, county=county, state=joint.state)


def judged(verdict: Verdict, found: Odds | None) -> Verdict:
    """Return the verdict with these odds; without odds it is what it was."""
    if found is None:
        return verdict
    if verdict.awaits_odds and found.enough:
        return replace(verdict, odds=found, state=State.READY)
    return replace(verdict, odds=found, text=verdict.text + _text(found) if not found.enough else verdict.text)


def case_of(readiness: Readiness, trees: Trees) -> Case:
    """Return what the odds of any plan of this readiness are counted on: the units that surely count."""
    offers = readiness.offers
    split = split_drives(trees, offers.sure, [unit.position for unit in offers.units])
    return Case(offers.sure, split, offers.rules.noise)


def _verdicts(readiness: Readiness) -> tuple[Verdict, Verdict, Verdict]:
    return readiness.joint, readiness.town, readiness.county


def _part(whole: Case, verdict: Verdict) -> Case:
    demands = [j for j, d in enumerate(whole.table.demands) if d.ring in verdict.rings]
    return Case(whole.table.only(demands), np.ascontiguousarray(whole.split[:, demands]), whole.noise)


def _text(found: Odds) -> str:
    held, low, _ = found.committed.shown_permille
    return f"按时到位的把握 {held / 10:.1f} %（下限 {low / 10:.1f} %），不足 95 %。"
