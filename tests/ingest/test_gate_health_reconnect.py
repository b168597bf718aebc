"""The rules that need no camera: what is quiet, what is late, and when to ask again."""

import logging
import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.door import Door
from ingest.gate import FLOOR_S, HOT_PICTURES, LEARNING, MotionGate
from ingest.health import KEYLESS_S, LONGEST_S, STALLED_S, Condition, Pace, State, judge
from ingest.reconnect import CAP_S, OUTAGE_CAP_S, Backoff, HandshakeGate
from ingest.tally import Tally


class Hands:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.s = 1000.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.s, UTC)

    def monotonic_s(self) -> float:
        return self.s

    def sleep(self, seconds: float) -> None:
        self.s += seconds


def taught(floor_s: float = FLOOR_S) -> MotionGate:
    """A gate that knows a quiet street."""
    gate = MotionGate(floor_s)
    for group in range(LEARNING):
        quiet(gate, seed=group)
        assert gate.offers(0.0)
    return gate


def quiet(gate: MotionGate, pictures: int = 49, seed: int = 0) -> None:
    dice = random.Random(seed)
    for _ in range(pictures):
        gate.picture(dice.randrange(900, 1100))


def test_the_first_keyframe_is_offered() -> None:
    assert MotionGate().offers(0.0)


def test_a_quiet_street_is_offered_once_a_floor() -> None:
    gate = taught(floor_s=10.0)
    offered = []
    for second in range(2, 42, 2):
        quiet(gate, seed=second)
        if gate.offers(float(second)):
            offered.append(second)
    assert offered == [10, 20, 30, 40]


def test_motion_lets_the_next_keyframe_through_and_only_that() -> None:
    gate = taught()
    quiet(gate, 200)
    assert not gate.offers(2.0)
    quiet(gate)
    for _ in range(HOT_PICTURES):
        gate.picture(6000)
    assert gate.offers(4.0)
    quiet(gate)
    assert not gate.offers(6.0)


def test_two_large_pictures_are_not_motion() -> None:
    gate = taught()
    quiet(gate, 200)
    for _ in range(HOT_PICTURES - 1):
        gate.picture(6000)
    assert not gate.offers(2.0)


def test_a_feed_that_begins_busy_is_still_seen_when_it_is_busy_again() -> None:
    gate = MotionGate(floor_s=1e9)
    for _ in range(3):
        busy(gate)
        gate.offers(0.0)
    offered = []
    for group in range(20):
        (busy if group % 10 == 9 else quiet)(gate)
        if gate.offers(1.0 + group):
            offered.append(group)
    assert offered[-1] == 19
    assert not set(offered) & set(range(2, 9))


def test_noise_that_doubles_for_good_becomes_the_new_quiet_within_an_hour() -> None:
    gate = taught(floor_s=1e9)
    offered = 0
    for group in range(1800):
        for _ in range(49):
            gate.picture(2000 + group % 7)
        offered += gate.offers(1.0)
    assert 0 < offered < 900
    assert not gate.offers(2.0)


def test_one_group_of_nothing_does_not_make_the_rest_look_busy() -> None:
    gate = taught(floor_s=1e9)
    for _ in range(49):
        gate.picture(10)
    gate.offers(1.0)
    for second in range(2, 6):
        quiet(gate, seed=second)
        assert not gate.offers(float(second))


def busy(gate: MotionGate) -> None:
    for number in range(49):
        gate.picture(6000 + number)


def test_every_keyframe_of_a_raised_feed_is_offered_up_to_the_end() -> None:
    gate = taught()
    gate.raised_until_s = 3.0
    assert [gate.offers(float(second)) for second in range(1, 6)] == [True, True, True, False, False]


@given(st.lists(st.one_of(st.integers(0, 10**7), st.none()), max_size=200))
def test_the_floor_holds_whatever_the_sizes_are(steps: list[int | None]) -> None:
    gate = MotionGate()
    last = None
    for second, size in enumerate(steps):
        if size is not None:
            gate.picture(size)
        elif gate.offers(float(second)):
            last = second
        else:
            assert last is not None
            assert second - last < FLOOR_S


