"""What is known of a unit now, and how far it can be trusted."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from camera_config.county import Position, Rules, UnitStatus
from camera_config.ids import UnitId
from lockdown.times import finite, whole_ms


class Trust(StrEnum):
    """Whether a position may be used; anything but ``FRESH`` is "unknown" and never counts for READY."""

    FRESH = "fresh"
    TOO_OLD = "too_old"
    FROZEN = "frozen"
    UNTRUSTED = "untrusted"
    NEVER_SEEN = "never_seen"


@dataclass(frozen=True, slots=True)
class UnitNow:
    """One unit at the moment of planning.

    Args:
        position: WGS84; None where it was never seen.
        seen_age_ms: since the position was measured, by the older of device and receiver; None where never seen.
        speed_kmh, heading_deg: as reported; heading None where unknown, and not believed of a unit that stands.
        same_place_ms: for how long the coordinates have been identical.
        status: as last reported, else the roster's.
        trusted: false for a position that is impossible or from a device that we do not trust.
        duty_left_ms: until its shift ends; None where no end is near.
        callable_off_duty: off duty, but can be called in (``Rules.callable_delay_s``).

    Raises:
        ValueError: NaN, or a time that is not whole milliseconds.
    """

    id: UnitId
    crew: int
    equipment: tuple[str, ...]
    status: UnitStatus
    position: Position | None
    seen_age_ms: int | None
    speed_kmh: float = 0.0
    heading_deg: float | None = None
    same_place_ms: int = 0
    trusted: bool = True
    duty_left_ms: int | None = None
    callable_off_duty: bool = False

    def __post_init__(self) -> None:
        if (self.position is None) != (self.seen_age_ms is None):
            raise ValueError(f"unit {self.id}: a position and its age go together")
        if self.position is not None:
            finite(self.position.lat, f"latitude of {self.id}")
            finite(self.position.lon, f"longitude of {self.id}")
        if finite(self.speed_kmh, f"speed of {self.id}") < 0:
            raise ValueError(f"speed of {self.id}: want km/h from 0, got {self.speed_kmh}")
        if self.heading_deg is not None:
            finite(self.heading_deg, f"heading of {self.id}")
        for value in (self.seen_age_ms, self.same_place_ms, self.duty_left_ms):
            if value is not None:
                whole_ms(value, f"a time of {self.id}")


def moving(unit: UnitNow, rules: Rules) -> bool:
    """Tell whether the unit says that it drives."""
    return unit.speed_kmh >= rules.moving_kmh


def trust_of(unit: UnitNow, rules: Rules) -> Trust:
    """Return how far the unit's position can be trusted; exactly at a limit it still counts."""
    if unit.position is None or unit.seen_age_ms is None:
        return Trust.NEVER_SEEN
    if not unit.trusted:
        return Trust.UNTRUSTED
    limit_s = rules.too_old_moving_s if moving(unit, rules) else rules.too_old_standing_s
    if unit.seen_age_ms > limit_s * 1000:
        return Trust.TOO_OLD
    if moving(unit, rules) and unit.same_place_ms > rules.frozen_s * 1000:
        return Trust.FROZEN
    return Trust.FRESH


def surely_able(unit: UnitNow, rules: Rules) -> bool:
    """Tell whether the unit counts for READY: fresh, and its status is one that can be sent."""
    return can_be_sent(unit, rules) and trust_of(unit, rules) is Trust.FRESH


def can_be_sent(unit: UnitNow, rules: Rules) -> bool:
    """Tell whether the unit's status is one that the rules send."""
    return unit.status in rules.dispatch_delay_s and unit.status not in _NEVER_SENT


def surely_unable(unit: UnitNow, rules: Rules) -> bool:
    """Tell whether the unit cannot be counted even at best.

    Off duty and committed elsewhere hold until somebody says otherwise; "on a call" only as long as the report that
    says so is fresh, for calls end.
    """
    if unit.status is UnitStatus.OFF_DUTY:
        return not unit.callable_off_duty
    if unit.status is UnitStatus.COMMITTED_OTHER:
        return True
    return unit.status is UnitStatus.ON_CALL and trust_of(unit, rules) is Trust.FRESH


def sure_delay_ms(unit: UnitNow, rules: Rules) -> int:
    """Return milliseconds from the order to wheels moving for a unit that counts."""
    return rules.dispatch_delay_s[unit.status] * 1000


def best_delay_ms(unit: UnitNow, rules: Rules) -> int:
    """Return the least milliseconds to wheels moving that can be true: another status may hold by now."""
    if unit.status is UnitStatus.OFF_DUTY:
        return rules.callable_delay_s * 1000
    if surely_able(unit, rules):
        return sure_delay_ms(unit, rules)
    return least_delay_ms(rules)


def least_delay_ms(rules: Rules) -> int:
    """Return the delay of the readiest unit that can be."""
    status = readiest(rules)
    return 0 if status is None else rules.dispatch_delay_s[status] * 1000


def readiest(rules: Rules) -> UnitStatus | None:
    """Return the status that is sent soonest, the first by name of several; None where the rules send none."""
    sendable = [s for s in rules.dispatch_delay_s if s not in _NEVER_SENT]
    return min(sendable, key=lambda s: (rules.dispatch_delay_s[s], s), default=None)


def fits(unit: UnitNow, crew_min: int, equipment: Collection[str]) -> bool:
    """Tell whether the unit has the crew and the equipment that a post names (the crew filter)."""
    return unit.crew >= crew_min and set(equipment) <= set(unit.equipment)


_NEVER_SENT = frozenset({UnitStatus.ON_CALL, UnitStatus.COMMITTED_OTHER, UnitStatus.OFF_DUTY, UnitStatus.UNKNOWN})
