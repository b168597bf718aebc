"""The nearest point of every line around a place: segments in a grid of cells (``lockdown.lines.LineIndex``)."""

from math import atan2, degrees, floor, hypot, sqrt

import numpy as np

from lockdown.compiled.jit import jit
from lockdown.compiled.land import LINES
from lockdown.lines import CELL_M, Floats, Ints, Lines, cell_key

_cell_key = jit("int", "int", "int")(cell_key)


@jit("int", "i", "int")
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


@jit("f", "f")
def _longer(values: Floats) -> Floats:
    """Return twice the room with the same values in front."""
    made = np.empty(2 * len(values), np.float64)
    for i in range(len(values)):
        made[i] = values[i]
    return made


@jit("i", "i")
def _longer_ints(values: Ints) -> Ints:
    """Return twice the room with the same values in front."""
    made = np.empty(2 * len(values), np.int64)
    for i in range(len(values)):
        made[i] = values[i]
    return made


@jit("i f f f", LINES, "float", "float", "float")
def near_lines(lines: Lines, x: float, y: float, within_m: float) -> tuple[Ints, Floats, Floats, Floats]:
    """Return line, fraction, metres away and bearing of the nearest point of every line, nearest first, ties by line.

    The place is given in metres of the index's plane.
    """
    a, b, line = lines.a, lines.b, lines.line
    slot = np.zeros(len(lines.drawn_m), np.int64)
    segments, away, along = np.empty(16, np.int64), np.empty(16, np.float64), np.empty(16, np.float64)
    count = 0
    # A segment is entered in every cell that its box touches, so also in that of its nearest point.
    for cx in range(floor((x - within_m) / CELL_M), floor((x + within_m) / CELL_M) + 1):
        for cy in range(floor((y - within_m) / CELL_M), floor((y + within_m) / CELL_M) + 1):
            at = _find(lines.cell, _cell_key(cx, cy))
            if at < 0:
                continue
            for k in range(lines.ptr[at], lines.ptr[at + 1]):
                s = lines.segment[k]
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
    which = np.empty(count, np.int64)
    fraction, bearing, metres = np.empty(count, np.float64), np.empty(count, np.float64), np.empty(count, np.float64)
    for i in range(count):
        n = i
        while n > 0 and (metres[n - 1] > away[i] or (metres[n - 1] == away[i] and which[n - 1] > line[segments[i]])):
            which[n], metres[n], fraction[n], bearing[n] = which[n - 1], metres[n - 1], fraction[n - 1], bearing[n - 1]
            n -= 1
        s = segments[i]
        ux, uy = b[s, 0] - a[s, 0], b[s, 1] - a[s, 1]
        drawn = lines.before_m[s] + along[i] * sqrt(max(ux * ux + uy * uy, 1e-12))
        which[n], metres[n] = line[s], away[i]
        fraction[n] = min(1.0, drawn / max(lines.drawn_m[line[s]], 1e-9))
        bearing[n] = degrees(atan2(ux, uy)) % 360.0
    return which, fraction, metres, bearing
