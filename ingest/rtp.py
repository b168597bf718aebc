"""RTP packets (RFC 3550): where the payload lies, what follows what, and runs of packets that are all alike."""

from camera_config.errors import FeedProtocol

HEADER_BYTES = 12
PLAIN = 0x80
"""First byte of a packet of version 2 without padding, extension and contributing sources: payload at byte 12."""

REPEATS = 64
"""A packet of up to this many before the expected one is a repeat or came late; both are passed over."""

_LOW_SEQUENCE = 7
_COUNTING = bytes(range(256))


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


def alike(data: bytes, at: int, stride: int, head: int, most: int) -> int:
    """Return how many interleaved packets from ``at`` on repeat the first one's header with rising sequence numbers.

    Args:
        data: what was received.
        at: where a complete and plain packet begins.
        stride: its length with the interleaving header.
        head: how many bytes from ``at`` on must be the same: the headers, and as much of the payload as matters.
        most: how many packets of that length are in ``data``, at least 1.

    Looks at a column of all packets at a time: a few microseconds for hundreds of packets. A run ends at the latest
    where the lower byte of the sequence number wraps.
    """
    low = data[at + _LOW_SEQUENCE]
    most = min(most, 256 - low)
    for start in range(at, at + head):
        if start == at + _LOW_SEQUENCE:
            continue
        column = data[start : start + (most - 1) * stride + 1 : stride]
        rest = column.lstrip(column[:1])
        if rest:
            most -= len(rest)
    start = at + _LOW_SEQUENCE
    numbers = data[start : start + (most - 1) * stride + 1 : stride]
    if numbers == _COUNTING[low : low + most]:
        return most
    return next(count for count, number in enumerate(numbers) if number != low + count)
