"""Leaks with their ways out and the posts that would close them, for command line and API."""

from collections.abc import Mapping
from math import ceil
from typing import Any

from pydantic import BaseModel, ConfigDict

from api.plan.inputs import Prepared
from camera_config.county import Position, Post, Ring
from lockdown.leaks import Stretch, stretches
from lockdown.proposals import Proposal, propose


class _Out(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StretchOut(_Out):
    """A part of the way out on one road; the name may be empty."""

    road: str
    km: float

    @classmethod
    def of(cls, stretch: Stretch) -> "StretchOut":
        """Translate."""
        return cls(road=stretch.road, km=round(stretch.metres / 1000, 2))


class ProposedOut(_Out):
    """A post that closes the leak, as ``posts.geojson`` writes one; WGS84 degrees."""

    id: str
    name: str
    ring: str
    lat: float
    lon: float
    bearing_deg: float
    blocks: str
    road: str
    need_units: int
    crew_min: int
    setup_s: int

    @classmethod
    def of(cls, post: Post) -> "ProposedOut":
        """Translate."""
        return cls(
            id=post.id,
            name=post.name,
            ring=post.ring.value,
            lat=post.position.lat,
            lon=post.position.lon,
            bearing_deg=post.bearing_deg,
            blocks=post.blocks.value,
            road=post.road,
            need_units=post.need_units,
            crew_min=post.crew_min,
            setup_s=post.setup_s,
        )

    def feature(self) -> dict[str, Any]:
        """Return it as a feature of ``posts.geojson``."""
        return point_feature(self.lat, self.lon, self.model_dump(mode="json", exclude={"lat", "lon"}))


class OpenOut(_Out):
    """One leak: the road that leaves, where it crosses the outline, how it is come to, and what would close it.

    ``proposed`` is null where roads lie on one another; ``widen`` is a post on this road that stops only who comes in.
    """

    ring: str
    road: str
    lat: float
    lon: float
    bearing_deg: float
    km: float
    roads: list[StretchOut]
    path: list[list[float]]
    proposed: ProposedOut | None
    widen: str | None

    @classmethod
    def of(cls, prepared: Prepared, proposal: Proposal) -> "OpenOut":
        """Translate."""
        leak, way = proposal.leak, stretches(prepared.graph, proposal.leak)
        lat, lon = _pair(leak.post_at)
        return cls(
            ring=leak.ring.value,
            road=leak.road,
            lat=lat,
            lon=lon,
            bearing_deg=round(leak.bearing_deg, 1) % 360.0,
            km=ceil(sum(stretch.metres for stretch in way) / 10) / 100,
            roads=[StretchOut.of(stretch) for stretch in way],
            path=[_pair(point) for point in leak.path],
            proposed=None if proposal.post is None else ProposedOut.of(proposal.post),
            widen=proposal.widen,
        )


class RingOut(_Out):
    """Whether the ring is closed once its ``posts`` posts all stand."""

    ring: str
    posts: int
    closed: bool
    leaks: list[OpenOut]


class LeaksOut(_Out):
    """All rings asked for; ``closed`` is null where it is not known, for no planner answers."""

    closed: bool | None
    rings: list[RingOut]


def leaks_now(prepared: Prepared, only: Ring | None = None) -> LeaksOut:
    """Return the leaks of every ring, or of one."""
    county = prepared.county
    rings = []
    for area in county.rings:
        if only in (None, area.ring):
            found = prepared.leaks[area.ring]
            proposed = propose(prepared.graph, county.roads, area, county.posts, found)
            own = sum(post.ring is area.ring for post in county.posts)
            leaks = [OpenOut.of(prepared, proposal) for proposal in proposed]
            rings.append(RingOut(ring=area.ring.value, posts=own, closed=not leaks, leaks=leaks))
    return LeaksOut(closed=all(ring.closed for ring in rings), rings=rings)


def posts_layer(answer: LeaksOut) -> dict[str, Any]:
    """Return the proposed posts as ``posts.geojson`` takes them."""
    features = [leak.proposed.feature() for ring in answer.rings for leak in ring.leaks if leak.proposed]
    return {"type": "FeatureCollection", "features": features}


def leaks_map(answer: LeaksOut) -> dict[str, Any]:
    """Return GeoJSON (RFC 7946): each way out, where it crosses the outline, and the post that would close it."""
    features = []
    for ring in answer.rings:
        for leak in ring.leaks:
            about = leak.model_dump(mode="json", include={"ring", "road", "bearing_deg", "km"})
            way = [[lon, lat] for lat, lon in leak.path]
            features.append(feature("LineString", way, {"kind": "way", **about}))
            features.append(point_feature(leak.lat, leak.lon, {"kind": "leak", **about}))
            if leak.proposed:
                post = leak.proposed.feature()
                features.append({**post, "properties": {"kind": "proposed", **post["properties"]}})
    return {"type": "FeatureCollection", "features": features}


def feature(shape: str, coordinates: Any, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return one feature; coordinates are longitude first."""
    return {"type": "Feature", "geometry": {"type": shape, "coordinates": coordinates}, "properties": dict(properties)}


def point_feature(lat: float, lon: float, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return a point."""
    return feature("Point", [lon, lat], properties)


def _pair(point: Position) -> list[float]:
    return [round(point.lat, 7), round(point.lon, 7)]
