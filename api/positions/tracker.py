"""Where every unit is, as the planner knows it: batches of positions in, ``UnitNow`` and the wall's list out.

Positions of a drill are left out here, before anything is computed. A position that is not trusted does not move the
unit; it makes the unit unknown until a trusted, newer one comes. Ages are monotonic: time since receipt, plus how old
the position was when it was received (PLANNER.md 1, freshness: the older of device and receive time counts). A clock
that is ahead makes late positions look fresh: what it was seen to be ahead is added to the age of all that follow. When
nothing at all is heard for a minute the whole feed is gone, and with it every unit, standing ones too.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from api.positions.border import distance_m
from camera_config.county import County, Position, Unit, UnitStatus
from lockdown.units import UnitNow, trust_of

OLD_S = 24 * 3600.0
"""A batch older than this, or from the future, belongs to another start of the machine."""

GONE_S = 60.0
"""Silence of all units together for longer than this is a dead feed, not units that stand (facts/reliability F33)."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The last trusted position of a unit. ``late_s`` is how old it was when it was received at ``mono_s``.

    ``speed_kmh`` is None where nothing tells how fast it drives: then it may drive as fast as any unit.
    The unit has been at this very place since ``same_since_s``, by receipt, and ``same_at``, by its own clock.
    """

    position: Position
    at: float
    mono_s: float
    late_s: float
    speed_kmh: float | None
    heading_deg: float | None
    status: UnitStatus | None
    same_since_s: float
    same_at: float


class Tracker:
    """Holds the latest of every unit of the county; not for several threads."""

    def __init__(self, county: County) -> None:
        self._roster: dict[str, Unit] = {str(unit.id): unit for unit in county.units}
        self._rules = county.rules
        self._seen: dict[str, Seen] = {}
        self._doubted: set[str] = set()
        self._ahead_s: dict[str, float] = {}
        self._heard_s = -math.inf

    def accept(self, batch: dict[str, Any], now_s: float) -> set[str]:
        """Take one batch as ``api.plan.routes`` put it on the bus, and return its units; ``now_s`` is monotonic."""
        touched: set[str] = set()
        mono_s = float(batch["mono_s"])
        if not 0.0 <= now_s - mono_s <= OLD_S:
            return touched
        for item in batch["positions"]:
            if item["drill"] or item["unit"] not in self._roster:
                continue
            self._heard_s = max(self._heard_s, mono_s)
            touched.add(item["unit"])
            if item["untrusted"] is not None:
                self._doubted.add(item["unit"])
                continue
            self._move(item, float(batch["received_at"]), mono_s)
        return touched

    def _move(self, item: dict[str, Any], received_at: float, mono_s: float) -> None:
        last = self._seen.get(item["unit"])
        if last is not None and item["at"] <= last.at:
            return
        position = Position(item["lat"], item["lon"])
        stays = last if last is not None and last.position == position else None
        ahead_s = max(self._ahead_s.get(item["unit"], 0.0), item["at"] - received_at)
        self._ahead_s[item["unit"]] = ahead_s
        self._doubted.discard(item["unit"])
        self._seen[item["unit"]] = Seen(
            position=position,
            at=item["at"],
            mono_s=mono_s,
            late_s=received_at - item["at"] + ahead_s,
            speed_kmh=self._speed(item, position, last),
            heading_deg=item["heading_deg"],
            status=UnitStatus(item["status"]) if item["status"] is not None else last.status if last else None,
            same_since_s=stays.same_since_s if stays else mono_s,
            same_at=stays.same_at if stays else item["at"],
        )

    def _speed(self, item: dict[str, Any], position: Position, last: Seen | None) -> float | None:
        """Return km/h as reported, else from the last two places; None at a first place."""
        if item["speed_kmh"] is not None:
            return float(item["speed_kmh"])
        if last is None:
            return None
        return distance_m(last.position, position) / (float(item["at"]) - last.at) * 3.6

    def now(self, now_s: float, only: Collection[str] | None = None) -> list[UnitNow]:
        """Return every unit, or only some, as of monotonic ``now_s``, in the order of the roster."""
        return [self._unit(unit, now_s) for name, unit in self._roster.items() if only is None or name in only]

    def _unit(self, unit: Unit, now_s: float) -> UnitNow:
        seen = self._seen.get(unit.id)
        trusted = unit.id not in self._doubted and now_s - self._heard_s <= GONE_S
        if seen is None:
            return UnitNow(
                id=unit.id,
                crew=unit.crew,
                equipment=unit.equipment,
                status=unit.status,
                position=None,
                seen_age_ms=None,
                trusted=trusted,
            )
        return UnitNow(
            id=unit.id,
            crew=unit.crew,
            equipment=unit.equipment,
            status=seen.status or unit.status,
            position=seen.position,
            seen_age_ms=_up_ms(now_s - seen.mono_s + seen.late_s),
            speed_kmh=self._rules.max_unit_kmh if seen.speed_kmh is None else seen.speed_kmh,
            heading_deg=seen.heading_deg,
            same_place_ms=_up_ms(max(seen.mono_s - seen.same_since_s, seen.at - seen.same_at)),
            trusted=trusted,
        )

    def wire(self, at: float, now_s: float) -> dict[str, Any]:
        """Return the units for the wall; ``at`` is wall time, ``now_s`` monotonic."""
        rows = []
        for unit in self.now(now_s):
            seen = self._seen.get(unit.id)
            rows.append(
                {
                    "id": unit.id,
                    "call_sign": self._roster[unit.id].call_sign,
                    "lat": unit.position.lat if unit.position else None,
                    "lon": unit.position.lon if unit.position else None,
                    "speed_kmh": None if seen is None or seen.speed_kmh is None else round(seen.speed_kmh, 1),
                    "heading_deg": unit.heading_deg,
                    "status": unit.status.value,
                    "seen_at": seen.at if seen else None,
                    "age_s": None if unit.seen_age_ms is None else unit.seen_age_ms / 1000,
                    "trust": trust_of(unit, self._rules).value,
                    "drill": False,
                }
            )
        return {"at": at, "units": rows}


def _up_ms(seconds: float) -> int:
    """Return whole milliseconds, rounded up: an age is never shortened."""
    return max(0, -int(-seconds * 1000 // 1))
