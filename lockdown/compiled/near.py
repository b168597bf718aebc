"""The nearest point of every line around a place: segments in a grid of cells (``lockdown.lines.LineIndex``)."""

from math import atan2, ceil, degrees, floor, hypot, sqrt

import numpy as np

from lockdown.compiled.jit import jit
from lockdown.lines import CELL_M, Floats, Ints, cell_key

_cell_key = jit("int64(int64, int64)")(cell_key)


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
    slot = np.full(len(drawn_m), -1, np.int64)
    segments = np.empty(16, np.int64)
    away = np.empty(16, np.float64)
    along = np.empty(16, np.float64)
    count = 0
    for dx in range(-reach, reach + 1):
        for dy in range(-reach, reach + 1):
            key = _cell_key(cx + dx, cy + dy)
            at = np.searchsorted(cell, key)
            if at == len(cell) or cell[at] != key:
                continue
            for k in range(cell_ptr[at], cell_ptr[at + 1]):
                s = cell_segment[k]
                ux, uy = b[s, 0] - a[s, 0], b[s, 1] - a[s, 1]
                length2 = max(ux * ux + uy * uy, 1e-12)
                t = min(1.0, max(0.0, ((x - a[s, 0]) * ux + (y - a[s, 1]) * uy) / length2))
                d = hypot(a[s, 0] + t * ux - x, a[s, 1] + t * uy - y)
                if d > within_m:
                    continue
                i = slot[line[s]]
                if i < 0:
                    if count == len(segments):
                        segments = np.concatenate((segments, segments))
                        away = np.concatenate((away, away))
                        along = np.concatenate((along, along))
                    i = count
                    slot[line[s]] = i
                    count += 1
                elif d > away[i] or (d == away[i] and s >= segments[i]):
                    continue
                segments[i], away[i], along[i] = s, d, t
    order = np.argsort(line[segments[:count]])
    order = order[np.argsort(away[order], kind="mergesort")]
    lines = np.empty(count, np.int64)
    fraction, bearing, metres = np.empty(count, np.float64), np.empty(count, np.float64), np.empty(count, np.float64)
    for n in range(count):
        i = order[n]
        s = segments[i]
        ux, uy = b[s, 0] - a[s, 0], b[s, 1] - a[s, 1]
        drawn = before_m[s] + along[i] * sqrt(max(ux * ux + uy * uy, 1e-12))
        lines[n], metres[n] = line[s], away[i]
        fraction[n] = min(1.0, drawn / max(drawn_m[line[s]], 1e-9))
        bearing[n] = degrees(atan2(ux, uy)) % 360.0
    return lines, fraction, metres, bearing
