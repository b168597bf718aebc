"""Where units must stand to confine the fugitive, for command line and API: the question, and the answer in words.

Guards are single units at junctions that stay there (``lockdown.containment``). Each unit counts from where it was
last seen, drives from now, and sets up as a post of its kind would. Seconds have one decimal; his are rounded down and
the guards' up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from api.plan.inputs import Prepared
from api.plan.leaks import feature, point_feature
from api.plan.race import chased_from
from camera_config.county import Position, Ring
from camera_config.errors import ConfigError
from camera_config.ground import inside
from lockdown.containment import Chase, Containment, Guard, Objective
from lockdown.cut import stands_at
from lockdown.graph import Graph, Star, road_name
from lockdown.race import Fugitive, drive
from lockdown.times import NEVER_MS, shown_s
from lockdown.units import UnitNow

OBJECTIVES = {"km": Objective.METRES, "junctions": Objective.JUNCTIONS, "units": Objective.UNITS}
LEAST = {"km": "他能到的道路最短", "junctions": "他能到的路口最少", "units": "所用警力最少"}


NAMED = 2
"""Of the roads that meet at a junction, so many are named; they are enough to find it."""


class _Out(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ContainIn(BaseModel):
    """Where he was seen, WGS84 degrees, and how long ago; what is made least; whether the other guards count as there.

    With ``roads`` the roads that he is confined to come too.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    lat: float = Field(ge=-90.0, le=90.0)
    lon: float = Field(ge=-180.0, le=180.0)
    seen_ago_s: float = Field(ge=0.0, le=86_400.0)
    objective: Literal["km", "junctions", "units"] = "km"
    others_stand: bool = False
    roads: bool = False


class GuardOut(_Out):
    """One unit and where it stands; from now. ``comes_in_s`` null: he does not come there while the others stand."""

    unit: str
    call_sign: str
    place: str
    lat: float
    lon: float
    stands_in_s: float
    comes_in_s: float | None
    first_by_s: float | None


class ContainOut(_Out):
    """The whole answer. ``value`` and ``bound`` are of the objective; ``gap`` is the share of it that is not proved.

    ``leaves_in_s``: from now, when he could first be outside each ring if nobody stood anywhere; negative: he may be
    out already. ``may_be_out``: of the county, so that nothing was searched. ``counted``: units that surely count.
    ``value`` null: no plan, and ``proved`` says whether there is none. ``area``: lines of [lat, lon]; null where not
    asked for.
    """

    computed_at: float
    seen: list[float]
    seen_ago_s: float
    objective: str
    others_stand: bool
    limit_s: float
    leaves_in_s: dict[str, float | None]
    may_be_out: bool
    counted: int
    value: float | None
    bound: float | None
    gap: float | None
    proved: bool
    km: float | None
    junctions: int | None
    guards: list[GuardOut]
    area: list[list[list[float]]] | None = None
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """A chase in a county, and from when he could be outside each ring (milliseconds since he was seen)."""

    chased: Fugitive
    chase: Chase
    leaves_ms: dict[Ring, int | None]

    @property
    def may_be_out(self) -> bool:
        """Tell whether he may have left the county by now."""
        leaves = self.leaves_ms[Ring.COUNTY]
        return leaves is not None and leaves <= self.chased.now_ms


def question_of(prepared: Prepared, units: Sequence[UnitNow], seen: Position, seen_ago_ms: int) -> Question:
    """Return what is asked; a tenth of a second.

    Raises:
        ConfigError: no road near the place, or a county without an outline.
    """
    graph, county = prepared.graph, prepared.county
    outlines = {area.ring: area.outline for area in county.rings}
    if Ring.COUNTY not in outlines:
        raise ConfigError("no county ring to keep him in", hint="Draw it in rings.geojson.")
    chased = chased_from(prepared, seen, seen_ago_ms)
    came_ms = drive(graph, chased, (), {}).came_ms[: graph.junctions]
    leaves: dict[Ring, int | None] = {}
    for ring, outline in outlines.items():
        out = ~inside(outline, graph.lat[: graph.junctions], graph.lon[: graph.junctions])
        first = int(came_ms[out].min(initial=NEVER_MS))
        leaves[ring] = first if first < NEVER_MS else None
    beyond = ~inside(outlines[Ring.COUNTY], graph.lat[: graph.junctions], graph.lon[: graph.junctions])
    crew_min = max((post.crew_min for post in county.posts), default=1)
    setup_ms = max((post.setup_s for post in county.posts), default=0) * 1000
    stands = stands_at(graph, units, county.rules, county.posts, crew_min=crew_min, setup_ms=setup_ms)
    starts: dict[int, int] = {}
    for begin in chased.starts:
        starts[begin.node] = min(begin.ms, starts.get(begin.node, begin.ms))
    ways = graph.any_way
    chase = Chase(
        star=Star(ways.ptr, ways.head, ways.piece, chased.ms[ways.piece]),
        metres=graph.piece_m[ways.piece],
        starts=starts,
        exits=frozenset(np.flatnonzero(beyond).tolist()),
        guard_ms=np.where(stands < NEVER_MS, stands + seen_ago_ms, NEVER_MS),
    )
    return Question(chased, chase, leaves)


