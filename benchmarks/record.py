"""What recording costs once the streams are in their rings: kakou's recorder beside PyAV's muxer, a file a camera.

``python -m benchmarks.record [--streams 363] [--seconds 40] [--json] [--folder FOLDER]``

A feeder process puts the same 1080p25 stream (``benchmarks/receiving/clip.py``) into every ring in real time. Each side
is a process of its own, one after the other, measured from 10 s after its start on, when no side opens files any more:

* continuous: kakou records everything: GOPs to fragments, SHA-256, segments of a minute, synced and indexed.
* quiet: nothing moves (the clip's quiet GOPs alone); kakou watches sizes and records nothing.
* event: the whole clip, busy 30 % of the time; kakou records what moves, with pre-roll and post-roll.
* pyav: everything by PyAV, one container and one file a camera (``frag_keyframe``), no SHA-256, no index, no sync.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.video.stream import VideoStream

from benchmarks.receiving.clip import BUSY_GOPS, FPS, GOP, GOPS, HEIGHT, WIDTH, clips
from benchmarks.receiving.meter import Meter
from camera_config.clock import SystemClock
from ingest.access_unit import AccessUnit
from ingest.codec import Codec
from ingest.record.recorder import Kept, Recorder
from ingest.ring import RingReader, RingWriter

HZ = 90_000
ROUND_S = 0.4
WARM_S = 10.0
RING_BYTES = 512 * 1024 * 1024 // 363


def units(*, quiet: bool) -> list[tuple[bytes, bool]]:
    """Return the clip's access units (Annex-B, key), all or those of its quiet GOPs."""
    with av.open(str(clips().main), "r") as container:
        video = container.streams.video[0]
        to_annex_b = av.BitStreamFilterContext("h264_mp4toannexb", video)
        packets = [out for packet in container.demux(video) for out in to_annex_b.filter(packet) if out.size]
        found = [(bytes(packet), bool(packet.is_keyframe)) for packet in packets]
    wanted = [gop for gop in range(GOPS) if not quiet or gop not in BUSY_GOPS]
    return [unit for gop in wanted for unit in found[gop * GOP : (gop + 1) * GOP]]


