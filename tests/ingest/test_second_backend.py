"""The second backend against real cameras of both kinds of transport, and against those that hang."""

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest

from camera_config.clock import SystemClock
from camera_config.errors import FeedCertificate, FeedCredentials, FeedProtocol, FeedTransport, FeedUnreachable
from camera_config.networks import CameraNetworks
from ingest import second_backend
from ingest.access_unit import ParameterSets
from ingest.auth import Credentials
from ingest.connection import Connection, Step
from ingest.rtsp import parse_target
from ingest.second_backend import HANG_S, THREADS, PyavPull
from ingest.simulate.certificate import self_signed
from ingest.simulate.faults import Fault
from ingest.simulate.mount import Mount
from ingest.simulate.server import CameraServer
from ingest.tls import TlsPolicy
from tests.support.listening import LOOPBACK, Ear
from tests.support.receiving import source
from tests.support.scripted_rtsp import Script, ScriptedCamera, media_of
from tests.support.tiny_h264 import annex_b, encode, packets, parameter_sets
from tests.support.waiting import until

CLOCK = SystemClock()
WHO = Credentials("admin", "hunter2")


def threads() -> int:
    return sum(thread.name == "second-backend" for thread in threading.enumerate())


@asynccontextmanager
async def pulled(
    script: Script, who: Credentials | None = None, ear: Ear | None = None, **kwargs: Any
) -> AsyncIterator[tuple[ScriptedCamera, PyavPull, Ear]]:
    ear = ear or Ear()
    async with ScriptedCamera(script) as camera:
        pull = PyavPull(parse_target(camera.url), who, ParameterSets(), ear, CLOCK, **{"udp": False, **kwargs})
        await pull.connect(asyncio.get_running_loop())
        yield camera, pull, ear
        pull.close()
    await until(lambda: threads() == 0, HANG_S + 0.5)


async def test_the_units_are_those_our_own_client_makes() -> None:
    script = Script(media=media_of(encode(frames=20, gop=5)), auth="digest")
    async with pulled(script, WHO) as (camera, pull, ear):
        await ear.count(19)  # libav keeps the last until the next begins
        own = Ear()
        connection = Connection(parse_target(camera.url), WHO, ParameterSets(), own, CLOCK)
        await connection.connect(asyncio.get_running_loop())
        await own.count(20)
        connection.close()
        for theirs, ours in zip(ear.units, own.units, strict=False):
            assert theirs.payload == ours.payload
            assert (theirs.key, theirs.codec, theirs.epoch) == (ours.key, ours.codec, ours.epoch)
            assert (theirs.size, theirs.clock_hz) == (ours.size, ours.clock_hz)
        assert {b.rtp_time - a.rtp_time for a, b in pairwise(ear.units)} == {3600}
        assert (pull.step, pull.via, ear.plays, pull.dropped, pull.lost) == (Step.MEDIA, "pyav", 1, 0, 0)
        assert 0 < pull.received_s <= CLOCK.monotonic_s()
        assert pull.bytes == sum(unit.size for unit in ear.units)
    assert ear.error is None


async def test_parameter_sets_of_the_description_alone_stand_in_front_of_each_keyframe() -> None:
    clip = encode()
    bare = [[nal for nal in unit if nal[0] & 31 in (1, 5)] for unit in clip]
    async with pulled(Script(media=media_of(bare), clip=clip)) as (_camera, _pull, ear):
        await ear.count(9)
    sets = list(parameter_sets(clip))
    want = [annex_b([*sets, *unit] if unit[0][0] & 31 == 5 else unit) for unit in bare]
    assert [unit.payload for unit in ear.units] == want[:9]


