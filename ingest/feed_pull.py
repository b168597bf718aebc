"""Pulling one feed: its one or two streams, and what is told of it."""

import logging
import math
import random
from pathlib import Path

from camera_config.clock import Clock
from ingest.feed import Feed, FeedKind, FeedStatus, OnState, Which
from ingest.health import Note
from ingest.pull import NOTED_S, Moment, StreamPull
from ingest.tally import Tally
from ingest.watch import Watch

log = logging.getLogger(__name__)

MASK_S = 1.0
"""How often it is asked whether a masked feed may be pulled."""


class FeedPull:
    """The streams of one feed and their common slot. A main stream that only records is not watched."""

    def __init__(
        self,
        feed: Feed,
        clock: Clock,
        moment: Moment,
        *,
        dice: random.Random,
        tally: Tally,
        on_state: OnState | None,
        gate_floor_s: float,
    ) -> None:
        self.feed = feed
        self.watch = Watch(feed, tally, gate_floor_s)
        self.streams = [
            StreamPull(
                feed,
                which,
                name,
                url,
                self.watch,
                clock,
                moment,
                dice=dice,
                tally=tally,
                on_change=(lambda state, cause: on_state(feed, state, cause))
                if on_state is not None and which is Which.MAIN
                else None,
            )
            for which, name, url in feed.streams
        ]
        self._asked_s = -math.inf
        self._main = self.streams[0]
        self._sub = self.streams[1] if len(self.streams) > 1 else None

    @property
    def priority(self) -> int:
        """Checkpoints are asked first."""
        return 0 if self.feed.kind is FeedKind.CHECKPOINT else 1

    def open(self, slots: Path) -> None:
        """Open the slot.

        Raises:
            OSError: no room.
        """
        self.watch.open(slots)

    def open_rings(self, rings: Path | None, ring_bytes: int) -> None:
        """Open the rings. A stream whose ring has no room is pulled without: what is watched comes first.

        A masked feed has none, nor what a process left that did not know of the mask yet.
        """
        if rings is not None and self.feed.mask is not None:
            for stream in self.streams:
                (rings / stream.name).unlink(missing_ok=True)
            rings = None
        for stream in self.streams:
            try:
                stream.open(rings, ring_bytes)
            except OSError as error:
                log.error("ring.no_room stream=%s bytes=%d: %s", stream.name, ring_bytes, error)

    def tick(self, now_s: float) -> list[StreamPull]:
        """Let time pass; return the streams that ask to be let through the handshake gate."""
        if self.feed.mask is not None and now_s - self._asked_s >= MASK_S:
            self._asked_s = now_s
            cause = self.feed.mask()
            for stream in self.streams:
                stream.shut(cause)
        if self._sub is not None and self.watch.which is Which.SUB and self._sub.away(now_s):
            self.watch.turn_to(Which.MAIN)
        return [stream for stream in self.streams if stream.tick(now_s)]

    def stop(self) -> None:
        """Stop pulling; totals are final from here on."""
        for stream in self.streams:
            stream.stop()

    def close(self) -> None:
        """Release slot and rings."""
        self.watch.close()
        for stream in self.streams:
            stream.close()

    def status(self, now_s: float, at: float) -> FeedStatus:
        """Return how the feed is at monotonic ``now_s``, which is wall time ``at``."""
        main, watch, streams = self._main, self.watch, self.streams
        last_frame_s = max(stream.last_frame_s for stream in streams)
        offset_s = main.clock_offset_s
        return FeedStatus(
            feed=self.feed.id,
            kind=self.feed.kind,
            state=main.condition.state,
            since=main.condition.since,
            cause=main.condition.cause,
            sub_state=self._sub.condition.state if self._sub else None,
            watched=watch.which,
            notes=self._notes(now_s),
            fps=round(main.pace.fps(now_s, main.frames) if not main.down else 0.0, 1),
            last_frame_at=at - (now_s - last_frame_s) if last_frame_s else None,
            codec=main.sets.codec if main.plays else None,
            width=main.sets.width,
            height=main.sets.height,
            gop_s=round(main.pace.gop_s, 3),
            via=main.via,
            clock_offset_s=None if offset_s is None else round(offset_s, 1),
            keyframes_received=watch.received,
            gated=watch.gated,
            offered=watch.offered,
            raised=watch.raised,
            oversize=watch.oversize,
            frames_received=sum(stream.frames for stream in streams),
            dropped=sum(stream.dropped for stream in streams),
            flood_dropped=sum(stream.door.dropped for stream in streams),
            ring_oversize=sum(stream.ring_oversize for stream in streams),
            bytes=sum(stream.bytes for stream in streams),
            reconnects=sum(max(0, stream.plays - 1) for stream in streams),
            lost=sum(stream.lost for stream in streams),
        )

    def _notes(self, now_s: float) -> tuple[Note, ...]:
        found = set[Note]().union(*(stream.notes(now_s) for stream in self.streams))
        if now_s - self.watch.oversize_s < NOTED_S:
            found.add(Note.BIG_KEYFRAMES)
        return tuple(note for note in Note if note in found)
