"""The live stream: what the wall shows now. It is capped and may be lost; what matters is in the store."""

import json
from collections.abc import Mapping
from typing import Any

import redis
import redis.asyncio
from redis.exceptions import RedisError

from api.log.bus import LIVE
from camera_config.errors import StoreError

KEEP = 5000
"""Entries kept, about; an older ``Last-Event-ID`` gets a fresh snapshot (docs/design/0001, section 7)."""


def publish(bus: redis.Redis, kind: str, data: Mapping[str, Any]) -> None:
    """Put ``data`` on the live stream.

    Raises:
        StoreError: the bus did not take it. A caller that only shows a state may ignore that; the next state will
            come. Never raised for another reason.
    """
    try:
        bus.xadd(LIVE, fields(kind, data), maxlen=KEEP, approximate=True)
    except RedisError as error:
        raise StoreError(f"the live stream took no {kind}: {error}") from error


async def publish_async(bus: redis.asyncio.Redis, kind: str, data: Mapping[str, Any]) -> None:
    """Do the same on an event loop."""
    try:
        await bus.xadd(LIVE, fields(kind, data), maxlen=KEEP, approximate=True)
    except RedisError as error:
        raise StoreError(f"the live stream took no {kind}: {error}") from error


def fields(kind: str, data: Mapping[str, Any]) -> dict[Any, Any]:
    """Return an entry's fields, for callers that send several in one pipeline."""
    return {"kind": kind, "data": json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)}
