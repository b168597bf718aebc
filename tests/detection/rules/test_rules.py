"""Every kind of rule on things moved by hand: what begins, when, and what ends it."""

from datetime import UTC, datetime

import numpy as np
import pytest

from camera_config.camera_rules import LineDirection, RuleKind
from detection.picture_health import PictureState
from detection.rules.watch import STALE_S
from tests.detection.rules.hand_made import MIDDLE, Film, at, nights, picture, rule, walk

ACROSS = ((0.5, 0.9), (0.5, 0.1))
"""A line drawn upwards: the picture's right is on its right."""


def test_somebody_in_the_zone_is_told_once_and_ended_once() -> None:
    film = Film(rule(RuleKind.INTRUSION, zone=MIDDLE))
    film.play(walk((0.0, 0.5), (0.5, 0.5), 8))
    film.play(walk((0.5, 0.5), (1.0, 0.5), 8))
    film.play([[]] * 10)
    began, ended = film.told
    assert (began.state, ended.state) == ("began", "ended")
    assert (began.id, began.kind, began.label, began.count) == (ended.id, "intrusion", "person", 1)
    assert began.box is not None
    assert 0.25 <= (began.box[0] + began.box[2]) / 2 <= 0.75
    assert began.box[3] == pytest.approx(0.5)
    assert began.since < began.at < ended.at
    assert (began.began_at, ended.began_at) == (began.at, began.at)


def test_who_passes_beside_the_zone_is_nobody() -> None:
    film = Film(rule(RuleKind.INTRUSION, zone=MIDDLE))
    film.play(walk((0.0, 0.85), (1.0, 0.85), 20))
    assert film.told == []


def test_a_box_in_one_picture_alone_tells_nothing() -> None:
    film = Film(rule(RuleKind.INTRUSION, zone=MIDDLE, dwell_s=0.0))
    film.play([[], [at(0.5, 0.5)], [], [], [], []])
    assert film.told == []


def test_another_class_does_not_count() -> None:
    film = Film(rule(RuleKind.INTRUSION, zone=MIDDLE))
    film.play([[at(0.5, 0.5, "car")]] * 5)
    assert film.told == []


@pytest.mark.parametrize(("dwell_s", "told_s"), [(10.0, 10.0), (10.1, 12.0)])
def test_a_dwell_is_over_exactly_when_it_has_passed(dwell_s: float, told_s: float) -> None:
    film = Film(rule(RuleKind.LOITERING, dwell_s=dwell_s))
    film.play([[at(0.5, 0.5)]] * 8)
    (began,) = film.told
    assert film.seconds(began) == told_s
    assert began.since == film.start, "it is told since when, not only that"


@pytest.mark.parametrize(("release_s", "told_s"), [(6.0, 6.0), (6.1, 8.0)])
def test_it_has_ended_when_it_was_over_for_the_release(release_s: float, told_s: float) -> None:
    film = Film(rule(RuleKind.INTRUSION, zone=MIDDLE, release_s=release_s))
    film.play([[at(0.5, 0.5)]] * 3)
    last_s = film.now_s - film.every_s
    film.play([[]] * 8)
    assert film.told[1].at - film.start + 1000.0 - last_s == told_s


def test_one_picture_that_misses_somebody_ends_nothing_however_long_ago_it_was() -> None:
    film = Film(rule(RuleKind.INTRUSION, zone=MIDDLE, release_s=1.0), every_s=10.0)
    film.play([[at(0.5, 0.5)], [at(0.5, 0.5)], [], [at(0.5, 0.5)], [], [at(0.5, 0.5)]])
    assert film.states() == ["began"]


def test_feet_that_jitter_at_the_zones_edge_are_one_event() -> None:
    film = Film(rule(RuleKind.INTRUSION, zone=MIDDLE, release_s=1.0))
    film.play([[at(0.5, 0.74 + 0.02 * (n % 2))] for n in range(30)])
    assert film.states() == ["began"]


def test_more_people_are_the_same_event_with_the_most_at_once() -> None:
    film = Film(rule(RuleKind.INTRUSION, zone=MIDDLE))
    film.play([[at(0.4, 0.5)]] * 3)
    film.play([[at(0.4, 0.5), at(0.6, 0.6)]] * 3)
    film.play([[]] * 10)
    assert film.states() == ["began", "ended"]
    assert [event.count for event in film.told] == [1, 2]


