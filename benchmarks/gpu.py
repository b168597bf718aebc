"""How many cameras one machine carries: analysed frames a second, lateness, memory; on a GPU where there is one.

``python -m benchmarks.gpu [--video FILE] [--weights FILE --sha256 HEX --device cuda:0] [--seconds 4] [--json]``

Keyframes of a real video, encoded as cameras do (H.264, 640 x 360 as a sub-stream, 1920 x 1080 as a main stream).

* models: pictures a second, decoded already, by model and batch.
* streams: keyframes a second from bytes to boxes, cameras carried at 1, 2 and 5 frames/s each, and the lateness of an
  open load of 0.7 times that (p50, p99 of arrival to boxes); ``goal``: 363 cameras at 5 frames/s of 640 x 360 with a
  p99 of 200 ms at most.
* per core: keyframes per second of processor time, kakou beside the plain loop, the same network, decoding of boxes and
  keyframes. kakou keeps one unsmoothed decoder for all and a session of one thread that does not spin; the plain loop
  opens a decoder a camera, converts with swscale, and runs the session as onnxruntime makes it.

Without a GPU everything runs on the CPU, the rows of the GPU are null, and this is said. Decoding on the GPU needs
PyNvVideoCodec, weights need ultralytics: extra ``[gpu]``. With ``--json`` standard output is JSON alone.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np
import onnxruntime as ort
import psutil

from benchmarks.detecting.load import Decoders, keyframes, lateness, look_rate, rate_of
from camera_config.errors import ConfigError
from detection.decode import CpuDecoder, Decoder, open_decoder
from detection.models import NANODET, model_path
from detection.objects import ObjectFinder, Objects, open_objects
from ingest.codec import Codec

SIZES: Final = {"640x360": (640, 360), "1920x1080": (1920, 1080)}
RATES: Final = (1, 2, 5)
BATCHES: Final = {"cpu": (1, 4), "gpu": (1, 4, 16, 64)}
LOAD: Final = 0.7
GOAL: Final = {"cameras": 363, "rate": 5, "size": "640x360", "p99_ms": 200}
VIDEO: Final = Path(__file__).parents[2] / "shared" / "data" / "videos" / "vtest.avi"

Figures = dict[str, Any]


def streams_of(
    payloads: Sequence[bytes], size: str, name: str, objects: Objects, decoders: Decoders, batch: int, seconds: float
) -> Figures:
    """Return one row: frames a second, cameras carried, lateness under load."""
    rate = rate_of(payloads, decoders, objects, batch, seconds)
    # Few cameras at a high rate and many at a low one are the same load; a slow machine carries none at 5 frames/s.
    each = 5 if rate * LOAD >= 5 else 1
    late = lateness(payloads, decoders, objects, batch, max(1, int(rate * LOAD / each)), each, 2 * seconds)
    carried = {f"cameras_at_{wanted}": int(rate / wanted) for wanted in RATES}
    load = {key: value for key, value in asdict(late).items() if key != "frames"}
    row = {"size": size, "model": name, "batch": batch, "frames_per_s": round(rate, 1)}
    return {**row, **carried, "load": load}


def per_core(payloads: Sequence[bytes], finder: ObjectFinder, seconds: float) -> Figures:
    """Return pictures per core-second: ours, the plain loop's on keyframes, and on whole streams."""
    session = ort.InferenceSession(str(model_path(NANODET)))
    decoder = CpuDecoder(smooth=False)
    plain = ObjectFinder()
    plain._session = session

    def ours(payload: bytes) -> None:
        finder.find(decoder.decode(payload, Codec.H264).bgr())

    def loop(payload: bytes) -> None:
        context = av.CodecContext.create("h264", "r")
        frames = [*context.decode(av.Packet(payload)), *context.decode(None)]
        plain.find(np.asarray(frames[0].to_ndarray(format="bgr24"), np.uint8))

    rows = {"kakou": ours, "plain": loop}
    return {name: round(_per_core(one, payloads, seconds), 2) for name, one in rows.items()}


def _per_core(one: Callable[[bytes], None], payloads: Sequence[bytes], seconds: float) -> float:
    one(payloads[0])
    began, cpu, done = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - began < seconds or done < 2:
        one(payloads[done % len(payloads)])
        done += 1
    return done / (time.process_time() - cpu)


def gpu_of(device: str) -> str | None:
    """Return the GPU's name, None where there is none."""
    if device == "cpu":
        return None
    try:
        import torch  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415
    except ImportError:
        return None
    return str(torch.cuda.get_device_name(device)) if torch.cuda.is_available() else None


def gpu_memory_mb(device: str) -> float | None:
    """Return what this process has held of the GPU's memory at most."""
    if gpu_of(device) is None:
        return None
    import torch  # noqa: PLC0415

    return float(round(torch.cuda.max_memory_reserved(device) / 2**20, 1))


