"""Which mount has which trouble now: begins and ends them, and draws the pictures they need beside the event loop."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import av

from camera_config.errors import CountyError
from ingest.simulate.behaviours import BEHAVIOURS
from ingest.simulate.faults import Fault, Trouble
from ingest.simulate.line import Group, Line
from ingest.simulate.requests import Request
from ingest.simulate.session import Session
from ingest.simulate.source import PackedClip, Source
from ingest.simulate.variants import Sample, Variant, footage_of, sample

log = logging.getLogger(__name__)

HOUR_S = 3600.0


class Troubles:
    """The present troubles by mount, and the lines of mounts that have had one in their media.

    Args:
        group_of: the group of a mount.
        sessions_of: the connections that have a mount set up.
    """

    def __init__(self, group_of: Callable[[str], Group], sessions_of: Callable[[str], Iterable[Session]]) -> None:
        self.lines: dict[str, Line] = {}
        self._group_of = group_of
        self._sessions_of = sessions_of
        self._now: dict[str, Trouble] = {}
        self._flaps: dict[str, asyncio.TimerHandle] = {}
        self._drawing: dict[str, asyncio.Task[None]] = {}
        self._drawn: dict[tuple[int, Trouble], tuple[PackedClip | Source, asyncio.Future[PackedClip]]] = {}
        self._painter: ThreadPoolExecutor | None = None
        self._ended = Event()

    def set(self, mount: str, trouble: Trouble | None) -> None:
        """End the mount's trouble, if it has one, and begin another, if any. Drawn ones show when they are drawn."""
        flap = self._flaps.pop(mount, None)
        if flap is not None:
            flap.cancel()
        self._end(mount)
        if trouble is None:
            return
        if trouble.fault is Fault.FLAP:
            self._swing(mount, trouble.number / 2, down=True)
            return
        shows = BEHAVIOURS[trouble.fault].shows
        if shows is None:
            self._begin(mount, trouble, None)
        else:
            self._drawing[mount] = asyncio.get_running_loop().create_task(self._show(mount, trouble, shows))

    def asked(self, session: Session, request: Request) -> bool:
        """Let the trouble of the mount deal with a request; False: it is to be answered as ever."""
        trouble = self._now.get(request.mount)
        asked = BEHAVIOURS[trouble.fault].asked if trouble is not None else None
        return asked is not None and trouble is not None and asked(session, request, trouble)

    def clock_s(self, mount: str, count: int) -> float | None:
        """Return how wrong the mount's clock is in its ``count``-th report; None: it does not report."""
        trouble = self._now.get(mount)
        if trouble is None:
            return 0.0
        if trouble.fault is not Fault.CLOCK:
            return None if BEHAVIOURS[trouble.fault].silent else 0.0
        return (-HOUR_S if count % 2 else 0.0) if trouble.value == "back" else trouble.number

    def close(self) -> None:
        """End all timers, and within a picture all drawing."""
        self._ended.set()
        for flap in self._flaps.values():
            flap.cancel()
        for task in self._drawing.values():
            task.cancel()
        for _, drawn in self._drawn.values():
            drawn.cancel()
        self._flaps.clear()
        self._drawing.clear()
        if self._painter is not None:
            self._painter.shutdown(wait=False, cancel_futures=True)
            self._painter = None

    def _swing(self, mount: str, half_s: float, *, down: bool) -> None:
        """Let the mount vanish or come back, and the other after ``half_s``."""
        if down:
            self._begin(mount, Trouble(Fault.VANISH), None)
        else:
            self._end(mount)
        later = asyncio.get_running_loop().call_later
        self._flaps[mount] = later(half_s, lambda: self._swing(mount, half_s, down=not down))

    def _begin(self, mount: str, trouble: Trouble, clip: PackedClip | None) -> None:
        self._now[mount] = trouble
        behaviour = BEHAVIOURS[trouble.fault]
        if behaviour.media is not None or clip is not None:
            line = self.lines.setdefault(mount, Line(self._group_of(mount)))
            line.media = behaviour.media
            line.value = trouble.number if behaviour.media is not None else 0.0
            if clip is not None:
                line.show(clip)
        if behaviour.begins is not None:
            for session in self._sessions_of(mount):
                behaviour.begins(session, trouble)

    def _end(self, mount: str) -> None:
        task = self._drawing.pop(mount, None)
        if task is not None:
            task.cancel()
        trouble = self._now.pop(mount, None)
        if trouble is None:
            return
        ends = BEHAVIOURS[trouble.fault].ends
        if mount in self.lines:
            self.lines[mount].cure()
        for session in self._sessions_of(mount):
            session.wake()
            if ends is not None:
                ends(session, trouble)

    async def _show(self, mount: str, trouble: Trouble, shows: Variant) -> None:
        """Begin a trouble of the picture as soon as it is drawn."""
        group = self._group_of(mount)
        footage = footage_of(group.source)
        key = (id(footage), trouble)
        if key not in self._drawn:
            self._painter = self._painter or ThreadPoolExecutor(1, "camera-painter")
            loop = asyncio.get_running_loop()
            of = sample(group.source, group.number, self._ended)
            # The footage is kept too, so that its id stays its own.
            self._drawn[key] = (footage, loop.run_in_executor(self._painter, _draw, shows, of, trouble))
        try:
            clip = await asyncio.shield(self._drawn[key][1])
        except (av.FFmpegError, CountyError, OSError, ValueError):
            log.exception("fault.failed mount=%s fault=%s", mount, trouble.fault)
            return
        self._begin(mount, trouble, clip)


def _draw(shows: Variant, of: Sample, trouble: Trouble) -> PackedClip:
    return PackedClip.of(shows(of, trouble.value))
