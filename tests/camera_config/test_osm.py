"""Roads of OSM files: which ways are roads, where they meet, which way they are driven."""

import gzip
from itertools import pairwise
from math import asin, cos, radians, sin, sqrt
from pathlib import Path

import networkx as nx
import osmium
import pytest

from camera_config.county import RoadClass
from camera_config.osm import HIGHWAYS, WALKED, read_osm
from camera_config.ways import Way, WaysRead, lon_lat
from tests.support.road_files import grid, osm_text

ROADS = Path(__file__).parents[3] / "shared" / "data" / "roads"
EXTRACTS = {
    "campo-grande": ROADS / "campo-grande" / "campo-grande.osm.pbf",
    "andorra": ROADS / "gh-andorra" / "andorra.osm.pbf",
}
STREET = {"highway": "residential", "name": "人民街"}
LINE = {n: grid(n, 0) for n in range(1, 6)}


def read(tmp_path: Path, nodes: dict, ways: list) -> WaysRead:
    path = tmp_path / "roads.osm"
    path.write_text(osm_text(nodes, ways), encoding="utf-8")
    return read_osm(path)


def at(way: Way) -> list[tuple[float, float]]:
    """Return a way as (east, north) steps of the grid."""
    places = [lon_lat(place) for place in way.places]
    return [(round((lon - 125.53) / 0.00122), round((lat - 42.68) / 0.0009)) for lon, lat in places]


def test_ways_are_cut_where_they_meet_and_nowhere_else(tmp_path: Path) -> None:
    """A street of five nodes, one that branches off from its middle; the other nodes are bends."""
    found = read(tmp_path, {**LINE, 9: grid(3, 2)}, [([1, 2, 3, 4, 5], STREET), ([3, 9], STREET)])
    assert [at(way) for way in found.ways] == [
        [(1, 0), (2, 0), (3, 0)],
        [(3, 0), (4, 0), (5, 0)],
        [(3, 0), (3, 2)],
    ]


def test_ways_that_cross_without_a_common_node_do_not_meet(tmp_path: Path) -> None:
    bridge = {8: grid(3, -1), 9: grid(3, 1)}
    found = read(tmp_path, {**LINE, **bridge}, [([1, 2, 4, 5], STREET), ([8, 9], STREET)])
    assert len(found.ways) == 2


def test_a_road_that_only_changes_its_way_number_is_one_piece_and_another_road_is_not(tmp_path: Path) -> None:
    same = read(tmp_path, LINE, [([1, 2, 3], STREET), ([5, 4, 3], STREET)])
    assert [at(way) for way in same.ways] == [[(1, 0), (2, 0), (3, 0), (4, 0), (5, 0)]]
    for other in ({"name": "解放街"}, {"highway": "primary"}, {"oneway": "yes"}, {"access": "private"}):
        assert len(read(tmp_path, LINE, [([1, 2, 3], STREET), ([3, 4, 5], STREET | other)]).ways) == 2


def test_two_one_way_roads_join_only_when_one_drives_on(tmp_path: Path) -> None:
    one = STREET | {"oneway": "yes"}
    assert len(read(tmp_path, LINE, [([3, 4, 5], one), ([1, 2, 3], one)]).ways) == 1
    assert len(read(tmp_path, LINE, [([1, 2, 3], one), ([5, 4, 3], one)]).ways) == 2


@pytest.mark.parametrize(
    ("tags", "driven"),
    [
        ({}, 0), ({"oneway": "yes"}, 1), ({"oneway": "1"}, 1), ({"oneway": "-1"}, -1), ({"oneway": "no"}, 0),
        ({"oneway": "yes; no"}, 0), ({"junction": "roundabout"}, 1), ({"junction": "circular"}, 1),
        ({"highway": "motorway"}, 1), ({"highway": "motorway_link"}, 1), ({"highway": "motorway", "oneway": "no"}, 0),
        ({"highway": "trunk"}, 0), ({"junction": "roundabout", "oneway": "-1"}, -1),
    ],
)  # fmt: skip
def test_the_direction_is_as_signed_or_as_implied(tmp_path: Path, tags: dict, driven: int) -> None:
    (way,) = read(tmp_path, LINE, [([1, 2], STREET | tags)]).ways
    assert way.one_way == (driven != 0)
    assert at(way) == ([(2, 0), (1, 0)] if driven < 0 else [(1, 0), (2, 0)])


