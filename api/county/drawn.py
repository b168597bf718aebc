"""What the map draws of a county, made once: JSON for posts, zones and rings, GeoJSON for roads."""

import gzip
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from camera_config.county import ROAD_CLASSES, County, Position, Roads

PLACES = 5
"""Decimals of a drawn coordinate: about a metre."""


@dataclass(frozen=True, slots=True)
class Body:
    """One prebuilt answer, plain and gzipped, with the tag that changes when it does."""

    plain: bytes
    packed: bytes
    tag: str
    media_type: str


def county_body(county: County) -> Body:
    """Return everything but the roads."""
    return _body(
        {
            "name": county.name,
            "code": county.code,
            "invented": county.invented,
            "centre": _place(county.centre),
            "townships": [{"id": t.id, "name": t.name, **_place(t.seat)} for t in county.townships],
            "posts": [
                {
                    "id": post.id,
                    "name": post.name,
                    "ring": post.ring.value,
                    **_place(post.position),
                    "bearing_deg": post.bearing_deg,
                    "blocks": post.blocks.value,
                    "road": post.road,
                    "deadline_s": post.deadline_s,
                    "need_units": post.need_units,
                    "crew_min": post.crew_min,
                    "equipment": list(post.equipment),
                    "setup_s": post.setup_s,
                    "group": post.group,
                    "one_crew": post.one_crew,
                    "checkpoint": post.checkpoint,
                }
                for post in county.posts
            ],
            "checkpoints": [
                {
                    "id": checkpoint.id,
                    "name": checkpoint.name,
                    **_place(checkpoint.position),
                    "road": checkpoint.road,
                    "direction": checkpoint.direction,
                    "lanes": checkpoint.lanes,
                    "post": checkpoint.post,
                    "calibrated": bool(checkpoint.speed_points),
                }
                for checkpoint in county.checkpoints
            ],
            "units": [
                {
                    "id": unit.id,
                    "call_sign": unit.call_sign,
                    "crew": unit.crew,
                    "township": unit.township,
                    "duty": unit.duty,
                    "home": _place(unit.home),
                }
                for unit in county.units
            ],
            "zones": [
                {"id": zone.id, "name": zone.name, "kind": zone.kind.value, "outline": _line(zone.outline)}
                for zone in county.zones
            ],
            "standby_points": [
                {"id": point.id, "name": point.name, "zone": point.zone, **_place(point.position)}
                for point in county.standby_points
            ],
            "routes": [
                {"id": route.id, "name": route.name, "zone": route.zone, "line": _line(route.line)}
                for route in county.routes
            ],
            "rings": [
                {"ring": area.ring.value, "deadline_s": area.deadline_s, "outline": _line(area.outline)}
                for area in county.rings
            ],
            "closures": [
                {"road": closure.road, "reason": closure.reason, **_place(closure.position)}
                for closure in county.closures
            ],
        },
        "application/json",
    )


def roads_body(roads: Roads) -> Body:
    """Return the roads as GeoJSON lines (longitude first, RFC 7946), with their class, name and one-way rule."""
    features = [
        {
            "type": "Feature",
            "geometry": {
                "type": "LineString",
                "coordinates": [[round(lon, PLACES), round(lat, PLACES)] for lat, lon in shape.tolist()],
            },
            "properties": {"class": ROAD_CLASSES[code].value, "name": name, "one_way": one_way},
        }
        for shape, code, name, one_way in zip(
            roads.shape, roads.road_class.tolist(), roads.name, roads.one_way.tolist(), strict=True
        )
    ]
    return _body({"type": "FeatureCollection", "features": features}, "application/geo+json")


def _body(value: dict[str, Any], media_type: str) -> Body:
    plain = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    return Body(plain, gzip.compress(plain, 6, mtime=0), f'"{hashlib.sha256(plain).hexdigest()[:32]}"', media_type)


def _place(position: Position) -> dict[str, float]:
    return {"lat": position.lat, "lon": position.lon}


def _line(points: Iterable[Position]) -> list[list[float]]:
    return [[round(point.lat, PLACES), round(point.lon, PLACES)] for point in points]
