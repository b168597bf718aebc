"""One stream's recorder: watches sizes in the ring, decides, and reads pictures only for what is recorded.

While nothing happens only headers are read. When something does, reading goes back by the pre-roll and goes on from
there with the pictures; nothing is kept here but the open GOP.
"""

import math
from pathlib import Path

from ingest.gate import MotionGate
from ingest.record.take import Outside, Take
from ingest.ring import RingEntry, RingReader

PRE_ROLL_S = 5.0
POST_ROLL_S = 10.0
SILENT_S = 5.0
"""A stream that sent nothing for so long has its segment closed: what was recorded can be played then."""

WHOLE_RING = 100_000
"""More units than a ring holds: a look takes all that is there, so that none is left at the end."""

SAME_S = 0.02
"""Times that differ by less are of the same picture."""


class StreamRecorder:
    """Records one stream. ``poll`` is called a few times a second by one thread.

    Args:
        stream: its name.
        ring: its ring.
        outside: see there.
        always: record whatever happens; else ``want`` and the gate decide.
        done_at: unix time of the last picture that is recorded already, or a little earlier.
        ended_at: unix time at which that picture ends.
        interrupted: a recorder before us was killed while it recorded this stream; all that the ring holds since then
            is recorded.
    """

    def __init__(
        self,
        stream: str,
        ring: Path,
        outside: Outside,
        *,
        always: bool,
        done_at: float = -math.inf,
        ended_at: float = -math.inf,
        interrupted: bool = False,
    ) -> None:
        self.stream = stream
        self.recording = False
        self.take = Take(stream, outside, ended_at)
        self._always = always
        self._tallies = outside.tallies
        self._reader = RingReader(ring)
        self._overrun = 0
        self._gate = MotionGate()
        self._judged = 0
        self._group_s = self._since_s = -math.inf
        self._busy_until_s = self._wanted_until_s = -math.inf
        self._wanted_for = ""
        self._done = (math.inf, done_at)
        self._whole_ring = always or interrupted

    def want(self, until_s: float, reason: str) -> None:
        """Record until monotonic ``until_s``, whatever the gate says."""
        if until_s > self._wanted_until_s:
            self._wanted_until_s, self._wanted_for = until_s, reason

    def poll(self, now_s: float) -> None:
        """Look at what came since the last time, and record what is to be."""
        entries = self._reader.entries(WHOLE_RING)
        if self._reader.overrun != self._overrun:
            self._tallies.overruns += self.recording
            self._overrun = self._reader.overrun
        if not entries:
            last = self.take.last
            if last is not None and now_s - last.mono_s > SILENT_S:
                self._stop()
            return
        if not self._always:
            self._judge(entries)
        if not self.recording and (self._always or entries[-1].mono_s < self._until_s):
            entries = self._begin(entries)
        if self.recording:
            self._record(entries)

    def close(self) -> None:
        """End what is open and let the ring go."""
        self._stop()
        self._reader.close()

    @property
    def _until_s(self) -> float:
        return math.inf if self._always else max(self._busy_until_s, self._wanted_until_s)

    @property
    def _reason(self) -> str:
        if self._always:
            return "continuous"
        return self._wanted_for if self._wanted_until_s > self._busy_until_s else "event"

    def _judge(self, entries: list[RingEntry]) -> None:
        """Show the gate the sizes that it has not seen yet; what it finds began with the keyframe before."""
        gate, judged = self._gate, self._judged
        if entries[-1].number < judged:  # another ring
            judged = 0
        for entry in entries:
            if entry.number <= judged:
                continue
            if not entry.key:
                if self._group_s > -math.inf:  # the end of a group would be taken for a quiet one
                    gate.picture(entry.size)
                continue
            if gate.moved():
                if entry.mono_s >= self._until_s:
                    self._since_s = self._group_s
                self._busy_until_s = entry.mono_s + POST_ROLL_S
            self._group_s = entry.mono_s
        self._judged = entries[-1].number

    def _begin(self, entries: list[RingEntry]) -> list[RingEntry]:
        """Begin to record; return the pictures from the pre-roll on."""
        self.recording = True
        began_s = self._since_s if self._busy_until_s > self._wanted_until_s else entries[-1].mono_s
        since_s = -math.inf if self._whole_ring else began_s - PRE_ROLL_S
        self._whole_ring = self._always
        return self._reader.entries(WHOLE_RING) if self._reader.seek_key_before(since_s) else entries

    def _record(self, entries: list[RingEntry]) -> None:
        """Take the pictures that are not recorded yet, up to the keyframe with which the event is over."""
        take, sample_of = self.take, self._reader.sample
        take.reason = self._reason
        number, at = self._done
        for entry in entries:
            if entry.number <= number and entry.at <= at + SAME_S:
                continue
            if entry.key and entry.mono_s >= self._until_s:
                self._stop(entry)
                break
            if not take.wants(entry):
                continue
            sample = sample_of(entry)
            if sample is None:
                self._tallies.overruns += 1
                take.lost()
                continue
            take.add(entry, sample)
            self._done = (entry.number, entry.at)

    def _stop(self, until: RingEntry | None = None) -> None:
        self.take.finish(until)
        self.recording = False
