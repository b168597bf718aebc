"""Reads the live stream once and hands every message to all clients; knows what is latest and what is down.

A client has room for 1,000 waiting messages; one that does not take them is closed and comes back with replay, so
that a stuck browser delays nobody (facts/reliability finding 6). Ages are monotonic.
"""

import asyncio
import json
import logging
from collections import deque
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from api.devices.board import Board
from api.live.entries import (
    DEVICES_KEY,
    READINESS_KEY,
    Entry,
    StreamId,
    compact,
    end_of,
    get_json,
    read_after,
    read_last,
    written,
)
from api.live.tasks import cancelled
from api.log.bus import LIVE
from api.plan.age import expired, handed_out, units_handed_out
from api.positions.intake import Intake
from camera_config.clock import Clock

log = logging.getLogger(__name__)

ROOM = 1_000
"""Messages that may wait for one client."""

KEPT = 1_000
"""Passages and alerts kept for replay."""

READ_BACK = 1_000
"""Entries of the stream read at start, to fill the replay."""

REPLAYED = frozenset({"passage", "alert", "rule_event"})
GATHERED = frozenset({"devices", "pictures"})
"""A message of these kinds says only what changed or was confirmed; all that the stream holds are taken at start."""

SILENT_S = 3.0
"""A planner that said nothing for longer than this is down."""

LOOK_S = 0.25
BLOCK_MS = 1_000
RETRY_S = 0.5


class Client:
    """One browser's queue. ``take`` waits for messages; empty bytes are the end of the stream."""

    def __init__(self) -> None:
        self.evicted = asyncio.Event()
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(ROOM)

    def offer(self, message: bytes) -> bool:
        """Leave a message; False, and the client is lost, when its room is full."""
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            self.evicted.set()
            return False
        return True

    async def take(self, wait_s: float) -> list[bytes]:
        """Return all that waits, at least one message unless ``wait_s`` passed."""
        try:
            async with asyncio.timeout(wait_s):
                found = [await self._queue.get()]
        except TimeoutError:
            return []
        while not self._queue.empty():
            found.append(self._queue.get_nowait())
        return found


