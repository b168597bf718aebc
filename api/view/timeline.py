"""RTP times of a camera go in, one 90 kHz clock that never goes back comes out, over reconnects and new cameras."""

from ingest.ring import RingEntry

VIDEO_HZ = 90_000
TICK = VIDEO_HZ // 1000
"""A millisecond: the least step between two pictures."""

JUMP_S = 2.0
"""A camera whose clock went on by so much more than ours has begun to count anew. Less is the network's doing: what
it held up and lets go at once must not be shown in peace, or the viewer stays behind for good."""

_HALF, _WHOLE = 1 << 31, 1 << 32


class Timeline:
    """Begins at 0 with the first entry. Pictures out of order (B-frames) come out in order, a millisecond apart."""

    def __init__(self) -> None:
        self.last = 0
        """Time of the newest entry, in 1/90000 s."""
        self._before: RingEntry | None = None
        self._straight = 0

    def stamp(self, entry: RingEntry) -> int:
        """Return the time of ``entry``, which came after the one before."""
        before, self._before = self._before, entry
        if before is None:
            return self.last
        step = (entry.rtp_time - before.rtp_time + _HALF) % _WHOLE - _HALF
        moved = step * VIDEO_HZ // max(entry.clock_hz, 1)
        passed = round((entry.mono_s - before.mono_s) * VIDEO_HZ)
        if entry.epoch != before.epoch or abs(moved) - passed > JUMP_S * VIDEO_HZ:
            moved = passed
            self._straight = self.last
        self._straight += moved
        self.last = max(self.last + TICK, self._straight)
        return self.last
