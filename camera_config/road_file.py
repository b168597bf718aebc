"""The county's road file in whichever format: one record a road piece, as a GeoJSON layer would hold them."""

from pathlib import Path

from camera_config.errors import ConfigError
from camera_config.graphml import read_graphml
from camera_config.mistakes import Mistakes
from camera_config.osm import read_osm
from camera_config.records import RoadRecord
from camera_config.ways import Way, WaysRead, lon_lat

DRAWN = (".geojson", ".json")
"""Layers that a person draws; each road has its line in the file."""

FORMATS = {
    ".osm.pbf": read_osm,
    ".pbf": read_osm,
    ".osm": read_osm,
    ".osm.gz": read_osm,
    ".graphml": read_graphml,
}

Line = list[list[float]]


def is_drawn(file: str) -> bool:
    """Tell whether a road file is a GeoJSON layer."""
    return file.lower().endswith(DRAWN)


def read_ways(path: Path, mistakes: Mistakes) -> tuple[list[tuple[RoadRecord, Line]], dict[str, int]]:
    """Return the roads of an OSM or GraphML file with their lines, and how many ways were left out, by reason.

    Never raises for a bad file: what is wrong with it is in ``mistakes`` afterwards.
    """
    reader = next((read for end, read in FORMATS.items() if path.name.lower().endswith(end)), None)
    if reader is None:
        known = ", ".join((*DRAWN, *FORMATS))
        mistakes.add(path.name, 1, "roads are not read from a file of this name", f"want one that ends in {known}")
        return [], {}
    try:
        if path.stat().st_size == 0:
            raise ConfigError("the file is empty", hint="copy or cut it again")
        found: WaysRead = reader(path)
    except FileNotFoundError:
        mistakes.add(path.name, 1, "file is absent", "add the file, or correct its name in county.toml")
        return [], {}
    except OSError as error:
        mistakes.add(path.name, 1, f"file cannot be read ({error.strerror})", "check its permissions")
        return [], {}
    except ConfigError as error:
        mistakes.add(path.name, 1, str(error), error.hint)
        return [], {}
    if not found.ways:
        left = ", ".join(f"{count} {reason}" for reason, count in sorted(found.left_out.items())) or "no way at all"
        what = f"there is no road in it that a car can drive ({left})"
        hint = "cut the extract again, with all ways that have a highway and, before them, their nodes (`osmium sort`)"
        mistakes.add(path.name, 1, what, hint)
    return [(_record(way), [lon_lat(place) for place in way.places]) for way in found.ways], found.left_out


def _record(way: Way) -> RoadRecord:
    made = {"class": way.kind.road_class, "name": way.kind.name, "one_way": way.one_way, "private": way.kind.private}
    return RoadRecord.model_validate({**made, "length_m": way.length_m or None})