@pytest.mark.parametrize(
    ("highway", "road_class"),
    [
        ("motorway", RoadClass.EXPRESSWAY), ("trunk_link", RoadClass.NATIONAL), ("primary", RoadClass.PROVINCIAL),
        ("secondary_link", RoadClass.COUNTY), ("unclassified", RoadClass.VILLAGE), ("service", RoadClass.VILLAGE),
        ("track", RoadClass.TRACK), ("living_street", RoadClass.STREET), ("road", RoadClass.VILLAGE),
    ],
)  # fmt: skip
def test_a_road_has_the_class_of_the_table_and_a_link_that_of_its_road(
    tmp_path: Path, highway: str, road_class: RoadClass
) -> None:
    (way,) = read(tmp_path, LINE, [([1, 2], {"highway": highway, "oneway": "no"})]).ways
    assert way.kind.road_class is road_class


def test_where_only_people_walk_is_left_out_and_told_and_a_track_or_a_ford_never_is(tmp_path: Path) -> None:
    ways = [([1, 2], {"highway": highway}) for highway in WALKED]
    ways += [([2, 3], {"highway": "track", "tracktype": "grade5", "ford": "yes", "access": "no"})]
    ways += [([3, 4], {"highway": "construction"}), ([3, 4], {"highway": "service", "area": "yes"})]
    ways += [([4, 5], {"waterway": "river"})]
    found = read(tmp_path, LINE, ways)
    assert [(at(way), way.kind.road_class, way.kind.private) for way in found.ways] == [
        ([(2, 0), (3, 0)], RoadClass.TRACK, True)
    ]
    told = {f"highway={highway}": 1 for highway in (*WALKED, "construction")} | {"area=yes": 1}
    assert found.left_out == told


def test_a_node_that_the_file_does_not_hold_cuts_its_way(tmp_path: Path) -> None:
    found = read(tmp_path, LINE, [([1, 2, 77, 4, 5], STREET), ([78, 79], STREET), ([1, 80], STREET)])
    assert [at(way) for way in found.ways] == [[(1, 0), (2, 0)], [(4, 0), (5, 0)]]
    assert found.left_out == {"cut where the file ends": 1, "outside the file": 2}


def test_a_line_that_is_drawn_twice_is_one_road(tmp_path: Path) -> None:
    one = STREET | {"oneway": "yes"}
    (way,) = read(tmp_path, LINE, [([1, 2], STREET), ([2, 1], STREET), ([1, 2], one)]).ways
    assert not way.one_way
    (way,) = read(tmp_path, LINE, [([1, 2], one), ([1, 2], one)]).ways
    assert way.one_way
    (way,) = read(tmp_path, LINE, [([1, 2], one), ([2, 1], one)]).ways
    assert not way.one_way


def test_what_has_no_length_is_no_road(tmp_path: Path) -> None:
    nodes = {**LINE, 8: LINE[1]}
    found = read(tmp_path, nodes, [([1, 1], STREET), ([1, 8], STREET), ([1, 8, 2], STREET)])
    assert [at(way) for way in found.ways] == [[(1, 0), (2, 0)]]
    assert found.left_out == {"no length": 2}


def test_no_road_begins_where_it_ends(tmp_path: Path) -> None:
    """A loop at the end of a street, a ring that meets nothing, and a way out and back."""
    loop = {7: grid(6, 1), 8: grid(7, 0)}
    ring = {11: grid(0, 9), 12: grid(1, 9), 13: grid(1, 8)}
    nodes = {**LINE, **loop, **ring}
    found = read(tmp_path, nodes, [([1, 5], STREET), ([5, 7, 8, 5], STREET), ([11, 12, 13, 11], STREET)])
    assert len(found.ways) == 5
    assert all(way.places[0] != way.places[-1] for way in found.ways)
    (way,) = read(tmp_path, LINE, [([1, 2, 1], STREET)]).ways
    assert at(way) in ([(1, 0), (2, 0)], [(2, 0), (1, 0)])


def test_a_roundabout_is_driven_one_way_round(tmp_path: Path) -> None:
    nodes = {1: grid(0, 0), 2: grid(1, 1), 3: grid(2, 0), 4: grid(1, -1), 5: grid(-3, 0), 6: grid(5, 0)}
    around = STREET | {"junction": "roundabout"}
    found = read(tmp_path, nodes, [([1, 4, 3, 2, 1], around), ([5, 1], STREET), ([3, 6], STREET)])
    arcs = nx.DiGraph()
    for way in found.ways:
        ends = at(way)[0], at(way)[-1]
        arcs.add_edges_from([ends] if way.one_way else [ends, ends[::-1]])
    assert sum(way.one_way for way in found.ways) == 2
    assert nx.shortest_path(arcs, (-3, 0), (5, 0)) == [(-3, 0), (0, 0), (2, 0), (5, 0)]
    assert sorted(arcs.successors((0, 0))) == [(-3, 0), (2, 0)]
    by = {at(way)[0]: at(way) for way in found.ways if way.one_way}
    assert by[(0, 0)] == [(0, 0), (1, -1), (2, 0)]
    assert by[(2, 0)] == [(2, 0), (1, 1), (0, 0)]


