"""The other ways to receive: OpenCV, PyAV and ffmpeg, each as its documentation recommends for RTSP.

``python -m benchmarks.receiving.others SIDE --port PORT --streams N --seconds S`` prints one JSON line. Costs are
counted from the moment that every stream has given a picture.

* cv2: ``VideoCapture`` over TCP in a thread a camera, ``read()`` of every picture (decoded, BGR).
* pyav: a demuxing thread a camera; nothing is decoded.
* ffmpeg: a process a camera, decoded, 5 pictures a second at 640 x 360 to a pipe, as recorders with a detector do.
"""

import argparse
import json
import os
import subprocess
import threading
import time
from collections.abc import Callable

from benchmarks.receiving.clip import FPS
from benchmarks.receiving.meter import Meter, Side, side

OPEN_S = 60.0
FFMPEG_FPS = 5
FFMPEG_BYTES = 640 * 360 * 3 // 2


def cv2_side(urls: list[str], seconds: float) -> Side:
    """Receive and decode every picture with OpenCV."""
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "rtsp_transport;tcp"
    import cv2  # noqa: PLC0415 - a side loads only what it measures

    frames = [0] * len(urls)

    def pull(number: int) -> None:
        capture = cv2.VideoCapture(urls[number], cv2.CAP_FFMPEG)
        while True:
            got, _ = capture.read()
            if not got:
                return
            frames[number] += 1

    return _threads(pull, frames, FPS, seconds)


def pyav_side(urls: list[str], seconds: float) -> Side:
    """Receive with PyAV's demuxer."""
    import av  # noqa: PLC0415

    frames = [0] * len(urls)

    def pull(number: int) -> None:
        options = {"rtsp_transport": "tcp", "analyzeduration": "0", "probesize": "32"}
        with av.open(urls[number], options=options, timeout=(20.0, 20.0)) as container:
            for packet in container.demux(video=0):
                frames[number] += packet.size > 0

    return _threads(pull, frames, FPS, seconds)


def ffmpeg_side(urls: list[str], seconds: float) -> Side:
    """Receive, decode and scale with a process of ffmpeg a camera."""
    frames = [0] * len(urls)
    quiet = ["ffmpeg", "-nostdin", "-loglevel", "error", "-fflags", "nobuffer", "-rtsp_transport", "tcp"]
    shape = ["-an", "-vf", f"fps={FFMPEG_FPS},scale=640:360", "-pix_fmt", "yuv420p", "-f", "rawvideo", "pipe:1"]
    children = [subprocess.Popen([*quiet, "-i", url, *shape], stdout=subprocess.PIPE) for url in urls]

    def drain(number: int) -> None:
        pipe = children[number].stdout
        assert pipe is not None
        while len(pipe.read(FFMPEG_BYTES)) == FFMPEG_BYTES:
            frames[number] += 1

    try:
        return _threads(drain, frames, FFMPEG_FPS, seconds)
    finally:
        for child in children:
            child.kill()


def _threads(pull: Callable[[int], None], frames: list[int], fps: float, seconds: float) -> Side:
    began_s = time.monotonic()
    for number in range(len(frames)):
        threading.Thread(target=pull, args=(number,), daemon=True).start()
    while time.monotonic() - began_s < OPEN_S and not all(frames):
        time.sleep(0.25)
    opened_s = time.monotonic() - began_s
    time.sleep(2.0)  # decoders catch up with what waited while they opened
    meter, before = Meter(), list(frames)
    time.sleep(seconds)
    cost = meter.read()
    counted = [new - old for new, old in zip(frames, before, strict=True)]
    return side(counted, fps, cost, open_s=round(opened_s, 2), threads=threading.active_count())


SIDES = {"cv2": cv2_side, "pyav": pyav_side, "ffmpeg": ffmpeg_side}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("side", choices=sorted(SIDES))
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--streams", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    args = parser.parse_args()
    wanted = [f"rtsp://127.0.0.1:{args.port}/{number}" for number in range(args.streams)]
    print(json.dumps(SIDES[args.side](wanted, args.seconds).to_json()), flush=True)
    os._exit(0)  # threads blocked in libavformat
