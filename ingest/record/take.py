"""One stream being recorded: pictures in, GOPs into segments, a new segment where one has to begin."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from zlib import crc32

from camera_config.clock import Clock
from ingest.record.mp4 import Gop
from ingest.record.segment import Described, SegmentWriter
from ingest.record.timing import shown
from ingest.ring import RingEntry

SEGMENT_S = 60.0
LEAST_S = 10.0
"""A segment that would be shorter than this only because of the second at which its stream begins new ones is not."""

BREAK_S = 2.0
"""A longer pause, or wall time that moved by so much against monotonic time, begins a new segment."""

GOP_BYTES = 4 * 1024 * 1024
GOP_S = 10.0
"""A GOP that is larger or longer goes to the file in pieces."""


@dataclass(slots=True)
class Tallies:
    """Sums over all streams. ``left_out`` are GOPs for which there was no room or no usable header.

    ``behind_s`` is the longest time, since it was last set to 0, from the receipt of the keyframe that ends a GOP to
    the GOP being in its file.
    """

    bytes: int = 0
    gops: int = 0
    overruns: int = 0
    left_out: int = 0
    behind_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Outside:
    """What a recording asks of the one that owns all of them.

    ``open`` begins a segment with a keyframe at a unix time, None if it cannot; ``close`` ends one at a unix time and
    returns at once; ``failed`` is told when a disk refused; ``room`` says whether segments may begin.
    """

    clock: Clock
    room: Callable[[], bool]
    open: Callable[[Described, bytes, float], SegmentWriter | None]
    close: Callable[[SegmentWriter, float], None]
    failed: Callable[[OSError], None]
    tallies: Tallies = field(default_factory=Tallies)


class Take:
    """The open GOP and the open segment of one stream.

    A segment's times are its first picture's receipt by wall time and monotonic time from there on, so segments that
    follow one another meet exactly. Segments of different streams end at different seconds. ``ended_at`` is the unix
    time at which the last segment of a recorder before us ends.
    """

    def __init__(self, stream: str, outside: Outside, ended_at: float = -math.inf) -> None:
        self.segment: SegmentWriter | None = None
        self.last: RingEntry | None = None
        """The last picture taken, None after ``finish``."""
        self.reason = ""
        """Why it is recorded now; a segment keeps that with which it began."""
        self._stream, self._outside = stream, outside
        self._phase_s = SEGMENT_S * crc32(stream.encode()) / 2**32
        self._entries: list[RingEntry] = []
        self._samples: list[bytes] = []
        self._gop_bytes = 0
        self._gop_s = 0.0
        self._awaits_key = True
        self._usual = 0
        self._first_s = self._due_s = 0.0
        self._ended_at = ended_at

    def wants(self, entry: RingEntry) -> bool:
        """Take note of a picture; return whether it is wanted, and then to be given to ``add``."""
        if entry.key:
            self._flush(entry)
            self._cut(entry)
            self._awaits_key = self.segment is None and not self._outside.room()
            self._outside.tallies.left_out += self._awaits_key
        elif entry.broken:
            self.lost()
        return not self._awaits_key

    def add(self, entry: RingEntry, sample: bytes) -> None:
        """Add a wanted picture."""
        entries = self._entries
        if entries and (self._gop_bytes + entry.size > GOP_BYTES or entry.mono_s - entries[0].mono_s > GOP_S):
            self._flush(entry)
        self._entries.append(entry)
        self._samples.append(sample)
        self._gop_bytes += entry.size
        self.last = entry

    def lost(self) -> None:
        """Pictures are missing: nothing more is taken up to the next keyframe."""
        self._flush(None)
        self._awaits_key = True

    def finish(self, until: RingEntry | None = None) -> None:
        """Put what is open into the file and end the segment; at the keyframe ``until`` if that follows."""
        self._flush(until)
        self._close(until)
        self._awaits_key = True
        self.last = None

    def _cut(self, key: RingEntry) -> None:
        """End the segment before ``key`` if a new one has to begin."""
        segment, last = self.segment, self.last
        if segment is None or last is None:
            return
        what = segment.described
        same = (what.codec, what.width, what.height, what.clock_hz) == (key.codec, key.width, key.height, key.clock_hz)
        stepped_s = abs(key.at - segment.start - (key.mono_s - self._first_s))
        if (
            not same
            or key.epoch != last.epoch
            or key.mono_s - last.mono_s > BREAK_S
            or stepped_s > BREAK_S
            or key.mono_s + self._gop_s > self._due_s
            or not self._outside.room()
        ):
            self._close(key)

    def _flush(self, after: RingEntry | None) -> None:
        """Write the open GOP; ``after`` is the picture that came next."""
        entries, samples = self._entries, self._samples
        if not entries:
            return
        self._entries, self._samples, self._gop_bytes = [], [], 0
        first, last = entries[0], entries[-1]
        if after is not None and (after.epoch != first.epoch or after.mono_s - last.mono_s > BREAK_S):
            after = None
        durations, later = shown(entries, after, self._usual or first.clock_hz // 25)
        self._usual = durations[-1]
        segment = self.segment or self._open(first, samples[0])
        if segment is None:
            self._outside.tallies.left_out += 1
            return
        tallies = self._outside.tallies
        gop = Gop(segment.start + first.mono_s - self._first_s, first.key, samples, durations, later)
        try:
            tallies.bytes += segment.append(gop)
        except OSError as error:
            self._close(None)
            self._outside.failed(error)
            return
        tallies.gops += 1
        if after is not None:
            self._gop_s = after.mono_s - first.mono_s
            tallies.behind_s = max(tallies.behind_s, self._outside.clock.monotonic_s() - after.mono_s)

    def _open(self, first: RingEntry, keyframe: bytes) -> SegmentWriter | None:
        start = self._ended_at if first.at < self._ended_at <= first.at + BREAK_S / 2 else first.at
        described = Described(self._stream, first.codec, first.width, first.height, first.clock_hz, self.reason)
        self.segment = self._outside.open(described, keyframe, start)
        self._first_s = first.mono_s
        left_s = SEGMENT_S - (first.mono_s + self._phase_s) % SEGMENT_S
        self._due_s = first.mono_s + (left_s if left_s >= LEAST_S else SEGMENT_S)
        return self.segment

    def _close(self, after: RingEntry | None) -> None:
        """End the segment; at ``after`` if that came without a break."""
        segment, last, self.segment = self.segment, self.last, None
        if segment is None or last is None:
            return
        if after is not None and 0 <= after.mono_s - last.mono_s <= BREAK_S:
            lasted_s = after.mono_s - self._first_s
        else:
            lasted_s = last.mono_s - self._first_s + self._usual / last.clock_hz
        self._ended_at = segment.start + max(lasted_s, 1 / last.clock_hz)
        self._outside.close(segment, self._ended_at)
