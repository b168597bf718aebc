"""All streams in one loop without a thread a camera; waiting for the disk is done by a few threads beside it.

Pictures are written where they are read: that goes to the page cache and takes as long as copying. A disk that stalls
holds this process up and nobody else; when it goes on, what the rings still hold is recorded.
"""

import errno
import fcntl
import logging
import math
import os
import shutil
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from camera_config.clock import Clock
from camera_config.errors import FeedProtocol, StoreError
from ingest.record.disk import Disk
from ingest.record.index import Index
from ingest.record.keeping import Keeper, Room, Trouble
from ingest.record.recover import recover
from ingest.record.segment import Described, Segment, SegmentWriter
from ingest.record.stream import POST_ROLL_S, SAME_S, StreamRecorder
from ingest.record.take import BREAK_S, Outside
from ingest.tally import Tally

log = logging.getLogger(__name__)

SYNC_S = 5.0
"""A power failure loses what was written in so many seconds, beside the open GOP."""

LOOK_S = 5.0
THREADS = 4
OWN_S = 10.0
LITTLE_BYTES = 1024 * 1024
"""With less free than this, an index that cannot be written is taken for a full disk."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How one stream is recorded: always or around events, and for how many days it is kept."""

    always: bool
    days: int


@dataclass(frozen=True, slots=True)
class RecorderStatus:
    """How the recorder is; ``behind_s`` since the last status."""

    streams: int
    recording: int
    used_bytes: int
    free_bytes: int
    behind_s: float
    trouble: Trouble | None


