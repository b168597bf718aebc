"""With all posts standing, does anybody still get out?"""

from dataclasses import replace

import pytest

from camera_config.county import Blocks, Closure, Ring, RingArea, RoadClass, Roads
from lockdown.graph import build_graph
from lockdown.leaks import find_leaks
from tests.support.roads import SPEEDS, at, post, roads
from tests.support.small_county import small_county

COUNTY, TRACK = RoadClass.COUNTY, RoadClass.TRACK
AREA = RingArea(Ring.TOWN, 900, (at(-500, -500), at(1500, -500), at(1500, 500), at(-500, 500), at(-500, -500)))


def _roads(*, track: bool) -> Roads:
    """Return a road out to the east with a post at 1,400 m, and perhaps a track that leaves to the north."""
    points = [(0, 0), (1000, 0), (2000, 0), (3000, 0), (900, 1200)]
    pieces = [(0, 1, COUNTY, False), (1, 2, COUNTY, False), (2, 3, COUNTY, False)]
    if track:
        pieces.append((4, 0, TRACK, True))
    return roads(points, pieces, ["大街", "大街", "大街", "机耕道"][: len(pieces)])


POST = post("east", at(1400, 0), 90.0, blocks=Blocks.OUT)


def test_a_ring_whose_roads_all_have_posts_is_closed():
    graph = build_graph(_roads(track=False), SPEEDS, [], [POST])
    assert find_leaks(graph, AREA, [POST]) == ()


def test_a_planted_track_is_found_though_it_is_one_way_inwards():
    graph = build_graph(_roads(track=True), SPEEDS, [], [POST])
    (leak,) = find_leaks(graph, AREA, [POST])
    assert leak.road == "机耕道"
    assert leak.ring is Ring.TOWN
    assert leak.path[-1].lat == pytest.approx(at(900, 1200).lat)
    assert leak.post_at.lat == pytest.approx(at(0, 500).lat, abs=2e-4)
    assert 20 < leak.bearing_deg < 55


def test_a_post_that_stops_only_those_who_come_in_lets_the_fugitive_out():
    inwards = replace(POST, blocks=Blocks.IN)
    graph = build_graph(_roads(track=False), SPEEDS, [], [inwards])
    assert [leak.road for leak in find_leaks(graph, AREA, [inwards])] == ["大街"]


def test_the_posts_of_the_other_ring_close_nothing():
    other = replace(POST, ring=Ring.COUNTY)
    graph = build_graph(_roads(track=False), SPEEDS, [], [other])
    assert len(find_leaks(graph, AREA, [other])) == 1


def test_a_closure_for_the_police_does_not_stop_the_fugitive():
    graph = build_graph(_roads(track=True), SPEEDS, [Closure("机耕道", at(450, 600), "snow")], [POST])
    assert [leak.road for leak in find_leaks(graph, AREA, [POST])] == ["机耕道"]


def test_the_escape_path_leads_from_the_middle_of_the_ring_to_the_outside():
    graph = build_graph(_roads(track=False), SPEEDS, [], [])
    (leak,) = find_leaks(graph, AREA, [])
    assert leak.path[0].lon == pytest.approx(at(0, 0).lon, abs=1e-6)
    assert leak.path[-1].lon == pytest.approx(at(2000, 0).lon, abs=1e-6)


def test_both_rings_of_the_small_county_are_closed_and_each_missing_post_opens_one_road():
    county = small_county()
    rules = county.rules
    graph = build_graph(county.roads, rules.speed_kmh[rules.weather], (), county.posts, rules.snap_max_m)
    for area in county.rings:
        assert find_leaks(graph, area, county.posts) == ()
        for missing in (p for p in county.posts if p.ring == area.ring):
            left = [p for p in county.posts if p is not missing]
            assert [leak.road for leak in find_leaks(graph, area, left)] == [missing.road]
