"""One connection with cameras of all characters; deadlines are reached by asking with a later time."""

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camera_config.clock import SystemClock
from camera_config.errors import FeedCredentials, FeedError, FeedProtocol, FeedUnreachable
from ingest.access_unit import ParameterSets
from ingest.auth import Credentials
from ingest.connection import ANSWER_S, KEEPALIVE_S, Connection, Step
from ingest.rtsp import parse_target
from tests.support.listening import Ear, connected
from tests.support.scripted_rtsp import Script, media_of
from tests.support.tiny_h264 import annex_b, encode
from tests.support.waiting import until

CLOCK = SystemClock()


async def test_the_pictures_are_those_sent() -> None:
    clip = encode()
    async with connected(Script(media=media_of(clip))) as (_camera, connection, ear):
        await ear.count(10)
        assert [unit.payload for unit in ear.units] == [annex_b(unit) for unit in clip]
        assert ear.plays == 1
        assert connection.step is Step.MEDIA
        assert connection.lost == 0


async def test_a_camera_may_choose_its_channel_and_speak_before_it_answers() -> None:
    clip = encode()
    async with connected(Script(media=media_of(clip, 4), channel=4, early=3)) as (_camera, connection, ear):
        await ear.count(10)
        assert len(ear.units) == 10
        assert connection.step is Step.MEDIA


async def test_requests_and_foreign_channels_between_packets_disturb_nothing() -> None:
    clip = encode()
    rows = media_of(clip)
    rows[3:3] = [b"$\x01\x00\x04rtcp", b"OPTIONS rtsp://x RTSP/1.0\r\nCSeq: 3\r\n\r\n", b"$\x09\x00\x00"]
    async with connected(Script(media=rows)) as (_camera, _connection, ear):
        await ear.count(10)
        assert len(ear.units) == 10


async def test_a_session_is_ended_with_teardown() -> None:
    async with connected(Script(media=media_of(encode()))) as (camera, connection, ear):
        await ear.count(10)
        connection.close()
        await until(lambda: not camera._writers)
        assert ear.error is None


@pytest.mark.parametrize("auth", ["digest", "basic"])
async def test_user_and_password_open_the_camera(auth: str) -> None:
    async with connected(Script(media=media_of(encode()), auth=auth), Credentials("admin", "hunter2")) as parts:
        camera, _connection, ear = parts
        await ear.count(10)
        assert len(ear.units) == 10
        assert all("hunter2" not in head for head in camera.requests)


async def test_a_camera_with_a_new_nonce_for_every_request_is_answered_each_time() -> None:
    script = Script(media=media_of(encode()), auth="digest", fresh_nonces=True)
    async with connected(script, Credentials("admin", "hunter2")) as (_camera, _connection, ear):
        await ear.count(10)
        assert len(ear.units) == 10


@pytest.mark.parametrize("who", [None, Credentials("admin", "wrong-hunter2")])
async def test_a_wrong_password_is_tried_once_and_never_shown(who: Credentials | None) -> None:
    async with connected(Script(auth="digest"), who) as (camera, _connection, ear):
        error = await ear.fails()
        assert isinstance(error, FeedCredentials)
        assert "hunter2" not in str(error)
        assert camera.count("DESCRIBE") <= 2


@pytest.mark.parametrize(
    ("method", "answer", "kind", "says"),
    [
        ("DESCRIBE", b"RTSP/1.0 404 Not Found\r\nCSeq: CSEQ\r\n\r\n", FeedProtocol, "404"),
        ("DESCRIBE", b"RTSP/1.0 302 Moved\r\nLocation: rtsp://elsewhere/\r\n\r\n", FeedProtocol, "redirects"),
        ("DESCRIBE", b"RTSP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nv=0", FeedProtocol, "no H.264"),
        ("DESCRIBE", b"HTTP/1.1 400 Bad Request\r\n\r\n", FeedProtocol, "not RTSP"),
        ("SETUP", b"RTSP/1.0 461 Unsupported\r\n\r\n", FeedProtocol, "461"),
        ("SETUP", b"RTSP/1.0 200 OK\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n", FeedProtocol, "session"),
        ("SETUP", b"RTSP/1.0 200 OK\r\nSession: 1\r\nTransport: RTP/AVP;client_port=4-5\r\n\r\n", FeedProtocol, "TCP"),
        ("PLAY", b"REDIRECT rtsp://x RTSP/1.0\r\nCSeq: 1\r\n\r\n", FeedProtocol, "redirects"),
        ("PLAY", b"RTSP/1.0 503 Busy\r\n\r\n", FeedProtocol, "503"),
    ],
)
async def test_an_odd_answer_is_said_in_words(method: str, answer: bytes, kind: type[FeedError], says: str) -> None:
    async with connected(Script(answers={method: answer})) as (_camera, _connection, ear):
        error = await ear.fails()
        assert isinstance(error, kind)
        assert says in str(error)


@pytest.mark.parametrize("method", ["DESCRIBE", "SETUP", "PLAY"])
async def test_silence_after_any_request_has_an_end(method: str) -> None:
    async with connected(Script(answers={method: None})) as (camera, connection, ear):
        await camera.until(lambda seen: seen.count(method) == 1)
        connection.tick(CLOCK.monotonic_s() + ANSWER_S - 0.5)
        assert ear.error is None
        connection.tick(CLOCK.monotonic_s() + ANSWER_S)
        assert isinstance(ear.error, FeedUnreachable)
        assert method in str(ear.error)
        assert connection.step is Step.OVER


