"""The county as it stands while we run: devices, posts, units, zones, roads, rules.

All values are correct once built; ``camera_config.load`` checks the files and builds them.
Coordinates are WGS84 degrees. Times are whole seconds where a person writes them.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from camera_config.camera_rules import CameraRule
from camera_config.ids import (
    CameraId,
    CheckpointId,
    PostId,
    RouteId,
    StandbyPointId,
    TownshipId,
    UnitId,
    ZoneId,
)


class Ring(StrEnum):
    """Which line of defence a post belongs to."""

    TOWN = "town"
    COUNTY = "county"


class Net(StrEnum):
    """The six nets (六张网)."""

    STREET = "street"
    COMMUNITY = "community"
    UNIT_INTERNAL = "unit_internal"
    REGIONAL_COOPERATION = "regional_cooperation"
    TECHNICAL_VIDEO = "technical_video"
    VIRTUAL_SOCIETY = "virtual_society"


class RoadClass(StrEnum):
    """Road classes, fastest first; the index in this order is the code in ``Roads.road_class``."""

    EXPRESSWAY = "expressway"
    NATIONAL = "national"
    PROVINCIAL = "provincial"
    COUNTY = "county"
    STREET = "street"
    VILLAGE = "village"
    TRACK = "track"


ROAD_CLASSES: tuple[RoadClass, ...] = tuple(RoadClass)


class ZoneKind(StrEnum):
    """4 prevention zones (防控区) and 8 patrol zones (巡逻区) in the county town."""

    PREVENTION = "prevention"
    PATROL = "patrol"


class Blocks(StrEnum):
    """Which direction of travel a post stops."""

    OUT = "out"
    IN = "in"
    BOTH = "both"


class UnitStatus(StrEnum):
    """What a unit is doing (PLANNER.md 1). ``UNKNOWN`` is never counted for READY."""

    AVAILABLE = "available"
    PATROL = "patrol"
    STANDBY = "standby"
    AT_STATION = "at_station"
    ON_CALL = "on_call"
    COMMITTED_OTHER = "committed_other"
    OFF_DUTY = "off_duty"
    UNKNOWN = "unknown"


class Weather(StrEnum):
    """Speed tables are kept for these."""

    DRY = "dry"
    RAIN = "rain"
    SNOW = "snow"


class Recording(StrEnum):
    """When a device's video is kept: around what happens, always, or never."""

    EVENT = "event"
    CONTINUOUS = "continuous"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Position:
    """A place on the ground, WGS84 degrees."""

    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Township:
    """One of the 14 townships; ``seat`` is where its police station stands."""

    id: TownshipId
    name: str
    seat: Position


@dataclass(frozen=True, slots=True)
class Camera:
    """A street camera. Its URLs carry no credentials; ``sub_url`` is empty where it sends no second, smaller stream.

    ``masked``: parts of its picture are hidden from everybody (``camera_config.masks``), here and for checkpoints.
    ``tiled``: it is looked at in tiles too. ``person_min``, ``vehicle_min``: scores from which on a box is believed,
    None where it has no own ones.
    """

    id: CameraId
    name: str
    gb_code: str
    position: Position
    heading_deg: float
    township: TownshipId
    net: Net
    place_type: str
    purpose: str
    retention_class: str
    url: str
    sub_url: str = ""
    record: Recording = Recording.EVENT
    masked: bool = False
    tiled: bool = False
    person_min: float | None = None
    vehicle_min: float | None = None


@dataclass(frozen=True, slots=True)
class RoadPoint:
    """A point of the road: ``x``, ``y`` in the picture from 0 to 1, and where it is on the ground.

    ``across_m`` and ``along_m`` are metres from any point of the road, the same for all points of a checkpoint.
    """

    x: float
    y: float
    across_m: float
    along_m: float


@dataclass(frozen=True, slots=True)
class SmartCheckpoint:
    """A place where every vehicle's plate is read (智能卡口), by our own video or by its own reader.

    ``lane_zone`` is a polygon in picture coordinates from 0 to 1, (x, y), within which plates are
    looked for; empty means the whole picture. ``post`` names the post at the same place, if any.
    Speeds are measured where there are ``speed_points`` and the camera's height above the road, ``mast_m``.
    """

    id: CheckpointId
    name: str
    gb_code: str
    position: Position
    heading_deg: float
    township: TownshipId
    road: str
    direction: str
    lanes: int
    lane_zone: tuple[tuple[float, float], ...]
    purpose: str
    retention_class: str
    url: str
    post: PostId | None
    sub_url: str = ""
    record: Recording = Recording.EVENT
    masked: bool = False
    speed_points: tuple[RoadPoint, ...] = ()
    mast_m: float | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """A carriageway and the direction(s) blocked at a point of a road (PLANNER.md 1).

    ``bearing_deg`` is the direction of travel, out of the ring, of the carriageway. ``group`` joins posts of
    one crossing; ``one_crew`` says whether one crew can hold the whole group.
    """

    id: PostId
    name: str
    ring: Ring
    position: Position
    bearing_deg: float
    blocks: Blocks
    road: str
    deadline_s: int
    need_units: int
    crew_min: int
    equipment: tuple[str, ...]
    setup_s: int
    group: str | None
    one_crew: bool
    checkpoint: CheckpointId | None


@dataclass(frozen=True, slots=True)
class Unit:
    """People and vehicle that move together."""

    id: UnitId
    call_sign: str
    crew: int
    equipment: tuple[str, ...]
    home: Position
    township: TownshipId
    status: UnitStatus
    duty: str


