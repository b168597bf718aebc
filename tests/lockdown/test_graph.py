"""Roads become a graph: rounded up once, cut at posts and closures, nothing doubtful taken."""

from dataclasses import replace
from math import ceil
from random import Random

import networkx as nx
import numpy as np
import pytest

from camera_config.county import Blocks, Closure, RoadClass, Roads
from lockdown.fields import post_fields, prove_field
from lockdown.graph import Graph, build_graph
from lockdown.times import NEVER_MS
from tests.support.roads import SPEEDS, at, on, post, posts_on, random_roads, roads

COUNTY, STREET, TRACK = RoadClass.COUNTY, RoadClass.STREET, RoadClass.TRACK


def _line() -> Roads:
    """Return three junctions in a row, one kilometre apart."""
    return roads([(0, 0), (1000, 0), (2000, 0)], [(0, 1, COUNTY, False), (1, 2, COUNTY, False)])


def _networkx(graph: Graph) -> nx.DiGraph:
    made = nx.DiGraph()
    made.add_nodes_from(range(len(graph.lat)))
    for piece in range(len(graph.piece_ms)):
        ms = int(graph.piece_ms[piece])
        if ms >= NEVER_MS:
            continue
        a, b = int(graph.piece_start[piece]), int(graph.piece_end[piece])
        for tail, head in [(a, b)] if graph.piece_one_way[piece] else [(a, b), (b, a)]:
            if ms < made.get_edge_data(tail, head, {"ms": NEVER_MS})["ms"]:
                made.add_edge(tail, head, ms=ms)
    return made


def test_fields_equal_networkx_on_random_roads():
    for seed in range(25):
        random = Random(seed)
        r = random_roads(random)
        closures = [Closure("", on(r, random.randrange(len(r.start)), 0.5)[0], "flood")]
        posts = posts_on(r, random, 4)
        graph = build_graph(r, SPEEDS, closures, posts)
        fields = post_fields(graph, posts)
        other = _networkx(graph).reverse()
        for i, name in enumerate(fields.posts):
            want = nx.single_source_dijkstra_path_length(other, graph.post_node[name], weight="ms")
            got = {n: int(ms) for n, ms in enumerate(fields.ms[i]) if ms < NEVER_MS}
            assert got == want


def test_a_field_that_is_wrong_at_one_node_is_not_believed():
    random = Random(3)
    r = random_roads(random)
    posts = posts_on(r, random, 1)
    graph = build_graph(r, SPEEDS, [], posts)
    field, target = post_fields(graph, posts).ms[0], graph.post_node[posts[0].id]
    prove_field(graph.car, field, target)
    for node in range(len(field)):
        for change in (-1, 1, 1000):
            wrong = field.copy()
            wrong[node] = change if wrong[node] >= NEVER_MS else wrong[node] + change
            with pytest.raises(ArithmeticError):
                prove_field(graph.car, wrong, target)


def test_a_piece_takes_whole_milliseconds_rounded_up():
    r = roads([(0, 0), (1000, 0)], [(0, 1, COUNTY, False)])
    graph = build_graph(r, {COUNTY: 70.0}, [], [])
    assert graph.piece_ms.tolist() == [ceil(1000 * 3600 / 70)]
    assert graph.car.cost.dtype == np.int64


def test_a_slow_hour_makes_driving_longer_and_is_rounded_up_once():
    r = roads([(0, 0), (1000, 0)], [(0, 1, COUNTY, False)])
    for permille in (1000, 1333, 2000):
        graph = build_graph(r, {COUNTY: 70.0}, [], [], hour_permille=permille)
        assert graph.piece_ms.tolist() == [ceil(1000 * 3600 / (70 / (permille / 1000)))]
    with pytest.raises(ValueError, match="hour_permille"):
        build_graph(r, {COUNTY: 70.0}, [], [], hour_permille=0)


def test_a_crossing_costs_who_comes_to_it_and_a_joint_of_two_roads_does_not():
    """Three junctions in a row and one to the north of the middle: only the middle is a crossing."""
    r = roads([(0, 0), (1000, 0), (2000, 0), (1000, 900)], [(0, 1, COUNTY, False), (1, 2, COUNTY, False)])
    joint = build_graph(r, {COUNTY: 36.0}, [], [], junction_ms=7000)
    assert joint.car.cost.tolist() == [100_000] * 4
    r = roads(
        [(0, 0), (1000, 0), (2000, 0), (1000, 900)],
        [(0, 1, COUNTY, False), (1, 2, COUNTY, False), (1, 3, COUNTY, False)],
    )
    posts = [post("far", at(1500, 0), 90.0)]
    graph = build_graph(r, {COUNTY: 36.0}, [], posts, junction_ms=7000)
    plain = build_graph(r, {COUNTY: 36.0}, [], posts)
    assert graph.crossing_ms.tolist() == [0, 7000, 0, 0, 0]
    assert (graph.car.cost - plain.car.cost).tolist() == [7000 if head == 1 else 0 for head in graph.car.head]
    later = post_fields(graph, posts).ms[0] - post_fields(plain, posts).ms[0]
    assert later.tolist() == [7000, 0, 0, 7000, 0]
    assert (graph.any_way.cost == plain.any_way.cost).all()
    with pytest.raises(ValueError, match="junction_ms"):
        build_graph(r, {COUNTY: 36.0}, [], posts, junction_ms=-1)


