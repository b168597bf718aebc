"""One camera's ring goes in, read once for all its viewers; packed pictures come out. No decoding.

Who joins gets the last keyframe and what followed it at once, a millisecond apart, so that it sees a picture without
waiting for the next one; from there on all get the same objects. The ring is looked at only while somebody watches.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path

from api.view.packets import Packed, packed
from api.view.rhythm import SOON_S, Rhythm
from api.view.timeline import TICK, Timeline
from ingest.codec import Codec
from ingest.ring import RingEntry, RingReader

log = logging.getLogger(__name__)

PAST_BYTES = 3 * 1024 * 1024
"""Who joins when more than this came since the last keyframe waits for the next one."""

AWAITS_KEY = -1

Take = Callable[[Packed], None]


class ViewFeed:
    """The viewers of one stream. It reads while somebody is there and stops by itself when the last has left."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader = RingReader(path)
        self._takers: dict[Take, int] = {}
        """Each viewer, with the number of the last unit it got when it joined, or ``AWAITS_KEY``."""
        self._timeline = Timeline()
        self._gap = True
        self._rhythm = Rhythm()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def viewers(self) -> int:
        """How many watch."""
        return len(self._takers)

    @property
    def reading(self) -> bool:
        """Whether the ring is being read; not any more when it cannot be."""
        return self._timer is not None

    def join(self, take: Take) -> None:
        """Give ``take`` the pictures from the last keyframe on, and from now on every one.

        Raises:
            OSError: the ring cannot be read.
            ValueError: it is none.
        """
        if self._takers:
            self._pump()
            with RingReader(self.path) as past:
                self._takers[take] = self._catch_up(past, take)
        else:
            self._timeline, self._rhythm, self._gap = Timeline(), Rhythm(), True
            self._takers[take] = self._catch_up(self._reader, take)
            self._gap = self._takers[take] == AWAITS_KEY
        if not self.reading:
            self._timer = asyncio.get_running_loop().call_later(SOON_S, self._look)

    def leave(self, take: Take) -> None:
        """Forget a viewer."""
        self._takers.pop(take, None)
        if not self._takers:
            self._stop()
            self._reader.close()

    def _catch_up(self, past: RingReader, take: Take) -> int:
        """Give what came since the last keyframe; return the number of the last unit given."""
        entries: list[RingEntry] = []
        if past.seek_last_key():
            while more := past.entries():
                entries += more
        size = sum(entry.size for entry in entries)
        if not entries or size > PAST_BYTES or any(entry.broken for entry in entries[1:]):
            return AWAITS_KEY
        samples = [past.sample(entry) for entry in entries]
        if None in samples or any(entry.codec is not Codec.H264 for entry in entries):
            return AWAITS_KEY
        if past is self._reader:
            self._timeline.stamp(entries[-1])
        first = self._timeline.last - (len(entries) - 1) * TICK
        for index, sample in enumerate(samples):
            take(packed(sample or b"", first + index * TICK))
        return entries[-1].number

    def _look(self) -> None:
        """Hand on what came, and come again when more is due. A task that sleeps would take two turns of the loop."""
        self._stop()
        try:
            came = self._pump()
        except (OSError, ValueError):
            log.exception("view.ring_lost")
            return
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._rhythm.wait_s(came, time.monotonic()), self._look)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _pump(self) -> list[RingEntry]:
        """Hand on what came since the last look; after a gap nothing before the next keyframe, which would smear."""
        came = self._reader.entries()
        for entry in came:
            stamp = self._timeline.stamp(entry)
            sample = self._reader.sample(entry)
            self._gap = sample is None or ((self._gap or entry.broken) and not entry.key)
            if sample is not None and not self._gap and entry.codec is Codec.H264:
                self._give(entry, packed(sample, stamp))
        return came

    def _give(self, entry: RingEntry, picture: Packed) -> None:
        for take, number in list(self._takers.items()):
            if (number == AWAITS_KEY and not entry.key) or entry.number <= number:
                continue
            self._takers[take] = 0
            take(picture)
