"""How long each picture is shown: by the camera's clock where that is continuous, by our receipt where it is not."""

from collections.abc import Sequence
from itertools import pairwise

from ingest.ring import RingEntry

ODD_S = 2.0
"""The camera's clock and our receipt may differ by this much over one picture (jitter, a late burst)."""

_WRAP = 1 << 32
_HALF = 1 << 31


def step(before: RingEntry, after: RingEntry) -> int:
    """Return the ticks from one picture's RTP time to the next one's: negative when pictures are reordered.

    Where the RTP times make no sense beside the times of receipt (a camera that restarted, a clock set), the latter
    are used; at least one tick.
    """
    ticks = (after.rtp_time - before.rtp_time + _HALF) % _WRAP - _HALF
    received_s = after.mono_s - before.mono_s
    if ticks and abs(ticks / before.clock_hz - received_s) <= ODD_S:
        return ticks
    return max(1, round(received_s * before.clock_hz))


def shown(entries: Sequence[RingEntry], after: RingEntry | None, usual: int) -> tuple[list[int], list[int]]:
    """Return each picture's duration and how much later than decoded it is shown, in ticks.

    Args:
        entries: one GOP in the order of decoding, at least one.
        after: what comes after it; None when nothing does, then the last lasts ``usual`` ticks.
        usual: a duration seen before.
    """
    steps = [step(one, following) for one, following in pairwise(entries)]
    last = step(entries[-1], after) if after is not None else steps[-1] if steps else usual
    if not steps or min(steps) > 0:
        return [*steps, max(1, last)], [0] * len(entries)
    times = [0]
    for ticks in steps:
        times.append(times[-1] + ticks)
    decoded = sorted(times)
    durations = [later - sooner for sooner, later in pairwise(decoded)]
    last = times[-1] + last - decoded[-1] if after is not None else usual
    return [*durations, max(1, last)], [time - base for time, base in zip(times, decoded, strict=True)]
