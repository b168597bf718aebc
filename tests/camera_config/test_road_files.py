"""A county may name its own road file: what is read of it, what is refused, and what `kakou check` says."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import osmium
import pytest
from typer import Typer
from typer.testing import CliRunner

from api.commands.check import check
from camera_config.county import County
from camera_config.datum import to_gcj02
from camera_config.draft import Found
from camera_config.load import check_county, load_county
from camera_config.mistakes import Mistake, Mistakes
from camera_config.road_file import read_ways
from camera_config.road_net import build_roads
from camera_config.road_summary import RoadSummary, summary_of
from tests.support.county_files import lighter_county
from tests.support.road_files import as_graphml, as_osm, grid, osm_text

ROADS = Path(__file__).parents[3] / "shared" / "data" / "roads"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with GeoJSON roads."""
    return lighter_county(tmp_path_factory.mktemp("drawn") / "county", cameras=60)


@pytest.fixture(scope="module")
def whole(drawn: Path) -> County:
    return load_county(drawn)


@pytest.fixture
def county(tmp_path: Path, drawn: Path) -> Path:
    folder = Path(shutil.copytree(drawn, tmp_path / "county"))
    (folder / "roads.geojson").unlink()
    return folder


def names(county: Path, file: str) -> Path:
    """Make the county name this road file."""
    path = county / "county.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('roads = "roads.geojson"', f'roads = "{file}"'), encoding="utf-8")
    return county / file


def summary(county: County) -> RoadSummary:
    return summary_of(county.roads, county.posts, county.rules.snap_max_m)


def as_pbf(county: County, path: Path) -> None:
    plain = path.with_suffix(".osm")
    plain.write_text(as_osm(county.roads), encoding="utf-8")
    with osmium.SimpleWriter(path) as writer:
        for item in osmium.FileProcessor(plain):
            writer.add(item)
    plain.unlink()


@pytest.mark.parametrize(
    ("file", "write"),
    [("dongfeng.osm.pbf", as_pbf), ("roads.graphml", lambda county, path: as_graphml(county.roads, path))],
)
def test_a_county_with_its_own_road_file_is_the_same_county(
    county: Path, whole: County, file: str, write: Callable[[County, Path], None]
) -> None:
    write(whole, names(county, file))
    found = load_county(county)
    before, after = summary(whole), summary(found)
    assert after.km == pytest.approx(before.km, rel=1e-6)
    assert after.strong_permille == before.strong_permille == 1000
    assert set(found.roads.name) == set(whole.roads.name)
    one_way = [float(each.roads.length_m[each.roads.one_way].sum()) for each in (whole, found)]
    assert one_way[0] == pytest.approx(one_way[1], rel=1e-6)
    assert found.posts == whole.posts
    assert (found.roads.start != found.roads.end).all()


FAR = osm_text({1: (22.0, 113.0), 2: (22.01, 113.0)}, [([1, 2], {"highway": "primary"})])
WALKS = osm_text({1: grid(0, 0), 2: grid(1, 0)}, [([1, 2], {"highway": "footway"})])
UNKNOWN = osm_text({}, [([1, 2], {"highway": "primary"})])
NOTHING = "<graphml xmlns='http://graphml.graphdrawing.org/xmlns'><graph edgedefault='directed'/></graphml>"


@pytest.mark.parametrize(
    ("file", "content", "what", "hint"),
    [
        ("roads.osm.pbf", b"", "the file is empty", "copy or cut it again"),
        ("roads.osm.pbf", bytes(range(256)) * 20, "not a whole OSM file (PBF error", "fetch or cut it again"),
        ("roads.osm", b"<osm version='0.6'><node id='1'", "not a whole OSM file (XML", "fetch or cut it again"),
        ("roads.osm.gz", b"no gzip", "not a whole OSM file", "fetch or cut it again"),
        ("roads.osm", WALKS.encode(), "no road in it that a car can drive (1 highway=footway)", "cut the extract"),
        ("roads.osm", UNKNOWN.encode(), "(1 outside the file)", "osmium sort"),
        ("roads.osm", UNKNOWN.replace('"1"', '"-1"').encode(), "(1 on nodes with negative ids", "osmium sort"),
        ("roads.osm", WALKS.replace('version="1"', 'version=""').encode(), "illegal version", "fetch or cut it"),
        ("roads.osm", WALKS.replace('lat="4', 'lat="x').encode(), "wrong format for coordinate", "fetch or cut it"),
        ("roads.graphml", NOTHING.encode(), "(no way at all)", "cut the extract"),
        ("roads.osm", FAR.encode(), "its roads are 25", "name this county's file in [layers]"),
        ("roads.shp", b"x", "roads are not read from a file of this name", ".osm.pbf"),
        ("roads.graphml", b"<graphml", "not a whole GraphML file", "ox.save_graphml"),
        ("roads.osm", None, "file is absent", "county.toml"),
    ],
)
def test_a_road_file_that_cannot_be_is_one_mistake_that_says_what_to_do(
    county: Path, file: str, content: bytes | None, what: str, hint: str
) -> None:
    path = names(county, file)
    if content is not None:
        path.write_bytes(content)
    (found,) = check_county(county)
    assert (found.file, found.line) == (file, 1)
    assert what in found.what
    assert hint in found.hint


