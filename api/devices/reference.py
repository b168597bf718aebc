"""A camera was turned on purpose: how it looks now is how it shall look. Asked for here, learnt by detection."""

from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import Engine

from api.access.roles import Caller
from api.store.audit import write_audit
from camera_config.errors import StoreError

REFERENCE: Final = "kakou:reference"
"""The hash {feed: when it was asked for (unix s)}; a reference begun earlier is dropped. One entry a device stays."""


def audit_reference(engine: Engine, who: Caller, device: str, at: float) -> None:
    """Write down who asked for it; called before it is asked for."""
    with engine.begin() as connection:
        write_audit(connection, who, "devices.reference", at=at, detail={"device": device})


async def ask_reference(bus: Redis, device: str, at: float) -> None:
    """Ask detection to learn anew how ``device`` looks.

    Raises:
        StoreError: the bus did not take it.
    """
    try:
        await bus.hset(REFERENCE, device, f"{at:.3f}")
    except (RedisError, OSError) as error:
        raise StoreError(f"the event log took no new reference: {error}", hint="Ask again in a moment.") from error
