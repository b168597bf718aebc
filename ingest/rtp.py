"""RTP packets (RFC 3550): where the payload lies, and what is missing between two sequence numbers."""

from camera_config.errors import FeedProtocol

HEADER_BYTES = 12
PLAIN = 0x80
"""First byte of a packet of version 2 without padding, extension and contributing sources: payload at byte 12."""


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
    """Return how many packets are missing before sequence number ``got``; 1 for a step back (repeat or restart)."""
    ahead = (got - expected) & 0xFFFF
    return ahead if ahead < 0x8000 else 1
