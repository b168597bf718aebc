"""Losses, fixes and the what-if map as a person and another system get them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from api.commands.plan import plan
from api.commands.whatif import whatif
from api.plan.advice import FIRST, advised, first_of
from api.plan.age import handed_out
from api.plan.inputs import PositionRow, Prepared, advice_on, prepare, readiness_now, units_from
from api.plan.wire import ReadinessOut, readiness_json
from camera_config.county import Closure, UnitStatus
from camera_config.example import example_county
from tests.support.small_county import place, small_county

app = typer.Typer()
app.command("plan")(plan)
app.command("whatif")(whatif)


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return prepare(small_county(units=9))


def _readiness(prepared: Prepared, *, busy: int = 0, rows: int = 9) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the readiness as first said and with its advice; of nine units the first ``busy`` are on a call."""
    county = prepared.county
    made = [
        PositionRow(
            unit=unit.id,
            lat=unit.home.lat,
            lon=unit.home.lon,
            age_s=0.0,
            status=UnitStatus.ON_CALL if n < busy else UnitStatus.PATROL,
        )
        for n, unit in enumerate(county.units[:rows])
    ]
    answer = readiness_now(prepared, units_from(county, made), 1.0)
    return readiness_json(answer), advised(readiness_json(answer), advice_on(prepared, answer))


def test_what_is_said_first_has_no_advice_and_is_otherwise_the_same(prepared):
    for busy in (0, 2):
        first, then = _readiness(prepared, busy=busy)
        for ring in ("joint", "town", "county"):
            assert first[ring]["losses"] is None
            assert first[ring]["fixes"] is None
            assert {**then[ring], "losses": None, "fixes": None} == first[ring]
        assert ReadinessOut.model_validate(then).digest == first["digest"]


def test_a_plan_that_holds_names_whom_not_to_lose_and_one_that_does_not_what_would_help(prepared):
    _, holds = _readiness(prepared, busy=1)
    assert holds["joint"]["feasible"] is True
    assert len(holds["joint"]["losses"]["single"]) == 8
    assert holds["joint"]["fixes"] is None
    _, short = _readiness(prepared, busy=2)
    assert short["joint"]["losses"] is None
    fixes = short["joint"]["fixes"]
    assert fixes["deficiency"] == 1
    assert fixes["count"] == len(fixes["single"])
    kinds = [fix["kind"] for fix in fixes["single"]]
    assert kinds[:2] == ["release", "release"]
    assert fixes["single"][0]["leaves"] == "on_call"
    assert fixes["single"][0]["takes_s"] is None
    assert {fix["takes_s"] for fix in fixes["single"] if fix["kind"] == "give_up"} == {0.0}
    assert all(fix["text"].endswith(("本次有效", "本次警情来不及")) for fix in fixes["single"])


def test_advice_lapses_with_the_verdict(prepared):
    _, short = _readiness(prepared, busy=2)
    shown = handed_out(short, 10.0, None)
    assert shown["joint"]["fixes"] == short["joint"]["fixes"]
    for late in (handed_out(short, 10.1, None), handed_out(short, 1.0, "the planner is down")):
        assert late["joint"]["fixes"] is None
        assert late["joint"]["losses"] is None


def test_the_live_feed_carries_the_first_fixes_and_their_number():
    verdict = {"fixes": {"single": list(range(40)), "count": 40}}
    assert first_of(verdict) == {"fixes": {"single": list(range(FIRST)), "count": 40}}
    assert first_of({"fixes": None}) == {"fixes": None}


def test_a_closed_road_is_named_as_what_to_reopen_and_a_post_given_up_by_the_road_that_is_then_open():
    county = replace(small_county(units=9), closures=(Closure("n路", place("n", 2.2), "桥断"),))
    _, said = _readiness(prepare(county), busy=1)
    fixes = said["joint"]["fixes"]
    lines = [fix["text"] for key in ("single", "smallest", "keeping") for fix in fixes[key]]
    assert any(line.startswith("恢复通行：n路") for line in lines)
    roads = {tuple(fix["roads"]) for fix in fixes["single"] if fix["kind"] == "give_up"}
    assert roads <= {("n路",)}


@pytest.fixture(scope="module")
def positions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's positions with seventeen patrols and special units on a call: one unit is missing."""
    rows = json.loads((example_county() / "positions.json").read_text(encoding="utf-8"))
    left = 17
    for row in rows:
        if left and row["unit"].startswith(("patrol", "swat")):
            row["status"], left = "on_call", left - 1
    file = tmp_path_factory.mktemp("positions") / "positions.json"
    file.write_text(json.dumps(rows), encoding="utf-8")
    return file


def test_the_plan_lists_what_would_help_in_chinese(positions):
    result = CliRunner().invoke(app, ["plan", "--positions", str(positions)], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    assert "确保尚缺 1 个单元，以下任一项即可" in result.output
    assert "抽调 巡逻02（正在处警，将离开该任务）" in result.output
    assert "放弃 莲河机耕道卡点，莲河机耕道 将敞开；立即，本次有效" in result.output


def test_the_what_if_command_shows_the_places_and_writes_them_as_geojson(positions, tmp_path):
    file = tmp_path / "places.geojson"
    command = ["whatif", "--positions", str(positions), "--json", "--geojson", str(file)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0
    said = json.loads(result.stdout)["units"]
    assert len(said) == 60
    assert said["traffic-5"]["needed"]
    assert "standby-17" in said["traffic-5"]["standby"]
    features = json.loads(file.read_text(encoding="utf-8"))["features"]
    there = {f["properties"]["junction"] for f in features if "traffic-5" in f["properties"]["units"]} - {None}
    assert there == set(said["traffic-5"]["junctions"])


def test_the_what_if_command_answers_for_one_unit_and_refuses_a_ring_that_is_none():
    result = CliRunner().invoke(app, ["whatif", "--unit", "patrol-01"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    assert "没有它也能成立" in result.output
    assert "patrol-02" not in result.output
    assert CliRunner().invoke(app, ["whatif", "--ring", "moon"]).exit_code == 1