def test_tracks_are_in_the_fugitives_graph_and_one_way_does_not_hold_him():
    r = roads([(0, 0), (1000, 0), (2000, 0)], [(0, 1, TRACK, False), (1, 2, COUNTY, True)])
    graph = build_graph(r, {COUNTY: 50.0, TRACK: 0.0}, [], [])
    assert len(graph.car.head) == 1
    assert len(graph.any_way.head) == 4


def test_a_post_becomes_a_place_that_one_drives_to_and_through():
    r = _line()
    posts = [post("mid", at(400, 0), 90.0)]
    graph = build_graph(r, {COUNTY: 36.0}, [], posts)
    node = graph.post_node[posts[0].id]
    assert (graph.post_in[posts[0].id], graph.post_out[posts[0].id]) == (0, 1)
    field = post_fields(graph, posts).ms[0]
    assert field[node] == 0
    assert field[:3].tolist() == pytest.approx([40_000, 60_000, 160_000], abs=20)


def test_a_closure_cuts_the_road_for_the_police_and_not_for_the_fugitive():
    r = _line()
    posts = [post("mid", at(400, 0), 90.0)]
    graph = build_graph(r, {COUNTY: 36.0}, [Closure("road-0", at(700, 0), "works")], posts)
    field = post_fields(graph, posts).ms[0]
    assert field[0] < NEVER_MS
    assert field[1] >= NEVER_MS
    assert (graph.piece_ms >= NEVER_MS).sum() == 1
    assert len(graph.any_way.head) == 2 * len(graph.piece_ms)


def test_closing_a_road_never_shortens_a_way():
    for seed in range(20):
        random = Random(seed)
        r = random_roads(random)
        posts = posts_on(r, random, 3)
        closed = [Closure("", on(r, road, 0.5)[0], "") for road in random.sample(range(len(r.start)), 3)]
        before = post_fields(build_graph(r, SPEEDS, closed[:1], posts), posts).ms[:, : len(r.node_lat)]
        after = post_fields(build_graph(r, SPEEDS, closed, posts), posts).ms[:, : len(r.node_lat)]
        assert (after >= before).all()


def test_a_post_goes_to_the_carriageway_that_runs_its_way():
    """Two one-way carriageways 15 m apart; the post out stands nearer to the inbound one."""
    r = roads(
        [(0, 0), (1000, 0), (0, 15), (1000, 15)],
        [(0, 1, COUNTY, True), (3, 2, COUNTY, True)],
    )
    out = post("out", at(500, 9), 90.0, blocks=Blocks.OUT)
    graph = build_graph(r, SPEEDS, [], [out])
    assert graph.post_in[out.id] == 0
    into = post("in", at(500, 6), 90.0, blocks=Blocks.IN)
    graph = build_graph(r, SPEEDS, [], [into])
    assert graph.post_out[into.id] == 3


@pytest.mark.parametrize(
    ("east", "north", "bearing"),
    [(500, 31, 90.0), (500, 5, 0.0), (500, 5, 170.0)],
    ids=["31 m away", "a bridge above", "across"],
)
def test_a_post_that_fits_no_carriageway_is_refused(east, north, bearing):
    with pytest.raises(ValueError, match="no carriageway"):
        build_graph(_line(), SPEEDS, [], [post("p", at(east, north), bearing)])


def test_a_post_against_the_only_carriageway_is_refused():
    r = roads([(0, 0), (1000, 0)], [(0, 1, COUNTY, True)])
    with pytest.raises(ValueError, match="no carriageway"):
        build_graph(r, SPEEDS, [], [post("p", at(500, 0), 270.0, blocks=Blocks.OUT)])


def test_a_closure_of_a_road_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="not within"):
        build_graph(_line(), SPEEDS, [Closure("elsewhere", at(500, 0), "")], [])


@pytest.mark.parametrize("field", ["node_lat", "node_lon", "length_m"])
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_nan_is_refused_at_the_border(field, bad):
    r = _line()
    values = getattr(r, field).copy()
    values[1] = bad
    with pytest.raises(ValueError, match=field):
        build_graph(replace(r, **{field: values}), SPEEDS, [], [])


def test_a_length_of_nothing_and_a_speed_that_is_no_number_are_refused():
    with pytest.raises(ValueError, match="not positive"):
        build_graph(replace(_line(), length_m=np.array([0.0, 5.0])), SPEEDS, [], [])
    with pytest.raises(ValueError, match="finite"):
        build_graph(_line(), {COUNTY: float("nan")}, [], [])


def test_the_digest_changes_with_a_closure_and_a_speed_and_with_nothing_else():
    r = _line()
    one = build_graph(r, SPEEDS, [], [])
    assert build_graph(_line(), dict(reversed(SPEEDS.items())), [], []).digest == one.digest
    assert build_graph(r, SPEEDS, [Closure("", at(500, 0), "")], []).digest != one.digest
    assert build_graph(r, {**SPEEDS, COUNTY: 49.0}, [], []).digest != one.digest
    assert build_graph(r, SPEEDS, [], [], hour_permille=1100).digest != one.digest
    fork = roads(
        [(0, 0), (1000, 0), (2000, 0), (1000, 900)],
        [(0, 1, COUNTY, False), (1, 2, COUNTY, False), (1, 3, COUNTY, False)],
    )
    assert build_graph(fork, SPEEDS, [], [], junction_ms=1).digest != build_graph(fork, SPEEDS, [], []).digest
