"""One camera's ring goes in, read once for all its viewers; packed pictures come out. No decoding.

Who joins gets the last keyframe and what followed it at once, a millisecond apart, so that it sees a picture without
waiting for the next one; from there on all get the same objects. The ring is looked at only while somebody watches.
"""

import asyncio
import logging
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
from aiortc.codecs.h264 import H264Encoder

from api.view.sender import Packed
from api.view.timeline import TICK, VIDEO_HZ, Timeline
from ingest.codec import Codec
from ingest.ring import RingEntry, RingReader

log = logging.getLogger(__name__)

POLL_S = 0.025
"""A picture waits 12 ms on average; a look at a ring without news costs 3 µs."""

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
        self._packer = H264Encoder()
        self._task: asyncio.Task[None] | None = None

    @property
    def viewers(self) -> int:
        """How many watch."""
        return len(self._takers)

    @property
    def reading(self) -> bool:
        """Whether the ring is being read; not any more when it cannot be."""
        return self._task is not None and not self._task.done()

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
            self._timeline, self._gap = Timeline(), True
            self._takers[take] = self._catch_up(self._reader, take)
            self._gap = self._takers[take] == AWAITS_KEY
        if not self.reading:
            self._task = asyncio.create_task(self._run())
            self._task.add_done_callback(_ended)

    def leave(self, take: Take) -> None:
        """Forget a viewer."""
        self._takers.pop(take, None)

    def _catch_up(self, past: RingReader, take: Take) -> int:
        """Give what came since the last keyframe; return the number of the last unit given."""
        entries: list[RingEntry] = []
        if past.seek_last_key():
            while more := past.entries():
                entries += more
        size = sum(entry.size for entry in entries)
        if not entries or size > PAST_BYTES or any(entry.broken for entry in entries[1:]):
            return AWAITS_KEY
        payloads = [past.payload(entry) for entry in entries]
        if None in payloads or any(entry.codec is not Codec.H264 for entry in entries):
            return AWAITS_KEY
        if past is self._reader:
            self._timeline.stamp(entries[-1])
        first = self._timeline.last - (len(entries) - 1) * TICK
        for index, payload in enumerate(payloads):
            take(self._packed(payload or b"", first + index * TICK))
        return entries[-1].number

    async def _run(self) -> None:
        while self._takers:
            self._pump()
            await asyncio.sleep(POLL_S)
        self._reader.close()

    def _pump(self) -> None:
        """Hand on what came since the last look; after a gap nothing before the next keyframe, which would smear."""
        for entry in self._reader.entries():
            stamp = self._timeline.stamp(entry)
            payload = self._reader.payload(entry)
            self._gap = payload is None or ((self._gap or entry.broken) and not entry.key)
            if payload is not None and not self._gap and entry.codec is Codec.H264:
                self._give(entry, self._packed(payload, stamp))

    def _give(self, entry: RingEntry, picture: Packed) -> None:
        for take, number in list(self._takers.items()):
            if (number == AWAITS_KEY and not entry.key) or entry.number <= number:
                continue
            self._takers[take] = 0
            take(picture)

    def _packed(self, payload: bytes, stamp: int) -> Packed:
        packet = av.Packet(payload)
        packet.pts, packet.time_base = 0, Fraction(1, VIDEO_HZ)
        payloads, _ = self._packer.pack(packet)
        return Packed(tuple(payloads), stamp, len(payload))


def _ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("view.ring_lost", exc_info=error)
