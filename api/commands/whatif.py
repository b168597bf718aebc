"""``kakou whatif``: at which junctions and standby points would which unit do?"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from camera_config.errors import CountyError
from camera_config.example import example_county

if TYPE_CHECKING:
    from camera_config.county import County
    from lockdown.whatif import Codes, Spots

ANYWAY = "没有它也能成立 feasible without it"
NOWHERE = "只移动它，到哪里都不能成立 nowhere would do"


def whatif(
    unit: Annotated[str | None, typer.Option(help="Only this unit, by its id.")] = None,
    ring: Annotated[str, typer.Option(help="joint, town or county.")] = "joint",
    positions: Annotated[
        Path | None, typer.Option(help="JSON list of unit positions; the county's positions.json without it.")
    ] = None,
    county: Annotated[Path | None, typer.Option(help="The county's folder; the invented county without it.")] = None,
    geojson: Annotated[Path | None, typer.Option(help="Write the places as GeoJSON to this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print every unit's places as JSON.")] = False,
) -> None:
    """Say where each unit would have to stand for the posts to be staffed in time, all else the same."""
    from api.plan.inputs import POSITIONS_FILE, prepare, read_positions, units_from
    from camera_config.load import load_county
    from lockdown.asks import demands_of
    from lockdown.offers import Offers
    from lockdown.whatif import what_if_map

    if ring not in ("joint", "town", "county"):
        raise CountyError(f"no ring {ring}", hint="Give --ring joint, town or county.")
    folder = county or example_county()
    loaded = load_county(folder)
    if unit is not None and unit not in {str(u.id) for u in loaded.units}:
        raise CountyError(f"no unit {unit}", hint="The units are those of units.csv.")
    known = units_from(loaded, read_positions(positions or folder / POSITIONS_FILE))
    prepared = prepare(loaded)
    ordered = tuple(sorted(known, key=lambda u: u.id))
    offers = Offers(prepared.graph, prepared.fields, ordered, demands_of(loaded.posts), loaded.rules)
    asked = [j for j, a in enumerate(offers.asked) if ring in ("joint", a.demand.ring.value)]
    table = offers.sure.only(asked)
    if not asked:
        raise CountyError(f"no posts in {ring}", hint="The posts are those of posts.geojson.")
    found = what_if_map(offers, table, prepared.spots)
    rows = {str(u): codes for u, codes in zip(table.units, found, strict=True) if unit in (None, str(u))}
    if geojson is not None:
        geojson.write_text(json.dumps(places_geojson(rows, prepared.spots), ensure_ascii=False), encoding="utf-8")
    if as_json:
        print(json.dumps({"ring": ring, "units": places_json(rows, prepared.spots)}, ensure_ascii=False))
        return
    _show(Console(), rows, prepared.spots, loaded)


def places_json(rows: "dict[str, Codes]", spots: "Spots") -> dict[str, Any]:
    """Return for each unit whether it is needed at all, and if so the standby points and junctions that would do."""
    from lockdown.whatif import Does

    made: dict[str, Any] = {}
    for unit, codes in rows.items():
        needed = not (codes == Does.ANYWAY).all()
        would = (codes == Does.WOULD).nonzero()[0].tolist() if needed else []
        made[unit] = {
            "needed": needed,
            "standby": [name for k in would if (name := spots.name(k)) is not None],
            "junctions": [k for k in would if k < spots.junctions],
        }
    return made


def places_geojson(rows: "dict[str, Codes]", spots: "Spots") -> dict[str, Any]:
    """Return the places where some unit would do, each with these units; WGS84, longitude first."""
    from lockdown.whatif import Does

    units: dict[int, list[str]] = {}
    for unit, codes in rows.items():
        for k in (codes == Does.WOULD).nonzero()[0].tolist():
            units.setdefault(k, []).append(unit)
    features = []
    for k, names in sorted(units.items()):
        at = spots.position(k)
        features.append(
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [round(at.lon, 7), round(at.lat, 7)]},
                "properties": {
                    "junction": k if k < spots.junctions else None,
                    "standby": spots.name(k),
                    "units": names,
                },
            }
        )
    return {"type": "FeatureCollection", "features": features}


def _show(console: Console, rows: "dict[str, Codes]", spots: "Spots", county: "County") -> None:
    signs = {str(u.id): u.call_sign for u in county.units}
    names = {str(point.id): point.name for point in county.standby_points}
    alike: dict[tuple[bool, tuple[str, ...], tuple[int, ...]], list[str]] = {}
    for unit, found in places_json(rows, spots).items():
        key = (found["needed"], tuple(found["standby"]), tuple(found["junctions"]))
        alike.setdefault(key, []).append(f"{signs.get(unit, '')} {unit}")
    table = Table(title="各单元站在何处即可成立 Where each unit would do")
    for column in ("单元 units", "路口 junctions", "待警点 standby points"):
        table.add_column(column)
    for (needed, standby, junctions), units in sorted(alike.items(), key=lambda item: -len(item[0][2])):
        if needed and (standby or junctions):
            places = "、".join(names.get(name, name) for name in standby) or "—"
            table.add_row(Text("、".join(units)), str(len(junctions)), Text(places))
    if table.row_count:
        console.print(table)
    for (needed, standby, junctions), units in alike.items():
        if not needed:
            console.print(Text(f"{ANYWAY}：{'、'.join(units)}"))
        elif not standby and not junctions:
            console.print(Text(f"{NOWHERE}：{'、'.join(units)}"))
