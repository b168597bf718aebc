"""A right county loads into the types that the rest of kakou uses."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer import Typer
from typer.testing import CliRunner

from api.commands.check import check
from camera_config.county import ROAD_CLASSES, County, RoadClass, UnitStatus, Weather
from camera_config.example import example_county
from camera_config.files import read_features, read_toml
from camera_config.ground import haversine_m
from camera_config.load import check_county, load_county
from camera_config.mistakes import Mistakes


@pytest.fixture(scope="module")
def county() -> County:
    return load_county(example_county())


def app() -> Typer:
    made = Typer()
    made.command()(check)
    return made


def test_the_example_county_has_no_mistakes(county: County) -> None:
    assert check_county(example_county()) == []
    assert county.name == "东丰县（虚构）"


def test_roads_run_from_their_start_junction_to_their_end_junction(county: County) -> None:
    roads = county.roads
    first = np.array([shape[0] for shape in roads.shape])
    last = np.array([shape[-1] for shape in roads.shape])
    for ends, nodes in ((first, roads.start), (last, roads.end)):
        assert np.allclose(ends[:, 0], roads.node_lat[nodes], atol=1e-9)
        assert np.allclose(ends[:, 1], roads.node_lon[nodes], atol=1e-9)
    straight = haversine_m(first[:, 0], first[:, 1], last[:, 0], last[:, 1])
    assert (roads.length_m >= straight - 1e-6).all()
    assert len(set(zip(roads.node_lat.tolist(), roads.node_lon.tolist(), strict=True))) == len(roads.node_lat)


def test_the_expressway_may_be_driven_one_way_and_no_track_may_not(county: County) -> None:
    roads = county.roads
    fast = roads.road_class == ROAD_CLASSES.index(RoadClass.EXPRESSWAY)
    named = np.array([name == "集双高速公路" for name in roads.name])
    assert roads.one_way[fast & named].all()
    assert not roads.one_way[roads.road_class == ROAD_CLASSES.index(RoadClass.TRACK)].any()


def test_the_rules_are_full(county: County) -> None:
    assert set(county.rules.dispatch_delay_s) == set(UnitStatus)
    assert set(county.rules.speed_kmh) == set(Weather)
    assert all(set(table) == set(RoadClass) for table in county.rules.speed_kmh.values())
    assert county.rules.ready_travel_slack_permille == 1300


def test_a_post_without_a_deadline_has_that_of_its_ring(county: County) -> None:
    assert {(post.ring.value, post.deadline_s) for post in county.posts} == {("town", 900), ("county", 1800)}


def test_loading_twice_gives_the_same_county(county: County) -> None:
    again = load_county(example_county())
    assert again.cameras == county.cameras
    assert again.posts == county.posts
    assert np.array_equal(again.roads.start, county.roads.start)


def test_a_feature_knows_its_line_in_a_long_file() -> None:
    mistakes = Mistakes()
    path = example_county() / "roads.geojson"
    features = read_features(path, mistakes)
    assert features is not None
    assert len(mistakes) == 0
    lines = path.read_text(encoding="utf-8").splitlines()
    for feature in features[::500]:
        assert json.loads(lines[feature.line - 1].removesuffix(",")) == feature.data


@settings(deadline=None)
@given(st.text(alphabet='[]{}:,"ab1 \n.-=#', max_size=80))
def test_no_text_makes_a_reader_crash(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        path.write_text(text, encoding="utf-8")
        for read in (read_features, read_toml):
            mistakes = Mistakes()
            assert read(path, mistakes) is not None or len(mistakes)


def test_toml_lines_are_found_in_lists_of_tables(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text('a = 1\n[[b]]\nc = 1\n\n[[b]]\nc = 2\nd = """\nc = 3\n"""\n[b.e]\nf.g = 1\n', encoding="utf-8")
    toml = read_toml(path, Mistakes())
    assert toml is not None
    assert toml.line_of(("a",)) == 1
    assert toml.line_of(("b", 0, "c")) == 3
    assert toml.line_of(("b", 1, "c")) == 6
    assert toml.line_of(("b", 1, "e", "f", "g")) == 11
    assert toml.line_of(("b", 1, "nothing")) == 5
    assert toml.line_of(("nothing",)) == 1


def test_check_says_in_two_lines_what_a_right_county_holds() -> None:
    result = CliRunner().invoke(app(), [])
    assert result.exit_code == 0
    assert len(result.output.splitlines()) == 2
    for part in ("14 townships", "350 cameras", "13 smart checkpoints", "60 units"):
        assert part in result.output


def test_check_lists_every_mistake_and_exits_1(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(example_county(), tmp_path / "[county]"))
    path = folder / "units.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("patrol-02,", "patrol-01,"), encoding="utf-8")
    (folder / "closures.geojson").unlink()
    result = CliRunner().invoke(app(), [str(folder)])
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert lines[0].startswith("closures.geojson:1: file is absent; ")
    assert lines[1].startswith("units.csv:4: duplicate unit 'patrol-01'")
    assert "[county]: 2 mistakes" in lines[2]


def test_an_installed_package_brings_its_own_copy_of_the_example(tmp_path: Path) -> None:
    source = Path(__file__).parents[2]
    installed = tmp_path / "site-packages" / "camera_config"
    shutil.copytree(source / "camera_config", installed, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(example_county(), installed / "dongfeng")
    code = "from camera_config.example import example_county; print(example_county())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(installed.parent)},
    )
    assert Path(done.stdout.strip()) == installed / "dongfeng"


def test_importing_the_package_is_cheap() -> None:
    code = "import sys, camera_config; print(sorted({'scipy', 'pandas', 'pydantic', 'cv2'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