def feed(rings: Path, streams: int, *, quiet: bool) -> None:
    """Fill the rings in real time until killed."""
    clip = units(quiet=quiet)
    writers = [RingWriter(rings / f"c{number}", RING_BYTES) for number in range(streams)]
    print("ready", flush=True)
    began_s, turn = time.monotonic(), 0
    while True:
        for number, writer in enumerate(writers):
            payload, key = clip[(turn + number * 37) % len(clip)]
            unit = AccessUnit([payload], len(payload), key, Codec.H264, 1, turn * HZ // FPS & 0xFFFF_FFFF, HZ)
            writer.put(unit, at=time.time(), mono_s=time.monotonic(), broken=False, width=WIDTH, height=HEIGHT)
        turn += 1
        time.sleep(max(0.0, began_s + turn / FPS - time.monotonic()))


def kakou(rings: Path, folder: Path, streams: int, seconds: float, *, always: bool) -> dict[str, Any]:
    """Run the recorder and return what it cost."""
    kept = {f"c{number}": Kept(always, 30) for number in range(streams)}
    recorder = Recorder(folder, rings, kept, 10**12, SystemClock())
    until_s = time.monotonic() + WARM_S
    meter, before, synced = Meter(), recorder.counters(), 0
    behind_s, warm, recording, looks = 0.0, False, 0, 0
    while time.monotonic() < until_s:
        began_s = time.monotonic()
        recorder.round()
        if not warm and began_s > until_s - ROUND_S:
            warm, until_s = True, time.monotonic() + seconds
            meter, before, synced = Meter(), recorder.counters(), recorder.disk.synced
            recorder.status()
        status = recorder.status()
        behind_s, recording, looks = max(behind_s, status.behind_s), recording + status.recording, looks + 1
        time.sleep(max(0.0, began_s + ROUND_S - time.monotonic()))
    cost, after = meter.read(), recorder.counters()
    synced = recorder.disk.synced - synced
    recorder.close()
    return {
        "cores": cost.cpu_s / cost.seconds,
        "rss_mb": cost.rss_mb,
        "recorded_share": round(recording / looks / streams, 3),
        "mbit_per_s": (after["recorded_bytes"] - before["recorded_bytes"]) * 8e-6 / cost.seconds,
        "gops_per_s": (after["recorded_gops"] - before["recorded_gops"]) / cost.seconds,
        "fsyncs_per_s": synced / cost.seconds,
        "overruns": after["record_overruns"] - before["record_overruns"],
        "behind_s": behind_s,
    }


def pyav(rings: Path, folder: Path, streams: int, seconds: float) -> dict[str, Any]:
    """Mux every stream with PyAV and return what it cost."""
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    with av.open(str(clips().main), "r") as template:
        video = template.streams.video[0]
        sinks = []
        for number in range(streams):
            sink = av.open(str(folder / f"c{number}.mp4"), "w", format="mp4", options=options)
            sinks.append((RingReader(rings / f"c{number}"), sink, sink.add_stream_from_template(video), [0]))
        until_s, warm, lost, meter = time.monotonic() + WARM_S, False, 0, Meter()
        while time.monotonic() < until_s:
            began_s = time.monotonic()
            if not warm and began_s > until_s - ROUND_S:
                warm, until_s, meter = True, time.monotonic() + seconds, Meter()
            for reader, sink, stream, count in sinks:
                lost += _mux(reader, sink, stream, count)
            time.sleep(max(0.0, began_s + ROUND_S - time.monotonic()))
        cost = meter.read()
        for _, sink, _, _ in sinks:
            sink.close()
    return {"cores": cost.cpu_s / cost.seconds, "rss_mb": cost.rss_mb, "lost": lost}


def _mux(reader: RingReader, sink: av.container.OutputContainer, stream: VideoStream, count: list[int]) -> int:
    lost = 0
    for entry in reader.entries():
        payload = reader.payload(entry)
        if payload is None:
            lost += 1
            continue
        packet = av.Packet(payload)
        packet.pts = packet.dts = count[0] * HZ // FPS
        packet.duration, packet.time_base, packet.is_keyframe = HZ // FPS, Fraction(1, HZ), entry.key
        packet.stream = stream
        sink.mux(packet)
        count[0] += 1
    return lost


def once(side: str, streams: int, seconds: float, parent: str | None) -> dict[str, Any]:
    """Run one side beside a feeder of its own."""
    rings = Path(tempfile.mkdtemp(prefix="kakou-bench-", dir="/dev/shm"))
    folder = Path(tempfile.mkdtemp(prefix="kakou-bench-", dir=parent))
    argv = [sys.executable, "-m", "benchmarks.record", "--rings", str(rings), "--streams", str(streams)]
    argv += ["--folder", str(folder), "--seconds", str(seconds), "--side"]
    feeder = subprocess.Popen([*argv, "feed-quiet" if side == "quiet" else "feed"], stdout=subprocess.PIPE)
    try:
        assert feeder.stdout is not None
        feeder.stdout.readline()
        meter = Meter(feeder.pid)
        out = subprocess.run([*argv, side], stdout=subprocess.PIPE, text=True, check=True).stdout
        cost = meter.read()
    finally:
        feeder.kill()
        feeder.wait()
        shutil.rmtree(rings)
        shutil.rmtree(folder)
    figures: dict[str, Any] = json.loads(out.splitlines()[-1])
    per_stream = figures["cores"] / streams
    return {
        "cpu_s_per_stream_s": round(per_stream, 6),
        **{key: round(value, 3) if isinstance(value, float) else value for key, value in figures.items()},
        "feeder_cores": round(cost.cpu_s / cost.seconds, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=363)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--folder", help="where to record to; the temporary folder if left out")
    parser.add_argument("--sides", default="continuous,pyav,quiet,event")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rings", help=argparse.SUPPRESS)
    parser.add_argument("--side", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        rings, folder = Path(given.rings), Path(given.folder)
        if given.side.startswith("feed"):
            feed(rings, given.streams, quiet=given.side == "feed-quiet")
        elif given.side == "pyav":
            print(json.dumps(pyav(rings, folder, given.streams, given.seconds)))
        else:
            always = given.side == "continuous"
            print(json.dumps(kakou(rings, folder, given.streams, given.seconds, always=always)))
        return
    results = {side: once(side, given.streams, given.seconds, given.folder) for side in given.sides.split(",")}
    if given.json:
        print(json.dumps({"machine": platform.processor(), "cores": os.cpu_count(), "sides": results}, indent=1))
        return
    for side, figures in results.items():
        print(f"{side:11}" + "  ".join(f"{key} {value}" for key, value in figures.items()))


if __name__ == "__main__":
    main()
