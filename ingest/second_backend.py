"""The second backend: streams that our own client does not take, pulled by libav (PyAV), each in a thread of its own.

It is dearer (4 ms a stream and second against 0.5, facts/ingest 3b) and sees less: libav tells neither lost packets nor
the camera's clock. It is for the few cameras that send by UDP only, or pack their video in a way of their own. libav
speaks to the camera through a ``Relay``; only UDP media come to it straight.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from camera_config.clock import Clock
from camera_config.errors import FeedCredentials, FeedError, FeedProtocol, FeedUnreachable
from camera_config.networks import CameraNetworks
from ingest.access_unit import CLOCK_HZ, AccessUnit, ParameterSets, split
from ingest.auth import Credentials
from ingest.connection import Listener, Step
from ingest.depacketise import UNIT_LIMIT
from ingest.h264 import H264
from ingest.h265 import H265
from ingest.payload import ANY_SET, KEY, LEADING, PICTURE, PayloadFormat
from ingest.relay import HOST, Relay
from ingest.rtsp import Target
from ingest.tls import TlsPolicy

if TYPE_CHECKING:
    from av.container import InputContainer

THREADS = 16
"""Cameras pulled in this way at once by one process; with 100 of them their threads begin to hold each other up."""

HANG_S = 2.5
"""Longest wait for libav's handshake with the camera, then for the first packet, and then for each."""

WAITING_BYTES = 16 * 1024 * 1024
"""What may wait for the event loop; then whole units are left out up to the next keyframe."""

WAITING_UNITS = 500

_AUTH_BYTES = 127
"""libav cuts user and password off behind so many (rtsp.h), which a camera would take for a wrong password."""

_UDP_BUFFER = 2 * 1024 * 1024
_FORMATS = {"h264": H264, "hevc": H265}
"""By libav's names."""

_ROOM = threading.BoundedSemaphore(THREADS)


