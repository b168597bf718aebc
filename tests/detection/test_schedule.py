"""Whose turn it is."""

from collections.abc import Callable, Collection
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from camera_config.ids import CameraId, CheckpointId, FeedId
from detection.schedule import LOOK_EVERY_S, LOOK_S, ROUND_S, Schedule

K = [CheckpointId(f"k-{n}") for n in range(7)]
C = [CameraId(f"c-{n}") for n in range(175)]
GATE_S = 10.0
CHEAP_S = 0.012
"""Decoding 1080p, the tile and picture health, without the detector."""


class Player:
    """Plays one process: who always has a keyframe waiting, or one every so often, and what each look takes."""

    def __init__(self, schedule: Schedule, every_s: Callable[[FeedId], float], busy: Collection[str] = ()) -> None:
        self.schedule, self.every_s, self.busy = schedule, every_s, busy
        self.now_s = 0.0
        self.taken: dict[FeedId, list[float]] = {}
        self.looked: dict[FeedId, list[float]] = {}
        self.spent: dict[str, float] = {"k": 0.0, "c": 0.0}
        self.superseded = 0

    def play(self, until_s: float, k_s: float = 0.06) -> None:
        while self.now_s < until_s:
            for feed in self.schedule.order(self.now_s):
                every_s = self.every_s(feed)
                last_s = self.taken.get(feed, [-every_s])[-1]
                if self.now_s - last_s >= every_s:
                    break
            else:
                self.now_s += 0.01
                continue
            took_s = k_s if feed.startswith("k") else self._street(feed, self.now_s - last_s - every_s)
            if feed.startswith("k") and every_s:
                self.superseded += max(0, int((self.now_s - last_s) / every_s) - 1)
            self.taken.setdefault(feed, []).append(self.now_s)
            self.now_s += took_s
            self.spent[feed[0]] += took_s
            self.schedule.served(feed, self.now_s, took_s)

    def _street(self, feed: FeedId, waited_s: float) -> float:
        calm = feed not in self.busy
        if self.schedule.looks(feed, self.now_s, waited_s=waited_s, calm=calm, hurried=False):
            self.looked.setdefault(feed, []).append(self.now_s)
            return LOOK_S
        return CHEAP_S

    def longest_s(self, times: dict[FeedId, list[float]], feeds: Collection[FeedId]) -> float:
        """Return the longest time between two of these times of one feed, up to now."""
        return max(
            after - before
            for feed in feeds
            for before, after in zip([0.0, *times.get(feed, [])], [*times.get(feed, []), self.now_s], strict=True)
        )


def always(_feed: FeedId) -> float:
    return 0.0


def test_checkpoints_come_first_and_in_turn() -> None:
    schedule = Schedule(K, C)
    asked = []
    for _ in range(3):
        feed = next(schedule.order(0.0))
        asked.append(feed)
        schedule.served(feed, 0.0, 0.001)
    assert asked == K[:3]


def test_cameras_have_their_share_while_checkpoints_would_take_everything() -> None:
    player = Player(Schedule(K, C), always)
    player.play(240.0)
    share = player.spent["c"] / sum(player.spent.values())
    assert abs(share - len(C) * LOOK_S / ROUND_S) < 0.01


def test_few_cameras_take_little_from_the_checkpoints() -> None:
    player = Player(Schedule(K, C[:10]), always)
    player.play(240.0)
    assert player.spent["c"] / sum(player.spent.values()) < 0.02


def test_three_hundred_and_fifty_cameras_on_two_slow_cores_are_refreshed_every_twenty_seconds() -> None:
    """Half of them in one process, with seven checkpoints of two keyframes a second."""
    player = Player(Schedule(K, C), lambda feed: 0.5 if feed in K else GATE_S)
    player.play(300.0, k_s=0.045)
    begun = {feed: [at for at in times if at > 60.0] for feed, times in player.taken.items()}
    for times in (begun[feed] for feed in C):
        assert max(after - before for before, after in pairwise(times)) < 21.0
    assert player.superseded < 0.01 * sum(len(player.taken[feed]) for feed in K)
    assert player.longest_s(player.looked, C) < LOOK_EVERY_S + 25.0


