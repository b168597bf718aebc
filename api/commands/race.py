"""``kakou race`` and ``kakou cut``: has he got past the posts, and where would the fewest posts close him in?"""

import json
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.commands.plan import write_text
from camera_config.errors import ConfigError
from camera_config.example import example_county

if TYPE_CHECKING:
    from api.plan.inputs import Prepared
    from api.plan.race import CutOut, ExitOut, RaceOut
    from camera_config.county import County, Position
    from lockdown.race import Reach
    from lockdown.units import UnitNow

VERDICTS = {
    "may_have_passed": ("✕ 可能已过", "red"),
    "cannot_pass": ("● 来不及过", "green"),
    "unknown": ("? 未知", "blue"),
}
RINGS = {"town": "出城", "county": "县界"}
AHEAD_S = (0, 300, 900)
"""How far ahead the map shows where he can be."""

Positions = Annotated[
    Path | None, typer.Option(help="JSON list of unit positions; the county's positions.json without it.")
]
Folder = Annotated[Path | None, typer.Option(help="The county's folder; the invented county without it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print everything as JSON.")]


def race(
    place: Annotated[str, typer.Option("--from", help="Where he was seen: LAT,LON, or a name or id of the county's.")],
    seen_ago: Annotated[float, typer.Option(help="Seconds since he was seen there.", min=0.0, max=86_400.0)],
    positions: Positions = None,
    county: Folder = None,
    fewest: Annotated[bool, typer.Option(help="Also the fewest posts that he cannot get to sooner.")] = False,
    as_json: AsJson = False,
    geojson: Annotated[Path | None, typer.Option(help="Write exits, ways and where he can be, for a map.")] = None,
    map_file: Annotated[Path | None, typer.Option("--map", help="Draw the race: FILE.svg or FILE.png.")] = None,
) -> None:
    """Say which exits the fugitive may have passed before they are staffed, if everybody is ordered out now."""
    from api.plan.race import cuts_around, race_now, reaches

    prepared, units = _prepare(positions, county)
    seen = place_named(prepared.county, place)
    answer, chased, found = race_now(prepared, units, seen, math.ceil(seen_ago * 1000), time.time())
    if geojson is not None or map_file is not None:
        areas = reaches(prepared, chased, found, [s * 1000 for s in AHEAD_S])
        if geojson is not None:
            write_text(geojson, json.dumps(drawn(answer, areas), ensure_ascii=False, allow_nan=False))
        if map_file is not None:
            _draw(map_file, prepared, answer, areas, example=positions is None)
    if fewest:
        answer = answer.model_copy(update={"fewest": cuts_around(prepared, units, chased)})
    if as_json:
        print(json.dumps(answer.model_dump(mode="json"), ensure_ascii=False, allow_nan=False))
        return
    console = Console()
    _show(console, answer)
    if answer.fewest is not None:
        _show_cuts(console, answer.fewest, _call_signs(prepared.county), "没有赶得上的卡点组合：总有一条路他先到。")


