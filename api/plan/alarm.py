"""What a position changes at once: every batch is asked of the compiled planner, and what matters does not wait.

The full verdict, with text, certificate and odds, takes a tenth of a second and is made once a second; a position costs
a tenth of a millisecond here (``lockdown.live``). Where feasible, not possible or unknown turns into another of these,
for both rings or one, the full verdict is made now.
"""

import logging
from collections.abc import Sequence

from api import __version__
from api.plan.inputs import Prepared
from lockdown.live import Live
from lockdown.units import UnitNow

log = logging.getLogger(__name__)


class Alarm:
    """Compares with what was said last; not for several threads."""

    def __init__(self) -> None:
        self._live: Live | None = None
        self._of: Prepared | None = None
        self._said: tuple[bool | None, ...] = ()

    def said(self, prepared: Prepared, units: Sequence[UnitNow], kinds: tuple[bool | None, ...]) -> None:
        """Take in all units as they were when a full verdict of these kinds (joint, town, county) was said."""
        self._said = kinds
        if self._live is None or self._of is not prepared:
            county = prepared.county
            self._live = Live(prepared.graph, prepared.fields, county.posts, units, county.rules, __version__)
            self._of = prepared
        elif (found := self._live.take(units).kinds) != kinds:
            # The two planners say the same of the same units (tests/lockdown/test_live.py); a full one is the record.
            log.error("planner.live_differs said=%s live=%s", kinds, found)

    def rings(self, units: Sequence[UnitNow]) -> bool:
        """Tell whether these units, as they are now, change what is said."""
        return self._live is not None and self._live.take(units).kinds != self._said