class PyavPull:
    """Pulls one stream; to its owner it is what ``Connection`` is, and tells the same listener on the event loop.

    Dropped are whole units that the event loop did not fetch in time, and those between a gap and the next keyframe.
    The thread touches nothing but the queue. ``close`` ends its connection, and it by that; nothing is reported then.

    Args:
        target: what to ask.
        credentials: user and password; None for those of the URL.
        sets: the stream's parameter sets; they outlive the pull.
        listener: who hears of it.
        clock: monotonic time.
        udp: the camera refused TCP.
        tls: what the certificate of an ``rtsps://`` camera must be.
        networks: where cameras may be; None for any address.
    """

    via = "pyav"
    moved: Target | None = None
    clock_offset_s: float | None = None
    lost = 0
    described_fps = 0.0

    def __init__(
        self,
        target: Target,
        credentials: Credentials | None,
        sets: ParameterSets,
        listener: Listener,
        clock: Clock,
        *,
        udp: bool,
        tls: TlsPolicy | None = None,
        networks: CameraNetworks | None = None,
    ) -> None:
        self.step = Step.DESCRIBE
        self.ended_in: Step | None = None
        self.received_s = 0.0
        self.bytes = 0
        self._target = target
        self._who = None if target.foreign else credentials or target.credentials
        self._sets = sets
        self._listener = listener
        self._clock = clock
        self._udp = udp
        self._tls = tls or TlsPolicy()
        self._networks = networks
        self._relay = Relay()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._deadline_s = float("inf")
        self._lock = threading.Lock()
        self._waiting: deque[tuple[bytes, int | None, bool]] = deque()
        self._waiting_bytes = self._left_out = self._undecodable = 0
        self._gap = False
        self._format = H264
        self._clock_hz = CLOCK_HZ
        self._stamp = 0
        self._awaits_key, self._skips_leading = True, False

    @property
    def dropped(self) -> int:
        """Access units not delivered."""
        return self._left_out + self._undecodable

    async def connect(self, loop: asyncio.AbstractEventLoop) -> None:
        """Connect to the camera's host and begin to pull; from then on the listener is told.

        Raises:
            FeedUnreachable: no connection, or no thread is free.
            FeedCertificate: the camera's certificate is not trusted.
            FeedCredentials: user and password are too long for libav.
        """
        if len(self._auth()) > _AUTH_BYTES:
            raise FeedCredentials("user and password are too long for the second backend")
        await self._relay.open(loop, self._target, self._tls, self._networks)
        if self.step is Step.OVER:
            self._relay.close()
            return
        if not _ROOM.acquire(blocking=False):
            self._relay.close()
            raise FeedUnreachable("too many cameras need the second backend")
        self._loop = loop
        self._deadline_s = self._clock.monotonic_s() + 3 * HANG_S
        threading.Thread(target=self._run, args=(self._url(),), name="second-backend", daemon=False).start()

    def tick(self, now_s: float) -> None:
        """Fail if libav does not come back."""
        if self.step in (Step.DESCRIBE, Step.FIRST_PACKET) and now_s >= self._deadline_s:
            self._fail(FeedUnreachable("the second backend hangs"))

    def close(self) -> None:
        """End; nothing is reported any more."""
        self.step = Step.OVER
        self._relay.close()

    def abort(self) -> None:
        """End; nothing is reported any more."""
        self.close()

    def _auth(self) -> str:
        return f"{quote(self._who.user, safe='')}:{quote(self._who.password, safe='')}@" if self._who else ""

    def _url(self) -> str:
        """Return what libav is to open: the relay's port in place of the camera, with user and password."""
        parts = urlsplit(self._target.url)
        query = f"?{parts.query}" if parts.query else ""
        return f"rtsp://{self._auth()}{HOST}:{self._relay.port}{parts.path}{query}"

    def _run(self, url: str) -> None:
        """Pull until the end, in the thread."""
        error: FeedError = FeedUnreachable("the second backend broke down")
        try:
            error = self._pull(url)
        finally:
            _ROOM.release()
            self._tell(lambda: self._fail(error))

    def _pull(self, url: str) -> FeedError:
        """Pull until the end and return why it came. No error of libav leaves here: their text has the password."""
        import av  # noqa: PLC0415  (0.1 s and 30 MB; only a camera that needs it pays for it)

        av.logging.set_level(None)
        options = {
            "rtsp_transport": "udp" if self._udp else "tcp",
            "protocol_whitelist": "rtsp,rtp,udp,tcp",
            "allowed_media_types": "video",
            "timeout": str(round(HANG_S * 1e6)),
            "buffer_size": str(_UDP_BUFFER),
            "analyzeduration": "0",
            "probesize": "32",
        }
        why = ""
        try:
            with av.open(url, format="rtsp", options=options, timeout=(HANG_S, HANG_S)) as container:
                return self._packets(container)
        except av.error.HTTPUnauthorizedError:
            return FeedCredentials("the camera refuses user or password")
        except av.error.ExitError:
            why = f"nothing came for {HANG_S} s"
        except av.FFmpegError as error:
            why = error.strerror or type(error).__name__
        return FeedUnreachable(f"the second backend cannot read the camera: {why}")

    def _packets(self, container: "InputContainer") -> FeedError:
        """Queue the packets of an open stream; return why they ended."""
        if not container.streams.video:
            return FeedProtocol("the camera describes no video")
        stream = container.streams.video[0]
        context = stream.codec_context
        payload = _FORMATS.get(context.name)
        if payload is None:
            return FeedProtocol(f"the camera sends {context.name}, not H.264 or H.265")
        extra, clock_hz = context.extradata or b"", stream.time_base.denominator if stream.time_base else CLOCK_HZ
        self._tell(lambda: self._opened(payload, clock_hz, extra))
        for packet in container.demux(stream):
            if self.step is Step.OVER:
                break
            if packet.size:
                self._queue(bytes(packet), packet.pts)
        return FeedUnreachable("the camera ended the stream")

    def _queue(self, data: bytes, pts: int | None) -> None:
        with self._lock:
            wakes = not self._waiting
            if self._waiting_bytes + len(data) > WAITING_BYTES or len(self._waiting) >= WAITING_UNITS:
                self._left_out += 1
                self._gap = True
                return
            self._waiting.append((data, pts, self._gap))
            self._waiting_bytes += len(data)
            self._gap = False
        if wakes:
            self._tell(self._fetch)

    def _fetch(self) -> None:
        """Take what waits."""
        with self._lock:
            batch, self._waiting, self._waiting_bytes = self._waiting, deque(), 0
        for data, pts, behind_gap in batch:
            if self.step is Step.OVER:
                return
            self.received_s = self._clock.monotonic_s()
            self.bytes += len(data)
            if self.step is not Step.MEDIA:
                self.step = Step.MEDIA
                self._listener.playing()
            self._awaits_key = self._awaits_key or behind_gap
            try:
                self._unit(data, pts)
            except FeedProtocol as error:
                self._fail(error)

    def _unit(self, data: bytes, pts: int | None) -> None:
        """Deliver one access unit, as ``Depacketiser`` does: nothing that cannot be decoded, sets in front of keys."""
        self._stamp = pts if pts is not None else self._stamp
        nals = split(data)
        has = self._read(nals)
        key = has & KEY != 0
        lost = (self._awaits_key and not key) or (key and not self._sets.complete)
        if lost or not has & PICTURE or len(data) > UNIT_LIMIT or (has & LEADING and self._skips_leading):
            self._awaits_key = self._awaits_key or lost or len(data) > UNIT_LIMIT
            self._undecodable += 1
            return
        epoch = self._sets.epoch
        if key:
            self._skips_leading, self._awaits_key = self._awaits_key, False
            epoch = self._sets.settle()
            if has & self._format.sets != self._format.sets:
                nals = [*self._sets.nals, *nals]
        stamp = self._stamp & 0xFFFFFFFF
        self._listener.unit(AccessUnit.of(nals, key, self._format.codec, epoch, stamp, self._clock_hz))

    def _read(self, nals: Sequence[bytes]) -> int:
        """Keep the parameter sets among ``nals``; return the sum of their flags up to the first slice."""
        has = 0
        for nal in nals:
            role = self._format.roles[nal[0]]
            has |= role
            if role & PICTURE:
                break
            if role & ANY_SET:
                self._sets.add(nal)
        return has

    def _opened(self, payload: PayloadFormat, clock_hz: int, extra: bytes) -> None:
        if self.step is Step.DESCRIBE:
            self.step = Step.FIRST_PACKET
            self._format, self._clock_hz = payload, clock_hz
            self._sets.begin(payload.codec)
            try:
                self._read(split(extra))
            except FeedProtocol:  # what is wrong here may be right in the stream
                return

    def _tell(self, call: Callable[[], None]) -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:  # the loop is closed, and nobody listens
            return

    def _fail(self, error: FeedError) -> None:
        if self.step is not Step.OVER:
            self.ended_in = self.step
            if self._relay.redirected:
                error = FeedProtocol("the camera sends the second backend elsewhere; such redirects are refused")
            self.close()
            self._listener.failed(error)
