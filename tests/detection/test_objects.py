"""Persons and vehicles are found as well as ever, whatever comes as a picture, and only their boxes are kept."""

import dataclasses
import hashlib
from dataclasses import replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from benchmarks.detecting.labelled import Judged, Labelled, labelled, score
from benchmarks.detecting.streets import streets
from camera_config.ids import CameraId
from detection.decode import Box
from detection.models import CLASSES, NANODET
from detection.objects import OVERLAP_MAX, Detection, ObjectFinder, apart, detections, iou
from detection.objects_view import View, placed, tiles_of
from detection.sightings import Tools
from detection.street import WINDOW_S, StreetCounter
from tests.support.pictures import picture_of
from tests.support.small_county import small_county

COCO = Path(__file__).parents[3] / "shared" / "data" / "coco128"
needs_coco = pytest.mark.skipif(not COCO.is_dir(), reason="../shared/data/coco128 is not on this machine")


@pytest.fixture(scope="module")
def coco() -> list[Labelled]:
    return list(islice(labelled(COCO), 0, None, 4))


@pytest.fixture(scope="module")
def crowd(coco: list[Labelled]) -> Labelled:
    """The picture with most persons."""
    return max(coco, key=lambda one: sum(group == "person" for group, _ in one.truth))


@needs_coco
def test_persons_and_vehicles_are_found_as_well_as_ever(tools: Tools, coco: list[Labelled]) -> None:
    """Every fourth of 128 pictures; all of them: persons 0.65, tall ones 0.85, vehicles 0.30, the 14 tall ones 0.85."""
    seen = [Judged(one.truth, tuple(tools.objects.find(one.image, minimum=0.05)), one.image.shape[0]) for one in coco]
    assert score(seen, "person").ap50 >= 0.6
    assert score(seen, "person", least=0.1).ap50 >= 0.8
    assert score(seen, "vehicle").ap50 >= 0.15


@needs_coco
def test_a_street_is_counted_in_windows(tools: Tools, crowd: Labelled) -> None:
    """The picture shows several persons; two keyframes of it make one event."""
    picture = picture_of(crowd.image)
    counter = StreetCounter(CameraId("c-1"), tools.objects)
    found = [*counter.look(picture, at=1000.0, mono_s=5.0), *counter.look(picture, at=1010.0, mono_s=15.0)]
    assert counter.due(5.0 + WINDOW_S - 0.001) is None
    counts = counter.due(5.0 + WINDOW_S)
    assert counts is not None
    data = counts.to_json()
    assert (data["camera"], data["from"], data["to"], data["frames"]) == ("c-1", 1000.0, 1010.0, 2)
    assert data["persons"] == sum(one.label == "person" for one in found) > 4
    assert counter.flush() is None


def test_an_empty_street_holds_nobody(tools: Tools) -> None:
    counter = StreetCounter(CameraId("c-1"), tools.objects)
    assert counter.look(picture_of(np.full((360, 640, 3), 90, np.uint8)), at=1.0, mono_s=1.0) == []
    counts = counter.flush()
    assert counts is not None
    assert (counts.persons, counts.vehicles) == (0, 0)


def test_of_a_person_nothing_is_kept_but_label_score_and_box() -> None:
    assert [field.name for field in dataclasses.fields(Detection)] == ["label", "score", "box"]
    assert "face" not in CLASSES


def test_a_van_is_one_vehicle_though_it_is_a_car_and_a_truck_and_its_driver_stays() -> None:
    box = Box(100, 100, 200, 160)
    van = [Detection("car", 0.6, box), Detection("truck", 0.7, box.grown(3, 3)), Detection("person", 0.5, box)]
    assert [one.label for one in apart(van)] == ["truck", "person"]
    beside = [Detection("car", 0.6, box), Detection("bus", 0.5, Box(150, 100, 250, 160))]
    assert iou(beside[0].box, beside[1].box) < OVERLAP_MAX
    assert apart(beside) == beside


