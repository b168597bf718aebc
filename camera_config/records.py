"""What may stand in the county's files: one pydantic model a row, table or feature; nothing else is accepted."""

import ipaddress
import re
from itertools import combinations
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from camera_config.county import Blocks, Net, Recording, Ring, RoadClass, UnitStatus, ZoneKind
from camera_config.outline import area, crosses_itself

PLACE_TYPES = (
    "crossing", "road", "bridge", "tunnel", "toll_station", "station_square", "bus_station", "square", "park", "market",
    "school_gate", "hospital_gate", "government_gate", "company_gate", "bank_front", "petrol_station",
    "residential_gate", "residential_lane", "village_entrance", "riverside", "car_park",
)  # fmt: skip
"""Public places where a camera may stand."""

BANNED_PLACE_TYPES = (
    "guest_room", "room", "dormitory", "bath", "bathroom", "toilet", "fitting_room", "changing_room", "ward",
    "nursing_room",
)  # fmt: skip
"""Never: State Council Order 799 (2025), article 9 (facts/reliability A13)."""

MASK_AREA_MIN = 1e-4
"""Of the picture; a smaller polygon of a privacy mask is a slip."""

FIELD_PICTURE_MIN, FIELD_ROAD_MIN_M2 = 0.002, 0.5
"""Any three corners of ``speed_points`` enclose so much of the picture, and so much road, or they lie in a row."""

CAMERA_TYPE, CHECKPOINT_TYPE = "132", "121"
"""GB/T 28181 annex D type codes, digits 11 to 13: network camera, video checkpoint."""


def _id(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", value):
        raise ValueError(f"{value!r} is not an id: write lower-case letters, digits and single dashes")
    return value


def _place_type(value: str) -> str:
    if value in BANNED_PLACE_TYPES:
        raise ValueError(
            f"no camera may stand in a {value!r} (Order 799, article 9): take the camera out, or correct its place type"
        )
    if value not in PLACE_TYPES:
        raise ValueError(f"{value!r} is not a place type: write one of {', '.join(PLACE_TYPES)}")
    return value


def _rtsp(value: str) -> str:
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
        parts = urlsplit("")
    # The URL itself is never repeated here: it may hold a password.
    if parts.scheme not in ("rtsp", "rtsps"):
        raise ValueError("url is neither rtsp:// nor rtsps://: write the address of the stream")
    if "@" in value:
        raise ValueError("url holds credentials: take user and password out (an @ of the path is written %40)")
    if not host:
        raise ValueError("url has no host: write rtsp://HOST[:PORT]/PATH")
    return value


def _redis(value: str) -> str:
    if not value:
        return value
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    # The URL itself is never repeated here: it may hold a password.
    if parts.scheme not in ("redis", "rediss", "unix"):
        raise ValueError("url is none of redis://, rediss:// and unix://: write the address of the server")
    if "@" in value or parts.query or parts.fragment:
        raise ValueError("url holds credentials or options: keep them by `kakou secrets set positions.stream`")
    if parts.scheme == "unix" and (parts.netloc or not parts.path.startswith("/")):
        raise ValueError("url names no socket: write unix:///PATH")
    if parts.scheme != "unix" and (not host or not re.fullmatch(r"(/[0-9]{0,4})?", parts.path)):
        raise ValueError("url has no host, or more than a database: write redis://HOST[:PORT]/DB")
    return value


def _file_name(value: str) -> str:
    if "/" in value or "\\" in value or value.startswith("."):
        raise ValueError(f"{value!r} is not a file name: name a file in the county's folder, without a path")
    return value


def _words(value: object) -> object:
    return tuple(value.split()) if isinstance(value, str) else value


def _gb_code(value: str) -> str:
    if not re.fullmatch(r"[0-9]{20}", value):
        raise ValueError(f"GB/T 28181 code {value!r} is malformed: write 20 digits")
    return value


def _network(value: str) -> str:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise ValueError(f"{value!r} is not a network: write for example 10.22.0.0/16") from None
    if str(network) != value:
        raise ValueError(f"{value!r} is not a network as it is written: write {network}")
    return value


def _mask_polygon(value: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    points = value[:-1] if value[0] == value[-1] else value
    if len(points) < 3:
        raise ValueError("polygon has fewer than 3 corners: draw at least a triangle")
    if crosses_itself(points):
        raise ValueError("polygon crosses or touches itself: put its corners in order around it, or draw two polygons")
    if area(points) < MASK_AREA_MIN:
        raise ValueError("polygon covers less than a ten-thousandth of the picture: corners are shares, 0 to 1")
    return points


Id = Annotated[str, AfterValidator(_id)]
Name = Annotated[str, Field(min_length=1, max_length=80)]
FileName = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_file_name)]
GbCode = Annotated[str, AfterValidator(_gb_code)]
Url = Annotated[str, AfterValidator(_rtsp)]
Network = Annotated[str, AfterValidator(_network)]
RedisUrl = Annotated[str, AfterValidator(_redis)]
FieldName = Annotated[str, Field(min_length=1, max_length=64)]
MaybeFieldName = Annotated[str, Field(max_length=64)]
Words = Annotated[tuple[Id, ...], BeforeValidator(_words)]
Bearing = Annotated[float, Field(ge=0, lt=360)]
Seconds = Annotated[int, Field(ge=0, le=86_400)]
Deadline = Annotated[int, Field(gt=0, le=86_400)]
Sure = Annotated[float, Field(ge=0.2, le=0.95)]
Kmh = Annotated[float, Field(gt=0, le=250)]
Share = Annotated[float, Field(ge=0, le=1)]
MaskPolygon = Annotated[
    tuple[tuple[Share, Share], ...], Field(min_length=3, max_length=65), AfterValidator(_mask_polygon)
]
"""At most 64 corners, and the first once more."""


