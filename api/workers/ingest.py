"""The process that receives all streams: cameras in, keyframe slots, feed states and counters out.

SIGTERM ends it within 5 s. SIGUSR1 ends only the input: the last counters (with ``input_ended``) are final, and
states are still published. The bus may be down at any time; nothing here waits for it.
"""

import asyncio
import json
import logging
import math
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import redis.asyncio
from redis.exceptions import RedisError

from api.log import live
from api.log.asked import RAISED
from api.log.bus import connect_async
from api.log.outbox import Outbox, outbox_path
from api.log.pump import Pump
from api.metrics.feed_counts import write_counts
from api.run_folder import RunFolder
from api.settings import Settings
from api.workers.device_rows import DeviceRows
from camera_config.clock import Clock, SystemClock
from camera_config.county import Camera, County, SmartCheckpoint
from camera_config.errors import StoreError
from camera_config.load import load_county
from camera_config.masks import MaskFile
from camera_config.networks import CameraNetworks
from camera_config.secrets import Secrets
from ingest.auth import Credentials
from ingest.feed import Feed, FeedKind, FeedStatus
from ingest.health import State
from ingest.loop import new_loop
from ingest.receiver import Receiver, totals
from ingest.tally import Tally

log = logging.getLogger(__name__)

DEVICES = "kakou:devices"
"""Key with the last ``devices`` message that had all rows, for a web process that has just started."""

ANYWHERE = ("0.0.0.0/0", "::/0")
LOOPBACK = ("127.0.0.0/8", "::1/128")

PUBLISH_S = 1.0
PUBLISH_PATIENCE_S = 2.0
COUNTERS_S = 5.0
DRAIN_S = 1.5


def feeds_of(county: County, settings: Settings, secrets: Secrets) -> list[Feed]:
    """Return what to pull: all checkpoints and the first ``settings.cameras`` cameras (-1: all) in file order.

    Secrets are asked at every connection, so that a corrected password works without a restart.
    """
    base = settings.rtsp_base.rstrip("/")
    networks = CameraNetworks(_simulated(county.camera_networks) if base else county.camera_networks)
    ruled = {rule.camera for rule in county.camera_rules}

    def feed(one: Camera | SmartCheckpoint, kind: FeedKind) -> Feed:
        return Feed(
            one.id,
            f"{base}/{one.id}" if base else one.url,
            kind,
            sub_url=f"{base}/{one.id}/sub" if base and one.sub_url else one.sub_url,
            credentials=partial(_credentials, secrets, one.id),
            pin=partial(secrets.pin_of, one.id),
            ca_file=Path(settings.camera_ca) if settings.camera_ca else None,
            networks=networks,
            mask=MaskFile(settings.county, one.id).trouble if one.masked else None,
            gated=one.id not in ruled,
        )

    cameras = county.cameras if settings.cameras < 0 else county.cameras[: settings.cameras]
    checkpoints = [feed(one, FeedKind.CHECKPOINT) for one in county.checkpoints]
    return checkpoints + [feed(one, FeedKind.CAMERA) for one in cameras]


