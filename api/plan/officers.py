"""The second crew model for people: officers summed over units, beside the plan that counts units."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pydantic import BaseModel, ConfigDict

from api.plan.inputs import Prepared
from lockdown.asks import demands_of
from lockdown.offers import Offers
from lockdown.officers import Summed, summed
from lockdown.seal import Assigned
from lockdown.times import shown_s
from lockdown.units import UnitNow

LIMIT_S = 5.0
"""For each of about a dozen programmes; a county's takes hundredths of a second."""

RINGS = {"town": "县城圈", "county": "县界圈"}


class _Out(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CrewOut(_Out):
    """One unit's order with its officers."""

    unit: str
    crew: int
    post: str
    staffed_s: float


class OfficersOut(_Out):
    """Both rings together, by officers. ``needed``: those that all posts ask; ``counted``: those that surely count.

    ``bound_s``: the weakest post cannot be staffed sooner in any plan; ``proved``: this plan is the soonest.
    ``feasible`` null: not proved either way. ``short``: officers that are missing even if crews were divided at will.
    """

    needed: int
    counted: int
    feasible: bool | None
    t_star_by_ring_s: dict[str, float]
    weakest_post: str | None
    staffed_s: float | None
    bound_s: float | None
    proved: bool
    short: int
    limit_s: float
    plan: list[CrewOut]
    text: str


def officers_now(prepared: Prepared, units: Sequence[UnitNow], limit_s: float = LIMIT_S) -> OfficersOut:
    """Return the soonest plan by officers, of units that surely count.

    A post asks the officers that its units of ``crew_min`` would be; a unit of any size may come, with the equipment.
    """
    asked = demands_of(prepared.county.posts)
    alone = tuple(replace(a, crew_min=1) for a in asked)
    able = tuple(sorted((unit for unit in units if unit.crew >= 1), key=lambda unit: unit.id))
    offers = Offers(prepared.graph, prepared.fields, able, alone, prepared.county.rules)
    need = [a.demand.need * a.crew_min for a in asked]
    crew = {unit.id: unit.crew for unit in able}
    found = summed(offers.sure, [unit.crew for unit in able], need, limit_s=limit_s)
    deadline_ms = 0 if found.ratio is None else found.ratio[1]
    out = OfficersOut(
        needed=sum(need),
        counted=sum(crew[unit] for unit in offers.able),
        feasible=found.feasible,
        t_star_by_ring_s={ring.value: shown_s(ms) for ring, ms in found.t_star_ms.items()},
        weakest_post=found.weakest,
        staffed_s=None if found.ratio is None else shown_s(found.ratio[0]),
        bound_s=None if found.bound is None or not deadline_ms else _bound_s(found, deadline_ms),
        proved=found.proved,
        short=found.short,
        limit_s=limit_s,
        plan=[_crew(order, crew[order.unit]) for order in found.plan],
        text="",
    )
    names = {str(post.id): post.name for post in prepared.county.posts}
    return out.model_copy(update={"text": officers_text(out, names)})


def officers_text(out: OfficersOut, names: Mapping[str, str]) -> str:
    """Return the answer in one sentence; it never says READY."""
    said = f"按人数合计，各卡点共需 {out.needed} 人，能确保的 {out.counted} 人："
    if out.short:
        said += f"即使把各单元拆开分派，按时也差 {out.short} 人；"
    if out.staffed_s is None:
        return said + ("没有可行的派警方案（已证明）" if out.proved else "限时内没有找到派警方案，也没有证明没有")
    word = {True: "能按时到岗", False: "不能按时到岗", None: "没有找到按时到岗的方案，也没有证明没有"}[out.feasible]
    times = "，".join(f"{RINGS[ring]} {_clock(s)}" for ring, s in out.t_star_by_ring_s.items())
    said += f"{word}，最短到岗 {times}，最弱卡点 {names.get(out.weakest_post or '', '')}；"
    if out.proved:
        return said + "已证明最快 proved"
    return said + f"未证明最快 not proved，该卡点不可能早于 {_clock(out.bound_s or 0.0)}"


def _crew(order: Assigned, crew: int) -> CrewOut:
    return CrewOut(unit=order.unit, crew=crew, post=order.post, staffed_s=shown_s(order.staffed_ms))


def _bound_s(found: Summed, deadline_ms: int) -> float:
    staffed, deadline = found.bound or (0, 1)
    return staffed * deadline_ms // deadline // 100 / 10


def _clock(seconds: float) -> str:
    minutes, rest = divmod(-int(-seconds // 1), 60)
    return f"{minutes}:{rest:02d}"
