"""What stands on the printed sheet: orders, the figures that they rest on, and all that is not covered.

Words only; ``api.paper.sheet_html`` sets them on paper. A sheet whose plan is not whole has no orders, only lines that
are marked as such: nobody may read out an order of a seal that cannot be closed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from api.paper.orders import Line, lines_of
from api.paper.situation import PostShown, Situation, Staffing
from api.paper.terms import (
    ASSUMED,
    RINGS,
    STATES,
    age_text,
    clock,
    clock_down,
    local,
    named,
    names_of,
    percent,
    side,
    span,
)
from api.plan.wire import VerdictOut
from camera_config.county import Ring
from camera_config.ground import inside

SHOWN_FIXES = 12
SHOWN_LEAKS = 12

BANNERS = {
    "ready": ("● 可以封控", "全部卡点可按时到岗。按余量从小到大逐条下达。"),
    "at_risk": ("▲ 可以封控，但有风险", "按名义时间可按时到岗，余量或把握不足。下达前先看下面的数字。"),
    "not_possible": ("✕ 按时封不住 · 不是封控命令", "已证明不能全部按时到岗。下列各行只供参考，不得当作封控命令下达。"),
    "unknown": ("? 能否封住不明 · 不是封控命令", "须先用电台核实。下列各行只供参考，不得当作封控命令下达。"),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One large figure: ``value`` large, ``note`` small below it."""

    label: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """The whole sheet. ``every_page`` stands on each page; ``kind`` is the state, ``whole`` whether it is an order."""

    county: str
    marks: tuple[str, ...]
    kind: str
    whole: bool
    banner: str
    advice: str
    every_page: tuple[tuple[str, str], ...]
    digest: str
    figures: tuple[Figure, ...]
    verdicts: tuple[tuple[str, ...], ...]
    look_for: str
    deadlines: tuple[str, ...]
    lines: tuple[Line, ...]
    open_posts: tuple[str, ...]
    why: tuple[str, ...]
    fixes: tuple[str, ...]
    ask: tuple[str, ...]
    left: tuple[str, ...]
    leaks: tuple[str, ...]
    notes: tuple[str, ...]


def sheet_of(situation: Situation, look_for: str = "", chances: Sequence[str] = ()) -> Sheet:
    """Return the sheet. ``look_for``: what to stop, as it is read out; ``chances``: more lines about the odds."""
    answer, county, names = situation.answer, situation.county, names_of(situation.county)
    joint, posts = answer.joint, situation.posts()
    lead, advice = BANNERS[joint.state]
    if situation.replayed:
        lead, advice = "旧方案的复核 · 不是封控命令", f"当时的判定：{STATES[joint.state]}。按存档重算，只供核对。"
    if joint.leaks:
        lead, advice = f"{lead}（封控圈有缺口）", f"{advice}卡点全部到岗后仍有 {joint.leaks} 处缺口，见下。"
    return Sheet(
        county=county.name,
        marks=situation.marks,
        kind=joint.state,
        whole=situation.whole,
        banner=lead,
        advice=advice,
        every_page=_every_page(situation),
        digest=answer.digest,
        figures=_figures(joint),
        verdicts=tuple(_verdict(key, getattr(answer, key)) for key in RINGS),
        look_for=look_for,
        deadlines=tuple(span(s) for s in sorted({post.deadline_s for post in county.posts})),
        lines=lines_of(situation, look_for),
        open_posts=tuple(_open(shown) for shown in posts if shown.staffing is not Staffing.IN_TIME),
        why=tuple(_why(joint, situation, names)),
        fixes=tuple(_fixes(joint, names)),
        ask=tuple(_with_age(situation, unit) for unit in joint.ask_by_radio),
        left=tuple(_left(situation)),
        leaks=tuple(
            f"{leak.road or '无名路'} {leak.lat:.5f},{leak.lon:.5f}（{'县城' if leak.ring == 'town' else '县界'}）"
            for leak in answer.leaks[:SHOWN_LEAKS]
        )
        + ((f"…… 其余 {len(answer.leaks) - SHOWN_LEAKS} 处",) if len(answer.leaks) > SHOWN_LEAKS else ()),
        notes=(*_losses(joint, names), *chances),
    )


def _every_page(situation: Situation) -> tuple[tuple[str, str], ...]:
    answer, offset = situation.answer, situation.county.utc_offset_s
    ordered = {order.unit for order in answer.joint.plan}
    ages = [unit.age_s for unit in situation.units if unit.id in ordered and unit.age_s is not None]
    fresh = sum(unit.trust == "fresh" for unit in situation.units)
    oldest = f"，派出单元中最旧 {age_text(max(ages))}" if ages else ""
    return (
        ("判定", STATES[answer.joint.state]),
        ("计算", local(answer.computed_at, offset)),
        ("有效至", f"{local(situation.valid_until, offset)}，过时须重新计算后才能下令"),
        ("位置", f"{fresh}/{len(situation.units)} 个单元可用{oldest}"),
        ("版本", f"kakou {situation.version}"),
    )