def answered(
    prepared: Prepared,
    units: Sequence[UnitNow],
    question: Question,
    asked: ContainIn,
    found: Containment | None,
    *,
    limit_s: float,
    computed_at: float,
) -> ContainOut:
    """Return what is shown; ``found`` is None where nothing was searched, for he may be out."""
    now_ms, objective = question.chased.now_ms, OBJECTIVES[asked.objective]
    per = 1000.0 if objective is Objective.METRES else 1.0
    planned = found is not None and found.value is not None
    call_signs = {str(unit.id): unit.call_sign for unit in prepared.county.units}
    guards = [] if found is None else [_guard(prepared, units, call_signs, guard, now_ms) for guard in found.guards]
    pieces = _pieces(prepared.graph, found.region) if found is not None and planned else []
    drawn = [np.round(prepared.graph.piece_shape[piece], 5).tolist() for piece in pieces] if asked.roads else None
    out = ContainOut(
        computed_at=computed_at,
        seen=[question.chased.seen.lat, question.chased.seen.lon],
        seen_ago_s=now_ms / 1000,
        objective=asked.objective,
        others_stand=asked.others_stand,
        limit_s=limit_s,
        leaves_in_s={r.value: None if ms is None else _down_s(ms - now_ms) for r, ms in question.leaves_ms.items()},
        may_be_out=question.may_be_out,
        counted=int((question.chase.guard_ms < NEVER_MS).any(axis=1).sum()),
        value=None if found is None or found.value is None else round(found.value / per, 3),
        bound=None if found is None or not np.isfinite(found.bound) else floor(found.bound / per * 1000 + 0.5) / 1000,
        gap=None if found is None or not np.isfinite(found.bound) else found.gap,
        proved=found is not None and found.proved,
        km=round(float(prepared.graph.piece_m[pieces].sum()) / 1000, 2) if planned else None,
        junctions=len(found.region) if found is not None and planned else None,
        guards=sorted(guards, key=lambda guard: (guard.first_by_s is None, guard.first_by_s, guard.unit)),
        area=drawn,
        text="",
    )
    return out.model_copy(update={"text": contain_text(out)})


def contain_text(answer: ContainOut) -> str:
    """Return the answer in one sentence."""
    if answer.may_be_out:
        ago = clock(-(answer.leaves_in_s[Ring.COUNTY] or 0.0))
        return f"他现在可能已在县外（最早 {ago} 前），县内围控不能保证围住他：请通知邻县"
    if answer.value is None:
        if answer.proved:
            if answer.others_stand:
                return "没有围控方案（已证明）：现有警力在任何位置都拦不全，总有一条路他先到"
            return (
                "没有围控方案（已证明）：按他一路无阻计，总有一条路他先到；按其余单元都已到位计（others_stand）或许还有"
            )
        return f"{answer.limit_s:.0f} s 内没有找到围控方案，也没有证明没有"
    size = f"{len(answer.guards)} 个单元把他围在 {answer.km:.1f} km 道路、{answer.junctions} 个路口内"
    if answer.proved:
        return f"{size}；{LEAST[answer.objective]}，已证明不能更好 proved"
    unit = {"km": " km", "junctions": " 个路口", "units": " 个单元"}[answer.objective]
    size = f"{size}；限时 {answer.limit_s:.0f} s 内未证明最优 not proved"
    if not answer.bound or answer.gap is None:
        return f"{size}，也没有得出下界"
    return f"{size}：不可能少于 {answer.bound:g}{unit}，相差至多 {100 * answer.gap:.1f} %"


def contain_map(answer: ContainOut) -> dict[str, Any]:
    """Return GeoJSON (RFC 7946): where he was seen, the roads that he is confined to, and the guards."""
    lat, lon = answer.seen
    features = [point_feature(lat, lon, {"kind": "seen", "seen_ago_s": answer.seen_ago_s})]
    if answer.area:
        lines = [[[lon, lat] for lat, lon in line] for line in answer.area]
        features.append(feature("MultiLineString", lines, {"kind": "area", "km": answer.km}))
    for guard in answer.guards:
        about = {"kind": "guard", **guard.model_dump(mode="json", exclude={"lat", "lon"})}
        features.append(point_feature(guard.lat, guard.lon, about))
    return {"type": "FeatureCollection", "features": features}


def place_name(prepared: Prepared, node: int) -> str:
    """Return how people call a node: a post's name, or the roads that meet there."""
    graph = prepared.graph
    posts = [post.name for post in prepared.county.posts if graph.post_node[post.id] == node]
    if posts:
        return posts[0]
    meeting = np.flatnonzero((graph.piece_start == node) | (graph.piece_end == node)).tolist()
    names = list(dict.fromkeys(name for piece in meeting if (name := road_name(graph, piece))))
    return "、".join(names[:NAMED]) or "无名路"


def clock(seconds: float) -> str:
    """Return m:ss, rounded up."""
    minutes, rest = divmod(ceil(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _guard(
    prepared: Prepared, units: Sequence[UnitNow], call_signs: Mapping[str, str], guard: Guard, now_ms: int
) -> GuardOut:
    unit = str(units[guard.unit].id)
    comes = guard.comes_ms < NEVER_MS
    return GuardOut(
        unit=unit,
        call_sign=call_signs[unit],
        place=place_name(prepared, guard.node),
        lat=round(float(prepared.graph.lat[guard.node]), 7),
        lon=round(float(prepared.graph.lon[guard.node]), 7),
        stands_in_s=shown_s(guard.stands_ms - now_ms),
        comes_in_s=_down_s(guard.comes_ms - now_ms) if comes else None,
        first_by_s=_down_s(guard.comes_ms - guard.stands_ms) if comes else None,
    )


def _pieces(graph: Graph, region: Sequence[int]) -> list[int]:
    """Return the road pieces that touch a region."""
    touched = np.isin(graph.piece_start, region) | np.isin(graph.piece_end, region)
    return [int(piece) for piece in np.flatnonzero(touched)]


def _down_s(ms: int) -> float:
    return ms // 100 / 10