@pytest.mark.parametrize(
    ("silence_s", "usual_s", "keyless_s", "gop_s", "state"),
    [
        (0.0, 0.75, 0.0, 2.0, State.ONLINE),
        (1.0, 0.75, 1.0, 2.0, State.ONLINE),
        (1.1, 0.75, 1.0, 2.0, State.LATE),
        (STALLED_S, 0.75, 1.0, 2.0, State.LATE),
        (STALLED_S + 0.01, 0.75, 1.0, 2.0, State.STALLED),
        (2.0, 3.0, 2.0, 2.0, State.ONLINE),
        (3.1, 3.0, 3.1, 2.0, State.STALLED),
        (0.1, 0.75, KEYLESS_S, 2.0, State.ONLINE),
        (0.1, 0.75, KEYLESS_S + 0.1, 2.0, State.NO_KEYFRAME),
        (0.1, 0.75, 20.0, 10.0, State.ONLINE),
    ],
)
def test_a_playing_feed_is_judged(
    silence_s: float, usual_s: float, keyless_s: float, gop_s: float, state: State
) -> None:
    assert judge(silence_s, usual_s, keyless_s, gop_s) is state


def test_a_stall_is_seen_within_three_seconds_at_four_looks_a_second() -> None:
    assert STALLED_S + 0.25 < 3.0


def watched(pace: Pace, gaps: list[float], began_s: float = 100.0, frames: int = 0) -> tuple[float, int, list[State]]:
    """Look four times a second at a stream whose pictures come ``gaps`` apart; give up as ``StreamPull`` does."""
    pace.begin(frames)
    now_s, states, last_s = began_s, [], began_s
    due = [began_s + sum(gaps[: count + 1]) for count in range(len(gaps))]
    frames += 1
    while due:
        while due and due[0] <= now_s:
            last_s = due.pop(0)
            frames += 1
        pace.look(now_s, frames)
        states.append(judge(now_s - last_s, pace.usual_s, 0.0, 0.0))
        if states[-1] is State.STALLED:
            pace.ended_silent()
            break
        now_s += 0.25
    return now_s, frames, states


def test_a_stream_of_a_picture_in_eight_seconds_settles_and_is_not_stalled_any_more() -> None:
    pace, now_s, frames, stalls = Pace(), 100.0, 0, 0
    for _ in range(10):
        now_s, frames, states = watched(pace, [8.0] * 20, now_s, frames)
        stalls += State.STALLED in states
    assert stalls <= 3
    assert pace.usual_s == pytest.approx(24, abs=1)
    assert pace.fps(now_s, frames) == pytest.approx(1 / 8, abs=0.01)


def test_a_described_rate_is_enough_to_wait_for_the_second_picture() -> None:
    pace = Pace()
    pace.described_fps = 0.2
    assert State.STALLED not in watched(pace, [5.0] * 6)[2]


def test_a_usual_stream_is_stalled_as_soon_as_ever_whatever_it_did_before() -> None:
    pace = Pace()
    watched(pace, [8.0] * 4)
    now_s, frames, states = watched(pace, [0.04] * 250, 200.0)
    assert set(states) == {State.ONLINE}
    assert pace.usual_s < 1.0
    assert pace.fps(now_s, frames) == pytest.approx(25, abs=2)


def test_no_camera_talks_itself_out_of_ever_being_stalled() -> None:
    pace = Pace()
    pace.described_fps = 0.0001
    assert pace.usual_s == LONGEST_S


def test_the_time_between_keyframes_is_the_median_of_the_last_five() -> None:
    pace = Pace()
    pace.begin(0)
    assert pace.gop_s == 0.0
    for at_s in (10.0, 12.0, 14.0, 24.0, 26.0, 28.0):
        pace.keyframe(at_s)
    assert pace.gop_s == 2.0
    pace.begin(0)
    pace.keyframe(500.0)
    assert pace.gop_s == 2.0, "a reconnect is no distance between keyframes"


def test_sixty_pictures_a_second_pass_and_more_do_not() -> None:
    door = Door()
    came = [number / 60 for number in range(60 * 20)]
    assert all(door.admits(1000.0 + at_s, key=False) for at_s in came)
    flood = [(1020.0 + number / 1000, number % 50 == 0) for number in range(20_000)]
    passed = [door.admits(at_s, key) for at_s, key in flood]
    assert 60 * 18 <= sum(passed) <= 60 * 20 + 6 * 60
    assert door.dropped == 20_000 - sum(passed)
    assert all(key or before for (_, key), now, before in zip(flood[1:], passed[1:], passed, strict=False) if now), (
        "behind one that was turned away only a keyframe enters"
    )


