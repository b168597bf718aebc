"""Which sighting is of which vehicle, with tracks drawn by hand."""

import numpy as np

from detection.decode import Box
from detection.plate_find import PlateBox
from detection.plate_read import PlateRead
from detection.same_vehicle import one_vehicle, part_of
from detection.track import GONE_S, Keyframe, Sighting, Track, associate
from tests.support.pictures import picture_of

EMPTY = picture_of(np.zeros((16, 16, 3), np.uint8))
CAR = Box(0, 0, 10, 10)


def frame(number: int) -> Keyframe:
    return Keyframe(number, 1000.0 + number / 2, number / 2, EMPTY)


def sighting(x: float, y: float, text: str | None, probability: float = 0.95, width: float = 100.0) -> Sighting:
    quad = np.array(
        [[x - width / 2, y - 16], [x + width / 2, y - 16], [x + width / 2, y + 16], [x - width / 2, y + 16]]
    )
    read = PlateRead(text, (probability,) * len(text), probability, None, agreed=True) if text else None
    return Sighting(PlateBox(quad.astype(np.float32), 0.9), read)


def track(*path: tuple[int, float, float, str | None], probability: float = 0.95) -> Track:
    out = Track(frame(path[0][0]))
    for number, x, y, text in path:
        out.see_plate(frame(number), sighting(x, y, text, probability), CAR)
    return out


def test_a_plate_is_expected_where_its_speed_takes_it() -> None:
    car = track((1, 300, 100, "吉D7K391"), (2, 310, 200, "吉D7K391"))
    assert car.expected(1.5) == (320.0, 300.0)


def test_an_unread_plate_belongs_to_the_track_that_should_be_there() -> None:
    left = track((1, 300, 100, "吉D7K391"), (2, 300, 200, "吉D7K391"))
    right = track((1, 900, 150, "黑B20H67"), (2, 900, 250, "黑B20H67"))
    there = sighting(905, 350, None)
    pairs, rest = associate([left, right], [there], 1.5)
    assert pairs == [(right, there)]
    assert rest == []


def test_two_crossing_plates_are_told_apart_by_their_text() -> None:
    left = track((1, 300, 100, "吉D7K391"), (2, 400, 200, "吉D7K391"))
    right = track((1, 600, 100, "黑B20H67"), (2, 500, 200, "黑B20H67"))
    one, other = sighting(600, 300, "吉D7K391"), sighting(300, 300, "黑B20H67")
    pairs, rest = associate([left, right], [other, one], 1.5)
    assert {id(a): b for a, b in pairs} == {id(left): one, id(right): other}
    assert rest == []


def test_another_plate_at_the_same_place_is_another_vehicle() -> None:
    gone = track((1, 300, 500, "吉D7K391"), (2, 300, 600, "吉D7K391"))
    new = sighting(300, 690, "黑B20H67")
    pairs, rest = associate([gone], [new], 1.5)
    assert pairs == []
    assert rest == [new]


def test_the_same_text_far_away_is_the_same_vehicle() -> None:
    fast = track((1, 300, 100, "吉D7K391"))
    there = sighting(320, 600, "吉D7K39Y")
    assert associate([fast], [there], 1.0)[0] == [(fast, there)]


def test_a_track_ends_after_its_last_sighting_and_not_at_it() -> None:
    car = track((1, 300, 100, "吉D7K391"))
    assert not car.ended(0.5 + GONE_S)
    assert car.ended(0.5 + GONE_S + 0.001)


def test_a_plate_is_certain_only_when_it_drives() -> None:
    sign = track((1, 300, 100, "吉D7K391"), (2, 301, 100, "吉D7K391"), (3, 300, 101, "吉D7K391"))
    car = track((1, 300, 100, "吉D7K391"), (2, 300, 180, "吉D7K391"))
    assert not sign.certain
    assert car.certain


def test_tracks_of_one_plate_are_one_vehicle_unless_seen_together() -> None:
    one = track((1, 300, 100, "吉D7K391"), (2, 300, 180, "吉D7K391"))
    later = track((3, 300, 260, "吉D7K391"))
    beside = track((2, 900, 180, "吉D7K391"))
    assert one_vehicle(one, later)
    assert not one_vehicle(one, beside)


def test_nearly_the_same_plate_is_the_same_only_where_a_reading_is_weak() -> None:
    one = track((1, 300, 100, "吉D7K391"), (2, 300, 180, "吉D7K391"), probability=0.99)
    sure = track((3, 300, 260, "吉D7K891"), (4, 300, 300, "吉D7K891"), probability=0.99)
    weak = track((3, 300, 260, "吉D7K891"), probability=0.5)
    assert not one_vehicle(one, sure)
    assert one_vehicle(one, weak)


def bare(*path: tuple[int, Box]) -> Track:
    out = Track(frame(path[0][0]))
    for number, box in path:
        out.see_region(frame(number), box)
    return out


def place(y: int) -> Box:
    return Box(200, y, 600, y + 300)


def test_who_follows_in_a_queue_is_no_part_of_the_one_before() -> None:
    ahead = bare(*((number, place(100 + 200 * number)) for number in range(6)))
    behind = bare(*((number, place(-250 + 200 * number)) for number in range(1, 9)))
    assert not part_of(behind, ahead)


def test_what_goes_with_a_vehicle_is_a_part_of_it() -> None:
    lorry = bare(*((number, place(100 + 200 * number)) for number in range(4)))
    load = bare(*((number, Box(250, -50 + 200 * number, 550, 250 + 200 * number)) for number in range(5)))
    assert part_of(load, lorry)


def test_a_vehicle_without_a_plate_is_expected_where_its_speed_takes_it() -> None:
    one = bare((1, place(100)), (2, place(300)))
    assert one.expected_region(1.5) == place(500)
    once = bare((1, place(100)))
    assert once.expected_region(1.0) == Box(200, -200, 600, 700)
