"""A post to which no road leads does not take the planner down: it is named, and all else is answered."""

import logging
from dataclasses import replace

import pytest

from api.plan.inputs import advice_on, odds_on, prepare, readiness_now
from camera_config.county import Ring
from lockdown.race import fugitive, race
from lockdown.readiness import State
from tests.support.roads import unit
from tests.support.small_county import place, small_county


def test_verdicts_leaks_odds_advice_and_the_race_are_answered_with_a_post_in_a_lake(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The post of the eastern exit was typed half a degree too far north."""
    county = small_county()
    lost = next(post for post in county.posts if str(post.id) == "town-e")
    moved = replace(lost, position=replace(lost.position, lat=lost.position.lat + 0.5))
    county = replace(county, posts=tuple(moved if post is lost else post for post in county.posts))
    with caplog.at_level(logging.ERROR):
        prepared = prepare(county)
    assert "plan.post_lost post=town-e" in caplog.text
    assert [leak.road for leak in prepared.leaks[Ring.TOWN]] == ["e路"]
    assert prepared.leaks[Ring.COUNTY] == ()
    units = [unit(f"u-{n}", place("nesw"[n % 4], 1.2 + n // 4)) for n in range(9)]
    said = odds_on(prepared, readiness_now(prepared, units, 0.0), knowing=True)
    assert (said.joint.state, said.town.state) == (State.NOT_POSSIBLE, State.NOT_POSSIBLE)
    assert said.county.feasible is True
    assert {str(assigned.post) for assigned in said.joint.plan} == {str(p.id) for p in county.posts} - {"town-e"}
    assert [str(post) for post in said.joint.loses] == ["town-e"]
    assert said.joint.why_not is not None
    assert [str(post) for post in said.joint.why_not.posts] == ["town-e"]
    advised = advice_on(prepared, said)
    assert advised is not None
    chased = fugitive(prepared.graph, county.roads, county.rules, place("e", 0.5), 0)
    run = race(prepared.graph, chased, county.posts, county.rings, {})
    assert {str(found.post) for found in run.exits} == {str(post.id) for post in county.posts}
