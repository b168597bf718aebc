"""What recording costs once the streams are in their rings: kakou's recorder beside PyAV's muxer, a file a camera.

``python -m benchmarks.record [--streams 363] [--seconds 40] [--json] [--folder FOLDER]``

The same 1080p25 stream (``benchmarks/receiving/clip.py``) is put into every ring on a clock that goes as fast as the
machine can; the CPU time of filling the rings is not counted. So the figures are those of a stream-second whatever else
the machine does, and say nothing of lateness. Each side is a process of its own, measured after 30 s of streams:

* continuous: kakou records everything: GOPs to fragments, SHA-256, segments of a minute, synced and indexed.
* quiet: nothing moves (the clip's quiet GOPs alone); kakou watches sizes and records nothing.
* event: the whole clip, busy for 6 s every 20 s; kakou records what moves, with 5 s before and 10 s after, so nearly
  all of it.
* pyav: everything by PyAV, one container and one file a camera (``frag_keyframe``), no SHA-256, no index, no sync.
"""

import argparse
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import psutil
from av.video.stream import VideoStream

from benchmarks.receiving.clip import BUSY_GOPS, FPS, GOP, GOPS, HEIGHT, WIDTH, clips
from ingest.access_unit import AccessUnit, joined, split
from ingest.codec import Codec
from ingest.record.recorder import Kept, Recorder
from ingest.ring import RingReader, RingWriter

HZ = 90_000
ROUND_S = 0.4
WARM_S = 30.0
"""Until the gates have learned and every side has its files open."""

RING_BYTES = 512 * 1024 * 1024 // 363


def units(*, quiet: bool) -> list[tuple[list[bytes], bool]]:
    """Return the clip's access units (NAL units, key), all or those of its quiet GOPs.

    Its first GOP is larger than the others, because the encoder began there: in a loop that would be motion.
    """
    with av.open(str(clips().main), "r") as container:
        video = container.streams.video[0]
        to_annex_b = av.BitStreamFilterContext("h264_mp4toannexb", video)
        packets = [out for packet in container.demux(video) for out in to_annex_b.filter(packet) if out.size]
        found = [(split(bytes(packet)), bool(packet.is_keyframe)) for packet in packets]
    wanted = [gop for gop in range(GOPS) if not quiet or (gop and gop not in BUSY_GOPS)]
    return [unit for gop in wanted for unit in found[gop * GOP : (gop + 1) * GOP]]


class FedClock:
    """Time that goes on with the pictures that are fed."""

    def __init__(self) -> None:
        self.mono_s = 1000.0

    def now(self) -> datetime:
        """Return wall time."""
        return datetime.fromtimestamp(1_795_000_000.0 + self.mono_s, UTC)

    def monotonic_s(self) -> float:
        """Return seconds."""
        return self.mono_s

    def sleep(self, seconds: float) -> None:
        """Go on."""
        self.mono_s += seconds


class Feeder:
    """Fills all rings; ``cpu_s`` is what that took."""

    def __init__(self, rings: Path, streams: int, clock: FedClock, *, quiet: bool) -> None:
        self.cpu_s = 0.0
        self._clip = units(quiet=quiet)
        self.keyframe = b"".join(joined(self._clip[0][0])[0])
        self._clock = clock
        self._writers = [RingWriter(rings / f"c{number}", RING_BYTES) for number in range(streams)]
        self._begun = [False] * streams
        self._turn = 0

    def go_on(self) -> None:
        """Let ``ROUND_S`` pass."""
        began_s = time.thread_time()
        for _ in range(round(ROUND_S * FPS)):
            at, mono_s = self._clock.now().timestamp(), self._clock.mono_s
            for number, writer in enumerate(self._writers):
                nals, key = self._clip[(self._turn + number * 37) % len(self._clip)]
                self._begun[number] |= key
                if not self._begun[number]:
                    continue
                stamp = self._turn * HZ // FPS & 0xFFFF_FFFF
                unit = AccessUnit.of(nals, key, Codec.H264, 1, stamp, HZ)
                writer.put(unit, at=at, mono_s=mono_s, broken=False, width=WIDTH, height=HEIGHT)
            self._turn += 1
            self._clock.sleep(1 / FPS)
        self.cpu_s += time.thread_time() - began_s


def run(feeder: Feeder, look: Callable[[], None], seconds: float) -> float:
    """Feed and look for ``seconds`` of streams; return the CPU seconds of looking and all that it started."""
    before_s, fed_s = time.process_time(), feeder.cpu_s
    for _ in range(round(seconds / ROUND_S)):
        feeder.go_on()
        look()
    return time.process_time() - before_s - (feeder.cpu_s - fed_s)


