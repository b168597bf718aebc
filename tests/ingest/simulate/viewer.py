"""A client that looks at every packet, and PyAV's decoder behind it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import av
import numpy as np
from numpy.typing import NDArray

from ingest.codec import Codec
from ingest.simulate.pictures import annex_b
from ingest.simulate.rtp import Packets
from tests.ingest.simulate.conftest import RtspTalk


@dataclass(frozen=True)
class Unit:
    """One access unit as it came: RTP packets, their sequence numbers and time."""

    packets: tuple[bytes, ...]
    time: int

    @property
    def sequence(self) -> list[int]:
        return [int.from_bytes(packet[2:4], "big") for packet in self.packets]

    def annex_b(self, codec: Codec = Codec.H264) -> bytes:
        data, headers = bytearray(), []
        for packet in self.packets:
            headers.append(len(data) + 4)
            data += bytes(4) + packet
        whole = Packets(np.frombuffer(bytes(data), np.uint8), np.array(headers, np.int32), key=False)
        return annex_b(whole, codec)

    def key(self) -> bool:
        """Whether it is an H.264 keyframe with its parameter sets in front."""
        return b"\0\0\0\1\x67" in self.annex_b() and b"\0\0\0\1\x65" in self.annex_b()


class Viewer:
    """Plays one mount over TCP."""

    def __init__(self, port: int, mount: str) -> None:
        self.talk = RtspTalk(port)
        self.talk.play(mount)
        self._data = b""

    def messages(self) -> Iterator[tuple[int, bytes]]:
        """Yield channel and content of what is interleaved."""
        while True:
            while len(self._data) < 4 or len(self._data) < 4 + int.from_bytes(self._data[2:4], "big"):
                more = self.talk.sock.recv(1 << 20)
                assert more, "the camera hung up"
                self._data += more
            assert self._data[0] == 0x24, self._data[:40]
            end = 4 + int.from_bytes(self._data[2:4], "big")
            message = self._data[1], self._data[4:end]
            self._data = self._data[end:]
            yield message

    def reports(self) -> Iterator[bytes]:
        return (data for channel, data in self.messages() if channel == 1)

    def endless(self) -> Iterator[Unit]:
        packets: list[bytes] = []
        for channel, data in self.messages():
            if channel == 0:
                packets.append(data)
                if data[1] & 0x80:
                    yield Unit(tuple(packets), int.from_bytes(data[4:8], "big"))
                    packets = []

    def units(self, count: int) -> list[Unit]:
        return list(islice(self.endless(), count))

    def pictures(self, codec: Codec = Codec.H264) -> Iterator[NDArray[np.uint8]]:
        decoder = av.CodecContext.create({"h264": "h264", "h265": "hevc"}[codec], "r")
        decoder.thread_count = 1
        for unit in self.endless():
            for frame in decoder.decode(av.Packet(unit.annex_b(codec))):
                yield frame.to_ndarray(format="bgr24")
