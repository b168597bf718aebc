import signal
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from api.log.bus import EVENTS, connect, connect_async, start_embedded
from api.log.live import publish, publish_async
from api.run_folder import RunFolder
from api.settings import Settings
from camera_config.errors import StoreError
from tests.support.bus_system import BusSystem, bus_system, wait_until

ROOT = Path(__file__).parents[3]


def test_the_bus_listens_on_its_socket_only_and_refuses_rather_than_forgets() -> None:
    with bus_system(keeper=False) as system:
        assert system.bus_process is not None
        config = system.bus.config_get("*")
        assert (config["port"], config["maxmemory-policy"], config["appendfsync"]) == ("0", "noeviction", "everysec")
        assert system.run.bus_socket.stat().st_mode & 0o777 == 0o700
        open_sockets = Path(f"/proc/{system.bus_process.pid}/net/tcp").read_text()
        inodes = {link.readlink().name for link in Path(f"/proc/{system.bus_process.pid}/fd").iterdir()}
        listening = [line.split()[9] for line in open_sockets.splitlines()[1:] if line.split()[3] == "0A"]
        assert not [inode for inode in listening if f"socket:[{inode}]" in inodes]


def test_the_bus_dies_with_the_process_that_started_it() -> None:
    system = BusSystem()
    code = """
import sys
from pathlib import Path
from api.log.bus import start_embedded
from api.run_folder import RunFolder
print(start_embedded(RunFolder(Path(sys.argv[1])), Path(sys.argv[2])).pid, flush=True)
sys.stdin.read()
"""
    try:
        owner = subprocess.Popen(
            [sys.executable, "-c", code, str(system.run.path), str(system.settings.data)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        state = Path(f"/proc/{pid}/stat")
        assert "valkey" in state.read_text()
        owner.send_signal(signal.SIGKILL)
        owner.wait()
        assert wait_until(lambda: not state.exists() or state.read_text().split(") ")[1][0] == "Z", 5.0)
    finally:
        system.close()


def test_what_the_bus_acknowledged_survives_kill_9() -> None:
    with bus_system(keeper=False) as system:
        for n in range(500):
            system.bus.xadd(EVENTS, {"n": n})
        system.kill_bus()
        system.start_bus()
        assert system.bus.xlen(EVENTS) == 500


def test_two_buses_never_write_one_log() -> None:
    with bus_system(keeper=False) as system:
        other = RunFolder(system.parent / "r2")
        other.path.mkdir()
        with pytest.raises(StoreError, match="another server uses"):
            start_embedded(other, system.settings.data)
        assert system.bus.ping()


def test_a_run_folder_with_too_long_a_path_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="too long for a socket"):
        start_embedded(RunFolder(tmp_path / ("x" * 108)), tmp_path)


async def test_a_dead_bus_is_told_and_not_waited_for(tmp_path: Path) -> None:
    run, settings = RunFolder(tmp_path), Settings(county=tmp_path, data=tmp_path)
    with pytest.raises(StoreError, match="took no passage"):
        publish(connect(settings, run), "passage", {})
    waiting = connect_async(settings, run)
    with pytest.raises(StoreError):
        await publish_async(waiting, "passage", {})
    await waiting.aclose()


def test_a_bus_that_others_run_is_named_by_url(tmp_path: Path) -> None:
    with bus_system(keeper=False) as system:
        url = Settings(county=tmp_path, data=tmp_path, bus=f"unix://{system.run.bus_socket}?db=0")
        client = connect(url, RunFolder(tmp_path))
        assert isinstance(client, redis.Redis)
        assert client.ping()
