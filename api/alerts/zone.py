"""When an alert is raised: cameras near its checkpoint are looked at more often, and the checkpoint is recorded.

Best effort and after the alert was shown; a drill moves nothing.
"""

import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import redis
from redis.exceptions import RedisError

from api.log.asked import RAISED, RECORD
from camera_config.county import County, Position

log = logging.getLogger(__name__)

NEAR_M: Final = 3000.0
RAISED_S: Final = 600.0
RECORD_S: Final = 300.0
METRES_A_DEGREE: Final = 111_195.0
"""Of latitude, on a sphere of 6,371 km: exact to 0.6 %, which nobody sees in three kilometres."""


class AlertZone:
    """Knows which cameras stand within ``NEAR_M`` metres of each checkpoint, the edge included."""

    def __init__(self, county: County) -> None:
        self._near = {
            str(place.id): tuple(
                str(camera.id) for camera in county.cameras if distance_m(camera.position, place.position) <= NEAR_M
            )
            for place in county.checkpoints
        }

    def near(self, checkpoint: str) -> Sequence[str]:
        """Return the cameras near a checkpoint; none where it is not the county's."""
        return self._near.get(checkpoint, ())

    def raise_for(self, bus: redis.Redis, alert: Mapping[str, Any], now: float) -> None:
        """Ask for what an alert asks for, counted from unix ``now``; what is wanted for longer already stays so.

        Entries that have ended are removed. Nothing is raised: an alert does not wait for this.
        """
        checkpoint = str(alert["passage"]["checkpoint"])
        if alert["drill"]:
            return
        try:
            _want(bus, RAISED, self.near(checkpoint), now, RAISED_S)
            _want(bus, RECORD, [checkpoint], now, RECORD_S)
        except RedisError as error:
            log.warning("alert.no_zone alert=%s: %s", alert["id"], error)
        else:
            log.info("alert.zone alert=%s cameras=%d", alert["id"], len(self.near(checkpoint)))


def distance_m(one: Position, other: Position) -> float:
    """Return the distance of two places of one county, on a flat earth."""
    middle = math.radians((one.lat + other.lat) / 2)
    return METRES_A_DEGREE * math.hypot(one.lat - other.lat, (one.lon - other.lon) * math.cos(middle))


def _want(bus: redis.Redis, key: str, feeds: Sequence[str], now: float, for_s: float) -> None:
    known = {feed: _time(until) for feed, until in cast("dict[str, str]", bus.hgetall(key)).items()}
    until = now + for_s
    with bus.pipeline(transaction=True) as pipe:
        ended = [feed for feed, time in known.items() if time <= now and feed not in feeds]
        longer = {feed: f"{until:.3f}" for feed in feeds if known.get(feed, 0.0) < until}
        if ended:
            pipe.hdel(key, *ended)
        if longer:
            pipe.hset(key, mapping=cast("Any", longer))
        pipe.execute()


def _time(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
