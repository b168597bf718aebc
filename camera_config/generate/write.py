"""Write the invented county as a folder that ``camera_config.load`` reads; the same seed gives the same bytes."""

import csv
import io
import json
import random
from collections.abc import Iterable
from pathlib import Path

from camera_config.generate.beats import rounds, standby_points, zones
from camera_config.generate.cameras import CAMERAS, Mount, mounts, township_of
from camera_config.generate.force import positions, squads
from camera_config.generate.guard import FIXED_SETUP_S, MOBILE_SETUP_S, Guard, guards
from camera_config.generate.places import SEATS
from camera_config.generate.plane import Pt, degrees, polar
from camera_config.generate.roads import Land, draw
from camera_config.generate.rules import rules_text
from camera_config.generate.speeds import speed_lines
from camera_config.generate.texts import COUNTY_TOML, INVENTED, RULES_TOML

DIVISION = "22042100"
CAMERA_COLUMNS = (
    "id", "name", "gb_code", "lat", "lon", "heading_deg", "township", "net", "place_type", "purpose", "retention_class",
)  # fmt: skip
UNIT_COLUMNS = ("id", "call_sign", "crew", "equipment", "home_lat", "home_lon", "township", "status", "duty")


def write_county(seed: int, folder: Path) -> None:
    """Write every file of the county; files of other names are left alone."""
    for name, text in county_files(seed).items():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def county_files(seed: int) -> dict[str, str]:
    """Return the county's files by name."""
    land = draw(seed)
    posts = guards(land)
    units = squads(land, random.Random(f"{seed} units"))
    routes = rounds(land, random.Random(f"{seed} routes"))
    cameras = mounts(land, random.Random(f"{seed} cameras"))
    if len(cameras) != CAMERAS:
        raise ValueError(f"{len(cameras)} cameras, not {CAMERAS}")
    reports = positions(units, routes, random.Random(f"{seed} positions"))
    return {
        "county.toml": COUNTY_TOML.format(invented=INVENTED, seed=seed),
        "rules.toml": RULES_TOML.format(invented=INVENTED),
        "cameras.csv": _csv(CAMERA_COLUMNS, (_camera(number, at) for number, at in enumerate(cameras, start=1))),
        "camera_rules.toml": rules_text(cameras),
        "checkpoints.toml": _checkpoints(land, posts),
        "units.csv": _csv(
            UNIT_COLUMNS,
            (
                (u.id, u.call_sign, u.crew, " ".join(u.equipment), *_cells(u.home), u.township, u.status, u.duty)
                for u in units
            ),
        ),
        "townships.geojson": _layer(
            ({"id": seat.id, "name": seat.name}, "Point", polar(seat.azimuth_deg, seat.km * 1000)) for seat in SEATS
        ),
        "zones.geojson": _layer(
            ({"id": zone.id, "name": zone.name, "kind": zone.kind}, "Polygon", land.town.block(*zone.block))
            for zone in zones()
        ),
        "posts.geojson": _layer((_post(guard), "Point", guard.place) for guard in posts),
        "standby.geojson": _layer(
            ({"id": stop.id, "name": stop.name, "zone": stop.zone, "capacity": 1}, "Point", stop.place)
            for stop in standby_points(land)
        ),
        "routes.geojson": _layer(
            ({"id": route.id, "name": route.name, "zone": route.zone}, "LineString", route.line) for route in routes
        ),
        "rings.geojson": _layer(
            ({"ring": name}, "Polygon", ring.points[::-1])
            for name, ring in (("town", land.town_ring), ("county", land.edge))
        ),
        "closures.geojson": _layer(()),
        "roads.geojson": _layer(
            (
                {"class": piece.kind.value, "name": piece.name, **({"one_way": True} if piece.one_way else {})},
                "LineString",
                piece.points,
            )
            for piece in land.pieces
        ),
        "positions.json": _positions(reports),
    }


