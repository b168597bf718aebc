"""At most one line a minute of a kind: 350 cameras share one switch."""

import logging

from camera_config.clock import Clock

PAUSE_S = 60.0


class Tally:
    """Logs the first of a kind at once, and then one a minute with the count of what was left out."""

    def __init__(self, log: logging.Logger, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._kinds: dict[str, tuple[float, int]] = {}

    def warn(self, kind: str, text: str) -> None:
        """Log ``text`` as a warning of ``kind``, or count it."""
        now_s = self._clock.monotonic_s()
        logged_s, left_out = self._kinds.get(kind, (-PAUSE_S, 0))
        if now_s - logged_s < PAUSE_S:
            self._kinds[kind] = (logged_s, left_out + 1)
            return
        self._kinds[kind] = (now_s, 0)
        self._log.warning("%s %s left_out=%d", kind, text, left_out)