def test_a_whole_provinces_extract_is_one_mistake(county: Path, whole: County) -> None:
    far = '<node id="900001" version="1" lat="45.7" lon="126.6"/><node id="900002" version="1" lat="45.8" lon="126.6"/>'
    way = '<way id="900003" version="1"><nd ref="900001"/><nd ref="900002"/><tag k="highway" v="trunk"/></way></osm>'
    text = as_osm(whole.roads).replace('<osm version="0.6">\n', f'<osm version="0.6">\n{far}\n').replace("</osm>", way)
    names(county, "jilin.osm").write_text(text, encoding="utf-8")
    (found,) = check_county(county)
    assert found.what.startswith("1 of its ")
    assert "km from the centre of the county" in found.what
    assert "osmium extract" in found.hint


def _shifted(mistakes: list[Mistake]) -> list[str]:
    return [m.file for m in mistakes if "GCJ-02" in m.what]


def test_a_road_file_in_gcj02_is_refused_and_named(county: Path, whole: County) -> None:
    text = as_osm(whole.roads)
    lat, lon = np.array([line.split('"')[5:8:2] for line in text.splitlines() if "<node" in line], float).T
    there = iter(zip(*to_gcj02(lat, lon), strict=True))
    lines = []
    for line in text.splitlines():
        if "<node" in line:
            up, right = next(there)
            parts = line.split('"')
            parts[5], parts[7] = f"{up:.7f}", f"{right:.7f}"
            line = '"'.join(parts)  # noqa: PLW2901
        lines.append(line)
    names(county, "web.osm").write_text("\n".join(lines), encoding="utf-8")
    assert _shifted(check_county(county)) == ["web.osm"]


def _shift(layer: dict, every: int) -> None:
    for feature in layer["features"][::every]:
        lon, lat = feature["geometry"]["coordinates"]
        up, right = to_gcj02(np.array([lat]), np.array([lon]))
        feature["geometry"]["coordinates"] = [float(right[0]), float(up[0])]


@pytest.mark.parametrize("every", [1, 2])
def test_half_of_the_posts_in_gcj02_are_refused_and_their_file_is_named(
    county: Path, whole: County, every: int
) -> None:
    names(county, "roads.osm").write_text(as_osm(whole.roads), encoding="utf-8")
    path = county / "posts.geojson"
    layer = json.loads(path.read_text(encoding="utf-8"))
    _shift(layer, every)
    path.write_text(json.dumps(layer), encoding="utf-8")
    assert _shifted(check_county(county)) == ["posts.geojson"]


def test_cameras_in_gcj02_are_found_where_every_place_is_near_some_road(county: Path, whole: County) -> None:
    """A grid of streets 80 m apart is laid over the town: no shifted camera is as far as 50 m from a road."""
    text = as_osm(whole.roads)
    lat0, lon0, step = 42.655, 125.50, 0.00072
    nodes, ways = [], []
    for n in range(90):
        for m, (a, b) in enumerate([((n, 0), (n, 90)), ((0, n), (90, n))]):
            first = 900_000 + 4 * n + 2 * m
            for k, (up, right) in enumerate((a, b)):
                place = f'lat="{lat0 + up * step:.7f}" lon="{lon0 + right * step * 1.36:.7f}"'
                nodes.append(f'<node id="{first + k}" version="1" {place}/>')
            refs = f'<nd ref="{first}"/><nd ref="{first + 1}"/><tag k="highway" v="service"/>'
            ways.append(f'<way id="{first}" version="1">{refs}</way>')
    text = text.replace('<osm version="0.6">\n', '<osm version="0.6">\n' + "\n".join(nodes) + "\n")
    names(county, "roads.osm").write_text(text.replace("</osm>", "\n".join(ways) + "</osm>"), encoding="utf-8")
    path = county / "cameras.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines[2:], start=2):
        cells = line.split(",")
        up, right = to_gcj02(np.array([float(cells[3])]), np.array([float(cells[4])]))
        cells[3], cells[4] = f"{up[0]:.7f}", f"{right[0]:.7f}"
        lines[number] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert _shifted(check_county(county)) == ["cameras.csv"]


