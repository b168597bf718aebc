"""Planned against actual, worked out by hand."""

from dataclasses import replace

import pytest

from api.drill.score import Cause, Planned, PostResult, Report, dwelt, score
from camera_config.county import Position, Post, Ring
from tests.support.small_county import place, small_county

POST = next(post for post in small_county().posts if post.id == "town-n")
START = place("n", 1.0)
NEAR = POST.position
PLAN = Planned(unit="u-2", post="town-n", drive_s=300.0, arrive_s=360.0, staffed_s=420.0)
"""60 s to wheels moving, 45 of them to acknowledge; 300 s of driving; 60 s to set up; 900 s to the deadline."""


def drive(leaves_s: float, arrives_s: float, post: Position = NEAR) -> list[Report]:
    """Positions every 10 s: at the start until it leaves, on the way, then at the post."""
    on_the_way = place("n", 1.8)
    found = []
    for tick in range(200):
        t = tick * 10.0
        where = START if t < leaves_s else post if t >= arrives_s else on_the_way
        found.append(Report("u-2", "position", t, where))
    return found


def one(
    reports: list[Report], *, post: Post = POST, plan: list[Planned] | None = None, ended: bool = True
) -> PostResult:
    (result,) = score([post], [PLAN] if plan is None else plan, {"u-2": START}, reports, ended=ended)
    return result


def acknowledged(t_s: float) -> Report:
    return Report("u-2", "acknowledged", t_s, None)


def test_a_unit_that_keeps_to_the_plan_staffs_its_post_in_time() -> None:
    result = one([acknowledged(20.0), *drive(60.0, 360.0)])
    assert (result.staffed_s, result.in_time, result.late_s, result.cause) == (420.0, True, 0.0, None)
    assert result.units[0].source == "geofence"
    assert result.units[0].moving_s == 60.0


def test_exactly_on_the_deadline_is_in_time_and_a_second_later_is_not() -> None:
    assert one([acknowledged(20.0), Report("u-2", "arrived", 840.0, None)]).in_time is True
    late = one([acknowledged(20.0), Report("u-2", "arrived", 841.0, None)])
    assert (late.in_time, late.late_s) == (False, 1.0)


@pytest.mark.parametrize(
    ("acknowledged_s", "leaves_s", "arrives_s", "cause"),
    [
        (600.0, 620.0, 900.0, Cause.ACKNOWLEDGEMENT),
        (20.0, 600.0, 900.0, Cause.TURNOUT),
        (20.0, 60.0, 900.0, Cause.DRIVING),
    ],
)
def test_lateness_has_the_cause_that_took_most_beyond_its_share(
    acknowledged_s: float, leaves_s: float, arrives_s: float, cause: Cause
) -> None:
    result = one([acknowledged(acknowledged_s), *drive(leaves_s, arrives_s)])
    assert (result.in_time, result.cause) == (False, cause)
    assert result.units[0].behind_s == arrives_s - 360.0


def test_a_unit_that_refuses_never_arrives() -> None:
    result = one([Report("u-2", "refused", 30.0, None)])
    assert (result.in_time, result.cause, result.staffed_s) == (False, Cause.REFUSED, None)


@pytest.mark.parametrize(
    ("reports", "cause"),
    [
        ([], Cause.ACKNOWLEDGEMENT),
        ([acknowledged(20.0)], Cause.TURNOUT),
        ([acknowledged(20.0), *drive(60.0, 9_999.0)], Cause.DRIVING),
    ],
)
def test_a_unit_that_never_came_is_named_by_the_first_thing_it_did_not_do(reports: list[Report], cause: Cause) -> None:
    assert one(reports).cause is cause


def test_nothing_is_late_while_it_can_still_be_in_time() -> None:
    running = one([acknowledged(20.0), *drive(60.0, 9_999.0)[:40]], ended=False)
    assert (running.in_time, running.cause) == (None, None)
    over = one([acknowledged(20.0), *drive(60.0, 9_999.0)], ended=False)
    assert over.in_time is False


def test_a_post_without_a_unit_says_so() -> None:
    result = one([], plan=[], ended=False)
    assert (result.in_time, result.cause, result.units) == (False, Cause.NO_UNIT, ())


def test_a_post_of_two_is_staffed_by_the_second() -> None:
    plan = [PLAN, replace(PLAN, unit="u-3")]
    reports = [Report("u-2", "arrived", 300.0, None), Report("u-3", "arrived", 400.0, None)]
    assert one(reports, post=replace(POST, need_units=2), plan=plan).staffed_s == 460.0
    assert one(reports[:1], post=replace(POST, need_units=2), plan=plan).staffed_s is None


def test_driving_by_is_not_arriving() -> None:
    edge = Position(NEAR.lat + 49.9 / 111_195, NEAR.lon)
    outside = Position(NEAR.lat + 50.2 / 111_195, NEAR.lon)
    assert dwelt([(0.0, edge), (10.0, edge), (19.9, edge)], NEAR) is None
    assert dwelt([(0.0, edge), (20.0, edge)], NEAR) == 0.0
    assert dwelt([(0.0, edge), (10.0, outside), (20.0, edge), (39.0, edge)], NEAR) is None
    assert POST.ring is Ring.TOWN