@dataclass(frozen=True, slots=True)
class Zone:
    """A prevention or patrol zone; ``outline`` is closed (first point equals last)."""

    id: ZoneId
    name: str
    kind: ZoneKind
    outline: tuple[Position, ...]


@dataclass(frozen=True, slots=True)
class StandbyPoint:
    """Where a unit waits (待警点)."""

    id: StandbyPointId
    name: str
    zone: ZoneId
    position: Position
    capacity: int


@dataclass(frozen=True, slots=True)
class PatrolRoute:
    """A patrol route (巡逻路线) along the roads."""

    id: RouteId
    name: str
    zone: ZoneId
    line: tuple[Position, ...]


@dataclass(frozen=True, slots=True)
class RingArea:
    """What a ring encloses: inside of ``outline`` is inside; the posts of the ring must close it."""

    ring: Ring
    deadline_s: int
    outline: tuple[Position, ...]


@dataclass(frozen=True, slots=True)
class Closure:
    """A road that cannot be used by the police, at a point of it."""

    road: str
    position: Position
    reason: str


@dataclass(frozen=True, slots=True)
class Roads:
    """The county's roads between junctions, one entry a road piece.

    Shapes: ``node_lat``, ``node_lon`` (nodes,) degrees; ``start``, ``end`` (edges,) node indices;
    ``length_m`` (edges,) metres along ``shape``; ``road_class`` (edges,) index into ``ROAD_CLASSES``;
    ``one_way`` (edges,) true where only start → end may be driven; ``name`` and ``shape`` one an edge,
    ``shape[i]`` (points, 2) of (lat, lon) from start to end. ``private`` are the edges that are signed against general
    traffic; the police drive there all the same. ``left_out``: ways of the file that are no roads for cars, by reason.
    """

    node_lat: NDArray[np.float64]
    node_lon: NDArray[np.float64]
    start: NDArray[np.int32]
    end: NDArray[np.int32]
    length_m: NDArray[np.float64]
    road_class: NDArray[np.int8]
    one_way: NDArray[np.bool_]
    name: tuple[str, ...]
    shape: tuple[NDArray[np.float64], ...]
    private: tuple[int, ...] = ()
    left_out: tuple[tuple[str, int], ...] = ()


class NoiseModel(StrEnum):
    """What slows drives together: nothing, roads of one zone and class, the whole county, or county and zone."""

    INDEPENDENT = "independent"
    ZONE_CLASS = "zone_class"
    GLOBAL = "global"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class Noise:
    """How far drives and turnouts differ from what the rules say; both are means, spread log-normally.

    Coefficients of variation in per mille. The defaults are assumed, not measured anywhere: calibrate them by drills,
    and set ``assumed`` to false then.
    """

    model: NoiseModel = NoiseModel.MIXED
    travel_cv_permille: int = 350
    turnout_cv_permille: int = 600
    assumed: bool = True


@dataclass(frozen=True, slots=True)
class Rules:
    """The county's rules for planning; PLANNER.md 1 defines every word, docs/ref/config.md every key."""

    clock_zero: str
    ring_priority: Ring
    ready_travel_slack_permille: int
    hold_s: int
    dispatch_delay_s: dict[UnitStatus, int]
    callable_delay_s: int
    too_old_moving_s: int
    too_old_standing_s: int
    frozen_s: int
    moving_kmh: float
    max_unit_kmh: float
    speed_kmh: dict[Weather, dict[RoadClass, float]]
    weather: Weather
    snap_max_m: float
    fugitive_factor_permille: int
    verdict_valid_s: int
    noise: Noise = Noise()
    hour_permille: tuple[int, ...] = (1000,) * 24
    junction_ms: int = 0


@dataclass(frozen=True, slots=True)
class PositionStream:
    """Another system's stream of positions; docs/ref/config.md tells every key.

    ``url`` holds no credentials. ``fields`` are the other system's names by ours, without those that it does not send.
    ``units`` and ``statuses`` are ours by its own; a unit that is not among them has its own id.
    """

    url: str
    stream: str
    json_field: str
    datum: str
    speed: str
    time: str
    silent_s: int
    fields: dict[str, str]
    units: dict[str, str]
    statuses: dict[str, UnitStatus]


@dataclass(frozen=True, slots=True)
class County:
    """Everything above for one county; ``invented`` is shown wherever the county is shown.

    ``camera_networks`` are CIDR networks, for ``camera_config.networks.CameraNetworks``; empty restricts little.
    ``utc_offset_s`` is the county's wall clock, by which the hours of ``camera_rules`` are read. ``positions`` is None
    where units report over HTTP alone.
    """

    name: str
    code: str
    invented: bool
    centre: Position
    rtsp_base: str
    townships: tuple[Township, ...]
    cameras: tuple[Camera, ...]
    checkpoints: tuple[SmartCheckpoint, ...]
    posts: tuple[Post, ...]
    units: tuple[Unit, ...]
    zones: tuple[Zone, ...]
    standby_points: tuple[StandbyPoint, ...]
    routes: tuple[PatrolRoute, ...]
    rings: tuple[RingArea, ...]
    closures: tuple[Closure, ...]
    roads: Roads
    rules: Rules
    camera_networks: tuple[str, ...] = ()
    camera_rules: tuple[CameraRule, ...] = ()
    utc_offset_s: int = 8 * 3600
    positions: PositionStream | None = None
