"""Do things stand where they can stand? Ranges, swapped axes, mixed datums, closed outlines, distance to the roads."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from camera_config.county import Position, Roads
from camera_config.datum import from_gcj02, to_gcj02
from camera_config.draft import COUNTY_FILE, Draft, Found
from camera_config.ground import Floats, Ground, haversine_m
from camera_config.mistakes import Mistakes
from camera_config.records import Record
from camera_config.road_file import is_drawn

FAR_M = 150_000.0
"""No county reaches as far from its centre."""

NEAR_DEG = 0.5
"""Nearer than this to the centre in both axes needs no further look: within ``FAR_M``."""

SHIFT_M = 50.0
"""Nearer to a road than this after a shift of the datum, a place is taken to stand on it; GCJ-02 is 50 to 700 m off."""

ALONG_DEG = 45.0
"""A post's bearing and its road differ by at most this, in either direction."""

MANY, BESIDE_M = 20, 5.0
"""So many places of one file tell by their median; what stands on a road is measured this near to its middle."""

GROUP_AT_LEAST = 3
"""So many places of one file, and most of those off the roads, must fit the other datum before we say so."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A place to judge. ``snaps``: it must stand on a road. ``near``: it is expected near one (datum check)."""

    file: str
    line: int
    what: str
    lat: float
    lon: float
    snaps: bool
    near: bool


@dataclass(frozen=True, slots=True)
class Places:
    """Places as columns; arrays (places,): degrees, and metres to the nearest road."""

    placed: list[Placed]
    lat: Floats
    lon: Floats
    away_m: Floats


def check_places(draft: Draft, mistakes: Mistakes) -> list[Placed] | None:
    """Note places that cannot be in this county; return those that can, or None where the centre itself is wrong."""
    _closed(draft, mistakes)
    if draft.county is None or draft.toml is None:
        return None
    centre = Position(draft.county.centre.lat, draft.county.centre.lon)
    line = draft.toml.line_of(("centre", "lat"))
    if not (-85 <= centre.lat <= 85 and -180 <= centre.lon <= 180):
        mistakes.add(COUNTY_FILE, line, *_swapped_or_not("centre", centre.lat, centre.lon))
        return None
    if _most_roads_elsewhere(draft, centre, line, mistakes):
        draft.unread.add(draft.layers.roads)
        return None
    return [place for place in _places(draft) if _within(place, centre, mistakes)]


def check_on_roads(draft: Draft, places: list[Placed], roads: Roads, snap_max_m: float, mistakes: Mistakes) -> Ground:
    """Note things off the roads, and files of another datum than the roads; return the roads as ground."""
    assert draft.county is not None
    ground = Ground(roads, Position(draft.county.centre.lat, draft.county.centre.lon))
    placed = [place for place in places if place.near]
    lat, lon = np.array([place.lat for place in placed]), np.array([place.lon for place in placed])
    near = Places(placed, lat, lon, ground.distances_m(lat, lon))
    away_m = _roads_shifted(near, ground, snap_max_m)
    if away_m is not None:
        what = f"the roads look like GCJ-02 (everything else is {away_m:.0f} m off them, and on them when shifted)"
        mistakes.add(draft.layers.roads, 1, what, "convert the roads to WGS84")
        draft.unread.add(draft.layers.roads)
        return ground
    shifted = _files_shifted(near, ground, snap_max_m, mistakes)
    for place, distance in zip(placed, near.away_m, strict=True):
        if place.snaps and place.file not in shifted and distance > snap_max_m:
            found = f"{distance:.0f} m" if distance < 3000 else "3 km or more"
            mistakes.add(
                place.file,
                place.line,
                f"{place.what} is off the road ({found} away, at most {snap_max_m:.0f} m)",
                "move it onto the road, or draw the road",
            )
    return ground


def _files_shifted(near: Places, ground: Ground, snap_max_m: float, mistakes: Mistakes) -> set[str]:
    """Note files of which most places off the roads come onto them when the GCJ-02 shift is undone; return them.

    Where roads are dense, a shifted place lies near another road; then the file's median tells.
    """
    by_file: dict[str, list[int]] = {}
    for index, place in enumerate(near.placed):
        by_file.setdefault(place.file, []).append(index)
    shifted = set()
    for file, whole in by_file.items():
        off = [index for index in whole if near.away_m[index] > max(SHIFT_M, snap_max_m)]
        indices = whole if _all_shifted(near, ground, whole) else off
        away = near.away_m[indices]
        back = ground.distances_m(*from_gcj02(near.lat[indices], near.lon[indices]))
        fits = np.flatnonzero(back < np.minimum(SHIFT_M, away / 4))
        if len(fits) < GROUP_AT_LEAST or 2 * len(fits) < len(indices):
            continue
        shifted.add(file)
        mistakes.add(
            file,
            near.placed[indices[int(fits[0])]].line,
            f"{len(fits)} places look like GCJ-02 (median {np.median(away[fits]):.0f} m off the roads, "
            f"{np.median(back[fits]):.0f} m after the shift is undone), the county is WGS84",
            "convert the file to WGS84 (QGIS: EPSG:4326, without the GCJ-02 shift of web maps)",
        )
    return shifted


