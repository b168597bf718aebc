"""Stands between libav and one camera, so that libav reaches nobody else and its end is ours to choose.

libav can be told neither which addresses it may connect to, nor to leave redirects alone, nor which certificate it must
see, nor to stop: it only ends when it waited long enough, or when its connection ends. So it is given a port of this
machine that is open for one connection, and that connection leads to the camera, which was judged as always.
"""

import asyncio
from collections.abc import Callable
from typing import cast

from camera_config.networks import CameraNetworks
from ingest.dial import check_peer, dial
from ingest.rtsp import Target
from ingest.tls import TlsPolicy

HOST = "127.0.0.1"
_REDIRECT = b"RTSP/1.0 3"


class _End(asyncio.Protocol):
    """One of the relay's two connections: what comes goes to the other, no faster than the other takes it."""

    def __init__(self, *, refuses: bytes = b"", made: Callable[["_End"], None] | None = None) -> None:
        self.other: _End | None = None
        self.transport: asyncio.Transport | None = None
        self.refused = False
        self._refuses = refuses
        self._made = made
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one without saying so
        if self._made is not None:
            self._made(self)

    def data_received(self, data: bytes) -> None:
        if self._refuses:
            seen = self._tail + data
            self.refused = self._refuses in seen
            self._tail = seen[1 - len(self._refuses) :]
        if self.refused or self.other is None or self.other.transport is None:
            self.abort()
        else:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.transport = None
        if self.other is not None:
            self.other.abort()

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()


class Relay:
    """A connection to a camera that can be had once at ``port`` of this machine, without TLS, until ``close``."""

    def __init__(self) -> None:
        self.port = 0
        self._camera = _End(refuses=_REDIRECT)
        self._server: asyncio.Server | None = None
        self._closed = False

    @property
    def redirected(self) -> bool:
        """Whether the camera wanted to send libav elsewhere, by which everything ended."""
        return self._camera.refused

    async def open(
        self, loop: asyncio.AbstractEventLoop, target: Target, tls: TlsPolicy, networks: CameraNetworks | None
    ) -> None:
        """Connect to the camera and open the port.

        Raises:
            FeedError: see ``dial`` and ``check_peer``.
        """
        try:
            transport = await dial(loop, lambda: self._camera, target, tls, networks)
            check_peer(transport, target, tls, networks)
            self._server = await loop.create_server(lambda: _End(made=self._came), HOST, 0, backlog=1)
        except BaseException:
            self.close()
            raise
        self.port = self._server.sockets[0].getsockname()[1]
        if self._closed:
            self.close()

    def close(self) -> None:
        """End both connections."""
        self._closed = True
        if self._server is not None:
            self._server.close()
        self._camera.abort()
        if self._camera.other is not None:
            self._camera.other.abort()

    def _came(self, guest: _End) -> None:
        """Take the first who comes; nobody else is let in."""
        if self._server is not None:
            self._server.close()
        if self._camera.other is not None or self._camera.transport is None:
            guest.abort()
            return
        self._camera.other, guest.other = guest, self._camera