class Recorder:
    """Records ``streams`` from ``rings`` into ``folder``. Building it recovers what a kill left.

    ``round`` belongs to one thread and is called a few times a second.

    Args:
        folder: of the recordings; made if it is missing.
        rings: folder of the rings, one file a stream.
        streams: which are recorded, and how.
        budget_bytes: for all recordings.
        clock: time.
        disk: files.

    Raises:
        OSError, StoreError: the folder or its index cannot be used.
    """

    def __init__(
        self,
        folder: Path,
        rings: Path,
        streams: Mapping[str, Kept],
        budget_bytes: int,
        clock: Clock,
        disk: Disk | None = None,
    ) -> None:
        self.disk = disk or Disk()
        self._clock, self._folder = clock, folder
        folder.mkdir(parents=True, exist_ok=True)
        self._owned = _own(folder, clock)
        self._index = Index(folder)
        now = clock.now().timestamp()
        found = recover(self._index, self.disk, now)
        log.info(
            "recordings.opened closed=%d indexed=%d discarded=%d removed=%d",
            *(found.closed, found.indexed, found.discarded, found.removed),
        )
        self.keeper = Keeper(
            self._index, self.disk, clock, {name: kept.days for name, kept in streams.items()}, budget_bytes
        )
        self._room = Room(self.keeper.used_bytes, shutil.disk_usage(folder).free, True, None)
        self._tally = Tally(log, clock)
        self._gate = threading.Lock()
        self._refused: Trouble | None = None
        self._closed = 0
        self._unindexed: list[Segment] = []
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="record")
        self._look: Future[None] | None = None
        self._looked_s = -math.inf
        self._syncs: list[Future[None]] = []
        self._closes: list[Future[None]] = []
        self._synced, self._sync_s = 0, clock.monotonic_s()
        self._outside = Outside(clock, self._may_begin, self._open, self._close, self._disk_refused)
        ends = {stream: end for stream, end in self._index.ends().items() if end <= now + BREAK_S}
        done = {stream: end - SAME_S for stream, end in ends.items()} | found.resume
        self._streams = [
            StreamRecorder(
                name,
                rings / name,
                self._outside,
                always=kept.always,
                done_at=done[name] if name in ends else -math.inf,
                ended_at=ends.get(name, -math.inf),
                interrupted=name in found.resume,
            )
            for name, kept in streams.items()
        ]
        self._by_name = {one.stream: one for one in self._streams}
        for name in found.resume.keys() & self._by_name.keys():
            self._by_name[name].want(clock.monotonic_s() + POST_ROLL_S, "event")

    def want(self, stream: str, until_s: float, reason: str) -> None:
        """Record ``stream`` until monotonic ``until_s`` whatever moves there; one that is not ours is passed over."""
        if stream in self._by_name:
            self._by_name[stream].want(until_s, reason)

    def round(self) -> None:
        """Look at every ring once, and see to the disk when it is time."""
        now_s = self._clock.monotonic_s()
        for one in self._streams:
            one.poll(now_s)
        self._sync_some(now_s)
        if now_s - self._looked_s >= LOOK_S and (self._look is None or self._look.done()):
            self._looked_s = now_s
            self._look = self._pool.submit(self._look_after, self._open_bytes())

    def counters(self) -> dict[str, int]:
        """Return running totals since the recorder was made."""
        tallies, keeper = self._outside.tallies, self.keeper
        return {
            "recorded_segments": self._closed,
            "recorded_bytes": tallies.bytes,
            "recorded_gops": tallies.gops,
            "record_left_out": tallies.left_out,
            "record_overruns": tallies.overruns,
            "deleted_retention": keeper.deleted_retention,
            "deleted_early": keeper.deleted_early,
            "ballast_used": keeper.ballast_used,
        }

    def status(self) -> RecorderStatus:
        """Return how the recorder is."""
        tallies = self._outside.tallies
        behind_s, tallies.behind_s = tallies.behind_s, 0.0
        return RecorderStatus(
            streams=len(self._streams),
            recording=sum(one.take.segment is not None for one in self._streams),
            used_bytes=self.keeper.used_bytes + self._open_bytes(),
            free_bytes=self._room.free_bytes,
            behind_s=round(behind_s, 3),
            trouble=self._refused or self._room.trouble,
        )

    def close(self) -> None:
        """Take what is in the rings still, close every segment, wait until all are durable and in the index."""
        now_s = self._clock.monotonic_s()
        for one in self._streams:
            one.poll(now_s)
            one.close()
        self._pool.shutdown(wait=True)
        self._index.close()
        os.close(self._owned)

    def _open_bytes(self) -> int:
        return sum(one.take.segment.bytes for one in self._streams if one.take.segment is not None)

    def _may_begin(self) -> bool:
        return self._room.may_record and self._refused is None

    def _open(self, described: Described, keyframe: bytes, start: float) -> SegmentWriter | None:
        try:
            return SegmentWriter(self.disk, self._folder, described, keyframe, start)
        except FeedProtocol as error:
            self._tally.warn("record.header", f"stream={described.stream} cause={error}")
        except OSError as error:
            self._disk_refused(error)
        return None

    def _close(self, segment: SegmentWriter, end: float) -> None:
        if segment.fragments:
            self._closes = [one for one in self._closes if not one.done()]
            self._closes.append(self._pool.submit(self._finish, segment, end))
        else:
            segment.discard()

    def _finish(self, segment: SegmentWriter, end: float) -> None:
        """Make a segment durable, then its row; in a thread of the pool."""
        try:
            closed = segment.close(end)
        except OSError as error:
            self._disk_refused(error)
            return
        with self._gate:
            self._closed += 1
            self._unindexed.append(closed)
        self.keeper.added(closed)
        self._write_rows()

    def _write_rows(self) -> None:
        with self._gate:
            rows = list(self._unindexed)
            if not rows:
                return
            try:
                self._index.add(rows)
            except StoreError as error:
                self._index_refused(error)
            else:
                del self._unindexed[: len(rows)]

    def _sync_some(self, now_s: float) -> None:
        """Sync the open segments in turn, each once in ``SYNC_S``; not more at once than the disk takes."""
        self._syncs = [one for one in self._syncs if not one.done()]
        due = int(len(self._streams) * (now_s - self._sync_s) / SYNC_S)
        if not due or len(self._syncs) > THREADS * 8:
            return
        self._sync_s = now_s
        for _ in range(min(due, len(self._streams))):
            self._synced = (self._synced + 1) % len(self._streams)
            segment = self._streams[self._synced].take.segment
            if segment is not None:
                self._syncs.append(self._pool.submit(self._sync, segment))

    def _sync(self, segment: SegmentWriter) -> None:
        try:
            segment.sync()
        except OSError as error:
            self._disk_refused(error)

    def _look_after(self, open_bytes: int) -> None:
        """See to retention and room; in a thread of the pool."""
        try:
            room = self.keeper.look(open_bytes)
        except (OSError, StoreError) as error:
            self._refused = Trouble.DISK_ERROR
            self._tally.warn("record.keeping", f"cause={error}")
            return
        self._write_rows()
        if room.trouble is not None and room.trouble is not self._room.trouble:
            log.error("record.trouble kind=%s used=%d free=%d", room.trouble, room.used_bytes, room.free_bytes)
        self._room = room
        self._refused = None

    def _disk_refused(self, error: OSError) -> None:
        """Begin nothing more before the next look, which comes at once; give a full disk the ballast's room."""
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        self._refused = Trouble.DISK_FULL if full else Trouble.DISK_ERROR
        if full:
            self.keeper.let_go_of_ballast()
        self._looked_s = -math.inf
        self._tally.warn("record.disk", f"cause={error}")

    def _index_refused(self, error: StoreError) -> None:
        if shutil.disk_usage(self._folder).free < LITTLE_BYTES:
            self._disk_refused(OSError(errno.ENOSPC, str(error)))
        else:
            self._disk_refused(OSError(errno.EIO, str(error)))


def _own(folder: Path, clock: Clock) -> int:
    """Lock the folder for this process; one that ends just now is waited for. The lock ends with the process."""
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    until_s = clock.monotonic_s() + OWN_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if clock.monotonic_s() >= until_s:
                os.close(lock)
                raise StoreError(
                    f"another process records into {folder}", hint="Give each installation a folder of its own."
                ) from None
            clock.sleep(0.05)
        else:
            return lock
