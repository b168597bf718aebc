"""Cameras that lie, talk without end, or do not listen: the connection ends in words, and keeps little meanwhile."""

import asyncio
import random
import socket
import struct
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from camera_config.clock import SystemClock
from camera_config.errors import FeedCredentials, FeedError, FeedProtocol, FeedTransport, FeedUnreachable
from ingest.access_unit import ParameterSets
from ingest.auth import Credentials
from ingest.connection import ANSWER_S, HANDSHAKE_S, Connection, Step
from ingest.rtcp import REPORT_S
from ingest.rtsp import BODY_LIMIT, HEAD_LIMIT, parse_target
from tests.ingest.test_rtcp import goodbye, sender_report
from tests.support.listening import Ear, connected
from tests.support.scripted_rtsp import Script, media_of
from tests.support.tiny_h264 import encode, interleaved, packets, rtp
from tests.support.waiting import until

CLOCK = SystemClock()
WHO = Credentials("admin", "hunter2")
OK = b"RTSP/1.0 200 OK\r\nCSeq: CSEQ\r\n"


@asynccontextmanager
async def deaf_camera() -> AsyncIterator[tuple[socket.socket, Connection, Ear]]:
    """A connection to a camera that reads nothing; what it says is sent by hand."""
    loop, ear = asyncio.get_running_loop(), Ear()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        server.setblocking(False)
        target = parse_target(f"rtsp://127.0.0.1:{server.getsockname()[1]}/x")
        connection = Connection(target, None, ParameterSets(), ear, CLOCK)
        await connection.connect(loop)
        camera, _ = await loop.sock_accept(server)
        with camera:
            yield camera, connection, ear
            connection.abort()


@pytest.mark.parametrize(
    ("method", "answer", "says"),
    [
        ("DESCRIBE", OK + b"Content-Length: 1000000\r\n\r\nv=0", "body"),
        ("DESCRIBE", OK + b"Content-Length: -5\r\n\r\nv=0", "body"),
        ("DESCRIBE", OK + b"Content-Length: " + b"0" * 8000 + b"5\r\n\r\nv=0\r\n", "body"),
        ("DESCRIBE", OK + b"Content-Length: \xb2\r\n\r\nv=0", "body"),
        ("DESCRIBE", OK + b"X: " + b"y" * 2_000_000 + b"\r\n\r\n", "head"),
        ("DESCRIBE", OK + b"a:\r\n" * 2000 + b"\r\n", "lines"),
        ("DESCRIBE", b"\x00" * 3_000_000, "not RTSP"),
        ("DESCRIBE", OK.replace(b"CSEQ", b"1") * 3 + b"\r\n", "H.264"),
        ("SETUP", OK + b"Session: a\rEvil: 1\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n", "no session"),
        ("SETUP", OK + b"Session: a\nEvil: 1\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n", "no session"),
        ("SETUP", OK + b"Session: " + b"7" * 300 + b"\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n", "no session"),
        ("SETUP", OK + b"Session: 1\r\nTransport: RTP/AVP/TCP;interleaved=300-301\r\n\r\n", "channels 300"),
        ("SETUP", OK + b"Session: 1\r\nTransport: RTP/AVP/TCP;interleaved=4-4\r\n\r\n", "channels 4"),
        ("PLAY", b"OPTIONS rtsp://x RTSP/1.0\r\nCSeq: \xb2\r\n\r\n" * 300, "talks and talks"),
        ("PLAY", b"RTSP/1.0 200 OK\r\nCSeq: 99\r\n\r\n" * 300, "talks and talks"),
    ],
)
async def test_a_lie_is_said_in_words(method: str, answer: bytes, says: str) -> None:
    async with connected(Script(answers={method: answer})) as (_camera, connection, ear):
        error = await ear.fails()
        assert isinstance(error, FeedProtocol)
        assert says in str(error)
        assert len(connection._rest) < 100_000


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("SETUP", b"RTSP/1.0 461 Unsupported Transport\r\nCSeq: CSEQ\r\n\r\n"),
        ("SETUP", OK + b"Session: 1\r\nTransport: RTP/AVP;unicast;client_port=4-5;server_port=6-7\r\n\r\n"),
        ("DESCRIBE", OK + b"Content-Length: 48\r\n\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 MP4V-ES/90000\r\n"),
    ],
)
async def test_what_another_client_may_take_is_told_apart(method: str, answer: bytes) -> None:
    async with connected(Script(answers={method: answer})) as (_camera, _connection, ear):
        assert isinstance(await ear.fails(), FeedTransport)


