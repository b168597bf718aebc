"""May kakou connect there for a camera? The county's networks, and the addresses that no camera has by accident.

Judge the address that was resolved and is being connected to, not the name: a second DNS answer then changes nothing
(facts/reliability S4).
"""

import ipaddress
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_SPECIAL: tuple[tuple[str, Network], ...] = tuple(
    (what, ipaddress.ip_network(network))
    for what, network in (
        ("loopback", "127.0.0.0/8"),
        ("loopback", "::1/128"),
        ("link-local, where metadata services answer", "169.254.0.0/16"),
        ("link-local", "fe80::/10"),
        ("a metadata service", "fd00:ec2::254/128"),
        ("a metadata service", "100.100.100.200/32"),
        ("multicast or reserved", "224.0.0.0/3"),
        ("multicast", "ff00::/8"),
        ("no host", "0.0.0.0/8"),
        ("no host", "::/128"),
    )
)
"""Refused unless a listed network lies within the range itself: ``0.0.0.0/0`` does not open loopback."""


class CameraNetworks:
    """The networks in which cameras may be; an empty list allows every address that is not special."""

    def __init__(self, listed: Iterable[str]) -> None:
        self._listed: tuple[Network, ...] = tuple(ipaddress.ip_network(network) for network in listed)

    def why_refused(self, address: str) -> str | None:
        """Return why no camera is read from this literal address; None where one may be.

        Raises:
            ValueError: it is not an IP address.
        """
        ip = _plain(address)
        holding = [network for network in self._listed if ip in network]
        for what, special in _SPECIAL:
            if ip in special:
                meant = any(net.version == special.version and net.subnet_of(special) for net in holding)  # type: ignore[arg-type]
                return None if meant else f"{ip} is {what}, and camera_networks does not name it"
        if self._listed and not holding:
            return f"{ip} is outside camera_networks"
        return None


def literal_address(host: str) -> str | None:
    """Return the host of a URL where it is an IP address, None where it is a name."""
    try:
        return str(_plain(host))
    except ValueError:
        return None


def _plain(address: str) -> Address:
    """An IPv4 address stays one however it is wrapped: mapped (::ffff:a.b.c.d), 6to4, or with a zone behind %."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        return ip.ipv4_mapped or ip.sixtofour or ip
    return ip
