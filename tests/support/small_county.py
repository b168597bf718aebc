"""A county one can draw: a centre, four roads out of it, a ring road; four posts at the town, four at the edge.

Places on an arm are 1 to 5 steps of 0.01 degrees from the centre; posts stand at 2.5 steps (town) and 4.5 (county).
"""

import math

import numpy as np

from camera_config.county import (
    ROAD_CLASSES,
    Blocks,
    Camera,
    County,
    Net,
    Position,
    Post,
    Ring,
    RingArea,
    RoadClass,
    Roads,
    Rules,
    SmartCheckpoint,
    StandbyPoint,
    Township,
    Unit,
    UnitStatus,
    Weather,
    Zone,
    ZoneKind,
)
from camera_config.ids import CameraId, CheckpointId, PostId, StandbyPointId, TownshipId, UnitId, ZoneId

LAT, LON = 42.68, 125.53
STEP = 0.01
ARMS = {"n": (1, 0, 0.0), "e": (0, 1, 90.0), "s": (-1, 0, 180.0), "w": (0, -1, 270.0)}
TOWN = TownshipId("t-1")


def place(arm: str, steps: float) -> Position:
    """Return the place on an arm; 0 steps is the centre."""
    up, right, _ = ARMS[arm]
    return Position(round(LAT + up * steps * STEP, 7), round(LON + right * steps * STEP, 7))


def small_county(*, units: int = 9, cameras: int = 3) -> County:
    """Return the county; unit 1 stands at the centre, the others on the arms, one to an arm and round again."""
    return County(
        name="小县",
        code="220421",
        invented=True,
        centre=Position(LAT, LON),
        rtsp_base="rtsp://127.0.0.1:1",
        townships=(Township(TOWN, "镇", Position(LAT, LON)),),
        cameras=tuple(_camera(n) for n in range(1, cameras + 1)),
        checkpoints=(_checkpoint(),),
        posts=tuple(_post(arm, ring) for ring in Ring for arm in ARMS),
        units=tuple(_unit(n) for n in range(1, units + 1)),
        zones=(Zone(ZoneId("z-1"), "防控一区", ZoneKind.PREVENTION, _square(1.0)),),
        standby_points=(StandbyPoint(StandbyPointId("s-1"), "广场", ZoneId("z-1"), Position(LAT, LON), 2),),
        routes=(),
        rings=(RingArea(Ring.TOWN, 900, _square(2.5)), RingArea(Ring.COUNTY, 1800, _square(4.5))),
        closures=(),
        roads=_roads(),
        rules=_rules(),
        camera_networks=("127.0.0.0/8",),
    )


def unit_places(county: County) -> dict[str, Position]:
    """Return where each unit stands in the example: its home."""
    return {str(unit.id): unit.home for unit in county.units}


def _camera(n: int) -> Camera:
    return Camera(
        id=CameraId(f"cam-{n}"),
        name=f"<b>摄像机{n}</b>",
        gb_code=f"2204210000132000{n:04d}",
        position=place("n", n / 10),
        heading_deg=0.0,
        township=TOWN,
        net=Net.STREET,
        place_type="street",
        purpose="public_security",
        retention_class="ordinary",
        url=f"rtsp://127.0.0.1:1/cam-{n}",
    )


def _checkpoint() -> SmartCheckpoint:
    return SmartCheckpoint(
        id=CheckpointId("cp-n"),
        name="北卡口",
        gb_code="22042100001320009999",
        position=place("n", 2.5),
        heading_deg=0.0,
        township=TOWN,
        road="n路",
        direction="out",
        lanes=2,
        lane_zone=(),
        purpose="public_security",
        retention_class="ordinary",
        url="rtsp://127.0.0.1:1/cp-n",
        post=PostId("town-n"),
    )


def _post(arm: str, ring: Ring) -> Post:
    return Post(
        id=PostId(f"{ring.value}-{arm}"),
        name=f"{arm}{ring.value}",
        ring=ring,
        position=place(arm, 2.5 if ring is Ring.TOWN else 4.5),
        bearing_deg=ARMS[arm][2],
        blocks=Blocks.OUT,
        road=f"{arm}路",
        deadline_s=900 if ring is Ring.TOWN else 1800,
        need_units=1,
        crew_min=2,
        equipment=(),
        setup_s=60,
        group=None,
        one_crew=False,
        checkpoint=CheckpointId("cp-n") if (arm, ring) == ("n", Ring.TOWN) else None,
    )


def _unit(n: int) -> Unit:
    home = Position(LAT, LON) if n == 1 else place("nesw"[(n - 2) % 4], 1.0 + (n - 2) // 4)
    return Unit(
        id=UnitId(f"u-{n}"),
        call_sign=f"警{n}",
        crew=2,
        equipment=(),
        home=home,
        township=TOWN,
        status=UnitStatus.PATROL,
        duty="day",
    )


def _square(steps: float) -> tuple[Position, ...]:
    low, high = -steps * STEP, steps * STEP
    corners = [(low, low), (low, high), (high, high), (high, low), (low, low)]
    return tuple(Position(LAT + up, LON + right) for up, right in corners)


def _roads() -> Roads:
    points = [Position(LAT, LON)] + [place(arm, float(k)) for arm in ARMS for k in range(1, 6)]
    node = {arm: [0] + [1 + 5 * i + k for k in range(5)] for i, arm in enumerate(ARMS)}
    edges = [(node[arm][k], node[arm][k + 1], f"{arm}路") for arm in ARMS for k in range(5)]
    edges += [(node[a][1], node[b][1], "环路") for a, b in zip("nesw", "eswn", strict=True)]
    shapes = [np.array([[points[a].lat, points[a].lon], [points[b].lat, points[b].lon]]) for a, b, _ in edges]
    return Roads(
        node_lat=np.array([p.lat for p in points]),
        node_lon=np.array([p.lon for p in points]),
        start=np.array([a for a, _, _ in edges], dtype=np.int32),
        end=np.array([b for _, b, _ in edges], dtype=np.int32),
        length_m=np.array([_metres(shape) for shape in shapes]),
        road_class=np.full(len(edges), ROAD_CLASSES.index(RoadClass.PROVINCIAL), dtype=np.int8),
        one_way=np.zeros(len(edges), dtype=np.bool_),
        name=tuple(name for _, _, name in edges),
        shape=tuple(shapes),
    )


def _metres(shape: np.ndarray) -> float:
    up = (shape[1, 0] - shape[0, 0]) * 111_195.0
    right = (shape[1, 1] - shape[0, 1]) * 111_195.0 * math.cos(math.radians(LAT))
    return math.hypot(up, right)


def _rules() -> Rules:
    sendable = {
        UnitStatus.AVAILABLE: 60,
        UnitStatus.PATROL: 60,
        UnitStatus.STANDBY: 90,
        UnitStatus.AT_STATION: 180,
    }
    speeds = dict(zip(ROAD_CLASSES, (100.0, 70.0, 60.0, 50.0, 40.0, 30.0, 20.0), strict=True))
    return Rules(
        clock_zero="t_order",
        ring_priority=Ring.TOWN,
        ready_travel_slack_permille=1100,
        hold_s=3600,
        dispatch_delay_s=sendable,
        callable_delay_s=1800,
        too_old_moving_s=30,
        too_old_standing_s=120,
        frozen_s=600,
        moving_kmh=5.0,
        max_unit_kmh=160.0,
        speed_kmh=dict.fromkeys(Weather, speeds),
        weather=Weather.DRY,
        snap_max_m=60.0,
        fugitive_factor_permille=1300,
        verdict_valid_s=10,
    )
