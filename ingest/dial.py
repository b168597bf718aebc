"""Connecting to a camera's host: its name is resolved once, judged, and the address that was judged is connected to."""

import asyncio
import os
import socket
import ssl
from collections.abc import Callable

from camera_config.errors import FeedError, FeedUnreachable
from camera_config.networks import CameraNetworks
from ingest.rtsp import Target
from ingest.tls import TlsPolicy, context_for, why_untrusted

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
) -> None:
    """Connect ``protocol`` to ``target``; it makes sure of the peer and of a pinned certificate itself.

    Raises:
        FeedUnreachable: no address, none where cameras may be, or nobody takes the connection.
        FeedCertificate: the camera's certificate is not trusted, or the file of authorities cannot be read.
    """
    context = context_for(tls.ca_file, pinned=tls.pin is not None) if target.tls else None
    failed: FeedError | None = None
    for address in await addresses(loop, target, networks):
        try:
            await loop.create_connection(
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
            return
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
        raise refusal(next((why for why in refused.values() if why), "it has no address"))
    return allowed


def refusal(why: str) -> FeedUnreachable:
    """Return the error that says why no camera is read from an address."""
    return FeedUnreachable(
        f"not asked: {why}", hint="If it is a camera's, add its network to camera_networks in county.toml."
    )


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or 'no handshake'}"
    if error.errno is None:
        return "no TLS handshake in time" if "handshake" in str(error) else type(error).__name__
    return os.strerror(error.errno)