@pytest.mark.parametrize(
    "flood",
    [
        interleaved(bytes(60_000), 0) * 20,
        interleaved(b"early", 7) * 50_000,
        b"RTSP/1.0 200 OK\r\nCSeq: 77\r\n\r\n" * 5_000,
    ],
    ids=["media nobody asked for", "a foreign channel", "answers to nothing"],
)
async def test_megabytes_before_the_answer_are_not_kept_and_have_an_end(flood: bytes) -> None:
    async with connected(Script(answers={"DESCRIBE": flood})) as (camera, connection, ear):
        await until(lambda: ear.error or connection.bytes >= len(flood))
        assert len(connection._rest) < 100_000
        connection.tick(CLOCK.monotonic_s() + ANSWER_S)
        assert isinstance(await ear.fails(), FeedError)
        assert not ear.units
        assert camera.count("SETUP") == 0


async def test_an_answer_with_a_wrong_number_is_no_answer() -> None:
    wrong = b"RTSP/1.0 200 OK\r\nCSeq: 9\r\nContent-Length: 0\r\n\r\n"
    async with connected(Script(answers={"DESCRIBE": wrong})) as (camera, connection, ear):
        await until(lambda: connection.bytes >= len(wrong))
        assert connection.step is Step.DESCRIBE
        assert ear.error is None
        camera.send(b"RTSP/1.0 404 Not Found\r\nCSeq: 1\r\n\r\n")
        assert "404" in str(await ear.fails())


async def test_media_between_setup_and_the_answer_to_play_are_taken_and_before_setup_left() -> None:
    clip = encode()
    early = b"".join(media_of(clip, sequence=100)[:2])
    async with connected(Script(media=media_of(clip), early=10)) as (camera, _connection, ear):
        camera.send(early)
        await ear.count(10)
        assert len(ear.units) == 10


@pytest.mark.parametrize("stale", ["", ", stale=true"])
async def test_a_camera_that_asks_for_the_password_for_ever_gets_few_answers(stale: str) -> None:
    again = [
        f'RTSP/1.0 401 Unauthorized\r\nCSeq: CSEQ\r\nWWW-Authenticate: Digest realm="x", nonce="{n}"{stale}\r\n\r\n'
        for n in range(50)
    ]
    script = Script(answers={"DESCRIBE": [text.encode() for text in again]})
    async with connected(script, WHO) as (camera, _connection, ear):
        error = await ear.fails()
        assert isinstance(error, FeedProtocol if stale else FeedCredentials)
        assert camera.count("DESCRIBE") <= 10


async def test_a_camera_that_answers_byte_by_byte_has_an_end() -> None:
    async with connected(Script(answers={"DESCRIBE": None})) as (_camera, connection, ear):
        start_s = CLOCK.monotonic_s()
        connection._deadline_s = start_s + 1000.0  # as if each answer had come just in time
        connection.tick(start_s + HANDSHAKE_S - 1.0)
        assert ear.error is None
        connection.tick(start_s + HANDSHAKE_S)
        assert isinstance(ear.error, FeedUnreachable)


async def test_a_realm_that_writes_headers_gets_no_answer() -> None:
    asked = b'RTSP/1.0 401 No\r\nCSeq: CSEQ\r\nWWW-Authenticate: Digest realm="x\nEvil: 1", nonce="n"\r\n\r\n'
    async with connected(Script(answers={"DESCRIBE": asked}), WHO) as (camera, _connection, ear):
        assert isinstance(await ear.fails(), FeedProtocol)
        assert not any("Evil" in head for head in camera.requests)


async def test_a_camera_that_asks_and_does_not_read_does_not_fill_our_memory() -> None:
    async with deaf_camera() as (camera, connection, ear):
        assert connection._transport is not None
        connection._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        asks, sent = b"OPTIONS rtsp://x RTSP/1.0\r\nCSeq: 1\r\n\r\n" * 150, 0
        while ear.error is None:
            connection.tick(CLOCK.monotonic_s())  # so that it is not the number of requests that ends it
            await asyncio.get_running_loop().sock_sendall(camera, asks)
            sent += len(asks)
            await until(lambda: connection.bytes == sent or ear.error)  # noqa: B023
            assert sent < 10_000_000
        assert "does not read" in str(ear.error)