def cut(
    beyond_m: Annotated[
        float | None,
        typer.Option(help="Metres outside the town that posts may stand; to the county's edge without it."),
    ] = None,
    positions: Positions = None,
    county: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Find the fewest units whose posts close every road out of the town, and what it costs to be sooner."""
    from api.plan.race import cuts_around_town

    prepared, units = _prepare(positions, county)
    cuts = cuts_around_town(prepared, units, beyond_m)
    if as_json:
        print(json.dumps({"cuts": [c.model_dump(mode="json") for c in cuts]}, ensure_ascii=False, allow_nan=False))
        return
    _show_cuts(Console(), cuts, _call_signs(prepared.county), "没有卡点组合能封住县城。")


def _draw(file: Path, prepared: "Prepared", answer: "RaceOut", areas: "list[Reach]", *, example: bool) -> None:
    from api import __version__
    from api.paper.picture import write_picture
    from api.paper.race_map import race_picture

    county = prepared.county
    marks = ("示例" if example else "文件位置", *(("虚构县",) if county.invented else ()))
    by_time = dict(zip(AHEAD_S, areas, strict=True))
    write_picture(file, race_picture(county, answer, by_time, __version__, marks))


def place_named(county: "County", text: str) -> "Position":
    """Return the place: ``LAT,LON``, or the one thing of the county that has this name or id.

    Raises:
        ConfigError: nothing or several things are called so, or no such coordinates.
    """
    from camera_config.county import Position

    named = [
        *((t.id, t.name, t.seat) for t in county.townships),
        *((p.id, p.name, p.position) for p in county.posts),
        *((c.id, c.name, c.position) for c in county.checkpoints),
        *((c.id, c.name, c.position) for c in county.cameras),
        *((s.id, s.name, s.position) for s in county.standby_points),
    ]
    exactly = {(key, position) for key, name, position in named if text in (key, name)}
    for found in (exactly, {(key, position) for key, name, position in named if text and text in name}):
        if len(found) == 1:
            return next(iter(found))[1]
        if found:
            several = ", ".join(sorted(str(key) for key, _ in found)[:5])
            raise ConfigError(f"{text}: {len(found)} places are called so", hint=f"Give an id, such as {several}.")
    try:
        lat, lon = (float(part) for part in text.split(","))
    except ValueError:
        raise ConfigError(f"{text}: no such place", hint="Give LAT,LON, or a name or id of the county's.") from None
    if not (-90.0 <= lat <= 90.0 and -180.0 <= lon <= 180.0):
        raise ConfigError(f"{text}: no such coordinates", hint="Give degrees, latitude first: 42.68,125.53.")
    return Position(lat, lon)


def drawn(answer: "RaceOut", areas: "list[Reach]") -> dict[str, Any]:
    """Return GeoJSON (RFC 7946): the roads he can be on at ``AHEAD_S``, the exits, and his way to each."""
    features = [_feature("Point", answer.seen[::-1], kind="seen", seen_ago_s=answer.seen_ago_s)]
    for ahead_s, area in zip(AHEAD_S, areas, strict=True):
        lines = [[[round(float(lon), 6), round(float(lat), 6)] for lat, lon in line] for line in area.lines]
        features.append(_feature("MultiLineString", lines, kind="reach", in_s=ahead_s, metres=round(area.metres)))
    for exit_ in answer.exits:
        about = exit_.model_dump(mode="json", exclude={"path", "lat", "lon"})
        features.append(_feature("Point", [exit_.lon, exit_.lat], kind="exit", **about))
        if exit_.path:
            way = [[lon, lat] for lat, lon in exit_.path]
            features.append(_feature("LineString", way, kind="way", post=exit_.post, verdict=exit_.verdict))
    return {"type": "FeatureCollection", "features": features}


def _feature(shape: str, coordinates: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": {"type": shape, "coordinates": coordinates}, "properties": properties}


def _prepare(positions: Path | None, folder: Path | None) -> "tuple[Prepared, list[UnitNow]]":
    from api.plan.inputs import POSITIONS_FILE, prepare, read_positions, units_from
    from camera_config.load import load_county

    folder = folder or example_county()
    loaded = load_county(folder)
    units = units_from(loaded, read_positions(positions or folder / POSITIONS_FILE))
    return prepare(loaded), units


def _call_signs(county: "County") -> dict[str, str]:
    return {str(unit.id): unit.call_sign for unit in county.units}


def _show(console: Console, answer: "RaceOut") -> None:
    lat, lon = answer.seen
    console.print(Text(f"目击 seen {lat:.5f},{lon:.5f}，{_clock(answer.seen_ago_s)} 前；现在下令 ordered now"))
    console.print(Text(f"现在可能在 {answer.reach_km:.1f} km 道路上，{answer.reach_junctions} 个路口"))
    table = Table(title="逃逸赛跑 Race (自现在 from now)")
    columns = (
        "圈 ring",
        "出口 exit",
        "道路 road",
        "他最早到 he can be there",
        "到岗 staffed",
        "早 first by",
        "判定 verdict",
    )
    for column in columns:
        table.add_column(column)
    for exit_ in answer.exits:
        word, colour = VERDICTS[exit_.verdict]
        table.add_row(
            f"{RINGS[exit_.ring]} {exit_.ring}",
            f"{exit_.name} {exit_.post}",
            exit_.road,
            _his(exit_),
            "—" if exit_.staffed_in_s is None else _clock(exit_.staffed_in_s),
            "—" if exit_.first_by_s is None else f"{exit_.first_by_s:.0f} s",
            Text(word + ("（现在已可能）" if exit_.already else ""), style=colour),
        )
    console.print(table)
    for ring, leaves_s in answer.leaves_in_s.items():
        if leaves_s is None:
            console.print(Text(f"{RINGS[ring]} {ring}：按此派警他出不去 kept in", style="green"))
        else:
            when = (
                f"已可能在外，最早 {_clock(-leaves_s)} 前" if leaves_s <= 0 else f"最早 {_clock_down(leaves_s)} 后出圈"
            )
            console.print(Text(f"{RINGS[ring]} {ring}：{when}", style="red"))
    kept = (
        RINGS[answer.next_ring] + " " + answer.next_ring
        if answer.next_ring
        else "无 none：通知邻县 tell the neighbours"
    )
    console.print(Text(f"下一圈 next ring：{kept}"))
    if answer.leaks:
        console.print(Text(f"缺口 leaks：{answer.leaks}，见 kakou leaks", style="red"))


def _his(exit_: "ExitOut") -> str:
    comes_s = exit_.arrives_in_s if exit_.comes_in_s is None else exit_.comes_in_s
    if comes_s is None:
        return "到不了"
    held = "（被前卡拦住）" if exit_.comes_in_s is None else ""
    return (f"{_clock(-comes_s)} 前" if comes_s < 0 else _clock_down(comes_s)) + held


def _show_cuts(console: Console, cuts: "list[CutOut]", call_signs: dict[str, str], none: str) -> None:
    if not cuts:
        console.print(Text(none, style="red"))
        return
    trade = Table(title="最少警力与时间 Units × T*")
    for column in ("单元 units", "卡点 posts", "全部到岗 T*", "不可能早于 not before", "证明 proof"):
        trade.add_column(column)
    for one in cuts:
        t_star = "人手分不开 not all at once" if one.t_star_s is None else _clock(one.t_star_s)
        proof = "最优 exact" if one.exact else "已找到的最好 best found"
        trade.add_row(str(one.units), str(len(one.posts)), t_star, _clock(one.least_s), proof)
    console.print(trade)
    shown = next((one for one in cuts if one.t_star_s is not None), cuts[0])
    table = Table(title=f"卡点 Posts：{shown.units} 单元 units")
    for column in ("道路 road", "位置 place", "方向 direction", "需 need", "单元 units", "到岗 staffed"):
        table.add_column(column)
    for post in shown.posts:
        table.add_row(
            post.road,
            f"{post.lat:.5f},{post.lon:.5f}",
            f"{post.bearing_deg:.0f}°",
            str(post.need),
            "、".join(f"{call_signs.get(unit, '')} {unit}".strip() for unit in post.units) or "—",
            "—" if post.staffed_s is None else _clock(post.staffed_s),
        )
    console.print(table)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(math.ceil(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _clock_down(seconds: float) -> str:
    minutes, rest = divmod(math.floor(seconds), 60)
    return f"{minutes}:{rest:02d}"
