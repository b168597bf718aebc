"""A recorded day sent again through the door of live positions, with the ages that it had, at its pace or squeezed."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from api.positions.recorded import Day, Recorded
from camera_config.clock import Clock
from camera_config.errors import CountyError

TICK_S: Final = 0.5
"""What is due within this is sent together."""

BATCH: Final = 1_000
RETRY_S: Final = 1.0
HINT: Final = "Give the token that `kakou up` wrote to units.token."


@dataclass(slots=True)
class Sent:
    """What became of a replay; ``untrusted`` by reason, ``unknown_units`` by unit."""

    positions: int = 0
    accepted: int = 0
    untrusted: Counter[str] = field(default_factory=Counter)
    unknown_units: Counter[str] = field(default_factory=Counter)

    def json(self) -> dict[str, Any]:
        """Return it for ``--json``."""
        return {
            "positions": self.positions,
            "accepted": self.accepted,
            "untrusted": dict(self.untrusted),
            "unknown_units": dict(self.unknown_units),
        }


@dataclass(frozen=True, slots=True)
class Pace:
    """``speed``: seconds of the day a second. ``live``: not marked as a drill; only at the day's own pace."""

    speed: float
    live: bool

    def __post_init__(self) -> None:
        if self.live and self.speed != 1.0:
            raise ValueError("live positions cannot be squeezed: gaps would seem shorter than they were")


def replay(day: Day, client: httpx.Client, pace: Pace, clock: Clock, told: Callable[[str], None]) -> Sent:
    """Send a day; a server that is away is waited for, and what it gets late is as late as that.

    Raises:
        CountyError: the server refuses the token or the positions.
    """
    sent = Sent()
    begun_s, begun_at = clock.monotonic_s(), clock.now().timestamp()
    first = day.rows[0].received_at
    for rows in _batches(day.rows, TICK_S * pace.speed):
        due_s = (rows[-1].received_at - first) / pace.speed
        clock.sleep(max(0.0, begun_s + due_s - clock.monotonic_s()))
        body: dict[str, Any] = {"positions": [_wire(row, first, begun_at, pace) for row in rows]}
        if pace.speed > 1.0:
            body["lapse"] = pace.speed
        answer = _post(client, body, clock, told)
        sent.positions += len(rows)
        sent.accepted += answer["accepted"]
        sent.untrusted.update(doubt["reason"] for doubt in answer["untrusted"])
        sent.unknown_units.update(answer["unknown_units"])
    return sent


def _wire(row: Recorded, first: float, begun_at: float, pace: Pace) -> dict[str, Any]:
    """Return the position as if it had just been received, as old as it was when it was."""
    received_at = begun_at + (row.received_at - first) / pace.speed
    return {**row.position.model_dump(), "at": received_at - row.late_s, "drill": not pace.live}


def _batches(rows: Sequence[Recorded], span_s: float) -> Iterator[list[Recorded]]:
    batch: list[Recorded] = []
    for row in rows:
        if batch and (len(batch) == BATCH or row.received_at - batch[0].received_at > span_s):
            yield batch
            batch = []
        batch.append(row)
    yield batch


def _post(client: httpx.Client, body: dict[str, Any], clock: Clock, told: Callable[[str], None]) -> dict[str, Any]:
    quiet = False
    while True:
        try:
            answer = client.post("/v1/units/positions", json=body)
            trouble = "" if answer.is_success else f"{answer.status_code}"
        except httpx.TransportError as error:
            answer, trouble = None, type(error).__name__
        if answer is not None and answer.is_success:
            found: dict[str, Any] = answer.json()
            return found
        if answer is not None and answer.is_client_error:
            raise CountyError(f"{client.base_url} refused the positions: {trouble}", hint=HINT)
        if not quiet:
            told(f"{client.base_url} does not answer ({trouble}); trying again")
        quiet = True
        clock.sleep(RETRY_S)
