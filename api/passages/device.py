"""Passages from smart checkpoints' own readers go the way of all passages: through an outbox to the keeper."""

import uuid
from typing import Any

from sqlalchemy import Engine

from api.log.outbox import Outbox
from api.passages.plates import normalise
from api.passages.record import passage_of
from api.passages.wire import DevicePassageIn
from api.services import Services

NAMESPACE = uuid.UUID("6f2cbb5e-8d1c-4c3e-9a53-9d0a4ad2c7a1")
FUTURE_S = 300.0
"""A device's clock may be ahead by this much; further ahead, its passages would stand on top of every list."""


def passage_id(device: str, sequence: int) -> str:
    """Return the id of a device's passage: the same device and sequence always give the same."""
    return str(uuid.uuid5(NAMESPACE, f"{device}:{sequence}"))


def accept(shared: Services, checkpoint: str, given: DevicePassageIn) -> tuple[str, bool]:
    """Make the passage durable in the outbox; blocking.

    Returns:
        Its id, and whether it is stored already from an earlier attempt.

    Raises:
        ValueError: no plate by the rules of ``normalise``, or from the future.
        StoreError: the disk did not take it; the device tries again.
    """
    now = shared.now()
    if given.at > now + FUTURE_S:
        raise ValueError("at: this is in the future; set the device's clock")
    plate = normalise(given.plate) if given.plate else None
    identity = passage_id(checkpoint, given.sequence)
    if _stored(shared.engine, identity):
        return identity, True
    _put(shared.outbox, identity, checkpoint, given, plate, now)
    return identity, False


def _stored(engine: Engine, identity: str) -> bool:
    with engine.connect() as connection:
        return passage_of(connection, identity) is not None


def _put(outbox: Outbox, identity: str, checkpoint: str, given: DevicePassageIn, plate: str | None, now: float) -> None:
    data: dict[str, Any] = {
        "id": identity,
        "version": 2,
        "checkpoint": checkpoint,
        "at": given.at,
        "first_seen": given.at,
        "last_seen": given.at,
        "plate": plate,
        "certain": given.certain and plate is not None,
        "confidence": given.confidence,
        "plate_class": given.plate_class,
        "plate_colour": given.plate_colour,
        "lane": given.lane,
        "direction": given.direction,
        "speed_kmh": given.speed_kmh,
        "speed_error_kmh": given.speed_error_kmh,
        "vehicle_class": given.vehicle_class,
        "source": "device",
        "final": True,
        "drill": given.drill,
        "frame_received_at": now,
    }
    outbox.put("passage.final", checkpoint, data, given.drill)
    outbox.flush()
