"""Roads of OpenStreetMap files (.osm.pbf, .osm, .osm.gz), read by libosmium: from junction to junction.

Which ways are roads, and of which class, is said by ``HIGHWAYS`` and ``WALKED``; docs/ref/config.md tells it to people.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from camera_config.county import RoadClass
from camera_config.errors import ConfigError
from camera_config.ways import Kind, Way, WaysRead, pieces_of, place_at, without_repeats

HIGHWAYS: dict[str, RoadClass] = {
    "motorway": RoadClass.EXPRESSWAY,
    "trunk": RoadClass.NATIONAL,
    "primary": RoadClass.PROVINCIAL,
    "secondary": RoadClass.COUNTY,
    "tertiary": RoadClass.COUNTY,
    "residential": RoadClass.STREET,
    "living_street": RoadClass.STREET,
    "busway": RoadClass.STREET,
    "unclassified": RoadClass.VILLAGE,
    "service": RoadClass.VILLAGE,
    "road": RoadClass.VILLAGE,
    "track": RoadClass.TRACK,
}
"""By OSM's ``highway``, a ``_link`` like the road it leads to; classes as OSM's guide for China has them.

Motorways are 高速公路, trunk 国道, primary 省道, secondary 县道, tertiary 乡道, unclassified 村道.
"""

WALKED = ("footway", "path", "pedestrian", "steps", "cycleway", "bridleway", "corridor", "platform")
"""Left out: made for walking and riding. Everything else that is not in ``HIGHWAYS`` is left out as not known."""

ACCESS_KEYS = ("access", "vehicle", "motor_vehicle", "motorcar")
BYTES_MAX = 256 << 20
"""A county's extract has a few megabytes, a province's fifty."""

OUTSIDE, CUT = "outside the file", "cut where the file ends"
NEGATIVE = "on nodes with negative ids, which `osmium renumber` mends"


def read_osm(path: Path) -> WaysRead:
    """Return the roads of an OSM file as pieces between junctions.

    A node that the file names and does not hold cuts its way there.

    Raises:
        ConfigError: the file cannot be read, or is too large to be a county's.
    """
    import osmium  # noqa: PLC0415  (who reads GeoJSON does not need it)

    if path.stat().st_size > BYTES_MAX:
        raise ConfigError(
            f"the file has {path.stat().st_size >> 20} MiB, at most {BYTES_MAX >> 20} are read",
            hint="cut the county out of it: osmium extract --bbox WEST,SOUTH,EAST,NORTH",
        )
    wanted = osmium.osm.NODE | osmium.osm.WAY
    left_out: Counter[str] = Counter()
    ways: list[Way] = []
    try:
        reader = osmium.FileProcessor(path, wanted).with_locations()
        reader = reader.with_filter(osmium.filter.EntityFilter(osmium.osm.WAY))
        for way in reader.with_filter(osmium.filter.KeyFilter("highway")):
            _take(way, ways, left_out)
    except (RuntimeError, ValueError, osmium.InvalidLocationError) as error:  # what libosmium raises
        raise ConfigError(
            f"not a whole OSM file ({error})", hint="fetch or cut it again; `osmium fileinfo -e FILE` tells more"
        ) from error
    return WaysRead(pieces_of(ways), dict(left_out))


def kind_of(tags: Mapping[str, str]) -> Kind | str:
    """Return what road a way with these tags is, or why it is left out."""
    highway = tags.get("highway", "")
    road_class = HIGHWAYS.get(highway.removesuffix("_link"))
    if road_class is None:
        return f"highway={highway}"
    if tags.get("area") == "yes":
        return "area=yes"
    private = any(tags.get(key) in ("no", "private") for key in ACCESS_KEYS)
    return Kind(road_class, tags.get("name") or tags.get("ref") or "", private)


def direction_of(tags: Mapping[str, str]) -> int:
    """Return 1 where a way is driven only as it is drawn, -1 only against that, 0 both ways."""
    one_way = tags.get("oneway", "")
    if one_way in ("yes", "true", "1", "reversible"):
        return 1
    if one_way in ("-1", "reverse"):
        return -1
    if one_way in ("no", "false", "0", "alternating"):
        return 0
    implied = tags.get("junction") in ("roundabout", "circular") or tags.get("highway") in ("motorway", "motorway_link")
    return int(implied)


def _take(way: Any, ways: list[Way], left_out: Counter[str]) -> None:
    """Add the parts of a way that lie in the file, or note why there are none."""
    tags = {tag.k: tag.v for tag in way.tags}
    kind = kind_of(tags)
    if isinstance(kind, str):
        left_out[kind] += 1
        return
    parts: list[list[int]] = [[]]
    for node in way.nodes:
        at = node.location
        if at.valid():
            parts[-1].append(place_at(at.y, at.x))
        elif parts[-1]:
            parts.append([])
    missing = len(way.nodes) - sum(map(len, parts))
    lines = [line for line in map(without_repeats, parts) if len(line) > 1]
    if not lines:
        outside = NEGATIVE if any(node.ref < 0 for node in way.nodes) else OUTSIDE
        left_out[outside if missing else "no length"] += 1
        return
    if missing:
        left_out[CUT] += 1
    direction = direction_of(tags)
    ways += [Way(line[::-1] if direction < 0 else line, kind, one_way=direction != 0) for line in lines]