def _all_shifted(near: Places, ground: Ground, indices: list[int]) -> bool:
    """Tell whether a file's places are a few metres off the roads when shifted, and several times as far as they are.

    In a town a shifted place has some other road beside it: no single one is far off, half of many are.
    """
    away_m = float(np.median(near.away_m[indices]))
    if len(indices) < MANY or away_m <= BESIDE_M:
        return False
    back = ground.distances_m(*from_gcj02(near.lat[indices], near.lon[indices]))
    return float(np.median(back)) < away_m / 4


def check_lines(draft: Draft, roads: Roads, ground: Ground, snap_max_m: float, mistakes: Mistakes) -> None:
    """Note roads without length, posts across their road, and closures of another road than the one they stand on."""
    for index in np.flatnonzero(~(roads.length_m > 0)):
        road = draft.roads[int(index)]
        mistakes.add(road.file, road.line, f"road {road.record.name!r} has no length", "remove it or draw its end")
    for post in draft.posts:
        lon, lat = post.points[0]
        found = ground.nearest(lat, lon, snap_max_m)
        if found is None:
            continue
        turn = abs((found.bearing_deg - post.record.bearing_deg + 90) % 180 - 90)
        if turn > ALONG_DEG:
            mistakes.add(
                post.file,
                post.line,
                f"post {post.record.id!r} has bearing {post.record.bearing_deg:.0f}, "
                f"its road runs {found.bearing_deg:.0f} or {(found.bearing_deg + 180) % 360:.0f}",
                "write the direction of travel out of the ring along the road",
            )
    for closure in draft.closures:
        lon, lat = closure.points[0]
        found = ground.nearest(lat, lon, snap_max_m)
        if found is not None and roads.name[found.edge] != closure.record.road:
            mistakes.add(
                closure.file,
                closure.line,
                f"closure names road {closure.record.road!r} but stands on {roads.name[found.edge]!r}",
                "move the point or correct the name",
            )


def _roads_shifted(near: Places, ground: Ground, snap_max_m: float) -> float | None:
    """Return how far (median, metres) everything is off roads that are in GCJ-02; None where they are not."""
    away = float(np.median(near.away_m)) if len(near.away_m) else 0.0
    if away <= snap_max_m / 2:
        return None
    return away if float(np.median(ground.distances_m(*to_gcj02(near.lat, near.lon)))) < away / 4 else None


def _places(draft: Draft) -> Iterator[Placed]:
    for camera in draft.cameras:
        r = camera.record
        yield Placed(camera.file, camera.line, f"camera {r.id!r}", r.lat, r.lon, snaps=False, near=True)
    for point in draft.checkpoints:
        c = point.record
        yield Placed(point.file, point.line, f"checkpoint {c.id!r}", c.lat, c.lon, snaps=True, near=True)
    for unit in draft.units:
        u = unit.record
        yield Placed(unit.file, unit.line, f"home of unit {u.id!r}", u.home_lat, u.home_lon, snaps=True, near=True)
    snapping: tuple[tuple[list[Found[Record]], str], ...] = (
        ([*draft.posts], "post"),
        ([*draft.standby], "standby point"),
        ([*draft.closures], "closure"),
        ([*draft.routes], "route"),
    )
    for layer, noun in snapping:
        for found in layer:
            what = f"{noun} {getattr(found.record, 'id', '')!r}" if noun != "closure" else "closure"
            for lon, lat in found.points:
                yield Placed(found.file, found.line, what, lat, lon, snaps=True, near=True)
    outlines: tuple[tuple[list[Found[Record]], str], ...] = (
        ([*draft.zones], "zone"),
        ([*draft.rings], "ring"),
        ([*draft.townships], "township"),
    )
    for layer, noun in outlines:
        for found in layer:
            name = getattr(found.record, "id", None) or getattr(found.record, "ring", "")
            for lon, lat in found.points:
                yield Placed(found.file, found.line, f"{noun} {str(name)!r}", lat, lon, snaps=False, near=False)


