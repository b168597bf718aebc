"""Whose turn it is."""

from camera_config.ids import CameraId, CheckpointId
from detection.schedule import LOOK_S, ROUND_S, Schedule

K = [CheckpointId(f"k-{n}") for n in range(7)]
C = [CameraId(f"c-{n}") for n in range(175)]


def test_checkpoints_come_first_and_in_turn() -> None:
    schedule = Schedule(K, C)
    asked = []
    for _ in range(3):
        feed = next(schedule.order())
        asked.append(feed)
        schedule.served(feed, 0.001)
    assert asked == K[:3]


def test_cameras_have_their_share_while_checkpoints_would_take_everything() -> None:
    schedule = Schedule(K, C)
    spent = {"k": 0.0, "c": 0.0}
    for _ in range(4000):
        feed = next(schedule.order())
        took = 0.05 if feed.startswith("c") else 0.06
        spent[feed[0]] += took
        schedule.served(feed, took)
    assert abs(spent["c"] / (spent["c"] + spent["k"]) - len(C) * LOOK_S / ROUND_S) < 0.01


def test_few_cameras_take_little_from_the_checkpoints() -> None:
    schedule = Schedule(K, C[:10])
    spent = {"k": 0.0, "c": 0.0}
    for _ in range(4000):
        feed = next(schedule.order())
        spent[feed[0]] += 0.06
        schedule.served(feed, 0.06)
    assert spent["c"] / (spent["c"] + spent["k"]) < 0.02


def test_no_camera_starves_within_a_minute_of_overload() -> None:
    schedule = Schedule(K, C)
    now_s, last = 0.0, dict.fromkeys(C, 0.0)
    longest = 0.0
    while now_s < 300.0:
        feed = next(schedule.order())
        took = 0.05 if feed in last else 0.06
        now_s += took
        schedule.served(feed, took)
        if feed in last:
            longest = max(longest, now_s - last[feed])
            last[feed] = now_s
    assert longest <= 60.0


def test_the_camera_that_waited_longest_is_asked_first() -> None:
    schedule = Schedule([], C[:3])
    schedule.served(C[0], 0.05)
    schedule.served(C[2], 0.05)
    assert list(schedule.order()) == [C[1], C[0], C[2]]
