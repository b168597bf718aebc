"""What to do about a readiness, after it was said: whom not to lose of what holds, what would help what does not.

Apart from ``assess``, so that the verdict never waits for it. It is about the same units at the same places, and holds
no longer than the readiness does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lockdown.fixes import Fixes, fixes
from lockdown.losses import Losses, losses
from lockdown.readiness import Readiness, Verdict
from lockdown.reopen import Reopened
from lockdown.whatif import Spots


@dataclass(frozen=True, slots=True)
class Advice:
    """On one verdict: ``losses`` where it surely holds, ``fixes`` where it does not; neither where no post is asked."""

    losses: Losses | None
    fixes: Fixes | None


@dataclass(frozen=True, slots=True)
class Advised:
    """On a readiness. ``spots`` are those that the fixes speak of."""

    joint: Advice
    town: Advice
    county: Advice
    spots: Spots


def advise(readiness: Readiness, spots: Spots, reopened: Sequence[Reopened] = ()) -> Advised:
    """Return the advice on ``readiness``; ``spots`` and ``reopened`` are of the roads that it was judged by."""
    joint, town, county = (
        _advice(readiness, verdict, spots, reopened) for verdict in (readiness.joint, readiness.town, readiness.county)
    )
    return Advised(joint, town, county, spots)


def _advice(readiness: Readiness, verdict: Verdict, spots: Spots, reopened: Sequence[Reopened]) -> Advice:
    offers = readiness.offers
    asked = [j for j, a in enumerate(offers.asked) if a.demand.ring in verdict.rings]
    if not asked:
        return Advice(None, None)
    table = offers.sure.only(asked)
    if verdict.feasible:
        return Advice(losses(table, verdict.plan), None)
    return Advice(None, fixes(offers, table, spots, reopened))
