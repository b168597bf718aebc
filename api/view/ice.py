"""Our end of a connection to a browser: bound to the addresses and ports that may be offered, and to no others.

aioice finds the machine's addresses itself, leaves out 127.0.0.1, and lets the kernel choose the port; a firewall wants
a range. No server on the way (STUN, TURN) is ever asked: the network is closed.
"""

import asyncio
import random
import socket
from collections.abc import Sequence

import aioice
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import StunProtocol
from aiortc import RTCIceGatherer

from api.view.rows import RowSocket

RECEIVE_BYTES = 256 * 1024
"""Browsers send reports only; the kernel's default would do."""

SEND_BYTES = 1024 * 1024
"""Asked of the kernel, which gives what it allows; a keyframe of 1080p has 300 KB."""


def port_range(text: str) -> range:
    """Return the ports of ``first-last``, both included; ``0-0`` is an empty range and means any.

    Raises:
        ValueError: it is written otherwise, or is no range of ports.
    """
    first, dash, last = text.partition("-")
    if not (dash and first.isdecimal() and last.isdecimal() and len(first) <= 5 and len(last) <= 5):
        raise ValueError(f"live_ports: want first-last, got {text!r}")
    low, high = int(first), int(last)
    if (low, high) == (0, 0):
        return range(0)
    if not 1024 <= low <= high <= 65535:
        raise ValueError(f"live_ports: want 1024 <= first <= last <= 65535, got {text!r}")
    return range(low, high + 1)


class HostConnection(aioice.Connection):
    """One ICE connection over the addresses and ports given; no addresses means all of this machine but loopback."""

    def __init__(self, addresses: tuple[str, ...], ports: range) -> None:
        super().__init__(ice_controlling=False)
        self._addresses = addresses
        self._ports = ports
        self._rows: dict[StunProtocol, RowSocket] = {}

    def hand_over(self, packets: Sequence[bytes]) -> int:
        """Give packets to the kernel for the browser; return how many are done with (``RowSocket.send``).

        Raises:
            ConnectionError: there is no way to the browser.
        """
        pair = self._nominated.get(1)
        if pair is None:
            raise ConnectionError("not connected")
        return self._rows[pair.protocol].send(packets, pair.remote_addr)

    async def get_component_candidates(
        self,
        component: int,
        addresses: list[str],
        timeout: int = 5,  # noqa: ARG002, ASYNC109 (aioice's name for it; nobody is asked)
    ) -> list[aioice.Candidate]:
        """Bind a socket an address; one that cannot be bound is left out."""
        found = []
        for address in self._addresses or addresses:
            protocol = await self._bind(address)
            if protocol is None:
                continue
            host, port = protocol.transport.get_extra_info("sockname")[:2]
            protocol.local_candidate = aioice.Candidate(
                foundation=candidate_foundation("host", "udp", host),
                component=component,
                transport="udp",
                priority=candidate_priority(component, "host"),
                host=host,
                port=port,
                type="host",
            )
            self._protocols.append(protocol)
            found.append(protocol.local_candidate)
        return found

    async def _bind(self, address: str) -> StunProtocol | None:
        loop = asyncio.get_running_loop()
        ports = random.sample(self._ports, len(self._ports)) or [0]
        for port in ports:
            sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
            try:
                sock.setblocking(False)
                sock.bind((address, port))
            except OSError:
                sock.close()
                continue
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BYTES)
            _, protocol = await loop.create_datagram_endpoint(lambda: StunProtocol(self), sock=sock)
            self._rows[protocol] = RowSocket(sock)
            return protocol
        return None


class HostGatherer(RTCIceGatherer):
    """aiortc's gatherer over a ``HostConnection``, which stays reachable as ``host``."""

    def __init__(self, addresses: tuple[str, ...], ports: range) -> None:
        super().__init__(iceServers=[])
        self.host = HostConnection(addresses, ports)
        self._connection = self.host
