"""Who watches which camera live: at most 32, each in a session of its own, one reader a stream.

aiortc is loaded with the first viewer: a wall without one starts without it.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from api.access.roles import Caller
from api.live.tasks import cancelled
from api.settings import Settings
from api.view.sdp import read_offer
from camera_config.clock import Clock
from ingest.codec import Codec
from ingest.ring import RingEntry, RingReader

if TYPE_CHECKING:
    from api.view.feed import ViewFeed
    from api.view.session import ViewSession

log = logging.getLogger(__name__)

MAX_VIEWERS = 32
FRESH_S = 3.0
"""A stream from which nothing came for longer is not shown as live: its last pictures would be taken for now."""

BASELINE_IDC = 66
_SPS = 7


class NotLive(Exception):
    """There is no live video; ``code`` picks the words on the wall."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Views:
    """All viewers of one web process; building it starts nothing. ``close`` ends them within seconds."""

    def __init__(self, rings: Path, settings: Settings, clock: Clock) -> None:
        self._rings = rings
        self._settings = settings
        self._clock = clock
        self._feeds: dict[str, ViewFeed] = {}
        self._sessions: dict[str, tuple[ViewSession, asyncio.Task[None]]] = {}
        self._opening = 0
        self._closed = False

    @property
    def viewers(self) -> int:
        """How many watch, those that are just joining included."""
        return len(self._sessions) + self._opening

    @property
    def readers(self) -> int:
        """How many streams are being read for them."""
        return sum(feed.reading for feed in self._feeds.values())

    async def open(
        self, device: str, offer: str, who: Caller, allowed: Callable[[], Awaitable[bool]]
    ) -> tuple[str, str]:
        """Return the new session's id and our answer to ``offer``; whoever has both is sent to.

        Args:
            device: a known camera or checkpoint that is online.
            offer: the browser's SDP.
            who: whose session it will be.
            allowed: asked now and then whether that may go on.

        Raises:
            NotLive: there is no stream that a browser plays, no room, or no address to be reached at.
            BadOffer: the offer asks for no video that we could send.
        """
        if self._closed or self.viewers >= MAX_VIEWERS:
            raise NotLive(503, "live-full", f"{MAX_VIEWERS} viewers watch live video already")
        stream, profile = playable(self._rings, device, self._clock.monotonic_s())
        read = read_offer(offer, profile)
        self._opening += 1
        try:
            from api.view.feed import ViewFeed  # noqa: PLC0415 - loads aiortc
            from api.view.ice import port_range  # noqa: PLC0415
            from api.view.session import NoAddress, Viewed, ViewSession  # noqa: PLC0415

            feed = self._feeds.get(stream) or ViewFeed(self._rings / stream)
            viewed = Viewed(secrets.token_urlsafe(16), device, who.subject, who.session, allowed)
            ports = port_range(self._settings.live_ports)
            session = ViewSession(viewed, feed, self._settings.live_addresses, ports)
            try:
                answer = await session.answer(read)
            except NoAddress as error:
                raise NotLive(503, "live-address", str(error)) from error
        finally:
            self._opening -= 1
        self._feeds[stream] = feed
        task = asyncio.create_task(self._run(stream, session))
        self._sessions[viewed.id] = (session, task)
        return viewed.id, answer

    async def end(self, identity: str, who: Caller) -> bool:
        """End a session of this caller's; False if there is none of that name."""
        found = self._sessions.get(identity)
        if found is None or found[0].viewed.session != who.session:
            return False
        await cancelled(found[1])
        return True

    async def close(self) -> None:
        """End all sessions and take no more."""
        self._closed = True
        await cancelled(*(task for _, task in self._sessions.values()))

    async def _run(self, stream: str, session: "ViewSession") -> None:
        viewed = session.viewed
        why = "ended"
        log.info("view.begin device=%s who=%s viewers=%d", viewed.device, viewed.who, self.viewers)
        try:
            why = await session.run()
        finally:
            self._sessions.pop(viewed.id, None)
            if all(other.feed is not session.feed for other, _ in self._sessions.values()):
                self._feeds.pop(stream, None)
            log.info("view.end device=%s who=%s readers=%d why=%s", viewed.device, viewed.who, self.readers, why)


def playable(rings: Path, device: str, now_s: float) -> tuple[str, int]:
    """Return the stream of ``device`` that browsers play, and its H.264 profile: the main stream, else the sub-stream.

    Raises:
        NotLive: there is none; the message says what the camera sends.
    """
    refused = NotLive(409, "live-no-picture", "no keyframe, or nothing at all of late, has come from this camera")
    for stream in (device, f"{device}.sub"):
        try:
            with RingReader(rings / stream) as ring:
                key = _last_key(ring, now_s)
                payload = ring.payload(key) if key is not None else None
        except (OSError, ValueError) as error:
            log.warning("view.ring_refused stream=%s: %s", stream, error)
            continue
        if key is None or payload is None:
            continue
        if key.codec is Codec.H264:
            return stream, _profile_idc(payload)
        refused = NotLive(
            409,
            "live-h265",
            f"this camera sends {key.codec.value.upper().replace('26', '.26')}; a browser plays its H.264 sub-stream, "
            "and it has none that is online",
        )
    raise refused


def _last_key(ring: RingReader, now_s: float) -> RingEntry | None:
    """Return the newest keyframe, None when nothing came lately."""
    if not ring.seek_last_key():
        return None
    entries = ring.entries()
    key = entries[0] if entries and entries[0].key else None
    while more := ring.entries():
        entries = more
    return key if key is not None and now_s - entries[-1].mono_s <= FRESH_S else None


def _profile_idc(annex_b: bytes) -> int:
    """Return ``profile_idc`` of the first sequence parameter set (H.264, 7.3.2.1.1)."""
    at = annex_b.find(b"\0\0\1")
    while 0 <= at < len(annex_b) - 4:
        if annex_b[at + 3] & 31 == _SPS:
            return annex_b[at + 4]
        at = annex_b.find(b"\0\0\1", at + 3)
    return BASELINE_IDC
