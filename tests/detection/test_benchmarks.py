"""The benchmarks of objects count as they say, on cases that one can count oneself."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.detecting.labelled import Judged, Labelled, labelled, score
from benchmarks.detecting.load import Decoders, lateness
from benchmarks.detecting.streets import streets
from benchmarks.detector import measure, table
from detection.decode import Box, Image
from detection.objects import Detection
from detection.tools import Tools
from tests.support.tiny_h264 import annex_b, encode

HERE, THERE, FAR = Box(0, 0, 20, 40), Box(50, 0, 70, 40), Box(80, 60, 84, 66)


def test_ap_precision_and_recall_are_those_that_one_counts() -> None:
    """Right, wrong, right, of three: precision 1, 1/2, 2/3 at recall 1/3, 1/3, 2/3."""
    found = (
        Detection("person", 0.9, HERE),
        Detection("person", 0.8, Box(200, 0, 220, 40)),
        Detection("person", 0.7, THERE),
        Detection("bicycle", 0.95, HERE),
    )
    one = Judged((("person", HERE), ("person", THERE), ("person", FAR), ("vehicle", HERE)), found, 100)
    judged = score([one], "person")
    assert (judged.wanted, judged.found) == (3, 3)
    assert judged.precision == judged.recall == pytest.approx(2 / 3)
    assert judged.ap50 == pytest.approx((34 * 1 + 33 * 2 / 3) / 101)
    assert score([one], "person", least=0.1).recall == 1.0
    assert score([one], "person", most=0.1).wanted == 1
    vehicles = score([one], "vehicle")
    assert (vehicles.ap50, vehicles.recall, vehicles.precision) == (0.0, 0.0, 1.0)


def test_one_box_is_right_once(tmp_path: Path) -> None:
    twice = (Detection("car", 0.9, HERE), Detection("truck", 0.8, HERE))
    judged = score([Judged((("vehicle", HERE),), twice, 100)], "vehicle")
    assert (judged.precision, judged.recall, judged.ap50) == (0.5, 1.0, 1.0)


def folder_of(root: Path, *, beside: bool) -> Path:
    pictures, labels = (root, root) if beside else (root / "images" / "val", root / "labels" / "val")
    for path in (pictures, labels):
        path.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(pictures / "a.png"), np.full((100, 200, 3), 90, np.uint8))
    cv2.imwrite(str(pictures / "b.png"), np.full((100, 200, 3), 90, np.uint8))
    (labels / "a.txt").write_text(
        "0 0.45 0.3 0.55 0.5 0.5 0.7\n5 0.25 0.5 0.5 1.0\n16 0.5 0.5 0.1 0.1\n", encoding="ascii"
    )
    return root


@pytest.mark.parametrize("beside", [True, False])
def test_labels_are_found_in_both_layouts(tmp_path: Path, *, beside: bool) -> None:
    one, other = labelled(folder_of(tmp_path, beside=beside))
    assert one.truth == (("person", Box(90, 30, 110, 70)), ("vehicle", Box(0, 0, 100, 100)))
    assert (one.name, other.name, other.truth) == ("a.png", "b.png", ())
    if not beside:
        assert next(labelled(tmp_path / "images")).truth == one.truth


def test_a_street_holds_six_pictures_in_their_own_pixels_and_their_boxes() -> None:
    image = np.random.default_rng(1).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    seven = [Labelled(str(number), image, (("person", HERE),)) for number in range(7)]
    full, rest = streets(seven)
    assert full.image.shape == rest.image.shape == (1080, 1920, 3)
    assert (full.image[540:1020, 1280:1920] == image).all()
    assert full.truth[5] == ("person", Box(1280, 540, 1300, 580))
    assert (len(full.truth), len(rest.truth)) == (6, 1)


def test_the_benchmark_says_what_the_issue_asks(tools: Tools, tmp_path: Path) -> None:
    figures = measure(list(labelled(folder_of(tmp_path, beside=False))), tools.objects)
    assert figures["images"] == 2
    assert figures["person_ap50"] == figures["vehicle_ap50"] == 0.0
    assert figures["ms"] > 0
    assert "persons, under 5 %" in table(figures)


class Counting:
    """Finds nothing, and counts how often it was asked for how many."""

    damaged = 0

    def __init__(self) -> None:
        self.asked: list[int] = []

    def find(self, image: Image, *, minimum: float | None = None) -> list[Detection]:
        return []

    def find_many(self, images: Sequence[Image], *, minimum: float | None = None) -> list[list[Detection]]:
        self.asked.append(len(images))
        return [[] for _ in images]


def test_every_frame_of_a_load_is_looked_at_or_superseded() -> None:
    objects = Counting()
    late = lateness([annex_b(encode()[0])], Decoders(1), objects, batch=4, cameras=10, rate=20, seconds=1)
    assert late.frames + late.superseded == 10 * 20
    assert late.frames == sum(objects.asked)
    assert max(objects.asked) <= 4
    assert 0 < late.p50_ms <= late.p99_ms
