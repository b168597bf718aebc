"""``kakou race`` and ``kakou cut`` as a person uses them."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from api.commands.race import cut, place_named, race
from api.plan.inputs import prepare, units_from
from api.plan.race import cuts_around, race_now
from camera_config.county import Ring
from camera_config.errors import ConfigError
from tests.support.county_files import lighter_county
from tests.support.small_county import small_county

app = typer.Typer()
app.command("race")(race)
app.command("cut")(cut)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lighter_county(tmp_path_factory.mktemp("race") / "county", cameras=5)


@pytest.fixture(scope="module")
def answer(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what is printed, and the map."""
    drawn, picture = folder.parent / "race.geojson", folder.parent / "race.svg"
    options = [
        "--from",
        "东丰镇",
        "--seen-ago",
        "120",
        "--fewest",
        "--json",
        "--geojson",
        str(drawn),
        "--map",
        str(picture),
    ]
    result = CliRunner().invoke(app, ["race", "--county", str(folder), *options])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout), json.loads(drawn.read_text(encoding="utf-8"))


def test_every_exit_has_his_coming_the_staffed_time_and_a_verdict_that_follows_from_them(answer):
    body, _ = answer
    assert len(body["exits"]) == 25
    for exit_ in body["exits"]:
        assert exit_["comes_in_s"] >= exit_["arrives_in_s"]
        passes = exit_["comes_in_s"] < exit_["staffed_in_s"]
        assert exit_["verdict"] == ("may_have_passed" if passes else "cannot_pass")
        assert (exit_["first_by_s"] < 0) == passes
        assert exit_["path"]
    assert {e["ring"] for e in body["exits"] if e["verdict"] == "may_have_passed"} == {"town"}
    assert body["leaves_in_s"]["town"] > 0
    assert body["leaves_in_s"]["county"] is None
    assert body["next_ring"] == "town"


def test_the_fewest_posts_are_each_staffed_before_he_comes_or_said_not_to_be(answer):
    body, _ = answer
    assert body["fewest"]
    assert [c["units"] for c in body["fewest"]] == sorted({c["units"] for c in body["fewest"]})
    for found in body["fewest"]:
        assert found["units"] == sum(post["need"] for post in found["posts"])
        assert found["t_star_s"] is None or found["t_star_s"] >= found["least_s"]


def test_the_map_holds_where_he_can_be_the_exits_and_his_ways(answer):
    _, drawn = answer
    kinds = [feature["properties"]["kind"] for feature in drawn["features"]]
    assert [kinds.count(kind) for kind in ("seen", "reach", "exit", "way")] == [1, 3, 25, 25]
    areas = [f["properties"]["metres"] for f in drawn["features"] if f["properties"]["kind"] == "reach"]
    assert areas == sorted(areas)
    lon, lat = drawn["features"][0]["geometry"]["coordinates"]
    assert (round(lon), round(lat)) == (126, 43)


def test_the_picture_names_the_exits_that_he_may_have_passed(answer, folder):
    body, _ = answer
    text = (folder.parent / "race.svg").read_text(encoding="utf-8")
    passed = [exit_ for exit_ in body["exits"] if exit_["verdict"] == "may_have_passed"]
    assert f"■ 可能已过 {len(passed)} 个出口 · ▲ 不明 0 个" in text
    for word in (body["digest"], "示例", "虚构县", "目击 2:00 前", "北 N", *(exit_["name"] for exit_ in body["exits"])):
        assert word in text


def test_the_tables_say_it_in_words(folder):
    result = CliRunner().invoke(app, ["cut", "--county", str(folder)], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    assert "单元 units" in result.stdout
    assert "莲河机耕道" in result.stdout
    result = CliRunner().invoke(
        app, ["race", "--county", str(folder), "--from", "42.68,125.53", "--seen-ago", "7200"], env={"COLUMNS": "200"}
    )
    assert result.exit_code == 0, result.output
    assert "可能已过（现在已可能）" in result.stdout
    assert "下一圈 next ring：无 none" in result.stdout


def test_a_place_is_found_by_name_id_or_coordinates_and_nothing_else():
    county = small_county()
    township = county.townships[0]
    assert place_named(county, township.name) == place_named(county, township.id) == township.seat
    assert place_named(county, "42.5,125.5").lat == 42.5
    for wrong in ("", "nowhere", "nan,125", "91,0", "1,2,3"):
        with pytest.raises(ConfigError):
            place_named(county, wrong)


def test_a_map_that_cannot_be_written_is_said_so(folder):
    options = ["--from", "东丰镇", "--seen-ago", "1", "--geojson", str(folder / "no" / "map.geojson")]
    result = CliRunner().invoke(app, ["race", "--county", str(folder), *options])
    assert isinstance(result.exception, ConfigError)


def test_posts_of_no_plan_are_unknown_and_no_unit_closes_anything():
    county = small_county()
    prepared = prepare(county)
    nobody = units_from(county, [])
    body, chased, found = race_now(prepared, nobody, county.centre, 0, 0.0)
    assert {e.verdict for e in body.exits} == {"unknown"}
    assert {e.staffed_in_s for e in body.exits} == {None}
    assert body.leaves_in_s[Ring.COUNTY.value] is not None
    assert found.next_ring is Ring.TOWN
    assert cuts_around(prepared, nobody, chased) == []
