"""What is left in a street, drawn: a bag is told, what is no bag is not."""

from collections.abc import Sequence

import numpy as np
import pytest

from camera_config.camera_rules import RuleKind
from detection.decode import Image
from detection.objects import Detection
from tests.detection.rules.hand_made import HEIGHT, WIDTH, Film, at, ground, picture, rule

EMPTY = ground()
DICE = np.random.default_rng(9)
BAG = DICE.integers(0, 50, (28, 40)).astype(np.uint8)
PLACE = (slice(200, 228), slice(300, 340))
FOOT = (320 / WIDTH, 228 / HEIGHT)


NOISE = [DICE.normal(0.0, 2.0, EMPTY.shape).astype(np.int16) for _ in range(8)]


def noisy(street: Image) -> Image:
    return np.clip(street + NOISE[DICE.integers(len(NOISE))], 0, 255).astype(np.uint8)


def with_bag(street: Image = EMPTY) -> Image:
    made = street.copy()
    made[PLACE] = BAG
    return made


def show(film: Film, street: Image, looks: int, found: Sequence[Detection] = ()) -> None:
    for _ in range(looks):
        film.show(found, picture(noisy(street)))


@pytest.fixture
def film() -> Film:
    made = Film(rule(RuleKind.ABANDONED, dwell_s=30.0))
    show(made, EMPTY, 12)
    return made


def test_a_bag_that_stays_is_told_where_it_stands_and_ends_when_it_is_taken(film: Film) -> None:
    show(film, with_bag(), 25)
    (began,) = film.told
    assert (began.kind, began.label, began.count) == ("abandoned", "", 1)
    assert began.at - began.since >= 30.0
    assert began.box == pytest.approx((300 / 640, 200 / 360, 340 / 640, 228 / 360), abs=0.02)
    show(film, with_bag(), 60)
    assert film.states() == ["began"], "it is not taken for the street, however long it stands"
    show(film, EMPTY, 15)
    assert film.states() == ["began", "ended"]


def test_a_bag_is_its_owners_while_they_stand_beside_it(film: Film) -> None:
    owner = at(*FOOT, size=0.3)
    show(film, with_bag(), 40, [owner])
    assert film.told == []
    show(film, with_bag(), 12)
    assert film.states() == ["began"]


def test_people_who_pass_before_a_bag_do_not_end_it(film: Film) -> None:
    show(film, with_bag(), 25)
    hidden = with_bag()
    hidden[120:240, 290:350] = 200
    for _ in range(4):
        show(film, hidden, 1, [at(0.5, 240 / HEIGHT, size=0.33)])
        show(film, with_bag(), 3)
    show(film, with_bag(), 12)
    assert film.states() == ["began"]


def test_a_vehicle_that_is_seen_to_stand_there_is_no_bag(film: Film) -> None:
    parked = at(*FOOT, "car", size=0.15)
    show(film, with_bag(), 60, [parked])
    assert film.told == []


def test_what_was_taken_away_leaves_no_thing() -> None:
    film = Film(rule(RuleKind.ABANDONED, dwell_s=30.0))
    plain = EMPTY.copy()
    plain[160:280, 240:400] = 110
    show(film, with_bag(plain), 12)
    show(film, plain, 40)
    assert film.told == []


def test_a_shadow_is_no_thing(film: Film) -> None:
    dark = EMPTY.copy()
    dark[150:260, 200:300] = (dark[150:260, 200:300] * 0.6).astype(np.uint8)
    show(film, dark, 40)
    assert film.told == []


def test_when_the_light_is_switched_off_it_is_not_known_whether_the_bag_is_there(film: Film) -> None:
    show(film, with_bag(), 25)
    other = ground(7)
    show(film, other, 5)
    assert [(event.state, event.cause) for event in film.told[1:]] == [("unknown", "light changed")]
    show(film, other, 40)
    assert len(film.told) == 2


def test_evening_falls_without_leaving_anything(film: Film) -> None:
    for n in range(75):
        show(film, (EMPTY * (1.0 - 0.008 * n)).astype(np.uint8), 1)
    assert film.told == []


def test_a_thing_outside_of_the_zone_is_not_asked_for() -> None:
    film = Film(rule(RuleKind.ABANDONED, dwell_s=30.0, zone=((0.0, 0.0), (0.3, 0.0), (0.3, 1.0), (0.0, 1.0))))
    show(film, EMPTY, 12)
    show(film, with_bag(), 30)
    assert film.told == []
