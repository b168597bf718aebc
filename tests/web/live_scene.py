"""Live video in a real browser: ``unshare -n python -m tests.web.live_scene`` plays it once and prints what was seen.

A network of its own is needed: chromium offers no address at all where there is only 127.0.0.1, and a test may not use
the machine's. One end of a pair of cables has 10.99.0.1; the browser and the web process find each other there.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Locator, Page, expect, sync_playwright

from api import run_folder
from api.access.rights import Role
from api.access.sessions import create_login
from api.log.bus import start_embedded
from api.settings import Settings
from api.store import migrate, open_store
from camera_config.example import example_county
from camera_config.load import load_county
from ingest.codec import Codec
from ingest.simulate.faults import Fault
from ingest.simulate.server import CameraServer, CameraServerThread
from ingest.simulate.source import LoopSource, PackedClip
from tests.ingest.simulate.pictures import moving, street
from tests.support.bus_system import wait_until
from tests.web.conftest import FLAGS, SMALL

ROOT = Path(__file__).parents[2]
ADDRESS = "10.99.0.1"
SOON_MS = 60_000
FIGURES_CAME = re.compile(r"已 ([6-9]|\d\d) s")
"""Live for longer than the 5 s after which every device's row comes anew."""

LINKS = (
    "link set lo up",
    "link add v0 type veth peer name v1",
    f"addr add {ADDRESS}/24 dev v0",
    "link set v0 up",
    "link set v1 up",
    f"route add default via {ADDRESS}",
)
READ = """video => {
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0);
  return [canvas.width, canvas.height, ...context.getImageData(0, 0, canvas.width, canvas.height).data];
}"""


def main() -> None:
    """Play the scene; prints JSON, ends with an assertion that says what was missing."""
    for link in LINKS:
        subprocess.run(["ip", *link.split()], check=True)
    county = load_county(example_county())
    camera = str(county.cameras[0].id)
    with ExitStack() as stack:
        parent = Path(tempfile.mkdtemp(prefix="kl-", dir="/tmp"))
        stack.callback(shutil.rmtree, parent, ignore_errors=True)
        cameras = stack.enter_context(
            CameraServerThread(CameraServer({camera: LoopSource(PackedClip.of(moving(Codec.H264)))}))
        )
        run = run_folder.create(parent)
        settings = Settings(
            county=example_county(),
            data=parent / "data",
            listen_port=0,
            rtsp_base=cameras.url(""),
            cameras=1,
            recordings="none",
            live_addresses=(ADDRESS,),
            live_ports="40000-40063",
        )
        settings.data.mkdir()
        settings.write(run.path)
        migrate(settings.store_url)
        stack.callback(_end, start_embedded(run, settings.data))
        for worker in ("ingest", "web"):
            log = stack.enter_context((parent / f"{worker}.log").open("wb"))
            argv = [sys.executable, "-m", f"api.workers.{worker}", str(run.path)]
            process = subprocess.Popen(
                argv, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=log, stderr=log
            )
            stack.callback(_end, process)
        port = run.path / "web.port"
        assert wait_until(port.exists, 60.0), (parent / "web.log").read_text(encoding="utf-8")
        token = create_login(open_store(settings.store_url), Role.OPERATOR)
        link = f"http://127.0.0.1:{port.read_text(encoding='ascii')}/#token={token}"
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        stack.callback(browser.close)
        page = browser.new_context(viewport=SMALL).new_page()
        page.goto(link)
        sys.stdout.write(json.dumps(_watch(page, camera, cameras)) + "\n")


def _watch(page: Page, camera: str, cameras: CameraServerThread) -> dict[str, Any]:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/whep") else None)
    page.locator(f"[data-device={camera}]").click(timeout=SOON_MS)
    live, video = page.get_by_test_id("live"), page.locator("[data-testid=live] video")
    expect(live).to_have_attribute("data-phase", "live", timeout=SOON_MS)
    width, height, *rgba = video.evaluate(READ)
    shown = np.asarray(rgba, np.int16).reshape(height, width, 4)[:, :, 2::-1]
    nearest = min(float(np.abs(shown - drawn).mean()) for drawn in street(40))
    expect(live).to_contain_text(FIGURES_CAME, timeout=SOON_MS)
    words, joined = live.inner_text(), len(asked)
    cameras.set_fault(camera, Fault.STALL)
    stalled_s = _phase(live, "stalled")
    after = live.inner_text()
    cameras.set_fault(camera, None)
    again_s = _phase(live, "live")
    with page.expect_response(lambda answer: answer.request.method == "DELETE") as ended:
        page.get_by_test_id("device-panel").get_by_role("button", name="关闭").click()
    return {
        "size": [width, height],
        "difference": nearest,
        "live": words,
        "joined": joined,
        "stalled": after,
        "stalled_s": stalled_s,
        "again_s": again_s,
        "ended": ended.value.status,
    }


def _phase(live: Locator, phase: str) -> float:
    begun_s = time.monotonic()
    expect(live).to_have_attribute("data-phase", phase, timeout=SOON_MS)
    return round(time.monotonic() - begun_s, 2)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
