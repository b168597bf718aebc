"""What has no plate that was read: a vehicle of its own, or a part of one that is known; tracks drawn by hand."""

import numpy as np

from detection.bare import belongs, lettering, own_way, rides
from detection.body import ABOVE, outline
from detection.change import Background, Region, together
from detection.decode import Box
from detection.plate_find import PlateBox
from detection.plate_read import PlateRead
from detection.track import Keyframe, Sighting, Track
from tests.support.pictures import picture_of

SIZE = (1280, 720)
LANE = 640.0
EMPTY = picture_of(np.zeros((720, 1280, 3), np.uint8))
NIGHT = np.full((720, 1280, 3), 24, np.uint8)


def frame(number: int) -> Keyframe:
    return Keyframe(number, 1000.0 + number / 2, number / 2, EMPTY)


def plate(x: float, y: float, width: float = 100.0) -> PlateBox:
    return PlateBox(
        np.array(
            [
                [x - width / 2, y - 16],
                [x + width / 2, y - 16],
                [x + width / 2, y + 16],
                [x - width / 2, y + 16],
            ],
            np.float32,
        ),
        0.9,
    )


def car(x: float, from_y: float, step: float, text: str | None = "吉D7K391") -> Track:
    """A plate seen in six keyframes, from number 1 on, each ``step`` pixels lower."""
    out = Track(frame(1))
    read = PlateRead(text, (0.95,) * len(text), 0.95, None, agreed=True) if text else None
    for number in range(1, 7):
        y = from_y + step * number
        out.see_plate(
            frame(number), Sighting(plate(x, y), read), Box(round(x) - 220, round(y) - 300, round(x) + 220, 720)
        )
    return out


def bare(*places: Box) -> Track:
    out = Track(frame(1))
    for number, box in enumerate(places, 1):
        out.see_region(frame(number), box)
    return out


def falling(left: int, width: int, step: int, height: int = 300) -> Track:
    return bare(*(Box(left, 20 + step * number, left + width, 20 + height + step * number) for number in range(4)))


def test_a_motorcycle_that_passes_a_queue_is_a_rider_though_it_touches_what_stands_there() -> None:
    queue = [car(330, 500, 0), car(960, 480, 0)]
    assert rides(falling(560, 150, 110), queue, SIZE, LANE)


def test_who_walks_along_the_road_is_no_rider() -> None:
    assert not rides(falling(560, 150, 40), [], SIZE, LANE)


def test_the_shadow_that_goes_with_a_vehicle_is_no_rider() -> None:
    assert rides(falling(460, 90, 110), [], SIZE, LANE)
    assert not rides(falling(460, 90, 110), [car(250, 150, 110)], SIZE, LANE)


def test_what_changes_its_shape_from_keyframe_to_keyframe_is_no_rider() -> None:
    light = bare(Box(560, 20, 700, 320), Box(600, 120, 680, 620), Box(540, 260, 760, 500), Box(600, 380, 690, 700))
    assert not rides(light, [], SIZE, LANE)


def test_a_vehicle_goes_its_own_way_beside_one_of_the_same_speed_and_its_load_does_not() -> None:
    other = car(960, 150, 110)
    steps, way_px = own_way(falling(130, 400, 110), [other], SIZE, LANE)
    assert (steps, way_px) == (3, 330.0)
    assert own_way(falling(780, 360, 110), [other], SIZE, LANE) == (0, 0.0)


def test_what_is_wider_than_a_lane_went_no_way_of_its_own() -> None:
    assert own_way(falling(0, 1100, 110), [], SIZE, LANE) == (0, 0.0)


def test_what_lies_around_a_known_body_belongs_to_it_and_what_is_beside_it_does_not() -> None:
    known = car(960, 250, 60)
    assert belongs(falling(800, 300, 60, height=200), known, SIZE)
    assert not belongs(falling(200, 300, 60, height=200), known, SIZE)


def test_lettering_is_on_the_body_of_a_known_vehicle_and_an_unread_plate_is_not() -> None:
    lorry = car(960, 150, 80)
    assert lettering(car(1010, -30, 80, None), lorry, SIZE)
    assert not lettering(car(330, 150, 80, None), lorry, SIZE)


def test_a_body_stands_above_its_plate_and_leans_along_the_road() -> None:
    upright, leaning = outline(plate(600, 600)), outline(plate(600, 600), lean=0.5)
    assert upright[:, 1].min() == 600 - ABOVE * 100
    assert upright[:, 0].min() + upright[:, 0].max() == 1200
    assert leaning[:, 0].min() < upright[:, 0].min()


def test_a_dark_car_at_night_is_seen_between_its_lamps() -> None:
    background = Background()
    for _ in range(14):
        background.look(picture_of(NIGHT))
    image = NIGHT.copy()
    image[200:500, 400:800] = 10
    assert [region.box for region in background.look(picture_of(image))] == [Box(400, 200, 800, 500)]


def test_what_a_known_body_explains_is_left_out_and_the_rider_beside_it_stays() -> None:
    background = Background()
    road = np.full((720, 1280, 3), 110, np.uint8)
    for _ in range(14):
        background.look(picture_of(road))
    image = road.copy()
    image[200:560, 200:640] = 220
    image[250:600, 640:800] = 20
    assert len(background.look(picture_of(image))) == 1
    (rest,) = background.rest([outline(plate(420, 480))])
    assert abs(rest.box.left - 660) < 12
    assert rest.box.right == 800


def test_two_lamps_are_one_thing_and_two_cars_are_two() -> None:
    def region(left: int, top: int, width: int, height: int) -> Region:
        return Region(Box(left, top, left + width, top + height), width * height, 0.5)

    assert [one.box for one in together([region(100, 300, 100, 100), region(400, 300, 100, 100)], LANE)] == [
        Box(100, 300, 500, 400)
    ]
    assert len(together([region(0, 100, 400, 400), region(700, 100, 400, 400)], LANE)) == 2
