"""A receiver with the real clock, simulated cameras for it, and what it says and leaves in its rings."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from camera_config.clock import SystemClock
from camera_config.ids import CameraId
from ingest.auth import Credentials
from ingest.feed import Feed, FeedStatus
from ingest.health import State
from ingest.receiver import Receiver
from ingest.ring import RingEntry, RingReader
from ingest.simulate.clip import AccessUnit as Picture
from ingest.simulate.clip import Clip
from ingest.simulate.mount import Mount
from ingest.simulate.server import CameraServer
from ingest.simulate.source import LoopSource, PackedClip, Source
from tests.support.tiny_h264 import encode, parameter_sets

ENCODED = encode(frames=40, gop=10)


def source(encoded: list[list[bytes]] = ENCODED, fps: float = 25.0) -> LoopSource:
    """Return a camera's pictures, over and over."""
    sps, pps = parameter_sets(encoded)
    pictures = [tuple(nal for nal in unit if nal[0] & 31 in (1, 5)) for unit in encoded]
    units = tuple(Picture(slices, slices[0][0] & 31 == 5) for slices in pictures)
    return LoopSource(PackedClip.of(Clip(fps, sps, pps, units)))


class Told:
    """What a receiver told: states with the monotonic time of each."""

    def __init__(self) -> None:
        self.states: list[tuple[float, str, State, str]] = []

    def state(self, feed: Feed, state: State, cause: str) -> None:
        self.states.append((time.monotonic(), feed.id, state, cause))

    def of(self, feed: str) -> list[State]:
        return [state for _, name, state, _ in self.states if name == feed]

    def when(self, feed: str, state: State) -> float:
        return next(at_s for at_s, name, told, _ in reversed(self.states) if name == feed and told is state)


@asynccontextmanager
async def receiving(
    feeds: list[Feed], slots: Path, *, rings: Path | None = None, floor_s: float = 10.0
) -> AsyncIterator[tuple[Receiver, Told]]:
    told = Told()
    receiver = Receiver(
        feeds,
        slots,
        SystemClock(),
        on_state=told.state,
        rings=rings,
        ring_bytes=0,
        gate_floor_s=floor_s,
        seed=1,
    )
    running = asyncio.create_task(receiver.run())
    try:
        yield receiver, told
    finally:
        receiver.stop()
        await asyncio.wait_for(running, 5)


@asynccontextmanager
async def serving(
    mounts: Mapping[str, Source | Mount], **manners: float
) -> AsyncIterator[tuple[CameraServer, Mapping[str, str]]]:
    """Serve cameras; give the server and their URLs by name, sub-streams as NAME/sub."""
    server = CameraServer(mounts, **manners)  # type: ignore[arg-type]
    port = await server.start()
    try:
        yield server, {mount: f"rtsp://127.0.0.1:{port}/{mount}" for mount in server.mounts}
    finally:
        await server.stop()


@asynccontextmanager
async def simulated(*names: str) -> AsyncIterator[tuple[CameraServer, Mapping[str, str]]]:
    """Serve plain cameras that show the same."""
    async with serving(dict.fromkeys(names, source())) as served:
        yield served


def camera(name: str, url: str, credentials: Credentials | None = None) -> Feed:
    return Feed(CameraId(name), url, credentials=(lambda: credentials) if credentials else None)


def status(receiver: Receiver, feed: str) -> FeedStatus:
    return next(one for one in receiver.status() if one.feed == feed)


class Ring:
    """Everything that comes into a ring, from when it is first asked on."""

    def __init__(self, path: Path) -> None:
        self._reader = RingReader(path)
        self.entries: list[RingEntry] = []
        self.payloads: list[bytes] = []

    def read(self) -> int:
        """Return how many units came so far."""
        for entry in self._reader.entries():
            payload = self._reader.payload(entry)
            assert payload is not None
            self.entries.append(entry)
            self.payloads.append(payload)
        return len(self.entries)
