"""What of a feed is looked at: the keyframes of one of its two streams, through one gate, into one slot."""

import logging
import math
from pathlib import Path

from ingest.access_unit import AccessUnit
from ingest.feed import Feed, FeedKind, Which
from ingest.gate import MotionGate
from ingest.slot import SlotWriter
from ingest.tally import Tally

log = logging.getLogger(__name__)

SLOT_BYTES = 768 * 1024


class Watch:
    """A feed's slot, gate and counts. ``received`` = ``gated`` + ``offered``, always.

    Both streams of a feed leave keyframes here, never at once: ``turn_to`` says whose. The slot's epoch rises with each
    turn, as with each change of the stream's parameters, so that a decoder starts afresh. Checkpoints have no gate, nor
    have feeds that ask for none.
    """

    def __init__(self, feed: Feed, tally: Tally, gate_floor_s: float) -> None:
        self.feed = feed
        self.which = Which.SUB if feed.sub_url else Which.MAIN
        self.received = self.gated = self.offered = self.raised = self.oversize = 0
        self.oversize_s = -math.inf
        """When the last keyframe larger than the slot came, monotonic."""
        self.key_s = 0.0
        """When the last one that fits came."""
        self._tally = tally
        self._floor_s = gate_floor_s
        self._gate = self._new_gate()
        self._writer: SlotWriter | None = None
        self._epoch = 0
        self._of: tuple[Which, int] | None = None

    def open(self, slots: Path) -> None:
        """Open the slot.

        Raises:
            OSError: no room.
        """
        self._writer = SlotWriter(slots / self.feed.id, SLOT_BYTES)
        self._epoch = self._writer.epoch

    def close(self) -> None:
        """Release the slot."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def turn_to(self, which: Which) -> None:
        """Take the keyframes of this stream from now on; its quiet level is learned anew."""
        if which is not self.which:
            self.which = which
            raised_until_s = self._gate.raised_until_s if self._gate else -math.inf
            self._gate = self._new_gate()
            self.raise_until(raised_until_s)
            log.info("feed.watched feed=%s stream=%s", self.feed.id, which)

    def raise_until(self, mono_s: float) -> None:
        """Offer every keyframe up to monotonic ``mono_s``, however quiet it is."""
        if self._gate is not None:
            self._gate.raised_until_s = mono_s

    def picture(self, size: int) -> None:
        """Note a picture between keyframes of the watched stream, ``size`` in bytes."""
        if self._gate is not None:
            self._gate.picture(size)

    def keyframe(self, unit: AccessUnit, now_s: float, at: float) -> None:
        """Count a keyframe of the watched stream, and put it into the slot if the gate lets it through."""
        writer, gate = self._writer, self._gate
        assert writer is not None
        if unit.size > writer.capacity:
            self.oversize += 1
            self.oversize_s = now_s
            self._tally.warn("feed.oversize", f"feed={self.feed.id} bytes={unit.size}")
            return
        self.received += 1
        self.key_s = now_s
        if gate is not None and not gate.offers(now_s):
            self.gated += 1
            return
        if (self.which, unit.epoch) != self._of:
            self._of = (self.which, unit.epoch)
            self._epoch += 1
        writer.put(
            unit.payload,
            sequence=writer.sequence + 1,
            at=at,
            mono_s=now_s,
            epoch=self._epoch,
            codec=unit.codec,
        )
        self.offered += 1
        self.raised += gate is not None and now_s <= gate.raised_until_s

    def _new_gate(self) -> MotionGate | None:
        gated = self.feed.gated and self.feed.kind is FeedKind.CAMERA
        return MotionGate(self._floor_s) if gated else None
