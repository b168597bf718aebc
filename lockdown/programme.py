"""A mixed-integer programme while it is written down, and its answer from HiGHS (``scipy.optimize.milp``)."""

from dataclasses import dataclass

import numpy as np

from lockdown.lines import Floats


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the solver found: values of the columns, None where it found none, and what no solution can be below.

    ``ended``: it went to the end, so that without values there is no solution.
    """

    values: Floats | None
    bound: float
    ended: bool


class Programme:
    """Columns and rows, in the order in which they were added; the cost is made least."""

    def __init__(self) -> None:
        self._cost: list[float] = []
        self._whole: list[int] = []
        self._low: list[float] = []
        self._high: list[float] = []
        self._entries: list[tuple[int, int, float]] = []
        self._row_low: list[float] = []

    def column(self, cost: float, low: float, high: float, *, whole: bool) -> int:
        """Add a column; return its number."""
        self._cost.append(cost)
        self._low.append(low)
        self._high.append(high)
        self._whole.append(int(whole))
        return len(self._cost) - 1

    def at_least(self, low: float, entries: list[tuple[int, float]]) -> None:
        """Add the row: the sum of column times factor is at least ``low``."""
        row = len(self._row_low)
        self._entries += [(row, column, value) for column, value in entries]
        self._row_low.append(low)

    def solve(self, limit_s: float) -> Outcome:
        """Solve until it is proved or ``limit_s`` are over."""
        from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415  (0.5 s; only who asks pays for it)
        from scipy.sparse import coo_array  # noqa: PLC0415

        rows, columns, values = zip(*self._entries, strict=True)
        matrix = coo_array((values, (rows, columns)), shape=(len(self._row_low), len(self._cost))).tocsr()
        answer = milp(
            self._cost,
            constraints=LinearConstraint(matrix, self._row_low, np.inf),
            integrality=np.array(self._whole, np.int64),
            bounds=Bounds(self._low, self._high),
            options={"time_limit": limit_s, "mip_rel_gap": 0.0},
        )
        bound = answer.mip_dual_bound if answer.mip_dual_bound is not None else -np.inf
        ended = answer.status in (0, 2)
        return Outcome(answer.x, np.inf if ended and answer.x is None else float(bound), ended)