def with_an_island(county: Path, whole: County, one_way: str, bearing_deg: float) -> None:
    """Add an island in a lake, with a track on it that runs east, a footway, and a post that blocks the way out."""
    island = [
        f'<node id="90000{n}" version="1" lat="42.7" lon="{lon}"/>' for n, lon in enumerate((125.6, 125.601), start=1)
    ]
    ways = [
        f'<way id="90000{n}" version="1"><nd ref="900001"/><nd ref="900002"/><tag k="highway" v="{highway}"/>'
        f'<tag k="oneway" v="{one_way}"/></way>'
        for n, highway in enumerate(("track", "footway"), start=3)
    ]
    text = as_osm(whole.roads).replace('<osm version="0.6">\n', '<osm version="0.6">\n' + "".join(island))
    names(county, "roads.osm").write_text(text.replace("</osm>", "".join(ways) + "</osm>"), encoding="utf-8")
    path = county / "posts.geojson"
    layer = json.loads(path.read_text(encoding="utf-8"))
    lonely = json.loads(json.dumps(layer["features"][0]))
    lonely["properties"] |= {"id": "lonely", "bearing_deg": bearing_deg, "blocks": "out"}
    lonely["properties"] |= {"group": None, "one_crew": False, "checkpoint": None}
    lonely["geometry"]["coordinates"] = [125.6005, 42.7]
    layer["features"].append(lonely)
    path.write_text(json.dumps(layer), encoding="utf-8")


def checked(county: Path) -> Any:
    app = Typer()
    app.command()(check)
    return CliRunner().invoke(app, [str(county)])


def test_check_says_what_the_road_file_holds_and_which_post_is_cut_off(county: Path, whole: County) -> None:
    with_an_island(county, whole, "no", 90.0)
    result = checked(county)
    assert result.exit_code == 0, result.output
    roads, left, note = result.output.splitlines()[1:]
    assert " junctions, " in roads
    assert "99.9 % of them in the largest part" in roads
    assert left == "ways left out or cut: 1 highway=footway"
    assert note.startswith("note: post 'lonely' is cut off")


def test_check_refuses_a_post_for_which_only_the_planner_finds_no_carriageway(county: Path, whole: County) -> None:
    """It blocks the direction in which nobody drives on its one-way road."""
    with_an_island(county, whole, "yes", 270.0)
    result = checked(county)
    assert result.exit_code == 1
    assert "post lonely: no carriageway within 30 m that runs 270 degrees" in result.output
    assert "turn its bearing" in result.output


def test_what_hangs_together_in_a_real_file_equals_networkx() -> None:
    file = "gh-andorra/andorra.osm.pbf"
    if not (ROADS / file).is_file():
        pytest.skip("../shared/data/roads is not on this machine")
    mistakes = Mistakes()
    read, left_out = read_ways(ROADS / file, mistakes)
    assert len(mistakes) == 0
    roads = build_roads([Found(file, 1, record, line) for record, line in read], left_out)
    arcs = nx.DiGraph()
    arcs.add_edges_from(zip(roads.start.tolist(), roads.end.tolist(), strict=True))
    both = ~roads.one_way
    arcs.add_edges_from(zip(roads.end[both].tolist(), roads.start[both].tolist(), strict=True))
    largest = max(nx.strongly_connected_components(arcs), key=len)
    pairs = zip(roads.start.tolist(), roads.end.tolist(), roads.length_m.tolist(), strict=True)
    inside = sum(metres for a, b, metres in pairs if a in largest and b in largest)
    found = summary_of(roads, (), 30.0)
    assert found.strong_permille == int(1000 * inside / roads.length_m.sum())
    assert found.junctions == len(arcs)
    assert sum(found.km.values()) * 1000 == pytest.approx(roads.length_m.sum())
    assert found.strong_permille > 900
