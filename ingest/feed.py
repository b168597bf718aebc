"""What is asked of one feed, and how it is at one moment."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from camera_config.ids import FeedId
from camera_config.networks import CameraNetworks
from ingest.auth import Credentials
from ingest.codec import Codec
from ingest.health import Note, State


class FeedKind(StrEnum):
    """What kind of device delivers the feed; a checkpoint goes first and is never gated."""

    CHECKPOINT = "checkpoint"
    CAMERA = "camera"


class Which(StrEnum):
    """One of a feed's two streams."""

    MAIN = "main"
    SUB = "sub"


@dataclass(frozen=True, slots=True)
class Feed:
    """A camera or checkpoint to pull. Its URLs are never shown: they may hold credentials.

    Args:
        id: names its slot, and the main stream's ring.
        url: of the main stream.
        kind: what it is.
        sub_url: of a second, smaller stream, which is then the one that is watched; empty for none.
        credentials: asked at every connection, and while the camera refuses those it had; None for those of the URL.
        pin: likewise, for the SHA-256 of the camera's certificate; None where an authority signed it.
        ca_file: authorities in PEM that sign the cameras' certificates; None: the system's.
        networks: where cameras may be; None allows any address.
        mask: for a feed whose pictures are partly hidden; asked once a second why it may not be pulled now, empty where
            it may. Its streams have no rings: compressed video cannot be masked, so none of it is kept.
        gated: keyframes in which nothing moved are held back; never a checkpoint's.

    Raises:
        ValueError: the id cannot be the name of a file.
    """

    id: FeedId
    url: str = field(repr=False)
    kind: FeedKind = FeedKind.CAMERA
    sub_url: str = field(default="", repr=False)
    credentials: Callable[[], Credentials | None] | None = field(default=None, repr=False)
    pin: Callable[[], str | None] | None = field(default=None, repr=False)
    ca_file: Path | None = None
    networks: CameraNetworks | None = field(default=None, repr=False)
    mask: Callable[[], str] | None = field(default=None, repr=False)
    gated: bool = True

    def __post_init__(self) -> None:
        if not self.id or "/" in self.id or self.id.startswith("."):
            raise ValueError(f"a feed's id names its slot file, {self.id!r} cannot")

    @property
    def streams(self) -> tuple[tuple[Which, str, str], ...]:
        """Return which, name and URL of each stream; the name is that of its ring."""
        main = (Which.MAIN, str(self.id), self.url)
        return (main, (Which.SUB, f"{self.id}.sub", self.sub_url)) if self.sub_url else (main,)


@dataclass(frozen=True, slots=True)
class FeedStatus:
    """A feed at one moment; counts are totals since the receiver was made, over both its streams.

    ``state``, ``since``, ``cause``, ``fps``, ``codec``, ``width``, ``height``, ``gop_s`` and ``via`` are the main
    stream's; ``sub_state`` is None without a sub-stream; ``watched`` is the one whose keyframes go to the slot.
    ``since`` and ``last_frame_at`` are unix seconds; ``gop_s`` is the usual time between keyframes, 0 when not known;
    ``via`` is None before the first connection; ``clock_offset_s`` how far the camera's clock is ahead.

    ``keyframes_received`` = ``gated`` + ``offered``, always: those of the watched stream that fit the slot; those that
    do not are in ``oversize``. ``raised`` are those offered while all were asked for. ``frames_received``
    are complete access units from the first keyframe of a connection on; ``dropped`` those that were not complete or
    could not be decoded after a gap; ``flood_dropped`` those beyond what a camera may send; ``ring_oversize`` those
    larger than half their ring; ``lost`` RTP packets; ``bytes`` everything.
    """

    feed: FeedId
    kind: FeedKind
    state: State
    since: float
    cause: str
    sub_state: State | None
    watched: Which
    notes: tuple[Note, ...]
    fps: float
    last_frame_at: float | None
    codec: Codec | None
    width: int
    height: int
    gop_s: float
    via: str | None
    clock_offset_s: float | None
    keyframes_received: int
    gated: int
    offered: int
    raised: int
    oversize: int
    frames_received: int
    dropped: int
    flood_dropped: int
    ring_oversize: int
    bytes: int
    reconnects: int
    lost: int


OnState = Callable[[Feed, State, str], None]
