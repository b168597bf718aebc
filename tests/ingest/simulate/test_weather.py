"""Traffic on a bad day, and its pictures by day, at night and in rain."""

from itertools import pairwise

import cv2
import numpy as np
import pytest

from ingest.simulate.flow import Drive, flow
from ingest.simulate.numbers import TWO_ROWS
from ingest.simulate.shot import Shots
from ingest.simulate.traffic import LENGTHS_M, Body
from ingest.simulate.view import make_view
from ingest.simulate.weather import Weather

VIEW = make_view(0, 1)


def picture(weather: Weather, frame: int, drives: list[Drive]) -> np.ndarray:
    return cv2.cvtColor(Shots(VIEW, 0, 1, weather).draw(frame, drives).yuv, cv2.COLOR_YUV2BGR_I420)


def busy(drives: list[Drive]) -> int:
    """Return a frame in which a plate is free."""
    shots = Shots(VIEW, 0, 1, Weather.DAY)
    return next(frame for frame in range(0, 900, 5) if shots.draw(frame, drives).shown)


@pytest.mark.parametrize("away", [False, True])
def test_nobody_drives_through_another_and_queues_stand_and_go_on(away: bool):
    drives = [each for each in flow(VIEW, 3, 120, away=away) if each.body is not Body.MOTORCYCLE]
    stood = 0
    for lane in (1, 2):
        mine = sorted((each for each in drives if each.lane == lane), key=lambda each: each.first)
        for ahead, behind in pairwise(mine):
            for frame in range(behind.first, min(ahead.last, behind.last) + 1, 5):
                gap = abs(ahead.front_m(frame) - behind.front_m(frame))
                assert gap >= LENGTHS_M[(behind if away else ahead).body], (ahead.number, behind.number, frame)
    for each in drives:
        moves = np.abs(np.diff(each.places_m))
        stood += bool((moves < 0.001).sum() > 20)
        assert moves.max() < 1.0
    assert stood >= 10


def test_no_plate_comes_twice_and_two_rows_are_seen_from_behind_only():
    there, back = flow(VIEW, 3, 200), flow(VIEW, 3, 200, away=True)
    for drives in (there, back):
        plates = [each.plate for each in drives if each.plate]
        assert len(plates) == len(set(plates))
    assert not [each for each in there if each.plate and each.kind in TWO_ROWS]
    assert len([each for each in back if each.plate and each.kind in TWO_ROWS]) > 10


def test_the_same_seed_gives_the_same_traffic():
    one, other = flow(VIEW, 5, 30), flow(VIEW, 5, 30)
    assert [each.plate for each in one] == [each.plate for each in other]
    assert all(np.array_equal(a.places_m, b.places_m) for a, b in zip(one, other, strict=True))


def test_night_is_dark_but_plates_and_lamps_are_not():
    drives = flow(VIEW, 7, 20)
    frame = busy(drives)
    day, night = picture(Weather.DAY, frame, drives), picture(Weather.NIGHT, frame, drives)
    assert night.mean() < 0.5 * day.mean()
    assert (night.min(axis=2) > 250).sum() > 100, "headlamps"
    grey = picture(Weather.INFRARED, frame, drives).astype(int)
    assert np.abs(grey[..., 0] - grey[..., 2]).mean() < 6


def test_rain_is_paler_than_day_and_never_twice_the_same():
    drives = flow(VIEW, 7, 20)
    shots = Shots(VIEW, 0, 1, Weather.RAIN)
    one, other = (shots.draw(0, []).yuv[:720].copy() for _ in range(2))
    assert (one != other).mean() > 0.3
    frame = busy(drives)
    assert picture(Weather.RAIN, frame, drives).std() < 0.8 * picture(Weather.DAY, frame, drives).std()


def test_a_plate_behind_a_lorry_is_not_said_to_be_free():
    drives = [each for each in flow(VIEW, 3, 120) if each.body is not Body.MOTORCYCLE]
    shots = Shots(VIEW, 0, 1, Weather.DAY)
    lorry = next(each for each in drives if each.body is Body.TRUCK)
    behind = next(each for each in drives if each.lane == lorry.lane and each.first > lorry.first)
    frame = next(frame for frame in range(lorry.first, lorry.last) if -3 < lorry.front_m(frame) < -1)
    hidden = Drive(
        behind.number,
        behind.plate or "吉D7K391",
        behind.kind,
        behind.body,
        behind.lane,
        behind.look,
        lorry.u_m,
        lorry.slope,
        False,
        behind.wear,
        lorry.first,
        lorry.places_m + LENGTHS_M[Body.TRUCK] + 1.0,
    )
    assert hidden.number not in shots.draw(frame, [lorry, hidden]).shown
