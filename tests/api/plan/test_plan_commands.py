"""The planner on the command line: plan, verify-plan, and units in virtual time."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from api.commands.plan import plan
from api.commands.simulate_units import STATES, planner_run, simulate_units
from api.commands.verify_plan import verify_plan
from api.plan.inputs import Prepared, prepare, read_positions, readiness_now, units_from
from api.plan.wire import readiness_json
from camera_config.errors import ConfigError
from camera_config.example import example_county
from camera_config.load import load_county
from lockdown.readiness import State
from tests.support.small_county import place, small_county

app = typer.Typer()
app.command("plan")(plan)
app.command("verify-plan")(verify_plan)
app.command("units")(simulate_units)


@pytest.fixture(scope="module")
def planned() -> dict[str, Any]:
    result = CliRunner().invoke(app, ["plan", "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def dongfeng() -> Prepared:
    return prepare(load_county(example_county()))


def _verify(tmp_path: Path, data: Any) -> tuple[int, str]:
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    result = CliRunner().invoke(app, ["verify-plan", str(file)])
    return result.exit_code, result.output


def test_the_example_county_is_planned_with_certificates_that_hold(planned, tmp_path):
    for key in ("town", "county", "joint"):
        verdict = planned[key]
        assert verdict["verdict"] == verdict["state"]
        assert {"t_star_s", "deadline_s", "weakest_post", "margin_s", "certificate", "plan"} <= set(verdict)
    assert planned["town"]["deadline_s"] == 900
    assert planned["joint"]["deadline_by_ring_s"] == {"town": 900, "county": 1800}
    code, output = _verify(tmp_path, planned)
    assert code == 0
    assert output.count(": holds") == 3


@pytest.mark.parametrize(
    ("key", "value"),
    [("t_star_s", 1.0), ("margin_s", 899.0), ("travel_slack", 9.0), ("weakest_post", "town-x"), ("state", "unknown")],
)
def test_a_figure_that_its_certificate_does_not_prove_is_refused(planned, tmp_path, key, value):
    changed = {**planned, "town": {**planned["town"], key: value}}
    code, output = _verify(tmp_path, changed)
    assert code == 1
    assert "$.town.certificate: DOES NOT HOLD" in output
    assert output.count(": holds") == 2


def test_ready_without_odds_or_with_those_of_other_inputs_is_refused(planned, tmp_path):
    assert planned["town"]["state"] == "ready"
    odds = planned["town"]["odds"]
    low = {**odds, "committed": {**odds["committed"], "low": 0.949}}
    for changed in (None, low, {**odds, "digest": "0" * 64}):
        code, output = _verify(tmp_path, {**planned, "town": {**planned["town"], "odds": changed}})
        assert code == 1
        assert "$.town.certificate: DOES NOT HOLD" in output


def test_a_changed_certificate_is_refused_and_said_why(planned, tmp_path):
    changed = json.loads(json.dumps(planned))
    changed["joint"]["certificate"]["table"]["drive_ms"][0][0] = 1
    code, output = _verify(tmp_path, changed)
    assert code == 1
    assert "digest differs" in output


@pytest.mark.parametrize("data", [{}, [], {"joint": {"certificate": None}}])
def test_a_file_without_certificates_proves_nothing(tmp_path, data):
    assert _verify(tmp_path, data)[0] == 1


def test_the_plan_is_shown_in_chinese_with_english_ids(tmp_path):
    result = CliRunner().invoke(app, ["plan"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    assert "县城封控 town" in result.output
    assert "派警单" in result.output
    assert re.search(r"两圈合计 joint：按时到位的把握 \d\d\.\d %（\d\d\.\d–\d\d\.\d），时间误差为假定值", result.output)


def test_the_odds_of_the_plan_are_printed_as_json_and_bound_by_hindsight(planned):
    odds = planned["joint"]["odds"]
    assert odds["committed"]["low"] <= odds["committed"]["p"] <= odds["committed"]["high"] < 1.0
    assert odds["committed"]["held"] <= odds["hindsight"]["held"]
    assert odds["digest"] == planned["digest"]
    assert (planned["state"] == "ready") == odds["enough"]


def test_positions_that_are_wrong_are_refused(tmp_path):
    county = small_county()
    file = tmp_path / "positions.json"
    row = {"unit": "u-1", "lat": 42.68, "lon": 125.53, "age_s": 1.0}
    for bad in ('{"a": 1}', "[", '[{"unit": "u-1", "lat": NaN, "lon": 1, "age_s": 1}]'):
        file.write_text(bad, encoding="utf-8")
        with pytest.raises(ConfigError):
            read_positions(file)
    file.write_text(json.dumps([row, {**row, "unit": "stranger"}]), encoding="utf-8")
    with pytest.raises(ConfigError, match="stranger"):
        units_from(county, read_positions(file))
    file.write_text(json.dumps([row, row]), encoding="utf-8")
    with pytest.raises(ConfigError, match="two positions"):
        units_from(county, read_positions(file))
    with pytest.raises(ConfigError):
        read_positions(tmp_path / "absent.json")


def test_ages_are_rounded_up_to_whole_milliseconds(tmp_path):
    file = tmp_path / "positions.json"
    at = place("n", 1.0)
    file.write_text(json.dumps([{"unit": "u-1", "lat": at.lat, "lon": at.lon, "age_s": 1.0001}]), encoding="utf-8")
    units = units_from(small_county(), read_positions(file))
    assert units[0].seen_age_ms == 1001
    assert [u.seen_age_ms for u in units[1:]] == [None] * 8


def test_shown_times_are_never_better_than_they_are():
    prepared = prepare(small_county())
    rows = [{"unit": f"u-{n}", "lat": 42.68, "lon": 125.53, "age_s": 1.0} for n in range(1, 10)]
    units = units_from(prepared.county, [_row(row) for row in rows])
    readiness = readiness_now(prepared, units, 0.0)
    shown = readiness_json(readiness)["joint"]
    joint = readiness.joint
    assert joint.t_star_ms is not None
    assert joint.margin_ms is not None
    assert shown["t_star_s"] * 1000 >= joint.t_star_ms
    assert shown["margin_s"] * 1000 <= joint.margin_ms
    assert all(row["margin_s"] + row["staffed_s"] <= 1800.0 for row in shown["plan"])


def _row(row: dict[str, Any]) -> Any:
    from api.plan.inputs import PositionRow

    return PositionRow(**row)


def test_over_the_seeds_every_state_occurs_on_at_least_two_days(dongfeng):
    """Ten virtual minutes a seed; the busiest of seeds 1 to 20 first, and no more of them than it needs."""
    seen: dict[str, set[int]] = {state: set() for state in STATES}
    for seed in (4, 13, 19, 5, 12, 17, 8, 11, *range(1, 21)):
        run = planner_run(dongfeng, seed, 600, 60, tick=5)
        for state, count in run["states"].items():
            if count:
                seen[state].add(seed)
        if all(len(seeds) >= 2 for seeds in seen.values()):
            break
    assert {state for state, seeds in seen.items() if len(seeds) >= 2} == {state.value for state in State}


def test_virtual_time_prints_the_same_totals_for_the_same_seed():
    command = ["units", "--planner-only", "--seed", "6", "--for", "10", "--every", "5", "--json"]
    one, other = (CliRunner().invoke(app, command) for _ in range(2))
    assert one.exit_code == 0
    assert one.stdout == other.stdout
    assert sum(json.loads(one.stdout)["states"].values()) == 2
