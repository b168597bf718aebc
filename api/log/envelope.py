"""The envelope every event travels in, and ids that sort by time."""

import json
import secrets
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

VERSION = 1


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    Args:
        id: UUIDv7.
        kind: what happened, for example ``passage.final`` (docs/design/0001, section 3).
        key: whom it concerns: camera, checkpoint or producer.
        at: wall time, unix seconds.
        mono_s: monotonic seconds of this machine at the same moment; ages are computed from it.
        drill: part of a drill; never shown or counted as real.
        data: plain JSON.
    """

    id: str
    kind: str
    key: str
    at: float
    mono_s: float
    drill: bool
    data: Mapping[str, Any]

    def to_json(self) -> str:
        """Return the wire form."""
        text = {
            "id": self.id,
            "kind": self.kind,
            "key": self.key,
            "at": self.at,
            "mono_s": self.mono_s,
            "drill": self.drill,
            "v": VERSION,
            "data": self.data,
        }
        return json.dumps(text, ensure_ascii=False, separators=(",", ":"), allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "Event":
        """Read the wire form.

        Raises:
            ValueError: not an envelope, of a version we do not know, or with NaN in its times.
        """
        wire = _Wire.model_validate_json(text)
        if wire.v != VERSION:
            raise ValueError(f"event {wire.id} has version {wire.v}; this program knows {VERSION}")
        return cls(wire.id, wire.kind, wire.key, wire.at, wire.mono_s, wire.drill, wire.data)


class _Wire(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    id: str
    kind: str
    key: str
    at: float
    mono_s: float
    drill: bool
    v: int
    data: dict[str, Any]


def new_event(kind: str, key: str, data: Mapping[str, Any], *, drill: bool = False) -> Event:
    """Return an event of this moment."""
    return Event(new_id(), kind, key, time.time(), time.monotonic(), drill, data)


def new_id() -> str:
    """Return a UUIDv7 (RFC 9562, 5.7): 48 bits of unix milliseconds, then 74 random bits."""
    return str(uuid_v7(time.time_ns() // 1_000_000, secrets.randbits(74)))


def uuid_v7(unix_ms: int, randomness: int) -> uuid.UUID:
    """Put a UUIDv7 together; ``randomness`` has 74 bits."""
    rand_a, rand_b = randomness >> 62 & 0xFFF, randomness & (1 << 62) - 1
    return uuid.UUID(int=(unix_ms & (1 << 48) - 1) << 80 | 7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b)