class IngestWorker:
    """One receiver and what is told of it. ``run`` returns after ``end``."""

    def __init__(self, feeds: Sequence[Feed], settings: Settings, run: RunFolder, clock: Clock) -> None:
        self._settings = settings
        self._run = run
        self._clock = clock
        started_ms = int(clock.now().timestamp() * 1000)
        self._outbox = Outbox(outbox_path(settings.data, "ingest"), f"ingest.{started_ms}")
        self._receiver = Receiver(
            feeds,
            run.slots,
            clock,
            rings=run.rings,
            ring_bytes=settings.ring_mb * 1024 * 1024,
            on_state=self._state_changed,
        )
        self._ending = asyncio.Event()
        self._rows = DeviceRows()
        self._counted: dict[str, int] = {}
        self._tally = Tally(log, clock)
        self._recorded: dict[str, State] = {}
        self._input_ended = False

    async def run(self) -> None:
        """Receive and tell until ``end``; then leave final counters and drain the outbox for a moment."""
        pump = Pump(self._outbox, self._settings, self._run)
        pump.start()
        told = [asyncio.create_task(self._publish()), asyncio.create_task(self._count())]
        receiving = asyncio.create_task(self._receiver.run())
        ended = asyncio.create_task(self._ending.wait())
        waiting: set[asyncio.Task[Any]] = {receiving, ended, *told}
        try:
            while not self._ending.is_set():
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
        finally:
            self._receiver.stop()
            for task in (*told, ended):
                task.cancel()
            await asyncio.gather(receiving, *told, return_exceptions=True)
            self._put_counters()
            await asyncio.to_thread(pump.stop, DRAIN_S)
            self._outbox.close()

    def end(self) -> None:
        """Stop everything; call it on the event loop."""
        self._receiver.stop()
        self._ending.set()

    def end_input(self) -> None:
        """Stop receiving, leave final counters, and go on telling states; call it on the event loop."""
        self._receiver.stop()
        self._input_ended = True
        self._put_counters()
        log.info("ingest.input_ended")

    def _state_changed(self, feed: Feed, state: State, cause: str) -> None:
        """Record a change; coming late and catching up again is shown live but is not worth a record each time."""
        state = State.ONLINE if state is State.LATE else state
        if self._recorded.get(feed.id) is state:
            return
        self._recorded[feed.id] = state
        since = self._clock.now().timestamp()
        self._outbox.put("feed.state", feed.id, {"feed": feed.id, "state": state, "since": since, "cause": cause})

    async def _publish(self) -> None:
        bus = connect_async(self._settings, self._run)
        quiet = False
        while not self._ending.is_set():
            message = self._rows.message(
                self._receiver.status(), self._clock.now().timestamp(), self._clock.monotonic_s()
            )
            try:
                async with asyncio.timeout(PUBLISH_PATIENCE_S):
                    await _tell(bus, message)
                    self._receiver.raise_rates(_times(await bus.hgetall(RAISED)))
                quiet = False
            except (StoreError, RedisError, TimeoutError) as error:
                if not quiet:
                    log.warning("devices.unpublished: %s", error or type(error).__name__)
                quiet = True
                self._rows = DeviceRows()  # what was not heard is told again
            await asyncio.sleep(PUBLISH_S)

    async def _count(self) -> None:
        while not self._ending.is_set():
            await asyncio.sleep(COUNTERS_S)
            self._put_counters()

    def _put_counters(self) -> None:
        status = self._receiver.status()
        try:
            write_counts(self._run, "ingest", {one.feed: _counts(one) for one in status})
        except OSError as error:
            self._tally.warn("ingest.uncounted", str(error))
        counters = totals(status) | ({"input_ended": 1} if self._input_ended else {})
        if counters != self._counted:
            self._counted = counters
            self._outbox.put("counters", self._outbox.producer, counters)


def _counts(one: FeedStatus) -> dict[str, int]:
    """Return what is shown of one feed, by the names of ``totals``."""
    return {
        "bytes_received": one.bytes,
        "feed_reconnects": one.reconnects,
        "frames_dropped": one.dropped,
        "frames_received": one.frames_received,
        "keyframes_gated": one.gated,
        "keyframes_received": one.keyframes_received,
        "packets_lost": one.lost,
    }


async def _tell(bus: redis.asyncio.Redis, message: dict[str, Any]) -> None:
    await live.publish_async(bus, "devices", message)
    if message["full"]:
        await bus.set(DEVICES, json.dumps(message, ensure_ascii=False, separators=(",", ":")))


def _times(raised: Mapping[Any, Any]) -> dict[str, float]:
    """Return until when (unix seconds) each feed is raised; what is no time is passed over."""
    times = {}
    for feed, text in raised.items():
        with suppress(ValueError):
            until = float(text)
            if math.isfinite(until):
                times[str(feed)] = until
    return times


def _credentials(secrets: Secrets, device: str) -> Credentials | None:
    login = secrets.of(device)
    return Credentials(login.user, login.password) if login else None


def _simulated(networks: Sequence[str]) -> tuple[str, ...]:
    """Return where simulated cameras may be: here, and wherever real ones may."""
    return (*(networks or ANYWHERE), *LOOPBACK)


async def serve(settings: Settings, run: RunFolder, clock: Clock) -> None:
    """Run the worker until SIGTERM."""
    secrets = Secrets.open(settings.secrets_file)
    worker = IngestWorker(feeds_of(load_county(settings.county), settings, secrets), settings, run, clock)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.end)
    loop.add_signal_handler(signal.SIGUSR1, worker.end_input)
    await worker.run()


def main() -> None:
    """``python -m api.workers.ingest RUN_FOLDER``."""
    run = RunFolder(Path(sys.argv[1]))
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(serve(Settings.read(run.path), run, SystemClock()))


if __name__ == "__main__":
    main()
