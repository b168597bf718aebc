"""What the workers would say on the live stream, and reading what a browser would be sent."""

import json
from typing import Any

from api.live.hub import Client


def verdict(state: str = "ready") -> dict[str, Any]:
    return {
        "state": state,
        "feasible": state == "ready",
        "deadline_s": {"town": 900},
        "t_star_s": 700.0,
        "ratio": 0.78,
        "travel_slack": 1.3,
        "weakest_post": "town-n",
        "margin_s": 200.0,
        "plan": [],
        "why_not": None,
        "ask_by_radio": [],
        "odds": None,
        "losses": None,
        "fixes": None,
        "certificate": None,
    }


def readiness(mono_s: float, at: float, state: str = "ready") -> dict[str, Any]:
    """A readiness as the planner publishes it."""
    return {
        "mono_s": mono_s,
        "computed_at": at,
        "valid_for_s": 10,
        "digest": "d",
        "state": state,
        "ring_priority": "town",
        "joint": verdict(state),
        "town": verdict(state),
        "county": verdict(state),
        "leaks": [],
        "unknown_units": [],
    }


def devices(mono_s: float, at: float, **states: str) -> dict[str, Any]:
    """What ingest says once a second; ``cam_1="online"`` stands for the feed cam-1."""
    rows = [
        {"feed": feed.replace("_", "-"), "state": state, "since": at, "cause": None, "last_frame_at": at, "fps": 1.0}
        for feed, state in states.items()
    ]
    return {"at": at, "mono_s": mono_s, "devices": rows}


def parse(raw: bytes) -> list[tuple[str, Any]]:
    """Return (kind, data) of every message in a piece of an event stream."""
    found = []
    for block in raw.decode().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and not line.startswith(":"))
        if "event" in lines:
            found.append((lines["event"], json.loads(lines["data"])))
    return found


class Screen:
    """A browser's end of a client: hands out its messages one by one, in order."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._waiting: list[tuple[str, Any]] = []

    async def until(self, kind: str, *, limit: int = 2_000) -> Any:
        """Return the data of the next message of ``kind``; those before it are passed over."""
        for _ in range(limit):
            while not self._waiting:
                self._waiting = parse(b"".join(await self.client.take(10.0)))
            got, data = self._waiting.pop(0)
            if got == kind:
                return data
        raise AssertionError(f"no {kind} in {limit} messages")
