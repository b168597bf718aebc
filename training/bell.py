"""What the finder shall say about a scene: a bell around each plate's middle and, near it, the plate's corners.

The form is CenterNet's (Zhou 2019): a peak of the score is a plate, and its corners stand in that cell. The bell lies
in the plate's own coordinates, so that a long plate has a long bell.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

STRIDE: Final = 8
"""A cell's side, pixels."""
CORNER_PX: Final = 32.0
"""Corners are given in units of this, from the middle of their cell."""
BELL: Final = 0.16
"""Standard deviation of the bell, in plate widths and heights; at least ``BELL_CELLS`` cells."""
BELL_CELLS: Final = 0.45
NEAR: Final = 0.45
"""Cells where the bell is higher than this learn the corners."""


def targets(
    quads: NDArray[np.float32], size: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return the bell (cells, cells), corners (8, cells, cells), and the corners' weights (cells, cells).

    Args:
        quads: corners (plates, 4, 2), pixels.
        size: side of the scene, pixels; a multiple of ``STRIDE``.
    """
    cells = size // STRIDE
    bell = np.zeros((cells, cells), np.float32)
    corners = np.zeros((8, cells, cells), np.float32)
    weight = np.zeros((cells, cells), np.float32)
    y, x = (np.mgrid[:cells, :cells] + 0.5) * STRIDE
    for quad in sorted(quads, key=lambda one: -float(np.ptp(one[:, 0]))):
        centre = quad.mean(axis=0)
        across, down = (quad[1] + quad[2] - quad[0] - quad[3]) / 2, (quad[2] + quad[3] - quad[0] - quad[1]) / 2
        wide, high = float(np.linalg.norm(across)), float(np.linalg.norm(down))
        axes = np.stack([across, down], axis=1)
        if abs(np.linalg.det(axes)) < 1.0:
            continue
        u, v = np.linalg.solve(axes, np.stack([x - centre[0], y - centre[1]]).reshape(2, -1)).reshape(2, cells, cells)
        spread = max(BELL, BELL_CELLS * STRIDE / wide), max(BELL, BELL_CELLS * STRIDE / high)
        mine = np.exp(-((u / spread[0]) ** 2 + (v / spread[1]) ** 2) / 2)
        row, column = (int(np.clip(value // STRIDE, 0, cells - 1)) for value in (centre[1], centre[0]))
        mine[row, column] = 1.0
        bell = np.maximum(bell, mine).astype(np.float32)
        near = mine > NEAR
        for place, (corner_x, corner_y) in enumerate(quad):
            corners[2 * place][near] = (corner_x - x[near]) / CORNER_PX
            corners[2 * place + 1][near] = (corner_y - y[near]) / CORNER_PX
        weight[near] = mine[near] * CORNER_PX / max(high, 10.0)
    return bell, corners, weight
