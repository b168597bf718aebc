"""Posts that close every leak: each stands on the road that leaves, and none is too many."""

from dataclasses import replace
from random import Random

from camera_config.county import Blocks, Post, Ring, RingArea, RoadClass, Roads
from lockdown.graph import build_graph
from lockdown.leaks import Leak, find_leaks, stretches
from lockdown.lines import distance_m
from lockdown.proposals import Proposal, propose
from tests.support.roads import SPEEDS, at, post, posts_on, random_roads, roads

STREET, TRACK = RoadClass.STREET, RoadClass.TRACK


def square(side_m: float) -> RingArea:
    corners = [(-side_m, -side_m), (side_m, -side_m), (side_m, side_m), (-side_m, side_m), (-side_m, -side_m)]
    return RingArea(Ring.TOWN, 900, tuple(at(x + 800, y + 800) for x, y in corners))


def leaks_of(net: Roads, area: RingArea, posts: list[Post]) -> tuple[Leak, ...]:
    return find_leaks(build_graph(net, SPEEDS, [], posts), area, posts)


def proposed(net: Roads, area: RingArea, posts: list[Post]) -> tuple[Proposal, ...]:
    graph = build_graph(net, SPEEDS, [], posts)
    return propose(graph, net, area, posts, find_leaks(graph, area, posts))


def test_with_all_proposed_posts_no_leak_is_left_and_without_any_one_of_them_one_is():
    found = inwards = 0
    for seed in range(4):
        random = Random(seed)
        net, area = random_roads(random, doubled=0), square(random.uniform(500, 700))
        stand = posts_on(net, random, 3)
        answer = proposed(net, area, stand)
        new = [p.post for p in answer if p.post is not None]
        assert len(new) == len(answer)
        assert leaks_of(net, area, stand + new) == ()
        for missing in new:
            left = [p for p in stand + new if p is not missing]
            assert [leak.road for leak in leaks_of(net, area, left)] == [missing.road]
        found += len(new)
        inwards += sum(p.blocks is Blocks.BOTH for p in new)
    assert found > 15
    assert inwards > 1


def test_a_proposed_post_stands_where_the_road_crosses_the_outline_and_asks_what_such_roads_ask():
    points = [(800, 800), (2000, 800), (3000, 800), (800, 3000), (-1500, 800)]
    pieces = [(0, 1, STREET, False), (1, 2, STREET, False), (0, 3, TRACK, False), (0, 4, STREET, False)]
    net, area = roads(points, pieces, ["东街", "东路", "机耕道", "西路"]), square(1000)
    west = replace(post("w", at(-300, 800), 270.0, need=3), blocks=Blocks.OUT)
    east, north = proposed(net, area, [west])
    assert east.post is not None
    assert north.post is not None
    assert (east.post.road, round(east.post.bearing_deg), east.post.need_units) == ("东街", 90, 3)
    assert distance_m(east.post.position, at(1800, 800)) < 30
    assert (north.post.road, north.post.need_units, north.post.deadline_s) == ("机耕道", 1, 900)
    assert east.post.id != north.post.id


def test_a_post_that_only_stops_those_who_come_in_is_named_to_be_widened():
    net = roads([(800, 800), (3000, 800)], [(0, 1, STREET, False)], ["东路"])
    inwards = replace(post("e", at(2000, 800), 90.0), blocks=Blocks.IN)
    (answer,) = proposed(net, square(1000), [inwards])
    assert answer.widen == "e"
    widened = replace(inwards, blocks=Blocks.BOTH)
    assert leaks_of(net, square(1000), [widened]) == ()


def test_where_two_roads_lie_on_one_another_no_place_is_proposed():
    net = roads([(800, 800), (3000, 800)], [(0, 1, STREET, False), (0, 1, TRACK, False)], ["路", "道"])
    assert [p.post for p in proposed(net, square(1000), [])] == [None, None]


def test_the_way_out_names_each_road_once_in_order_with_its_metres():
    points = [(800, 800), (1200, 800), (1600, 800), (3000, 800)]
    net = roads(points, [(a, a + 1, STREET, False) for a in range(3)], ["大街", "大街", "东路"])
    area = RingArea(Ring.TOWN, 900, tuple(at(x, y) for x, y in [(0, 0), (1900, 0), (1900, 1700), (0, 1700), (0, 0)]))
    graph = build_graph(net, SPEEDS, [], [])
    (leak,) = find_leaks(graph, area, [])
    # The middle of the ring is the junction in between.
    assert [(part.road, round(part.metres)) for part in stretches(graph, leak)] == [("大街", 400), ("东路", 1400)]
