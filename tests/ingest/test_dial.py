"""Where a connection goes and where it never does: TLS, the county's networks, names that change, redirects."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from camera_config.clock import SystemClock
from camera_config.errors import FeedCertificate, FeedError, FeedProtocol, FeedUnreachable
from camera_config.networks import CameraNetworks
from ingest.access_unit import ParameterSets
from ingest.auth import Credentials
from ingest.connection import Connection
from ingest.rtsp import Target, parse_target, redirected
from ingest.simulate.certificate import Certificate, self_signed
from ingest.simulate.mount import Mount
from ingest.simulate.server import CameraServer
from ingest.tls import TlsPolicy, context_for
from tests.support.listening import LOOPBACK, Ear
from tests.support.receiving import source
from tests.support.scripted_rtsp import Script, ScriptedCamera, media_of
from tests.support.tiny_h264 import annex_b, encode
from tests.support.waiting import until

WHO = Credentials("admin", "hunter2")


class TlsCamera(ScriptedCamera):
    """The same camera behind TLS."""

    def __init__(self, script: Script, certificate: Certificate) -> None:
        super().__init__(script)
        self.certificate = certificate

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self.certificate.context)
        self.port = self._server.sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        return f"rtsps://127.0.0.1:{self.port}/live"


def asked(url: str, **kwargs: Any) -> tuple[Connection, Ear]:
    ear = Ear()
    return Connection(parse_target(url), WHO, ParameterSets(), ear, SystemClock(), **kwargs), ear


async def connect(connection: Connection) -> None:
    await connection.connect(asyncio.get_running_loop())


@asynccontextmanager
async def tls_camera() -> AsyncIterator[TlsCamera]:
    clip = encode()
    async with TlsCamera(Script(media=media_of(clip), auth="digest"), self_signed()) as camera:
        yield camera


async def test_a_camera_with_a_pinned_certificate_is_read_by_tls() -> None:
    async with tls_camera() as camera:
        pin = ":".join(camera.certificate.sha256.upper()[at : at + 2] for at in range(0, 64, 2))
        connection, ear = asked(camera.url, tls=TlsPolicy(pin=pin))
        await connect(connection)
        await ear.count(10)
        assert [unit.payload for unit in ear.units] == [annex_b(unit) for unit in encode()]
        assert connection.via == "rtsps"
        connection.close()


async def test_a_simulated_camera_behind_tls_and_a_password_gets_reports_and_tells_its_clock() -> None:
    certificate = self_signed()
    mount = Mount(source(), credentials=WHO, auth="digest-sha256", clock_offset_s=-3600.0)
    server = CameraServer({"cam-1": mount}, tls=certificate, report_s=0.1)
    port = await server.start()
    try:
        pin = TlsPolicy(pin=certificate.sha256)
        connection, ear = asked(f"rtsps://127.0.0.1:{port}/cam-1", tls=pin, networks=LOOPBACK)
        await connect(connection)
        await until(lambda: connection.clock_offset_s is not None and ear.units)
        assert connection.clock_offset_s == pytest.approx(-3600, abs=5)
        connection.tick(SystemClock().monotonic_s())
        await until(lambda: server.reports)
        assert (server.reports[0].mount, server.reports[0].lost, server.reports[0].fraction_lost) == ("cam-1", 0, 0)
        assert server.reports[0].last_sent
        connection.close()
    finally:
        await server.stop()


async def test_a_camera_with_another_certificate_than_the_pinned_one_hears_nothing() -> None:
    async with tls_camera() as camera:
        connection, ear = asked(camera.url, tls=TlsPolicy(pin="0" * 64))
        await connect(connection)
        error = await ear.fails()
        assert isinstance(error, FeedCertificate)
        assert camera.certificate.sha256 in str(error)
        assert error.hint
        await until(lambda: not camera._writers)
        assert camera.requests == []


async def test_a_certificate_of_nobodys_is_refused_and_that_of_an_authority_taken(tmp_path: Path) -> None:
    async with tls_camera() as camera:
        connection, ear = asked(camera.url)
        with pytest.raises(FeedCertificate, match="not trusted") as caught:
            await connect(connection)
        assert "pin" in caught.value.hint
        authority = tmp_path / "ca.pem"
        authority.write_bytes(camera.certificate.pem)
        connection, ear = asked(camera.url, tls=TlsPolicy(ca_file=authority))
        await connect(connection)
        await ear.count(10)
        assert len(ear.units) == 10
        connection.close()


async def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    async with TlsCamera(Script(), self_signed("127.0.0.9")) as camera:
        authority = tmp_path / "ca.pem"
        authority.write_bytes(camera.certificate.pem)
        connection, _ear = asked(camera.url, tls=TlsPolicy(ca_file=authority))
        with pytest.raises(FeedCertificate, match=r"127\.0\.0\.1"):
            await connect(connection)


async def test_a_camera_that_speaks_no_tls_is_told_so() -> None:
    async with ScriptedCamera(Script()) as camera:
        connection, _ear = asked(camera.url.replace("rtsp:", "rtsps:"), tls=TlsPolicy(pin="0" * 64))
        speaks = asyncio.create_task(connect(connection))
        await until(lambda: camera._writers)
        camera.send(b"RTSP/1.0 400 Bad Request\r\n\r\n")
        with pytest.raises(FeedUnreachable, match="TLS"):
            await speaks


async def test_what_was_to_be_encrypted_and_is_not_is_not_asked() -> None:
    async with ScriptedCamera(Script()) as camera:
        connection, ear = asked(camera.url.replace("rtsp:", "rtsps:"))
        await asyncio.get_running_loop().create_connection(lambda: connection, "127.0.0.1", camera.port)
        assert isinstance(await ear.fails(), FeedCertificate)
        await until(lambda: not camera._writers)
        assert camera.requests == []


@pytest.mark.parametrize("pin", ["", "00", "g" * 64, "0" * 63])
def test_a_pin_that_is_no_sha256_is_refused(pin: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        TlsPolicy(pin=pin)


def test_a_file_of_authorities_that_cannot_be_read_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(FeedCertificate, match=r"none\.pem"):
        context_for(tmp_path / "none.pem", pinned=False)


@pytest.mark.parametrize(
    ("networks", "says"),
    [((), "127.0.0.1 is loopback"), (("0.0.0.0/0",), "127.0.0.1 is loopback"), (("10.0.0.0/8",), "127.0.0.1 is")],
)
async def test_no_connection_is_made_to_where_no_camera_may_be(networks: tuple[str, ...], says: str) -> None:
    async with ScriptedCamera(Script()) as camera:
        connection, _ear = asked(camera.url, networks=CameraNetworks(networks))
        with pytest.raises(FeedUnreachable, match=says) as caught:
            await connect(connection)
        assert "camera_networks" in caught.value.hint
        assert camera.connections == 0


async def test_a_name_is_judged_by_what_it_resolves_to() -> None:
    async with ScriptedCamera(Script()) as camera:
        connection, _ear = asked(f"rtsp://localhost:{camera.port}/live", networks=CameraNetworks(("10.0.0.0/8",)))
        with pytest.raises(FeedUnreachable, match="loopback"):
            await connect(connection)
        assert camera.connections == 0


async def test_a_name_that_means_something_else_the_second_time_is_asked_for_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, times = socket.getaddrinfo, 0

    def rebinding(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal times
        times += host == "camera.example"
        meant = "127.0.0.1" if times == 1 else "127.0.0.66"
        return real(meant if host == "camera.example" else host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    async with ScriptedCamera(Script(media=media_of(encode()))) as camera:
        networks = CameraNetworks(("127.0.0.1/32",))
        connection, ear = asked(f"rtsp://camera.example:{camera.port}/live", networks=networks)
        await connect(connection)
        await ear.count(10)
        assert (times, len(ear.units)) == (1, 10)
        connection.close()


async def test_a_peer_that_is_not_where_cameras_may_be_hears_nothing() -> None:
    async with ScriptedCamera(Script()) as camera:
        connection, ear = asked(camera.url, networks=CameraNetworks(("10.0.0.0/8",)))
        await asyncio.get_running_loop().create_connection(lambda: connection, "127.0.0.1", camera.port)
        assert isinstance(await ear.fails(), FeedUnreachable)
        await until(lambda: not camera._writers)
        assert camera.requests == []


async def test_a_name_nobody_knows_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: Any, **_kwargs: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    connection, _ear = asked("rtsp://no-such-camera.invalid/live")
    with pytest.raises(FeedUnreachable, match=r"no-such-camera\.invalid is not known"):
        await connect(connection)


async def test_nobody_at_the_port_is_told_in_words() -> None:
    async with ScriptedCamera(Script()) as camera:
        await camera.vanish()
        connection, _ear = asked(camera.url)
        with pytest.raises(FeedUnreachable, match="Connection refused"):
            await connect(connection)


async def test_urls_of_other_kinds_open_neither_socket_nor_file(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    canary.write_text("untouched", encoding="utf-8")
    before = canary.stat()
    async with ScriptedCamera(Script()) as camera:
        at = f"127.0.0.1:{camera.port}"
        for url in (
            f"http://{at}/x", f"https://{at}/x", f"tcp://{at}", f"udp://{at}", f"rtmp://{at}/x", f"HTTP://{at}/x",
            f"file:{canary}", f"file://{canary}", f"FILE:///{canary}", f"concat:{canary}", f"concat:{canary}|{canary}",
            f"exec:cat {canary}", f"ffmpeg:{canary}", f"echo:cat {canary}", f"subfile,,start,0,end,9,,:{canary}",
            f"data:text/plain,{canary}", f"pipe:0,{canary}", f"rtsp:concat:{canary}", f"crypto:rtsp://{at}/x",
            f"cache:rtsp://{at}", f"tls://{at}", f"rtsp+http://{at}/x", f"{canary}", "rtsp://", "rtsp:///x", "",
            f" rtsp://\x00{at}/x", f"rtsp://[{at}/x", f"rtsp://{at}\r\nEvil: 1/x y", "rtsp://h:0/", "rtsp://h:65536/",
        ):  # fmt: skip
            with pytest.raises(ValueError, match="URL"):
                parse_target(url)
        assert camera.connections == 0
    assert canary.stat().st_atime_ns == before.st_atime_ns


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("rtsp://10.0.0.3@127.0.0.1/x", "127.0.0.1"),
        ("rtsp://10.0.0.3:80@127.0.0.1/x", "127.0.0.1"),
        ("rtsp://user@10.0.0.3@127.0.0.1/x", "127.0.0.1"),
        ("rtsp://127.0.0.1#@10.0.0.3/x", "127.0.0.1"),
        ("rtsp://127.0.0.1?@10.0.0.3/x", "127.0.0.1"),
    ],
)
def test_the_host_that_is_judged_is_the_host_that_is_asked(url: str, host: str) -> None:
    target = parse_target(url)
    assert target.host == host
    assert target.url.startswith(f"rtsp://{host}")


async def follow(url: str, **kwargs: Any) -> tuple[FeedError | None, list[Connection], Ear]:
    """Pull as a feed does: to where the camera sends us, if it may."""
    target: Target | None = parse_target(url)
    made: list[Connection] = []
    while target is not None:
        ear = Ear()
        connection = Connection(target, WHO, ParameterSets(), ear, SystemClock(), **kwargs)
        made.append(connection)
        try:
            await connect(connection)
        except FeedError as error:
            return error, made, ear
        await ear.count(1)
        if ear.error is None:
            connection.close()
            return None, made, ear
        target = connection.moved
    return ear.error, made, ear


def sends_to(location: str) -> Script:
    return Script(answers={"DESCRIBE": f"RTSP/1.0 302 Moved\r\nCSeq: CSEQ\r\nLocation: {location}\r\n\r\n".encode()})


async def test_a_redirect_on_the_same_host_is_followed_with_credentials() -> None:
    script = Script(media=media_of(encode()), auth="digest")
    async with ScriptedCamera(script) as real, ScriptedCamera(sends_to(real.url)) as first:
        error, made, ear = await follow(first.url)
    assert error is None
    assert len(made) == 2
    assert ear.units


async def test_a_redirect_request_in_the_middle_of_a_stream_is_followed() -> None:
    async with ScriptedCamera(Script(media=media_of(encode()))) as real:
        moves = f"REDIRECT rtsp://x RTSP/1.0\r\nCSeq: 1\r\nLocation: {real.url}\r\n\r\n".encode()
        async with ScriptedCamera(Script(media=[*media_of(encode()), moves])) as first:
            connection, ear = asked(first.url)
            await connect(connection)
            assert isinstance(await ear.fails(), FeedUnreachable)
            assert connection.moved is not None
            assert connection.moved.url == real.url


async def test_another_host_is_never_told_the_password() -> None:
    script = Script(media=media_of(encode()), auth="basic")
    async with ScriptedCamera(script) as real:
        # localhost is another name than 127.0.0.1, and so another host for all we know.
        location = real.url.replace("127.0.0.1", "localhost").replace("rtsp://", "rtsp://admin:hunter2@")
        async with ScriptedCamera(sends_to(location)) as first:
            error, made, _ear = await follow(first.url, networks=LOOPBACK)
        assert len(made) == 2
        assert error is not None
        assert "none are set" in str(error)
        assert all("Authorization" not in head for head in real.requests)


async def test_another_host_is_not_asked_where_no_networks_are_given_or_outside_them() -> None:
    async with ScriptedCamera(Script()) as real:
        location = real.url.replace("127.0.0.1", "localhost")
        async with ScriptedCamera(sends_to(location)) as first:
            error, made, _ear = await follow(first.url)
            assert isinstance(error, FeedProtocol)
            assert len(made) == 1
        async with ScriptedCamera(sends_to(real.url.replace("127.0.0.1", "127.0.0.2"))) as first:
            error, made, _ear = await follow(first.url, networks=CameraNetworks(("127.0.0.1/32",)))
            assert isinstance(error, FeedUnreachable)
            assert "127.0.0.2" in str(error)
        assert real.connections == 0


async def test_a_camera_that_sends_us_on_and_on_is_left_after_two() -> None:
    async with ScriptedCamera(Script()) as camera:
        camera.script = sends_to(camera.url)
        error, made, _ear = await follow(camera.url)
        assert isinstance(error, FeedProtocol)
        assert "from one place to the next" in str(error)
        assert len(made) == camera.connections == 3


@pytest.mark.parametrize(
    "location", ["", "http://10.0.0.3/", "file:///etc/passwd", "rtsp://u:hunter2@h:0/", "concat:/etc/passwd", "//x/y"]
)
def test_nobody_is_sent_to_what_is_no_cameras_url(location: str) -> None:
    with pytest.raises(FeedProtocol, match="redirects are refused") as caught:
        redirected(parse_target("rtsp://10.0.0.3/x"), location)
    assert "hunter2" not in str(caught.value)


def test_a_redirect_leads_to_tls_and_never_away_from_it() -> None:
    plain, safe = parse_target("rtsp://admin:hunter2@10.0.0.3/x"), parse_target("rtsps://10.0.0.3/x")
    assert redirected(plain, "rtsp://10.0.0.3/y").credentials == WHO
    assert redirected(plain, "rtsps://10.0.0.3/y").tls
    assert redirected(plain, "rtsps://10.0.0.3/y").port == 322
    with pytest.raises(FeedProtocol, match="away from TLS"):
        redirected(safe, "rtsp://10.0.0.3/y")
    back = redirected(redirected(plain, "rtsp://10.0.0.4/"), "rtsp://10.0.0.3/")
    assert back.foreign
    assert back.credentials is None
