"""Where a webhook may go: private networks, never link-local or multicast, this machine only in a demonstration.

The address is resolved by us and the connection made to that address, so that a name cannot mean something else the
second time it is asked for (DNS rebinding).
"""

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

PORTS = {"http": 80, "https": 443}
RESOLVE_S = 3.0

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class TargetRefusedError(ValueError):
    """This URL may not be called."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect: ``url`` names the address, ``host`` is what is asked for and what a certificate must name."""

    url: str
    host: str
    name: str


def check_url(url: str, *, allow_loopback: bool) -> SplitResult:
    """Return the parts of a URL that may be called as far as it can be told without asking the name service.

    Raises:
        TargetRefusedError: not http or https, with credentials, a fragment, or an address that is refused.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise TargetRefusedError(f"not a URL: {error}") from error
    if parts.scheme not in PORTS or not parts.hostname or port == 0:
        raise TargetRefusedError("the URL must be http://host/… or https://host/…")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise TargetRefusedError("the URL must not hold credentials or a fragment")
    try:
        address = ipaddress.ip_address(parts.hostname)
    except ValueError:
        return parts
    _check_address(address, allow_loopback=allow_loopback)
    return parts


async def resolve(url: str, *, allow_loopback: bool) -> Target:
    """Return where to connect; every address of the name must be allowed.

    Raises:
        TargetRefusedError: refused, or the name is not known.
    """
    parts = check_url(url, allow_loopback=allow_loopback)
    assert parts.hostname
    port = parts.port or PORTS[parts.scheme]
    try:
        async with asyncio.timeout(RESOLVE_S):
            found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError) as error:
        raise TargetRefusedError(f"the name is not known: {error}") from error
    addresses = [ipaddress.ip_address(str(info[4][0]).split("%")[0]) for info in found]
    for address in addresses:
        _check_address(address, allow_loopback=allow_loopback)
    first = addresses[0]
    literal = f"[{first}]" if first.version == 6 else str(first)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(f"{parts.scheme}://{literal}:{port}{path}", parts.netloc, parts.hostname)


def _check_address(address: Address, *, allow_loopback: bool) -> None:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_loopback:
        if not allow_loopback:
            raise TargetRefusedError("this machine itself may not be called")
        return
    if address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved:
        raise TargetRefusedError("link-local, multicast and reserved addresses may not be called")
    if not address.is_private:
        raise TargetRefusedError("only addresses of private networks may be called")
