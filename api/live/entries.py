"""Reading streams of the bus: bytes as Redis gives them go in, entries with text fields come out."""

import json
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, cast

from redis.asyncio import Redis

DEVICES_KEY = "kakou:devices"
READINESS_KEY = "kakou:readiness"

StreamId = tuple[int, int]
"""An entry's place in its stream: milliseconds and number; compares in the order of the stream."""

START: StreamId = (0, 0)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a stream."""

    id: StreamId
    fields: dict[str, str]


def stream_id(text: str | bytes | None) -> StreamId | None:
    """Return the id written as ``ms-number``, or None for anything else."""
    plain = text.decode("ascii", "replace") if isinstance(text, bytes) else text or ""
    head, _, tail = plain.partition("-")
    short = len(head) <= 20 and len(tail) <= 20
    return (int(head), int(tail)) if short and all(p.isascii() and p.isdigit() for p in (head, tail)) else None


def written(identity: StreamId) -> str:
    """Return an id as the bus writes it."""
    return f"{identity[0]}-{identity[1]}"


async def read_after(bus: Redis, stream: str, after: StreamId, *, block_ms: int, count: int) -> list[Entry]:
    """Return up to ``count`` entries after ``after``, waiting up to ``block_ms`` for the first."""
    found = await cast("Awaitable[Any]", bus.xread({stream: written(after)}, count=count, block=block_ms))
    return [_entry(raw) for _, entries in found or () for raw in entries]


async def read_last(bus: Redis, stream: str, *, before: StreamId | None, count: int) -> list[Entry]:
    """Return up to ``count`` entries before ``before`` (None: the end), newest first."""
    top = "+" if before is None else f"({written(before)}"
    found = await cast("Awaitable[Any]", bus.xrevrange(stream, max=top, count=count))
    return [_entry(raw) for raw in found or ()]


async def end_of(bus: Redis, stream: str) -> StreamId:
    """Return the id of the last entry, ``START`` for an empty stream."""
    last = await read_last(bus, stream, before=None, count=1)
    return last[0].id if last else START


async def get_json(bus: Redis, key: str) -> Any:
    """Return the JSON value kept under ``key``, None where there is none."""
    raw = await cast("Awaitable[Any]", bus.get(key))
    return None if raw is None else json.loads(raw)


def compact(data: object) -> str:
    """Return JSON without spaces and without NaN, for the bus and for the wire."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _entry(raw: Any) -> Entry:
    identity, fields = raw
    found = stream_id(identity)
    assert found is not None
    return Entry(found, {_text(key): _text(value) for key, value in (fields or {}).items()})


def _text(value: bytes | str) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else value
