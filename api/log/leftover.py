"""Outboxes that nobody owns any more, for example of a detector that is no longer started, are sent too."""

import logging
import threading
from pathlib import Path

from api.log.outbox import Outbox
from api.log.pump import Pump
from api.run_folder import RunFolder
from api.settings import Settings
from camera_config.errors import StoreError

log = logging.getLogger(__name__)

FIRST_S = 30.0
"""Owners come back first after a start."""

EVERY_S = 15.0
HOLD_S = 1.5
"""An outbox is held no longer, so that an owner who comes back meanwhile is not refused (``outbox.LOCK_WAIT_S``)."""


class LeftOver:
    """A thread that looks after ``data/outbox``."""

    def __init__(
        self, settings: Settings, run: RunFolder, *, first_s: float = FIRST_S, every_s: float = EVERY_S
    ) -> None:
        self._settings = settings
        self._run = run
        self._first_s = first_s
        self._every_s = every_s
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name="left-over", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End within about ``HOLD_S`` and 2 s."""
        self._ending.set()
        self._thread.join(timeout=HOLD_S + 2.0)

    def _work(self) -> None:
        wait_s = self._first_s
        while not self._ending.wait(wait_s):
            wait_s = self._every_s
            for path in sorted((self._settings.data / "outbox").glob("*.db")):
                if not self._ending.is_set():
                    self._drain(path)

    def _drain(self, path: Path) -> None:
        try:
            outbox = Outbox(path, path.stem, wait_s=0.0)
        except StoreError:
            return  # its owner lives
        try:
            if outbox.depth:
                log.info("outbox.left_over producer=%s rows=%d", outbox.producer, outbox.depth)
                pump = Pump(outbox, self._settings, self._run)
                pump.start()
                pump.stop(HOLD_S)
        finally:
            outbox.close()
