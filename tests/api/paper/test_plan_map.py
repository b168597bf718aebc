"""The plan on a map: ways along the roads that take as long as the plan says, and a picture of the same."""

from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from api import __version__
from api.paper.picture import DOTS_PER_MM, png, svg, write_picture
from api.paper.plan_map import plan_geojson, plan_picture
from api.paper.situation import Origin, Situation, seen_now
from api.paper.ways import Way, ways
from api.plan.answer import Asked, answer_of
from api.plan.inputs import PositionRow, Prepared, prepare, units_from
from camera_config.county import Position
from camera_config.errors import ConfigError
from lockdown.lines import Plane
from tests.support.small_county import small_county, unit_places

Drawn = tuple[Situation, dict[str, Way]]


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return prepare(small_county())


def drawn(prepared: Prepared, *silent: str) -> Drawn:
    rows = [
        PositionRow(unit=u, lat=p.lat, lon=p.lon, age_s=900.0 if u in silent else 0.0)
        for u, p in unit_places(small_county()).items()
    ]
    units = units_from(prepared.county, rows)
    answer = answer_of(prepared, units, 0.0, Asked())
    situation = Situation(answer.out, prepared.county, seen_now(prepared.county, units), Origin.DRILL, __version__)
    return situation, ways(prepared, units, [(o.unit, o.post) for o in answer.out.joint.plan])


def test_each_way_runs_from_its_unit_to_its_post_and_takes_no_longer_than_the_plan_says(prepared: Prepared) -> None:
    situation, found = drawn(prepared)
    county, plane = prepared.county, Plane(42.68, 125.53)
    assert set(found) == {order.unit for order in situation.answer.joint.plan}
    for order in situation.answer.joint.plan:
        way = plane.points(np.array(found[order.unit]))
        home = next(u.home for u in county.units if u.id == order.unit)
        post = next(p for p in county.posts if p.id == order.post)
        ends = plane.points(np.array([[home.lat, home.lon], [post.position.lat, post.position.lon]]))
        assert np.hypot(*(way[0] - ends[0])) < 2
        assert np.hypot(*(way[-1] - ends[1])) < 2
        metres = float(np.hypot(*np.diff(way, axis=0).T).sum())
        # A unit at a junction may have turned off already: the plan counts that, the drawn way does not show it.
        assert np.hypot(*(ends[1] - ends[0])) - 2 <= metres <= order.drive_s / 3.6 * 60 + 5
        graph = prepared.graph
        assert all(graph.index.near(Position(lat, lon), 3.0) for lat, lon in found[order.unit])


def test_the_geojson_says_which_plan_it_is_and_what_becomes_of_each_post(prepared: Prepared) -> None:
    situation, found = drawn(prepared, "u-2", "u-3")
    body = plan_geojson(situation, found)
    about = body["kakou"]
    assert (about["digest"], about["state"], about["whole"]) == (situation.answer.digest, "unknown", False)
    assert (about["valid_until"], about["origin"]) == (10.0, "drill")
    kinds = [f["properties"]["kind"] for f in body["features"]]
    assert [kinds.count(k) for k in ("ring", "post", "unit", "way")] == [2, 8, 9, len(found)]
    states = {f["properties"]["staffing"] for f in body["features"] if f["properties"]["kind"] == "post"}
    assert states == {"in_time", "nobody"}


def test_the_picture_names_the_plan_and_differs_without_colour(prepared: Prepared) -> None:
    situation, found = drawn(prepared, "u-2", "u-3")
    picture = plan_picture(situation, found)
    text = svg(picture)
    assert text == svg(plan_picture(situation, found))
    words = [element.text or "" for element in ElementTree.fromstring(text).iter() if element.text]
    said = " ".join(words)
    for word in (
        "不是命令",
        "演练",
        situation.answer.digest,
        f"kakou {__version__}",
        "北 N",
        "km",
        "没有足够单元",
        "按时到岗",
    ):
        assert word in said
    assert "href" not in text
    assert "script" not in text
    image = cv2.imdecode(np.frombuffer(png(picture), np.uint8), cv2.IMREAD_COLOR)
    assert image.shape == (297 * DOTS_PER_MM, 420 * DOTS_PER_MM, 3)
    assert (image < 128).any()


def test_another_ending_or_a_place_that_cannot_be_written_is_said_so(prepared: Prepared, tmp_path: Path) -> None:
    picture = plan_picture(*drawn(prepared))
    for wrong in ("map.jpg", "map", "no/map.svg"):
        with pytest.raises(ConfigError):
            write_picture(tmp_path / wrong, picture)
    write_picture(tmp_path / "map.svg", picture)
    assert (tmp_path / "map.svg").read_text(encoding="utf-8").startswith("<?xml")
