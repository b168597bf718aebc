"""What a process and its children cost from one moment to another."""

import os
import time
from dataclasses import asdict, dataclass
from typing import Any

import psutil


@dataclass(frozen=True, slots=True)
class Cost:
    """Over ``seconds`` of wall time: CPU seconds, and memory at the end without files shared (MB)."""

    seconds: float
    cpu_s: float
    rss_mb: float


@dataclass(frozen=True, slots=True)
class Side:
    """One side's figures for ``streams`` streams; a stream is late below 95 % of its pictures, dead without any."""

    streams: int
    seconds: float
    cores: float
    rss_mb: float
    late: int
    dead: int
    more: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return it with the figures a stream that sides are compared by."""
        rest = asdict(self)
        more = rest.pop("more")
        return {
            "cpu_s_per_stream_s": round(self.cores / self.streams, 6),
            "rss_mb_per_stream": round(self.rss_mb / self.streams, 3),
            **{key: round(value, 4) if isinstance(value, float) else value for key, value in rest.items()},
            **more,
        }


class Meter:
    """Costs of ``pids`` and all their children, from now on."""

    def __init__(self, *pids: int) -> None:
        self._roots = [psutil.Process(pid) for pid in pids or (os.getpid(),)]
        self._began_s = time.monotonic()
        self._used_s = self._cpu_s()

    def read(self) -> Cost:
        """Return the cost until now; children that have ended since are still counted by their parents."""
        passed_s = time.monotonic() - self._began_s
        memory = 0
        for process in self._tree():
            info = process.memory_info()
            memory += info.rss - info.shared
        return Cost(round(passed_s, 2), self._cpu_s() - self._used_s, round(memory / 1e6, 1))

    def _cpu_s(self) -> float:
        total = 0.0
        for process in self._tree():
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
        return total

    def _tree(self) -> list[psutil.Process]:
        return [each for root in self._roots for each in (root, *root.children(recursive=True))]


def side(frames: list[int], fps: float, cost: Cost, **more: Any) -> Side:
    """Judge the pictures counted of each stream during ``cost``."""
    return Side(
        streams=len(frames),
        seconds=cost.seconds,
        cores=cost.cpu_s / cost.seconds,
        rss_mb=cost.rss_mb,
        late=sum(count < 0.95 * cost.seconds * fps for count in frames),
        dead=sum(count == 0 for count in frames),
        more=more,
    )
