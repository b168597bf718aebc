"""The invented county: always the same, at full size, closed, and just sealable."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from camera_config.county import ROAD_CLASSES, County, Position, Ring, RoadClass, UnitStatus, ZoneKind
from camera_config.example import example_county
from camera_config.generate.places import SEATS
from camera_config.generate.texts import INVENTED
from camera_config.generate.write import county_files, write_county
from camera_config.ground import Ground, inside
from camera_config.leaks import open_roads
from camera_config.load import load_county
from tests.camera_config.sealing import Table, table


@pytest.fixture(scope="module")
def county() -> County:
    return load_county(example_county())


@pytest.fixture(scope="module")
def from_home(county: County) -> Table:
    return table(county)


def test_the_same_seed_gives_the_bytes_in_the_repository(tmp_path: Path) -> None:
    write_county(1, tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {path.name for path in example_county().iterdir()}
    for name in names:
        assert (tmp_path / name).read_bytes() == (example_county() / name).read_bytes(), name


def test_every_file_says_first_that_the_county_is_invented() -> None:
    for path in example_county().iterdir():
        if path.name != "positions.json":
            assert INVENTED in path.read_text(encoding="utf-8").splitlines()[0], path.name


def test_another_seed_gives_another_county_that_loads(tmp_path: Path) -> None:
    write_county(2, tmp_path)
    other = load_county(tmp_path)
    assert len(other.cameras) == 350
    assert county_files(2)["roads.geojson"] != (example_county() / "roads.geojson").read_text(encoding="utf-8")


def test_the_county_has_the_figures_of_the_source(county: County) -> None:
    kinds = Counter(zone.kind for zone in county.zones)
    assert (kinds[ZoneKind.PREVENTION], kinds[ZoneKind.PATROL]) == (4, 8)
    assert (len(county.routes), len(county.standby_points)) == (16, 32)
    assert (len(county.cameras), len(county.checkpoints)) == (350, 13)
    assert len(county.units) == 60
    assert {township.name for township in county.townships} == {seat.name for seat in SEATS}
    assert len(county.townships) == 14
    assert {area.ring: area.deadline_s for area in county.rings} == {Ring.TOWN: 900, Ring.COUNTY: 1800}
    crossings = {ring: {post.group or post.id for post in county.posts if post.ring is ring} for ring in Ring}
    assert (len(crossings[Ring.TOWN]), len(crossings[Ring.COUNTY])) == (9, 14)
    assert 3000 <= len(county.roads.node_lat) <= 4500
    assert {ROAD_CLASSES[code] for code in county.roads.road_class} == set(RoadClass)
    assert county.invented


def test_every_township_has_cameras_and_a_unit_and_the_town_has_most(county: County) -> None:
    cameras = Counter(camera.township for camera in county.cameras)
    assert set(cameras) == {township.id for township in county.townships}
    assert cameras.most_common(1)[0][0] == "dongfeng"
    assert {unit.township for unit in county.units} == set(cameras)
    assert len({camera.position for camera in county.cameras}) == 350


def test_checkpoints_are_read_from_the_county_s_own_server_unless_they_name_one(county: County) -> None:
    for device in (*county.cameras, *county.checkpoints):
        assert device.url == f"{county.rtsp_base}/{device.id}"


def test_every_checkpoint_stands_at_its_post(county: County) -> None:
    posts = {post.id: post for post in county.posts}
    for checkpoint in county.checkpoints:
        assert checkpoint.post is not None
        assert posts[checkpoint.post].checkpoint == checkpoint.id
        assert posts[checkpoint.post].position == checkpoint.position
        assert posts[checkpoint.post].setup_s == 60


def test_no_road_leads_out_of_a_ring_past_its_posts(county: County) -> None:
    ground = Ground(county.roads, county.centre)
    for area in county.rings:
        edges = set()
        for post in county.posts:
            if post.ring is area.ring:
                found = ground.nearest(post.position.lat, post.position.lon)
                assert found is not None
                edges.add(found.edge)
        assert len(edges) == sum(post.ring is area.ring for post in county.posts), "two posts share a carriageway"
        assert open_roads(county.roads, area.outline, edges) == []
        for edge in edges:
            assert len(open_roads(county.roads, area.outline, edges - {edge})) == 1


def test_junctions_lie_inside_and_outside_of_both_rings_and_hang_together(county: County) -> None:
    roads = county.roads
    for area in county.rings:
        within = inside(area.outline, roads.node_lat, roads.node_lon)
        assert within.any()
        assert not within.all()
    assert table_of_parts(county) == 1


def table_of_parts(county: County) -> int:
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    roads, count = county.roads, len(county.roads.node_lat)
    back = ~roads.one_way
    tails = np.concatenate([roads.start, roads.end[back]])
    heads = np.concatenate([roads.end, roads.start[back]])
    graph = csr_array((np.ones(len(tails)), (tails, heads)), shape=(count, count))
    parts, _ = connected_components(graph, directed=True, connection="strong")
    return int(parts)


def test_both_rings_can_just_be_sealed_with_all_units_at_home(from_home: Table) -> None:
    assert 1.3 <= from_home.slack() <= 1.7
    assert from_home.slack(rings=[Ring.TOWN]) >= 1.3
    assert from_home.slack(rings=[Ring.COUNTY]) >= 1.3


def test_the_example_positions_allow_a_joint_plan(county: County) -> None:
    reports = json.loads((example_county() / "positions.json").read_text(encoding="utf-8"))
    assert [report["unit"] for report in reports] == [unit.id for unit in county.units]
    assert all(set(r) == {"unit", "lat", "lon", "age_s", "speed_kmh", "heading_deg", "status"} for r in reports)
    for report in reports:
        UnitStatus(report["status"])
        moving = report["speed_kmh"] > county.rules.moving_kmh
        assert report["age_s"] < (county.rules.too_old_moving_s if moving else county.rules.too_old_standing_s)
    places = [Position(report["lat"], report["lon"]) for report in reports]
    assert 1.3 <= table(county, places).slack() <= 1.7


def test_with_a_dozen_units_away_the_seal_is_tight_or_impossible(from_home: Table) -> None:
    rng = np.random.default_rng(7)
    slacks = [from_home.slack(sorted(rng.permutation(60)[:48].tolist())) for _ in range(40)]
    assert sum(slack < 1.0 for slack in slacks) >= 3
    assert sum(slack < 1.3 for slack in slacks) >= 24
