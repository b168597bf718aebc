"""Access units as RTP over TCP, packetised once and stamped for each group of cameras (RFC 6184, RFC 2326 10.12)."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.codec import Codec
from ingest.simulate.clip import AccessUnit
from ingest.simulate.rtp_h265 import aggregated, fragments

PAYLOAD_BYTES = 1400
"""Greatest RTP payload, so that a packet fits an Ethernet frame as from a real camera."""

PAYLOAD_TYPE = 96
CLOCK_HZ = 90_000

STAP_A = 24
FU_A = 28


@dataclass(frozen=True, slots=True)
class Packets:
    """One access unit ready to be stamped and written to a socket.

    ``data`` holds the interleaved frames one behind the other (uint8); ``headers`` says at which byte
    of it each RTP header starts (int32, one a packet).
    """

    data: NDArray[np.uint8]
    headers: NDArray[np.int32]
    key: bool

    def to_bytes(self) -> bytes:
        """Return the form ``from_bytes`` reads, for a segment file."""
        head = struct.pack("<III", len(self.headers), len(self.data), self.key)
        return head + self.headers.astype("<i4").tobytes() + self.data.tobytes()

    @classmethod
    def from_buffer(cls, buffer: memoryview | bytes, at: int) -> tuple["Packets", int]:
        """Read one from ``buffer`` at byte ``at`` without copying; return it and where the next one starts."""
        count, size, key = struct.unpack_from("<III", buffer, at)
        at += 12
        headers = np.frombuffer(buffer, "<i4", count, at).astype(np.int32)
        at += 4 * count
        return cls(np.frombuffer(buffer, np.uint8, size, at), headers, bool(key)), at + size


def packetise(unit: AccessUnit, sets: Sequence[bytes], codec: Codec = Codec.H264) -> Packets:
    """Return the access unit as packets; a keyframe gets its parameter sets in front, as one aggregation packet."""
    together = stap_a if codec is Codec.H264 else aggregated
    payloads = [together(sets)] if unit.key else []
    for nal in unit.slices:
        if len(nal) <= PAYLOAD_BYTES:
            payloads.append(nal)
        else:
            payloads.extend(fu_a(nal) if codec is Codec.H264 else fragments(nal, PAYLOAD_BYTES))
    data = bytearray()
    headers = []
    for number, payload in enumerate(payloads):
        marker = 0x80 if number == len(payloads) - 1 else 0
        data += struct.pack(">cBH", b"$", 0, 12 + len(payload))
        headers.append(len(data))
        data += struct.pack(">BBHII", 0x80, marker | PAYLOAD_TYPE, 0, 0, 0)
        data += payload
    return Packets(np.frombuffer(bytes(data), np.uint8), np.array(headers, np.int32), unit.key)


def stap_a(nals: Sequence[bytes]) -> bytes:
    """Return several small NAL units as one payload (RFC 6184 5.7.1)."""
    importance = max(nal[0] & 0x60 for nal in nals)
    return bytes([importance | STAP_A]) + b"".join(struct.pack(">H", len(nal)) + nal for nal in nals)


def fu_a(nal: bytes) -> list[bytes]:
    """Return one large NAL unit as several payloads (RFC 6184 5.8)."""
    indicator = (nal[0] & 0xE0) | FU_A
    kind = nal[0] & 0x1F
    room = PAYLOAD_BYTES - 2
    out = []
    for start in range(1, len(nal), room):
        first = 0x80 if start == 1 else 0
        last = 0x40 if start + room >= len(nal) else 0
        out.append(bytes([indicator, first | last | kind]) + nal[start : start + room])
    return out


def stamp(packets: Packets, sequence: int, timestamp: int, ssrc: int) -> "Stamped":
    """Return a fresh copy with sequence numbers from ``sequence`` on, one timestamp and one source.

    The copy is never touched again once it is sent, so that many sockets may hold on to it.
    """
    data = packets.data.copy()
    at = packets.headers
    numbers = (sequence + np.arange(len(at))) & 0xFFFF
    data[at + 2] = numbers >> 8
    data[at + 3] = numbers & 0xFF
    for byte in range(4):
        data[at + 4 + byte] = timestamp >> (24 - 8 * byte) & 0xFF
        data[at + 8 + byte] = ssrc >> (24 - 8 * byte) & 0xFF
    return Stamped(data, at, packets.key)


@dataclass(frozen=True, slots=True)
class Stamped:
    """One access unit as it is sent; the fields are those of ``Packets``. ``key``: a client may begin with it."""

    data: NDArray[np.uint8]
    headers: NDArray[np.int32]
    key: bool
