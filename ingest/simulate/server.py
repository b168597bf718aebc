"""Many cameras on one port: an RTSP server that sends each frame to all who watch it, on one event loop."""

import asyncio
import contextlib
import heapq
import logging
import random
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType

from camera_config.clock import Clock, SystemClock
from ingest.simulate.door import Door
from ingest.simulate.faults import Fault
from ingest.simulate.mount import Mount, with_subs
from ingest.simulate.rtp import CLOCK_HZ, stamp
from ingest.simulate.session import Session
from ingest.simulate.source import Source

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
SESSION_TIMEOUT_S = 60.0
NONCE_S = 300.0
"""Life of a Digest challenge, as with common cameras; a keepalive after it is answered ``stale``."""

BUFFER_BYTES = 1024 * 1024
"""What may wait for one client beyond the kernel's own buffer; then whole frames are left out."""

SLOTS = 10
"""Sources are spread over so many moments of a frame's time: few wake-ups, no burst of all cameras at once."""

BEHIND_S = 1.0
"""A source further behind than this skips frames instead of sending them in a burst."""

SWEEP_S = 1.0


@dataclass(slots=True)
class Totals:
    """What has been sent since the start. ``frames_sent`` counts a frame once a client."""

    frames_sent: int = 0
    frames_dropped: int = 0
    frames_skipped: int = 0
    bytes_sent: int = 0
    connections: int = 0


class Group:
    """All who watch one source. Sequence number and timestamp go on as from one camera."""

    def __init__(self, source: Source, delay_s: float, rng: random.Random) -> None:
        self.source = source
        self.delay_s = delay_s
        self.number = 0
        self.sequence = rng.randrange(0x10000)
        self.timestamp = rng.randrange(0x100000000)
        self.ssrc = rng.randrange(1, 0x100000000)
        self.sessions: set[Session] = set()

    def due_s(self) -> float:
        """Return when the next frame is due, in seconds after the server's start."""
        return self.delay_s + self.number / self.source.fps