class Hub:
    """``run`` reads until ``stop``. Nothing here waits for a client."""

    def __init__(self, bus: Redis, clock: Clock, board: Board, intake: Intake | None = None) -> None:
        self.board = board
        self.intake = intake
        self.stopped = asyncio.Event()
        self._bus = bus
        self._clock = clock
        self._clients: set[Client] = set()
        self._kept: deque[tuple[StreamId, bytes]] = deque(maxlen=KEPT)
        self._floor: StreamId | None = None
        self._last: StreamId | None = None
        self._readiness: dict[str, Any] | None = None
        self._readiness_s = float("-inf")
        self._units: dict[str, Any] | None = None
        self._units_s = float("-inf")
        self._bus_up = False
        self._shown = (self.status(), True)

    async def run(self) -> None:
        """Read the stream, look after ages, until ``stop``."""
        tail = asyncio.create_task(self._tail())
        try:
            while not self.stopped.is_set():
                if tail.done():
                    tail.result()
                self.check()
                try:
                    async with asyncio.timeout(LOOK_S):
                        await self.stopped.wait()
                except TimeoutError:
                    continue
        finally:
            await cancelled(tail)

    def stop(self) -> None:
        """End every client's stream and ``run``; call it on the event loop's thread."""
        self.stopped.set()
        for client in self._clients:
            client.offer(b"")

    def join(self, last: StreamId | None) -> tuple[Client, bytes]:
        """Return a new client and what it is sent first: hello, the latest of everything, what it missed."""
        client = Client()
        self._clients.add(client)
        if self.stopped.is_set():
            client.offer(b"")
        missed = [message for identity, message in self._kept if last is not None and identity > last]
        whole = last is not None and self._floor is not None and last >= self._floor
        replay = "none" if last is None else "complete" if whole else "lost"
        first = [
            frame("hello", {"server_time": self._clock.now().timestamp(), "replay": replay}),
            frame("status", self.told()),
            frame("devices", self.board.everything(self._clock.monotonic_s())),
            frame("units", self.units()),
            frame("readiness", self.readiness()),
        ]
        return client, b"".join(first + missed)

    def leave(self, client: Client) -> None:
        """Forget a client."""
        self._clients.discard(client)

    @property
    def clients(self) -> int:
        """How many browsers are connected."""
        return len(self._clients)

    def status(self) -> dict[str, str]:
        """Return which parts are up."""
        planner = 0.0 <= self._clock.monotonic_s() - self._readiness_s <= SILENT_S
        parts = {"bus": "up" if self._bus_up else "down", "planner": "up" if planner else "down"}
        return parts if self.intake is None else {**parts, "positions": self.intake.status()}

    def told(self) -> dict[str, Any]:
        """Return the same for a browser, with where positions come from and when the last came."""
        return self.status() if self.intake is None else {**self.status(), **self.intake.wire()}

    def readiness(self, full: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the readiness as it may be shown now; ``full`` is the same with its certificates, if it is newer."""
        shown, since_s = self._readiness, self._readiness_s
        now_s = self._clock.monotonic_s()
        if full is not None and since_s <= float(full["mono_s"]) <= now_s:
            shown, since_s = full, float(full["mono_s"])
        age_s = now_s - since_s
        cause = None
        if not self._bus_up:
            cause = "the event log is down"
        elif shown is not None and age_s > SILENT_S and expired(shown, age_s):
            cause = f"the planner has been silent for {age_s:.0f} s"
        shown = None if shown is None else {key: value for key, value in shown.items() if key != "mono_s"}
        return handed_out(shown, age_s, cause)

    def units(self) -> dict[str, Any]:
        """Return the units with their ages as of now."""
        return units_handed_out(self._units, self._clock.monotonic_s() - self._units_s, SILENT_S)

    def check(self) -> None:
        """Say what went down, came up, or became too old since the last look."""
        status, unknown = self.status(), self.readiness()["cause"] is not None
        if status != self._shown[0]:
            log.warning("live.status %s", " ".join(f"{part}={state}" for part, state in status.items()))
            self._send(frame("status", self.told()))
        if unknown and not self._shown[1]:
            self._send(frame("readiness", self.readiness()))
        self._shown = (status, unknown)
        changed = self.board.changed(self._clock.monotonic_s())
        if changed["devices"]:
            self._send(frame("devices", changed))

    def accept(self, entry: Entry) -> None:
        """Take one entry of the live stream: keep what is latest, hand it on; leave out what is not as agreed."""
        self._last = entry.id
        kind, data = entry.fields.get("kind", ""), entry.fields.get("data", "null")
        try:
            self._accept(entry, kind, data)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            log.error("live.stranger kind=%s: %s", kind, error)

    def _accept(self, entry: Entry, kind: str, data: str) -> None:
        if kind in REPLAYED:
            message = framed(kind, data, entry.id)
            self._kept.append((entry.id, message))
            if len(self._kept) == KEPT:
                self._floor = self._kept[0][0]
            self._send(message)
        elif kind == "pictures":
            self.board.accept_pictures(json.loads(data))
        elif kind in {"readiness", "units", "devices"}:
            self._accept_state(kind, json.loads(data), entry.id)

    def _accept_state(self, kind: str, value: dict[str, Any], identity: StreamId) -> None:
        mono_s = float(value.get("mono_s", float("-inf")))
        if kind == "devices":
            self.board.accept(value)
        elif kind == "readiness":
            self._readiness, self._readiness_s = value, mono_s
            self._send(framed(kind, compact(self.readiness()), identity))
        else:
            self._units = {key: item for key, item in value.items() if key != "mono_s"}
            self._units_s = mono_s
            self._send(framed(kind, compact(self.units()), identity))

    async def _tail(self) -> None:
        while True:
            try:
                self._last = await self._catch_up() if self._last is None else await self._resume(self._last)
                self._bus_up = True
                while True:
                    entries = await read_after(self._bus, LIVE, self._last, block_ms=BLOCK_MS, count=500)
                    self._bus_up = True
                    for entry in entries:
                        self.accept(entry)
            except (RedisError, OSError, TimeoutError) as error:
                if self._bus_up:
                    log.warning("live.bus_lost: %s", error)
                self._bus_up = False
                await asyncio.sleep(RETRY_S)

    async def _catch_up(self) -> StreamId:
        """Fill the latest values and the replay from what the stream holds; return where to go on."""
        found: list[Entry] = []
        end = await end_of(self._bus, LIVE)
        self._bus_up = True
        before: StreamId | None = None
        while len(found) < READ_BACK:
            page = await read_last(self._bus, LIVE, before=before, count=100)
            found += page
            if len(page) < 100:
                break
            before = page[-1].id
        for kind, key in (("devices", DEVICES_KEY), ("readiness", READINESS_KEY)):
            value = await get_json(self._bus, key)
            if value is not None:
                self._accept_state(kind, value, end)
        seen: set[str] = set()
        fresh = [entry for entry in found if entry.fields.get("kind", "") in REPLAYED | GATHERED or _first(entry, seen)]
        for entry in reversed(fresh):
            self.accept(entry)
        self._floor = self._floor or (found[-1].id if found else end)
        return found[0].id if found else end

    async def _resume(self, last: StreamId) -> StreamId:
        """Return where to go on after the bus was away: not beyond its end, should it have lost its last second."""
        return min(last, await end_of(self._bus, LIVE))

    def _send(self, message: bytes) -> None:
        lost = [client for client in self._clients if not client.offer(message)]
        for client in lost:
            self._clients.discard(client)
            log.warning("live.client_evicted waiting=%d", ROOM)


def _first(entry: Entry, seen: set[str]) -> bool:
    """Return whether it is the first of its kind; of a state only the newest matters."""
    kind = entry.fields.get("kind", "")
    if kind in seen:
        return False
    seen.add(kind)
    return True


def frame(kind: str, data: object) -> bytes:
    """Return one SSE message without an id: it is not a place to go on from."""
    return f"event: {kind}\ndata: {compact(data)}\n\n".encode()


def framed(kind: str, data: str, identity: StreamId) -> bytes:
    """Return one SSE message; ``data`` is JSON on one line."""
    line = data.replace("\r", " ").replace("\n", " ")
    return f"id: {written(identity)}\nevent: {kind}\ndata: {line}\n\n".encode()
