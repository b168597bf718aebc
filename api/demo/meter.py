"""What our processes cost: processor cores and memory, measured from outside them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

MIB = 1024 * 1024


@dataclass(slots=True)
class Meter:
    """Adds up processor time and memory of a changing set of processes between ``start`` and ``stop``.

    Memory is PSS, so that pages shared by several of our processes count once.
    """

    cpu_s: float = 0.0
    samples_mib: list[tuple[float, float]] = field(default_factory=list)
    _last: dict[int, float] = field(default_factory=dict)

    def look(self, pids: Iterable[int], mono_s: float, *, memory: bool = False) -> None:
        """Take one look; call it often enough that a process does not come and go in between."""
        total = 0.0
        for pid in pids:
            try:
                times = psutil.Process(pid).cpu_times()
                total += _pss_mib(pid) if memory else 0.0
            except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
                continue
            spent_s = times.user + times.system
            self.cpu_s += max(0.0, spent_s - self._last.get(pid, spent_s))
            self._last[pid] = spent_s
        if memory:
            self.samples_mib.append((mono_s, total))

    def mean_mib(self, from_s: float, to_s: float) -> float:
        """Return the mean memory in MiB of the looks taken between two monotonic times; 0 without looks."""
        inside = [mib for mono_s, mib in self.samples_mib if from_s <= mono_s <= to_s]
        return sum(inside) / len(inside) if inside else 0.0


def family(pid: int, *, without: Iterable[int] = ()) -> list[int]:
    """Return ``pid`` and all its descendants, except those in ``without`` and theirs."""
    left_out = set(without)
    try:
        children = psutil.Process(pid).children()
    except psutil.NoSuchProcess:
        return []
    found = [pid]
    for child in children:
        if child.pid not in left_out:
            found += family(child.pid, without=left_out)
    return found


def _pss_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024 / MIB
    return 0.0
