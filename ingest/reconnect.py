"""When a lost feed is asked for again: soon, but never all at once."""

import heapq
import random
from collections import deque
from typing import Generic, TypeVar

FIRST_S = 0.5
CAP_S = 8.0
"""Longest pause, so that a camera is back within 15 s of its return, connection and queue included."""

OUTAGE_CAP_S = 4.0
"""Longest pause while many feeds are down: what they share, a switch or its power, comes back for all at once. The
handshake gate alone then takes 363 / 60 = 6 s, and a pause of 8 s before it would be too long."""

OUTAGE_SHARE = 1 / 3
"""So many of all streams down at once have one cause."""

REFUSED_S = 300.0
"""Pause after a wrong password; cameras lock an account after a few."""

HANDSHAKES_PER_S = 60.0
"""Over all feeds: a switch that comes back with 363 cameras behind it is no storm (all within 6.3 s)."""

_SAVED_S = 0.25

T = TypeVar("T")


class Backoff:
    """Pauses between attempts: uniform between 0 and a bound that doubles up to ``CAP_S`` ("full jitter")."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._failures = 0

    def pause_s(self, *, outage: bool = False) -> float:
        """Return the pause after one more failure; ``outage``: many others failed as well."""
        bound = min(OUTAGE_CAP_S if outage else CAP_S, FIRST_S * 2 ** min(self._failures, 10))
        self._failures += 1
        return self._dice.uniform(0.0, bound)

    def reset(self) -> None:
        """Begin anew: the last attempt held."""
        self._failures = 0


class HandshakeGate(Generic[T]):
    """Admits those who ask at a bounded rate, the smallest ``priority`` first, in order of asking within it.

    No second sees more than ``per_s`` of them, and unused allowance is kept for a quarter of a second only.
    """

    def __init__(self, per_s: float = HANDSHAKES_PER_S) -> None:
        self._per_s = per_s
        self._tokens = per_s * _SAVED_S
        self._last_s: float | None = None
        self._asked = 0
        self._waiting: list[tuple[int, int, T]] = []
        self._admitted: deque[float] = deque(maxlen=int(per_s))

    def ask(self, item: T, priority: int) -> None:
        """Queue ``item``; whoever asks twice is admitted twice."""
        heapq.heappush(self._waiting, (priority, self._asked, item))
        self._asked += 1

    def admit(self, now_s: float) -> list[T]:
        """Return who may go ahead now."""
        gained = 0.0 if self._last_s is None else (now_s - self._last_s) * self._per_s
        self._tokens = min(self._per_s * _SAVED_S, self._tokens + gained)
        self._last_s = now_s
        admitted, times = [], self._admitted
        while self._waiting and self._tokens >= 1.0:
            if len(times) == times.maxlen and now_s - times[0] < 1.0:
                break
            self._tokens -= 1.0
            times.append(now_s)
            admitted.append(heapq.heappop(self._waiting)[2])
        return admitted
