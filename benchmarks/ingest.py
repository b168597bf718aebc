"""What it costs to receive hundreds of cameras: kakou's receiver beside PyAV with a thread a camera.

``python -m benchmarks.ingest [--cameras 363] [--seconds 20] [--pyav 100] [--json]``

Both sides get the same 1080p25 H.264 stream (GOP 50, a still scene and a moving patch, about 1.8 Mbit/s) from the
simulator, which runs in a process of its own, over loopback. Each side runs in a process of its own, one after the
other, and is measured from the moment all its cameras play. PyAV only demuxes; neither side decodes. A camera is late
when less than 95 % of its frames came, dead when none did.
"""

import argparse
import asyncio
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import threading
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil

from camera_config.clock import SystemClock
from camera_config.ids import CameraId
from ingest.feed import Feed
from ingest.receiver import Receiver, raise_open_files
from ingest.simulate.cache import default_folder, key_of
from ingest.simulate.clip import read_clip
from ingest.simulate.server import CameraServer
from ingest.simulate.source import PackedClip, phases

FPS = 25
GOP = 50
FRAMES = 300
BITS_PER_S = 1_800_000
OPEN_S = 30.0


def clip() -> Path:
    """Return the clip, drawn and encoded at the first call (some seconds)."""
    path = default_folder() / f"bench-{key_of(FPS, GOP, FRAMES, BITS_PER_S, 3)}.mp4"
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    dice = np.random.default_rng(1)
    coarse = np.kron(dice.integers(60, 196, (135, 240), dtype=np.uint8), np.ones((8, 8), dtype=np.uint8))
    still = coarse + dice.integers(0, 12, (1080, 1920), dtype=np.uint8)
    mover = dice.integers(60, 196, (60, 60), dtype=np.uint8)
    with av.open(str(part), "w", format="mp4") as sink:
        stream = sink.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 1920, 1080, "yuv420p", BITS_PER_S
        stream.options = {"preset": "ultrafast", "g": str(GOP), "bf": "0", "sc_threshold": "0", "maxrate": "2M"}
        stream.options |= {"bufsize": "4M"}
        for number in range(FRAMES):
            grey = np.full((1620, 1920), 128, dtype=np.uint8)
            grey[:1080] = still
            grey[400:460, number * 5 : number * 5 + 60] = np.roll(mover, number, axis=0)
            frame = av.VideoFrame.from_ndarray(grey, format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            sink.mux(stream.encode(frame))
        sink.mux(stream.encode(None))
    part.replace(path)
    return path


async def serve(cameras: int) -> None:
    """Serve ``cameras`` mounts until killed; the first line printed is the port."""
    raise_open_files()
    sources = phases(PackedClip.of(read_clip(clip())), 25)
    server = CameraServer({f"{number}": sources[number % 25] for number in range(cameras)})
    print(await server.start(), flush=True)
    await server.wait()


async def kakou(cameras: int, seconds: float, port: int) -> dict[str, Any]:
    """Receive with kakou's receiver, slots included."""
    feeds = [Feed(CameraId(f"c{number}"), f"rtsp://127.0.0.1:{port}/{number}") for number in range(cameras)]
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        receiver = Receiver(feeds, Path(folder), SystemClock())
        began_s = time.monotonic()
        running = asyncio.create_task(receiver.run())
        while time.monotonic() - began_s < OPEN_S and any(s.frames_received == 0 for s in receiver.status()):  # noqa: ASYNC110
            await asyncio.sleep(0.25)
        opened_s = time.monotonic() - began_s
        meter, before = Meter(), receiver.status()
        await asyncio.sleep(seconds)
        figures, after = meter.read(), receiver.status()
        receiver.stop()
        await running
    frames = [new.frames_received - old.frames_received for new, old in zip(after, before, strict=True)]
    return {
        **figures,
        **judged(frames, figures["seconds"]),
        "open_s": round(opened_s, 2),
        "mbit_per_s": round(sum(n.bytes - o.bytes for n, o in zip(after, before, strict=True)) * 8e-6 / seconds, 1),
        "keyframes_offered": sum(n.offered - o.offered for n, o in zip(after, before, strict=True)),
        "not_online": sum(n.state != "online" for n in after),
    }


def pyav(cameras: int, seconds: float, port: int) -> dict[str, Any]:
    """Receive with PyAV's demuxer, a thread a camera."""
    raise_open_files()
    frames = [0] * cameras

    def pull(number: int) -> None:
        options = {"rtsp_transport": "tcp", "analyzeduration": "0", "probesize": "32"}
        with av.open(f"rtsp://127.0.0.1:{port}/{number}", options=options, timeout=(10.0, 10.0)) as container:
            for packet in container.demux(video=0):
                frames[number] += packet.size > 0

    began_s = time.monotonic()
    for number in range(cameras):
        threading.Thread(target=pull, args=(number,), daemon=True).start()
    while time.monotonic() - began_s < OPEN_S and not all(frames):
        time.sleep(0.25)
    opened_s = time.monotonic() - began_s
    meter, before = Meter(), list(frames)
    time.sleep(seconds)
    figures = meter.read()
    counted = [new - old for new, old in zip(frames, before, strict=True)]
    return {**figures, **judged(counted, figures["seconds"]), "open_s": round(opened_s, 2)}


class Meter:
    """This process's costs from now on."""

    def __init__(self) -> None:
        self._began_s = time.monotonic()
        self._used_s = self._cpu_s()

    def read(self) -> dict[str, float]:
        """Return seconds passed, mean cores, memory without shared files (MB)."""
        passed_s = time.monotonic() - self._began_s
        memory = psutil.Process().memory_info()
        return {
            "seconds": round(passed_s, 1),
            "cores": round((self._cpu_s() - self._used_s) / passed_s, 3),
            "rss_mb": round((memory.rss - memory.shared) / 1e6, 1),
            "threads": threading.active_count(),
        }

    @staticmethod
    def _cpu_s() -> float:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return usage.ru_utime + usage.ru_stime


def judged(frames: list[int], seconds: float) -> dict[str, Any]:
    """Return how many cameras were late and dead, and the frames a second over all."""
    return {
        "frames_per_s": round(sum(frames) / seconds, 1),
        "late": sum(count < 0.95 * seconds * FPS for count in frames),
        "dead": sum(count == 0 for count in frames),
    }


def measure(side: str, cameras: int, seconds: float) -> dict[str, Any]:
    """Run one side against a simulator of its own and return its figures."""
    module = [sys.executable, "-m", "benchmarks.ingest"]
    with subprocess.Popen([*module, "--serve", str(cameras)], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            port = server.stdout.readline().strip()
            side_args = ["--side", side, "--port", port, "--cameras", str(cameras), "--seconds", str(seconds)]
            out = subprocess.run([*module, *side_args], stdout=subprocess.PIPE, text=True, check=True).stdout
            used = psutil.Process(server.pid).cpu_times()
            figures: dict[str, Any] = json.loads(out.splitlines()[-1])
            figures["simulator_cpu_s"] = round(used.user + used.system, 1)
        finally:
            server.kill()
    figures["cores_per_1000_cameras"] = round(figures["cores"] / cameras * 1000, 2)
    return {"cameras": cameras, **figures}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cameras", type=int, default=363)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--pyav", type=int, default=100, help="cameras for PyAV; 0 leaves it out")
    parser.add_argument("--json", action="store_true", help="last line is everything as JSON")
    parser.add_argument("--serve", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--side", choices=("kakou", "pyav"), help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        asyncio.run(serve(args.serve))
    elif args.side == "kakou":
        print(json.dumps(asyncio.run(kakou(args.cameras, args.seconds, args.port))), flush=True)
    elif args.side == "pyav":
        print(json.dumps(pyav(args.cameras, args.seconds, args.port)), flush=True)
        os._exit(0)  # threads blocked in libavformat
    else:
        clip()
        print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        results = {"kakou": measure("kakou", args.cameras, args.seconds)}
        if args.pyav:
            results["pyav"] = measure("pyav", args.pyav, args.seconds)
        for side, figures in results.items():
            print(f"{side:6} " + "  ".join(f"{name} {value}" for name, value in figures.items()))
        if args.json:
            print(json.dumps(results))


if __name__ == "__main__":
    main()
