"""How often a stream is looked at: about as often as it has pictures, and soon after each."""

import random

import pytest

from api.view.rhythm import Rhythm
from ingest.codec import Codec
from ingest.ring import RingEntry


def looked(arrivals: list[float], until_s: float) -> tuple[int, list[float]]:
    """Return the number of looks, and how long each picture lay there."""
    rhythm, now_s, looks, waited = Rhythm(), 0.0, 0, []
    left = list(arrivals)
    while now_s < until_s:
        came = [at for at in left if at <= now_s]
        left = left[len(came) :]
        waited += [now_s - at for at in came]
        looks += 1
        entries = [RingEntry(1, 0, 1, True, False, Codec.H264, 1, 0, 90_000, 0, 0, 0.0, at) for at in came]
        now_s += rhythm.wait_s(entries, now_s)
    return looks, waited


@pytest.mark.parametrize("gap_s", [0.02, 0.04, 0.08])
def test_a_steady_camera_is_looked_at_once_a_picture_and_shown_at_once(gap_s: float) -> None:
    looks, waited = looked([number * gap_s for number in range(int(40 / gap_s))], 40)
    assert looks <= 40 / gap_s * 1.02 + 60
    assert max(waited[100:]) < 0.01


def test_a_network_that_hurries_and_delays_costs_neither_many_looks_nor_long_waiting() -> None:
    dice = random.Random(3)
    looks, waited = looked(sorted(number * 0.04 + dice.uniform(0, 0.03) for number in range(1000)), 40)
    assert looks < 40 / 0.025
    assert sum(waited) / len(waited) < 0.0125
    assert max(waited) <= 0.06


def test_pictures_that_come_five_at_a_time_are_not_looked_for_in_between() -> None:
    looks, waited = looked([number * 0.2 for number in range(200) for _ in range(5)], 40)
    assert looks <= 200 * 1.02 + 100
    assert max(waited[200:]) < 0.01


def test_a_camera_that_becomes_faster_is_followed_within_a_second() -> None:
    _, waited = looked([number * 0.25 for number in range(40)] + [10 + number * 0.04 for number in range(250)], 20)
    assert max(waited) < 0.26
    assert max(waited[40 + 25 :]) < 0.045


def test_a_camera_that_stalls_is_looked_at_forty_times_a_second_and_seen_at_once_when_it_is_back() -> None:
    looks, waited = looked([number * 0.04 for number in range(100)] + [30.0], 40)
    assert looks < 100 * 1.1 + 40 * 37 + 20
    assert waited[-1] <= 0.025
