"""One browser watching one camera: connected by ICE and DTLS, sent to until it leaves, is silent, or may not any more.

aiortc's parts are used one by one: its peer connection would offer its own codecs, addresses and servers.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiortc import (
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    RTCIceParameters,
    RTCIceTransport,
)
from aiortc.sdp import candidate_to_sdp

from api.live.tasks import cancelled
from api.view.feed import ViewFeed
from api.view.ice import HostGatherer
from api.view.sdp import Offer, write_answer
from api.view.sender import Sender, TooSlow

log = logging.getLogger(__name__)
logging.getLogger("aioice").setLevel(logging.WARNING)  # it notes every check with the viewer's address

CONNECT_S = 15.0
"""A browser that got the answer has connected within this."""

SILENT_S = 10.0
"""A browser reports about once a second; after this it is gone. ICE alone would notice after 30 s (RFC 7675)."""

LOOK_S = 1.0
ALLOWED_S = 5.0
"""How often it is asked whether the viewer still may."""

CLOSE_S = 1.0
"""How long saying good-bye may take."""


class NoAddress(ConnectionError):
    """None of this machine's addresses could be bound."""


@dataclass(frozen=True, slots=True)
class Viewed:
    """Who watches what. ``allowed`` is asked now and then whether that may go on."""

    id: str
    device: str
    who: str
    session: str
    allowed: Callable[[], Awaitable[bool]]


class ViewSession:
    """``answer`` once, then ``run`` until it returns the reason why it ended."""

    def __init__(self, viewed: Viewed, feed: ViewFeed, addresses: tuple[str, ...], ports: range) -> None:
        self.viewed = viewed
        self.feed = feed
        self._gatherer = HostGatherer(addresses, ports)
        self._ice = RTCIceTransport(self._gatherer)
        self._dtls = RTCDtlsTransport(self._ice, [RTCCertificate.generateCertificate()])
        self._offer: Offer | None = None
        self._sender: Sender | None = None

    async def answer(self, offer: Offer) -> str:
        """Bind our sockets and return the answer.

        Raises:
            NoAddress: there is nothing to offer.
        """
        await self._gatherer.gather()
        candidates = self._gatherer.getLocalCandidates()
        if not candidates:
            await self._ice.stop()
            raise NoAddress("no address of this machine can be offered")
        self._offer = offer
        stream = f"kakou-{secrets.token_hex(4)}"
        sender = self._sender = Sender(self._dtls, self._gatherer.host, offer.payload_type, stream)
        self._dtls._set_role("client" if offer.passive else "server")
        ours = self._gatherer.getLocalParameters()
        return write_answer(
            offer,
            user=ours.usernameFragment or "",
            password=ours.password or "",
            fingerprints=[(each.algorithm, each.value) for each in self._dtls.getLocalParameters().fingerprints],
            candidates=[candidate_to_sdp(each) for each in candidates],
            ssrc=sender.ssrc,
            stream=stream,
        )

    async def run(self) -> str:
        """Connect and send; return why it ended. Everything is closed then, also when cancelled."""
        assert self._offer is not None
        assert self._sender is not None
        tasks: list[asyncio.Task[str]] = []
        try:
            if not await self._connect(self._offer):
                return "not connected"
            self.feed.join(self._sender.offer)
            tasks = [asyncio.create_task(self._send(self._sender)), asyncio.create_task(self._watch(self._sender))]
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return done.pop().result()
        except (OSError, ValueError) as error:
            log.warning("view.failed device=%s: %s", self.viewed.device, error)
            return "the ring cannot be read"
        finally:
            self.feed.leave(self._sender.offer)
            await cancelled(*tasks)
            await self.close()

    async def close(self) -> None:
        """Say good-bye and release the sockets."""
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._dtls.stop()
        except TimeoutError:
            log.warning("view.close_stuck device=%s", self.viewed.device)
        await self._ice.stop()

    async def _connect(self, offer: Offer) -> bool:
        theirs = RTCDtlsParameters([RTCDtlsFingerprint(*each) for each in offer.fingerprints])
        try:
            async with asyncio.timeout(CONNECT_S):
                await self._ice.start(RTCIceParameters(offer.user, offer.password))
                if self._ice.state == "completed":
                    await self._dtls.start(theirs)
        except TimeoutError:
            return False
        return self._dtls.state == "connected"

    async def _send(self, sender: Sender) -> str:
        try:
            await sender.run()
        except TooSlow:
            return "too slow"
        except ConnectionError:
            return "left"

    async def _watch(self, sender: Sender) -> str:
        loop = asyncio.get_running_loop()
        asked_s = loop.time()
        while True:
            await asyncio.sleep(LOOK_S)
            if self._dtls.state != "connected" or self._ice.state != "completed":
                return "left"
            if loop.time() - sender.heard_s > SILENT_S:
                return "silent"
            if not self.feed.reading:
                return "the ring cannot be read"
            if loop.time() - asked_s >= ALLOWED_S:
                asked_s = loop.time()
                if not await self.viewed.allowed():
                    return "no longer allowed"