SIZES = [(1, 1), (1, 1900), (1900, 1), (16, 4096), (359, 641), (2160, 16)]


@pytest.mark.parametrize("size", SIZES)
def test_a_picture_of_any_size_does_no_harm(tools: Tools, size: tuple[int, int]) -> None:
    image = np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8)
    for view in (View(), View(tiled=True)):
        for one in view.find(tools.objects, image, minimum=0.05):
            assert 0 <= one.box.left < one.box.right <= size[1]
            assert 0 <= one.box.top < one.box.bottom <= size[0]


@pytest.mark.parametrize("image", [np.zeros((0, 5, 3), np.uint8), np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3))])
def test_what_is_no_colour_picture_is_refused(tools: Tools, image: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match=r"want \(height, width, 3\) of uint8"):
        tools.objects.find(image)


@needs_coco
def test_black_and_overexposed_pictures_hold_hardly_anything_and_change_nothing_for_the_next(
    tools: Tools, crowd: Labelled
) -> None:
    before = tools.objects.find(crowd.image)
    assert tools.objects.find(np.zeros_like(crowd.image)) == []
    assert tools.objects.find(np.full_like(crowd.image, 255)) == []
    burnt = np.clip(crowd.image.astype(np.int32) * 10, 0, 255).astype(np.uint8)
    assert len(tools.objects.find(burnt)) < len(before)
    assert tools.objects.find(crowd.image) == before


