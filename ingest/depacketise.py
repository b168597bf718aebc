"""RTP packets in, access units out, as Annex-B bytes; H.264 or H.265 by the format it is given.

Nothing is decoded. After a gap everything is dropped up to the next keyframe, because what would come out of a
decoder in between is a smeared picture. Written for 75,000 packets and 9,000 pictures a second in a tenth of a core:
``take`` handles the two common cases itself, middle and last fragments of a large picture and small pictures sent
whole, and leaves everything else to ``packet``.
"""

from collections.abc import Callable
from contextlib import suppress
from struct import Struct

from camera_config.errors import FeedProtocol
from ingest.access_unit import START, AccessUnit, ParameterSets, joined
from ingest.codec import Codec
from ingest.h264 import H264
from ingest.h265 import H265
from ingest.payload import AGGREGATE, ANY_SET, BEFORE, FRAGMENT, KEY, LEADING, PICTURE, REFUSED, PayloadFormat
from ingest.rtp import HEADER_BYTES, PLAIN, alike, is_repeat, missing, payload_bounds
from ingest.sdp import Track

UNIT_LIMIT = 8 * 1024 * 1024
"""An access unit longer than this many bytes, by less than one receive, is dropped."""

PARTS_LIMIT = 32 * 1024
"""An access unit of more pieces, by less than one receive, is dropped: pieces of a byte each cost forty of memory."""

RUN = 12
"""From this many packets on, looking at columns is cheaper than looking at packets (benchmarks.depacketise); a look at
the last of so many tells whether a picture has them."""

NEAR_S = 2
"""A packet with a sequence number from before and a timestamp within this many seconds is a repeat."""

_DOLLAR = 0x24
_HEADERS = {1: Struct(">IHHII2s"), 2: Struct(">IHHII3s")}
"""By NAL header length: interleaving header; RTP flags, marker and type; sequence; timestamp; source; and, if it is a
fragment, payload header and fragment header."""

_RTP = Struct(">BBHII")
_STAMP, _PAYLOAD = 8, 4 + HEADER_BYTES

_FORMATS = {Codec.H264: H264, Codec.H265: H265}


def depacketiser_for(track: Track, sets: ParameterSets, deliver: Callable[[AccessUnit], None]) -> "Depacketiser":
    """Return what puts the pictures of ``track`` together.

    ``sets`` are the stream's, from all its connections; those of another codec are forgotten, those of the track's
    description added.
    """
    media = Depacketiser(_FORMATS[track.codec], track.payload_type, track.clock_hz, sets, deliver)
    for nal in track.parameter_sets:
        with suppress(FeedProtocol):  # what is wrong here may be right in the stream
            sets.add(nal)
    return media