async def test_a_camera_that_sends_by_udp_only_is_refused_by_ours_and_read_by_this(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(second_backend, "HANG_S", 600.0)
    server = CameraServer({"cam-1": Mount(source(), credentials=WHO, carriage="udp")})
    port = await server.start()
    url = f"rtsp://127.0.0.1:{port}/cam-1"
    try:
        own = Ear()
        connection = Connection(parse_target(url), WHO, ParameterSets(), own, CLOCK)
        await connection.connect(asyncio.get_running_loop())
        assert isinstance(await own.fails(), FeedTransport)
        ear = Ear()
        pull = PyavPull(parse_target(url), WHO, ParameterSets(), ear, CLOCK, udp=True, networks=LOOPBACK)
        await pull.connect(asyncio.get_running_loop())
        await ear.count(15)
        assert ear.units[0].key
        assert len(ear.units) >= 15
        server.set_fault("cam-1", Fault.STALL)
        pull.close()
        await until(lambda: threads() == 0, 3.0)
    finally:
        await server.stop()


async def test_wherever_a_camera_hangs_closing_ends_the_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_backend, "HANG_S", 600.0)

    async def left(script: Script, step: Step) -> None:
        ear = Ear()
        async with ScriptedCamera(script) as camera:
            pull = PyavPull(parse_target(camera.url), None, ParameterSets(), ear, CLOCK, udp=False)
            await pull.connect(asyncio.get_running_loop())
            await until(lambda: pull.step is step and camera.requests)
            pull.close()
            await until(lambda: threads() == 0, 3.0)
        assert ear.error is None  # closed before it failed: nothing is reported any more

    await asyncio.gather(
        left(Script(answers={"OPTIONS": None}), Step.DESCRIBE),
        left(Script(answers={"DESCRIBE": None}), Step.DESCRIBE),
        left(Script(), Step.DESCRIBE),
        left(Script(media=media_of(encode())), Step.MEDIA),
    )


async def test_a_camera_that_answers_nothing_is_unreachable_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_backend, "HANG_S", 0.5)
    async with pulled(Script(answers={"OPTIONS": None})) as (_camera, pull, ear):
        error = await ear.fails()
        assert isinstance(error, FeedUnreachable)
        assert pull.ended_in is Step.DESCRIBE


async def test_the_end_of_a_stream_is_a_failure() -> None:
    async with pulled(Script(media=media_of(encode()), after="close")) as (_camera, pull, ear):
        assert isinstance(await ear.fails(), FeedUnreachable)
        assert pull.ended_in is Step.MEDIA
        assert len(ear.units) >= 9


class ElsewhereCamera(ScriptedCamera):
    """A camera at 127.0.0.2 that sends by UDP, and does not say from where."""

    def __init__(self, script: Script) -> None:
        super().__init__(script)
        self.media = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.media.bind(("127.0.0.2", 0))
        self._to = 0

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.2", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _answer(self, head: str, writer: asyncio.StreamWriter) -> bool:
        if not head.startswith("SETUP"):
            return await super()._answer(head, writer)
        self._to = int(head.partition("client_port=")[2].partition("-")[0])
        from_port = self.media.getsockname()[1]
        transport = f"RTP/AVP;unicast;client_port={self._to}-{self._to + 1};server_port={from_port}-{from_port + 1}"
        cseq = head.partition("CSeq: ")[2].partition("\r\n")[0]
        writer.write(f"RTSP/1.0 200 OK\r\nCSeq: {cseq}\r\nSession: 1\r\nTransport: {transport}\r\n\r\n".encode())
        return False

    def play(self, clip: list[list[bytes]]) -> None:
        for row in packets(clip):
            for packet in row:
                self.media.sendto(packet, ("127.0.0.1", self._to))


async def test_media_by_udp_are_taken_from_the_camera_itself() -> None:
    clip = encode()
    async with ElsewhereCamera(Script()) as camera:
        ear = Ear()
        target = parse_target(f"rtsp://127.0.0.2:{camera.port}/live")
        pull = PyavPull(target, None, ParameterSets(), ear, CLOCK, udp=True)
        await pull.connect(asyncio.get_running_loop())
        await camera.until(lambda seen: seen.count("PLAY") == 1)
        camera.play(clip)
        await ear.count(8)
        pull.close()
        camera.media.close()
    assert [unit.payload for unit in ear.units[:8]] == [annex_b(unit) for unit in clip[:8]]


@pytest.mark.parametrize("who", [None, Credentials("admin", "wrong")])
async def test_a_refused_password_is_told_as_such(who: Credentials | None) -> None:
    async with pulled(Script(auth="digest"), who) as (_camera, _pull, ear):
        assert isinstance(await ear.fails(), FeedCredentials)


async def test_libav_that_never_comes_back_is_given_up() -> None:
    async with pulled(Script(answers={"OPTIONS": None})) as (_camera, pull, ear):
        pull.tick(CLOCK.monotonic_s() + 2 * HANG_S)
        assert ear.error is None
        pull.tick(CLOCK.monotonic_s() + 3 * HANG_S)
        assert isinstance(ear.error, FeedUnreachable)


