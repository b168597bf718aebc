"""A plan with all that has to stand beside it on paper and on a map: whose it is, of when, and from which positions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from api.plan.wire import AssignedOut, ReadinessOut
from camera_config.county import County, Position, Post, Ring, Rules
from lockdown.times import shown_s
from lockdown.units import UnitNow, can_be_sent, trust_of


class Origin(StrEnum):
    """Where the positions are from. Only ``LIVE`` may be ordered without a word about it."""

    LIVE = "live"
    FILE = "file"
    EXAMPLE = "example"
    DRILL = "drill"


class Staffing(StrEnum):
    """What becomes of a post. ``LATE``: enough units come, after the deadline; ``NOBODY``: not even that is sure."""

    IN_TIME = "in_time"
    LATE = "late"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class UnitSeen:
    """A unit as it was known; ``free``: it could be sent."""

    id: str
    call_sign: str
    position: Position | None
    age_s: float | None
    trust: str
    free: bool


@dataclass(frozen=True, slots=True)
class PostShown:
    """A post with its orders. ``staffed_s`` is the last of them, or the soonest that would do where it is late."""

    post: Post
    staffing: Staffing
    orders: tuple[AssignedOut, ...]
    staffed_s: float | None


@dataclass(frozen=True, slots=True)
class Situation:
    """One answer of the planner, whole, with its county; ``units`` are in the order of the roster.

    ``replayed``: an old answer made again, for the record only.
    """

    answer: ReadinessOut
    county: County
    units: tuple[UnitSeen, ...]
    origin: Origin
    version: str
    replayed: bool = False

    @property
    def valid_until(self) -> float:
        """Return unix seconds; later the answer says nothing any more."""
        return self.answer.computed_at + self.answer.valid_for_s

    @property
    def marks(self) -> tuple[str, ...]:
        """Return what has to stand large on it: a drill, an example, an invented county."""
        mark = {Origin.DRILL: "演练", Origin.EXAMPLE: "示例", Origin.FILE: "文件位置"}.get(self.origin)
        again, invented = ("复核",) if self.replayed else (), ("虚构县",) if self.county.invented else ()
        return (*again, *((mark,) if mark else ()), *invented)

    @property
    def whole(self) -> bool:
        """Tell whether this plan may be carried out as it stands: it is new, and every post is staffed in time."""
        return self.answer.joint.feasible is True and not self.replayed

    def posts(self) -> list[PostShown]:
        """Return all posts of the county by ring and id, with what becomes of them."""
        rings, table = list(Ring), _table(self.answer.joint.certificate)
        ordered = sorted(self.county.posts, key=lambda post: (rings.index(post.ring), post.id))
        return [self._post(post, table) for post in ordered]

    def _post(self, post: Post, table: dict[str, Any] | None) -> PostShown:
        orders = tuple(o for o in self.answer.joint.plan if post.id in (o.post, *o.also_holds))
        if orders and post.id not in self.answer.joint.loses:
            return PostShown(post, Staffing.IN_TIME, orders, max(o.staffed_s for o in orders))
        soonest = _soonest_s(table, post.id, {o.unit for o in self.answer.joint.plan})
        late = soonest is not None and soonest > post.deadline_s
        return PostShown(post, Staffing.LATE if late else Staffing.NOBODY, (), soonest if late else None)


def seen_now(county: County, units: Sequence[UnitNow]) -> tuple[UnitSeen, ...]:
    """Return the units as the planner was given them."""
    by_id = {unit.id: unit for unit in units}
    return tuple(_seen(unit.call_sign, by_id[unit.id], county.rules) for unit in county.units if unit.id in by_id)


def seen_live(county: County, rows: Sequence[Mapping[str, Any]]) -> tuple[UnitSeen, ...]:
    """Return the units of the live feed (``api.positions.tracker``)."""
    sent = {status.value for status in county.rules.dispatch_delay_s}
    busy = {"on_call", "committed_other", "off_duty", "unknown"}
    return tuple(
        UnitSeen(
            id=row["id"],
            call_sign=row["call_sign"],
            position=None if row["lat"] is None else Position(row["lat"], row["lon"]),
            age_s=row["age_s"],
            trust=row["trust"],
            free=row["status"] in sent - busy,
        )
        for row in rows
    )


def _seen(call_sign: str, unit: UnitNow, rules: Rules) -> UnitSeen:
    age_s = None if unit.seen_age_ms is None else unit.seen_age_ms / 1000
    return UnitSeen(unit.id, call_sign, unit.position, age_s, trust_of(unit, rules).value, can_be_sent(unit, rules))


def _table(certificate: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the arrival table of a certificate; of an undecided one that of the units that surely count."""
    if certificate is None:
        return None
    found: dict[str, Any] = certificate.get("sure", certificate).get("table")
    return found


def _soonest_s(table: dict[str, Any] | None, post: str, taken: set[str]) -> float | None:
    """Return when enough of the units that have no order would have staffed a post; None: never, or not known."""
    if table is None:
        return None
    rows = zip(table["units"], table["delay_ms"], table["drive_ms"], strict=True)
    free = [(delay, drive) for unit, delay, drive in rows if unit not in taken]
    for j, demand in enumerate(table["posts"]):
        if post in demand["posts"]:
            came = sorted(delay + drive[j] for delay, drive in free if drive[j] is not None)
            if len(came) < demand["need"]:
                return None
            return shown_s(int(came[demand["need"] - 1] + demand["setup_ms"]))
    return None
