"""The keeper: the only writer of passages and alerts. ``python -m api.workers.keeper RUN_FOLDER``.

It reads the stream of events as the one member of a consumer group, stores a batch in one transaction, and only then
acknowledges, publishes the watermarks and shows what is new. Whatever dies in between, entries come again and are
told by their watermark. The bus may lose everything: the producers send again what the store does not have.
"""

import fcntl
import logging
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

from redis.exceptions import RedisError, ResponseError
from sqlalchemy.exc import SQLAlchemyError

from api.alerts.zone import AlertZone
from api.log.bus import EVENTS, LIVE, STORED, connect
from api.log.leftover import LeftOver
from api.log.live import KEEP, fields
from api.run_folder import RunFolder
from api.settings import Settings
from api.store import open_store
from api.store.keeping import Kept, Shown, Store
from api.store.ledger import Entry
from camera_config.clock import SystemClock
from camera_config.county import County
from camera_config.errors import ConfigError, StoreError
from camera_config.load import load_county

log = logging.getLogger(__name__)

GROUP = "keeper"
MEMBER = "keeper"
BATCH = 200
BLOCK_MS = 500
TIMEOUT_S = 2.0
TRIM_S = 1.0
UNSHOWN = 1000
"""Live messages kept while the bus is away; older ones are in the store only."""

BACKOFF_S = (0.05, 0.1, 0.2, 0.5, 1.0)
LOCK_WAIT_S = 6.0