def _within(place: Placed, centre: Position, mistakes: Mistakes) -> bool:
    if _fits(place.lat, place.lon, centre):
        return True
    if _fits(place.lon, place.lat, centre):
        what = f"{place.what} has lat and lon swapped (lat {place.lat}, lon {place.lon})"
        mistakes.add(place.file, place.line, what, "exchange them; GeoJSON has [lon, lat]")
    elif not (-90 <= place.lat <= 90 and -180 <= place.lon <= 180):
        mistakes.add(place.file, place.line, *_swapped_or_not(place.what, place.lat, place.lon))
    else:
        away_km = _metres(centre, place.lat, place.lon) / 1000
        mistakes.add(place.file, place.line, f"{place.what} is {away_km:.0f} km from the centre", "correct lat and lon")
    return False


def _fits(lat: float, lon: float, centre: Position) -> bool:
    return -90 <= lat <= 90 and -180 <= lon <= 180 and _metres(centre, lat, lon) <= FAR_M


def _swapped_or_not(what: str, lat: float, lon: float) -> tuple[str, str]:
    if -90 <= lon <= 90 and -180 <= lat <= 180:
        return f"{what} has lat and lon swapped (lat {lat}, lon {lon})", "exchange them"
    return f"{what} is not on the Earth (lat {lat}, lon {lon})", "write degrees: lat -90 to 90, lon -180 to 180"


def _most_roads_elsewhere(draft: Draft, centre: Position, centre_line: int, mistakes: Mistakes) -> bool:
    """Note roads outside the county: one by one, or once and return true where most are."""
    wrong = []
    for road in draft.roads:
        for lon, lat in road.points:
            near = abs(lat - centre.lat) <= NEAR_DEG and abs(lon - centre.lon) <= NEAR_DEG
            if not near and not _fits(lat, lon, centre):
                wrong.append((road, lat, lon))
                break
    if wrong and not is_drawn(draft.layers.roads):
        return _file_elsewhere(draft, len(wrong), wrong[0][1:], centre, mistakes)
    if 2 * len(wrong) <= len(draft.roads):
        for road, lat, lon in wrong:
            draft.unread.add(road.file)
            what = f"road {road.record.name!r}"
            _within(Placed(road.file, road.line, what, lat, lon, snaps=False, near=False), centre, mistakes)
        return False
    road, lat, lon = wrong[0]
    if _fits(lon, lat, centre):
        what = f"{len(wrong)} roads have lat and lon swapped (lat {lat}, lon {lon})"
        mistakes.add(road.file, road.line, what, "exchange them; GeoJSON has [lon, lat]")
    else:
        what = f"centre {centre.lat}, {centre.lon} is not where the roads are ({lat}, {lon})"
        mistakes.add(COUNTY_FILE, centre_line, what, "correct lat and lon of the centre")
    return True


def _file_elsewhere(draft: Draft, wrong: int, at: tuple[float, float], centre: Position, mistakes: Mistakes) -> bool:
    """Note that a road file that nobody draws holds another place, or more than the county; true where most is."""
    file, (lat, lon) = draft.layers.roads, at
    draft.unread.add(file)
    if _fits(lon, lat, centre):
        mistakes.add(file, 1, f"{wrong} roads have lat and lon swapped (lat {lat}, lon {lon})", "exchange them")
        return True
    where = f"{_metres(centre, lat, lon) / 1000:.0f} km from the centre of the county (at {lat:.4f}, {lon:.4f})"
    if 2 * wrong > len(draft.roads):
        hint = f"name this county's file in [layers], or correct the centre in {COUNTY_FILE}"
        mistakes.add(file, 1, f"its roads are {where}", hint)
        return True
    hint = "cut the county out of it: osmium extract --bbox WEST,SOUTH,EAST,NORTH"
    mistakes.add(file, 1, f"{wrong} of its {len(draft.roads)} roads are too far away, one {where}", hint)
    return False


def _metres(centre: Position, lat: float, lon: float) -> float:
    return float(haversine_m(*(np.float64(v) for v in (centre.lat, centre.lon, lat, lon))))  # type: ignore[arg-type]


def _closed(draft: Draft, mistakes: Mistakes) -> None:
    outlines: list[tuple[Found[Record], str]] = [(zone, f"zone {zone.record.id!r}") for zone in draft.zones]
    outlines += [(outline, f"ring {outline.record.ring.value!r}") for outline in draft.rings]
    for found, what in outlines:
        if found.points[0] != found.points[-1]:
            mistakes.add(found.file, found.line, f"{what} is not closed", "repeat the first point as the last")
