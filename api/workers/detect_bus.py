"""What a detecting process hears and says over the bus, in a thread of its own: a dead bus never holds up a look.

Heard once a second: which cameras are near an alert, and which were turned on purpose. Said: what pictures are like.
"""

import logging
import threading
from collections.abc import Mapping
from typing import Any, Final, cast

from redis.exceptions import RedisError

from api.devices.reference import REFERENCE
from api.log import live
from api.log.asked import RAISED
from api.log.bus import connect
from api.run_folder import RunFolder
from api.settings import Settings
from camera_config.clock import Clock
from camera_config.errors import StoreError

log = logging.getLogger(__name__)

HEAR_S: Final = 1.0
SAY_S: Final = 2.0
TIMEOUT_S: Final = 2.0
STOP_S: Final = 0.5


class DetectBus:
    """``start`` begins, ``stop`` waits for ``STOP_S`` at most. While the bus is away, what was last heard holds.

    A zone ends by its own time all the same, and pictures that could not be told wait, the newest of each feed.
    """

    def __init__(self, settings: Settings, run: RunFolder, clock: Clock) -> None:
        self._bus = connect(settings, run, timeout_s=TIMEOUT_S, retries=0)
        self._clock = clock
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._raised: dict[str, float] = {}
        self._turned: dict[str, float] = {}
        self._pictures: dict[str, dict[str, Any]] = {}
        self._said_s = float("-inf")
        self._thread = threading.Thread(target=self._run, name="detect-bus", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what was not said is not said."""
        self._ending.set()
        self._thread.join(STOP_S)

    def raised(self) -> set[str]:
        """Return the feeds that are near an alert now."""
        now = self._clock.now().timestamp()
        with self._lock:
            return {feed for feed, until in self._raised.items() if now < until}

    def turned(self) -> dict[str, float]:
        """Return which cameras were turned on purpose, and when (unix s)."""
        with self._lock:
            return dict(self._turned)

    def tell(self, pictures: Mapping[str, dict[str, Any]]) -> None:
        """Say these soon; a newer one of the same feed takes the place of an older."""
        with self._lock:
            self._pictures.update(pictures)

    def _run(self) -> None:
        away = False
        while not self._ending.is_set():
            try:
                self._hear()
                self._say()
                away = False
            except (RedisError, StoreError) as error:
                if not away:
                    log.warning("detect.bus_away: %s", error)
                away = True
            self._ending.wait(HEAR_S)
        self._bus.close()

    def _hear(self) -> None:
        with self._bus.pipeline(transaction=False) as pipe:
            pipe.hgetall(RAISED)
            pipe.hgetall(REFERENCE)
            raised, turned = cast("list[dict[str, str]]", pipe.execute())
        with self._lock:
            self._raised, self._turned = _times(raised), _times(turned)

    def _say(self) -> None:
        now_s = self._clock.monotonic_s()
        if now_s - self._said_s < SAY_S:
            return
        with self._lock:
            pictures, self._pictures = self._pictures, {}
        if not pictures:
            return
        self._said_s = now_s
        message = {"at": self._clock.now().timestamp(), "mono_s": now_s, "pictures": pictures}
        try:
            live.publish(self._bus, "pictures", message)
        except StoreError:
            with self._lock:
                self._pictures = pictures | self._pictures
            raise


def _times(values: Mapping[str, str]) -> dict[str, float]:
    """Return what can be read; a stranger's entry is none."""
    found = {}
    for feed, text in values.items():
        try:
            found[feed] = float(text)
        except ValueError:
            continue
    return found
