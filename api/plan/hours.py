"""How long driving takes by the hour of the county's wall clock, and the roads prepared for it ahead of time.

A drive that is ordered at 6:50 is on the roads at 7:05. So what counts is the slowest of all hours that it may touch,
which is never better than the truth; a slower hour counts from the longest deadline before it begins.
"""

import logging
import threading
import time

from api.plan.inputs import Prepared, prepare
from camera_config.county import County
from camera_config.errors import CountyError

log = logging.getLogger(__name__)

AHEAD_S = 120.0
"""What a slower hour needs is prepared so long before it counts; that takes seconds."""

HOUR_S = 3600


def permille_for(county: County, at: float, ahead_s: float = 0.0) -> int:
    """Return how much of the speeds' time, in per mille, a drive may take that is ordered from ``at`` on.

    Args:
        county: its rules, posts and wall clock.
        at: unix seconds; the order is given while a verdict of then may be shown.
        ahead_s: or so much later.
    """
    rules = county.rules
    longest_s = max((post.deadline_s for post in county.posts), default=0)
    here = at + county.utc_offset_s
    first = int(here // HOUR_S)
    last = int((here + ahead_s + rules.verdict_valid_s + longest_s) // HOUR_S)
    return max(rules.hour_permille[hour % 24] for hour in range(first, min(last, first + 23) + 1))


class Hours:
    """The county as prepared for the hours that count; another is made in a thread while the one before still holds.

    What is handed out may be slower than it need be, and for as long as the next one is late it may be too fast:
    ``slow_enough`` tells, and nothing may be READY then.
    """

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        self._made: Prepared | None = None
        self._making: threading.Thread | None = None
        self._failed: int | None = None

    def prepared(self, at: float) -> Prepared:
        """Return what to plan with at unix ``at``, never waiting; begin what will be needed soon."""
        if self._making is not None and not self._making.is_alive():
            self._making = None
            self._prepared, self._made = self._made or self._prepared, None
        wanted = permille_for(self._prepared.county, at, AHEAD_S)
        if self._making is None and wanted not in (self._prepared.hour_permille, self._failed):
            self._making = threading.Thread(target=self._make, args=(wanted,), name="hours", daemon=True)
            self._making.start()
        return self._prepared

    def slow_enough(self, at: float) -> bool:
        """Tell whether what was handed out last is as slow as a drive ordered at ``at`` may be."""
        return self._prepared.hour_permille >= permille_for(self._prepared.county, at)

    def _make(self, permille: int) -> None:
        began = time.perf_counter()
        try:
            self._made = prepare(self._prepared.county, hour_permille=permille)
        except (CountyError, ArithmeticError):
            self._failed = permille  # it would fail again; the next hour is another one
            log.exception("planner.hour_failed permille=%d", permille)
        else:
            log.info("planner.hour permille=%d took_s=%.1f", permille, time.perf_counter() - began)
