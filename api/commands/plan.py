"""``kakou plan``: can both rings be staffed in time from these positions, and who goes where."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from camera_config.example import example_county

if TYPE_CHECKING:
    from api.plan.odds import OddsOut
    from api.plan.wire import ReadinessOut, VerdictOut

STATES = {
    "ready": ("● 就绪 READY", "green"),
    "at_risk": ("▲ 有风险 AT RISK", "yellow"),
    "not_possible": ("✕ 不可能 NOT POSSIBLE", "red"),
    "unknown": ("? 不明 UNKNOWN", "blue"),
}
SHOWN_PAIRS = 10
"""So many pairs are named; --json has all."""

SHOWN_FIXES = 15
"""So many single fixes are listed; they come by usefulness."""

RINGS = {"joint": "两圈合计", "town": "县城封控", "county": "县界集结"}


def plan(
    positions: Annotated[
        Path | None, typer.Option(help="JSON list of unit positions; the county's positions.json without it.")
    ] = None,
    county: Annotated[Path | None, typer.Option(help="The county's folder; the invented county without it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything, with certificates, as JSON.")] = False,
    officers: Annotated[bool, typer.Option(help="Also the second crew model: officers summed over units.")] = False,
) -> None:
    """Say whether town and county can be closed now, who goes where, and what is missing if not."""
    from api.commands.officers import show_officers
    from api.plan.advice import advised
    from api.plan.inputs import POSITIONS_FILE, advice_on, odds_on, prepare, read_positions, readiness_now, units_from
    from api.plan.officers import officers_now
    from api.plan.wire import ReadinessOut, readiness_json
    from camera_config.load import load_county

    folder = county or example_county()
    loaded = load_county(folder)
    units = units_from(loaded, read_positions(positions or folder / POSITIONS_FILE))
    prepared = prepare(loaded)
    judged = odds_on(prepared, readiness_now(prepared, units, time.time()), knowing=True)
    advice = advice_on(prepared, judged)
    by_officers = officers_now(prepared, units) if officers else None
    if as_json:
        answer = ReadinessOut.model_validate(advised(readiness_json(judged), advice))
        beside = {"officers": by_officers.model_dump(mode="json")} if by_officers else {}
        print(json.dumps({**plan_json(answer), **beside}, ensure_ascii=False, allow_nan=False))
        return
    call_signs = {str(unit.id): unit.call_sign for unit in loaded.units}
    names = {str(post.id): post.name for post in loaded.posts}
    standby = {str(point.id): point.name for point in loaded.standby_points}
    answer = ReadinessOut.model_validate(advised(readiness_json(judged), advice, {**call_signs, **names, **standby}))
    _show(Console(), answer, call_signs, names)
    if by_officers is not None:
        show_officers(Console(), by_officers, loaded)


def plan_json(answer: "ReadinessOut") -> dict[str, Any]:
    """Return the answer as JSON values; each verdict's state also stands as ``verdict``."""
    body = answer.model_dump(mode="json")
    for key in RINGS:
        body[key] = {"verdict": body[key]["state"], **body[key]}
    return body


def _show(console: Console, answer: "ReadinessOut", call_signs: dict[str, str], names: dict[str, str]) -> None:
    console.print(_verdicts(answer, names))
    for key, verdict in (("joint", answer.joint), ("town", answer.town), ("county", answer.county)):
        if verdict.text:
            console.print(Text(f"{RINGS[key]} {key}：{verdict.text}"))
        if verdict.odds:
            console.print(Text(f"{RINGS[key]} {key}：{_odds(verdict.odds)}"))
        if verdict.ask_by_radio:
            console.print(Text(f"  请用电台询问：{'、'.join(_both(call_signs, u) for u in verdict.ask_by_radio)}"))
    console.print(_orders(answer.joint, call_signs, names))
    if answer.joint.why_not:
        console.print(_others(answer.joint, call_signs))
    for key, verdict in (("joint", answer.joint), ("town", answer.town), ("county", answer.county)):
        if verdict is answer.joint or verdict.fixes is None or verdict.fixes != answer.joint.fixes:
            for line in _advice(verdict, call_signs, names):
                console.print(Text(line if line.startswith("  ") else f"{RINGS[key]} {key}：{line}"))
    for leak in answer.leaks:
        console.print(Text(f"缺口 leak [{leak.ring}] {leak.road} {leak.lat:.5f},{leak.lon:.5f}", style="red"))
    console.print(Text(f"摘要 digest {answer.digest}", style="dim"))


