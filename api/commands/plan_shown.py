"""The tables that ``kakou plan`` prints."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.paper.terms import RINGS, clock, named, names_of
from api.plan.odds import OddsOut
from api.plan.wire import ReadinessOut, VerdictOut
from camera_config.county import County

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


def show(console: Console, answer: ReadinessOut, county: County, chances: Sequence[str] = ()) -> None:
    """Print verdicts, odds, orders, and what would help; ``chances``: more lines about the odds."""
    call_signs = {str(unit.id): unit.call_sign for unit in county.units}
    names = {str(post.id): post.name for post in county.posts}
    every = names_of(county)
    console.print(_verdicts(answer, names))
    for key, verdict in (("joint", answer.joint), ("town", answer.town), ("county", answer.county)):
        if verdict.text:
            console.print(Text(f"{RINGS[key]} {key}：{named(verdict.text, every)}"))
        if verdict.odds:
            console.print(Text(f"{RINGS[key]} {key}：{_odds(verdict.odds)}"))
        if verdict.ask_by_radio:
            console.print(Text(f"  请用电台询问：{'、'.join(_both(call_signs, u) for u in verdict.ask_by_radio)}"))
    for line in chances:
        console.print(Text(line))
    console.print(_orders(answer.joint, call_signs, names))
    if answer.joint.why_not:
        console.print(_others(answer.joint, call_signs))
    for key, verdict in (("joint", answer.joint), ("town", answer.town), ("county", answer.county)):
        if verdict is answer.joint or verdict.fixes is None or verdict.fixes != answer.joint.fixes:
            for line in _advice(verdict, call_signs, names):
                told = named(line, every)
                console.print(Text(told if told.startswith("  ") else f"{RINGS[key]} {key}：{told}"))
    for leak in answer.leaks:
        console.print(Text(f"缺口 leak [{leak.ring}] {leak.road} {leak.lat:.5f},{leak.lon:.5f}", style="red"))
    console.print(Text(f"摘要 digest {answer.digest}", style="dim"))


def _verdicts(answer: ReadinessOut, names: dict[str, str]) -> Table:
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
        times = "，".join(f"{ring} {clock(s)}" for ring, s in verdict.t_star_by_ring_s.items())
        table.add_row(
            f"{RINGS[key]} {key}",
            Text(word, style=colour),
            times or "—",
            "，".join(f"{ring} {clock(s)}" for ring, s in verdict.deadline_by_ring_s.items()),
            "—" if verdict.travel_slack is None else f"{verdict.travel_slack:.3f}",
            _both(names, verdict.weakest_post) if verdict.weakest_post else "—",
            "—" if verdict.margin_s is None else f"{verdict.margin_s:.0f} s",
        )
    return table


def _orders(verdict: VerdictOut, call_signs: dict[str, str], names: dict[str, str]) -> Table:
    table = Table(title="派警单 Orders" if verdict.feasible else "能确保的派警单 Orders that can be kept")
    for column in ("单元 unit", "卡点 post", "行驶 drive", "到达 arrive", "到岗 staffed", "余量 margin"):
        table.add_column(column)
    for order in sorted(verdict.plan, key=lambda o: (-o.staffed_s / verdict.deadline_by_ring_s[o.ring], o.unit)):
        post = "、".join(_both(names, name) for name in (order.post, *order.also_holds))
        times = (clock(order.drive_s), clock(order.arrive_s), clock(order.staffed_s))
        table.add_row(_both(call_signs, order.unit), post, *times, f"{order.margin_s:.0f} s")
    return table


def _others(verdict: VerdictOut, call_signs: dict[str, str]) -> Table:
    table = Table(title="其余单元为何不能 Why not the others")
    table.add_column("单元 unit")
    table.add_column("原因 reason")
    for reason in verdict.why_not.others if verdict.why_not else ():
        table.add_row(_both(call_signs, reason.unit), reason.text)
    return table


def _odds(odds: OddsOut) -> str:
    """Return the odds in one line: as committed, with hindsight, and the deadline that would hold."""
    said = [odds.text]
    if odds.hindsight:
        said.append(f"事后重排最多 {100 * odds.hindsight.p:.1f} %")
    if odds.deadline_factor is not None:
        said.append(f"时限为现行的 {odds.deadline_factor:.3f} 倍时有 95 % 把握")
    return "；".join(said)


def _advice(verdict: VerdictOut, call_signs: dict[str, str], names: dict[str, str]) -> Iterator[str]:
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