class Keeper:
    """``run`` works until ``stop``, through any death of the bus; it ends within about 3 s."""

    def __init__(self, settings: Settings, run: RunFolder, store: Store, zone: AlertZone | None = None) -> None:
        self._store = store
        self._zone = zone
        self._bus = connect(settings, run, timeout_s=TIMEOUT_S, retries=0)
        self._ending = threading.Event()
        self._unshown: deque[Shown] = deque(maxlen=UNSHOWN)
        self._unsaid: dict[str, int] = {}
        self._full = False
        self._acknowledged: str | None = None
        self._trimmed_s = 0.0

    def run(self) -> None:
        """Keep events until ``stop``."""
        failures = 0
        while not self._ending.is_set():
            try:
                self._prepare()
                failures = 0
                while not self._ending.is_set():
                    self._turn()
            except (RedisError, SQLAlchemyError, StoreError) as error:
                level = logging.WARNING if isinstance(error, RedisError) else logging.ERROR
                log.log(level, "keeper.interrupted failures=%d: %s", failures, str(error)[:300])
                self._ending.wait(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])
                failures += 1
        self._bus.close()

    def stop(self) -> None:
        """Ask ``run`` to end after its batch; safe in a signal handler."""
        self._ending.set()

    def _prepare(self) -> None:
        """Find the group, say what is stored, and take again what we had read and not acknowledged."""
        self._acknowledged = None  # after a loss of the bus the ids may begin anew
        try:
            self._bus.xgroup_create(EVENTS, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
        marks = self._store.open()
        with self._bus.pipeline(transaction=True) as pipe:
            pipe.delete(STORED)
            if marks:
                pipe.hset(STORED, mapping={producer: str(seq) for producer, seq in marks.items()})
            pipe.execute()
        begin = "0"
        while not self._ending.is_set():
            found = self._read(begin, block_ms=None)
            if not found:
                break
            entries = self._entries(found)
            kept = self._store.keep(entries)
            self._unshown.extend(self._store.recall(kept.repeats))
            self._publish([entry_id for entry_id, _ in found], kept)
            begin = found[-1][0]
        log.info("keeper.ready producers=%d", len(marks))

    def _turn(self) -> None:
        found = self._read(">", block_ms=BLOCK_MS)
        if found:
            kept = self._store.keep(self._entries(found))
            self._publish([entry_id for entry_id, _ in found], kept)
            self._acknowledged = found[-1][0]
            if kept.gaps:
                log.warning("keeper.gaps entries=%d", kept.gaps)
        elif self._unshown or self._unsaid:
            self._publish([], Kept())
        now_s = time.monotonic()
        if self._acknowledged is not None and now_s - self._trimmed_s >= TRIM_S:
            self._trimmed_s = now_s
            self._bus.xtrim(EVENTS, minid=_next(self._acknowledged), approximate=False)

    def _read(self, begin: str, *, block_ms: int | None) -> list[tuple[str, dict[str, str] | None]]:
        answer: Any = self._bus.xreadgroup(GROUP, MEMBER, {EVENTS: begin}, count=BATCH, block=block_ms)
        if not answer:
            return []
        streams = answer.items() if isinstance(answer, dict) else answer
        for _name, entries in streams:
            return list(entries)
        return []

    def _entries(self, found: Sequence[tuple[str, dict[str, str] | None]]) -> list[Entry]:
        entries = []
        for entry_id, values in found:
            if not values:
                continue  # ours, and trimmed meanwhile
            try:
                entries.append(Entry.of(entry_id, values))
            except ValueError as error:
                log.error("keeper.stranger: %s", error)
        return entries

    def _publish(self, ids: Sequence[str], kept: Kept) -> None:
        """Show what is new, say what is stored, acknowledge; in this order, so that a death repeats and never loses.

        A full bus refuses the first two and takes the third, and the trimming that makes room; they are tried again.
        """
        self._unshown.extend(kept.shown)
        self._unsaid.update(kept.marks)
        with self._bus.pipeline(transaction=False) as pipe:
            for kind, data in self._unshown:
                pipe.xadd(LIVE, fields(kind, data), maxlen=KEEP, approximate=True)
            for producer, seq in self._unsaid.items():
                pipe.hset(STORED, producer, str(seq))
            if ids:
                pipe.xack(EVENTS, GROUP, *ids)
            answers = pipe.execute(raise_on_error=False)
        refused = [answer for answer in answers if isinstance(answer, Exception)]
        if not refused:
            self._unshown.clear()
            self._unsaid.clear()
        elif not self._full:
            log.error("keeper.bus_full messages=%d: %s", len(refused), refused[0])
        self._full = bool(refused)
        for kind, data in kept.shown:
            if kind == "alert" and self._zone is not None:
                self._zone.raise_for(self._bus, data, float(data["raised_at"]))


def _next(entry_id: str) -> str:
    """Return the smallest id after ``entry_id``."""
    ms, number = entry_id.split("-")
    return f"{ms}-{int(number) + 1}"


def own(data: Path, wait_s: float = LOCK_WAIT_S) -> TextIO:
    """Take the keeper's lock of this data folder, for as long as the answer stays open.

    Raises:
        StoreError: another keeper has it for longer than ``wait_s``.
    """
    lock = (data / "keeper.lock").open("a")
    until = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                lock.close()
                raise StoreError(f"another keeper works on {data}") from None
            threading.Event().wait(0.05)
        else:
            return lock


def _county(folder: Path) -> County | None:
    """Return the county; one that cannot be read costs the checkpoints' names and the zones, not the record."""
    try:
        return load_county(folder)
    except ConfigError as error:
        log.error("keeper.no_county code=%s: %s", error.code, error)
        return None


def main(run_path: Path) -> None:
    """Run the keeper of ``run_path`` until SIGTERM or SIGINT."""
    settings, run = Settings.read(run_path), RunFolder(run_path)
    lock = own(settings.data)
    county = _county(settings.county)
    names = {str(place.id): place.name for place in county.checkpoints} if county else {}
    engine = open_store(settings.store_url)
    zone = AlertZone(county) if county else None
    keeper = Keeper(settings, run, Store(engine, SystemClock(), names), zone)
    left_over = LeftOver(settings, run)

    def end(_number: int, _frame: FrameType | None) -> None:
        keeper.stop()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    left_over.start()
    try:
        keeper.run()
    finally:
        left_over.stop()
        engine.dispose()
        lock.close()
        log.info("keeper.ended")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
