"""Roads that are cut off, driven one way only, or crowded with posts: said by name, and the rest is still planned."""

from dataclasses import replace

import numpy as np
import pytest

from camera_config.county import Blocks, Post, Ring, RoadClass, Roads
from lockdown.fields import post_fields
from lockdown.graph import build_graph, lost_posts
from lockdown.readiness import Readiness, State, assess
from lockdown.times import NEVER_MS
from lockdown.units import UnitNow
from tests.support.roads import SPEEDS, at, post, roads, unit
from tests.support.small_county import small_county

COUNTY = RoadClass.COUNTY
RULES = small_county().rules


def _said(r: Roads, posts: list[Post], units: list[UnitNow]) -> Readiness:
    graph = build_graph(r, SPEEDS, [], posts)
    fields = post_fields(graph, posts)
    return assess(graph, fields, posts, units, RULES, leaks={Ring.TOWN: (), Ring.COUNTY: ()}, computed_at=0.0)


def _planned(said: Readiness) -> set[str]:
    return {str(assigned.post) for assigned in said.joint.plan}


def test_a_post_on_an_island_is_not_possible_and_named_and_the_others_are_still_planned():
    """The island in the lake has a road, and no bridge."""
    r = roads([(0, 0), (2000, 0), (500, 900), (900, 900)], [(0, 1, COUNTY, False), (2, 3, COUNTY, False)])
    posts = [post("bank", at(1500, 0), 90.0), post("island", at(700, 900), 90.0), post("gate", at(400, 0), 90.0)]
    said = _said(r, posts, [unit(f"u{n}", at(300 + 300 * n, 0)) for n in range(4)])
    assert said.state is State.NOT_POSSIBLE
    assert _planned(said) == {"bank", "gate"}
    assert [str(lost) for lost in said.joint.loses] == ["island"]
    assert said.joint.why_not is not None
    assert {str(p) for p in said.joint.why_not.posts} == {"island"}


def test_a_post_in_a_lake_is_not_possible_and_named_and_the_others_are_still_planned():
    r = roads([(0, 0), (2000, 0)], [(0, 1, COUNTY, False)])
    posts = [post("bank", at(1500, 0), 90.0), post("lake", at(700, 900), 90.0), post("gate", at(400, 0), 90.0)]
    with pytest.raises(ValueError, match="post lake: no carriageway"):
        build_graph(r, SPEEDS, [], posts)
    graph = build_graph(r, SPEEDS, [], posts, keep_lost=True)
    assert [str(lost) for lost in lost_posts(graph)] == ["lake"]
    fields = post_fields(graph, posts)
    units = [unit(f"u{n}", at(300 + 300 * n, 0)) for n in range(4)]
    said = assess(graph, fields, posts, units, RULES, leaks={Ring.TOWN: (), Ring.COUNTY: ()}, computed_at=0.0)
    assert said.state is State.NOT_POSSIBLE
    assert _planned(said) == {"bank", "gate"}
    assert said.joint.why_not is not None
    assert {str(p) for p in said.joint.why_not.posts} == {"lake"}
    with pytest.raises(ValueError, match="bearing"):
        build_graph(r, SPEEDS, [], [replace(posts[1], bearing_deg=float("nan"))], keep_lost=True)


def test_a_unit_that_drove_into_a_one_way_trap_serves_nothing_beyond_it():
    """One drives down to the quarry and nobody drives up."""
    r = roads([(0, 0), (2000, 0), (1000, -900)], [(0, 1, COUNTY, False), (0, 2, COUNTY, True)])
    posts = [post("bank", at(1500, 0), 90.0)]
    trapped = _said(r, posts, [unit("u0", at(800, -720))])
    assert trapped.state is State.NOT_POSSIBLE
    assert trapped.joint.plan == ()
    assert _said(r, posts, [unit("u0", at(800, -720)), unit("u1", at(500, 0))]).joint.feasible is True


def test_a_post_that_one_only_drives_away_from_is_reached_by_who_is_upstream_of_it_alone():
    r = roads([(0, 0), (2000, 0), (0, 900)], [(0, 1, COUNTY, False), (2, 0, COUNTY, True)])
    posts = [post("source", at(0, 400), 180.0, blocks=Blocks.OUT)]
    graph = build_graph(r, SPEEDS, [], posts)
    assert (post_fields(graph, posts).ms[0] < NEVER_MS).tolist() == [False, False, True, True]
    assert _said(r, posts, [unit("u0", at(500, 0))]).state is State.NOT_POSSIBLE
    assert _said(r, posts, [unit("u0", at(0, 800))]).joint.feasible is True


@pytest.mark.parametrize("apart_m", [0.0, 0.2, 3.0])
def test_two_posts_at_one_junction_are_two_posts(apart_m: float):
    """Both stand on the junction itself, or nearly; each needs a crew of its own."""
    r = roads(
        [(0, 0), (1000, 0), (2000, 0), (1000, 900)],
        [(0, 1, COUNTY, False), (1, 2, COUNTY, False), (1, 3, COUNTY, False)],
    )
    posts = [
        post("east", at(1000 + apart_m, 0), 90.0),
        post("also", at(1000, 0), 90.0),
        post("north", at(1000, apart_m), 0.0),
    ]
    graph = build_graph(r, SPEEDS, [], posts)
    assert len(set(graph.post_node.values())) == 3
    assert (graph.piece_m > 0).all()
    assert (graph.piece_ms > 0).all()
    one, three = [unit("u0", at(500, 0))], [unit(f"u{n}", at(500, 0)) for n in range(3)]
    assert _said(r, posts, one).joint.feasible is False
    said = _said(r, posts, three)
    assert said.joint.feasible is True
    assert _planned(said) == {"east", "also", "north"}


@pytest.mark.parametrize("length_m", [0.0, -1.0, -1e9])
def test_a_road_without_a_length_or_with_a_negative_one_is_refused(length_m: float):
    r = roads([(0, 0), (1000, 0)], [(0, 1, COUNTY, False)])
    with pytest.raises(ValueError, match="length that is not positive"):
        build_graph(replace(r, length_m=np.array([length_m])), SPEEDS, [], [])


def test_a_road_that_begins_where_it_ends_can_hold_a_post():
    """A loop road around a village: both halves lead out by its one junction."""
    loop = np.array([[p.lat, p.lon] for p in (at(1000, 0), at(1300, 200), at(1600, 0), at(1300, -200), at(1000, 0))])
    r = roads([(0, 0), (1000, 0)], [(0, 1, COUNTY, False), (1, 1, COUNTY, False)])
    r = replace(r, length_m=np.array([1000.0, 1440.0]), shape=(r.shape[0], loop))
    far = post("far", at(1450, 100), 124.0)
    said = _said(r, [far], [unit("u0", at(500, 0))])
    assert said.joint.feasible is True
    round_first_m = 500 + 1000 + 540
    assert said.joint.t_star_ms == pytest.approx(60_000 + 60_000 + round_first_m * 72, abs=3000)
