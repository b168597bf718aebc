"""Positions of units at the border: what cannot be read is refused, what cannot be true is marked untrusted.

Refused with 422, nothing of the request is kept: wrong shape, NaN, infinity, latitude or longitude off the globe.
Taken, but ``untrusted``, so that one broken receiver does not silence the others of its batch and so that the planner
counts this unit as unknown rather than where it was last: 0/0 (no fix), latitude and longitude exchanged, more than
30 km outside the county, faster than ``max_unit_kmh`` by its own word or by its last two places, more than 5 s in the
future. Of a unit whose reports are now impossible, now possible, now impossible again, none is trusted until a minute
passed without an impossible one: two devices report it, or one that lies. A unit the county does not have is left out
and named.

One ``Border`` judges everything that comes in, by HTTP and by the other system's stream: it remembers last places.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from camera_config.county import County, Position

OUTSIDE_M = 30_000.0
FUTURE_S = 5.0
NOISE_M = 100.0
"""A receiver may be this far off; it is taken from a jump before its speed is judged."""

HOLD_S = 60.0
"""A unit that contradicts itself within this is not trusted until so long passed without another contradiction."""

NO_FIX = "0/0: the receiver has no fix"
CONTRADICTS = "its reports contradict each other: two devices, or a broken one"

KEEP = 20_000
"""Batches kept on the bus for a planner that starts anew, about."""

EARTH_M = 6_371_008.8
DEGREE_M = math.pi * EARTH_M / 180.0

Status = Literal["available", "patrol", "standby", "at_station", "on_call", "committed_other", "off_duty", "unknown"]


class PositionIn(BaseModel):
    """One position as a device sends it; WGS84 degrees, unix seconds."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    unit: str = Field(min_length=1, max_length=64)
    lat: float = Field(ge=-90.0, le=90.0)
    lon: float = Field(ge=-180.0, le=180.0)
    at: float = Field(ge=0.0, le=1e11)
    speed_kmh: Annotated[float, Field(ge=0.0, le=10_000.0)] | None = None
    heading_deg: Annotated[float, Field(ge=0.0, le=360.0)] | None = None
    status: Status | None = None
    drill: bool = False


class PositionsIn(BaseModel):
    """A batch of positions."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    positions: list[PositionIn] = Field(min_length=1, max_length=1_000)
    lapse: float = Field(default=1.0, ge=1.0, le=3_600.0)
    """Seconds of the drill a second, by which its units drive faster; in a batch of a drill alone."""

    @model_validator(mode="after")
    def _only_drills_are_squeezed(self) -> Self:
        if self.lapse != 1.0 and not all(position.drill for position in self.positions):
            raise ValueError("lapse is for drills alone")
        return self


class Doubt(BaseModel):
    """Why a position is not trusted."""

    unit: str
    reason: str


class PositionsOut(BaseModel):
    """What became of a batch."""

    accepted: int
    untrusted: list[Doubt]
    unknown_units: list[str]


@dataclass(frozen=True, slots=True)
class Bounds:
    """A box around everything the county has on the map; degrees."""

    south: float
    west: float
    north: float
    east: float

    def holds(self, lat: float, lon: float) -> bool:
        """Return whether a place is inside, edges included."""
        return self.south <= lat <= self.north and self.west <= lon <= self.east


def bounds_of(county: County, margin_m: float = OUTSIDE_M) -> Bounds:
    """Return the box around the county's roads and posts, ``margin_m`` wider on each side."""
    lats = [*county.roads.node_lat.tolist(), *(post.position.lat for post in county.posts), county.centre.lat]
    lons = [*county.roads.node_lon.tolist(), *(post.position.lon for post in county.posts), county.centre.lon]
    up = margin_m / DEGREE_M
    across = up / max(0.01, math.cos(math.radians(max(abs(min(lats)), abs(max(lats))))))
    return Bounds(min(lats) - up, min(lons) - across, max(lats) + up, max(lons) + across)


