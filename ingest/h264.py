"""RTP packets in, H.264 access units out (RFC 6184: single NAL units, STAP-A, FU-A), as Annex-B bytes.

Nothing is decoded. After a gap everything is dropped up to the next keyframe, because what would come out of a
decoder in between is a smeared picture. Written for 75,000 packets a second in a third of a core: most of them are
middle or last fragments of a large picture; for those ``take`` does one unpack, a few comparisons and one slice.
"""

from collections.abc import Callable
from struct import Struct

from camera_config.errors import FeedProtocol
from ingest.access_unit import CLOCK_HZ, START, AccessUnit, ParameterSets
from ingest.codec import Codec
from ingest.rtp import HEADER_BYTES, PLAIN, missing, payload_bounds

UNIT_LIMIT = 8 * 1024 * 1024
"""An access unit longer than this many bytes, by less than one receive, is dropped."""

_START_AND_HEADER = tuple(START + bytes((header,)) for header in range(256))
_SLICE, _IDR, _SPS, _PPS = 1, 5, 7, 8
_BEFORE_PICTURE = frozenset((6, 7, 8, 9))
_STAP_A, _FU_A = 24, 28
_DOLLAR = 0x24
_HEADERS = Struct(">IHHI4xH")
"""Interleaving header; RTP flags, marker and type; sequence; timestamp; (source); FU indicator and header."""

_RTP = Struct(">BBHI")


