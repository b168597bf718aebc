"""The process that records: rings in, segments and their index out. ``python -m api.workers.record RUN_FOLDER``.

Segments are closed and indexed on SIGTERM; a kill leaves what the next start makes whole. The bus may be down at any
time: then nobody can ask for a recording, and everything else goes on.
"""

import gc
import logging
import math
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any, Final

from redis.exceptions import RedisError

from api.log import live
from api.log.asked import RAISED, RECORD
from api.log.bus import connect
from api.log.outbox import Outbox, outbox_path
from api.log.pump import Pump
from api.run_folder import RunFolder
from api.settings import Settings
from camera_config.clock import Clock, SystemClock
from camera_config.county import Camera, County, Recording, SmartCheckpoint
from camera_config.errors import StoreError
from camera_config.load import load_county
from ingest.record.keeping import days_of
from ingest.record.recorder import Kept, Recorder, RecorderStatus

log = logging.getLogger(__name__)

ROUND_S: Final = 0.4
COUNTERS_S: Final = 5.0
ASK_S: Final = 1.0
TELL_S: Final = 5.0
DRAIN_S: Final = 1.0


def streams_of(county: County, settings: Settings) -> dict[str, Kept]:
    """Return which main streams are recorded: of all checkpoints and the first ``settings.cameras`` cameras.

    None of a masked device: compressed video cannot be masked.

    Raises:
        ConfigError: a retention class is too short.
    """
    cameras = county.cameras if settings.cameras < 0 else county.cameras[: settings.cameras]
    devices: list[Camera | SmartCheckpoint] = [*county.checkpoints, *cameras]
    return {
        str(one.id): Kept(one.record is Recording.CONTINUOUS, days_of(one.retention_class))
        for one in devices
        if one.record is not Recording.NONE and not one.masked
    }


def recorder_message(status: RecorderStatus, at: float) -> dict[str, Any]:
    """Return the live message ``recorder``."""
    return {
        "at": round(at, 1),
        "streams": status.streams,
        "recording": status.recording,
        "free_bytes": status.free_bytes,
        "used_bytes": status.used_bytes,
        "behind_s": status.behind_s,
        "trouble": status.trouble,
    }


class Talk:
    """A thread that asks the bus what is wanted and tells it how the recorder is, so that the bus holds up nobody."""

    def __init__(self, settings: Settings, run: RunFolder, clock: Clock) -> None:
        self.wanted: Mapping[str, tuple[float, str]] = {}
        """Until when (unix s) each feed is wanted, and why."""
        self.message: dict[str, Any] | None = None
        """What is to be told next; left here by the recording thread."""
        self._bus = connect(settings, run)
        self._clock = clock
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name="talk", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; a bus that does not answer is not waited for."""
        self._ending.set()
        self._thread.join(timeout=ASK_S)

    def _work(self) -> None:
        quiet = False
        while not self._ending.wait(ASK_S):
            try:
                self.wanted = {
                    str(feed): (float(until), reason)
                    for key, reason in ((RAISED, "raised"), (RECORD, "demand"))
                    for feed, until in self._bus.hgetall(key).items()
                }
                message, self.message = self.message, None
                if message is not None:
                    live.publish(self._bus, "recorder", message)
                quiet = False
            except (StoreError, RedisError, ValueError) as error:
                if not quiet:
                    log.warning("record.bus: %s", error or type(error).__name__)
                quiet = True


class RecordWorker:
    """One recorder and what is told of it. ``run`` returns after ``end``."""

    def __init__(self, recorder: Recorder, outbox: Outbox, talk: Talk, clock: Clock) -> None:
        self._recorder, self._outbox, self._talk, self._clock = recorder, outbox, talk, clock
        self._ending = threading.Event()
        self._counted: dict[str, int] = {}

    def run(self) -> None:
        """Record until ``end``; then close everything and leave the last counters."""
        counted_s = self._clock.monotonic_s()
        told_s = -math.inf
        while not self._ending.is_set():
            began_s = self._clock.monotonic_s()
            self._ask(began_s)
            self._recorder.round()
            if began_s - counted_s >= COUNTERS_S:
                counted_s = began_s
                self._count()
            if began_s - told_s >= TELL_S:
                told_s = began_s
                self._talk.message = recorder_message(self._recorder.status(), self._clock.now().timestamp())
            self._ending.wait(max(0.0, began_s + ROUND_S - self._clock.monotonic_s()))
        self._recorder.close()
        self._count()

    def end(self) -> None:
        """Stop after the round in hand."""
        self._ending.set()

    def _ask(self, now_s: float) -> None:
        now = self._clock.now().timestamp()
        for feed, (until, reason) in self._talk.wanted.items():
            if until > now:
                self._recorder.want(feed, now_s + until - now, reason)

    def _count(self) -> None:
        counters = self._recorder.counters()
        if counters != self._counted:
            self._counted = counters
            self._outbox.put("counters", self._outbox.producer, counters)


def serve(settings: Settings, run: RunFolder, folder: Path, clock: Clock) -> None:
    """Run the worker until SIGTERM."""
    streams = streams_of(load_county(settings.county), settings)
    outbox = Outbox(outbox_path(settings.data, "record"), f"record.{int(clock.now().timestamp() * 1000)}")
    recorder = Recorder(folder, run.rings, streams, settings.record_mb * 1_000_000, clock)
    talk = Talk(settings, run, clock)
    worker = RecordWorker(recorder, outbox, talk, clock)

    def ended(_number: int, _frame: FrameType | None) -> None:
        worker.end()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ended)
    gc.freeze()
    pump = Pump(outbox, settings, run)
    pump.start()
    talk.start()
    log.info("record.started streams=%d folder=%s", len(streams), folder)
    try:
        worker.run()
    finally:
        talk.stop()
        pump.stop(DRAIN_S)
        outbox.close()


def main() -> None:
    """``python -m api.workers.record RUN_FOLDER``."""
    run = RunFolder(Path(sys.argv[1]))
    settings = Settings.read(run.path)
    if settings.recordings_folder is None:
        return
    serve(settings, run, settings.recordings_folder, SystemClock())


if __name__ == "__main__":
    main()
