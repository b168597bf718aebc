"""RTP packets (RFC 3550): where the payload lies, what follows what, and runs of packets that are all alike."""

import numpy as np

from camera_config.errors import FeedProtocol

HEADER_BYTES = 12
PLAIN = 0x80
"""First byte of a packet of version 2 without padding, extension and contributing sources: payload at byte 12."""

REPEATS = 64
"""A packet of up to this many before the expected one is a repeat or came late; both are passed over."""

RUN_LIMIT = 256
"""Packets that ``alike`` looks at together; a receive has up to 250."""

_SEQUENCE = 6
_NUMBERS = np.arange(0x10000 + RUN_LIMIT, dtype=np.uint16)
_HIGH, _LOW = (_NUMBERS >> 8).astype(np.uint8).tobytes(), _NUMBERS.astype(np.uint8).tobytes()


def payload_bounds(data: bytes, start: int, end: int) -> tuple[int, int]:
    """Return where the payload of the packet ``data[start:end]`` begins and ends; it may be empty.

    Raises:
        FeedProtocol: not version 2, or lengths that do not fit the packet.
    """
    if end - start < HEADER_BYTES or data[start] & 0xC0 != 0x80:
        raise FeedProtocol("a packet that is not RTP")
    first = data[start]
    begin = start + HEADER_BYTES + 4 * (first & 0x0F)
    if first & 0x10:
        if begin + 4 > end:
            raise FeedProtocol("an RTP extension longer than its packet")
        begin += 4 + 4 * (data[begin + 2] << 8 | data[begin + 3])
    if first & 0x20:
        if data[end - 1] == 0:
            raise FeedProtocol("RTP padding of no bytes")
        end -= data[end - 1]
    if begin > end:
        raise FeedProtocol("an RTP header longer than its packet")
    return begin, end


def missing(expected: int, got: int) -> int:
    """Return how many packets are missing before sequence number ``got``; 1 for a step back (a restart)."""
    ahead = (got - expected) & 0xFFFF
    return ahead if ahead < 0x8000 else 1


def is_repeat(expected: int, got: int, ticks: int, near: int) -> bool:
    """Whether sequence number ``got`` is only just behind ``expected``, at nearly the same timestamp.

    ``ticks`` is the difference of the timestamps, 32 bits; less than ``near`` either way is nearly the same. A camera
    that starts again chooses both at random.
    """
    return 0 < (expected - got) & 0xFFFF <= REPEATS and (ticks + near) & 0xFFFFFFFF < 2 * near


def alike(data: bytes, at: int, stride: int, head: int, most: int) -> tuple[int, bytes]:
    """Return how many interleaved packets repeat the first one's header with rising sequence numbers, and the rest.

    Args:
        data: what was received.
        at: where a complete and plain packet begins.
        stride: its length with the interleaving header.
        head: how many bytes from ``at`` on must be the same: the headers, and as much of the payload as matters.
        most: how many packets of that length are in ``data``, at least 1; of more than ``RUN_LIMIT`` the first.

    Returns:
        The number of packets, at least 1, and what stands behind their heads, joined. Some ten microseconds for 200
        packets: all heads are compared at once and all payloads copied at once.
    """
    most = min(most, RUN_LIMIT)
    packets = np.frombuffer(data, np.uint8, most * stride, at).reshape(most, stride)
    heads = packets[:, :head].tobytes()
    number = heads[_SEQUENCE] << 8 | heads[_SEQUENCE + 1]
    want = bytearray(heads[:head] * most)
    want[_SEQUENCE::head] = _HIGH[number : number + most]
    want[_SEQUENCE + 1 :: head] = _LOW[number : number + most]
    count = most if heads == want else _same(heads, want) // head
    return count, packets[:count, head:].tobytes()


def _same(one: bytes, other: bytearray) -> int:
    """Return the length of what both begin with."""
    low, high = 0, len(one)
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
