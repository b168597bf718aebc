"""Roads of GraphML files as OSMnx writes them."""

from dataclasses import replace
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from camera_config.county import Roads
from camera_config.errors import ConfigError
from camera_config.example import example_county
from camera_config.graphml import read_graphml
from camera_config.load import load_county
from camera_config.ways import WaysRead, lon_lat
from tests.support.road_files import as_graphml

WINTERSWIJK = Path(__file__).parents[3] / "shared/data/roads/winterswijk/Winterswijk.graph.graphml"
HEAD = """<?xml version="1.0"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="x" for="node" attr.name="x"/>
<key id="y" for="node" attr.name="y"/><key id="h" for="edge" attr.name="highway"/>
<key id="l" for="edge" attr.name="length"/><key id="g" for="edge" attr.name="geometry"/>
<key id="n" for="edge" attr.name="name"/><graph edgedefault="directed">
<node id="a"><data key="x">125.53</data><data key="y">42.68</data></node>
<node id="b"><data key="x">125.54</data><data key="y">42.68</data></node>
"""


def read(tmp_path: Path, body: str, head: str = HEAD) -> WaysRead:
    path = tmp_path / "roads.graphml"
    path.write_text(f"{head}{body}</graph></graphml>", encoding="utf-8")
    return read_graphml(path)


def edge(data: str = "", ends: tuple[str, str] = ("a", "b")) -> str:
    return f'<edge source="{ends[0]}" target="{ends[1]}">{data}</edge>'


@pytest.fixture(scope="module")
def roads() -> Roads:
    """Every fifteenth road of the example and all one-way ones, without those that begin where they end."""
    whole = load_county(example_county()).roads
    kept = np.flatnonzero((whole.one_way | (np.arange(len(whole.start)) % 15 == 0)) & (whole.start != whole.end))
    return replace(
        whole,
        start=whole.start[kept],
        end=whole.end[kept],
        length_m=whole.length_m[kept],
        road_class=whole.road_class[kept],
        one_way=whole.one_way[kept],
        name=tuple(whole.name[i] for i in kept),
        shape=tuple(whole.shape[i] for i in kept),
    )


def lines(found: WaysRead) -> list[tuple]:
    return sorted((tuple(map(tuple, map(lon_lat, w.places))), w.kind.name, w.one_way) for w in found.ways)


@pytest.mark.parametrize("swapped", [False, True])
def test_a_county_written_as_graphml_is_read_as_it_was(tmp_path: Path, roads: Roads, swapped: bool) -> None:
    path = tmp_path / "roads.graphml"
    as_graphml(roads, path, swapped=swapped)
    found = read_graphml(path)
    assert len(found.ways) == len(roads.length_m)
    want = []
    for road, shape in enumerate(roads.shape):
        line = tuple((float(lon), float(lat)) for lat, lon in shape)
        either = line if roads.one_way[road] else min(line, line[::-1])
        want.append((either, roads.name[road], bool(roads.one_way[road])))
    got = [(line if one else min(line, line[::-1]), name, one) for line, name, one in lines(found)]
    assert sorted(got) == sorted(want)


def test_a_road_that_is_longer_than_its_line_keeps_the_length_of_the_file(tmp_path: Path, roads: Roads) -> None:
    path = tmp_path / "roads.graphml"
    as_graphml(roads, path, drawn=False)
    ways = read_graphml(path).ways
    assert sum(way.length_m for way in ways) == pytest.approx(roads.length_m.sum())


def test_a_real_graph_equals_networkx() -> None:
    if not WINTERSWIJK.is_file():
        pytest.skip("../shared/data/roads is not on this machine")
    graph = nx.MultiDiGraph(nx.read_graphml(WINTERSWIJK))
    found = read_graphml(WINTERSWIJK)
    loops = {frozenset(lon_lat_pairs(d)) for a, b, d in graph.edges(data=True) if a == b}
    junctions = {end for way in found.ways for end in (way.places[0], way.places[-1])}
    assert len(junctions) == len(graph) + len(loops) == 1926 + 24
    at = {n: (round(float(d["x"]) * 1e7), round(float(d["y"]) * 1e7)) for n, d in graph.nodes(data=True)}
    shortest, mine = nx.DiGraph(), nx.DiGraph()
    for a, b, data in graph.edges(data=True):
        _shorter(shortest, at[a], at[b], float(data["length"]))
    for way in found.ways:
        a, b = (tuple(round(v * 1e7) for v in lon_lat(end)) for end in (way.places[0], way.places[-1]))
        for tail, head in [(a, b)] + ([] if way.one_way else [(b, a)]):
            _shorter(mine, tail, head, way.length_m)
    for source in list(shortest)[::900]:
        want = nx.single_source_dijkstra_path_length(shortest, source, weight="metres")
        got = nx.single_source_dijkstra_path_length(mine, source, weight="metres")
        assert {node: got[node] for node in want} == pytest.approx(want, abs=0.1)


def lon_lat_pairs(data: dict) -> list[str]:
    return data["geometry"].removeprefix("LINESTRING (").removesuffix(")").split(", ")


def _shorter(graph: nx.DiGraph, tail: object, head: object, metres: float) -> None:
    graph.add_edge(tail, head, metres=min(metres, graph.get_edge_data(tail, head, {"metres": np.inf})["metres"]))


def test_of_several_ways_put_together_the_slowest_counts(tmp_path: Path) -> None:
    data = "<data key='h'>['primary', 'unclassified']</data><data key='n'>['国道', '村路']</data>"
    (way,) = read(tmp_path, edge(data)).ways
    assert (way.kind.road_class, way.kind.name, way.one_way) == ("village", "国道", True)
    (way,) = read(tmp_path, edge(data) + edge(data, ("b", "a"))).ways
    assert not way.one_way


def test_an_undirected_graph_is_driven_both_ways(tmp_path: Path) -> None:
    (way,) = read(tmp_path, edge(), HEAD.replace('"directed"', '"undirected"')).ways
    assert not way.one_way


def test_what_is_walked_is_left_out_and_an_arc_without_length_too(tmp_path: Path) -> None:
    found = read(tmp_path, edge("<data key='h'>footway</data>") + edge("", ("a", "a")) + edge())
    assert len(found.ways) == 1
    assert found.left_out == {"highway=footway": 1, "no length": 1}


@pytest.mark.parametrize(
    ("body", "head", "what"),
    [
        (edge("<data key='l'>-3</data>"), HEAD, "arc 'a' to 'b' has length '-3'"),
        (edge("<data key='l'>nan</data>"), HEAD, "has length 'nan'"),
        (edge("", ("a", "c")), HEAD, "ends at a node that is not in the file"),
        (edge("<data key='g'>LINESTRING (1 2, x y)</data>"), HEAD, "geometry that is no line"),
        ("", HEAD.replace("125.53", "543210.1"), "node 'a' is not in degrees"),
        ("", HEAD.replace("125.53", "nan"), "node 'a' is not in degrees"),
        ("", HEAD.replace('attr.name="x"', 'attr.name="east"'), "node 'a' has no x and y"),
        ("<edge>", HEAD, "not a whole GraphML file"),
        ("", '<!DOCTYPE g [<!ENTITY a "b">]>' + HEAD.split("\n", 1)[1], "not a whole GraphML file"),
    ],
)
def test_what_cannot_be_is_refused_and_says_what_to_do(tmp_path: Path, body: str, head: str, what: str) -> None:
    with pytest.raises(ConfigError, match=r"^[^\n]+$") as caught:
        read(tmp_path, body, head)
    assert what in str(caught.value)
    assert caught.value.hint