def test_who_leaves_before_the_dwell_is_over_was_passing_and_begins_anew() -> None:
    film = Film(rule(RuleKind.LOITERING, zone=MIDDLE, dwell_s=40.0))
    for _ in range(3):
        film.play([[at(0.5, 0.5)]] * 8)
        film.play(walk((0.5, 0.5), (0.1, 0.5), 6) + walk((0.1, 0.5), (0.5, 0.5), 6))
    assert film.told == []
    film.play([[at(0.5, 0.5)]] * 22)
    assert film.states() == ["began"]


@pytest.mark.parametrize(
    ("direction", "way", "told"),
    [
        (LineDirection.TO_RIGHT, 1, 1),
        (LineDirection.TO_RIGHT, -1, 0),
        (LineDirection.TO_LEFT, -1, 1),
        (LineDirection.TO_LEFT, 1, 0),
        (LineDirection.BOTH, 1, 1),
        (LineDirection.BOTH, -1, 1),
    ],
)
def test_a_line_counts_who_crosses_it_the_way_it_is_asked(direction: LineDirection, way: int, told: int) -> None:
    film = Film(rule(RuleKind.LINE, line=ACROSS, direction=direction))
    film.play(walk((0.2, 0.6), (0.8, 0.6), 8)[::way])
    assert film.states().count("began") == told


def test_a_line_drawn_to_the_right_has_below_on_its_right() -> None:
    film = Film(rule(RuleKind.LINE, line=((0.1, 0.5), (0.9, 0.5)), direction=LineDirection.TO_RIGHT))
    film.play(walk((0.5, 0.3), (0.5, 0.8), 8))
    assert film.states() == ["began"]


def test_who_goes_around_the_end_of_a_line_has_not_crossed_it() -> None:
    film = Film(rule(RuleKind.LINE, line=((0.5, 0.6), (0.5, 0.1))))
    film.play(walk((0.2, 0.9), (0.8, 0.9), 8))
    film.play([[]] * 10)
    film.play(walk((0.2, 0.5), (0.8, 0.5), 8))
    assert film.states() == ["began"]


def test_who_stands_on_a_line_crosses_it_once_at_most() -> None:
    film = Film(rule(RuleKind.LINE, line=ACROSS, release_s=600.0))
    film.play(walk((0.3, 0.6), (0.49, 0.6), 4))
    film.play([[at(0.5 + 0.005 * (-1) ** n, 0.6)] for n in range(20)])
    assert film.told == []
    film.play(walk((0.51, 0.6), (0.7, 0.6), 4))
    film.play([[]] * 400)
    assert [event.count for event in film.told] == [1, 1]


def test_several_that_cross_soon_after_each_other_are_one_event_that_counts_them() -> None:
    film = Film(rule(RuleKind.LINE, line=ACROSS))
    steps = walk((0.2, 0.5), (0.8, 0.5), 8)
    later = walk((0.2, 0.8), (0.8, 0.8), 8)
    film.play([*steps[:2], *([*one, *other] for one, other in zip(steps[2:], later[:6], strict=True)), *later[6:]])
    film.play([[]] * 10)
    assert film.states() == ["began", "ended"]
    assert film.told[1].count == 2


def test_who_turns_back_before_the_dwell_behind_a_line_has_not_crossed_it() -> None:
    film = Film(rule(RuleKind.LINE, line=ACROSS, dwell_s=6.0))
    film.play(walk((0.3, 0.6), (0.6, 0.6), 4))
    film.play(walk((0.55, 0.6), (0.3, 0.6), 4))
    film.play([[at(0.3, 0.6)]] * 10)
    assert film.told == []
    film.play(walk((0.3, 0.6), (0.7, 0.6), 5))
    film.play([[at(0.7, 0.6)]] * 5)
    assert film.states() == ["began"]


def test_a_line_is_crossed_between_keyframes_four_seconds_apart() -> None:
    film = Film(rule(RuleKind.LINE, line=ACROSS), every_s=4.0)
    film.play(walk((0.05, 0.6), (0.95, 0.6), 9))
    assert film.states() == ["began", "ended"]


