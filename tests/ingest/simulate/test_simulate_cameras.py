"""The command as a person starts it: a process of its own."""

import hashlib
import json
import re
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.commands.simulate_cameras import _credentials, simulate_cameras
from camera_config.errors import ConfigError
from ingest.auth import Credentials
from ingest.simulate.faults import Fault
from tests.ingest.simulate.conftest import RtspTalk, SignedTalk, opened, write_clip

RUN = "import typer; from api.commands.simulate_cameras import simulate_cameras as c; typer.run(c)"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    folder.mkdir()
    write_clip(folder / "gate.mp4", frames=20, fps=10, key_every=5)
    write_clip(folder / "street.mp4", frames=20, fps=10, key_every=20)
    (folder / "truth.csv").write_text("checkpoint,time_s,plate\ngate,0.2,吉D11111\n")
    return folder


@contextmanager
def running(own: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    where = ("--port", "0", "--clips", str(own), "--cache", str(own.parent / "cache"))
    process = subprocess.Popen([sys.executable, "-c", RUN, *where, *options], stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until_ready(process: subprocess.Popen[str]) -> list[str]:
    """Return what it says until all is ready; the last line is the one of JSON."""
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or not lines[-1].startswith("{"):
        lines.append(process.stdout.readline())
        assert lines[-1], "it ended before it was ready"
    return lines


@pytest.fixture
def started(own: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    options = ["--cameras", "3", "--json"]
    options += ["--truth", str(tmp_path / "truth.jsonl"), "--fault", "cam-002/sub=vanish", "--for", "60"]
    options += ["--fault", "1=redirect:rtsp://127.0.0.1:7/a@0.01-900", "--sub", "--h265", "3"]
    (tmp_path / "login").write_text("guard:pass:word\n")
    options += ["--password", str(tmp_path / "login")]
    with running(own, *options) as process:
        yield process


def test_it_tells_port_and_mounts_plays_and_ends_at_once_on_sigterm(started: subprocess.Popen[str], tmp_path: Path):
    lines = until_ready(started)
    ready = json.loads(lines[-1])
    assert ready["base"] == f"rtsp://127.0.0.1:{ready['port']}"
    streets = [f"cam-00{number}{part}" for number in (1, 2, 3) for part in ("", "/sub")]
    assert [mount for mount in ready["mounts"] if mount.startswith("cam-")] == streets
    checkpoints = [mount for mount in ready["mounts"] if not mount.startswith("cam-")]
    assert len(checkpoints) == 13
    assert sum(" shows gate.mp4 from " in line for line in lines) == 13
    who = Credentials("guard", "pass:word")
    line = SignedTalk(ready["port"], who)
    line.play(checkpoints[0])
    received = sum(len(line.sock.recv(4096)) for _ in range(20))
    assert received > 20
    assert RtspTalk(ready["port"]).ask("DESCRIBE", "cam-002")[0] == 401
    told = {mount: SignedTalk(ready["port"], who).ask("DESCRIBE", mount) for mount in streets}
    assert [status for status, _ in told.values()] == [302, 302, 200, 0, 200, 200]
    assert "Location: rtsp://127.0.0.1:7/a\r\n" in told["cam-001/sub"][1]
    assert ["H265" in told[mount][1] for mount in ("cam-002", "cam-003", "cam-003/sub")] == [False, True, True]
    with opened(f"rtsp://guard:pass%3Aword@127.0.0.1:{ready['port']}/cam-003") as stream:
        assert next(stream.decode(video=0)).width == 1280
    started.send_signal(signal.SIGTERM)
    assert started.wait(5) == 0
    assert not any("pass:word" in text for text in lines)
    assert started.stdout is not None
    told = json.loads(started.stdout.readlines()[-1])
    assert told["frames_sent"] > 0
    assert told["rss_mb"] > 0
    assert told["passages"] == len((tmp_path / "truth.jsonl").read_text().splitlines())


def test_by_tls_it_tells_the_fingerprint_of_the_certificate_that_it_shows(own: Path):
    with running(own, "--cameras", "0", "--tls") as process:
        ready = json.loads(until_ready(process)[-1])
        assert ready["base"] == f"rtsps://127.0.0.1:{ready['port']}"
        shown = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", ready["port"])))
        assert hashlib.sha256(shown).hexdigest() == ready["certificate_sha256"]
        with opened(f"{ready['base']}/{ready['mounts'][0]}") as stream:
            assert next(stream.decode(video=0)).width > 0


@pytest.mark.parametrize("text", ["secret", "secret:", ":secret", "a:secret\nb:secret", ""])
def test_a_login_that_is_none_is_told_and_not_repeated(tmp_path: Path, text: str):
    (tmp_path / "login").write_text(text)
    with pytest.raises(ConfigError, match="not one line of user and password") as told:
        _credentials(tmp_path / "login")
    assert "secret" not in f"{told.value} {told.value.hint}"
    with pytest.raises(ConfigError, match="cannot be read"):
        _credentials(tmp_path / "none")


def test_the_help_names_every_fault():
    words = set(re.findall(r"[a-z_]+", simulate_cameras.__doc__ or ""))
    assert not set(Fault) - words
