"""``kakou contain``: which units, standing where, confine the fugitive to as little as can be?"""

import json
import math
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.commands.leaks import write
from api.commands.race import Folder, Positions, place_named
from api.commands.refusal import bad_input
from camera_config.example import example_county

if TYPE_CHECKING:
    from api.plan.contain import ContainOut
    from camera_config.county import Position

RINGS = {"town": "出城 town", "county": "出县 county"}
CHECKED_AGAINST = {False: "他一路无阻", True: "其余单元都已到位"}


class Least(StrEnum):
    """What is made least."""

    KM = "km"
    JUNCTIONS = "junctions"
    UNITS = "units"


def contain(
    at: Annotated[str, typer.Option(help="Where he was seen: LAT,LON, or a name or id of the county's.")],
    age: Annotated[float, typer.Option(help="Seconds since he was seen there.", min=0.0, max=86_400.0)],
    others_stand: Annotated[
        bool, typer.Option("--others-stand", help="He is held up by the other guards: smaller, and seldom proved.")
    ] = False,
    objective: Annotated[Least, typer.Option(help="Least road, least junctions, or fewest units.")] = Least.KM,
    limit: Annotated[float, typer.Option(help="Seconds for the search and its proof.", min=1.0, max=3600.0)] = 30.0,
    positions: Positions = None,
    county: Folder = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    geojson: Annotated[Path | None, typer.Option(help="Write guards and the roads left to him, for a map.")] = None,
) -> None:
    """Say where single units must stand so that he cannot leave the county, and how little is left to him."""
    from api.plan.contain import contain_map

    with bad_input():
        answer = _answer(at, math.ceil(age * 1000), Least(objective), others_stand, limit, positions, county)
        if geojson is not None:
            write(geojson, contain_map(answer))
    if as_json:
        print(json.dumps(answer.model_dump(mode="json"), ensure_ascii=False, allow_nan=False))
    else:
        _show(Console(), answer)


def _answer(
    at: str, age_ms: int, least: Least, others_stand: bool, limit_s: float, positions: Path | None, county: Path | None
) -> "ContainOut":
    from api.plan.confine import search
    from api.plan.contain import OBJECTIVES, ContainIn, answered, question_of
    from api.plan.inputs import POSITIONS_FILE, prepare, read_positions, units_from
    from camera_config.load import load_county

    folder = county or example_county()
    loaded = load_county(folder)
    units = units_from(loaded, read_positions(positions or folder / POSITIONS_FILE))
    seen: Position = place_named(loaded, at)
    prepared = prepare(loaded)
    question = question_of(prepared, units, seen, age_ms)
    asked = ContainIn(
        lat=seen.lat,
        lon=seen.lon,
        seen_ago_s=age_ms / 1000,
        objective=least.value,
        others_stand=others_stand,
        roads=True,
    )
    found = None
    if not question.may_be_out:
        found = search(question.chase, OBJECTIVES[least.value], others_stand=others_stand, limit_s=limit_s)
    return answered(prepared, units, question, asked, found, limit_s=limit_s, computed_at=time.time())


def _show(console: Console, answer: "ContainOut") -> None:
    from api.plan.contain import clock

    lat, lon = answer.seen
    console.print(Text(f"目击 seen {lat:.5f},{lon:.5f}，{clock(answer.seen_ago_s)} 前；现在下令 ordered now"))
    console.print(Text(f"能确保的单元 {answer.counted} 个：位置不可信的、在忙的不计"))
    for ring, leaves_s in answer.leaves_in_s.items():
        if leaves_s is None:
            said = "没有路 no way"
        elif leaves_s <= 0:
            said = f"现在已可能在外，最早 {clock(-leaves_s)} 前 may be out"
        else:
            said = f"无人阻拦时最早 {clock(math.floor(leaves_s))} 后"
        console.print(Text(f"{RINGS[ring]}：{said}", style="red" if (leaves_s or 1) <= 0 else ""), soft_wrap=True)
    good = answer.value is not None
    console.print(Text(answer.text, style="green" if good else "red"), soft_wrap=True)
    if not good:
        return
    console.print(Text(f"每处一个单元，到位先后按{CHECKED_AGAINST[answer.others_stand]}计；最紧的在前"), soft_wrap=True)
    table = Table(title="围控 Containment")
    table.add_column("单元 unit")
    table.add_column("位置 where", overflow="fold")
    table.add_column("经纬度 lat,lon", no_wrap=True)
    for column in ("到位", "他到", "早于他"):
        table.add_column(column, no_wrap=True)
    for guard in answer.guards:
        table.add_row(
            f"{guard.call_sign} {guard.unit}",
            guard.place,
            f"{guard.lat:.5f},{guard.lon:.5f}",
            clock(guard.stands_in_s),
            "到不了" if guard.comes_in_s is None else clock(math.floor(guard.comes_in_s)),
            "—" if guard.first_by_s is None else f"{math.floor(guard.first_by_s)} s",
        )
    console.print(table)
    console.print(Text("围控只保证他出不去；哪个单元没有到位，围控即告失效，须重新计算"), soft_wrap=True)