def test_a_car_against_the_arrow_goes_the_wrong_way_and_one_along_it_does_not() -> None:
    arrow = ((0.2, 0.9), (0.2, 0.1))
    right, wrong = (Film(rule(RuleKind.WRONG_WAY, line=arrow), every_s=0.5) for _ in range(2))
    right.play(walk((0.2, 0.95), (0.2, 0.3), 12, "car"))
    wrong.play(walk((0.2, 0.3), (0.2, 0.95), 12, "car"))
    assert right.told == []
    assert wrong.states() == ["began"]


def test_a_car_that_crosses_the_arrow_or_rolls_back_a_little_goes_no_wrong_way() -> None:
    film = Film(rule(RuleKind.WRONG_WAY, line=((0.2, 0.9), (0.2, 0.1))), every_s=0.5)
    film.play(walk((0.1, 0.5), (0.9, 0.55), 16, "car"))
    film.play([[]] * 40)
    film.play(walk((0.5, 0.6), (0.5, 0.7), 6, "car"))
    assert film.told == []


def test_a_car_that_stands_is_told_and_a_queue_that_creeps_is_not() -> None:
    stands, creeps = (Film(rule(RuleKind.STOPPED, zone=MIDDLE, dwell_s=30.0)) for _ in range(2))
    stands.play(walk((0.1, 0.5), (0.5, 0.5), 5, "car"))
    stands.play([[at(0.5 + 0.003 * (-1) ** n, 0.5, "car")] for n in range(20)])
    creeps.play(walk((0.26, 0.5), (0.74, 0.5), 40, "car"))
    (began,) = stands.told
    assert began.since - stands.start == pytest.approx(8.0, abs=2.0), "since it stopped, not since it came"
    assert began.at - began.since >= 30.0
    assert creeps.told == []


def test_a_standing_car_stays_one_event_while_others_pass_in_front_of_it() -> None:
    film = Film(rule(RuleKind.STOPPED, zone=MIDDLE, dwell_s=20.0))
    parked = at(0.5, 0.5, "car")
    film.play([[parked]] * 12)
    for _ in range(3):
        film.play([[at(x, 0.55, "truck", size=0.3)] for x in (0.3, 0.5, 0.7)])
        film.play([[parked]] * 3)
    assert film.states() == ["began"]
    film.play([[]] * 20)
    assert film.states() == ["began", "ended"]


