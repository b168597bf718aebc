"""The shape of a readiness for the wall and other systems (design 0001, section 5).

Seconds are shown with one decimal, never better than they are: times and ratio rounded up, margins and slack down.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict

from api.plan.advice import FixesOut, LossesOut
from api.plan.odds import OddsOut
from camera_config.county import Position
from lockdown.leaks import Leak
from lockdown.readiness import Readiness, Verdict
from lockdown.seal import Assigned
from lockdown.times import shown_s
from lockdown.why import UnitReason, WhyNot


class _Out(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AssignedOut(_Out):
    """One unit's order; ``also_holds`` are other posts that the same crew holds."""

    unit: str
    post: str
    ring: str
    drive_s: float
    arrive_s: float
    staffed_s: float
    margin_s: float
    also_holds: list[str]

    @classmethod
    def of(cls, order: Assigned, verdict: Verdict) -> "AssignedOut":
        """Translate."""
        return cls(
            unit=order.unit,
            post=order.post,
            ring=order.ring.value,
            drive_s=shown_s(order.drive_ms),
            arrive_s=shown_s(order.arrive_ms),
            staffed_s=shown_s(order.staffed_ms),
            margin_s=_down_s(order.margin_ms),
            also_holds=list(verdict.also_holds.get(order.post, ())),
        )


class ReasonOut(_Out):
    """Why not this unit."""

    unit: str
    reason: str
    late_s: float | None
    text: str

    @classmethod
    def of(cls, reason: UnitReason) -> "ReasonOut":
        """Translate."""
        late_s = None if reason.late_ms is None else shown_s(reason.late_ms)
        return cls(unit=reason.unit, reason=reason.reason.value, late_s=late_s, text=reason.text)


class WhyNotOut(_Out):
    """The posts that ask too much, and why nobody else serves them."""

    posts: list[str]
    need: int
    units_in_time: list[str]
    deficiency: int
    text: str
    others: list[ReasonOut]

    @classmethod
    def of(cls, why: WhyNot) -> "WhyNotOut":
        """Translate."""
        return cls(
            posts=list(why.posts),
            need=why.need,
            units_in_time=list(why.units_in_time),
            deficiency=why.deficiency,
            text=why.text,
            others=[ReasonOut.of(reason) for reason in why.others],
        )


class VerdictOut(_Out):
    """What can be said of one ring or of both.

    ``t_star_s`` and ``deadline_s`` are those of the weakest post, which has used the largest share of its deadline;
    without a plan ``deadline_s`` is the longest one. ``losses`` and ``fixes`` (``api.plan.advice``) follow the verdict:
    null until they are computed.
    """

    state: str
    feasible: bool | None
    deadline_s: int
    deadline_by_ring_s: dict[str, int]
    t_star_s: float | None
    t_star_by_ring_s: dict[str, float]
    ratio: float | None
    travel_slack: float | None
    weakest_post: str | None
    margin_s: float | None
    plan: list[AssignedOut]
    loses: list[str]
    leaks: int
    text: str
    why_not: WhyNotOut | None
    ask_by_radio: list[str]
    odds: OddsOut | None
    losses: LossesOut | None = None
    fixes: FixesOut | None = None
    certificate: dict[str, Any] | None

    @classmethod
    def of(cls, verdict: Verdict) -> "VerdictOut":
        """Translate."""
        slack, ratio = verdict.travel_slack_permille, verdict.ratio_permille
        return cls(
            state=verdict.state.value,
            feasible=verdict.feasible,
            deadline_s=_deadline_s(verdict),
            deadline_by_ring_s={ring.value: ms // 1000 for ring, ms in verdict.deadline_ms.items()},
            t_star_s=None if verdict.t_star_ms is None else shown_s(verdict.t_star_ms),
            t_star_by_ring_s={ring.value: shown_s(ms) for ring, ms in verdict.t_star_by_ring_ms.items()},
            ratio=None if ratio is None else ratio / 1000,
            travel_slack=None if slack is None else slack / 1000,
            weakest_post=verdict.weakest_post,
            margin_s=None if verdict.margin_ms is None else _down_s(verdict.margin_ms),
            plan=[AssignedOut.of(order, verdict) for order in verdict.plan],
            loses=list(verdict.loses),
            leaks=verdict.leaks,
            text=verdict.text,
            why_not=WhyNotOut.of(verdict.why_not) if verdict.why_not else None,
            ask_by_radio=list(verdict.ask_by_radio),
            odds=OddsOut.of(verdict.odds) if verdict.odds else None,
            certificate=verdict.certificate,
        )


def _deadline_s(verdict: Verdict) -> int:
    if verdict.t_star_ms is not None and verdict.margin_ms is not None:
        return (verdict.t_star_ms + verdict.margin_ms) // 1000
    return max(verdict.deadline_ms.values()) // 1000


class LeakOut(_Out):
    """A road that leaves a ring past no post; ``lat``, ``lon`` is where a post would stop it."""

    ring: str
    road: str
    lat: float
    lon: float
    bearing_deg: float
    path: list[list[float]]

    @classmethod
    def of(cls, leak: Leak) -> "LeakOut":
        """Translate."""
        return cls(
            ring=leak.ring.value,
            road=leak.road,
            lat=round(leak.post_at.lat, 7),
            lon=round(leak.post_at.lon, 7),
            bearing_deg=round(leak.bearing_deg, 1),
            path=[_pair(point) for point in leak.path],
        )


class ReadinessOut(_Out):
    """The whole answer for one moment."""

    computed_at: float
    valid_for_s: int
    digest: str
    state: str
    ring_priority: str
    joint: VerdictOut
    town: VerdictOut
    county: VerdictOut
    leaks: list[LeakOut]
    unknown_units: list[str]

    @classmethod
    def of(cls, readiness: Readiness) -> "ReadinessOut":
        """Translate; the planner's types never go on the wire."""
        return cls(
            computed_at=readiness.computed_at,
            valid_for_s=readiness.valid_for_s,
            digest=readiness.digest,
            state=readiness.state.value,
            ring_priority=readiness.ring_priority.value,
            joint=VerdictOut.of(readiness.joint),
            town=VerdictOut.of(readiness.town),
            county=VerdictOut.of(readiness.county),
            leaks=[LeakOut.of(leak) for leak in readiness.leaks],
            unknown_units=list(readiness.unknown_units),
        )


def readiness_json(readiness: Readiness) -> dict[str, Any]:
    """Return the readiness as plain JSON values, as it goes on the bus and on the wire."""
    return ReadinessOut.of(readiness).model_dump(mode="json")


def _down_s(ms: int) -> float:
    return ms // 100 / 10


def _pair(point: Position) -> list[float]:
    return [round(point.lat, 7), round(point.lon, 7)]
