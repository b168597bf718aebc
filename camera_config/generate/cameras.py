"""Where the county's 350 cameras stand: dense in the town, at the seats, along main roads and in villages."""

import random
from collections import defaultdict
from dataclasses import dataclass

from camera_config.county import Net, RoadClass
from camera_config.generate.noding import Piece
from camera_config.generate.places import SEATS
from camera_config.generate.plane import Pt, azimuth, distance_m, lengths, polar, pt
from camera_config.generate.roads import Land

CAMERAS = 350
"""The source's figure (facts/county.md)."""

IN_TOWN = 168
NEAR_SEAT, AT_ROADS = 9, 5
"""Cameras of each of the other 13 townships: at its seat, and along its roads and villages."""

_PLACES = {
    Net.STREET: ("crossing", "road", "square", "station_square", "bridge"),
    Net.COMMUNITY: ("residential_gate", "residential_lane", "park", "market"),
    Net.UNIT_INTERNAL: ("school_gate", "hospital_gate", "company_gate", "bank_front", "government_gate"),
    Net.TECHNICAL_VIDEO: ("petrol_station", "car_park", "bus_station", "crossing"),
    Net.REGIONAL_COOPERATION: ("road", "bridge", "toll_station"),
}
_TOWN_NETS = (Net.STREET, Net.STREET, Net.STREET, Net.COMMUNITY, Net.COMMUNITY, Net.UNIT_INTERNAL, Net.TECHNICAL_VIDEO)


@dataclass(frozen=True, slots=True)
class Mount:
    """A camera to be written."""

    name: str
    place: Pt
    heading_deg: float
    township: str
    net: Net
    place_type: str


def mounts(land: Land, rng: random.Random) -> list[Mount]:
    """Return the cameras by township, in the order of ``SEATS``; no two at one junction."""
    at: dict[Pt, list[Piece]] = defaultdict(list)
    for piece in land.pieces:
        at[piece.points[0]].append(piece)
        at[piece.points[-1]].append(piece)
    home: dict[str, list[Pt]] = defaultdict(list)
    for p in sorted(at):
        if land.edge.beyond_m(p) < -150:
            home[township_of(p, land)].append(p)
    made: list[Mount] = []
    for seat in SEATS:
        middle = polar(seat.azimuth_deg, seat.km * 1000)
        corners = [p for p in home[seat.id] if len(at[p]) >= 3]
        if seat.id == SEATS[0].id:
            chosen = rng.sample([p for p in corners if distance_m(p, (0.0, 0.0)) < 3100], IN_TOWN)
        else:
            near = [p for p in corners if distance_m(p, middle) < 420]
            far = [p for p in corners if distance_m(p, middle) >= 420]
            main = [p for p in far if any(_is_main(piece) for piece in at[p])]
            chosen = rng.sample(near, NEAR_SEAT)
            chosen += rng.sample(main, min(3, len(main)))
            chosen += rng.sample([p for p in far if p not in main], NEAR_SEAT + AT_ROADS - len(chosen))
        for p in sorted(chosen):
            made.append(_mount(p, at[p], seat.id, middle, rng))  # noqa: PERF401
    return made


def township_of(p: Pt, land: Land) -> str:
    """Return the township whose seat is nearest; the town's own reaches to twice its ring."""
    if distance_m(p, (0.0, 0.0)) < 2 * land.town_ring.radius_m(azimuth(p)):
        return SEATS[0].id
    return min(SEATS[1:], key=lambda seat: distance_m(p, polar(seat.azimuth_deg, seat.km * 1000))).id


def _is_main(piece: Piece) -> bool:
    return piece.kind in (RoadClass.NATIONAL, RoadClass.PROVINCIAL, RoadClass.COUNTY) and not piece.one_way


def _mount(p: Pt, pieces: list[Piece], township: str, middle: Pt, rng: random.Random) -> Mount:
    piece = rng.choice(pieces)
    line = piece.points if piece.points[0] == p else piece.points[::-1]
    ahead = line[1]
    reach = min(12.0, lengths(line)[1] / 3)
    share = reach / distance_m(p, ahead)
    place = pt(p[0] + share * (ahead[0] - p[0]), p[1] + share * (ahead[1] - p[1]))
    in_town = township == SEATS[0].id
    if in_town:
        net = rng.choice(_TOWN_NETS)
        kind = rng.choice(_PLACES[net])
    elif distance_m(p, middle) < 420:
        net = rng.choice((Net.STREET, Net.STREET, Net.COMMUNITY, Net.UNIT_INTERNAL))
        kind = rng.choice(_PLACES[net])
    elif _is_main(piece):
        net, kind = Net.REGIONAL_COOPERATION, rng.choice(_PLACES[Net.REGIONAL_COOPERATION])
    else:
        net, kind = Net.COMMUNITY, "village_entrance"
    names = sorted({piece.name for piece in pieces})
    name = f"{names[0]}与{names[1]}路口" if len(names) > 1 else f"{names[0]}路段"
    return Mount(name, place, round(azimuth(ahead, p), 1) % 360, township, net, kind)