def _layer(features: Iterable[tuple[dict[str, object], str, object]]) -> str:
    """GeoJSON (RFC 7946), one feature a line."""
    lines = []
    for properties, kind, shape in features:
        points = [_lon_lat(shape)] if kind == "Point" else [_lon_lat(p) for p in shape]  # type: ignore[arg-type,attr-defined]
        coordinates: object = {"Point": points[0], "LineString": points, "Polygon": [points]}[kind]
        geometry = {"type": kind, "coordinates": coordinates}
        lines.append(_json({"type": "Feature", "properties": properties, "geometry": geometry}))
    head = f'{{"type": "FeatureCollection", "description": {_json(INVENTED)}, "features": [\n'
    return head + ",\n".join(lines) + ("\n" if lines else "") + "]}\n"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": ") if isinstance(value, str) else (",", ":"))


def _lon_lat(p: Pt) -> list[float]:
    lat, lon = degrees(p)
    return [lon, lat]


def _cells(p: Pt) -> tuple[str, str]:
    lat, lon = degrees(p)
    return f"{lat:.7f}", f"{lon:.7f}"


def _csv(columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    out = io.StringIO()
    out.write(f"# {INVENTED}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()


def _camera(number: int, at: Mount) -> tuple[object, ...]:
    code = f"{DIVISION}001320{number:06d}"
    kept = "days-90" if at.place_type in ("government_gate", "toll_station") else "days-30"
    return (
        f"cam-{number:03d}", at.name, code, *_cells(at.place), at.heading_deg, at.township, at.net.value,
        at.place_type, "public-security", kept,
    )  # fmt: skip


def _post(guard: Guard) -> dict[str, object]:
    way = guard.exit
    post: dict[str, object] = {
        "id": guard.id,
        "name": way.name if guard.group is None else f"{way.name}（{'出' if guard.outbound else '进'}县方向）",
        "ring": way.ring,
        "bearing_deg": guard.bearing_deg,
        "blocks": "both",
        "road": guard.road,
        "need_units": way.need_units,
        "crew_min": 2,
        "equipment": "cones spikes" if way.spikes else "cones",
        "setup_s": FIXED_SETUP_S if way.checkpoint else MOBILE_SETUP_S,
    }
    if guard.group is not None:
        post |= {"group": guard.group, "one_crew": True}
    if way.checkpoint and guard.outbound:
        post["checkpoint"] = f"kk-{way.id}"
    return post


def _checkpoints(land: Land, posts: list[Guard]) -> str:
    tables = [f"# {INVENTED}\n# Keys: docs/ref/config.md.\n"]
    number = 0
    for guard in posts:
        if not (guard.exit.checkpoint and guard.outbound):
            continue
        number += 1
        lat, lon = _cells(guard.place)
        tables.append(f"""
[[checkpoint]]
id = "kk-{guard.exit.id}"
name = "{guard.exit.name.replace("卡点", "智能卡口")}"
gb_code = "{DIVISION}051210{number:06d}"
lat = {lat}
lon = {lon}
heading_deg = {guard.bearing_deg}
township = "{township_of(guard.place, land)}"
road = "{guard.road}"
direction = "{"出城" if guard.exit.ring == "town" else "出县"}"
lanes = 2
lane_zone = [[0.02, 0.35], [0.98, 0.35], [0.98, 1.0], [0.02, 1.0]]
{speed_lines(guard.exit.id)}purpose = "public-security-and-traffic"
retention_class = "days-90"
post = "{guard.id}"
""")
    return "".join(tables)


def _positions(reports: list[dict[str, object]]) -> str:
    lines = []
    for report in reports:
        place = report.pop("place")
        lat, lon = degrees(place)  # type: ignore[arg-type]
        lines.append(_json({"unit": report.pop("unit"), "lat": lat, "lon": lon, **report}))
    return "[\n" + ",\n".join(lines) + "\n]\n"
