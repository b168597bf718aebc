"""What the kernel gathers before it wakes us, on real sockets: fewer wake-ups, and nothing is late for long."""

import array
import fcntl
import select
import socket
import termios
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from ingest.gather import GATHER_S, MOST_BYTES, SILENCE_S, SURE, Gatherer
from tests.support.waiting import until


@dataclass
class Coming:
    """A stream of pictures of 1,000 bytes and keyframes of 200,000."""

    key_bytes: int = 200_000
    usual_bytes: int = 1_000
    key_begun: int = -1


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
        with ours, theirs:
            yield ours, theirs


def asked(sock: socket.socket) -> int:
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT)


def waiting(sock: socket.socket) -> int:
    """Bytes that the kernel holds for us."""
    held = array.array("i", [0])
    fcntl.ioctl(sock, termios.FIONREAD, held)
    return held[0]


def wakes(sock: socket.socket) -> bool:
    return bool(select.select([sock], [], [], 0)[0])


async def test_pictures_wait_for_others_and_are_handed_over_together(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    gatherer = Gatherer(ours)
    gatherer.look(Coming(), 25.0, 0.0)
    gatherer.received(Coming())
    assert asked(ours) == 25 * 1_000 * GATHER_S
    theirs.send(bytes(1_000))
    await until(lambda: waiting(ours) == 1_000)
    assert not wakes(ours)
    theirs.send(bytes(4_200))
    await until(lambda: wakes(ours))


async def test_after_a_silence_what_is_there_is_handed_over(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    gatherer = Gatherer(ours)
    gatherer.look(Coming(), 25.0, 0.0)
    gatherer.received(Coming())
    theirs.send(bytes(10))
    await until(lambda: waiting(ours) == 10)
    assert not wakes(ours)
    gatherer.look(Coming(), 25.0, SILENCE_S + 0.1)
    await until(lambda: wakes(ours))


def test_of_a_keyframe_half_of_what_is_still_expected_is_waited_for(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, _ = pair
    gatherer = Gatherer(ours)
    gatherer.look(Coming(), 25.0, 0.0)
    sizes = []
    for begun in (0, 100_000, 150_000, 190_000, 260_000):
        gatherer.received(Coming(key_begun=begun))
        sizes.append(asked(ours))
    expected = 200_000 * SURE
    assert sizes[:3] == [expected / 2, (expected - 100_000) / 2, (expected - 150_000) / 2]
    assert sizes[3:] == [5_000, 5_000]
    gatherer.received(Coming(key_bytes=10**7, key_begun=0))
    assert asked(ours) == MOST_BYTES


def test_a_stream_of_unknown_rate_is_never_waited_for(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, _ = pair
    gatherer = Gatherer(ours)
    gatherer.look(Coming(), 0.0, 0.0)
    gatherer.received(Coming(key_begun=0))
    assert asked(ours) == 1
