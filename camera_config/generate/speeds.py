"""Fields of the road by which two of the invented checkpoints measure speeds.

They are what the simulator's cameras show (``ingest.simulate.view``, seed 1): tests/api/demo/test_speeds.py
measures both again. This package cannot ask the simulator, which is built on it.
"""

from typing import Final

Corner = tuple[float, float, float, float]
"""x, y in the picture from 0 to 1; metres across and along the road."""

MAST_M: Final = 6.0
FIELDS: Final[dict[str, tuple[Corner, ...]]] = {
    "town-west": (
        (0.1701, 0.7762, 0.0, 0.0),
        (0.8433, 0.7817, 3.6, 0.0),
        (0.7561, 0.174, 3.6, 7.0),
        (0.2769, 0.1712, 0.0, 7.0),
    ),
    "town-east": (
        (0.1204, 0.8201, 0.0, 0.0),
        (0.7987, 0.772, 3.6, 0.0),
        (0.6219, 0.097, 3.6, 7.0),
        (0.1573, 0.1195, 0.0, 7.0),
    ),
}
"""By exit: the corners of 3.6 x 7 m of road, those near the camera first."""


def speed_lines(exit_id: str) -> str:
    """Return the lines of a ``[[checkpoint]]``; none where speeds are not measured."""
    if exit_id not in FIELDS:
        return ""
    corners = ", ".join(f"[{x}, {y}, {across}, {along}]" for x, y, across, along in FIELDS[exit_id])
    return f"speed_points = [{corners}]\nmast_m = {MAST_M}\n"