def network(path: Path, cls: NDArray[np.float32], reg: NDArray[np.float32]) -> ObjectFinder:
    """Write a network that says the same of every picture, and open it as NanoDet's."""
    nodes = [helper.make_node("Identity", [f"{name}_always"], [name]) for name in ("cls", "reg")]
    values = {"cls": cls, "reg": reg}
    graph = helper.make_graph(
        nodes,
        "always",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, NANODET.inputs[0][1])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in NANODET.outputs],
        [numpy_helper.from_array(value, f"{name}_always") for name, value in values.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    onnx.checker.check_model(model)
    return ObjectFinder(replace(NANODET, sha256=hashlib.sha256(path.read_bytes()).hexdigest()), path)


def test_boxes_that_are_not_numbers_are_dropped_and_counted_and_the_others_stay(tmp_path: Path) -> None:
    cls, reg = (np.zeros(shape, np.float32) for _, shape in NANODET.outputs)
    near, far = 20 * 52 + 20, 40 * 52 + 45
    cls[0, near, 0] = cls[0, far, 2] = 0.9
    reg[0, [near, far], 5::11] = 30.0  # five strides to each side
    cls[0, 3, 0] = np.nan
    cls[0, 5, 0] = np.inf
    cls[0, [7, 9], 0] = 0.9
    reg[0, 7, 4] = np.nan
    reg[0, 9, 30] = np.inf
    finder = network(tmp_path / "nan.onnx", cls, reg)
    found = finder.find(np.zeros((416, 416, 3), np.uint8))
    assert [(one.label, one.box) for one in found] == [
        ("person", Box(124, 124, 204, 204)),
        ("car", Box(324, 284, 404, 364)),
    ]
    assert finder.damaged == 4
    finder.find(np.zeros((416, 416, 3), np.uint8))
    assert finder.damaged == 8


def test_a_network_of_nothing_but_nan_finds_nothing(tmp_path: Path) -> None:
    cls, reg = (np.full(shape, np.nan, np.float32) for _, shape in NANODET.outputs)
    finder = network(tmp_path / "nan.onnx", cls, reg)
    assert finder.find(np.zeros((90, 160, 3), np.uint8)) == []
    assert finder.damaged == len(cls[0])


def test_infinite_corners_are_damage_and_corners_outside_end_at_the_edge() -> None:
    corners = np.array([[-50, -50, 30, 30], [0, 0, np.inf, 9], [200, 0, 300, 50]], np.float32)
    found, damaged = detections(corners, np.array([0.5, 0.9, 0.8], np.float32), ["car"] * 3, (100, 100, 3))
    assert (found, damaged) == ([Detection("car", 0.5, Box(0, 0, 30, 30))], 1)


@pytest.mark.parametrize("size", [(1920, 1080), (640, 360), (1080, 1920), (3840, 1080), (768, 576)])
def test_tiles_cover_the_picture_and_overlap(size: tuple[int, int]) -> None:
    one, other = tiles_of(*size)
    assert one.around(other) == Box(0, 0, *size)
    assert one.area + other.area - one.shared(other).area == size[0] * size[1]
    assert one.shared(other).area >= 0.1 * size[0] * size[1]
    assert max(one.width, one.height) < 0.8 * max(size)


def test_a_squarish_picture_is_not_tiled() -> None:
    assert tiles_of(1000, 900) == ()


def test_what_a_tile_cuts_is_left_to_the_other_tile_and_what_touches_the_pictures_own_edge_stays() -> None:
    left, right = tiles_of(1920, 1080)
    edge = left.right
    cut = Detection("person", 0.8, Box(edge - 20, 300, edge - 1, 380))
    bordering = Detection("person", 0.8, Box(0, 300, 20, 380))
    assert placed([cut, bordering], left, 1920, 1080) == [bordering]
    whole = Detection("person", 0.8, Box(edge - 20 - right.left, 300, edge + 20 - right.left, 380))
    assert placed([whole], right, 1920, 1080) == [Detection("person", 0.8, Box(edge - 20, 300, edge + 20, 380))]


@needs_coco
def test_in_1080p_tiles_find_small_persons_that_the_whole_picture_does_not(tools: Tools, coco: list[Labelled]) -> None:
    """Three streets; 22 streets of all pictures: benchmarks.detector."""
    folk = sorted(coco, key=lambda one: -sum(group == "person" for group, _ in one.truth))[:18]
    made = list(streets(folk))
    recall = {}
    for tiled in (False, True):
        seen = [Judged(one.truth, tuple(View(tiled).find(tools.objects, one.image)), 1080) for one in made]
        recall[tiled] = score(seen, "person").recall
        assert score(seen, "person").precision > 0.7
    assert recall[True] > 1.3 * recall[False]


@needs_coco
def test_a_person_on_a_tiles_edge_is_one_person(tools: Tools, coco: list[Labelled]) -> None:
    """One piece that a tile's edge cuts, moved past it in steps: never two persons, and never none."""
    piece = cv2.resize(_person(coco, tools), (110, 240), interpolation=cv2.INTER_AREA)
    for left in range(tiles_of(1920, 1080)[0].right - 120, tiles_of(1920, 1080)[0].right + 20, 45):
        image = np.full((1080, 1920, 3), 110, np.uint8)
        image[400:640, left : left + 110] = piece
        assert [one.label for one in View(tiled=True).find(tools.objects, image)] == ["person"], left


def _person(coco: list[Labelled], tools: Tools) -> NDArray[np.uint8]:
    """The picture of one whole person, the surest."""
    best = max(
        (
            (one.score, picture.image, one.box)
            for picture in coco[:12]
            for one in tools.objects.find(picture.image)
            if one.label == "person" and one.box.left > 5 and one.box.right < picture.image.shape[1] - 5
        ),
        key=lambda found: found[0],
    )
    box = best[2].grown(6, 6).within(best[1].shape[1], best[1].shape[0])
    return best[1][box.top : box.bottom, box.left : box.right]


@needs_coco
def test_a_camera_may_ask_for_more_certainty(tools: Tools, crowd: Labelled) -> None:
    camera = replace(small_county().cameras[0], person_min=0.5)
    plain, sure = View().find(tools.objects, crowd.image), View.of(camera).find(tools.objects, crowd.image)
    assert sure == [one for one in plain if one.label != "person" or one.score >= 0.5]
    assert 0 < len(sure) < len(plain)
    lenient = View.of(replace(camera, person_min=0.2)).find(tools.objects, crowd.image)
    assert len(lenient) > len(plain)