def gpu_decoder() -> Decoder | None:
    try:
        return open_decoder("gpu")
    except ConfigError:
        return None


def measure(args: argparse.Namespace) -> Figures:
    """Return everything this benchmark says."""
    gpu = gpu_of(args.device)
    finder = ObjectFinder()
    models: dict[str, Objects] = {"nanodet-g cpu": finder}
    if args.weights:
        device = args.device if gpu else "cpu"
        models[f"{args.weights.name} {device}"] = open_objects(args.weights, args.sha256, device)
    payloads = {size: keyframes(args.video, *sides) for size, sides in SIZES.items()}
    decoder = gpu_decoder()
    threads = (os.cpu_count() or 1) if gpu else 1
    rows: list[Figures] = []
    looks: list[Figures] = []
    for name, objects in models.items():
        batches = BATCHES["gpu" if gpu and name.endswith(args.device) else "cpu"]
        images = Decoders(1).images(payloads["640x360"][:4])
        looked = {batch: look_rate(images, objects, batch, args.seconds) for batch in batches}
        looks += [{"model": name, "batch": batch, "frames_per_s": round(rate, 1)} for batch, rate in looked.items()]
        for size, some in payloads.items():
            decoders = Decoders(threads, decoder)
            rows.append(streams_of(some, size, name, objects, decoders, batches[-1] if gpu else 1, args.seconds))
    decoded: list[Figures] = []
    for size, some in payloads.items():
        cpu = rate_of(some, Decoders(1), None, 4, args.seconds)
        own = rate_of(some, Decoders(1, decoder), None, 4, args.seconds) if decoder else None
        decoded.append({"size": size, "cpu_frames_per_s": round(cpu, 1), "gpu_frames_per_s": own and round(own, 1)})
    if gpu is None:
        looks.append({"model": "gpu", "batch": None, "frames_per_s": None})
        rows += [{"size": size, "model": "gpu", "batch": None, "frames_per_s": None} for size in SIZES]
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        "gpu": gpu,
        "providers": ort.get_available_providers(),
        "models": looks,
        "streams": rows,
        "decode": decoded,
        "goal": GOAL | {"reached": _reached(rows)},
        "per_core": per_core(payloads["640x360"], finder, args.seconds),
        "memory_mb": {
            "process": round(psutil.Process().memory_info().rss / 2**20, 1),
            "gpu": gpu_memory_mb(args.device),
        },
    }


def _reached(rows: Sequence[Figures]) -> bool:
    """Tell whether a row carries the goal's cameras with its lateness."""
    return any(
        row["size"] == GOAL["size"] and (row.get("cameras_at_5") or 0) >= 363 and row["load"]["p99_ms"] <= 200
        for row in rows
        if row["frames_per_s"]
    )


def table(figures: Figures) -> str:
    """Return it as text to be read."""
    lines = [f"{figures['machine']}; GPU: {figures['gpu'] or 'none here: its rows are empty, the rest is the CPU'}"]
    lines += [
        f"{'model':28}{one['model']:20} batch {one['batch']}: {one['frames_per_s']} frames/s"
        for one in figures["models"]
    ]
    for row in figures["streams"]:
        if row["frames_per_s"] is None:
            lines.append(f"{row['size']:10} {row['model']:20} -")
            continue
        load = row["load"]
        carried = ", ".join(f"{row[f'cameras_at_{rate}']} at {rate}/s" for rate in RATES)
        head = f"{row['size']:10} {row['model']:20} batch {row['batch']}: {row['frames_per_s']} frames/s"
        late = f"{load['cameras']} at {load['rate']}/s: p50 {load['p50_ms']} ms, p99 {load['p99_ms']} ms"
        lines.append(f"{head}; cameras: {carried}; {late}")
    lines += [
        f"decode {one['size']}: CPU {one['cpu_frames_per_s']}, GPU {one['gpu_frames_per_s']} frames/s"
        for one in figures["decode"]
    ]
    core = figures["per_core"]
    lines.append(f"per core-second: kakou {core['kakou']}, plain loop {core['plain']}")
    lines.append(f"memory (MB): {figures['memory_mb']}; goal {figures['goal']}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--video", type=Path, default=VIDEO, help="its pictures are encoded as keyframes")
    parser.add_argument("--weights", type=Path, help="of a network for ultralytics, beside NanoDet")
    parser.add_argument("--sha256", default="", help="of the weights")
    parser.add_argument("--device", default="cuda:0", help="for the weights")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each measurement")
    parser.add_argument("--json", action="store_true", help="print JSON alone; the table goes to standard error")
    args = parser.parse_args()
    if not args.video.is_file():
        parser.error(f"{args.video} is missing; name a video")
    cv2.setNumThreads(1)
    figures = measure(args)
    print(table(figures), file=sys.stderr if args.json else sys.stdout)
    if args.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
