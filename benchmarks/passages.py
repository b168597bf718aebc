"""One passage a vehicle: made traffic by a checkpoint, by day, at night and in rain, against what really drove by.

``python -m benchmarks.passages [--vehicles 60] [--jobs 2] [--seed 1] [--only day] [--json]``

Two lanes with queues that stand and creep, motorcycles beside them, towards the camera and away from it; plates of all
kinds, a few dirty, covered or missing (``ingest.simulate.flow``). Pictures are drawn in the weather, encoded as H.264
keyframes, two a second, decoded again and given to the product's ``CheckpointReader``: no RTSP, so that it runs as fast
as it can. ``--vehicles`` drive by in each of the scenes of ``benchmarks.passing.scenes``.

* ``duplicate_share``: passages that are of no vehicle that has not one already, of all vehicles.
* ``missed_share``: vehicles that no passage was told of, of all vehicles; those whose plate was hidden count too.
* ``exact_*``: the whole plate is right, of the vehicles whose plate was free in a keyframe and is not covered; by kind
  in the table.
* ``false_certain``: certain and wrong. ``guessed``: a plate was told where none could be read.
"""

import argparse
import json
import multiprocessing
import os
import platform
import sys
from collections.abc import Sequence
from typing import Any

from benchmarks.passing.judge import Tally
from benchmarks.passing.scenes import SCENES, Drove, SceneKind, drive_by

COLUMNS = (
    "vehicles",
    "duplicate_share",
    "missed_share",
    "exact",
    "certain_share",
    "false_certain",
    "guessed",
    "hidden",
    "lane_right",
)
LISTS = ("missed", "doubled", "misread", "false_certain", "guessed")


def drive_all(scenes: Sequence[SceneKind], vehicles: int, seed: int, jobs: int) -> list[Drove]:
    """Return what happened in every scene, so many of them at the same time."""
    if jobs <= 1:
        return [_told(drive_by(scene, vehicles, seed)) for scene in scenes]
    with multiprocessing.get_context("spawn").Pool(jobs, maxtasksperchild=1) as pool:
        waiting = [pool.apply_async(drive_by, (scene, vehicles, seed)) for scene in scenes]
        return [_told(each.get()) for each in waiting]


def _told(drove: Drove) -> Drove:
    scene = drove.scene
    print(f"{scene.weather.value} {scene.index}: {drove.keyframes} keyframes", file=sys.stderr, flush=True)
    return drove


def table(tallies: dict[str, Tally]) -> None:
    print(f"{'':7}" + "".join(f"{name:>17}" for name in COLUMNS))
    for name, tally in tallies.items():
        figures = tally.figures()
        print(f"{name:7}" + "".join(f"{figures[column]!s:>17}" for column in COLUMNS))
    for name, tally in tallies.items():
        kinds = tally.figures()["kinds"].items()
        print(
            f"{name}: "
            + ", ".join(f"{kind} {one['exact']} exact, {one['told']} told of {one['n']}" for kind, one in kinds)
        )


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vehicles", type=int, default=60, help="in each scene")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="scenes at the same time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=sorted({scene.name for scene in SCENES}))
    parser.add_argument("--json", action="store_true", help="last line is everything as JSON")
    args = parser.parse_args(argv)
    scenes = [scene for scene in SCENES if args.only in (None, scene.name)]
    tallies: dict[str, Tally] = {}
    whole = Tally()
    keyframes, cpu_s = 0, 0.0
    for drove in drive_all(scenes, args.vehicles, args.seed, args.jobs):
        tallies.setdefault(drove.scene.name, Tally()).add(drove)
        whole.add(drove)
        keyframes, cpu_s = keyframes + drove.keyframes, cpu_s + drove.cpu_s
    for kind in LISTS:
        for line in getattr(whole, kind):
            print(f"{kind}: {line}")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    table({**tallies, "all": whole})
    ms = round(cpu_s * 1000 / keyframes, 1)
    print(f"{keyframes} keyframes, {ms} ms CPU each")
    if args.json:
        figures: dict[str, Any] = whole.figures()
        exact = {f"exact_{name}": None for name in ("day", "night", "rain")}
        exact |= {f"exact_{name}": tally.figures()["exact"] for name, tally in tallies.items()}
        by_name = {name: tally.figures() for name, tally in tallies.items()}
        print(json.dumps({**figures, **exact, "ms_per_keyframe": ms, "scenes": by_name}, ensure_ascii=False))


if __name__ == "__main__":
    main()
