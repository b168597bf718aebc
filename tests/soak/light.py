"""Light cameras in another process, for soak tests, and how to count."""

import asyncio
import sys
import time
from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from ingest.feed import Feed
from ingest.health import State

ROOT = Path(__file__).resolve().parents[2]


class LightCameras:
    """``tests.support.light_cameras`` within ``async with``."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._process: asyncio.subprocess.Process | None = None
        self._port = 0

    def url(self, number: int) -> str:
        """Return where a camera is found."""
        return f"rtsp://127.0.0.1:{self._port}/c{number}"

    async def say(self, text: str) -> None:
        """Give an order; it holds when this returns."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n".encode())
        assert await self._line() == "ok"

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.support.light_cameras", str(self._count)),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        self._port = int(await self._line())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def _line(self) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        return (await asyncio.wait_for(self._process.stdout.readline(), 60)).decode().strip()


class Latest:
    """The state of each feed now, and since when (monotonic)."""

    def __init__(self) -> None:
        self.of: dict[str, tuple[State, float]] = {}

    def state(self, feed: Feed, state: State, _cause: str) -> None:
        """Take a change, as ``OnState``; late is online here."""
        state = State.ONLINE if state is State.LATE else state
        if feed.id not in self.of or self.of[feed.id][0] is not state:
            self.of[feed.id] = (state, time.monotonic())

    def all_are(self, state: State, count: int) -> bool:
        """Return whether ``count`` feeds are known and all in ``state``."""
        return len(self.of) == count and all(now is state for now, _ in self.of.values())


def most_in_a_second(times: Sequence[float]) -> int:
    """Return the largest number of ``times`` (rising, seconds) within any second, its end excluded."""
    return max((bisect_left(times, at_s + 1.0) - place for place, at_s in enumerate(times)), default=0)
