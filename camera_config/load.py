"""Load a county's folder strictly: everything right and agreeing, or every mistake at once."""

from pathlib import Path

from camera_config import ids
from camera_config.county import (
    Blocks,
    Camera,
    Closure,
    County,
    Noise,
    PatrolRoute,
    Position,
    PositionStream,
    Post,
    Ring,
    RingArea,
    RoadClass,
    RoadPoint,
    Roads,
    Rules,
    SmartCheckpoint,
    StandbyPoint,
    Township,
    Unit,
    UnitStatus,
    Weather,
    Zone,
)
from camera_config.draft import COUNTY_FILE, Draft, Found, read_folder, read_posts
from camera_config.edge import Line
from camera_config.ground import Ground
from camera_config.leaks import open_roads
from camera_config.masks import check_masks
from camera_config.mistakes import Mistake, Mistakes, refusal
from camera_config.placing import check_lines, check_on_roads, check_places
from camera_config.plan_rules import RulesRecord
from camera_config.records import CameraRecord, CheckpointRecord, CountyRecord, PositionsRecord, PostRecord
from camera_config.references import check_references
from camera_config.road_net import build_roads
from camera_config.rule_records import utc_offset_s

__all__ = ["check_county", "load_county", "load_posts", "read_county"]


def load_county(folder: Path, *, leaking: bool = False) -> County:
    """Return the county of ``folder``. A mask that is missing or damaged closes its device and refuses no county.

    Args:
        folder: with the county's files.
        leaking: a ring that can be left past its posts is no mistake; for those who look for its leaks.

    Raises:
        ConfigError: its message lists all mistakes of all files, ``file:line: what is wrong; what to do``.
    """
    county, mistakes = read_county(folder, leaking=leaking)
    if county is None:
        raise refusal(str(folder), mistakes)
    return county


def check_county(folder: Path) -> list[Mistake]:
    """Return all mistakes of all files, by file and line; an empty list where the county can be loaded."""
    return read_county(folder)[1]


def load_posts(path: Path, county: County) -> tuple[Post, ...]:
    """Return the posts of a file like ``posts.geojson``, for a county whose own are others.

    Raises:
        ConfigError: the file cannot be read; its message lists all mistakes.
    """
    mistakes = Mistakes()
    posts = read_posts(path, mistakes)
    if len(mistakes):
        raise refusal(str(path), mistakes.in_order())
    return _posts(posts, {area.ring: area.deadline_s for area in county.rings})


def read_county(folder: Path, *, leaking: bool = False) -> tuple[County | None, list[Mistake]]:
    """Return the county, None where files are wrong, and all mistakes by file and line. Never raises for bad files.

    A county comes with mistakes where only masks are wrong. ``leaking``: rings are not looked at for leaks.
    """
    mistakes = Mistakes()
    draft = read_folder(folder, mistakes)
    check_references(draft, mistakes)
    places = check_places(draft, mistakes)
    county = None
    roads_file = draft.layers.roads
    if not draft.roads and roads_file not in draft.unread:
        mistakes.add(roads_file, 1, "there are no roads", "draw or import the county's roads")
    elif places is not None and draft.county is not None and draft.rules is not None and roads_file not in draft.unread:
        roads = build_roads(draft.roads, draft.roads_left_out)
        ground = check_on_roads(draft, places, roads, draft.rules.snap_max_m, mistakes)
        if roads_file not in draft.unread:
            check_lines(draft, roads, ground, draft.rules.snap_max_m, mistakes)
            if not leaking:
                _check_rings(draft, roads, ground, mistakes)
        if not len(mistakes):
            county = _county(draft, draft.county, draft.rules, roads)
    _check_masks(draft, folder, mistakes)
    return county, mistakes.in_order()


def _check_masks(draft: Draft, folder: Path, mistakes: Mistakes) -> None:
    devices: list[Found[CameraRecord] | Found[CheckpointRecord]] = [*draft.cameras, *draft.checkpoints]
    masked = {one.record.id: (one.file, one.line) for one in devices if one.record.masked}
    certain = draft.unread.isdisjoint((COUNTY_FILE, draft.layers.cameras, draft.layers.checkpoints))
    check_masks(folder, masked, frozenset(one.record.id for one in devices) if certain else None, mistakes)


def _check_rings(draft: Draft, roads: Roads, ground: Ground, mistakes: Mistakes) -> None:
    """Note every road by which a ring can be left past its posts, unless posts or outlines are wrong themselves."""
    if any(mistake.file in (draft.layers.posts, draft.layers.rings) for mistake in mistakes.in_order()):
        return
    for outline in draft.rings:
        blocked = set()
        for post in draft.posts:
            if post.record.ring is outline.record.ring and post.record.blocks is not Blocks.IN:
                lon, lat = post.points[0]
                nearest = ground.nearest(lat, lon)
                blocked |= {nearest.edge} if nearest else set()
        for way in open_roads(roads, _line(outline.points), blocked):
            lat, lon = roads.node_lat[way.outside_node], roads.node_lon[way.outside_node]
            mistakes.add(
                outline.file,
                outline.line,
                f"ring {outline.record.ring.value!r} leaks by road {roads.name[way.edge]!r} to {lat:.6f}, {lon:.6f}",
                f"put a post on that road in {draft.layers.posts}, or move the outline",
            )


