"""Media over UDP: one pair of sockets for all clients; RTP and sender reports go out, receiver reports come in."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

from ingest.simulate.rtp import Stamped

TRIES = 50
"""Attempts to find an even port with a free one behind it."""

Address = tuple[str, int]


class UdpPair:
    """The server's RTP and RTCP ports, opened at the first client that wants them.

    Args:
        host: address to bind.
        heard: told who sent which RTCP packet.
    """

    def __init__(self, host: str, heard: Callable[[Address, bytes], None]) -> None:
        self._host = host
        self._heard = heard
        self._sockets: tuple[socket.socket, socket.socket] | None = None

    def ports(self) -> tuple[int, int]:
        """Return the ports; call it on the event loop.

        Raises:
            OSError: there are none left.
        """
        if self._sockets is None:
            self._sockets = _pair(self._host)
            asyncio.get_running_loop().add_reader(self._sockets[1], self._read)
        return self._sockets[0].getsockname()[1], self._sockets[1].getsockname()[1]

    def send(self, frame: Stamped, to: Address) -> None:
        """Send each packet of the frame; what does not fit into the kernel's buffer is lost, as on a network."""
        assert self._sockets is not None
        data = frame.data.data
        begins = frame.headers.tolist()
        ends = [at - 4 for at in begins[1:]] + [len(data)]
        with suppress(OSError):
            for begin, end in zip(begins, ends, strict=True):
                self._sockets[0].sendto(data[begin:end], to)

    def report(self, data: bytes, to: Address) -> None:
        """Send an RTCP packet."""
        assert self._sockets is not None
        with suppress(OSError):
            self._sockets[1].sendto(data, to)

    def close(self) -> None:
        """Give the ports back; call it on the event loop."""
        if self._sockets is not None:
            asyncio.get_running_loop().remove_reader(self._sockets[1])
            for each in self._sockets:
                each.close()
            self._sockets = None

    def _read(self) -> None:
        assert self._sockets is not None
        with suppress(OSError):
            data, who = self._sockets[1].recvfrom(2048)
            self._heard(who, data)


def _pair(host: str) -> tuple[socket.socket, socket.socket]:
    for _ in range(TRIES):
        first = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        second = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            first.bind((host, 0))
            port = first.getsockname()[1]
            if port % 2 == 0:
                second.bind((host, port + 1))
                first.setblocking(False)
                second.setblocking(False)
                return first, second
        except OSError:
            pass
        first.close()
        second.close()
    raise OSError("no two neighbouring UDP ports are free")
