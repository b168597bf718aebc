"""Of several spots that would do, which to name, and how long a unit drives to it."""

from collections.abc import Sequence

import numpy as np

from camera_config.ids import PostId, UnitId
from lockdown.actions import Case
from lockdown.fields import Fields
from lockdown.lines import Ints
from lockdown.times import NEVER_MS
from lockdown.units import UnitNow
from lockdown.whatif import standing_delay_ms


def spot_for_unit(case: Case, unit: UnitId, spots: Ints) -> int:
    """Return the standby point of ``spots`` that the unit is at soonest, else the junction nearest to it, straight."""
    who = case.offers.units[case.row[unit]]
    standby = spots[spots >= case.spots.junctions]
    if standby.size:
        drive = _to_standby(case, who)[standby - case.spots.junctions]
        return int(standby[np.argmin(drive)])
    if who.position is None:
        return int(spots[0])
    x, y = case.offers.graph.plane.xy(who.position.lat, who.position.lon)
    xy = case.offers.graph.plane.points(np.column_stack([case.spots.lat[spots], case.spots.lon[spots]]))
    return int(spots[np.argmin(np.hypot(xy[:, 0] - x, xy[:, 1] - y))])


def spot_for_anyone(case: Case, spots: Ints, demands: Sequence[int]) -> int:
    """Return the spot, a standby point if one is among them, from which a unit has most time for one of ``demands``."""
    standby = spots[spots >= case.spots.junctions]
    chosen = standby if standby.size else spots
    rows = list(demands)
    left = case.limits()[rows, None] - case.arrivals(None).drive_ms[rows][:, chosen]
    return int(chosen[np.argmax(left.max(axis=0))])


def takes_ms(case: Case, unit: UnitId, spot: int) -> int | None:
    """Return how long until the unit stands there, if told now: delay and drive; None where there is no way."""
    who = case.offers.units[case.row[unit]]
    if spot >= case.spots.junctions:
        drive = int(_to_standby(case, who)[spot - case.spots.junctions])
    else:
        drive = int(case.offers.sure_drive(who, Fields(case.offers.fields.posts[:1], case.to_junction(spot)))[0])
    return None if drive >= NEVER_MS else standing_delay_ms(who, case.offers.rules) + drive


def _to_standby(case: Case, who: UnitNow) -> Ints:
    return case.offers.sure_drive(who, Fields(tuple(PostId(name) for name in case.spots.names), case.spots.to_ms))
