"""A camera's ring written as ingest writes it, and a viewer that speaks WHEP as a browser does and decodes."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from fractions import Fraction
from itertools import count

import aioice.ice
import av
import httpx
import numpy as np
import pytest
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from numpy.typing import NDArray

from ingest.access_unit import AccessUnit
from ingest.codec import Codec
from ingest.ring import RingWriter
from tests.support import tiny_h264
from tests.support.feed import devices
from tests.support.web import Bench

Picture = NDArray[np.uint8]
HZ, STEP = 90_000, 3600
GOP = 5


class RingCamera:
    """Writes a clip of 25 pictures a second into the ring of ``stream``; the bench's clock goes with it."""

    def __init__(
        self, web: Bench, stream: str, codec: Codec = Codec.H264, *, width: int = 64, height: int = 48
    ) -> None:
        self._web = web
        self._codec = codec
        self._width, self._height = width, height
        self._writer = RingWriter(web.shared.run.rings / stream, 300 * width * height)
        self._clip = tiny_h264.encode(width, height, frames=50, gop=GOP)
        self._at = count()
        self.shown: list[bytes] = []
        """What was written, Annex B."""

    def play(self, pictures: int) -> None:
        """Write the next pictures."""
        for number in (next(self._at) for _ in range(pictures)):
            self._web.clock.step(1 / 25)
            nals = self._clip[number % len(self._clip)]
            unit = AccessUnit.of(nals, number % GOP == 0, self._codec, 1, number * STEP & 0xFFFFFFFF, HZ)
            clock = self._web.clock
            assert self._writer.put(
                unit, at=clock.wall_s, mono_s=clock.mono_s, broken=False, width=self._width, height=self._height
            )
            self.shown.append(tiny_h264.annex_b(nals))

    def say_online(self, **states: str) -> None:
        """Let ingest say so; it believes silence after 3 s."""
        self._web.shared.board.accept(devices(self._web.clock.mono_s, self._web.clock.wall_s, **states))


class Viewer:
    """A browser's part: an offer, the answer, and the pictures decoded."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._peer.addTransceiver("video", direction="recvonly")
        self._task: asyncio.Task[None] | None = None
        self.pictures: list[Picture] = []
        self.stamps: list[int] = []
        self.ended = asyncio.Event()
        self.location = ""
        self._peer.on("track", self._track)

    async def offer(self) -> str:
        """Return the browser's SDP."""
        await self._peer.setLocalDescription(await self._peer.createOffer())
        return self._peer.localDescription.sdp

    async def watch(self, device: str) -> httpx.Response:
        """Ask for a camera; connect when the server agrees."""
        headers = {"Content-Type": "application/sdp"}
        answer = await self._client.post(f"/v1/live/{device}/whep", content=await self.offer(), headers=headers)
        if answer.status_code == 201:
            self.location = answer.headers["location"]
            await self._peer.setRemoteDescription(RTCSessionDescription(answer.text, "answer"))
        return answer

    def lose_every(self, nth: int) -> None:
        """Let every ``nth`` video packet be lost on its way; what is repeated gets through."""
        ice = self._peer.getReceivers()[0].transport.transport
        receive = ice._recv
        seen: set[bytes] = set()

        async def lossy() -> bytes:
            while True:
                data: bytes = await receive()
                video = data[0] >> 6 == 2 and not 192 <= data[1] <= 223  # RFC 7983, RFC 5761
                sequence = data[2:4]
                if not video or int.from_bytes(sequence, "big") % nth or sequence in seen:
                    return data
                seen.add(sequence)

        ice._recv = lossy

    async def cut_cable(self) -> None:
        """Be gone without a word: its sockets are closed, nothing is said."""
        transport = self._peer.getReceivers()[0].transport.transport
        await transport._connection.close()

    async def close(self) -> None:
        """Leave as a closed page does."""
        await self._peer.close()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def _track(self, track: MediaStreamTrack) -> None:
        self._task = asyncio.create_task(self._take(track))

    async def _take(self, track: MediaStreamTrack) -> None:
        try:
            while True:
                frame = await track.recv()
                assert isinstance(frame, av.VideoFrame)
                self.pictures.append(frame.to_ndarray(format="yuv420p"))
                self.stamps.append(frame.pts or 0)
        except MediaStreamError:
            self.ended.set()


def decoded(units: Sequence[bytes]) -> list[Picture]:
    """Return the pictures of Annex-B units."""
    context = av.CodecContext.create("h264", "r")
    context.thread_count = 1
    found = []
    for number, unit in enumerate(units):
        packet = av.Packet(unit)
        packet.pts, packet.time_base = number, Fraction(1, 25)
        found += context.decode(packet)
    found += context.decode(None)
    return [frame.to_ndarray(format="yuv420p") for frame in found]


@pytest.fixture
def loopback_ice(monkeypatch: pytest.MonkeyPatch) -> None:
    """aioice leaves 127.0.0.1 out of a machine's addresses; the viewer needs it, for tests stay on this machine."""
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda **_: ["127.0.0.1"])
