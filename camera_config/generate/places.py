"""Where the invented county has its townships, main roads and ring crossings.

Township names and national road 303 are Dongfeng's own; other road names and every position are invented.
"""

from dataclasses import dataclass

from camera_config.county import RoadClass


@dataclass(frozen=True, slots=True)
class Seat:
    """A township: position of its seat as azimuth (degrees) and distance (km) from the county town."""

    id: str
    name: str
    azimuth_deg: float
    km: float


SEATS = (
    Seat("dongfeng", "东丰镇", 0, 0.0),
    Seat("dayang", "大阳镇", 181, 20.5),
    Seat("hengdaohe", "横道河镇", 212, 20.0),
    Seat("nadanbo", "那丹伯镇", 4, 22.0),
    Seat("houshi", "猴石镇", 247, 20.5),
    Seat("yangmulin", "杨木林镇", 31, 21.5),
    Seat("xiaosiping", "小四平镇", 119, 21.0),
    Seat("huanghe", "黄河镇", 93, 20.0),
    Seat("lalahe", "拉拉河镇", 338, 14.5),
    Seat("shahe", "沙河镇", 37, 12.0),
    Seat("nantunji", "南屯基镇", 152, 11.5),
    Seat("daxing", "大兴镇", 274, 14.5),
    Seat("sanhe", "三合满族朝鲜族乡", 301, 20.0),
    Seat("erlongshan", "二龙山乡", 63, 20.0),
)


@dataclass(frozen=True, slots=True)
class MainRoad:
    """A road between named places.

    ``via`` are township ids, ``gate:AZIMUTH`` for the last street corner,
    ``ring:AZIMUTH`` and ``edge:AZIMUTH`` for straight across a ring, ``town:AZIMUTH`` for gate and ring,
    ``at:AZIMUTH:KM`` for a place in the country, ``fork:AZIMUTH:KM`` for the nearest road there.
    """

    name: str
    kind: RoadClass
    via: tuple[str, ...]


MAIN_ROADS = (
    MainRoad("国道303线", RoadClass.NATIONAL, ("town:294", "sanhe", "edge:299")),
    MainRoad("国道303线", RoadClass.NATIONAL, ("town:94", "huanghe", "edge:97")),
    MainRoad("长东公路", RoadClass.PROVINCIAL, ("town:350", "lalahe", "nadanbo", "edge:2")),
    MainRoad("东柳公路", RoadClass.PROVINCIAL, ("town:184", "dayang", "edge:182")),
    MainRoad("东横公路", RoadClass.PROVINCIAL, ("fork:190:7.5", "hengdaohe", "edge:214")),
    MainRoad("东猴公路", RoadClass.COUNTY, ("town:262", "daxing", "houshi", "edge:247")),
    MainRoad("东杨公路", RoadClass.COUNTY, ("town:32", "shahe", "yangmulin", "edge:31")),
    MainRoad("东二公路", RoadClass.COUNTY, ("town:62", "erlongshan", "edge:64")),
    MainRoad("东四公路", RoadClass.PROVINCIAL, ("town:146", "nantunji", "xiaosiping", "edge:118")),
    MainRoad("大安公路", RoadClass.COUNTY, ("daxing", "edge:274")),
    MainRoad("拉辽公路", RoadClass.PROVINCIAL, ("lalahe", "edge:317")),
    MainRoad("拉三公路", RoadClass.COUNTY, ("sanhe", "lalahe")),
    MainRoad("那杨公路", RoadClass.COUNTY, ("nadanbo", "yangmulin")),
    MainRoad("杨二公路", RoadClass.COUNTY, ("yangmulin", "erlongshan")),
    MainRoad("沙二公路", RoadClass.COUNTY, ("shahe", "erlongshan")),
    MainRoad("二黄公路", RoadClass.COUNTY, ("erlongshan", "huanghe")),
    MainRoad("黄四公路", RoadClass.COUNTY, ("huanghe", "xiaosiping")),
    MainRoad("南大公路", RoadClass.COUNTY, ("nantunji", "dayang")),
    MainRoad("大横公路", RoadClass.COUNTY, ("dayang", "hengdaohe")),
    MainRoad("横猴公路", RoadClass.COUNTY, ("hengdaohe", "houshi")),
    MainRoad("大三公路", RoadClass.COUNTY, ("daxing", "sanhe")),
    MainRoad("沙拉公路", RoadClass.COUNTY, ("shahe", "lalahe")),
    MainRoad("大柳公路", RoadClass.COUNTY, ("dayang", "at:166:25.2")),
)