async def test_a_session_is_left_at_once_by_a_camera_that_does_not_read() -> None:
    async with deaf_camera() as (_camera, connection, _ear):
        transport = connection._transport
        assert transport is not None
        transport.write(bytes(20_000_000))
        connection.close()
        await until(lambda: connection._transport is None)
        assert transport.is_closing()


class Wire(asyncio.Transport):
    """A transport that keeps nothing."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0

    def abort(self) -> None:
        pass


HELLO = (
    OK.replace(b"CSEQ", b"1")
    + b"Content-Length: 70\r\n\r\n"
    + b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n".ljust(70, b" ")
    + OK.replace(b"CSEQ", b"2")
    + b"Session: 1\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n"
    + OK.replace(b"CSEQ", b"3")
    + b"\r\n"
)


def fragments(count: int, size: int) -> bytes:
    """Return the beginning of a keyframe that never ends, in fragments of ``size`` bytes."""
    rows = [
        interleaved(rtp(b"\x7c" + (b"\x85" if n == 0 else b"\x05") + b"\x80" * size, n, 1, marker=False))
        for n in range(count)
    ]
    return b"".join(rows)


@pytest.mark.parametrize(
    "stream",
    [
        HELLO + fragments(2000, 60_000),
        HELLO + fragments(200_000, 1),
        HELLO + interleaved(bytes(65_000), 9) * 300,
        HELLO + OK.replace(b"CSEQ", b"3") + b"Content-Length: %d\r\n\r\n" % BODY_LIMIT + bytes(BODY_LIMIT - 1),
        HELLO + b"RTSP/1.0 200 OK\r\nX: " + b"y" * (HEAD_LIMIT - 100),
        HELLO + b"".join(interleaved(b"\x80\xc8\xff\xff" + bytes(60_000), 1) for _ in range(300)),
    ],
    ids=["an endless picture", "an endless picture in pieces of a byte", "foreign channel", "body", "head", "reports"],
)
def test_one_connection_keeps_no_more_than_its_bound(stream: bytes) -> None:
    connection = Connection(parse_target("rtsp://127.0.0.1/x"), None, ParameterSets(), Ear(), CLOCK)
    connection.connection_made(Wire())
    dice = random.Random(1)
    tracemalloc.start()
    most, at = 0, 0
    try:
        while at < len(stream) and connection.step is not Step.OVER:
            piece = stream[at : at + dice.choice((100, 60_000, 250_000))]
            at += len(piece)
            connection.get_buffer(-1)[: len(piece)] = piece
            connection.buffer_updated(len(piece))
            del piece
            most = max(most, tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert connection.step in (Step.MEDIA, Step.FIRST_PACKET, Step.OVER)
    assert most < 10_500_000


async def test_reports_are_answered_and_tell_the_cameras_clock() -> None:
    clip = media_of(encode())
    clip[3:3] = [interleaved(sender_report(CLOCK.now().timestamp() + 3600), 1)]
    async with connected(Script(media=clip)) as (_camera, connection, ear):
        await ear.count(10)
        assert connection.clock_offset_s == pytest.approx(3600, abs=5)
        wire = connection._transport
        assert wire is not None
        written: list[bytes] = []
        wire.write = written.append  # type: ignore[assignment]
        now_s = CLOCK.monotonic_s()
        connection.tick(now_s)
        connection.tick(now_s + REPORT_S - 0.5)
        connection.tick(now_s + REPORT_S + 0.1)
        assert [piece[:8] for piece in written] == [b"$\x01\x00\x30\x81\xc9\x00\x07"] * 2
        (highest,) = struct.unpack_from(">I", written[0], 4 + 16)
        assert highest == (sum(map(len, packets(encode(), sequence=65530))) + 65530 - 1) & 0xFFFF


async def test_a_camera_that_says_goodbye_is_believed() -> None:
    clip = [*media_of(encode()), interleaved(goodbye(7), 1)]
    async with connected(Script(media=clip)) as (_camera, _connection, ear):
        error = await ear.fails()
        assert isinstance(error, FeedUnreachable)
        assert "ended the stream" in str(error)
        assert len(ear.units) == 10