def test_while_there_is_time_objects_are_looked_for_in_every_keyframe() -> None:
    player = Player(Schedule(K[:1], C[:40]), lambda feed: 0.5 if feed in K else GATE_S)
    player.play(120.0)
    assert all(len(player.looked[feed]) == len(player.taken[feed]) for feed in C[:40])


def test_cameras_near_an_alert_come_right_after_the_checkpoints() -> None:
    schedule = Schedule(K[:1], C)
    player = Player(schedule, lambda feed: 0.5 if feed in K else 2.0, busy=C)
    player.play(60.0)
    raised = C[20:40]
    schedule.raise_rate(set(raised))
    player.taken.clear()
    player.looked.clear()
    player.play(180.0)
    near = min(len(player.taken[feed]) for feed in raised)
    far = max(len(player.taken[feed]) for feed in C if feed not in raised)
    assert near >= 3 * far
    looked = [b - a for feed in raised for a, b in pairwise(player.looked[feed])]
    assert max(looked) <= LOOK_EVERY_S + 10.0
    schedule.raise_rate(set())
    player.taken.clear()
    player.play(300.0)
    counts = [len(player.taken[feed]) for feed in C]
    assert max(counts) - min(counts) <= 2


@settings(max_examples=12, deadline=None)
@given(
    cameras=st.integers(1, 175),
    raised=st.integers(0, 175),
    every_s=st.sampled_from([0.0, 0.5, 2.0]),
    k_s=st.floats(0.02, 0.3),
    hurried=st.booleans(),
    ruled=st.integers(0, 20),
)
def test_no_feed_starves_whatever_the_load(
    cameras: int, raised: int, every_s: float, k_s: float, hurried: bool, ruled: int
) -> None:
    """All have keyframes all the time, and checkpoints would take everything."""
    schedule = Schedule(K, C[:cameras], C[:ruled])
    schedule.raise_rate(set(C[:raised]))
    player = Player(schedule, lambda feed: every_s, busy=C if hurried else ())
    player.play(400.0, k_s=k_s)
    assert player.longest_s(player.taken, C[:cameras]) <= 5 * ROUND_S
    assert player.longest_s(player.taken, K) <= 2 * len(K) * (k_s + LOOK_S) + 1.0


def test_cameras_with_rules_go_before_all_others_and_are_looked_at_every_time() -> None:
    ruled, raised = C[5:9], C[20:40]
    schedule = Schedule(K, C, set(ruled))
    schedule.raise_rate({*ruled, *raised})
    player = Player(schedule, lambda feed: 0.5 if feed in K else 2.0)
    player.play(30.0, k_s=0.045)  # everybody's first look comes before anybody's second
    player.taken = {feed: [times[-1]] for feed, times in player.taken.items()}
    player.looked.clear()
    player.play(240.0, k_s=0.045)
    assert all(len(player.looked[feed]) == len(player.taken[feed]) - 1 for feed in ruled)
    gaps = [after - before for feed in ruled for before, after in pairwise(player.taken[feed])]
    assert max(gaps) < 4.0
    assert min(len(player.taken[feed]) for feed in ruled) >= 2 * max(len(player.taken[feed]) for feed in raised)
    assert max(after - before for feed in C for before, after in pairwise(player.taken[feed])) < 3 * ROUND_S


def test_the_camera_that_waited_longest_is_asked_first() -> None:
    schedule = Schedule([], C[:3])
    schedule.served(C[0], 1.0, 0.05)
    schedule.served(C[2], 2.0, 0.05)
    assert list(schedule.order(3.0)) == [C[1], C[0], C[2]]