def _verdicts(answer: "ReadinessOut", names: dict[str, str]) -> Table:
    table = Table(title="判定 Verdicts")
    for column in (
        "圈 ring",
        "判定 verdict",
        "最短到岗 T*",
        "时限 deadline",
        "行驶余量 slack",
        "最弱卡点 weakest",
        "余量 margin",
    ):
        table.add_column(column)
    for key, verdict in (("joint", answer.joint), ("town", answer.town), ("county", answer.county)):
        word, colour = STATES[verdict.state]
        times = "，".join(f"{ring} {_clock(s)}" for ring, s in verdict.t_star_by_ring_s.items())
        table.add_row(
            f"{RINGS[key]} {key}",
            Text(word, style=colour),
            times or "—",
            "，".join(f"{ring} {_clock(s)}" for ring, s in verdict.deadline_by_ring_s.items()),
            "—" if verdict.travel_slack is None else f"{verdict.travel_slack:.3f}",
            _both(names, verdict.weakest_post) if verdict.weakest_post else "—",
            "—" if verdict.margin_s is None else f"{verdict.margin_s:.0f} s",
        )
    return table


def _orders(verdict: "VerdictOut", call_signs: dict[str, str], names: dict[str, str]) -> Table:
    table = Table(title="派警单 Orders" if verdict.feasible else "能确保的派警单 Orders that can be kept")
    for column in ("单元 unit", "卡点 post", "行驶 drive", "到达 arrive", "到岗 staffed", "余量 margin"):
        table.add_column(column)
    for order in sorted(verdict.plan, key=lambda o: (-o.staffed_s / verdict.deadline_by_ring_s[o.ring], o.unit)):
        post = "、".join(_both(names, name) for name in (order.post, *order.also_holds))
        times = (_clock(order.drive_s), _clock(order.arrive_s), _clock(order.staffed_s))
        table.add_row(_both(call_signs, order.unit), post, *times, f"{order.margin_s:.0f} s")
    return table


def _others(verdict: "VerdictOut", call_signs: dict[str, str]) -> Table:
    table = Table(title="其余单元为何不能 Why not the others")
    table.add_column("单元 unit")
    table.add_column("原因 reason")
    for reason in verdict.why_not.others if verdict.why_not else ():
        table.add_row(_both(call_signs, reason.unit), reason.text)
    return table


def _odds(odds: "OddsOut") -> str:
    """Return the odds in one line: as committed, with hindsight, and the deadline that would hold."""
    said = [odds.text]
    if odds.hindsight:
        said.append(f"事后重排最多 {100 * odds.hindsight.p:.1f} %")
    if odds.deadline_factor is not None:
        said.append(f"时限为现行的 {odds.deadline_factor:.3f} 倍时有 95 % 把握")
    return "；".join(said)


def _advice(verdict: "VerdictOut", call_signs: dict[str, str], names: dict[str, str]) -> Iterator[str]:
    """Yield what must not be lost, or what would help; indented lines belong to the one before."""
    losses, fixes = verdict.losses, verdict.fixes
    if losses is not None:
        single = "、".join(_both(call_signs, unit) for unit in losses.single) or "无"
        yield f"不可缺少的单元（N−1）：{single}"
        if losses.double:
            yield f"  不可同时缺少（N−2）{len(losses.double)} 对：{'；'.join(_pairs(losses.double, call_signs))}"
        if losses.posts:
            yield f"  失去其全部警力即不能成立的卡点：{'、'.join(_both(names, post) for post in losses.posts)}"
    if fixes is not None:
        if fixes.single:
            yield f"确保尚缺 {fixes.deficiency} 个单元，以下任一项即可（共 {fixes.count} 项）："
            yield from (f"  {n}. {fix.text}" for n, fix in enumerate(fixes.single[:SHOWN_FIXES], 1))
            if fixes.count > SHOWN_FIXES:
                yield f"  …… 其余 {fixes.count - SHOWN_FIXES} 项见 --json"
        else:
            least = "最少" if fixes.proved else "已找到的最少"
            yield f"没有一项措施足够，至少还缺 {fixes.deficiency} 个单元；{least}须同时采取："
            yield from (f"  {n}. {fix.text}" for n, fix in enumerate(fixes.smallest, 1))
        if fixes.keeping and fixes.keeping != fixes.smallest:
            yield "不放弃任何卡点，则须同时采取："
            yield from (f"  {n}. {fix.text}" for n, fix in enumerate(fixes.keeping, 1))


def _pairs(pairs: list[list[str]], call_signs: dict[str, str]) -> list[str]:
    shown = ["＋".join(call_signs.get(unit, unit) for unit in pair) for pair in pairs[:SHOWN_PAIRS]]
    return [*shown, "…"] if len(pairs) > SHOWN_PAIRS else shown


def _both(names: dict[str, str], identity: str) -> str:
    return f"{names.get(identity, '')} {identity}".strip()


def _clock(seconds: float) -> str:
    minutes, rest = divmod(-int(-seconds // 1), 60)
    return f"{minutes}:{rest:02d}"