def kakou(rings: Path, folder: Path, streams: int, seconds: float, *, side: str) -> dict[str, Any]:
    """Run the recorder and return what it cost."""
    clock = FedClock()
    feeder = Feeder(rings, streams, clock, quiet=side == "quiet")
    kept = {f"c{number}": Kept(side == "continuous", 30) for number in range(streams)}
    recorder = Recorder(folder, rings, kept, 10**12, clock)
    run(feeder, recorder.round, WARM_S)
    before, synced, opened = recorder.counters(), recorder.disk.synced, 0

    def look() -> None:
        nonlocal opened
        recorder.round()
        opened += recorder.status().recording

    cpu_s = run(feeder, look, seconds)
    after, synced = recorder.counters(), recorder.disk.synced - synced
    memory = psutil.Process().memory_info()
    recorder.close()
    return {
        "cpu_s_per_stream_s": cpu_s / seconds / streams,
        "rss_mb": (memory.rss - memory.shared) / 1e6,
        "recorded_share": opened / round(seconds / ROUND_S) / streams,
        "mbit_per_s": (after["recorded_bytes"] - before["recorded_bytes"]) * 8e-6 / seconds,
        "fsyncs_per_s": synced / seconds,
        "overruns": after["record_overruns"],
    }


def pyav(rings: Path, folder: Path, streams: int, seconds: float) -> dict[str, Any]:
    """Mux every stream with PyAV and return what it cost."""
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    feeder = Feeder(rings, streams, FedClock(), quiet=False)
    keyframe = io.BytesIO(feeder.keyframe)
    with av.open(keyframe, "r", format="h264") as template:  # so that it turns Annex-B into what MP4 wants
        video = template.streams.video[0]
        sinks = []
        for number in range(streams):
            sink = av.open(str(folder / f"c{number}.mp4"), "w", format="mp4", options=options)
            sinks.append((RingReader(rings / f"c{number}"), sink, sink.add_stream_from_template(video), [0]))

        def look() -> None:
            for reader, sink, stream, count in sinks:
                _mux(reader, sink, stream, count)

        run(feeder, look, WARM_S)
        cpu_s = run(feeder, look, seconds)
        memory = psutil.Process().memory_info()
        for _, sink, _, _ in sinks:
            sink.close()
    return {"cpu_s_per_stream_s": cpu_s / seconds / streams, "rss_mb": (memory.rss - memory.shared) / 1e6}


def _mux(reader: RingReader, sink: av.container.OutputContainer, stream: VideoStream, count: list[int]) -> None:
    for entry in reader.entries():
        payload = reader.payload(entry)
        if payload is None:
            continue
        packet = av.Packet(payload)
        packet.pts = packet.dts = count[0] * HZ // FPS
        packet.duration, packet.time_base, packet.is_keyframe = HZ // FPS, Fraction(1, HZ), entry.key
        packet.stream = stream
        sink.mux(packet)
        count[0] += 1


def once(side: str, given: argparse.Namespace) -> dict[str, Any]:
    """Run one side in a process and folders of its own."""
    rings = Path(tempfile.mkdtemp(prefix="kakou-bench-", dir="/dev/shm"))
    folder = Path(tempfile.mkdtemp(prefix="kakou-bench-", dir=given.folder))
    argv = [sys.executable, "-m", "benchmarks.record", "--rings", str(rings), "--streams", str(given.streams)]
    argv += ["--folder", str(folder), "--seconds", str(given.seconds), "--side", side]
    try:
        out = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True).stdout
    finally:
        shutil.rmtree(rings)
        shutil.rmtree(folder)
    figures: dict[str, float] = json.loads(out.splitlines()[-1])
    return {key: round(value, 6 if key.startswith("cpu") else 2) for key, value in figures.items()}


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
        if given.side == "pyav":
            print(json.dumps(pyav(rings, folder, given.streams, given.seconds)))
        else:
            print(json.dumps(kakou(rings, folder, given.streams, given.seconds, side=given.side)))
        return
    clips()
    results = {side: once(side, given) for side in given.sides.split(",")}
    if given.json:
        print(json.dumps({"machine": platform.processor(), "cores": os.cpu_count(), "sides": results}, indent=1))
        return
    for side, figures in results.items():
        print(f"{side:11}" + "  ".join(f"{key} {value}" for key, value in figures.items()))


if __name__ == "__main__":
    main()
