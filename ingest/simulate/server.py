"""Many cameras on one port: an RTSP server that sends each frame to all who watch it, on one event loop."""

import asyncio
import contextlib
import heapq
import logging
import random
import threading
import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType

from camera_config.clock import Clock, SystemClock
from ingest.simulate.certificate import Certificate
from ingest.simulate.door import Door
from ingest.simulate.faults import Fault, Trouble
from ingest.simulate.line import Group
from ingest.simulate.mount import Mount, with_subs
from ingest.simulate.reports import Report, read_reports
from ingest.simulate.requests import Request
from ingest.simulate.rtp import Stamped
from ingest.simulate.session import Session
from ingest.simulate.source import Source
from ingest.simulate.troubles import Troubles
from ingest.simulate.udp import Address, UdpPair

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
REPORT_S = 5.0
"""Between two RTCP sender reports (RFC 3550, 6.2: the least interval for a few participants)."""

REPORTS = 1000
"""So many of the clients' last receiver reports are kept."""


@dataclass(slots=True)
class Totals:
    """What has been sent since the start. ``frames_sent`` counts a frame once a client."""

    frames_sent: int = 0
    frames_dropped: int = 0
    frames_skipped: int = 0
    bytes_sent: int = 0
    connections: int = 0
    reports: int = 0


