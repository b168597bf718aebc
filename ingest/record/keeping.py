"""What is kept and what must go: by class, by the disk's budget, by free disk; held segments never.

A recording is kept for the days of its class and then removed. Earlier only when the budget or the disk is full:
that is counted (``deleted_early``) and logged. When what is left is held, recording stops instead, loudly.
"""

import errno
import logging
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from camera_config.clock import Clock
from camera_config.errors import ConfigError
from ingest.record.disk import Disk
from ingest.record.index import Index
from ingest.record.recover import finish_going
from ingest.record.segment import Segment

log = logging.getLogger(__name__)

LEAST_DAYS = 30
"""Video of public places is kept for 30 days at least (regulation 799, article 17)."""

UNKNOWN_DAYS = 90
"""For streams that the county does not name any more: the longest class."""

DAY_S = 86_400.0
FREE_SHARE = 0.05
BALLAST = "ballast"
BALLAST_BYTES = 64 * 1024 * 1024
BALLAST_SHARE = 1 / 64
"""On a small disk the ballast is this share of it."""

AT_ONCE = 500
STEPPED_S = 3600.0
"""When wall time moved by so much more or less than monotonic time, nothing is removed for its age."""


class Trouble(StrEnum):
    """Why recording is not what it should be."""

    DISK_FULL = "disk_full"
    ALL_HELD = "all_held"
    DISK_ERROR = "disk_error"
    CLOCK = "clock_stepped"


@dataclass(frozen=True, slots=True)
class Room:
    """How the disk is: bytes in closed recordings, bytes free, whether segments may begin, and what is wrong."""

    used_bytes: int
    free_bytes: int
    may_record: bool
    trouble: Trouble | None


def days_of(retention_class: str) -> int:
    """Return how many days a class is kept.

    Raises:
        ConfigError: it is not ``days-N`` with N of at least 30.
    """
    number = retention_class.removeprefix("days-")
    if number == retention_class or not number.isdecimal() or int(number) < LEAST_DAYS:
        raise ConfigError(
            f"retention class {retention_class!r} is not days-N with N of at least {LEAST_DAYS}",
            hint="Use days-30 or days-90; video of public places is kept for 30 days at least.",
        )
    return int(number)


class Keeper:
    """Owns the disk's room. ``look`` belongs to one thread, ``let_go_of_ballast`` to any.

    Args:
        index: of the folder.
        disk: files.
        clock: wall time for ages.
        days: retention by stream.
        budget_bytes: for all recordings together.
    """

    def __init__(self, index: Index, disk: Disk, clock: Clock, days: Mapping[str, int], budget_bytes: int) -> None:
        self.deleted_retention = self.deleted_early = self.ballast_used = 0
        self._index, self._disk, self._clock = index, disk, clock
        self._folder = index.folder
        self._budget = budget_bytes
        self._classes: dict[int, list[str]] = {}
        for stream, number in days.items():
            self._classes.setdefault(number, []).append(stream)
        total = shutil.disk_usage(self._folder).total
        self._reserve = int(total * FREE_SHARE)
        self._ballast_bytes = min(BALLAST_BYTES, int(total * BALLAST_SHARE))
        self._ballast = self._folder / BALLAST
        self._offset_s = clock.now().timestamp() - clock.monotonic_s()
        self._used = index.used_bytes()

    @property
    def used_bytes(self) -> int:
        """Return the sum of closed segments' sizes."""
        return self._used

    def added(self, segment: Segment) -> None:
        """Take note of a new segment."""
        self._used += segment.bytes

    def look(self, open_bytes: int) -> Room:
        """Remove what must go, and say how the disk is; ``open_bytes`` are in segments not closed yet.

        Raises:
            OSError, StoreError: the disk or the index refuses; the next look tries again.
        """
        now = self._clock.now().timestamp()
        stepped = abs(now - self._clock.monotonic_s() - self._offset_s) > STEPPED_S
        self._removed(finish_going(self._index, self._disk))
        if not stepped:
            self._by_age(now)
        short = self._short(open_bytes)
        while short > 0:
            marked = self._index.mark_oldest(short, now, limit=AT_ONCE)
            if not marked:
                break
            self.deleted_early += len(marked)
            log.warning("recordings.deleted_early count=%d until=%.0f", len(marked), marked[-1].end)
            self._removed(finish_going(self._index, self._disk))
            short = self._short(open_bytes)
        self._ballast_back()
        free = shutil.disk_usage(self._folder).free
        trouble = Trouble.CLOCK if stepped else None
        if short > 0:
            trouble = Trouble.ALL_HELD if self._index.held_bytes(now) else Trouble.DISK_FULL
        return Room(self._used, free, short <= 0, trouble)

    def let_go_of_ballast(self) -> bool:
        """Give the disk the ballast's room, so that index and log can still be written; False if it was gone."""
        if not self._ballast.exists():
            return False
        self._disk.unlink(self._ballast)
        self.ballast_used += 1
        log.error("recordings.disk_full folder=%s ballast_bytes=%d", self._folder, self._ballast_bytes)
        return True

    def _by_age(self, now: float) -> None:
        known = [stream for streams in self._classes.values() for stream in streams]
        for number, streams in self._classes.items():
            self._older(now - number * DAY_S, now, streams, others=False)
        self._older(now - UNKNOWN_DAYS * DAY_S, now, known, others=True)

    def _older(self, before: float, now: float, streams: Sequence[str], *, others: bool) -> None:
        while marked := self._index.mark_older(before, now, streams, others=others, limit=AT_ONCE):
            self.deleted_retention += len(marked)
            self._removed(finish_going(self._index, self._disk))

    def _removed(self, segments: Sequence[Segment]) -> None:
        self._used -= sum(one.bytes for one in segments)

    def _short(self, open_bytes: int) -> int:
        """Return how many bytes must go; the ballast's room counts as free, since it is for use."""
        free = shutil.disk_usage(self._folder).free
        ballast = self._ballast_bytes if self._ballast.exists() else 0
        return max(self._used + open_bytes - self._budget, self._reserve - free - ballast)

    def _ballast_back(self) -> None:
        """Make the ballast when there is room for it beside the reserve."""
        if self._ballast.exists() or shutil.disk_usage(self._folder).free < self._reserve + self._ballast_bytes:
            return
        fd = os.open(self._ballast, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            os.posix_fallocate(fd, 0, self._ballast_bytes)
        except OSError as error:
            self._ballast.unlink(missing_ok=True)
            if error.errno != errno.ENOSPC:
                raise
        finally:
            os.close(fd)