def people(count: int) -> list:
    return [at(0.1 + 0.08 * (n % 10), 0.5 + 0.1 * (n // 10)) for n in range(count)]


def test_a_crowd_begins_over_its_number_and_ends_at_the_lower_one() -> None:
    film = Film(rule(RuleKind.CROWD, count=10, count_end=7, dwell_s=4.0, release_s=4.0))
    film.play([people(10)] * 10)
    assert film.told == [], "exactly the number is no crowd"
    film.play([people(11)] * 4)
    assert film.states() == ["began"]
    film.play([people(8)] * 20)
    assert film.states() == ["began"], "between the two numbers it goes on"
    film.play([people(7)] * 4)
    assert film.states() == ["began", "ended"]
    film.play([people(9)] * 20)
    assert len(film.told) == 2, "and between them none begins"


def test_a_crowd_that_lasts_less_than_the_dwell_is_none() -> None:
    film = Film(rule(RuleKind.CROWD, count=5, count_end=3, dwell_s=10.0))
    for _ in range(4):
        film.play([people(6)] * 5)
        film.play([people(3)] * 2)
    assert film.told == []
    film.play([people(6)] * 6)
    assert film.states() == ["began"]


def test_a_rule_sleeps_outside_its_hours() -> None:
    evening = datetime(2026, 3, 2, 13, 59, 30, tzinfo=UTC).timestamp()  # 21:59:30 in China
    film = Film(rule(RuleKind.LOITERING, dwell_s=60.0, hours=nights((22, 6))), every_s=10.0, start=evening)
    film.play([[at(0.5, 0.5)]] * 9)
    assert film.told == [], "time before the hours does not count"
    film.show([at(0.5, 0.5)])
    (began,) = film.told
    assert (began.at - evening, began.since - evening) == (90.0, 30.0)


def test_what_holds_when_the_hours_end_ends_with_them() -> None:
    morning = datetime(2026, 3, 2, 21, 59, 0, tzinfo=UTC).timestamp()  # 05:59 in China
    film = Film(rule(RuleKind.LOITERING, dwell_s=20.0, hours=nights((22, 6))), every_s=10.0, start=morning)
    film.play([[at(0.5, 0.5)]] * 20)
    assert [(event.state, event.cause) for event in film.told] == [("began", ""), ("ended", "hours")]
    assert film.seconds(film.told[1]) == 60.0


def test_a_rule_of_other_days_sleeps() -> None:
    film = Film(rule(RuleKind.INTRUSION, zone=MIDDLE, hours=nights((0, 24), days=frozenset({1, 2, 3, 4, 5, 6}))))
    film.play([[at(0.5, 0.5)]] * 10)
    assert film.told == []


def test_a_camera_that_goes_stale_leaves_unknown_and_never_ended() -> None:
    film = Film(rule(RuleKind.INTRUSION, zone=MIDDLE))
    film.play([[at(0.5, 0.5)]] * 3)
    last_s = film.now_s - film.every_s
    assert film.watch.stale(last_s + STALE_S, film.wall) == []
    (lost,) = film.watch.stale(last_s + STALE_S + 0.1, film.wall + 20)
    assert (lost.state, lost.cause, lost.id) == ("unknown", "no picture", film.told[0].id)
    assert film.watch.stale(last_s + 2 * STALE_S, film.wall) == []
    film.now_s += 60.0
    film.play([[at(0.5, 0.5)]] * 3)
    assert film.states() == ["began", "began"], "and what holds still begins anew"
    assert film.told[0].id != film.told[1].id


def test_a_gap_that_nobody_noticed_is_noticed_by_the_next_picture() -> None:
    film = Film(rule(RuleKind.INTRUSION, zone=MIDDLE))
    film.play([[at(0.5, 0.5)]] * 3)
    film.now_s += 60.0
    assert [event.state for event in film.show()] == ["unknown"]


@pytest.mark.parametrize("state", [PictureState.BLACK, PictureState.COVERED, PictureState.FROZEN, PictureState.MOVED])
def test_a_picture_that_shows_nothing_of_use_leaves_unknown(state: PictureState) -> None:
    film = Film(rule(RuleKind.INTRUSION, zone=MIDDLE))
    film.play([[at(0.5, 0.5)]] * 3)
    (lost,) = film.watch.judged(state, film.wall)
    assert (lost.state, lost.cause) == ("unknown", f"picture {state}")
    assert film.play([[at(0.5, 0.5)]] * 5) == []
    film.watch.judged(PictureState.GOOD, film.wall)
    assert [event.state for event in film.play([[at(0.5, 0.5)]] * 3)] == ["began"]


def test_a_lens_that_is_covered_does_not_end_what_it_hides() -> None:
    film = Film(rule(RuleKind.INTRUSION, zone=MIDDLE, release_s=4.0))
    film.play([[at(0.5, 0.5)]] * 3)
    for _ in range(9):
        film.show([], picture(np.full((360, 640), 20, np.uint8)))
    assert film.states() == ["began"], "black pictures are not empty streets"
    assert [event.state for event in film.watch.stale(film.now_s + 5.0, film.wall)] == ["unknown"]


def test_what_is_remembered_stays_bounded_in_the_busiest_square() -> None:
    rules = [rule(kind, zone=MIDDLE) for kind in (RuleKind.INTRUSION, RuleKind.STOPPED)]
    film = Film(*rules, rule(RuleKind.LINE, line=ACROSS), every_s=0.5)
    dice = np.random.default_rng(4)
    for _ in range(12):
        film.show([at(*dice.uniform(0, 1, 2), label) for label in ("person", "car") for _ in range(300)])
    assert len(film.watch._tracker.look([], film.now_s)) <= 200
    kept = [one.condition for one in film.watch._rules]
    assert all(len(next(iter(value for value in vars(c).values() if isinstance(value, dict)))) <= 200 for c in kept)
