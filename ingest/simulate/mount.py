"""A mount: what a simulated camera shows under one name, and how it wants to be asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from ingest.auth import Credentials
from ingest.simulate.source import Source

AuthKind = Literal["digest-md5", "digest-sha256", "basic"]
Carriage = Literal["any", "tcp", "udp"]
"""What media may be carried by: ``tcp`` is interleaved in the RTSP connection."""

SUB = "/sub"
"""A camera's sub-stream is found under its name and this."""


@dataclass(frozen=True, slots=True)
class Mount:
    """One camera's stream and its manners, which may be combined freely.

    Args:
        source: what it shows.
        credentials: who is let in; None: everybody.
        auth: how they have to prove it.
        sub: what the sub-stream at ``NAME/sub`` shows, with the same manners; None: there is none.
        carriage: what media may be carried by; anything else is answered 461.
        clock_offset_s: how far the camera's clock is ahead of ours, in its RTCP sender reports (seconds).
    """

    source: Source
    credentials: Credentials | None = field(default=None, repr=False)
    auth: AuthKind = "digest-md5"
    sub: Source | None = None
    carriage: Carriage = "any"
    clock_offset_s: float = 0.0


def with_subs(mounts: Mapping[str, Source | Mount]) -> dict[str, Mount]:
    """Return every mount by name, sub-streams as mounts of their own behind the cameras they belong to."""
    out: dict[str, Mount] = {}
    for name, given in mounts.items():
        mount = given if isinstance(given, Mount) else Mount(given)
        out[name] = mount
        if mount.sub is not None:
            out[name + SUB] = replace(mount, source=mount.sub, sub=None)
    return out
