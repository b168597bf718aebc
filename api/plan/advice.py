"""The shape of losses and fixes on the wire: ``advised`` puts them into a readiness that was said before."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from lockdown.advice import Advice, Advised
from lockdown.fix_text import fix_text
from lockdown.fixes import Fix, Fixes
from lockdown.losses import Losses
from lockdown.times import shown_s

FIRST = 12
"""So many single fixes go over the live feed, which says them every second; ``/v1/readiness`` has all."""


class _Out(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LossesOut(_Out):
    """Whom the plan cannot lose: ``single`` units, ``double`` pairs of others, ``posts`` with all who are on them."""

    single: list[str]
    double: list[list[str]]
    posts: list[str]

    @classmethod
    def of(cls, losses: Losses) -> "LossesOut":
        """Translate."""
        return cls(single=list(losses.single), double=[list(pair) for pair in losses.double], posts=list(losses.posts))


class FixOut(_Out):
    """One thing to do. ``takes_s`` null: it cannot be known; ``within_s``: the unit must be free to go by then.

    ``need`` and ``setup_s`` are as they are and as they would be; ``spots`` is at how many places it would do, of which
    one is given: a standby point, or a junction of ``roads``. ``counted`` of answer: the unit counts already, at the
    worst place that it may be at.
    """

    kind: str
    unit: str | None
    posts: list[str]
    helps_now: bool
    takes_s: float | None
    within_s: float | None
    standby: str | None
    lat: float | None
    lon: float | None
    spots: int
    roads: list[str]
    leaves: str | None
    counted: bool
    need: list[int] | None
    setup_s: list[float] | None
    crew: int | None
    equipment: list[str]
    text: str

    @classmethod
    def of(cls, fix: Fix, names: Mapping[str, str]) -> "FixOut":
        """Translate; ``names`` are for the text."""
        action = fix.action
        return cls(
            kind=action.kind.value,
            unit=action.unit,
            posts=list(fix.posts),
            helps_now=fix.helps_now,
            takes_s=None if fix.takes_ms is None else shown_s(fix.takes_ms),
            within_s=None if fix.within_ms is None else fix.within_ms // 100 / 10,
            standby=fix.standby,
            lat=None if fix.at is None else round(fix.at.lat, 7),
            lon=None if fix.at is None else round(fix.at.lon, 7),
            spots=len(fix.spots),
            roads=list(fix.roads),
            leaves=None if fix.leaves is None else fix.leaves.value,
            counted=fix.counted,
            need=None if fix.need is None or action.need is None else [fix.need, action.need],
            setup_s=None if fix.setup_ms is None else [shown_s(ms) for ms in fix.setup_ms],
            crew=fix.crew,
            equipment=list(fix.equipment),
            text=fix_text(fix, names),
        )


class FixesOut(_Out):
    """What would help: each of ``single`` alone; without one ``smallest`` together; ``keeping`` with no post lowered.

    ``deficiency`` counts only units that surely count; ``proved``: no set of fewer actions than ``smallest`` does.
    ``count`` is how many single ones there are; the live feed carries the first of them.
    """

    deficiency: int
    count: int
    single: list[FixOut]
    smallest: list[FixOut]
    keeping: list[FixOut]
    proved: bool

    @classmethod
    def of(cls, fixes: Fixes, names: Mapping[str, str]) -> "FixesOut":
        """Translate."""
        return cls(
            deficiency=fixes.deficiency,
            count=len(fixes.single),
            single=[FixOut.of(fix, names) for fix in fixes.single],
            smallest=[FixOut.of(fix, names) for fix in fixes.smallest],
            keeping=[FixOut.of(fix, names) for fix in fixes.keeping],
            proved=fixes.proved,
        )


def advised(readiness: dict[str, Any], advice: Advised, names: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return a readiness as of ``readiness_json`` with ``losses`` and ``fixes`` in its three verdicts.

    ``names`` of units, posts and standby points for the texts; ids without them.
    """
    parts = {"joint": advice.joint, "town": advice.town, "county": advice.county}
    return {**readiness, **{ring: {**readiness[ring], **_parts(part, names or {})} for ring, part in parts.items()}}


def first_of(verdict: dict[str, Any]) -> dict[str, Any]:
    """Return a verdict with the first of its single fixes; they come by usefulness."""
    fixes = verdict["fixes"]
    return verdict if fixes is None else {**verdict, "fixes": {**fixes, "single": fixes["single"][:FIRST]}}


def _parts(advice: Advice, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "losses": None if advice.losses is None else LossesOut.of(advice.losses).model_dump(mode="json"),
        "fixes": None if advice.fixes is None else FixesOut.of(advice.fixes, names).model_dump(mode="json"),
    }