def test_the_three_formats_hold_the_same(tmp_path: Path) -> None:
    text = osm_text(LINE, [([1, 2, 3], STREET), ([3, 4, 5], STREET | {"oneway": "-1"})])
    plain, packed, pbf = (tmp_path / f"roads.{end}" for end in ("osm", "osm.gz", "osm.pbf"))
    plain.write_text(text, encoding="utf-8")
    packed.write_bytes(gzip.compress(text.encode()))
    with osmium.SimpleWriter(pbf) as writer:
        for item in osmium.FileProcessor(plain):
            writer.add(item)
    assert read_osm(plain) == read_osm(packed) == read_osm(pbf)
    assert len(read_osm(plain).ways) == 2


def metres_between(a: tuple[int, int], b: tuple[int, int]) -> float:
    """Return great-circle metres between (lon, lat) in 1e-7 degrees."""
    (lon_a, lat_a), (lon_b, lat_b) = ([radians(value / 1e7) for value in place] for place in (a, b))
    half = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin((lon_b - lon_a) / 2) ** 2
    return 2 * 6371008.8 * asin(sqrt(half))


def _second_pass(path: Path) -> tuple[nx.DiGraph, dict[tuple, dict]]:
    """Return the uncontracted arcs between neighbouring nodes, and the roads that meet at each: no code is shared."""
    arcs, meets = nx.DiGraph(), {}
    for way in osmium.FileProcessor(path).with_locations().with_filter(osmium.filter.KeyFilter("highway")):
        if not way.is_way():
            continue
        tags = dict(way.tags)
        highway = tags["highway"].replace("_link", "")
        if highway not in HIGHWAYS or tags.get("area") == "yes":
            continue
        one = tags.get("oneway", "yes" if tags.get("junction") == "roundabout" or highway == "motorway" else "no")
        private = any(tags.get(k) in ("no", "private") for k in ("access", "vehicle", "motor_vehicle", "motorcar"))
        kind = (HIGHWAYS[highway], tags.get("name", tags.get("ref", "")), private)
        nodes = [(node.location.x, node.location.y) if node.location.valid() else None for node in way.nodes]
        for a, b in pairwise(nodes):
            if a is None or b is None or a == b:
                continue
            metres = metres_between(a, b)
            onward, back = one != "-1", one not in ("yes", "1", "true")
            for tail, head, driven in ((a, b, onward), (b, a, back)):
                way_out = (kind, onward, back) if tail == a else (kind, back, onward)
                meets.setdefault(tail, {}).setdefault(head, set()).add(way_out)
                if driven:
                    arcs.add_edge(tail, head, metres=metres)
    return arcs, meets


@pytest.mark.parametrize("name", EXTRACTS)
def test_a_real_extract_equals_a_second_pass_over_it(name: str) -> None:
    """Junctions, and the way from four of them to all others, against networkx on all nodes as they are drawn."""
    if not EXTRACTS[name].is_file():
        pytest.skip("../shared/data/roads is not on this machine")
    ways = read_osm(EXTRACTS[name]).ways
    arcs, meets = _second_pass(EXTRACTS[name])
    ends = {(round(p[0] * 1e7), round(p[1] * 1e7)) for w in ways for p in map(lon_lat, (w.places[0], w.places[-1]))}
    junctions = {
        node
        for node, around in meets.items()
        if len(around) != 2
        or len({(k, min(o, b), max(o, b)) for roads in around.values() for k, o, b in roads}) != 1
        or sum(o and not b for roads in around.values() for _, o, b in roads) not in (0, 1)
    }
    assert junctions <= ends
    assert len(ends - junctions) < 0.02 * len(ends), "only loops are cut where nothing meets"
    mine = nx.DiGraph()
    for way in ways:
        line = [tuple(round(v * 1e7) for v in lon_lat(place)) for place in way.places]
        metres = sum(metres_between(a, b) for a, b in pairwise(line))
        for tail, head in [(line[0], line[-1])] + ([] if way.one_way else [(line[-1], line[0])]):
            mine.add_edge(tail, head, metres=min(metres, mine.get_edge_data(tail, head, {"metres": metres})["metres"]))
    for source in sorted(ends)[:: len(ends) // 3]:
        want = nx.single_source_dijkstra_path_length(arcs, source, weight="metres") if source in arcs else {source: 0}
        got = nx.single_source_dijkstra_path_length(mine, source, weight="metres")
        assert got.keys() == want.keys() & ends
        assert got == pytest.approx({node: want[node] for node in got}, abs=1e-3)
