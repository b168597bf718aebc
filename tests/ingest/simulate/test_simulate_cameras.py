"""The command as a person starts it: a process of its own."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ingest.simulate.conftest import RtspTalk, write_clip

RUN = "import typer; from api.commands.simulate_cameras import simulate_cameras as c; typer.run(c)"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    folder.mkdir()
    write_clip(folder / "gate.mp4", frames=20, fps=10, key_every=5)
    write_clip(folder / "street.mp4", frames=40, fps=10, key_every=20)
    (folder / "truth.csv").write_text("checkpoint,time_s,plate\ngate,0.2,吉D11111\n")
    return folder


@pytest.fixture
def started(own: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    options = ["--cameras", "3", "--port", "0", "--clips", str(own), "--cache", str(tmp_path / "cache"), "--json"]
    options += ["--truth", str(tmp_path / "truth.jsonl"), "--fault", "cam-002=unauthorised", "--for", "60"]
    process = subprocess.Popen([sys.executable, "-c", RUN, *options], stdout=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.wait()


def test_it_tells_port_and_mounts_plays_and_ends_at_once_on_sigterm(started: subprocess.Popen[str], tmp_path: Path):
    assert started.stdout is not None
    lines = []
    while not lines or not lines[-1].startswith("{"):
        lines.append(started.stdout.readline())
        assert lines[-1], "it ended before it was ready"
    ready = json.loads(lines[-1])
    assert ready["base"] == f"rtsp://127.0.0.1:{ready['port']}"
    assert sum(mount.startswith("cam-") for mount in ready["mounts"]) == 3
    checkpoints = [mount for mount in ready["mounts"] if not mount.startswith("cam-")]
    assert len(checkpoints) == 13
    assert sum(" shows gate.mp4 from " in line for line in lines) == 13
    line = RtspTalk(ready["port"])
    line.play(checkpoints[0])
    received = sum(len(line.sock.recv(4096)) for _ in range(20))
    assert received > 20
    assert RtspTalk(ready["port"]).ask("DESCRIBE", "cam-002")[0] == 401
    started.send_signal(signal.SIGTERM)
    assert started.wait(5) == 0
    told = json.loads(started.stdout.readlines()[-1])
    assert told["frames_sent"] > 0
    assert told["rss_mb"] > 0
    assert told["passages"] == len((tmp_path / "truth.jsonl").read_text().splitlines())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--fault", "cam-001"], "is not FEED=KIND"),
        (["--fault", "cam-001=fire"], "no fault"),
        (["--fault", "cam-999=stall"], "not played: cam-999"),
    ],
)
def test_wrong_faults_are_told_before_anything_is_made(options: list[str], told: str):
    answer = subprocess.run(
        [sys.executable, "-c", RUN, "--cameras", "1", "--port", "0", *options],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert answer.returncode != 0
    assert told in answer.stderr