def _county(draft: Draft, head: CountyRecord, rules: RulesRecord, roads: Roads) -> County:
    deadlines_s = {Ring.TOWN: head.ring.town.deadline_s, Ring.COUNTY: head.ring.county.deadline_s}
    return County(
        name=head.name,
        code=head.code,
        invented=head.invented,
        centre=Position(head.centre.lat, head.centre.lon),
        rtsp_base=head.rtsp_base,
        townships=tuple(
            Township(ids.TownshipId(t.record.id), t.record.name, _point(t.points)) for t in draft.townships
        ),
        cameras=_cameras(draft, head),
        checkpoints=_checkpoints(draft, head),
        posts=_posts(draft.posts, deadlines_s),
        units=_units(draft),
        zones=tuple(Zone(ids.ZoneId(z.record.id), z.record.name, z.record.kind, _line(z.points)) for z in draft.zones),
        standby_points=tuple(
            StandbyPoint(
                id=ids.StandbyPointId(s.record.id),
                name=s.record.name,
                zone=ids.ZoneId(s.record.zone),
                position=_point(s.points),
                capacity=s.record.capacity,
            )
            for s in draft.standby
        ),
        routes=tuple(
            PatrolRoute(ids.RouteId(r.record.id), r.record.name, ids.ZoneId(r.record.zone), _line(r.points))
            for r in draft.routes
        ),
        rings=tuple(RingArea(o.record.ring, deadlines_s[o.record.ring], _line(o.points)) for o in draft.rings),
        closures=tuple(Closure(c.record.road, _point(c.points), c.record.reason) for c in draft.closures),
        roads=roads,
        rules=_rules(rules),
        camera_networks=head.camera_networks,
        camera_rules=tuple(found.record.rule() for found in draft.camera_rules),
        utc_offset_s=utc_offset_s(head.utc_offset),
        positions=_stream(head.positions) if head.positions.url else None,
    )


def _stream(record: PositionsRecord) -> PositionStream:
    return PositionStream(**{**dict(record), "fields": {ours: theirs for ours, theirs in record.fields if theirs}})


def _cameras(draft: Draft, head: CountyRecord) -> tuple[Camera, ...]:
    return tuple(
        Camera(
            id=ids.CameraId(r.id),
            name=r.name,
            gb_code=r.gb_code,
            position=Position(r.lat, r.lon),
            heading_deg=r.heading_deg,
            township=ids.TownshipId(r.township),
            net=r.net,
            place_type=r.place_type,
            purpose=r.purpose,
            retention_class=r.retention_class,
            url=r.url or _url(head, r.id),
            sub_url=r.sub_url or (f"{_url(head, r.id)}/sub" if head.streams.sub and r.url is None else ""),
            record=r.record,
            masked=r.masked,
            tiled=r.tiled,
            person_min=r.person_min,
            vehicle_min=r.vehicle_min,
        )
        for r in (camera.record for camera in draft.cameras)
    )


def _checkpoints(draft: Draft, head: CountyRecord) -> tuple[SmartCheckpoint, ...]:
    return tuple(
        SmartCheckpoint(
            id=ids.CheckpointId(r.id),
            name=r.name,
            gb_code=r.gb_code,
            position=Position(r.lat, r.lon),
            heading_deg=r.heading_deg,
            township=ids.TownshipId(r.township),
            road=r.road,
            direction=r.direction,
            lanes=r.lanes,
            lane_zone=r.lane_zone,
            purpose=r.purpose,
            retention_class=r.retention_class,
            url=r.url or _url(head, r.id),
            post=None if r.post is None else ids.PostId(r.post),
            sub_url=r.sub_url or "",
            record=r.record,
            masked=r.masked,
            speed_points=tuple(RoadPoint(*point) for point in r.speed_points),
            mast_m=r.mast_m,
        )
        for r in (checkpoint.record for checkpoint in draft.checkpoints)
    )


def _posts(posts: list[Found[PostRecord]], deadlines_s: dict[Ring, int]) -> tuple[Post, ...]:
    return tuple(
        Post(
            id=ids.PostId(r.id),
            name=r.name,
            ring=r.ring,
            position=_point(post.points),
            bearing_deg=r.bearing_deg,
            blocks=r.blocks,
            road=r.road,
            deadline_s=deadlines_s[r.ring] if r.deadline_s is None else r.deadline_s,
            need_units=r.need_units,
            crew_min=r.crew_min,
            equipment=r.equipment,
            setup_s=r.setup_s,
            group=r.group,
            one_crew=r.one_crew,
            checkpoint=None if r.checkpoint is None else ids.CheckpointId(r.checkpoint),
        )
        for post, r in ((post, post.record) for post in posts)
    )


def _units(draft: Draft) -> tuple[Unit, ...]:
    return tuple(
        Unit(
            id=ids.UnitId(r.id),
            call_sign=r.call_sign,
            crew=r.crew,
            equipment=r.equipment,
            home=Position(r.home_lat, r.home_lon),
            township=ids.TownshipId(r.township),
            status=r.status,
            duty=r.duty,
        )
        for r in (unit.record for unit in draft.units)
    )


def _rules(rules: RulesRecord) -> Rules:
    plain = dict(rules)
    plain["dispatch_delay_s"] = {UnitStatus(status): delay for status, delay in rules.dispatch_delay_s}
    plain["speed_kmh"] = {
        Weather(weather): {RoadClass(kind): kmh for kind, kmh in speeds} for weather, speeds in rules.speed_kmh
    }
    plain["noise"] = Noise(**dict(rules.noise))
    return Rules(**plain)


def _url(head: CountyRecord, device: str) -> str:
    return f"{head.rtsp_base.rstrip('/')}/{device}"


def _point(points: Line) -> Position:
    return _line(points)[0]


def _line(points: Line) -> tuple[Position, ...]:
    return tuple(Position(lat=float(lat), lon=float(lon)) for lon, lat in points)
