"""Packets over real sockets: in rows or one by one, all arrive as they were, in order."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.view.rows import ROW, RowSocket, row_end

SO_NO_CHECK = 11
"""Without checksums the kernel refuses rows (linux/net/ipv4/udp.c)."""

SIZES = [1328] * 70 + [90, 40, 1328, 1328, 700, 1328, 5, 5, 6]


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours, socket.socket(type=socket.SOCK_DGRAM) as theirs:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        theirs.settimeout(5)
        for each in (ours, theirs):
            each.bind(("127.0.0.1", 0))
        ours.setblocking(False)
        yield ours, theirs


def packets() -> list[bytes]:
    return [bytes([number]) * size for number, size in enumerate(SIZES)]


def test_all_in_a_row_are_equally_long_and_only_the_last_is_shorter() -> None:
    sent, begin, rows = packets(), 0, []
    while begin < len(sent):
        end = row_end(sent, begin)
        rows.append([len(packet) for packet in sent[begin:end]])
        begin = end
    assert [len(row) for row in rows] == [32, 32, 7, 1, 3, 2, 1, 1]
    assert [size for row in rows for size in row] == SIZES
    assert max(map(len, rows)) <= ROW


@pytest.mark.parametrize("checksums", [True, False])
def test_all_arrive_as_they_were_whether_the_kernel_takes_rows_or_not(
    pair: tuple[socket.socket, socket.socket], checksums: bool
) -> None:
    ours, theirs = pair
    ours.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, not checksums)
    rows = RowSocket(ours)
    assert rows.send(packets(), theirs.getsockname()) == len(SIZES)
    assert [theirs.recv(2000) for _ in SIZES] == packets()
    assert rows.in_rows is checksums


def test_what_the_kernel_has_no_room_for_is_left_to_the_caller(tmp_path: Path) -> None:
    address = str(tmp_path / "full")
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ours,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as full,
    ):
        full.bind(address)
        full.settimeout(5)
        ours.setblocking(False)
        rows = RowSocket(ours)
        sent, left = packets() * 20, packets() * 20
        came: list[bytes] = []
        while left:
            done = rows.send(left, address)  # type: ignore[arg-type]  # where a socket of this kind is
            assert done < len(sent), "it has never room for all"
            left = left[done:]
            came += [full.recv(2000) for _ in range(done)]
        assert came == sent


def test_a_packet_that_cannot_be_sent_is_lost_and_the_rest_goes_on(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, _ = pair
    assert RowSocket(ours).send(packets(), ("240.0.0.1", 9)) == len(SIZES)
