"""Times inside the planner: whole milliseconds, rounded up once, shown rounded up."""

from math import ceil, isfinite

NEVER_MS = 1 << 60
"""No road leads there. Two of them still add up within 64 bits."""


def whole_ms(value: int, what: str) -> int:
    """Return ``value`` if it is a whole number of milliseconds from 0.

    Raises:
        ValueError: a float, a boolean or a negative number; ``what`` names it.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{what}: want whole milliseconds, got {value!r}")
    if value < 0:
        raise ValueError(f"{what}: want milliseconds from 0, got {value}")
    return value


def finite(value: float, what: str) -> float:
    """Return ``value`` if it is a number; NaN and infinities are refused at the border.

    Raises:
        ValueError: NaN or infinite; ``what`` names it.
    """
    if not isfinite(value):
        raise ValueError(f"{what}: want a finite number, got {value}")
    return float(value)


def shown_s(ms: int) -> float:
    """Return seconds with one decimal, rounded up: a shown time is never better than the real one."""
    return -(-ms // 100) / 10


def clock_text(ms: int) -> str:
    """Return ``m:ss``, rounded up to the second."""
    minutes, seconds = divmod(ceil(ms / 1000), 60)
    return f"{minutes}:{seconds:02d}"