class Record(BaseModel):
    """Nothing unknown, nothing infinite."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)


class PlaceRecord(Record):
    """``[centre]`` of county.toml."""

    lat: float
    lon: float


class RingRecord(Record):
    """``[ring.town]`` and ``[ring.county]`` of county.toml."""

    deadline_s: Deadline


class RingsRecord(Record):
    """``[ring]`` of county.toml."""

    town: RingRecord
    county: RingRecord


class StreamsRecord(Record):
    """``[streams]`` of county.toml."""

    sub: bool = False


class PositionFieldsRecord(Record):
    """``[positions.fields]`` of county.toml: what the other system calls ours; an empty one is not sent."""

    unit: FieldName = "unit"
    lat: FieldName = "lat"
    lon: FieldName = "lon"
    at: FieldName = "at"
    speed: MaybeFieldName = "speed_kmh"
    heading: MaybeFieldName = "heading_deg"
    status: MaybeFieldName = "status"

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [name for _, name in self if name]
        if len(set(names)) < len(names):
            raise ValueError("two fields have the same name: name another one, or leave one empty")
        return self


class PositionsRecord(Record):
    """``[positions]`` of county.toml: another system's stream of positions."""

    url: RedisUrl = ""
    stream: Annotated[str, Field(max_length=200)] = ""
    json_field: MaybeFieldName = ""
    datum: Literal["WGS84", "GCJ-02"] = "WGS84"
    speed: Literal["km/h", "0.1km/h", "m/s", "kn"] = "km/h"
    time: Literal["s", "ms"] = "s"
    silent_s: Annotated[int, Field(ge=5, le=86_400)] = 60
    fields: PositionFieldsRecord = PositionFieldsRecord()
    units: dict[str, Id] = {}
    statuses: dict[str, UnitStatus] = {}

    @model_validator(mode="after")
    def _both(self) -> Self:
        if bool(self.url) != bool(self.stream):
            raise ValueError("url and stream belong together: give both, or neither where there is no such system")
        return self


class LayersRecord(Record):
    """``[layers]`` of county.toml: file names within the county's folder."""

    cameras: FileName = "cameras.csv"
    checkpoints: FileName = "checkpoints.toml"
    units: FileName = "units.csv"
    rules: FileName = "rules.toml"
    camera_rules: FileName = "camera_rules.toml"
    townships: FileName = "townships.geojson"
    zones: FileName = "zones.geojson"
    posts: FileName = "posts.geojson"
    standby: FileName = "standby.geojson"
    routes: FileName = "routes.geojson"
    rings: FileName = "rings.geojson"
    closures: FileName = "closures.geojson"
    roads: FileName = "roads.geojson"


class CountyRecord(Record):
    """county.toml."""

    name: Name
    code: Annotated[str, Field(pattern=r"^[0-9]{6}$")]
    invented: bool
    datum: Literal["WGS84"]
    rtsp_base: Url
    camera_networks: tuple[Network, ...] = ()
    utc_offset: Annotated[str, Field(pattern=r"^[+-](0\d|1[0-4]):[0-5]\d$")] = "+08:00"
    centre: PlaceRecord
    ring: RingsRecord
    streams: StreamsRecord = StreamsRecord()
    positions: PositionsRecord = PositionsRecord()
    layers: LayersRecord = LayersRecord()


