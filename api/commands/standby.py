"""``kakou standby``: from which points is the place that is served worst served soonest?"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.commands.leaks import write
from api.commands.race import Folder
from api.commands.refusal import bad_input
from api.plan.standby import Serve
from camera_config.example import example_county

if TYPE_CHECKING:
    from api.plan.standby import ServedOut, StandbyOut

PLACES = {"town": "县城内路口", "posts": "卡点"}


def standby(
    p: Annotated[int, typer.Option("-p", help="How many points.", min=1, max=999)],
    serve: Annotated[Serve, typer.Option(help="Every junction in town, or every post.")] = Serve.TOWN,
    near: Annotated[float, typer.Option(help="Also count places within so many seconds.", min=1.0)] = 180.0,
    limit: Annotated[float, typer.Option(help="Seconds for each step of the proof.", min=1.0, max=3600.0)] = 60.0,
    county: Folder = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    geojson: Annotated[Path | None, typer.Option(help="Write the points, for a map.")] = None,
) -> None:
    """Find the p standby points from which the worst-served place is reached soonest, beside the county's own."""
    from api.plan.inputs import prepare
    from api.plan.standby import standby_map, standby_now
    from camera_config.load import load_county

    with bad_input():
        prepared = prepare(load_county(county or example_county()))
        answer = standby_now(prepared, serve, p, near, limit)
        if geojson is not None:
            write(geojson, standby_map(answer))
    if as_json:
        print(json.dumps(answer.model_dump(mode="json"), ensure_ascii=False, allow_nan=False))
    else:
        _show(Console(), answer)


def _show(console: Console, answer: "StandbyOut") -> None:
    what = PLACES[answer.serve]
    table = Table(title=f"待警点 Standby points：{answer.places} 个{what}，只计行驶时间")
    for column in ("方案", "点数", "最远处要走", "最远处", f"{answer.near_s:.0f} s 内可到"):
        table.add_column(column)
    if answer.own is not None:
        table.add_row("本县现有", *_cells(answer.own, answer.places))
    table.add_row("建议 p-center", *_cells(answer.proposed, answer.places))
    console.print(table)
    if answer.proved:
        said = f"已证明：{answer.proposed.points} 个点不可能更快（候选 {answer.candidates} 个路口）proved"
    else:
        said = f"未证明最优 not proved：任何 {answer.proposed.points} 个点都不会快于 {_clock(answer.bound_s)}"
    console.print(Text(said, style="green" if answer.proved else "yellow"), soft_wrap=True)
    if answer.unreached:
        console.print(Text(f"另有 {answer.unreached} 个{what}没有路可到，未计入", style="red"), soft_wrap=True)
    for number, point in enumerate(answer.points, 1):
        console.print(Text(f"  {number:3}. {point.lat:.5f},{point.lon:.5f}  {point.place}"), soft_wrap=True)


def _cells(served: "ServedOut", places: int) -> tuple[str, ...]:
    worst = "到不了" if served.worst_s is None else _clock(served.worst_s)
    return str(served.points), worst, served.worst_place, f"{served.near}/{places}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(-int(-seconds // 1), 60)
    return f"{minutes}:{rest:02d}"
