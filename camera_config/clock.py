"""Time is passed in: wall time for records, monotonic time for durations."""

import threading
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the rest of kakou asks for the time."""

    def now(self) -> datetime:
        """Return aware UTC wall time, for records; it may step."""

    def monotonic_s(self) -> float:
        """Return seconds for durations; never steps, and is one scale for all processes of a machine."""

    def sleep(self, seconds: float) -> None:
        """Wait; for plain threads only, never on an event loop."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return aware UTC wall time."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Return CLOCK_MONOTONIC in seconds."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait in a way that survives a stepping clock (facts F10)."""
        threading.Event().wait(seconds)