class Depacketiser:
    """Puts access units together from the packets of one connection, in order of arrival.

    Args:
        payload: the codec's format.
        payload_type: packets of other types are passed over.
        clock_hz: how fast the packets' timestamps run.
        sets: the stream's parameter sets, added to from the packets.
        deliver: called with each complete access unit, the first of them a keyframe.
    """

    def __init__(
        self,
        payload: PayloadFormat,
        payload_type: int,
        clock_hz: int,
        sets: ParameterSets,
        deliver: Callable[[AccessUnit], None],
    ) -> None:
        self.lost = 0
        """Packets missing by their sequence numbers."""
        self.dropped = 0
        """Access units not delivered: incomplete, undecodable, or between a gap and the next keyframe."""
        self.key_bytes = 0
        """Size of the last keyframe, 0 before the first."""
        self.usual_bytes = 0
        """About the size of the pictures between keyframes: an eighth of each new one counts."""
        self._format = payload
        self._headers = _HEADERS[payload.header]
        self._payload_type = payload_type
        self._clock_hz = clock_hz
        self._sets = sets
        self._deliver = deliver
        self._expected = self._stamp = self._source = -1
        self._awaits_key = True
        self._skips_leading = False
        self._synced = False
        self._middle = self._last = b""  # payload and fragment header to come, empty outside a fragmented unit
        self._clear()
        sets.begin(payload.codec)

    @property
    def sequence(self) -> int:
        """Sequence number of the last packet, -1 before any; for receiver reports."""
        return (self._expected - 1) & 0xFFFF if self._expected >= 0 else -1

    @property
    def key_begun(self) -> int:
        """Bytes so far of a keyframe that is not complete yet, -1 when none has begun."""
        return self._size if self._has & KEY else -1

    def take(self, data: bytes, at: int, channel: int) -> int:
        """Take the run of interleaved packets of ``channel`` that begins at ``at``; return where it ends.

        It ends before anything else, or before a packet that is not complete.

        Raises:
            FeedProtocol: see ``packet``.
        """
        length = len(data)
        want, plain = _DOLLAR << 8 | channel, PLAIN << 8 | self._payload_type
        marked, head = plain | 0x80, self._headers.size
        unpack, roles = self._headers.unpack_from, self._format.roles
        while length - at >= head:
            word, flags, sequence, stamp, source, begin = unpack(data, at)
            end = at + 4 + (word & 0xFFFF)
            if word >> 16 != want or end > length:
                break
            if (
                sequence != self._expected
                or source != self._source
                or flags | 0x80 != marked
                or not self._synced
                or end <= at + head
            ):
                self.packet(data, at + 4, end)
                at = end
                continue
            count = 1
            if begin == self._middle and stamp == self._stamp and flags == plain:
                size = end - at - head
                count = (length - at) // (end - at)
                ahead = at + (RUN - 1) * (end - at)
                if count < RUN or data[ahead + _STAMP : ahead + head] != data[at + _STAMP : at + head]:
                    count = 1
                    self._parts.append(data[at + head : end])
                else:
                    count, run = alike(data, at, end - at, head, count)
                    size *= count
                    end = at + head * count + size
                    self._parts.append(run)
                self._size += size
            elif begin == self._last and stamp == self._stamp:
                self._parts.append(data[at + head : end])
                self._size += end - at - head
                self._middle = self._last = b""
            else:
                role = roles[begin[0]]
                if role == FRAGMENT and begin[-1] & 0xC0 == 0x80:
                    if stamp != self._stamp:
                        self._turn(stamp)
                    start, role, self._middle, self._last = self._format.opening(begin)
                    self._starts.append(self._size)
                    self._parts += (start, data[at + head : end])
                    self._size += len(start) + end - at - head
                elif role == PICTURE:
                    if stamp != self._stamp:
                        self._turn(stamp)
                    self._starts.append(self._size)
                    self._parts += (START, data[at + _PAYLOAD : end])
                    self._size += 4 + end - at - _PAYLOAD
                    self._middle = self._last = b""
                else:
                    self.packet(data, at + 4, end)
                    at = end
                    continue
                self._has |= role
            self._expected = (sequence + count) & 0xFFFF
            at = end
            if flags == marked:
                self._finish()
        else:  # too short for a fragment, but it may be whole
            if length - at >= 4 and data[at] == _DOLLAR and data[at + 1] == channel:
                end = at + 4 + (data[at + 2] << 8 | data[at + 3])
                if end <= length:
                    self.packet(data, at + 4, end)
                    at = end
        if self._size > UNIT_LIMIT or len(self._parts) > PARTS_LIMIT:
            self._lose_sync()
        return at

    def packet(self, data: bytes, start: int, end: int) -> None:
        """Take the RTP packet ``data[start:end]``.

        Raises:
            FeedProtocol: it breaks RTP or the payload's format; the connection is of no further use.
        """
        if end - start > HEADER_BYTES and data[start] == PLAIN:
            begin = start + HEADER_BYTES
        else:
            begin, end = payload_bounds(data, start, end)
        _, second, sequence, stamp, source = _RTP.unpack_from(data, start)
        ours = second & 0x7F == self._payload_type
        if (sequence != self._expected or source != self._source) and not self._follows(sequence, stamp, source, ours):
            return
        self._expected = (sequence + 1) & 0xFFFF
        if not ours or begin == end:
            return
        if stamp != self._stamp:
            self._turn(stamp)
        role = self._format.roles[data[begin]]
        if role & FRAGMENT:
            self._fragment(data, begin, end)
        else:
            self._middle = self._last = b""
            if role & REFUSED or end - begin < self._format.header:
                name = self._format.codec.upper()
                raise FeedProtocol(f"an {name} packet that begins with byte {data[begin]}, which we cannot take")
            if role & AGGREGATE:
                self._aggregate(data, begin + self._format.header, end)
            else:
                self._whole(data, begin, end)
        if second & 0x80:
            self._finish()

    def _follows(self, sequence: int, stamp: int, source: int, ours: bool) -> bool:
        """Note a packet that does not follow the last one; return whether to take it."""
        if source != self._source:
            if self._expected >= 0:
                if not ours:  # somebody else on our channel
                    return False
                self._lose_sync()  # the camera began again; nothing is known to be missing
            self._source = source
            return True
        if is_repeat(self._expected, sequence, stamp - self._stamp, NEAR_S * self._clock_hz):
            return False
        self.lost += missing(self._expected, sequence)
        self._lose_sync()
        return True

    def _fragment(self, data: bytes, begin: int, end: int) -> None:
        at = begin + self._format.header
        if end - at < 2:
            raise FeedProtocol(f"an {self._format.codec.upper()} fragment of no bytes")
        edges = data[at]
        if edges & 0x80:
            self._middle = self._last = b""
            head, role, middle, last = self._format.opening(data[begin : at + 1])
            if self._begins(role, data, at + 1, end):
                self._middle, self._last = middle, last
                self._starts.append(self._size)
                self._add(head, data[at + 1 : end])
        elif self._middle:
            self._add(data[at + 1 : end])
        elif self._synced:  # its beginning never came
            self._lose_sync()
        if edges & 0x40:
            self._middle = self._last = b""

    def _aggregate(self, data: bytes, at: int, end: int) -> None:
        while at < end:
            size = data[at] << 8 | data[at + 1] if at + 2 <= end else 0
            at += 2
            if size < self._format.header or at + size > end:
                raise FeedProtocol(f"an {self._format.codec.upper()} aggregate whose sizes do not fit")
            self._whole(data, at, at + size)
            at += size

    def _whole(self, data: bytes, begin: int, end: int) -> None:
        role = self._format.roles[data[begin]]
        if self._begins(role, data, begin + self._format.header, end):
            nal = data[begin:end]
            if role & ANY_SET:
                self._sets.add(nal)
            self._starts.append(self._size)
            self._add(START, nal)

    def _add(self, *parts: bytes) -> None:
        self._parts += parts
        self._size += sum(map(len, parts))

    def _begins(self, role: int, data: bytes, body: int, end: int) -> bool:
        """Note the beginning of a NAL unit; return whether to keep it.

        After a gap the picture's first slice (``first_mb_in_slice`` 0 or ``first_slice_segment_in_pic_flag``, one set
        bit both) or what stands before a picture shows that nothing of this access unit is missing.
        """
        if not self._synced:
            if not role & BEFORE and not (role & PICTURE and body < end and data[body] & 0x80):
                return False
            self._synced = True
        self._has |= role
        return True

    def _turn(self, stamp: int) -> None:
        """Go on to another access unit."""
        if self._parts:  # the camera sets no marker
            self._finish()
        self._stamp = stamp

    def _lose_sync(self) -> None:
        if self._has & PICTURE:
            self.dropped += 1
        self._awaits_key = True
        self._synced = False
        self._clear()

    def _finish(self) -> None:
        parts, starts, size, has = self._parts, self._starts, self._size, self._has
        complete = self._synced and not self._middle
        self._clear()
        self._synced = True
        if not has & PICTURE:
            return
        key = has & KEY != 0
        if not complete or (self._awaits_key and not key) or (key and not self._sets.complete):
            self.dropped += 1
            self._awaits_key = True
            return
        if has & LEADING and self._skips_leading:
            self.dropped += 1
            return
        epoch = self._sets.epoch
        if key:
            self._skips_leading = self._awaits_key
            self._awaits_key = False
            self.key_bytes = size
            epoch = self._sets.settle()
            if has & self._format.sets != self._format.sets:
                sets, begins, before = joined(self._sets.nals)
                parts = sets + parts
                starts = begins + [before + start for start in starts]
                size += before
        else:
            self.usual_bytes += (size - self.usual_bytes) >> 3
        self._deliver(AccessUnit(parts, starts, size, key, self._format.codec, epoch, self._stamp, self._clock_hz))

    def _clear(self) -> None:
        self._parts: list[bytes] = []
        self._starts: list[int] = []
        self._size = 0
        self._has = 0
        self._middle = self._last = b""
