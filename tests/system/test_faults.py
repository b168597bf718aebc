"""Cameras in trouble, as the public API of a whole running system tells it."""

import time
from collections.abc import Iterator

import httpx
import pytest

from api.access.rights import Role
from api.access.sessions import create_login
from api.settings import Settings
from api.store import open_store
from api.supervisor import Supervisor
from camera_config.example import example_county
from camera_config.load import load_county
from ingest.simulate.clip import read_clip
from ingest.simulate.faults import Fault
from ingest.simulate.server import CameraServer, CameraServerThread
from ingest.simulate.source import PackedClip, Source, phases
from tests.ingest.simulate.conftest import write_clip

SEEN_S = 5.0
BACK_S = 20.0
START_S = 90.0


class Installation:
    """A supervised system that pulls two cameras of the example county; checkpoints are not played."""

    def __init__(self, supervisor: Supervisor, server: CameraServerThread) -> None:
        self.supervisor, self.server = supervisor, server
        self.http = httpx.Client(timeout=5.0, trust_env=False)

    def log_in(self) -> None:
        home = self.supervisor.run_folder.path
        self.until("the web process", (home / "web.port").exists, START_S)
        url = f"http://127.0.0.1:{(home / 'web.port').read_text(encoding='ascii')}"
        self.http = httpx.Client(base_url=url, headers={"Origin": url}, timeout=5.0, trust_env=False)
        token = create_login(open_store(self.supervisor.settings.store_url), Role.OPERATOR)
        self.until("a session", lambda: self._session(token), START_S)

    def state(self, camera: str) -> str:
        devices = self.http.get("/v1/devices").json()["devices"]
        return next(str(device["state"]) for device in devices if device["id"] == camera)

    def until(self, what: str, done: object, limit_s: float) -> None:
        end_s = time.monotonic() + limit_s
        assert callable(done)
        self.supervisor.watch(lambda: bool(done()) or time.monotonic() > end_s)
        assert time.monotonic() <= end_s, f"not within {limit_s:.0f} s: {what}"

    def _session(self, token: str) -> bool:
        try:
            return self.http.post("/v1/session", json={"token": token}).is_success
        except httpx.TransportError:
            return False


@pytest.fixture(scope="module")
def cameras() -> list[str]:
    return [str(camera.id) for camera in load_county(example_county()).cameras[:2]]


@pytest.fixture(scope="module")
def installation(cameras: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("faults")
    write_clip(folder / "clip.mp4", frames=40, fps=10, key_every=10)
    sources = phases(PackedClip.of(read_clip(folder / "clip.mp4")), len(cameras))
    mounts: dict[str, Source] = dict(zip(cameras, sources, strict=True))
    with CameraServerThread(CameraServer(mounts)) as server:
        base = server.url(cameras[0]).rpartition("/")[0]
        settings = Settings(
            county=example_county(), data=folder / "data", listen_port=0, rtsp_base=base, cameras=2, detectors=1
        )
        supervisor = Supervisor(settings)
        try:
            supervisor.start()
            found = Installation(supervisor, server)
            found.log_in()
            yield found
        finally:
            supervisor.stop()


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("fault", "shown"), [(Fault.STALL, "stalled"), (Fault.VANISH, "unreachable"), (Fault.REFUSE, "unreachable")]
)
def test_a_camera_in_trouble_is_told_within_seconds_and_so_is_its_return(
    installation: Installation, cameras: list[str], fault: Fault, shown: str
) -> None:
    sick, well = cameras
    installation.until("both online", lambda: installation.state(sick) == installation.state(well) == "online", START_S)
    installation.server.set_fault(sick, fault)
    if fault is Fault.REFUSE:  # it keeps who is connected and turns away who comes
        installation.server.set_fault(sick, Fault.VANISH)
        installation.server.set_fault(sick, fault)
    installation.until(shown, lambda: installation.state(sick) == shown, SEEN_S)
    assert installation.state(well) == "online"
    installation.server.set_fault(sick, None)
    installation.until("online again", lambda: installation.state(sick) == "online", BACK_S)
