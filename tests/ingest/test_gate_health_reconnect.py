"""The rules that need no camera: what is quiet, what is late, and when to ask again."""

import logging
import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.gate import FLOOR_S, HOT_PICTURES, MotionGate
from ingest.health import KEYLESS_S, STALLED_S, Condition, State, judge
from ingest.reconnect import CAP_S, Backoff, HandshakeGate
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


def quiet(gate: MotionGate, pictures: int = 49, seed: int = 0) -> None:
    dice = random.Random(seed)
    for _ in range(pictures):
        gate.picture(dice.randrange(900, 1100))


def test_the_first_keyframe_is_offered() -> None:
    assert MotionGate().offers(0.0)


def test_a_quiet_street_is_offered_once_a_floor() -> None:
    gate = MotionGate(floor_s=10.0)
    offered = []
    for second in range(0, 42, 2):
        quiet(gate, seed=second)
        if gate.offers(float(second)):
            offered.append(second)
    assert offered == [0, 10, 20, 30, 40]


def test_motion_lets_the_next_keyframe_through_and_only_that() -> None:
    gate = MotionGate()
    gate.offers(0.0)
    quiet(gate, 200)
    assert not gate.offers(2.0)
    quiet(gate)
    for _ in range(HOT_PICTURES):
        gate.picture(6000)
    assert gate.offers(4.0)
    quiet(gate)
    assert not gate.offers(6.0)


def test_two_large_pictures_are_not_motion() -> None:
    gate = MotionGate()
    gate.offers(0.0)
    quiet(gate, 200)
    for _ in range(HOT_PICTURES - 1):
        gate.picture(6000)
    assert not gate.offers(2.0)


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
    assert len(gate.admit(3600.0)) == 60


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
