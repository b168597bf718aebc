"""Connecting to a camera's host: its name is resolved once, judged, and the address that was judged is connected to."""

import asyncio
import os
import socket
import ssl
from collections.abc import Callable

from camera_config.errors import FeedCertificate, FeedError, FeedUnreachable
from camera_config.networks import CameraNetworks
from ingest.rtsp import Target
from ingest.tls import TlsPolicy, check_pin, context_for, why_untrusted

HANDSHAKE_S = 5.0
"""Longest wait for the TLS handshake."""

GOODBYE_S = 1.0
"""Longest wait for the other side to end TLS in good order."""


async def dial(
    loop: asyncio.AbstractEventLoop,
    protocol: Callable[[], asyncio.BaseProtocol],
    target: Target,
    tls: TlsPolicy,
    networks: CameraNetworks | None,
) -> asyncio.Transport:
    """Connect ``protocol`` to ``target``; before a word is said, ``check_peer`` must agree.

    Raises:
        FeedUnreachable: no address, none where cameras may be, or nobody takes the connection.
        FeedCertificate: the camera's certificate is not trusted, or the file of authorities cannot be read.
    """
    context = context_for(tls.ca_file, pinned=tls.pin is not None) if target.tls else None
    failed: FeedError | None = None
    for address in await addresses(loop, target, networks):
        try:
            transport, _ = await loop.create_connection(
                protocol,
                address,
                target.port,
                ssl=context,
                server_hostname=target.host if context else None,
                ssl_handshake_timeout=HANDSHAKE_S if context else None,
                ssl_shutdown_timeout=GOODBYE_S if context else None,
            )
        except ssl.SSLCertVerificationError as error:
            failed = why_untrusted(error)
        except OSError as error:
            failed = FeedUnreachable(f"no connection to {target.host}:{target.port}: {_why(error)}")
        else:
            return transport
    assert failed is not None
    raise failed


async def addresses(loop: asyncio.AbstractEventLoop, target: Target, networks: CameraNetworks | None) -> list[str]:
    """Return the addresses of the target's host at which cameras may be, at least one, in the resolver's order.

    Raises:
        FeedUnreachable: the name is not known, or all its addresses are refused.
    """
    try:
        found = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise FeedUnreachable(f"the name {target.host} is not known") from None
    named = list(dict.fromkeys(str(info[4][0]) for info in found))
    refused = {address: networks.why_refused(address) if networks else None for address in named}
    allowed = [address for address in named if refused[address] is None]
    if not allowed:
        raise _refusal(next((why for why in refused.values() if why), "it has no address"))
    return allowed


def check_peer(transport: asyncio.Transport, target: Target, tls: TlsPolicy, networks: CameraNetworks | None) -> None:
    """Return if this is where we meant to go, however the connection came about.

    Raises:
        FeedUnreachable: no camera may be at the peer's address.
        FeedCertificate: the connection is not encrypted though it should be, or not the pinned certificate's.
    """
    if networks is not None:
        peer = transport.get_extra_info("peername")
        why = networks.why_refused(str(peer[0])) if peer else "nobody knows who is there"
        if why is not None:
            raise _refusal(why)
    if target.tls:
        encrypted = transport.get_extra_info("ssl_object")
        if encrypted is None:
            raise FeedCertificate("the connection is not encrypted, though the camera's URL says rtsps://")
        check_pin(tls, encrypted.getpeercert(binary_form=True))


def _refusal(why: str) -> FeedUnreachable:
    return FeedUnreachable(
        f"not asked: {why}", hint="If it is a camera's, add its network to camera_networks in county.toml."
    )


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or 'no handshake'}"
    if error.errno is None:
        return "no TLS handshake in time" if "handshake" in str(error) else type(error).__name__
    return os.strerror(error.errno)
