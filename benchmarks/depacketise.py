"""What a picture costs from the socket's bytes to the access unit, without socket, event loop and slot.

``python -m benchmarks.depacketise [--rounds 200]``

Packets are made up, given to ``Connection`` as an event loop would give them, one picture at a time, and timed: the
best of the rounds, in microseconds and as a multiple of copying the same bytes once, which holds on any machine.
"""

import argparse
import asyncio
import ctypes
import platform
import struct
import time
from collections import deque
from collections.abc import Iterator

from camera_config.clock import SystemClock
from camera_config.errors import FeedError
from ingest.access_unit import AccessUnit, ParameterSets
from ingest.connection import Connection, Step
from ingest.rtsp import parse_target

PAYLOAD_BYTES = 1400
PICTURES = 200
SHAPES = {
    "a quiet picture, 1 slice of 120 B": [120],
    "a quiet picture, 2 slices of 60 B": [60, 60],
    "a picture of 5 kB": [5_000],
    "a picture of 20 kB": [20_000],
    "a picture of 200 kB": [200_000],
    "a picture of 200 kB in 4 slices": [50_000] * 4,
}
SDP = (
    b"v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track0\r\n"
    b"a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z00AKpY1QPAET8s3AQEBAg==,aO48gA==\r\n"
)
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_SLICE, _IDR = b"\x41\x9a", b"\x65\x88"


class Silence(asyncio.Transport):
    """Takes what is written and gives nothing."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take it."""

    def get_write_buffer_size(self) -> int:
        """Return 0: nothing waits."""
        return 0

    def abort(self) -> None:
        """End nothing."""


class Counter:
    """Counts what the connection reports, and holds on to some of it, as hundreds of streams do between them."""

    def __init__(self) -> None:
        self.units = self.bytes = 0
        self._held = deque[AccessUnit](maxlen=32)

    def playing(self) -> None:
        """Nothing to tell."""

    def unit(self, unit: AccessUnit) -> None:
        """Count it."""
        self.units += 1
        self.bytes += unit.size
        self._held.append(unit)

    def failed(self, error: FeedError) -> None:
        """Give up."""
        raise error


class Camera:
    """Numbers packets on from picture to picture."""

    def __init__(self) -> None:
        self._sequence = 65_000
        self._stamp = 0

    def picture(self, slices: list[int], *, key: bool = False) -> bytes:
        """Return the interleaved packets of a picture with slices of that many bytes (RFC 6184: single, FU-A)."""
        self._stamp += 3600
        payloads = [payload for size in slices for payload in self._payloads((_IDR if key else _SLICE), size)]
        return b"".join(self._packet(payload, number == len(payloads)) for number, payload in enumerate(payloads, 1))

    def _payloads(self, head: bytes, size: int) -> Iterator[bytes]:
        nal = head + b"\x7f" * (size - len(head))
        if size <= PAYLOAD_BYTES:
            yield nal
            return
        room = PAYLOAD_BYTES - 2
        for at in range(1, size, room):
            edge = (0x80 if at == 1 else 0) | (0x40 if at + room >= size else 0)
            yield bytes((head[0] & 0xE0 | 28, edge | head[0] & 31)) + nal[at : at + room]

    def _packet(self, payload: bytes, last: bool) -> bytes:
        head = struct.pack(
            ">BBHBBHII", 0x24, 0, 12 + len(payload), 0x80, last << 7 | 96, self._sequence, self._stamp, 1
        )
        self._sequence = (self._sequence + 1) & 0xFFFF
        return head + payload


def give(connection: Connection, data: bytes) -> None:
    """Let ``data`` arrive, as an event loop does after each receive."""
    connection.get_buffer(-1)[: len(data)] = data
    connection.buffer_updated(len(data))


def play(counter: Counter) -> Connection:
    """Return a connection that plays."""
    connection = Connection(parse_target("rtsp://127.0.0.1/x"), None, ParameterSets(), counter, SystemClock())
    connection.connection_made(Silence())
    give(connection, b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: %d\r\n\r\n%b" % (len(SDP), SDP))
    give(connection, b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nSession: 1\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n")
    give(connection, b"RTSP/1.0 200 OK\r\nCSeq: 3\r\n\r\n")
    assert connection.step is Step.FIRST_PACKET
    return connection


def timed(slices: list[int]) -> tuple[float, float]:
    """Return seconds a picture costs with the copy into the receive buffer, and seconds the copy alone costs."""
    camera, counter = Camera(), Counter()
    connection = play(counter)
    give(connection, camera.picture([100], key=True))
    count = max(10, min(PICTURES, 2_000_000 // sum(slices)))
    pictures = [camera.picture(slices) for _ in range(count)]
    began_s = time.perf_counter()
    for data in pictures:
        connection.get_buffer(-1)[: len(data)] = data
    copied_s = time.perf_counter() - began_s
    began_s = time.perf_counter()
    for data in pictures:
        connection.get_buffer(-1)[: len(data)] = data
        connection.buffer_updated(len(data))
    took_s = time.perf_counter() - began_s
    assert counter.units == count + 1
    return took_s / count, copied_s / count


def keep_memory() -> None:
    """Let glibc give no memory back: one stream alone would ask for it again at each picture, 100 page faults a time.

    In a process of hundreds of streams there are none, because something behind what is freed is always in use.
    """
    mallopt = ctypes.CDLL(None).mallopt
    for parameter in (_TRIM_THRESHOLD, _MMAP_THRESHOLD):
        mallopt(parameter, 1 << 30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200)
    keep_memory()
    rounds = parser.parse_args().rounds
    print(f"{platform.machine()}, Python {platform.python_version()}")
    for name, slices in SHAPES.items():
        results = [timed(slices) for _ in range(rounds)]
        took_s, copied_s = (min(column) for column in zip(*results, strict=True))
        took_s -= copied_s
        print(f"{name:34} {took_s * 1e6:8.2f} us  {took_s / copied_s:6.1f} x copying")


if __name__ == "__main__":
    main()