class CameraServer:
    """An RTSP server for the mounts given. Building it starts nothing; it lives on the loop that awaits ``start``.

    Args:
        mounts: name of each mount, without leading slash, and what it shows, with manners of its own or plainly.
            Mounts with the same source object are sent the same bytes, which is what makes hundreds of them cheap.
        clock: wall time of the start, for the sources' records.
        session_timeout_s: a connection that says nothing for so long is closed (seconds).
        buffer_bytes: see ``BUFFER_BYTES``.
        nonce_s: how long an answer to one Digest challenge is taken (seconds).
        report_s: between two RTCP sender reports (seconds).
        tls: RTSPS with this certificate instead of RTSP.

    ``reports`` are the last receiver reports of clients, newest last; ``totals.reports`` counts all.
    """

    def __init__(
        self,
        mounts: Mapping[str, Source | Mount],
        *,
        clock: Clock | None = None,
        session_timeout_s: float = SESSION_TIMEOUT_S,
        buffer_bytes: int = BUFFER_BYTES,
        nonce_s: float = NONCE_S,
        report_s: float = REPORT_S,
        tls: Certificate | None = None,
    ) -> None:
        self.session_timeout_s = session_timeout_s
        self.buffer_bytes = buffer_bytes
        self.totals = Totals()
        self.reports: deque[Report] = deque(maxlen=REPORTS)
        self.started_at = 0.0
        self.tls = tls
        self.udp = UdpPair(HOST, self._heard)
        self._report_s = report_s
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
        self._troubles = Troubles(self._group, self._watching)
        self._sessions: set[Session] = set()
        self._server: asyncio.Server | None = None
        self._pump: asyncio.Task[None] | None = None

    async def start(self, port: int = 0) -> int:
        """Listen on ``port`` of 127.0.0.1 (0: any free one), start all timelines, and return the port."""
        loop = asyncio.get_running_loop()
        context = self.tls.context if self.tls is not None else None
        self._server = await loop.create_server(self._session, HOST, port, backlog=1024, ssl=context)
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
        self._troubles.close()
        self.udp.close()
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

    def set_fault(self, mount: str, fault: Fault | Trouble | None) -> None:
        """Give ``mount`` a trouble in place of what it has, or take it back (None). Call it on the server's loop.

        What has to be drawn first shows when it is drawn, from the next keyframe on.

        Raises:
            KeyError: there is no such mount.
        """
        if mount not in self._mounts:
            raise KeyError(mount)
        self._troubles.set(mount, Trouble(fault) if isinstance(fault, Fault) else fault)

    def mount(self, name: str) -> Mount | None:
        """Return the mount of that name, None if there is none."""
        return self._mounts.get(name)

    def source(self, name: str) -> Source:
        """Return what the mount, which is there, shows at present."""
        line = self._troubles.lines.get(name)
        return line.coming if line is not None else self._mounts[name].source

    def challenge(self, name: str, request: Request) -> str | None:
        """Return None if the request may pass, otherwise what has to be answered first."""
        door = self._doors.get(name)
        if door is None:
            return None
        return door.check(request.method, request.url, request.headers.get("authorization", ""))

    def interferes(self, session: Session, request: Request) -> bool:
        """Let the mount's trouble deal with a request; False: nothing hinders an answer."""
        return self._troubles.asked(session, request)

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

    def reported(self, session: Session, data: bytes) -> None:
        """RTCP came from the client."""
        new = read_reports(session.mount or "", data)
        self.reports += new
        self.totals.reports += len(new)

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

    def _watching(self, mount: str) -> list[Session]:
        return [session for session in self._sessions if session.mount == mount]

    def _heard(self, who: Address, data: bytes) -> None:
        for session in self._sessions:
            if session.reports_from(who):
                session.heard_s = self.monotonic_s()
                self.reported(session, data)
                return

    async def _run(self, start_s: float) -> None:
        """Send every group's frames when they are due, for ever."""
        loop = asyncio.get_running_loop()
        groups = list(self._groups.values())
        heap = [(group.due_s(), index) for index, group in enumerate(groups)]
        heapq.heapify(heap)
        sweep_s, report_s, reports = SWEEP_S, self._report_s, 0
        while True:
            next_s = min(heap[0][0], sweep_s, report_s) if heap else sweep_s
            await asyncio.sleep(max(0.0, start_s + next_s - loop.time()))
            now_s = loop.time() - start_s
            while heap and heap[0][0] <= now_s:
                _, index = heap[0]
                self._tick(groups[index], now_s)
                heapq.heapreplace(heap, (groups[index].due_s(), index))
            if now_s >= sweep_s:
                self._sweep(loop.time())
                sweep_s = now_s + SWEEP_S
            if now_s >= report_s:
                self._report(now_s, reports)
                report_s, reports = now_s + self._report_s, reports + 1

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
        """Send the next frame to all who watch, those mounts apart that have a line of their own."""
        frame = group.row.stamp(group.source.frame(group.number), group.number)
        own: dict[str, list[Stamped]] = {}
        lines = self._troubles.lines
        for session in list(group.sessions):
            if not session.playing or session.mount is None:
                continue
            if session.mount not in lines:
                self._send_to(session, frame)
                continue
            if session.mount not in own:
                own[session.mount] = lines[session.mount].frames(group.number)
            for each in own[session.mount]:
                self._send_to(session, each)

    def _send_to(self, session: Session, frame: Stamped) -> None:
        if session.send(frame):
            self.totals.frames_sent += 1
            self.totals.bytes_sent += len(frame.data)

    def _report(self, now_s: float, count: int) -> None:
        """Send a sender report to everybody who watches."""
        unix_s = self._clock.now().timestamp()
        for group in self._groups.values():
            for session in group.sessions:
                name = session.mount or ""
                wrong_s = self._troubles.clock_s(name, count)
                if session.playing and wrong_s is not None:
                    line = self._troubles.lines.get(name)
                    row = line.row if line is not None else group.row
                    camera_s = unix_s + self._mounts[name].clock_offset_s + wrong_s
                    session.report(row.report(camera_s, now_s - group.delay_s))

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
        scheme = "rtsps" if self.server.tls is not None else "rtsp"
        return f"{scheme}://{HOST}:{self.port}/{mount}"

    def set_fault(self, mount: str, fault: Fault | Trouble | None) -> None:
        """Give ``mount`` a trouble, or take it back; unless it has to be drawn it holds when this returns."""
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
