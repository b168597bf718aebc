from itertools import pairwise

import cv2
import numpy as np
import pytest

from detection.plate_grammar import forms_of
from ingest.simulate.numbers import PlateKind, kind_of, plate, wanted_plates
from ingest.simulate.plates import draw_plate, size_mm
from ingest.simulate.scene import Scene
from ingest.simulate.traffic import FPS, LEVELS_M, Traffic
from ingest.simulate.view import HEIGHT_PX, PLATE_WIDTH_M, WIDTH_PX, make_view
from tests.ingest.simulate.ocr import read


def frontal(text: str, kind: PlateKind, width: int) -> np.ndarray:
    """Return the plate on grey, as a finder would cut it out."""
    drawn = draw_plate(text, kind, width / 440)
    high, wide = drawn.shape[:2]
    image = np.full((high + 8, wide + 8, 3), 96, np.uint8)
    share = drawn[:, :, 3:] / 255.0
    image[4:-4, 4:-4] = image[4:-4, 4:-4] * (1 - share) + drawn[:, :, :3] * share
    return image


def test_a_strange_reader_reads_nine_of_ten_frontal_plates_at_120_pixels():
    plates = [plate(5, number) for number in range(40)]
    read_as = {each.text: read(frontal(each.text, each.kind, 120)) for each in plates}
    wrong = {text: seen for text, seen in read_as.items() if text != seen}
    assert len(wrong) <= 4, wrong


def test_a_strange_reader_reads_most_plates_in_the_picture():
    """Cut out of drawn frames by the known corners, in motion and at an angle: 3 views, 5 vehicles each."""
    wrong, total = {}, 0
    for index in (0, 2, 12):
        view = make_view(index, 1)
        scene = Scene(view, index, 1)
        for each in Traffic(index, 13, 1, view).between(0, 900)[:5]:
            frame = each.leaves - 4
            image = cv2.cvtColor(scene.draw(frame, [each]), cv2.COLOR_YUV2BGR_I420)
            s, half, level = each.front_m(frame), 0.25, LEVELS_M[each.body]
            u = each.u_m + each.slope * s
            corners = view.project(
                [
                    (s, u - half, level + 0.08),
                    (s, u + half, level + 0.08),
                    (s, u + half, level - 0.08),
                    (s, u - half, level - 0.08),
                ]
            )
            square = np.array(((0, 0), (160, 0), (160, 48), (0, 48)), np.float32)
            matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), square)
            seen = read(cv2.warpPerspective(image, matrix, (160, 48)))
            total += 1
            if seen != each.plate:
                wrong[each.plate] = seen
    assert len(wrong) <= total * 0.2, wrong


def test_no_plate_comes_twice_and_none_that_is_wanted():
    wanted = frozenset(wanted_plates(3, 20))
    given = [plate(3, number, wanted).text for number in range(12_000)]
    assert len(set(given)) == len(given)
    assert not wanted & set(given)


def test_plates_follow_the_grammar():
    for number in range(2_000):
        each = plate(1, number)
        assert len(each.text) == (8 if each.kind is PlateKind.GREEN else 7)
        assert not set("IO") & set(each.text)
        if each.kind is PlateKind.GREEN:
            assert each.text[2] in "DF"
            assert each.text[4:].isdigit()


def test_most_plates_are_from_here():
    plates = [plate(1, number).text for number in range(2_000)]
    assert sum(text.startswith("吉") for text in plates) > 1_400
    assert sum(text.startswith("吉D") for text in plates) > 500


@pytest.mark.parametrize("text", ["吉D1234", "D123456", "吉D123456789", "吉d12345", ""])
def test_what_is_no_plate_cannot_be_wanted(text: str):
    with pytest.raises(ValueError, match="no plate"):
        kind_of(text)


def test_a_plate_has_the_size_of_the_standard():
    assert draw_plate("吉D12345", PlateKind.BLUE).shape == (140, 440, 4)
    assert draw_plate("吉DF12345", PlateKind.GREEN).shape == (140, 480, 4)


def test_every_passage_is_seen_long_enough_large_enough_and_not_too_slanted():
    for index in range(13):
        view = make_view(index, 4)
        for each in Traffic(index, 13, 4, view).between(0, 1200):
            assert each.leaves - each.enters >= 2.5 * FPS
            for frame, inside in ((each.enters, True), (each.leaves - 1, True), (each.leaves, False)):
                s = each.front_m(frame)
                u, half = each.u_m + each.slope * s, PLATE_WIDTH_M / 2
                level = LEVELS_M[each.body]
                ends = view.project([(s, u + side, level + up) for side in (-half, half) for up in (-0.07, 0.07)])
                whole = bool((ends >= 0).all() and (ends[:, 0] <= WIDTH_PX).all() and (ends[:, 1] <= HEIGHT_PX).all())
                assert whole or not inside
            width = np.hypot(*(ends[2] - ends[0]))
            assert 90 < width < 165
            assert abs(np.degrees(view.yaw_rad) + np.degrees(np.arctan(each.slope))) < 25


def test_one_vehicle_comes_every_six_seconds_on_average_and_some_come_in_pairs():
    passes = [each for index in range(13) for each in Traffic(index, 13, 2, make_view(index, 2)).between(0, 3000)]
    assert 5.2 < 13 * 300 / len(passes) < 6.8
    starts = [(each.enters, each.lane) for each in passes]
    assert any(abs(a - b) <= 4 and one != two for (a, one), (b, two) in pairwise(starts))


def test_a_wanted_plate_comes_early_and_again_later_elsewhere():
    wanted = ("吉D12345", "吉DF12345")
    seen = {}
    for index in range(3):
        for each in Traffic(index, 3, 1, make_view(index, 1), wanted).between(0, 6000):
            if each.plate in wanted:
                seen.setdefault(each.plate, []).append((each.number, index))
    assert sorted(seen) == sorted(wanted)
    assert all(min(times)[0] == 2 for times in seen.values())
    assert all(len({index for _, index in times}) > 1 for times in seen.values())


@pytest.mark.parametrize("kind", list(PlateKind))
def test_every_kind_of_plate_is_drawn_in_its_size_and_follows_the_grammar(kind: PlateKind):
    texts = {plate(5, number, shares={kind: 1.0}).text for number in range(30)}
    assert len(texts) == 30
    for text in texts:
        assert forms_of(text), text
    width, height = size_mm(kind)
    drawn = draw_plate(min(texts), kind, 0.5)
    assert drawn.shape == (round(height / 2), round(width / 2), 4)
    ground = np.median(drawn[..., :3].reshape(-1, 3), axis=0)
    assert np.abs(drawn[..., :3].astype(int) - ground).max() > 100, "there is ink on it"