async def test_a_camera_that_plays_nothing_has_an_end() -> None:
    async with connected(Script()) as (camera, connection, ear):
        await camera.until(lambda seen: seen.count("PLAY") == 1)
        await until(lambda: connection.step is Step.FIRST_PACKET)
        connection.tick(CLOCK.monotonic_s() + ANSWER_S)
        assert connection.ended_in is Step.FIRST_PACKET
        assert isinstance(ear.error, FeedUnreachable)


async def test_the_end_of_a_live_stream_is_a_failure() -> None:
    async with connected(Script(media=media_of(encode()), after="close")) as (_camera, _connection, ear):
        assert isinstance(await ear.fails(), FeedUnreachable)
        assert len(ear.units) == 10


async def test_the_session_is_kept_alive_at_half_its_life_by_what_the_camera_knows() -> None:
    refusal = b"RTSP/1.0 501 Not Implemented\r\nCSeq: CSEQ\r\n\r\n"
    script = Script(media=media_of(encode()), session="Session: 7;timeout=10", answers={"GET_PARAMETER": refusal})
    async with connected(script) as (camera, connection, ear):
        await ear.count(10)
        now_s = CLOCK.monotonic_s()
        connection.tick(now_s + 4.0)
        assert camera.count("GET_PARAMETER") == 0
        connection.tick(now_s + 5.1)
        await camera.until(lambda seen: seen.count("GET_PARAMETER") == 1)
        assert "Session: 7" in camera.requests[-1]
        await camera.until(lambda seen: seen.count("OPTIONS") == 1)  # at once: later the session may be over
        connection.tick(now_s + 5.2)
        connection.tick(now_s + 5.1 + KEEPALIVE_S)
        await camera.until(lambda seen: seen.count("OPTIONS") == 2)
        assert camera.count("GET_PARAMETER") == 1
        assert ear.error is None


async def test_a_keepalive_whose_nonce_is_stale_is_sent_again_at_once_and_only_once() -> None:
    stale = (
        b"RTSP/1.0 401 Unauthorized\r\nCSeq: CSEQ\r\n"
        b'WWW-Authenticate: Digest realm="x", nonce="new", stale=true\r\n\r\n'
    )
    script = Script(media=media_of(encode()), answers={"GET_PARAMETER": stale})
    async with connected(script, Credentials("admin", "hunter2")) as (camera, connection, ear):
        await ear.count(10)
        now_s = CLOCK.monotonic_s() + KEEPALIVE_S
        connection.tick(now_s)
        await camera.until(lambda seen: seen.count("GET_PARAMETER") == 2)
        assert 'nonce="new"' in camera.requests[-1]
        received = connection.bytes
        camera.send(b"RTSP/1.0 200 OK\r\nCSeq: 99\r\n\r\n")
        await until(lambda: connection.bytes > received)
        assert camera.count("GET_PARAMETER") == 2
        assert ear.error is None


async def test_a_session_shorter_than_the_pause_between_reports_is_kept_alive() -> None:
    script = Script(media=media_of(encode()), session="Session: 7;timeout=2")
    async with connected(script) as (camera, connection, ear):
        await ear.count(10)
        now_s = CLOCK.monotonic_s()
        for number in (1, 2, 3):
            connection.tick(now_s + 1.1 * number)
            await camera.until(lambda seen: seen.count("GET_PARAMETER") == number)  # noqa: B023


async def test_random_bytes_in_place_of_video_end_the_connection() -> None:
    noise = random.Random(1).randbytes(300_000)
    async with connected(Script(media=[*media_of(encode()), noise])) as (_camera, _connection, ear):
        assert isinstance(await ear.fails(), FeedError)


class Wire(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = False
        self.sent = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += bytes(data)

    def get_write_buffer_size(self) -> int:
        return 0

    def abort(self) -> None:
        self.closed = True

    def close(self) -> None:
        self.closed = True


SDP = b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n"
HELLO = [
    b"RTSP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(SDP), SDP),
    b"RTSP/1.0 200 OK\r\nSession: 1\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n",
    b"RTSP/1.0 200 OK\r\n\r\n",
]


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 3), st.lists(st.one_of(st.binary(max_size=60), st.sampled_from(HELLO)), max_size=12), st.data())
def test_any_bytes_at_any_step_end_in_a_feed_error_and_bounded_memory(
    steps: int, noise: list[bytes], data: st.DataObject
) -> None:
    ear = Ear()
    connection = Connection(parse_target("rtsp://127.0.0.1/x"), None, ParameterSets(), ear, CLOCK)
    wire = Wire()
    connection.connection_made(wire)
    stream = b"".join(HELLO[:steps]) + b"".join(noise) + data.draw(st.binary(max_size=30)) * 20
    while stream and ear.error is None:
        size = data.draw(st.integers(1, 200))
        buffer = connection.get_buffer(-1)
        assert len(buffer) >= 256 * 1024
        piece, stream = stream[:size], stream[size:]
        buffer[: len(piece)] = piece
        connection.buffer_updated(len(piece))
        assert len(connection._rest) < 100_000
    assert ear.error is None or (isinstance(ear.error, FeedError) and wire.closed)


def test_a_head_that_never_ends_is_not_kept() -> None:
    ear = Ear()
    connection = Connection(parse_target("rtsp://127.0.0.1/x"), None, ParameterSets(), ear, CLOCK)
    connection.connection_made(Wire())
    for _ in range(100):
        piece = b"RTSP/1.0 200 OK\r\nX: " + b"y" * 1000
        connection.get_buffer(-1)[: len(piece)] = piece
        connection.buffer_updated(len(piece))
        if ear.error is not None:
            break
    assert isinstance(ear.error, FeedProtocol)
