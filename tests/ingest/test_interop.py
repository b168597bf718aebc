"""Pixel for pixel: what our client receives decodes to what the file holds, from our simulator and from GStreamer."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from camera_config.clock import SystemClock
from camera_config.errors import FeedError
from ingest.access_unit import AccessUnit, ParameterSets
from ingest.auth import Credentials
from ingest.codec import Codec
from ingest.connection import Connection
from ingest.loop import new_loop
from ingest.rtsp import parse_target
from ingest.simulate.clip import read_clip
from ingest.simulate.server import CameraServer
from ingest.simulate.source import LoopSource, PackedClip
from tests.support.films import FRAMES, GOP, decoded_file, decoded_units, make_film
from tests.support.waiting import until

SYSTEM_PYTHON = "/usr/bin/python3"
SERVER = Path(__file__).parents[1] / "support" / "gst_server.py"
PACKAGES = "gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-good gstreamer1.0-plugins-bad"
GIVEN = Credentials("admin", "hunter2")


class Ear:
    """Keeps what a connection says."""

    def __init__(self) -> None:
        self.units: list[AccessUnit] = []
        self.error: FeedError | None = None

    def playing(self) -> None:
        pass

    def unit(self, unit: AccessUnit) -> None:
        self.units.append(unit)

    def failed(self, error: FeedError) -> None:
        self.error = error


async def received(url: str, count: int, who: Credentials | None = None) -> list[AccessUnit]:
    """Return the first ``count`` access units from ``url``."""
    ear, target = Ear(), parse_target(url)
    connection = Connection(target, who, ParameterSets(), ear, SystemClock())
    await asyncio.get_running_loop().create_connection(lambda: connection, target.host, target.port)
    await until(lambda: len(ear.units) >= count or ear.error, 20.0)
    connection.close()
    assert len(ear.units) >= count, f"{len(ear.units)} units, then {ear.error}"
    assert (connection.lost, connection.dropped) == (0, 0)
    return ear.units[:count]


@pytest.fixture(scope="module", params=list(Codec))
def film(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Codec]:
    codec: Codec = request.param
    return make_film(tmp_path_factory.mktemp("film") / f"{codec}.mp4", codec), codec


def test_every_picture_from_the_simulator_is_the_files(film: tuple[Path, Codec]) -> None:
    path, codec = film

    async def watch() -> list[AccessUnit]:
        server = CameraServer({"film": LoopSource(PackedClip.of(read_clip(path)))})
        port = await server.start()
        try:
            return await received(f"rtsp://127.0.0.1:{port}/film", FRAMES + GOP)
        finally:
            await server.stop()

    units, pictures = asyncio.run(watch()), decoded_file(path)
    assert len(set(pictures)) == FRAMES
    seen = decoded_units((unit.payload for unit in units), codec)
    first = pictures.index(seen[0])
    assert first % GOP == 0
    assert seen == [pictures[(first + number) % FRAMES] for number in range(FRAMES + GOP)]
    assert {unit.codec for unit in units} == {codec}


@contextmanager
def gstreamer(path: Path, codec: Codec, *who: str) -> Iterator[str]:
    """Serve ``path`` with the other server; yields the URL."""
    argv = [SYSTEM_PYTHON, str(SERVER), str(path), codec, *who]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield f"rtsp://127.0.0.1:{int(server.stdout.readline())}/film"
        finally:
            server.kill()


@pytest.fixture(scope="module")
def other_server() -> None:
    """Skip, but not in CI, where GStreamer's server is not installed."""
    probe = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    try:
        found = subprocess.run([SYSTEM_PYTHON, "-c", probe], capture_output=True, check=False).returncode == 0
    except OSError:
        found = False
    if not found:
        assert not os.environ.get("CI"), f"CI needs the Debian packages {PACKAGES}"
        pytest.skip(f"needs the Debian packages {PACKAGES}")


@pytest.mark.usefixtures("other_server")
@pytest.mark.parametrize("who", [None, GIVEN], ids=["open", "digest"])
def test_every_picture_from_another_makers_server_is_the_files(
    film: tuple[Path, Codec], who: Credentials | None
) -> None:
    path, codec = film
    login = (who.user, who.password) if who else ()
    with gstreamer(path, codec, *login) as url, asyncio.Runner(loop_factory=new_loop) as runner:
        units = runner.run(received(url, FRAMES, who))
    assert decoded_units((unit.payload for unit in units), codec) == decoded_file(path)
    assert [unit.key for unit in units] == [number % GOP == 0 for number in range(FRAMES)]