@dataclass(slots=True)
class Memory:
    """What is remembered of a unit: its last trusted place, and how it contradicted itself; times are unix seconds.

    ``doubted_at`` is when its last impossible report came, ``back`` whether a possible one came since.
    """

    place: Position | None = None
    at: float = 0.0
    doubted_at: float = -math.inf
    back: bool = False
    held_until: float = -math.inf

    def holds(self, now: float) -> bool:
        """Return whether nothing of this unit is trusted now; a step of our clock does not make it longer."""
        return 0.0 <= self.held_until - now <= HOLD_S

    def doubt(self, now: float) -> None:
        """Take an impossible report; the second one with a possible one between begins a hold, any lengthens it."""
        if self.holds(now) or (self.back and 0.0 <= now - self.doubted_at <= HOLD_S):
            self.held_until = now + HOLD_S
        self.doubted_at, self.back = now, False


class Border:
    """Judges positions one after the other; remembers each unit's last trusted place to notice jumps."""

    def __init__(self, county: County) -> None:
        self._bounds = bounds_of(county)
        self._units = {str(unit.id) for unit in county.units}
        self._max_kmh = county.rules.max_unit_kmh
        self._known: dict[tuple[str, bool], Memory] = {}

    def judge(
        self, batch: Iterable[PositionIn], now: float, lapse: float = 1.0
    ) -> tuple[list[dict[str, Any]], PositionsOut]:
        """Return what to hand to the planner and what to answer; ``now`` in unix seconds."""
        kept: list[dict[str, Any]] = []
        doubts: list[Doubt] = []
        unknown: list[str] = []
        for position in batch:
            if position.unit not in self._units:
                unknown.append(position.unit)
                continue
            reason = self._doubt(position, now, lapse)
            if reason is not None:
                doubts.append(Doubt(unit=position.unit, reason=reason))
            kept.append({**position.model_dump(), "untrusted": reason})
        return kept, PositionsOut(accepted=len(kept) - len(doubts), untrusted=doubts, unknown_units=unknown)

    def _doubt(self, position: PositionIn, now: float, lapse: float) -> str | None:
        memory = self._known.setdefault((position.unit, position.drill), Memory())
        if position.lat == 0.0 and position.lon == 0.0:
            return NO_FIX
        reason = self._impossible(position, now) or self._jumps(position, memory, lapse)
        if reason is not None:
            memory.doubt(now)
            return reason
        if memory.place is None or position.at > memory.at:
            memory.place, memory.at = Position(position.lat, position.lon), position.at
        if memory.holds(now):
            return CONTRADICTS
        memory.back = True
        return None

    def _impossible(self, position: PositionIn, now: float) -> str | None:
        if not self._bounds.holds(position.lat, position.lon):
            swapped = self._bounds.holds(position.lon, position.lat)
            return "latitude and longitude are exchanged" if swapped else "more than 30 km outside the county"
        if position.at > now + FUTURE_S:
            return "more than 5 s in the future"
        if position.speed_kmh is not None and position.speed_kmh > self._max_kmh:
            return "faster than any unit"
        return None

    def _jumps(self, position: PositionIn, memory: Memory, lapse: float) -> str | None:
        """Compare with the last trusted place, whichever of the two was measured first: late ones come in any order."""
        if memory.place is None:
            return None
        metres = distance_m(memory.place, Position(position.lat, position.lon)) - NOISE_M
        if metres > self._max_kmh / 3.6 * abs(position.at - memory.at) * lapse:
            return "its last two places are further apart than any unit drives"
        return None


def distance_m(one: Position, other: Position) -> float:
    """Return the great-circle distance (haversine) in metres."""
    up = math.radians(other.lat - one.lat) / 2
    across = math.radians(other.lon - one.lon) / 2
    cosines = math.cos(math.radians(one.lat)) * math.cos(math.radians(other.lat))
    chord = math.sin(up) ** 2 + cosines * math.sin(across) ** 2
    return 2 * EARTH_M * math.asin(min(1.0, math.sqrt(chord)))
