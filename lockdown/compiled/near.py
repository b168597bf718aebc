"""The nearest point of every line around a place: segments in a grid of cells (``lockdown.lines.LineIndex``)."""

from math import atan2, ceil, degrees, floor, hypot, sqrt

import numpy as np

from lockdown.compiled.jit import jit
from lockdown.lines import CELL_M, Floats, Ints, cell_key

_cell_key = jit("int64(int64, int64)")(cell_key)


@jit("int64(int64[::1], int64)")
def _find(rising: Ints, value: int) -> int:
    """Return where ``value`` stands in ``rising``, or -1."""
    low, high = 0, len(rising)
    while low < high:
        middle = (low + high) // 2
        if rising[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low if low < len(rising) and rising[low] == value else -1


@jit("float64[::1](float64[::1])")
def _longer(values: Floats) -> Floats:
    """Return twice the room with the same values in front."""
    made = np.empty(2 * len(values), np.float64)
    for i in range(len(values)):
        made[i] = values[i]
    return made


@jit("int64[::1](int64[::1])")
def _longer_ints(values: Ints) -> Ints:
    """Return twice the room with the same values in front."""
    made = np.empty(2 * len(values), np.int64)
    for i in range(len(values)):
        made[i] = values[i]
    return made


@jit(
    "Tuple((int64[::1], float64[::1], float64[::1], float64[::1]))(float64, float64, float64, int64[::1], int64[::1],"
    " int64[::1], float64[:, ::1], float64[:, ::1], int64[::1], float64[::1], float64[::1])"
)
def near_lines(
    x: float,
    y: float,
    within_m: float,
    cell: Ints,
    cell_ptr: Ints,
    cell_segment: Ints,
    a: Floats,
    b: Floats,
    line: Ints,
    before_m: Floats,
    drawn_m: Floats,
) -> tuple[Ints, Floats, Floats, Floats]:
    """Return line, fraction, metres away and bearing of the nearest point of every line, nearest first, ties by line.

    The place is given in metres of the index's plane; ``cell`` to ``drawn_m`` are of the ``LineIndex``.
    """
    reach = ceil(within_m / CELL_M)
    cx, cy = floor(x / CELL_M), floor(y / CELL_M)
    slot = np.zeros(len(drawn_m), np.int64)
    segments, away, along = np.empty(16, np.int64), np.empty(16, np.float64), np.empty(16, np.float64)
    count = 0
    for dx in range(-reach, reach + 1):
        for dy in range(-reach, reach + 1):
            at = _find(cell, _cell_key(cx + dx, cy + dy))
            if at < 0:
                continue
            for k in range(cell_ptr[at], cell_ptr[at + 1]):
                s = cell_segment[k]
                ux, uy = b[s, 0] - a[s, 0], b[s, 1] - a[s, 1]
                length2 = max(ux * ux + uy * uy, 1e-12)
                t = min(1.0, max(0.0, ((x - a[s, 0]) * ux + (y - a[s, 1]) * uy) / length2))
                d = hypot(a[s, 0] + t * ux - x, a[s, 1] + t * uy - y)
                if d > within_m:
                    continue
                i = slot[line[s]] - 1
                if i < 0:
                    if count == len(segments):
                        segments, away, along = _longer_ints(segments), _longer(away), _longer(along)
                    i = count
                    count += 1
                    slot[line[s]] = count
                elif d > away[i] or (d == away[i] and s >= segments[i]):
                    continue
                segments[i], away[i], along[i] = s, d, t
    lines = np.empty(count, np.int64)
    fraction, bearing, metres = np.empty(count, np.float64), np.empty(count, np.float64), np.empty(count, np.float64)
    for i in range(count):
        n = i
        while n > 0 and (metres[n - 1] > away[i] or (metres[n - 1] == away[i] and lines[n - 1] > line[segments[i]])):
            lines[n], metres[n], fraction[n], bearing[n] = lines[n - 1], metres[n - 1], fraction[n - 1], bearing[n - 1]
            n -= 1
        s = segments[i]
        ux, uy = b[s, 0] - a[s, 0], b[s, 1] - a[s, 1]
        drawn = before_m[s] + along[i] * sqrt(max(ux * ux + uy * uy, 1e-12))
        lines[n], metres[n] = line[s], away[i]
        fraction[n] = min(1.0, drawn / max(drawn_m[line[s]], 1e-9))
        bearing[n] = degrees(atan2(ux, uy)) % 360.0
    return lines, fraction, metres, bearing
