"""Why not: which posts ask too much, who could serve them in time, and why everyone else could not. Text in Chinese."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from camera_config.county import Ring, UnitStatus
from camera_config.ids import PostId, UnitId
from lockdown.asks import stays_long_enough
from lockdown.offers import Offers
from lockdown.seal import Solution
from lockdown.table import Table
from lockdown.times import clock_text
from lockdown.units import Trust, UnitNow, fits, surely_unable, trust_of

RING_TEXT = {Ring.TOWN: "县城", Ring.COUNTY: "县界"}


class Reason(StrEnum):
    """Why a unit does not serve any of the posts in time."""

    TOO_FAR = "too_far"
    NO_ROAD = "no_road"
    ON_CALL = "on_call"
    COMMITTED_OTHER = "committed_other"
    OFF_DUTY = "off_duty"
    SHIFT_ENDS = "shift_ends"
    CREW = "crew"
    EQUIPMENT = "equipment"
    SILENT = "silent"
    FROZEN = "frozen"
    UNTRUSTED = "untrusted"
    NEVER_SEEN = "never_seen"
    STATUS_UNKNOWN = "status_unknown"


@dataclass(frozen=True, slots=True)
class UnitReason:
    """Why not this unit; ``late_ms`` is by how much it misses the post that it misses least, if that is the reason."""

    unit: UnitId
    reason: Reason
    late_ms: int | None
    text: str


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Posts that ask more than there is; without any one of them the rest could be staffed.

    ``deficiency`` is how many units are missing over all posts asked, not only these.
    """

    posts: tuple[PostId, ...]
    need: int
    units_in_time: tuple[UnitId, ...]
    deficiency: int
    others: tuple[UnitReason, ...]
    text: str


def why_not(table: Table, solution: Solution, offers: Offers) -> WhyNot:
    """Explain an infeasible solution of ``table``.

    Raises:
        ValueError: the solution is feasible.
    """
    shortage = solution.shortage
    if shortage is None:
        raise ValueError("nothing to explain: the plan is feasible")
    columns = [j for j, d in enumerate(table.demands) if d.id in shortage.posts]
    others = tuple(
        _reason(unit, u, table, columns, offers) for u, unit in enumerate(offers.units) if unit.id not in shortage.units
    )
    posts = tuple(post for j in columns for post in table.demands[j].posts)
    text = (
        f"{'、'.join(posts)} 共需 {shortage.need} 个单元，按时能到岗的只有 {len(shortage.units)} 个"
        f"{'：' + '、'.join(shortage.units) if shortage.units else ''}；全部卡点合计缺 {solution.deficiency} 个。"
    )
    return WhyNot(posts, shortage.need, shortage.units, solution.deficiency, others, text)


def leak_text(leaks: int, *, unchecked: bool) -> str:
    """Return what to say of a ring whose posts can be staffed: nothing when it is closed."""
    if unchecked:
        return "卡点可到岗，但封控圈是否闭合尚未检查。"
    return f"卡点可到岗，封控圈未闭合：{leaks} 处缺口。" if leaks else ""


def loss_text(loses: Sequence[PostId], first: Ring, rings: Sequence[Ring]) -> str:
    """Return which posts stay open when not all can be staffed."""
    if not loses:
        return ""
    lead = f"先保{RING_TEXT[first]}；" if len(rings) > 1 else ""
    return f"{lead}不能确保到岗的卡点：{'、'.join(loses)}。"


def _reason(unit: UnitNow, u: int, table: Table, columns: list[int], offers: Offers) -> UnitReason:
    kind, late = _kind(unit, u, table, columns, offers)
    return UnitReason(unit.id, kind, late, _text(unit, kind, late))


def _kind(unit: UnitNow, u: int, table: Table, columns: list[int], offers: Offers) -> tuple[Reason, int | None]:
    rules = offers.rules
    if surely_unable(unit, rules):
        return _BUSY[unit.status], None
    ids = {table.demands[j].id for j in columns}
    asked = [a for a in offers.asked if a.demand.id in ids]
    if not any(fits(unit, 0, a.equipment) for a in asked):
        return Reason.EQUIPMENT, None
    if not any(fits(unit, a.crew_min, a.equipment) for a in asked):
        return Reason.CREW, None
    if not any(fits(unit, a.crew_min, a.equipment) and stays_long_enough(unit, a.demand, rules) for a in asked):
        return Reason.SHIFT_ENDS, None
    late = [ms - table.demands[j].deadline_ms for j in columns if (ms := table.staffed_ms[u][j]) is not None]
    if late:
        return Reason.TOO_FAR, min(late)
    if unit.id in offers.able:
        return Reason.NO_ROAD, None
    if unit.status is UnitStatus.OFF_DUTY:
        return Reason.OFF_DUTY, None
    doubt = _DOUBT.get(trust_of(unit, rules))
    if doubt is None:
        doubt = Reason.STATUS_UNKNOWN if unit.status is UnitStatus.UNKNOWN else Reason.UNTRUSTED
    return doubt, None


_BUSY = {
    UnitStatus.ON_CALL: Reason.ON_CALL,
    UnitStatus.COMMITTED_OTHER: Reason.COMMITTED_OTHER,
    UnitStatus.OFF_DUTY: Reason.OFF_DUTY,
}

_DOUBT = {
    Trust.TOO_OLD: Reason.SILENT,
    Trust.FROZEN: Reason.FROZEN,
    Trust.UNTRUSTED: Reason.UNTRUSTED,
    Trust.NEVER_SEEN: Reason.NEVER_SEEN,
}

_TEXT = {
    Reason.NO_ROAD: "无路可达",
    Reason.ON_CALL: "正在处警",
    Reason.COMMITTED_OTHER: "已另有任务",
    Reason.OFF_DUTY: "不在岗",
    Reason.SHIFT_ENDS: "班次将结束",
    Reason.CREW: "人数不足",
    Reason.EQUIPMENT: "装备不符",
    Reason.UNTRUSTED: "位置不可信",
    Reason.NEVER_SEEN: "从未上报位置",
    Reason.STATUS_UNKNOWN: "状态不明",
}


def _text(unit: UnitNow, kind: Reason, late_ms: int | None) -> str:
    if kind is Reason.TOO_FAR and late_ms is not None:
        return f"太远，晚 {clock_text(late_ms)}"
    if kind is Reason.SILENT:
        return f"失联 {clock_text(unit.seen_age_ms or 0)}"
    if kind is Reason.FROZEN:
        return f"位置冻结 {clock_text(unit.same_place_ms)}"
    return _TEXT[kind]
