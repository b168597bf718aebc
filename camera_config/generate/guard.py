"""Posts where roads cross the rings, and the smart checkpoints at most of them."""

from dataclasses import dataclass

from camera_config.generate.noding import Piece
from camera_config.generate.places import EXITS, EXPRESSWAY, Exit
from camera_config.generate.plane import Pt, Ring, azimuth, crossing, distance_m, insert_at, lengths, polar
from camera_config.generate.roads import Land

INSIDE_M = 60.0
"""A post stands so far inside the outline, measured along the road."""

FIXED_SETUP_S, MOBILE_SETUP_S = 60, 300
"""A fixed barrier at a smart checkpoint; cones and spike strips out of a car (facts/county.md)."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A post to be written: its place, the exit it closes, the travel direction out, and its road."""

    id: str
    exit: Exit
    place: Pt
    bearing_deg: float
    road: str
    group: str | None
    outbound: bool


def guards(land: Land) -> list[Guard]:
    """Return the posts in the order of ``EXITS``; a crossing that is not expected there is an error."""
    found: list[Guard] = []
    for name, ring in (("town", land.town_ring), ("county", land.edge)):
        for piece in land.pieces:
            start, end = (ring.beyond_m(p) < 0 for p in (piece.points[0], piece.points[-1]))
            if start != end:
                found.append(_guard(name, ring, piece, leaves=start))
    if {guard.exit for guard in found} != set(EXITS):
        raise ValueError("a ring is not crossed where places.EXITS says")
    order = {way.id: index for index, way in enumerate(EXITS)}
    return sorted(found, key=lambda guard: (order[guard.exit.id], guard.id))


def _guard(name: str, ring: Ring, piece: Piece, *, leaves: bool) -> Guard:
    outward = piece.points if leaves else piece.points[::-1]
    along = next(
        lengths(outward)[index] + distance_m(outward[index], met[2])
        for index in range(len(outward) - 1)
        for a, b in zip(ring.points, ring.points[1:], strict=False)
        if (met := crossing(outward[index], outward[index + 1], a, b)) is not None
    )
    place = insert_at(piece.points, along - INSIDE_M if leaves else lengths(piece.points)[-1] - along + INSIDE_M)
    outward = piece.points if leaves else piece.points[::-1]
    bearing = azimuth(outward[outward.index(place) + 1], place)
    way = min(
        (exit_ for exit_ in EXITS if exit_.ring == name),
        key=lambda exit_: distance_m(place, polar(exit_.azimuth_deg, ring.radius_m(exit_.azimuth_deg))),
    )
    double = piece.name == EXPRESSWAY
    suffix = ("-out" if leaves else "-in") if double else ""
    return Guard(
        id=f"{way.id}{suffix}",
        exit=way,
        place=place,
        bearing_deg=round(bearing, 1) % 360,
        road=piece.name,
        group=way.id if double else None,
        outbound=leaves or not double,
    )