class CameraRecord(Record):
    """A row of cameras.csv."""

    id: Id
    name: Name
    gb_code: GbCode
    lat: float
    lon: float
    heading_deg: Bearing
    township: Id
    net: Net
    place_type: Annotated[str, AfterValidator(_place_type)]
    purpose: Name
    retention_class: Literal["days-30", "days-90"]
    url: Url | None = None
    sub_url: Url | None = None
    record: Recording = Recording.EVENT
    masked: bool = False
    tiled: bool = False
    person_min: Sure | None = None
    vehicle_min: Sure | None = None


Metres = Annotated[float, Field(ge=-200, le=200)]


class CheckpointRecord(Record):
    """A ``[[checkpoint]]`` of checkpoints.toml."""

    id: Id
    name: Name
    gb_code: GbCode
    lat: float
    lon: float
    heading_deg: Bearing
    township: Id
    road: Name
    direction: Name
    lanes: Annotated[int, Field(ge=1, le=12)]
    lane_zone: tuple[tuple[Share, Share], ...] = ()
    speed_points: tuple[tuple[Share, Share, Metres, Metres], ...] = ()
    mast_m: Annotated[float, Field(ge=2, le=20)] | None = None
    purpose: Name
    retention_class: Literal["days-30", "days-90"]
    url: Url | None = None
    sub_url: Url | None = None
    record: Recording = Recording.EVENT
    masked: bool = False
    post: Id | None = None

    @model_validator(mode="after")
    def _polygon(self) -> Self:
        if len(self.lane_zone) in (1, 2):
            raise ValueError(
                "lane_zone has fewer than 3 corners: draw a polygon, or leave it out for the whole picture"
            )
        return self

    @model_validator(mode="after")
    def _calibration(self) -> Self:
        if bool(self.speed_points) != (self.mast_m is not None):
            raise ValueError("speed_points and mast_m belong together: give both, or neither for no speeds")
        if self.speed_points and len(self.speed_points) != 4:
            raise ValueError(f"speed_points has {len(self.speed_points)} points: give the 4 corners of a field")
        picture, road = [point[:2] for point in self.speed_points], [point[2:] for point in self.speed_points]
        for places, least in ((picture, FIELD_PICTURE_MIN), (road, FIELD_ROAD_MIN_M2)):
            if any(area(three) < least for three in combinations(places, 3)):
                raise ValueError("speed_points has three points nearly in a row: give the 4 corners of a field")
        return self


class CheckpointsRecord(Record):
    """checkpoints.toml."""

    checkpoint: tuple[dict[str, object], ...] = ()


class MaskRecord(Record):
    """masks/DEVICE.json: what of the device's picture is hidden, polygons of corners [x, y] in shares of it."""

    polygons: Annotated[tuple[MaskPolygon, ...], Field(min_length=1, max_length=32)]


class UnitRecord(Record):
    """A row of units.csv; equipment is separated by blanks."""

    id: Id
    call_sign: Name
    crew: Annotated[int, Field(ge=1, le=60)]
    equipment: Words = ()
    home_lat: float
    home_lon: float
    township: Id
    status: UnitStatus
    duty: Name


class TownshipRecord(Record):
    """Properties in townships.geojson; the point is the seat, where the police station stands."""

    id: Id
    name: Name


class ZoneRecord(Record):
    """Properties in zones.geojson."""

    id: Id
    name: Name
    kind: ZoneKind


class PostRecord(Record):
    """Properties in posts.geojson."""

    id: Id
    name: Name
    ring: Ring
    bearing_deg: Bearing
    blocks: Blocks = Blocks.BOTH
    road: Name
    deadline_s: Deadline | None = None
    need_units: Annotated[int, Field(ge=1, le=20)] = 1
    crew_min: Annotated[int, Field(ge=1, le=60)] = 2
    equipment: Words = ()
    setup_s: Seconds = 300
    group: Id | None = None
    one_crew: bool = False
    checkpoint: Id | None = None

    @model_validator(mode="after")
    def _crew_of_a_group(self) -> Self:
        if self.one_crew and self.group is None:
            raise ValueError("one_crew is true but group is missing: name the group that one crew holds")
        return self


class StandbyRecord(Record):
    """Properties in standby.geojson."""

    id: Id
    name: Name
    zone: Id
    capacity: Annotated[int, Field(ge=1, le=20)] = 1


class RouteRecord(Record):
    """Properties in routes.geojson."""

    id: Id
    name: Name
    zone: Id


class OutlineRecord(Record):
    """Properties in rings.geojson."""

    ring: Ring


class ClosureRecord(Record):
    """Properties in closures.geojson."""

    road: Name
    reason: Name


class RoadRecord(Record):
    """Properties in roads.geojson."""

    road_class: RoadClass = Field(alias="class")
    name: str = ""
    one_way: bool = False
    private: bool = False
    length_m: Annotated[float, Field(gt=0, le=1_000_000)] | None = None
