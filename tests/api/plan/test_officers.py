"""Officers summed over units, as a person is told."""

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

import typer
from rich.console import Console
from typer.testing import CliRunner

from api.commands.officers import show_officers
from api.commands.plan import plan
from api.plan.inputs import PositionRow, prepare, readiness_now, units_from
from api.plan.officers import officers_now
from tests.support.county_files import lighter_county
from tests.support.small_county import small_county, unit_places


def test_units_that_are_too_small_alone_staff_a_post_together():
    county = small_county(units=17)
    rows = [PositionRow(unit=u, lat=p.lat, lon=p.lon, age_s=1.0) for u, p in unit_places(county).items()]
    prepared = prepare(county)
    units = units_from(county, rows)
    by_units = readiness_now(prepared, units, 0.0).joint
    pairs = officers_now(prepared, units)
    assert by_units.feasible
    assert pairs.feasible
    assert (pairs.needed, pairs.counted, pairs.proved) == (16, 34, True)
    singles = [replace(unit, crew=1) for unit in units]
    assert not readiness_now(prepared, singles, 0.0).joint.feasible
    two_each = officers_now(prepared, singles)
    assert (two_each.feasible, two_each.counted, len(two_each.plan)) == (True, 17, 16)
    assert (two_each.staffed_s or 0) >= (pairs.staffed_s or 0)
    assert "能按时到岗" in two_each.text
    assert "READY" not in two_each.text
    console = Console(width=100, file=StringIO(), record=True)
    show_officers(console, two_each, county)
    assert "判定以上面按单元计的为准" in console.export_text()

    few = officers_now(prepared, singles[:15])
    assert (few.feasible, few.short, few.plan) == (False, 1, [])
    assert "按时也差 1 人" in few.text
    assert "已证明" in few.text


def test_the_command_shows_it_beside_its_verdicts(tmp_path: Path):
    folder = lighter_county(tmp_path / "county", cameras=5)
    app = typer.Typer()
    app.command()(plan)
    result = CliRunner().invoke(app, ["--county", str(folder), "--officers", "--json"])
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer["officers"]["proved"] is True
    assert answer["officers"]["staffed_s"] <= answer["joint"]["t_star_s"]
    assert answer["joint"]["feasible"] is True