FARM_TRACKS = (
    MainRoad("莲河路", RoadClass.COUNTY, ("gate:222", "at:222:3.6")),
    MainRoad("莲河机耕道", RoadClass.TRACK, ("fork:222:3.6", "ring:222", "fork:214:7.5")),
    MainRoad("柳树沟机耕道", RoadClass.TRACK, ("fork:166:25.2", "edge:163")),
)
"""Tracks that lead out of a ring, and are closed by posts; and the road to one of them."""

EXPRESSWAY = "集双高速公路"
EXPRESSWAY_THROUGH = ((333, 0.0), (336, 20.0), (352, 11.5), (35, 7.2), (80, 8.0), (113, 13.0), (129, 21.0), (134, 0.0))
"""Azimuth and km; the first and last lie beyond the county edge."""

INTERCHANGES = (
    ("拉拉河互通", "长东公路", 342.0),
    ("东丰东互通", "国道303线", 93.0),
    ("小四平互通", "东四公路", 125.0),
)
"""Name, road of the ground, and azimuth near which it is met."""


@dataclass(frozen=True, slots=True)
class Exit:
    """A crossing of a ring: where it is expected, and how its post is staffed."""

    ring: str
    azimuth_deg: float
    id: str
    name: str
    need_units: int
    checkpoint: bool
    spikes: bool = False


EXITS = (
    Exit("town", 294, "town-west", "西出口卡点", 2, checkpoint=True, spikes=True),
    Exit("town", 94, "town-east", "东出口卡点", 3, checkpoint=True, spikes=True),
    Exit("town", 350, "town-north", "北出口卡点", 2, checkpoint=True, spikes=True),
    Exit("town", 184, "town-south", "南出口卡点", 2, checkpoint=True),
    Exit("town", 262, "town-southwest", "西南出口卡点", 1, checkpoint=True),
    Exit("town", 32, "town-northeast", "东北出口卡点", 1, checkpoint=True),
    Exit("town", 62, "town-east-northeast", "东二公路卡点", 1, checkpoint=True),
    Exit("town", 146, "town-southeast", "东南出口卡点", 2, checkpoint=True),
    Exit("town", 222, "town-lianhe", "莲河机耕道卡点", 1, checkpoint=False),
    Exit("county", 299, "edge-west", "三合县界卡点", 3, checkpoint=True),
    Exit("county", 97, "edge-east", "黄河县界卡点", 2, checkpoint=True),
    Exit("county", 2, "edge-north", "那丹伯县界卡点", 2, checkpoint=True),
    Exit("county", 182, "edge-south", "大阳县界卡点", 1, checkpoint=False),
    Exit("county", 214, "edge-hengdaohe", "横道河县界卡点", 1, checkpoint=False),
    Exit("county", 247, "edge-houshi", "猴石县界卡点", 1, checkpoint=False),
    Exit("county", 31, "edge-yangmulin", "杨木林县界卡点", 1, checkpoint=False),
    Exit("county", 64, "edge-erlongshan", "二龙山县界卡点", 1, checkpoint=False),
    Exit("county", 118, "edge-xiaosiping", "小四平县界卡点", 1, checkpoint=False),
    Exit("county", 274, "edge-daxing", "大兴县界卡点", 1, checkpoint=False),
    Exit("county", 317, "edge-lalahe", "拉拉河县界卡点", 1, checkpoint=False),
    Exit("county", 163, "edge-liushugou", "柳树沟机耕道卡点", 1, checkpoint=False),
    Exit("county", 333, "edge-expressway-north", "集双高速北卡点", 2, checkpoint=True, spikes=True),
    Exit("county", 134, "edge-expressway-south", "集双高速南卡点", 2, checkpoint=True, spikes=True),
)