def test_what_waited_while_nobody_read_is_no_flood_and_keyframes_go_first() -> None:
    door = Door()
    assert all(door.admits(1000.0, key=False) for _ in range(290))
    flood = Door()
    passed = [flood.admits(1000.0, key=number % 10 == 0) for number in range(2000)]
    assert not any(passed[310::10][60:])
    assert any(passed[310::10])


@pytest.mark.parametrize(("described", "most"), [(0.0, 60), (25.0, 60), (12.0, 36), (1.0, 30)])
def test_a_flood_is_three_times_what_was_described_but_at_least_thirty(described: float, most: int) -> None:
    door = Door()
    door.describe(described)
    for _ in range(1000):
        door.admits(1000.0, key=True)
    passed = sum(door.admits(1000.0 + number / 100, key=True) for number in range(1000))
    assert passed == pytest.approx(10 * most, abs=2)


def test_since_is_when_the_state_began_not_when_its_cause_changed() -> None:
    first = Condition(State.UNREACHABLE, 10.0, "refused")
    second = first.then(State.UNREACHABLE, "no answer", 20.0)
    assert (second.since, second.cause) == (10.0, "no answer")
    assert second.then(State.ONLINE, "", 30.0).since == 30.0
    assert second.then(State.UNREACHABLE, "no answer", 40.0) is second


def test_pauses_grow_to_the_cap_and_never_above() -> None:
    pauses = [Backoff(random.Random(seed)) for seed in range(400)]
    rounds = [[one.pause_s() for one in pauses] for _ in range(9)]
    assert [max(row) < 0.5 * 2**n for n, row in enumerate(rounds[:4])] == [True] * 4
    assert all(0 <= pause <= CAP_S for row in rounds for pause in row)
    assert 3.5 < sum(rounds[8]) / 400 < 4.5
    pauses[0].reset()
    assert pauses[0].pause_s() <= 0.5


def test_pauses_are_shorter_while_many_are_down() -> None:
    pauses = [Backoff(random.Random(seed)) for seed in range(400)]
    rounds = [[one.pause_s(outage=True) for one in pauses] for _ in range(9)]
    assert max(max(row) for row in rounds) <= OUTAGE_CAP_S
    assert 1.7 < sum(rounds[8]) / 400 < 2.3


def test_a_storm_is_let_through_at_sixty_a_second_checkpoints_first() -> None:
    gate: HandshakeGate[str] = HandshakeGate()
    for number in range(363):
        gate.ask(f"camera-{number}", 1)
    for number in range(13):
        gate.ask(f"checkpoint-{number}", 0)
    seconds = [gate.admit(100.0 + tick * 0.25) for tick in range(30)]
    assert seconds[0][:13] == [f"checkpoint-{number}" for number in range(13)]
    assert all(len(batch) <= 15 for batch in seconds)
    flat = [name for batch in seconds for name in batch]
    assert flat[13:] == [f"camera-{number}" for number in range(363)]
    assert sum(map(len, seconds[:25])) == 375


def test_a_long_pause_saves_up_no_storm() -> None:
    gate: HandshakeGate[int] = HandshakeGate()
    gate.admit(0.0)
    for number in range(100):
        gate.ask(number, 1)
    assert len(gate.admit(3600.0)) == 15


@given(st.lists(st.tuples(st.floats(0.0, 3.0), st.integers(0, 200)), max_size=60))
def test_no_second_sees_more_than_sixty_handshakes_however_they_are_asked_for(steps: list[tuple[float, int]]) -> None:
    gate: HandshakeGate[int] = HandshakeGate()
    now_s, times = 100.0, list[float]()
    for pause_s, asked in steps:
        now_s += pause_s
        for number in range(asked):
            gate.ask(number, 1)
        times += [now_s] * len(gate.admit(now_s))
    assert all(times[place + 60] - times[place] >= 1.0 for place in range(len(times) - 60))


def test_one_line_a_minute_of_a_kind_with_the_count_of_the_rest(caplog: pytest.LogCaptureFixture) -> None:
    clock = Hands()
    tally = Tally(logging.getLogger("test"), clock)
    for number in range(350):
        tally.warn("feed.lost", f"camera={number}")
    tally.warn("feed.other", "camera=1")
    clock.s += 60
    tally.warn("feed.lost", "camera=0")
    assert [record.getMessage() for record in caplog.records] == [
        "feed.lost camera=0 left_out=0",
        "feed.other camera=1 left_out=0",
        "feed.lost camera=0 left_out=349",
    ]
