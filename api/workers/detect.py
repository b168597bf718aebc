"""A process that decodes and detects: keyframe slots in, passages, counts and tiles out.

``python -m api.workers.detect RUN_FOLDER INDEX``. SIGTERM ends it within 5 s, open tracks told of. SIGUSR1 says that
the input has ended: what waits is analysed, open tracks are told of, the counters are final; the process stays.
"""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, Final

import cv2

from api.county.loaded import county_of
from api.log.outbox import Outbox, outbox_path
from api.log.pump import Pump
from api.metrics.feed_counts import FeedCounts, write_counts
from api.run_folder import RunFolder
from api.settings import Settings
from api.workers.detect_bus import DetectBus
from camera_config.clock import Clock, SystemClock
from camera_config.county import Camera, County, SmartCheckpoint
from detection.analyst import Analyst, Told
from detection.decode import open_decoder
from detection.in_hand import InHand
from detection.objects import open_objects
from detection.plate_find import PlateFinder
from detection.plate_grammar import province_of
from detection.plate_read import PlateReader
from detection.rules import RuleDesk
from detection.tools import Tools
from ingest.tally import Tally

log = logging.getLogger(__name__)

NICENESS: Final = 5
"""Receiving goes before detecting: a late analysis is counted, a lost packet is not seen again."""
IDLE_S: Final = 0.015
"""Pause when no keyframe waits; a passage is late by this much at most."""
TIDY_S: Final = 0.5
"""How often gone vehicles, pictures and what the bus says are looked after."""
COUNTERS_S: Final = 5.0
QUIET_S: Final = 0.5
"""After SIGUSR1, nothing has waited for this long: the input is used up."""
REST_S: Final = 6.0
"""After SIGUSR1, what waits is looked at for so long; 350 cameras' last keyframes take longer on two slow cores."""
DRAIN_S: Final = 1.5


def share_of(county: County, settings: Settings, index: int) -> tuple[list[SmartCheckpoint], list[Camera]]:
    """Return what process ``index`` of ``settings.detectors`` looks at.

    All checkpoints and the first ``settings.cameras`` cameras (-1: all), as ingest pulls them, dealt out one after the
    other; cameras go on where the checkpoints stopped, so that each process gets its share of both.
    """
    count = max(settings.detectors, 1)
    cameras = county.cameras if settings.cameras < 0 else county.cameras[: settings.cameras]
    offset = len(county.checkpoints)
    return (
        [one for place, one in enumerate(county.checkpoints) if place % count == index],
        [one for place, one in enumerate(cameras, offset) if place % count == index],
    )


def rule_reset(county: County, settings: Settings, index: int, at: float) -> dict[str, Any]:
    """Return the data of ``rule.reset``: what was held when process ``index`` ended, it cannot know any more.

    Cameras that the other processes watch are left out; cameras that nobody watches any more are not.
    """
    ruled = {rule.camera for rule in county.camera_rules}
    others = (share_of(county, settings, other)[1] for other in range(max(settings.detectors, 1)) if other != index)
    watched = sorted(camera.id for cameras in others for camera in cameras if camera.id in ruled)
    return {"except": watched, "at": at, "cause": "kakou started"}


