"""Do things stand where they can stand? Ranges, swapped axes, mixed datums, closed outlines, distance to the roads."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from camera_config.county import Position, Roads
from camera_config.datum import from_gcj02, to_gcj02
from camera_config.draft import COUNTY_FILE, Draft, Found
from camera_config.ground import Ground, haversine_m
from camera_config.mistakes import Mistakes
from camera_config.records import Record

FAR_M = 150_000.0
"""No county reaches as far from its centre."""

SHIFT_M = 60.0
"""Nearer to a road than this after a shift of the datum, a place is taken to stand on it."""

ALONG_DEG = 45.0
"""A post's bearing and its road differ by at most this, in either direction."""

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


def check_places(draft: Draft, mistakes: Mistakes) -> list[Placed]:
    """Note places that cannot be in this county; return those that can."""
    _closed(draft, mistakes)
    if draft.county is None or draft.toml is None:
        return []
    centre = Position(draft.county.centre.lat, draft.county.centre.lon)
    line = draft.toml.line_of(("centre", "lat"))
    if not (-85 <= centre.lat <= 85 and -180 <= centre.lon <= 180):
        mistakes.add(COUNTY_FILE, line, *_swapped_or_not("centre", centre.lat, centre.lon))
        return []
    places = list(_places(draft))
    good = [place for place in places if _within(place, centre, mistakes)]
    roads = [road for road in draft.roads if _road_within(road, centre, mistakes)]
    if len(roads) < len(draft.roads):
        draft.unread.add(draft.layers.roads)
    return good


def check_on_roads(draft: Draft, places: list[Placed], roads: Roads, snap_max_m: float, mistakes: Mistakes) -> Ground:
    """Note things off the roads, and files of another datum than the roads; return the roads as ground."""
    assert draft.county is not None
    ground = Ground(roads, Position(draft.county.centre.lat, draft.county.centre.lon))
    near = [place for place in places if place.near]
    lat = np.array([place.lat for place in near])
    lon = np.array([place.lon for place in near])
    away = ground.distances_m(lat, lon)
    shifted: set[str] = set()
    off = np.flatnonzero(away > max(SHIFT_M, snap_max_m))
    by_file: dict[str, list[int]] = {}
    for index in off:
        by_file.setdefault(near[index].file, []).append(int(index))
    for file, indices in by_file.items():
        back_lat, back_lon = from_gcj02(lat[indices], lon[indices])
        back = ground.distances_m(back_lat, back_lon)
        fits = [i for i, distance in zip(indices, back, strict=True) if distance < min(SHIFT_M, away[i] / 4)]
        if len(fits) < GROUP_AT_LEAST or 2 * len(fits) < len(indices):
            continue
        there_lat, there_lon = to_gcj02(lat[indices], lon[indices])
        there = ground.distances_m(there_lat, there_lon)
        if np.median(there) < np.median(back):
            continue
        shifted.add(file)
        mistakes.add(
            file,
            near[fits[0]].line,
            f"{len(fits)} places look like GCJ-02 (median {np.median(away[fits]):.0f} m off the roads, "
            f"{np.median(back):.0f} m after the shift is undone), the county is WGS84",
            "convert the file to WGS84 (QGIS: EPSG:4326, without the GCJ-02 shift of web maps)",
        )
    _roads_shifted(draft, lat, lon, away, ground, mistakes)
    for place, distance in zip(near, away, strict=True):
        if place.snaps and place.file not in shifted and distance > snap_max_m:
            found = f"{distance:.0f} m" if distance < 3000 else "3 km or more"
            mistakes.add(
                place.file,
                place.line,
                f"{place.what} is off the road ({found} away, at most {snap_max_m:.0f} m)",
                "move it onto the road, or draw the road",
            )
    return ground


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


def _roads_shifted(
    draft: Draft, lat: np.ndarray, lon: np.ndarray, away: np.ndarray, ground: Ground, mistakes: Mistakes
) -> None:
    """Note roads in GCJ-02 while everything else is WGS84."""
    if not len(away) or np.median(away) <= SHIFT_M:
        return
    there = ground.distances_m(*to_gcj02(lat, lon))
    if np.median(there) < min(SHIFT_M / 2, np.median(away) / 4):
        mistakes.add(
            draft.layers.roads,
            1,
            f"the roads look like GCJ-02 (everything else is {np.median(away):.0f} m off them, "
            f"{np.median(there):.0f} m when shifted)",
            "convert the roads to WGS84",
        )


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
    if -90 <= place.lat <= 90 and -180 <= place.lon <= 180 and _metres(centre, place.lat, place.lon) <= FAR_M:
        return True
    if -90 <= place.lon <= 90 and _metres(centre, place.lon, place.lat) <= FAR_M:
        what = f"{place.what} has lat and lon swapped (lat {place.lat}, lon {place.lon})"
        mistakes.add(place.file, place.line, what, "exchange them; GeoJSON has [lon, lat]")
    elif not (-90 <= place.lat <= 90 and -180 <= place.lon <= 180):
        mistakes.add(place.file, place.line, *_swapped_or_not(place.what, place.lat, place.lon))
    else:
        away_km = _metres(centre, place.lat, place.lon) / 1000
        mistakes.add(place.file, place.line, f"{place.what} is {away_km:.0f} km from the centre", "correct lat and lon")
    return False


def _swapped_or_not(what: str, lat: float, lon: float) -> tuple[str, str]:
    if -90 <= lon <= 90 and -180 <= lat <= 180:
        return f"{what} has lat and lon swapped (lat {lat}, lon {lon})", "exchange them"
    return f"{what} is not on the Earth (lat {lat}, lon {lon})", "write degrees: lat -90 to 90, lon -180 to 180"


def _road_within(road: Found[Record], centre: Position, mistakes: Mistakes) -> bool:
    for lon, lat in road.points:
        if abs(lat - centre.lat) > 1.0 or abs(lon - centre.lon) > 1.0:
            name = getattr(road.record, "name", "") or "without a name"
            place = Placed(road.file, road.line, f"road {name!r}", lat, lon, snaps=False, near=False)
            if not _within(place, centre, mistakes):
                return False
    return True


def _metres(centre: Position, lat: float, lon: float) -> float:
    return float(haversine_m(*(np.float64(v) for v in (centre.lat, centre.lon, lat, lon))))  # type: ignore[arg-type]


def _closed(draft: Draft, mistakes: Mistakes) -> None:
    outlines: list[tuple[Found[Record], str]] = [(zone, f"zone {zone.record.id!r}") for zone in draft.zones]
    outlines += [(outline, f"ring {outline.record.ring.value!r}") for outline in draft.rings]
    for found, what in outlines:
        if found.points[0] != found.points[-1]:
            mistakes.add(found.file, found.line, f"{what} is not closed", "repeat the first point as the last")
