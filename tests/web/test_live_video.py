"""A camera, ingest, its ring, the web process and chromium: what an operator sees of it, live."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hatch_build import build_wall

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

ROOT = Path(__file__).parents[2]


def test_an_operator_sees_a_camera_live_and_is_told_when_it_stalls() -> None:
    if shutil.which("chromium") is None or subprocess.run(["unshare", "-n", "true"], check=False).returncode:
        if os.environ.get("CI") == "true":
            pytest.fail("chromium or the right to make a network is missing, and CI must run the browser tests")
        pytest.skip("this needs chromium, and root to make a network of its own")
    build_wall(ROOT)
    argv = ["unshare", "-n", sys.executable, "-m", "tests.web.live_scene"]
    played = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=220, check=False)
    assert played.returncode == 0, played.stderr[-4000:]
    seen = json.loads(played.stdout.splitlines()[-1])
    assert seen["difference"] < 6, "the picture on screen is one that the camera sent"
    assert "实时" in seen["live"]
    assert "H.264" in seen["live"]
    assert seen["joined"] == 1, "one session is kept, whatever else the page hears of the camera"
    assert "停滞" in seen["stalled"]
    assert "实时" not in seen["stalled"]
    assert seen["ended"] == 204, "leaving the panel ends the session at the server"
