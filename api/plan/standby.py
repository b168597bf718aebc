"""Where units should wait: the p-center beside the county's own standby points, judged alike."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from api.plan.contain import place_name
from api.plan.inputs import Prepared
from api.plan.leaks import point_feature
from camera_config.county import Ring
from camera_config.errors import ConfigError
from camera_config.ground import inside
from camera_config.ids import PostId
from lockdown.fields import Fields, node_fields
from lockdown.graph import Graph
from lockdown.lines import Ints
from lockdown.pcenter import p_center
from lockdown.times import NEVER_MS, shown_s
from lockdown.whatif import spots_of


class Serve(StrEnum):
    """What must be reached soon: every junction in town, or every post."""

    TOWN = "town"
    POSTS = "posts"


class _Out(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ServedOut(_Out):
    """How soon the places are reached from some points, by driving alone: the worst one, and how many are near."""

    points: int
    worst_s: float | None
    worst_place: str
    near: int


class PointOut(_Out):
    """A proposed standby point, at a junction."""

    place: str
    lat: float
    lon: float


class StandbyOut(_Out):
    """The proposed points beside the county's own; no so many points are quicker than ``bound_s``.

    ``unreached``: places to which no road leads from any candidate; they are left out. ``own`` null: there are none.
    """

    serve: str
    places: int
    unreached: int
    candidates: int
    near_s: float
    proved: bool
    bound_s: float
    proposed: ServedOut
    own: ServedOut | None
    points: list[PointOut]


def standby_now(prepared: Prepared, serve: Serve, count: int, near_s: float, limit_s: float) -> StandbyOut:
    """Return the ``count`` points from which the place served worst is served soonest; some seconds for a county.

    Candidates are the junctions of the town for its junctions, and those of the county for its posts.

    Raises:
        ConfigError: no place to serve, or none that can be reached.
    """
    graph, nodes = prepared.graph, _nodes(prepared, serve)
    within = _junctions(prepared, Ring.TOWN if serve is Serve.TOWN else Ring.COUNTY)
    if not nodes or not within.size:
        raise ConfigError("no place to serve", hint="Draw the rings in rings.geojson, and posts in posts.geojson.")
    ms = node_fields(graph, nodes)
    reached = np.flatnonzero(ms[:, within].min(axis=1) < NEVER_MS)
    if not reached.size:
        raise ConfigError("no place can be reached", hint="See the speeds in rules.toml, and closures.")
    ms, nodes = ms[reached], [nodes[i] for i in reached.tolist()]
    found = p_center(np.ascontiguousarray(ms[:, within]), count, limit_s)
    chosen = within[list(found.points)]
    own = _own(prepared, graph, ms)
    return StandbyOut(
        serve=serve.value,
        places=len(nodes),
        unreached=len(_nodes(prepared, serve)) - len(nodes),
        candidates=len(within),
        near_s=near_s,
        proved=found.proved,
        bound_s=shown_s(found.bound),
        proposed=_served(prepared, nodes, ms[:, chosen], near_s),
        own=None if own is None else _served(prepared, nodes, own, near_s),
        points=[_point(prepared, int(node)) for node in chosen],
    )


def standby_map(answer: StandbyOut) -> dict[str, Any]:
    """Return GeoJSON (RFC 7946) of the proposed points."""
    features = [point_feature(p.lat, p.lon, {"kind": "standby", "place": p.place}) for p in answer.points]
    return {"type": "FeatureCollection", "features": features}


def _nodes(prepared: Prepared, serve: Serve) -> list[int]:
    if serve is Serve.POSTS:
        return sorted(prepared.graph.post_node[post.id] for post in prepared.county.posts)
    return [int(node) for node in _junctions(prepared, Ring.TOWN)]


def _junctions(prepared: Prepared, ring: Ring) -> Ints:
    graph = prepared.graph
    outlines = [area.outline for area in prepared.county.rings if area.ring is ring]
    lat, lon = graph.lat[: graph.junctions], graph.lon[: graph.junctions]
    return np.flatnonzero(inside(outlines[0], lat, lon)) if outlines else np.arange(0)


def _own(prepared: Prepared, graph: Graph, ms: Ints) -> Ints | None:
    """Return (places, standby points) drives from the county's own points, each left by the worse way."""
    standby = {str(point.id): point.position for point in prepared.county.standby_points}
    if not standby:
        return None
    fields = Fields(tuple(PostId(str(i)) for i in range(len(ms))), ms)
    return spots_of(graph, fields, standby).drive_ms[:, graph.junctions :]


def _served(prepared: Prepared, nodes: Sequence[int], ms: Ints, near_s: float) -> ServedOut:
    soonest = ms.min(axis=1)
    worst = int(soonest.argmax())
    reached = int(soonest[worst]) < NEVER_MS
    return ServedOut(
        points=ms.shape[1],
        worst_s=shown_s(int(soonest[worst])) if reached else None,
        worst_place=place_name(prepared, nodes[worst]),
        near=int((soonest <= int(near_s * 1000)).sum()),
    )


def _point(prepared: Prepared, node: int) -> PointOut:
    lat, lon = float(prepared.graph.lat[node]), float(prepared.graph.lon[node])
    return PointOut(place=place_name(prepared, node), lat=round(lat, 7), lon=round(lon, 7))