async def test_more_cameras_than_threads_wait_as_unreachable() -> None:
    async with ScriptedCamera(Script(answers={"OPTIONS": None})) as camera:
        pulls = [
            PyavPull(parse_target(camera.url), None, ParameterSets(), Ear(), CLOCK, udp=False)
            for _ in range(THREADS + 1)
        ]
        for pull in pulls[:THREADS]:
            await pull.connect(asyncio.get_running_loop())
        await camera.until(lambda seen: seen.count("OPTIONS") == THREADS)
        assert threads() == THREADS
        with pytest.raises(FeedUnreachable, match="too many cameras need the second backend"):
            await pulls[-1].connect(asyncio.get_running_loop())
        for pull in pulls:
            pull.close()
    await until(lambda: threads() == 0, HANG_S + 0.5)
    async with pulled(Script(media=media_of(encode()))) as (_camera, _pull, ear):
        await ear.count(1)
        assert ear.units


class BusyEar(Ear):
    """Holds the event loop up at the first picture until whole units had to be left out."""

    pull: PyavPull

    def playing(self) -> None:
        super().playing()
        end_s = CLOCK.monotonic_s() + 10
        while self.pull.dropped < 5 and CLOCK.monotonic_s() < end_s:
            CLOCK.sleep(0.001)


async def test_an_event_loop_that_does_not_come_to_fetch_loses_whole_units(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_backend, "WAITING_UNITS", 7)
    clip = encode(frames=40, gop=5)
    rows, ear = media_of(clip), BusyEar()
    async with pulled(Script(media=rows[:23]), ear=ear) as (camera, pull, _ear):
        ear.pull = pull
        await until(lambda: ear.plays and not pull._waiting)
        camera.send(b"".join(rows[23:]))
        await until(lambda: len(ear.units) + pull.dropped == 39)
    got = [[annex_b(unit) for unit in clip].index(unit.payload) for unit in ear.units]
    gaps = [(before, after) for before, after in pairwise(got) if after != before + 1]
    assert len(gaps) == 1
    assert gaps[0][1] % 5 == 0
    assert pull.dropped >= 5


async def test_a_pull_goes_only_where_cameras_may_be() -> None:
    async def pull(url: str, who: Credentials | None = None, networks: CameraNetworks | None = None) -> None:
        one = PyavPull(parse_target(url), who, ParameterSets(), Ear(), CLOCK, udp=False, networks=networks)
        await one.connect(asyncio.get_running_loop())

    async with ScriptedCamera(Script()) as camera:
        with pytest.raises(FeedUnreachable, match="loopback"):
            await pull(camera.url, networks=CameraNetworks(("10.0.0.0/8",)))
        with pytest.raises(FeedCredentials, match="too long"):
            await pull(camera.url, Credentials("admin", "口令" * 10))
        assert camera.connections == 0


async def test_libav_is_not_sent_elsewhere() -> None:
    async with ScriptedCamera(Script(media=media_of(encode()))) as elsewhere:
        moved = f"RTSP/1.0 302 Moved\r\nCSeq: CSEQ\r\nLocation: {elsewhere.url}\r\n\r\n".encode()
        async with pulled(Script(answers={"DESCRIBE": moved})) as (_camera, _pull, ear):
            error = await ear.fails()
        assert isinstance(error, FeedProtocol)
        assert "redirects are refused" in str(error)
        assert elsewhere.connections == 0


async def test_a_camera_behind_tls_is_read_if_its_certificate_is_the_pinned_one() -> None:
    certificate = self_signed()
    server = CameraServer({"cam-1": Mount(source(), credentials=WHO)}, tls=certificate)
    port = await server.start()
    target = parse_target(f"rtsps://127.0.0.1:{port}/cam-1")
    try:
        for pin, kind in ((certificate.sha256, None), ("0" * 64, FeedCertificate)):
            ear = Ear()
            pull = PyavPull(target, WHO, ParameterSets(), ear, CLOCK, udp=False, tls=TlsPolicy(pin=pin))
            if kind is None:
                await pull.connect(asyncio.get_running_loop())
                await ear.count(3)
                pull.close()
                assert len(ear.units) >= 3
            else:
                with pytest.raises(kind):
                    await pull.connect(asyncio.get_running_loop())
    finally:
        await server.stop()


async def test_the_relays_port_takes_one_guest() -> None:
    async with pulled(Script(media=media_of(encode()))) as (_camera, pull, ear):
        await ear.count(1)
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", pull._relay.port)


def test_ingest_imports_no_libav_until_a_camera_needs_it() -> None:
    code = "import sys, ingest.second_backend, ingest.connection; sys.exit('av' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