class CameraServer:
    """An RTSP server for the mounts given. Building it starts nothing; it lives on the loop that awaits ``start``.

    Args:
        mounts: name of each mount, without leading slash, and what it shows, with manners of its own or plainly.
            Mounts with the same source object are sent the same bytes, which is what makes hundreds of them cheap.
        clock: wall time of the start, for the sources' records.
        session_timeout_s: a connection that says nothing for so long is closed (seconds).
        buffer_bytes: see ``BUFFER_BYTES``.
        nonce_s: how long an answer to one Digest challenge is taken (seconds).
    """

    def __init__(
        self,
        mounts: Mapping[str, Source | Mount],
        *,
        clock: Clock | None = None,
        session_timeout_s: float = SESSION_TIMEOUT_S,
        buffer_bytes: int = BUFFER_BYTES,
        nonce_s: float = NONCE_S,
    ) -> None:
        self.session_timeout_s = session_timeout_s
        self.buffer_bytes = buffer_bytes
        self.totals = Totals()
        self.started_at = 0.0
        self._clock = clock or SystemClock()
        self._rng = random.Random(0)
        self._mounts = with_subs(mounts)
        sources = {id(mount.source): mount.source for mount in self._mounts.values()}
        self._groups = {
            key: Group(source, (index % SLOTS) / SLOTS / source.fps, self._rng)
            for index, (key, source) in enumerate(sources.items())
        }
        self._doors = {
            name: Door(mount.credentials, mount.auth, nonce_s, time.monotonic)
            for name, mount in self._mounts.items()
            if mount.credentials is not None
        }
        self._faults: dict[str, Fault] = {}
        self._sessions: set[Session] = set()
        self._server: asyncio.Server | None = None
        self._pump: asyncio.Task[None] | None = None

    async def start(self, port: int = 0) -> int:
        """Listen on ``port`` of 127.0.0.1 (0: any free one), start all timelines, and return the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, HOST, port, backlog=1024)
        self.started_at = self._clock.now().timestamp()
        self._pump = loop.create_task(self._run(loop.time()))
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close every connection and end."""
        if self._pump is not None:
            self._pump.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._pump
        if self._server is not None:
            self._server.close()
        for session in list(self._sessions):
            session.abort()
        await asyncio.sleep(0)
        self._server = self._pump = None

    async def wait(self) -> None:
        """Return when the server was stopped; raises what stopped it if that was an error."""
        if self._pump is not None:
            await asyncio.shield(self._pump)

    @property
    def mounts(self) -> list[str]:
        """Return the mounts' names."""
        return list(self._mounts)

    @property
    def sessions(self) -> list[Session]:
        """Return the connections of now."""
        return list(self._sessions)

    def set_fault(self, mount: str, fault: Fault | None) -> None:
        """Give ``mount`` a trouble, or take it back (None). Call it on the server's loop.

        Raises:
            KeyError: there is no such mount.
        """
        if mount not in self._mounts:
            raise KeyError(mount)
        if fault is None:
            self._faults.pop(mount, None)
            return
        self._faults[mount] = fault
        for session in [each for each in self._sessions if each.mount == mount]:
            if fault is Fault.VANISH:
                session.abort()
            elif fault is Fault.UNAUTHORISED:
                session.close()

    def source(self, mount: str) -> Source | None:
        """Return what the mount shows, None if there is no such mount."""
        found = self._mounts.get(mount)
        return found.source if found is not None else None

    def challenge(self, mount: str, method: str, url: str, authorization: str) -> str | None:
        """Return None if the request may pass, otherwise what has to be answered first."""
        door = self._doors.get(mount)
        return door.check(method, url, authorization) if door is not None else None

    def fault(self, mount: str) -> Fault | None:
        """Return the mount's present trouble."""
        return self._faults.get(mount)

    def monotonic_s(self) -> float:
        """Return the loop's time."""
        return asyncio.get_running_loop().time()

    def noise(self, size: int) -> bytes:
        """Return ``size`` random bytes."""
        return self._rng.randbytes(size)

    def joined(self, session: Session) -> None:
        """A connection came up."""
        self._sessions.add(session)
        self.totals.connections += 1

    def plays(self, session: Session) -> None:
        """From the next keyframe on the session gets its mount's frames."""
        assert session.mount is not None
        self._group(session.mount).sessions.add(session)

    def dropped(self) -> None:
        """A frame was left out because a client is slow."""
        self.totals.frames_dropped += 1

    def left(self, session: Session) -> None:
        """The connection is gone."""
        self._sessions.discard(session)
        if session.mount is not None:
            self._group(session.mount).sessions.discard(session)

    def _session(self) -> Session:
        return Session(self, self._rng.randrange(0x100000000))

    def _group(self, mount: str) -> Group:
        return self._groups[id(self._mounts[mount].source)]

    async def _run(self, start_s: float) -> None:
        """Send every group's frames when they are due, for ever."""
        loop = asyncio.get_running_loop()
        groups = list(self._groups.values())
        heap = [(group.due_s(), index) for index, group in enumerate(groups)]
        heapq.heapify(heap)
        sweep_s = SWEEP_S
        while True:
            next_s = min(heap[0][0], sweep_s) if heap else sweep_s
            await asyncio.sleep(max(0.0, start_s + next_s - loop.time()))
            now_s = loop.time() - start_s
            while heap and heap[0][0] <= now_s:
                _, index = heap[0]
                self._tick(groups[index], now_s)
                heapq.heapreplace(heap, (groups[index].due_s(), index))
            if now_s >= sweep_s:
                self._sweep(loop.time())
                sweep_s = now_s + SWEEP_S

    def _tick(self, group: Group, now_s: float) -> None:
        """Send one frame of a group, or skip it if the machine is far behind."""
        source, number = group.source, group.number
        if now_s - group.due_s() > BEHIND_S:
            self.totals.frames_skipped += 1
            for session in group.sessions:
                session.lose_frame()
        elif group.sessions:
            self._send(group)
        group.number += 1
        source.sent(number, self.started_at)

    def _send(self, group: Group) -> None:
        packets = group.source.frame(group.number)
        timestamp = (group.timestamp + round(group.number * CLOCK_HZ / group.source.fps)) & 0xFFFFFFFF
        data = stamp(packets, group.sequence, timestamp, group.ssrc)
        group.sequence = (group.sequence + len(packets.headers)) & 0xFFFF
        for session in list(group.sessions):
            fault = self._faults.get(session.mount or "") if self._faults else None
            if not session.playing or fault is Fault.STALL:
                continue
            if fault is Fault.GARBAGE:
                session.send_noise()
            elif session.send(data, key=packets.key):
                self.totals.frames_sent += 1
                self.totals.bytes_sent += len(data)

    def _sweep(self, now_s: float) -> None:
        for session in [each for each in self._sessions if now_s - each.heard_s > self.session_timeout_s]:
            log.info("session.timeout mount=%s", session.mount)
            session.close()


class CameraServerThread:
    """The same server on an event loop of its own thread, for callers without one. Use it in a ``with``."""

    def __init__(self, server: CameraServer, port: int = 0) -> None:
        self.server = server
        self.port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="camera-server", daemon=True)

    def __enter__(self) -> "CameraServerThread":
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self.server.start(self.port), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self.server.stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def url(self, mount: str) -> str:
        """Return where the mount is found."""
        return f"rtsp://{HOST}:{self.port}/{mount}"

    def set_fault(self, mount: str, fault: Fault | None) -> None:
        """Give ``mount`` a trouble, or take it back; it holds when this returns."""
        done: Future[None] = Future()

        def apply() -> None:
            try:
                self.server.set_fault(mount, fault)
            except KeyError as error:
                done.set_exception(error)
            else:
                done.set_result(None)

        self._loop.call_soon_threadsafe(apply)
        done.result(10)