class DetectWorker:
    """One analyst and what is told of it. ``run`` returns after ``end``; signal handlers only set flags."""

    def __init__(
        self,
        analyst: Analyst,
        outbox: Outbox,
        clock: Clock,
        bus: DetectBus | None = None,
        leave: Callable[[FeedCounts], None] | None = None,
    ) -> None:
        self._analyst, self._outbox, self._clock, self._bus, self._leave = analyst, outbox, clock, bus, leave
        self._tally = Tally(log, clock)
        self._ending = threading.Event()
        self._input_ended = False
        self._rest_until_s: float | None = None
        self._used_up = False
        self._counted: dict[str, int] = {}

    def run(self) -> None:
        """Analyse until ``end``; then tell of what is open and leave the last counters."""
        tidied_s = counted_s = worked_s = self._clock.monotonic_s()
        while not self._ending.is_set():
            told = self._analyst.step()
            now_s = self._clock.monotonic_s()
            if self._input_ended and self._rest_until_s is None:
                self._rest_until_s = now_s + REST_S
            if self._rest_until_s is not None and now_s >= self._rest_until_s:
                self._analyst.let_go()
            if told is None:
                if self._input_ended and not self._used_up and now_s - worked_s >= QUIET_S:
                    self._use_up()
                self._ending.wait(IDLE_S)
            else:
                worked_s = now_s
                self._used_up = False
                self._tell(told)
            if now_s - tidied_s >= TIDY_S:
                tidied_s = now_s
                self._tell(self._analyst.tidy())
                self._meet_bus()
            if now_s - counted_s >= COUNTERS_S:
                counted_s = now_s
                self._count()
        self._tell(self._analyst.finish())
        self._count()

    def end(self) -> None:
        """Stop after the keyframe in hand."""
        self._ending.set()

    def end_input(self) -> None:
        """Take note that ingest has stopped."""
        self._input_ended = True

    def _meet_bus(self) -> None:
        if self._bus is not None:
            self._analyst.raise_rate(self._bus.raised())
            self._analyst.pictures.renew(self._bus.turned())
            self._bus.tell(self._analyst.pictures.seen())

    def _use_up(self) -> None:
        self._used_up = True
        self._tell(self._analyst.finish())
        self._count()
        log.info("detect.input_used_up")

    def _tell(self, told: Sequence[Told]) -> None:
        for one in told:
            self._outbox.put(one.kind, one.key, one.data)

    def _count(self) -> None:
        counters = asdict(self._analyst.counters) | ({"input_used_up": 1} if self._used_up else {})
        if counters != self._counted:
            self._counted = counters
            self._outbox.put("counters", self._outbox.producer, counters)
            self._leave_counts()

    def _leave_counts(self) -> None:
        if self._leave is not None:
            try:
                self._leave({feed: asdict(counts) for feed, counts in self._analyst.by_feed.items()})
            except OSError as error:
                self._tally.warn("detect.uncounted", str(error))


def serve(settings: Settings, run: RunFolder, index: int, clock: Clock) -> None:
    """Run the worker until SIGTERM."""
    cv2.setNumThreads(1)
    county = county_of(settings)
    checkpoints, cameras = share_of(county, settings, index)
    name = f"detect-{index}"
    outbox = Outbox(outbox_path(settings.data, name), f"{name}.{int(clock.now().timestamp() * 1000)}")
    outbox.put("rule.reset", name, rule_reset(county, settings, index, clock.now().timestamp()))
    pump = Pump(outbox, settings, run)
    pump.start()
    decoder = open_decoder("auto")
    weights = Path(settings.objects_weights) if settings.objects_weights else None
    objects = open_objects(weights, settings.objects_sha256, settings.objects_device)
    analyst = Analyst(
        checkpoints,
        cameras,
        Tools(PlateFinder(), PlateReader(province_of(county.code)), objects),
        slots=run.slots,
        tiles=run.tiles,
        data=settings.data,
        clock=clock,
        decoder=decoder,
        in_hand=InHand(run.path, name, clock.monotonic_s()),
        county=settings.county,
        rules=RuleDesk([camera.id for camera in cameras], county.camera_rules, county.utc_offset_s),
    )
    bus = DetectBus(settings, run, clock)
    worker = DetectWorker(analyst, outbox, clock, bus, partial(write_counts, run, name))

    def ended(_number: int, _frame: FrameType | None) -> None:
        worker.end()

    def input_ended(_number: int, _frame: FrameType | None) -> None:
        worker.end_input()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ended)
    signal.signal(signal.SIGUSR1, input_ended)
    bus.start()
    kind = type(decoder).__name__
    log.info("detect.started index=%d checkpoints=%d cameras=%d by=%s", index, len(checkpoints), len(cameras), kind)
    try:
        worker.run()
    finally:
        bus.stop()
        pump.stop(DRAIN_S)
        outbox.close()
        analyst.close()


def main() -> None:
    """``python -m api.workers.detect RUN_FOLDER INDEX``."""
    os.nice(NICENESS)
    run = RunFolder(Path(sys.argv[1]))
    serve(Settings.read(run.path), run, int(sys.argv[2]), SystemClock())


if __name__ == "__main__":
    main()