def _figures(joint: VerdictOut) -> tuple[Figure, ...]:
    stars, limits = _by_ring(joint.t_star_by_ring_s), _by_ring(joint.deadline_by_ring_s)
    if joint.feasible:
        about = "从下令到最后一个卡点到岗"
    elif joint.feasible is None:
        about = "只算确实可用的单元，已超过时限"
    else:
        about = "不明的单元也算可用，仍超过时限"
    star = Figure("最短到岗 T*", stars or "—", about if stars else "人手不够，任何时间都没有完整的派法")
    limit = Figure("时限", limits or "—", "从下令起，含本秒")
    odds = joint.odds
    if odds is None:
        said = "尚未算出，请稍后重新打印" if joint.feasible else "没有完整的派法，不计算"
        return star, limit, Figure("按时到位的把握", "—", said)
    committed = odds.committed
    note = f"95 % 界限 {percent(committed.low)} – {percent(committed.high)}"
    label = f"按时到位的把握（{ASSUMED}）" if odds.noise.assumed else "按时到位的把握"
    tail = f"；时间误差为{ASSUMED}值，未经演练校准" if odds.noise.assumed else ""
    return star, limit, Figure(label, percent(committed.p), note + tail)


def _by_ring(seconds: Mapping[str, float]) -> str:
    return " · ".join(f"{RINGS[ring][:2]} {clock(seconds[ring])}" for ring in RINGS if ring in seconds)


def _verdict(key: str, verdict: VerdictOut) -> tuple[str, ...]:
    odds = verdict.odds
    chance = "—" if odds is None else f"{percent(odds.committed.p)}（≥ {percent(odds.committed.low)}）"
    return (
        RINGS[key],
        STATES[verdict.state],
        "—" if verdict.t_star_s is None else clock(verdict.t_star_s),
        "—" if verdict.margin_s is None else clock_down(verdict.margin_s),
        chance + (f" {ASSUMED}" if odds is not None and odds.noise.assumed else ""),
    )


def _open(shown: PostShown) -> str:
    post = shown.post
    what = f"{post.name}，{post.road}，{side(post)}，需 {post.need_units} 个单元，时限 T+{clock(post.deadline_s)}"
    if shown.staffing is Staffing.LATE and shown.staffed_s is not None:
        late_s = shown.staffed_s - post.deadline_s
        return f"▲ {what}：赶不上，最早 T+{clock(shown.staffed_s)}，晚 {clock(late_s)}"
    return f"✕ {what}：没有足够单元能确保到岗"


def _why(joint: VerdictOut, situation: Situation, names: dict[str, str]) -> list[str]:
    why = joint.why_not
    if why is None:
        return []
    in_time = "、".join(names.get(unit, unit) for unit in why.units_in_time)
    posts = "、".join(names.get(post, post) for post in why.posts)
    have = f"{len(why.units_in_time)} 个{f'：{in_time}' if in_time else ''}"
    said = [f"{posts} 共需 {why.need} 个单元，按时能到岗的只有 {have}；全部卡点合计缺 {why.deficiency} 个。"]
    reasons: dict[str, list[str]] = {}
    for other in why.others:
        kind, _, by = other.text.partition("，")
        name = names.get(other.unit, other.unit)
        reasons.setdefault(kind, []).append(f"{name}（{by}）" if by else name)
    said += [f"{kind}：{'、'.join(units)}" for kind, units in reasons.items()]
    if joint.loses and joint.plan:
        said.append(f"优先保{'县城' if situation.answer.ring_priority == 'town' else '县界'}。")
    return said


def _fixes(joint: VerdictOut, names: dict[str, str]) -> list[str]:
    fixes = joint.fixes
    if fixes is None:
        return [] if joint.feasible else ["补救措施尚未算出，请稍后重新打印。"]
    if fixes.single:
        lead = f"尚缺 {fixes.deficiency} 个单元，以下任一项即可（共 {fixes.count} 项）："
        return [lead, *(named(fix.text, names) for fix in fixes.single[:SHOWN_FIXES])]
    least = "最少" if fixes.proved else "已找到的最少"
    lead = f"没有一项措施足够，至少还缺 {fixes.deficiency} 个单元；{least}须同时采取："
    return [lead, *(named(fix.text, names) for fix in fixes.smallest)]


def _left(situation: Situation) -> list[str]:
    """Return the units that stay in town: without an order, free, and last seen within the town's ring."""
    ordered = {order.unit for order in situation.answer.joint.plan}
    outline = next((area.outline for area in situation.county.rings if area.ring is Ring.TOWN), None)
    if outline is None:
        return []
    found = []
    for unit in situation.units:
        if unit.id in ordered or not unit.free or unit.position is None or unit.trust != "fresh":
            continue
        if inside(outline, np.array([unit.position.lat]), np.array([unit.position.lon]))[0]:
            found.append(unit.call_sign)
    return found


def _losses(joint: VerdictOut, names: dict[str, str]) -> list[str]:
    if joint.losses is None:
        return []
    single = "、".join(names.get(unit, unit) for unit in joint.losses.single)
    return [f"不可缺少的单元（失去任一个即封不住）：{single or '无'}"]


def _with_age(situation: Situation, unit: str) -> str:
    found = next((seen for seen in situation.units if seen.id == unit), None)
    if found is None:
        return unit
    return f"{found.call_sign}（{'从未上报' if found.age_s is None else f'最后位置 {age_text(found.age_s)} 前'}）"