class Depacketiser:
    """Puts access units together from the packets of one connection, in order of arrival.

    Args:
        payload_type: packets of other types are passed over.
        sets: the feed's parameter sets, added to from the stream.
        deliver: called with each complete access unit, the first of them a keyframe.
        clock_hz: how fast the packets' timestamps run.
    """

    def __init__(
        self, payload_type: int, sets: ParameterSets, deliver: Callable[[AccessUnit], None], clock_hz: int = CLOCK_HZ
    ) -> None:
        self.lost = 0
        """Packets missing by their sequence numbers."""
        self.dropped = 0
        """Access units not delivered: incomplete, or between a gap and the next keyframe."""
        self._payload_type = payload_type
        self._sets = sets
        self._deliver = deliver
        self._clock_hz = clock_hz
        sets.begin(Codec.H264)
        self._expected = -1
        self._stamp = -1
        self._middle = -1  # FU indicator and header of the middle fragments to come, -1 outside a fragmented unit
        self._awaits_key = True
        self._synced = False
        self._clear()

    @property
    def sequence(self) -> int:
        """Sequence number of the last packet, -1 before any; for receiver reports."""
        return (self._expected - 1) & 0xFFFF if self._expected >= 0 else -1

    def take(self, data: bytes, at: int, channel: int) -> int:
        """Take the run of interleaved packets of ``channel`` that begins at ``at``; return where it ends.

        It ends before anything else, or before a packet that is not complete.

        Raises:
            FeedProtocol: see ``packet``.
        """
        began, length = at, len(data)
        want, plain = _DOLLAR << 8 | channel, PLAIN << 8 | self._payload_type
        marked, head = plain | 0x80, _HEADERS.size
        unpack = _HEADERS.unpack_from
        parts, expected, now, middle = self._parts, self._expected, self._stamp, self._middle
        while length - at >= head:
            word, flags, sequence, stamp, fragment = unpack(data, at)
            end = at + 4 + (word & 0xFFFF)
            if word >> 16 != want or end > length:
                break
            body = at + head
            if fragment | 0x40 == middle | 0x40 and sequence == expected and stamp == now and end >= body:
                if flags == plain and fragment == middle:
                    parts.append(data[body:end])
                    expected = (sequence + 1) & 0xFFFF
                    at = end
                    continue
                if flags == marked and fragment != middle:
                    parts.append(data[body:end])
                    expected = (sequence + 1) & 0xFFFF
                    at = end
                    self._middle = -1
                    self._finish()
                    parts, middle = self._parts, -1
                    continue
            self._expected = expected
            self.packet(data, at + 4, end)
            parts, expected, now, middle = self._parts, self._expected, self._stamp, self._middle
            at = end
        else:  # too short for a fragment, but it may be whole
            if length - at >= 4 and data[at] == _DOLLAR and data[at + 1] == channel:
                end = at + 4 + (data[at + 2] << 8 | data[at + 3])
                if end <= length:
                    self._expected = expected
                    self.packet(data, at + 4, end)
                    at, expected = end, self._expected
        self._expected = expected
        self._size += at - began
        if self._size > UNIT_LIMIT:
            self._lose_sync()
        return at

    def packet(self, data: bytes, start: int, end: int) -> None:
        """Take the RTP packet ``data[start:end]``.

        Raises:
            FeedProtocol: it breaks RTP or RFC 6184; the connection is of no further use.
        """
        if end - start > HEADER_BYTES and data[start] == PLAIN:
            begin = start + HEADER_BYTES
        else:
            begin, end = payload_bounds(data, start, end)
        _, second, sequence, stamp = _RTP.unpack_from(data, start)
        if sequence != self._expected:
            self._gap(sequence)
        self._expected = (sequence + 1) & 0xFFFF
        if second & 0x7F != self._payload_type or begin == end:
            return
        if stamp != self._stamp:
            if self._parts:  # the camera sets no marker
                self._finish()
            self._stamp = stamp
        header = data[begin]
        kind = header & 31
        if kind == _FU_A:
            if end - begin < 2:
                raise FeedProtocol("an H.264 fragment of no bytes")
            fragment = data[begin + 1]
            if fragment & 0x80:
                self._middle = -1
                if self._begins(fragment & 31, data, begin + 2, end):
                    self._middle = header << 8 | fragment & 31
                    self._parts.append(_START_AND_HEADER[header & 0xE0 | fragment & 31])
                    self._parts.append(data[begin + 2 : end])
            elif self._middle >= 0:
                self._parts.append(data[begin + 2 : end])
            elif self._synced:  # its beginning never came
                self._lose_sync()
            if fragment & 0x40:
                self._middle = -1
        elif 0 < kind < _STAP_A:
            self._middle = -1
            self._whole(kind, data, begin, end)
        elif kind == _STAP_A:
            self._middle = -1
            self._aggregate(data, begin + 1, end)
        else:
            raise FeedProtocol(f"an H.264 packet of kind {kind}, which cannot be in packetization-mode 0 or 1")
        if second & 0x80:
            self._finish()

    def _aggregate(self, data: bytes, at: int, end: int) -> None:
        while at < end:
            size = data[at] << 8 | data[at + 1] if at + 2 <= end else 0
            at += 2
            if size == 0 or at + size > end:
                raise FeedProtocol("an H.264 aggregate whose sizes do not fit")
            self._whole(data[at] & 31, data, at, at + size)
            at += size

    def _whole(self, kind: int, data: bytes, begin: int, end: int) -> None:
        if self._begins(kind, data, begin + 1, end):
            nal = data[begin:end]
            if kind in (_SPS, _PPS):
                self._sets.add(nal)
                self._own_sets |= 1 << kind
            self._parts.append(START)
            self._parts.append(nal)

    def _begins(self, kind: int, data: bytes, body: int, end: int) -> bool:
        """Note the beginning of a NAL unit; return whether to keep it.

        After a gap the picture's first slice (``first_mb_in_slice`` 0, one bit) or what stands before a picture shows
        that nothing of this access unit is missing.
        """
        if not self._synced:
            if kind not in _BEFORE_PICTURE and not (_SLICE <= kind <= _IDR and body < end and data[body] & 0x80):
                return False
            self._synced = True
        if kind <= _IDR:
            self._has_picture = True
            if kind == _IDR:
                self._has_key = True
        return True

    def _gap(self, sequence: int) -> None:
        if self._expected >= 0:
            self.lost += missing(self._expected, sequence)
            self._lose_sync()

    def _lose_sync(self) -> None:
        if self._has_picture:
            self.dropped += 1
        self._awaits_key = True
        self._synced = False
        self._clear()

    def _finish(self) -> None:
        parts, key, complete = self._parts, self._has_key, self._synced and self._middle < 0
        has_picture, own = self._has_picture, self._own_sets
        self._clear()
        self._synced = True
        if not has_picture:
            return
        if not complete or (self._awaits_key and not key) or (key and not self._sets.complete):
            self.dropped += 1
            self._awaits_key = True
            return
        self._awaits_key = False
        if key and own != (1 << _SPS | 1 << _PPS):
            parts = self._sets.prefix + parts
        size, epoch = sum(map(len, parts)), self._sets.settle() if key else self._sets.epoch
        self._deliver(AccessUnit(parts, size, key, Codec.H264, epoch, self._stamp, self._clock_hz))

    def _clear(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0
        self._own_sets = 0
        self._middle = -1
        self._has_key = self._has_picture = False
