"""Tiles of detection go in, one stream of those that changed and are on screen comes out, for each browser its own.

A browser has no queue: for each device at most its name waits, and the picture is read when its turn comes. So a slow
one gets fewer and newer pictures, and costs no memory.
"""

import asyncio
import json
import struct
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn

from camera_config.clock import Clock
from ingest.slot import SlotItem, SlotReader

SHOW_LIMIT = 400
"""Tiles that one browser may watch: all devices of a county."""

LOOK_S = 0.1
TILES_A_LOOK = 15
"""150 tiles a second for one browser: 2.5 MB/s. The newest go first."""

STUCK_S = 8.0
"""A browser that does not take one tile for so long is let go."""

_LENGTH = struct.Struct(">H")


class Screen:
    """What one browser shows, and which picture of each it was sent last."""

    def __init__(self) -> None:
        self.shown: dict[str, tuple[int, int] | None] = {}
        """Device to (epoch, sequence) of the picture sent, None before the first."""

    def show(self, ids: list[str]) -> None:
        """Take what the browser shows now; what it shows on keeps its place."""
        self.shown = {device: self.shown.get(device) for device in ids}


class Mosaic:
    """Looks ten times a second at the tiles that a browser shows, while there is one.

    It is the one reader of the tiles' slots that takes: to see that nothing is new costs 0.2 µs, to peek 14.
    """

    def __init__(self, folder: Path, devices: Iterable[str], clock: Clock) -> None:
        self.devices = frozenset(devices)
        self._tiles = {device: SlotReader(folder / device) for device in self.devices}
        self._clock = clock
        self._screens: set[Screen] = set()
        self._now: dict[str, tuple[float, tuple[int, int]]] = {}
        """Device to time (unix seconds) and (epoch, sequence) of its latest picture, as of the last look."""

    @property
    def screens(self) -> int:
        """How many browsers are connected."""
        return len(self._screens)

    def join(self) -> Screen:
        """Return a new browser's screen."""
        screen = Screen()
        self._screens.add(screen)
        return screen

    def leave(self, screen: Screen) -> None:
        """Forget a browser."""
        self._screens.discard(screen)

    async def feed(self, screen: Screen, send: Callable[[bytes], Awaitable[None]]) -> NoReturn:
        """Send what changes on ``screen``, newest first, for ever.

        Raises:
            TimeoutError: the browser takes nothing.
        """
        while True:
            for device in self.due(screen)[:TILES_A_LOOK]:
                message = self.message(screen, device)
                if message is not None:
                    async with asyncio.timeout(STUCK_S):
                        await send(message)
            await asyncio.sleep(LOOK_S)

    def due(self, screen: Screen) -> list[str]:
        """Return the devices on ``screen`` with a picture it was not sent, newest first."""
        self._look(screen)
        changed = ((self._now.get(device, (0.0, None)), device, sent) for device, sent in screen.shown.items())
        newest = sorted(((at, device) for (at, now), device, sent in changed if now != sent), reverse=True)
        return [device for _, device in newest]

    def message(self, screen: Screen, device: str) -> bytes | None:
        """Return the latest picture of ``device`` as it is sent: length of the JSON in two bytes, JSON, JPEG.

        None when it left the screen meanwhile, or cannot be read.
        """
        item = _read(self._tiles[device].peek) if device in screen.shown else None
        if item is None:
            return None
        screen.shown[device] = (item.epoch, item.sequence)
        age_s = max(0.0, self._clock.monotonic_s() - item.mono_s)
        head: dict[str, Any] = {"id": device, "at": round(item.at, 3), "age_s": round(age_s, 3)}
        text = json.dumps(head, separators=(",", ":")).encode()
        return _LENGTH.pack(len(text)) + text + item.payload

    def _look(self, screen: Screen) -> None:
        """See what is new; what one browser's look found is found for all."""
        for device in screen.shown:
            tile = self._tiles[device]
            item = _read(tile.take if device in self._now else tile.peek)
            if item is not None:
                self._now[device] = (item.at, (item.epoch, item.sequence))


def _read(look: Callable[[], SlotItem | None]) -> SlotItem | None:
    """Return what a slot has; one that cannot be read has nothing."""
    try:
        return look()
    except (OSError, ValueError):
        return None


def shown_ids(text: str, known: frozenset[str]) -> list[str]:
    """Return the ids of ``{"show": [ids]}``, unknown ones left out.

    Raises:
        ValueError: it is not that, or has more than ``SHOW_LIMIT`` ids.
    """
    said = json.loads(text)
    ids = said.get("show") if isinstance(said, dict) and set(said) == {"show"} else None
    if not isinstance(ids, list) or len(ids) > SHOW_LIMIT or not all(isinstance(each, str) for each in ids):
        raise ValueError('want {"show": [ids]}')
    return [each for each in dict.fromkeys(ids) if each in known]
