"""The simulated fleet: legal driving, the same day for the same seed, and troubles as they happen."""

import pytest

from camera_config.county import Position, UnitStatus
from camera_config.example import example_county
from camera_config.ids import PostId, UnitId
from camera_config.load import load_county
from lockdown.fields import Fields, post_fields
from lockdown.graph import Graph, build_graph
from lockdown.lines import distance_m
from lockdown.movement import DAYS, Fleet
from tests.support.small_county import small_county


@pytest.fixture(scope="module")
def dongfeng():
    county = load_county(example_county())
    rules = county.rules
    graph = build_graph(county.roads, rules.speed_kmh[rules.weather], county.closures, county.posts, rules.snap_max_m)
    return county, graph, post_fields(graph, county.posts)


def test_the_same_seed_gives_the_same_reports(dongfeng):
    county, graph, fields = dongfeng
    one, other = (Fleet(graph, county, 7, fields=fields) for _ in range(2))
    for second in range(40):
        one.step(2.0)
        other.step(2.0)
        assert one.reports(second) == other.reports(second)
    different = Fleet(graph, county, 8, fields=fields)
    different.step(80.0)
    assert different.reports(80.0) != one.reports(80.0)


def test_patrols_move_at_plausible_speed_and_the_others_stand(dongfeng):
    county, graph, fields = dongfeng
    fleet = Fleet(graph, county, 2, fields=fields)
    moved = set()
    places = {unit.id: fleet.position(unit.id) for unit in county.units}
    for _ in range(60):
        fleet.step(1.0)
        for unit in county.units:
            here = fleet.position(unit.id)
            metres = distance_m(places[unit.id], here)
            assert metres <= county.rules.max_unit_kmh / 3.6
            if metres > 1.0:
                moved.add(unit.id)
            places[unit.id] = here
    assert moved <= {unit.id for unit in county.units if unit.status is UnitStatus.PATROL}
    assert len(moved) > 8


def test_units_stay_on_roads(dongfeng):
    county, graph, fields = dongfeng
    fleet = Fleet(graph, county, 3, fields=fields)
    for _ in range(10):
        fleet.step(15.0)
        for report in fleet.reports(0.0):
            assert graph.index.near(Position(report.lat, report.lon), 1.0)


def test_every_kind_of_trouble_happens_on_some_day(dongfeng):
    county, graph, fields = dongfeng
    statuses, fewest, days = set(), len(county.units), set()
    for seed in range(1, 21):
        fleet = Fleet(graph, county, seed, fields=fields)
        days.add(fleet.day.name)
        for actor in fleet._actors.values():
            actor.points = ()  # nobody needs to drive for this
        for _ in range(20):
            fleet.step(30.0)
            reports = fleet.reports(0.0)
            statuses |= {report.status for report in reports}
            fewest = min(fewest, len(reports))
    assert days == {day.name for day in DAYS}
    assert {UnitStatus.ON_CALL, UnitStatus.OFF_DUTY} <= statuses
    assert fewest < len(county.units) - 8


@pytest.fixture(scope="module")
def small() -> tuple[Graph, Fields]:
    county = small_county()
    rules = county.rules
    graph = build_graph(county.roads, rules.speed_kmh[rules.weather], (), county.posts, rules.snap_max_m)
    return graph, post_fields(graph, county.posts)


def test_a_unit_that_is_sent_arrives_at_its_post_about_when_the_field_says(small):
    graph, fields = small
    county = small_county()
    for seed in range(8):
        fleet = Fleet(graph, county, seed, fields=fields)
        fleet.send(UnitId("u-1"), PostId("town-n"), delay_s=60.0)
        seconds = 0
        while UnitId("u-1") not in fleet.arrivals():
            fleet.step(1.0)
            seconds += 1
            assert seconds < 900
        assert fleet.arrivals() == {UnitId("u-1"): PostId("town-n")}
        post = next(p for p in county.posts if p.id == "town-n")
        assert distance_m(fleet.position(UnitId("u-1")), post.position) < 5.0
        drive_s = fields.ms[fields.posts.index(post.id), 0] / 1000
        assert 60 + drive_s * 0.85 <= seconds <= 60 + drive_s * 1.5 + 60


def test_sending_a_unit_or_to_a_post_that_is_not_there_is_refused(small):
    graph, fields = small
    fleet = Fleet(graph, small_county(), 1, fields=fields)
    with pytest.raises(ValueError, match="not in the county"):
        fleet.send(UnitId("nobody"), PostId("town-n"))
    with pytest.raises(ValueError, match="not in the county"):
        fleet.send(UnitId("u-1"), PostId("nowhere"))
