"""How well and how fast persons and vehicles are found in pictures that people labelled.

``python -m benchmarks.detector --yolo DIR [--weights FILE --sha256 HEX --device cuda:0] [--json]``

DIR holds pictures and labels in YOLO's layout, ``images/…/B.jpg`` beside ``labels/…/B.txt``, COCO's class numbers;
vehicles are cars, buses and trucks together.

* AP50: average precision at IoU 0.5 of all boxes with a score of 0.05 or more, interpolated at 101 points.
* operating: precision and recall of what kakou really counts, with its thresholds by class.
* tall: the same for boxes of at least a tenth of the picture's height.
* streets: pictures of 1920 x 1080 composed of six labelled ones (``benchmarks/detecting/streets.py``), looked at whole
  and in tiles: persons by height, recall and precision at the operating point, AP50 beside them.
* ms: median time of one picture on one core, from BGR pixels to boxes; cpu_ms the same in processor time.

With ``--json`` the only line on standard output is everything as JSON; the table goes to standard error.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import cv2

from benchmarks.detecting.labelled import Judged, Labelled, Score, labelled, score
from benchmarks.detecting.streets import streets
from detection.decode import Image
from detection.objects import PERSON_MIN, VEHICLE_MIN, Detection, Objects, open_objects
from detection.objects_view import View

LEAST: Final = 0.05
TALL: Final = 0.1
HEIGHTS: Final = {"all": (0.0, 1.0), "under 5 %": (0.0, 0.05), "5 to 10 %": (0.05, 0.1), "from 10 %": (0.1, 1.0)}
"""Of persons in streets, as shares of 1080 pixels: under 54, 54 to 107, from 108."""
GROUPS: Final = ("person", "vehicle")

Figures = dict[str, Any]


def operating(found: Sequence[Detection]) -> tuple[Detection, ...]:
    """Return what kakou would count."""
    return tuple(one for one in found if one.score >= (PERSON_MIN if one.label == "person" else VEHICLE_MIN))


def look(pictures: Sequence[Labelled], find: Callable[[Image], list[Detection]]) -> tuple[list[Judged], Figures]:
    """Return what was found, beside the truth, and what it took."""
    judged, wall_s, cpu_s = [], [], []
    for one in pictures:
        wall, cpu = time.perf_counter(), time.process_time()
        found = find(one.image)
        wall_s.append(time.perf_counter() - wall)
        cpu_s.append(time.process_time() - cpu)
        judged.append(Judged(one.truth, tuple(found), one.image.shape[0]))
    return judged, {
        "ms": round(1000 * statistics.median(wall_s), 1),
        "cpu_ms": round(1000 * statistics.median(cpu_s), 1),
    }


def shown(one: Score) -> Figures:
    figures = {"ap50": one.ap50, "precision": one.precision, "recall": one.recall}
    return {"boxes": one.wanted} | {key: round(value, 4) for key, value in figures.items()}


def scores(judged: Sequence[Judged], group: str, *, least: float = 0.0, most: float = 1.0) -> Figures:
    """Return AP over everything found, and precision and recall at the operating point."""
    given = [Judged(one.truth, operating(one.found), one.height) for one in judged]
    ap50 = score(judged, group, least=least, most=most).ap50
    return shown(score(given, group, least=least, most=most)) | {"ap50": round(ap50, 4)}


def measure(pictures: Sequence[Labelled], objects: Objects) -> Figures:
    """Return everything this benchmark says."""
    objects.find(pictures[0].image)
    judged, cost = look(pictures, lambda image: objects.find(image, minimum=LEAST))
    made = list(streets(pictures))
    views = {"whole": View(), "tiled": View(tiled=True)}
    street: Figures = {}
    for name, view in views.items():
        seen, street_cost = look(made, lambda image, view=view: view.find(objects, image, minimum=LEAST))  # type: ignore[misc]
        persons = {key: scores(seen, "person", least=low, most=high) for key, (low, high) in HEIGHTS.items()}
        street[name] = {"person": persons, "vehicle": scores(seen, "vehicle"), **street_cost}
    whole = {group: scores(judged, group) for group in GROUPS}
    return {
        "images": len(pictures),
        "person_ap50": whole["person"]["ap50"],
        "vehicle_ap50": whole["vehicle"]["ap50"],
        **cost,
        "all": whole,
        "tall": {group: scores(judged, group, least=TALL) for group in GROUPS},
        "streets": {"images": len(made), **street},
        "damaged": objects.damaged,
    }


def table(figures: Figures) -> str:
    """Return it as text to be read."""
    rows = [f"{figures['images']} pictures, {figures['ms']} ms a picture ({figures['cpu_ms']} ms of one core)"]
    head = f"{'':28}{'boxes':>7}{'AP50':>8}{'precision':>11}{'recall':>8}"

    def row(name: str, one: Figures) -> str:
        return f"{name:28}{one['boxes']:>7}{one['ap50']:>8.3f}{one['precision']:>11.3f}{one['recall']:>8.3f}"

    rows.append(head)
    for name in ("all", "tall"):
        rows += [row(f"{group}s, {name}", figures[name][group]) for group in GROUPS]
    made = figures["streets"]
    for view in ("whole", "tiled"):
        rows.append(f"{made['images']} streets of 1080p, {view}: {made[view]['ms']} ms ({made[view]['cpu_ms']})")
        rows += [row(f"  persons, {height}", one) for height, one in made[view]["person"].items()]
        rows.append(row("  vehicles", made[view]["vehicle"]))
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--yolo", type=Path, required=True, help="folder of pictures and labels")
    parser.add_argument("--weights", type=Path, help="of a network for ultralytics, instead of NanoDet")
    parser.add_argument("--sha256", default="", help="of the weights")
    parser.add_argument("--device", default="cpu", help="for the weights: cpu, or cuda:0")
    parser.add_argument("--json", action="store_true", help="print JSON alone; the table goes to standard error")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    pictures = list(labelled(args.yolo))
    if not pictures:
        parser.error(f"{args.yolo} holds no pictures")
    objects = open_objects(args.weights, args.sha256, args.device)
    figures = measure(pictures, objects)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"{machine}\n{table(figures)}", file=sys.stderr if args.json else sys.stdout)
    if args.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
