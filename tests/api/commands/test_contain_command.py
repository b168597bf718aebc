"""``kakou contain`` and ``kakou standby`` as a person uses them."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from api.commands.contain import contain
from api.commands.standby import standby
from api.plan.confine import search
from api.plan.contain import OBJECTIVES, ContainIn, answered, question_of
from api.plan.inputs import prepare, units_from
from api.plan.standby import Serve, standby_now
from tests.support.county_files import lighter_county
from tests.support.small_county import LAT, LON, small_county

app = typer.Typer()
app.command("contain")(contain)
app.command("standby")(standby)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lighter_county(tmp_path_factory.mktemp("contain") / "county", cameras=5)


def run(folder: Path, command: str, *options: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, [command, "--county", str(folder), *options], env={"COLUMNS": "100"})
    return result.exit_code, result.output


def answer(folder: Path, *options: str) -> dict[str, Any]:
    code, text = run(folder, "contain", "--at", "东丰镇", "--json", *options)
    assert code == 0, text
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.fixture(scope="module")
def alone(folder: Path) -> dict[str, Any]:
    """Return the answer for the unimpeded fugitive, least road; the map lies beside the county."""
    return answer(folder, "--age", "120", "--geojson", str(folder.parent / "contain.geojson"))


def test_every_guard_stands_before_he_comes_and_the_least_road_is_proved(folder, alone):
    assert alone["proved"] is True
    assert alone["value"] == alone["bound"] == pytest.approx(alone["km"], abs=0.01)
    assert len({guard["unit"] for guard in alone["guards"]}) == len(alone["guards"]) > 3
    assert all(guard["first_by_s"] >= 0 for guard in alone["guards"])
    assert all(guard["stands_in_s"] <= guard["comes_in_s"] + 0.1 for guard in alone["guards"])
    assert alone["leaves_in_s"]["town"] < alone["leaves_in_s"]["county"]
    assert f"{len(alone['guards'])} 个单元把他围在" in alone["text"]
    drawn = json.loads((folder.parent / "contain.geojson").read_text(encoding="utf-8"))
    kinds = [feature["properties"]["kind"] for feature in drawn["features"]]
    assert kinds == ["seen", "area", *["guard"] * len(alone["guards"])]


def test_given_the_others_he_is_left_no_more_and_nothing_is_below_the_bound(folder, alone):
    given = answer(folder, "--age", "120", "--others-stand", "--limit", "1")
    assert given["bound"] <= given["value"] <= alone["value"]
    assert given["proved"] == (given["gap"] == 0)
    assert ("已证明" in given["text"]) == given["proved"]


def test_one_who_may_be_out_of_the_county_is_said_to_be_so_and_nothing_is_searched(folder):
    code, text = run(folder, "contain", "--at", "东丰镇", "--age", "7200")
    assert code == 0
    assert "他现在可能已在县外" in text
    assert "请通知邻县" in text
    assert "围控 Containment" not in text


def test_without_units_it_is_proved_that_there_is_no_plan():
    county = small_county()
    prepared, nobody = prepare(county), units_from(county, [])
    question = question_of(prepared, nobody, county.centre, 1_000)
    assert not question.may_be_out
    asked = ContainIn(lat=LAT, lon=LON, seen_ago_s=1.0)
    found = search(question.chase, OBJECTIVES[asked.objective], others_stand=False, limit_s=5.0)
    out = answered(prepared, nobody, question, asked, found, limit_s=5.0, computed_at=0.0)
    assert (out.value, out.proved, out.counted, out.guards) == (None, True, 0, [])
    assert "没有围控方案（已证明）" in out.text


def test_a_place_that_is_none_ends_with_two(folder):
    code, text = run(folder, "contain", "--age", "1", "--at", "nowhere")
    assert code == 2
    assert "nowhere: no such place" in text


def test_the_proposed_points_stand_beside_the_countys_own(folder):
    code, text = run(folder, "standby", "-p", "3", "--serve", "posts")
    assert code == 0, text
    assert "25 个卡点" in text
    assert "本县现有" in text
    assert "已证明：3 个点不可能更快" in text


def test_one_point_for_a_town_is_its_middle_and_more_points_are_sooner():
    prepared = prepare(small_county())
    one = standby_now(prepared, Serve.TOWN, 1, 180.0, 10.0)
    assert (one.points[0].lat, one.points[0].lon) == (LAT, LON)
    assert one.own is not None
    assert one.own.worst_s == one.proposed.worst_s
    five = standby_now(prepared, Serve.TOWN, 5, 180.0, 10.0)
    assert (five.proposed.worst_s or 0) < (one.proposed.worst_s or 0)
    assert five.proved
    assert five.bound_s == five.proposed.worst_s
