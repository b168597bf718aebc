"""The arrival table: what every question of staffing is asked of. Whole milliseconds only."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from camera_config.county import Ring
from camera_config.ids import PostId, UnitId
from lockdown.lines import Ints
from lockdown.times import NEVER_MS, whole_ms


@dataclass(frozen=True, slots=True)
class Demand:
    """A post, or a group of posts that one crew holds, that needs ``need`` units by ``deadline_ms``, inclusive.

    ``id`` is the post's id, or the first of the group's; ``posts`` are all of them.
    """

    id: PostId
    posts: tuple[PostId, ...]
    ring: Ring
    need: int
    deadline_ms: int
    setup_ms: int

    def __post_init__(self) -> None:
        whole_ms(self.deadline_ms, f"deadline of {self.id}")
        whole_ms(self.setup_ms, f"set-up of {self.id}")
        if self.need < 1 or self.deadline_ms < 1:
            raise ValueError(f"demand {self.id}: need and deadline start at 1")


@dataclass(frozen=True)
class Table:
    """Who could be where, when.

    ``staffed = delay_ms[u] + drive_ms[u, j] + demands[j].setup_ms``; a post's k-th arrival decides, so a post is
    staffed at the largest of its k units' entries. ``drive_ms`` is (units, demands), ``NEVER_MS`` where the unit
    cannot or may not serve. Units and demands are in order of id.
    """

    units: tuple[UnitId, ...]
    demands: tuple[Demand, ...]
    delay_ms: tuple[int, ...]
    drive_ms: Ints

    def __post_init__(self) -> None:
        want = (len(self.units), len(self.demands))
        if self.drive_ms.dtype != np.int64:
            raise ValueError(f"drive_ms: want whole milliseconds in int64, got {self.drive_ms.dtype}")
        if self.drive_ms.shape != want or len(self.delay_ms) != want[0]:
            raise ValueError(f"drive_ms: want (units, demands) = {want}, got {self.drive_ms.shape}")
        if self.drive_ms.size and (self.drive_ms.min() < 0 or self.drive_ms.max() > NEVER_MS):
            raise ValueError("drive_ms: want milliseconds from 0 to NEVER_MS")
        for unit, delay in zip(self.units, self.delay_ms, strict=True):
            whole_ms(delay, f"delay of {unit}")
        ids = [d.id for d in self.demands]
        if list(self.units) != sorted(set(self.units)) or ids != sorted(set(ids)):
            raise ValueError("units and demands: want each once, in order of id")

    @cached_property
    def staffed_ms(self) -> list[list[int | None]]:
        """Return staffed times by unit, then demand; None where it is never."""
        rows = self.drive_ms.tolist()
        return [
            [None if ms >= NEVER_MS else delay + ms + d.setup_ms for ms, d in zip(row, self.demands, strict=True)]
            for row, delay in zip(rows, self.delay_ms, strict=True)
        ]

    def only(self, demands: list[int]) -> "Table":
        """Return the table of some demands, given by rising index, and every unit."""
        kept = tuple(self.demands[j] for j in demands)
        return Table(self.units, kept, self.delay_ms, np.ascontiguousarray(self.drive_ms[:, demands]))

    @property
    def need(self) -> int:
        """Return how many units all demands ask together."""
        return sum(d.need for d in self.demands)
