"""The same worlds as the product sees them: a county's files as loaded, messages through the border, units now."""

from dataclasses import replace

import numpy as np
from pydantic import ValidationError

from api.plan.inputs import Prepared
from api.positions.border import Border, PositionsIn
from api.positions.tracker import Tracker
from benchmarks.worlds.cases import Case
from benchmarks.worlds.land import RATES, Land
from benchmarks.worlds.told import DELAY_S, MOST_KMH, MOVING_KMH
from camera_config.county import (
    ROAD_CLASSES,
    Closure,
    County,
    Position,
    Post,
    Ring,
    RingArea,
    Roads,
    Rules,
    Township,
    Unit,
    UnitStatus,
    Weather,
)
from camera_config.ids import PostId, TownshipId, UnitId
from lockdown.units import UnitNow

NOW, MONO_S = 1_790_000_000.0, 500_000.0
"""Unix and monotonic seconds of the moment that is judged."""

SEAT = TownshipId("t-1")


def county_of(land: Land) -> County:
    """Return the county as its files would say it, without units; posts with a deadline that ``now`` replaces."""
    return County(
        name="drawn",
        code="220421",
        invented=True,
        centre=_position(land, (0.0, 0.0)),
        rtsp_base="rtsp://127.0.0.1:1",
        townships=(Township(SEAT, "seat", _position(land, (0.0, 0.0))),),
        cameras=(),
        checkpoints=(),
        posts=tuple(_post(land, n) for n in range(len(land.posts))),
        units=(),
        zones=(),
        standby_points=(),
        routes=(),
        rings=tuple(
            RingArea(ring, 900, tuple(_position(land, p) for p in line)) for ring, line in land.outlines.items()
        ),
        closures=tuple(
            Closure(f"road-{road}", _position(land, land.at(road, um)[0]), "drawn") for road, um in land.closures
        ),
        roads=_roads(land),
        rules=_rules(land),
    )


def now(prepared: Prepared, case: Case) -> tuple[Prepared, list[UnitNow]]:
    """Return the county with this world's units and deadlines, and the units as every message has left them."""
    units = tuple(
        Unit(
            id=UnitId(life.name),
            call_sign=life.name,
            crew=life.crew if life.roster_crew is None else life.roster_crew,
            equipment=life.equipment,
            home=prepared.county.centre,
            township=SEAT,
            status=life.roster_status,
            duty="day",
        )
        for life in case.lives
    )
    posts = tuple(replace(post, deadline_s=case.deadline_s[post.ring]) for post in prepared.county.posts)
    county = replace(prepared.county, units=units, posts=posts)
    border, tracker = Border(county), Tracker(county)
    sent = [(report.got_ms, life, report) for life in case.lives for report in life.reports]
    for got_ms, life, report in sorted(sent, key=lambda s: -s[0]):
        try:
            body = PositionsIn.model_validate({"positions": [life.message(report, NOW)]})
        except ValidationError:
            continue
        kept, _ = border.judge(body.positions, NOW - got_ms / 1000)
        if kept:
            mono_s = MONO_S - got_ms / 1000
            tracker.accept({"received_at": NOW - got_ms / 1000, "mono_s": mono_s, "positions": kept}, mono_s)
    ends = {life.name: life.stays_s for life in case.lives if life.stays_s is not None}
    found = [replace(u, duty_left_ms=1000 * ends[u.id]) if u.id in ends else u for u in tracker.now(MONO_S)]
    return replace(prepared, county=county), found


def _position(land: Land, point: tuple[float, float]) -> Position:
    return Position(*land.degrees(point))


def _post(land: Land, n: int) -> Post:
    post = land.posts[n]
    place, bearing = land.at(post.road, post.um)
    return Post(
        id=PostId(post.id),
        name=post.id,
        ring=post.ring,
        position=_position(land, place),
        bearing_deg=bearing if post.out_is_end else (bearing + 180) % 360,
        blocks=post.blocks,
        road=f"road-{post.road}",
        deadline_s=900,
        need_units=post.need,
        crew_min=post.crew_min,
        equipment=post.equipment,
        setup_s=post.setup_s,
        group=post.group,
        one_crew=post.group is not None,
        checkpoint=None,
    )


def _roads(land: Land) -> Roads:
    places = [land.degrees(node) for node in land.nodes]
    return Roads(
        node_lat=np.array([lat for lat, _ in places]),
        node_lon=np.array([lon for _, lon in places]),
        start=np.array([road.start for road in land.roads], np.int32),
        end=np.array([road.end for road in land.roads], np.int32),
        length_m=np.array([road.um / 1e6 for road in land.roads]),
        road_class=np.array([road.road_class for road in land.roads], np.int8),
        one_way=np.array([road.one_way for road in land.roads], np.bool_),
        name=tuple(f"road-{n}" for n in range(len(land.roads))),
        shape=tuple(np.array([land.degrees(p) for p in road.line]) for road in land.roads),
    )


def _rules(land: Land) -> Rules:
    speeds = dict(zip(ROAD_CLASSES, (3600 / rate for rate in RATES), strict=True))
    return Rules(
        clock_zero="t_order",
        ring_priority=Ring.TOWN,
        ready_travel_slack_permille=1100,
        hold_s=3600,
        dispatch_delay_s={UnitStatus(status): delay for status, delay in DELAY_S.items()},
        callable_delay_s=1800,
        too_old_moving_s=30,
        too_old_standing_s=120,
        frozen_s=600,
        moving_kmh=float(MOVING_KMH),
        max_unit_kmh=float(MOST_KMH),
        speed_kmh=dict.fromkeys(Weather, speeds),
        weather=Weather.DRY,
        snap_max_m=60.0,
        fugitive_factor_permille=1300,
        verdict_valid_s=10,
        junction_ms=land.junction_ms,
    )
