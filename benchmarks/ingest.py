"""What it costs to receive, watch and record hundreds of cameras: kakou beside OpenCV, PyAV and ffmpeg.

``python -m benchmarks.ingest [--cameras 363] [--seconds 60] [--rounds 3] [--json]``

Every side gets the same 1080p25 H.264 stream from the same simulator over loopback (``benchmarks/receiving/clip.py``),
runs in processes of its own, and is measured from the moment all its streams play. Rounds are interleaved; minimum and
median are printed. A stream is late when less than 95 % of its pictures came, dead when none did.

* receive: all streams in one kakou process, access units and keyframe slots, nothing decoded; PyAV demuxes with a
  thread a camera; cv2 and ffmpeg decode every picture, because that is how they are used.
* watched: main and sub-stream of all cameras received, gated by motion with a floor of 10 s, the sub-stream's
  keyframes decoded, the main stream recorded while it is busy, hashed and written to disk. cv2 and ffmpeg decode every
  picture and record nothing. **They decode every picture and kakou samples: the ratio says what a camera costs, not
  like work.**
* ungated: the same with every keyframe decoded and everything recorded, for as many cameras as two cores carry beside
  the simulator; with more its processes would fall behind and seem cheaper than they are.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from typing import Any

from benchmarks.receiving.clip import clips
from benchmarks.receiving.serving import served

BASELINES = {"cv2": 4, "pyav": 100, "ffmpeg": 4}
FEWER = {**BASELINES, "ungated": 120}
"""Streams that a side gets at most: as many as two cores carry beside the simulator without being late."""

SAID = {"watched": "watched, motion-gated and recorded", "ungated": "with every keyframe decoded and all recorded"}

Figures = dict[str, Any]


def once(side: str, streams: int, seconds: float) -> Figures:
    """Run one side for ``seconds`` against a simulator of its own."""
    module = "kakou" if side in ("kakou", "watched", "ungated") else "others"
    with served(streams, sub=side in ("watched", "ungated")) as (port, _):
        argv = [sys.executable, "-m", f"benchmarks.receiving.{module}", side, "--port", str(port)]
        argv += ["--streams", str(streams), "--seconds", str(seconds)]
        out = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True).stdout
    figures: Figures = json.loads(out.splitlines()[-1])
    return figures


def summary(runs: list[Figures]) -> Figures:
    """Return the median run's figures, the smallest cost beside it, and the worst of what must be 0."""
    costs = [run["cpu_s_per_stream_s"] for run in runs]
    median = min(runs, key=lambda run: abs(run["cpu_s_per_stream_s"] - statistics.median(costs)))
    worst = {key: max(run[key] for run in runs) for key in ("late", "dead")}
    return {**median, **worst, "cpu_s_per_stream_s_min": min(costs), "rounds": len(runs)}


def table(results: dict[str, Figures]) -> None:
    columns = ("streams", "cpu_s_per_stream_s", "cpu_s_per_stream_s_min", "cores", "rss_mb", "rss_mb_per_stream")
    print(f"{'side':9}" + "".join(f"{name:>24}" for name in (*columns, "late", "dead")))
    for side, one in results.items():
        print(f"{side:9}" + "".join(f"{one[name]:>24}" for name in (*columns, "late", "dead")))
    for side, one in results.items():
        rest = {key: value for key, value in one.items() if key not in (*columns, "late", "dead", "seconds", "rounds")}
        print(f"{side}: " + ", ".join(f"{key} {value}" for key, value in rest.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cameras", type=int, default=363)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each measurement of kakou")
    parser.add_argument("--baseline-seconds", type=float, default=15.0)
    parser.add_argument("--pyav", type=int, default=BASELINES["pyav"], help="cameras for PyAV; 0 leaves it out")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sides", default="kakou,cv2,pyav,ffmpeg,watched,ungated", help="what to measure")
    parser.add_argument("--json", action="store_true", help="last line is everything as JSON")
    args = parser.parse_args()
    clips()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{machine}, load {os.getloadavg()[0]:.1f}")
    runs: dict[str, list[Figures]] = {side: [] for side in args.sides.split(",") if side != "pyav" or args.pyav}
    for number in range(args.rounds):
        for side, done in runs.items():
            streams = min(args.cameras, args.pyav if side == "pyav" else FEWER.get(side, args.cameras))
            done.append(once(side, streams, args.baseline_seconds if side in BASELINES else args.seconds))
            print(f"round {number + 1} {side}: {done[-1]['cpu_s_per_stream_s']} core a stream", flush=True)
    results = {side: summary(done) for side, done in runs.items()}
    table(results)
    for side in ("cv2", "ffmpeg"):
        for kind in ("watched", "ungated"):
            if side in results and kind in results:
                ratio = results[side]["cpu_s_per_stream_s"] / results[kind]["cpu_s_per_stream_s"]
                results[f"{kind}_ratio_{side}"] = round(ratio, 1)
                print(f"a camera {SAID[kind]} costs {ratio:.1f} times less than {side} a camera")
    print("cv2 and ffmpeg decode every picture; kakou decodes keyframes: watched those that its gate lets through,")
    print(f"ungated all of them, of at most {FEWER['ungated']} cameras: two cores do no more of that.")
    if "kakou" in results:
        results |= {"cores": results["kakou"]["cores"], "rss_mb": results["kakou"]["rss_mb"]}
    if args.json:
        print(json.dumps(results))


if __name__ == "__main__":
    main()
