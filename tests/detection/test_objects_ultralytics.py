"""Weights of the site's own: only the file that is meant, only what kakou looks for, and never a download."""

import hashlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from camera_config.errors import ModelError
from detection.objects import open_objects
from detection.objects_ultralytics import COCO, UltralyticsFinder, labels_of

WEIGHTS = Path("site.pt")
ROOT = Path(__file__).parents[2]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_missing_weights_are_refused_and_not_downloaded(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"yolov8n.pt is missing") as caught:
        open_objects(tmp_path / "yolov8n.pt", "00")
    assert "nothing is downloaded" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("named", ["", "00" * 32])
def test_other_weights_than_those_named_are_refused_before_they_are_opened(tmp_path: Path, named: str) -> None:
    trap = tmp_path / "trap.pt"
    trap.write_bytes(b"cos\nsystem\n(S'touch " + str(tmp_path).encode() + b"/opened'\ntR.")
    with pytest.raises(ModelError, match=f"has SHA-256 {sha256(trap)[:16]}"):
        open_objects(trap, named)
    assert list(tmp_path.iterdir()) == [trap]


def test_only_kakous_classes_or_cocos_whole_list_are_taken() -> None:
    assert labels_of({0: "person", 1: "car", 2: "bus"}, WEIGHTS) == {0: "person", 1: "car", 2: "bus"}
    assert labels_of(dict(enumerate(COCO)), WEIGHTS) == {
        0: "person", 1: "bicycle", 2: "car", 3: "motorcycle", 5: "bus", 7: "truck",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("names", "why"),
    [
        ({0: "person", 1: "face"}, "finds face, which kakou does not look for"),
        (dict(enumerate((*COCO, "gun"))), "which kakou does not look for"),
        (dict(enumerate(reversed(COCO))), "which kakou does not look for"),
        ({0: "car", 1: "bus"}, "finds no persons"),
        ({}, "finds no persons"),
    ],
)
def test_weights_with_other_classes_are_refused_with_the_reason(names: dict[int, str], why: str) -> None:
    with pytest.raises(ModelError, match=why):
        labels_of(names, WEIGHTS)


def test_without_the_package_it_says_what_to_install(tmp_path: Path) -> None:
    """In a process of its own, in which the package cannot be imported even where it is installed."""
    weights = tmp_path / "site.pt"
    weights.write_bytes(b"weights")
    code = """
import sys
sys.modules["ultralytics"] = None
from pathlib import Path
from camera_config.errors import ModelError
from detection.objects import open_objects
try:
    open_objects(Path(sys.argv[1]), sys.argv[2])
except ModelError as error:
    print(error, error.hint)
"""
    argv = [sys.executable, "-c", code, str(weights), sha256(weights)]
    out = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert out.startswith("ultralytics cannot be imported")
    assert "Install kakou[gpu]" in out


needs_ultralytics = [
    pytest.mark.gpu,
    pytest.mark.skipif(importlib.util.find_spec("ultralytics") is None, reason="ultralytics is not installed"),
]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A nano network of 80 classes that has learnt nothing."""
    folder = tmp_path_factory.mktemp("weights")
    code = """
import json, sys
from ultralytics import YOLO
made = YOLO("yolov8n.yaml")
made.model.names = dict(enumerate(json.loads(sys.argv[2])))
made.save(sys.argv[1])
"""
    argv = [sys.executable, "-c", code, str(folder / "site.pt"), json.dumps(COCO)]
    subprocess.run(argv, check=True, capture_output=True, cwd=folder)
    return folder / "site.pt"


class TestWithUltralytics:
    pytestmark = needs_ultralytics

    def test_many_pictures_give_the_same_as_one_by_one(self, weights: Path) -> None:
        finder = UltralyticsFinder(weights, sha256(weights).upper(), batch=2, side_px=320)
        dice = np.random.default_rng(1)
        images = [dice.integers(0, 256, size, dtype=np.uint8) for size in ((360, 640, 3), (90, 64, 3), (360, 640, 3))]
        many = finder.find_many(images, minimum=1e-5)
        assert len(many) == 3
        for image, found in zip(images, many, strict=True):
            for one in found:
                assert one.label in COCO
                assert 0 <= one.box.left < one.box.right <= image.shape[1]
        assert any(many)
        assert {(one.label, one.box) for one in finder.find(images[0], minimum=1e-5)} & {
            (one.label, one.box) for one in many[0]
        }
        assert finder.find(images[0]) == [], "it has learnt nothing, so it is sure of nothing"
        assert finder.damaged == 0

    def test_weights_of_another_task_or_device_are_refused(self, weights: Path, tmp_path: Path) -> None:
        broken = tmp_path / "site.pt"
        broken.write_bytes(weights.read_bytes()[:5000])
        with pytest.raises(ModelError, match="cannot be run on cpu"):
            UltralyticsFinder(broken, sha256(broken))
        with pytest.raises(ModelError, match="cannot be run on cuda:9"):
            UltralyticsFinder(weights, sha256(weights), device="cuda:9")
