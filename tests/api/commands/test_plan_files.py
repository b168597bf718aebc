"""What ``kakou plan`` leaves behind: a sheet, and a record that can be made again."""

import json
import re
import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from api.commands.plan import plan
from api.commands.verify_plan import verify_plan
from api.plan.chances import probable_plan, replanned_plan
from api.plan.inputs import prepare, read_positions, readiness_now, units_from
from camera_config.errors import ConfigError
from camera_config.load import load_county
from tests.support.county_files import lighter_county

app = typer.Typer()
app.command("plan")(plan)
app.command("verify-plan")(verify_plan)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lighter_county(tmp_path_factory.mktemp("plan") / "county", cameras=5)


@pytest.fixture(scope="module")
def kept(folder: Path) -> tuple[Path, str, Result]:
    """Return the folder of records, the digest, and what was printed."""
    where, sheet = folder.parent / "kept", folder.parent / "sheet.html"
    options = ["--json", "--keep", str(where), "--sheet", str(sheet), "--look-for", "白色面包车"]
    result = call(folder, *options, "--drill")
    assert result.exit_code == 0, result.output
    return where, json.loads(result.stdout)["digest"], result


def call(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["plan", "--county", str(folder), *options])


def test_the_sheet_says_the_same_as_the_answer(kept: tuple[Path, str, Result]) -> None:
    where, digest, result = kept
    page = (where.parent / "sheet.html").read_text(encoding="utf-8")
    assert digest in page
    assert "演练" in page
    assert page.count("查白色面包车") == len(json.loads(result.stdout)["joint"]["plan"])


def test_a_kept_plan_is_made_again_with_the_same_bytes(folder: Path, kept: tuple[Path, str, Result]) -> None:
    where, digest, first = kept
    answer = where / digest / "answer.json"
    assert answer.read_text(encoding="utf-8") == first.stdout
    assert (answer.stat().st_mode & 0o777, (where / digest).stat().st_mode & 0o777) == (0o600, 0o700)
    old = where.parent / "again.html"
    again = call(folder, "--replay", digest[:12], "--keep", str(where), "--json", "--sheet", str(old))
    assert again.exit_code == 0, again.output
    assert again.stdout == first.stdout
    page = old.read_text(encoding="utf-8")
    assert "旧方案的复核 · 不是封控命令" in page
    assert "下令时刻" not in page
    assert CliRunner().invoke(app, ["verify-plan", str(answer)]).exit_code == 0


def test_a_replay_says_exactly_what_differs(folder: Path, kept: tuple[Path, str, Result], tmp_path: Path) -> None:
    where, digest, _ = kept
    other = tmp_path / "county"
    shutil.copytree(folder, other)
    rules = (other / "rules.toml").read_text(encoding="utf-8")
    (other / "rules.toml").write_text(rules.replace("hold_s = 3600", "hold_s = 3000"), encoding="utf-8")
    posts = (other / "posts.geojson").read_text(encoding="utf-8")
    (other / "posts.geojson").write_text(posts.replace('"need_units":3', '"need_units":2', 1), encoding="utf-8")
    result = call(other, "--replay", digest, "--keep", str(where))
    assert result.exit_code == 1
    told = [line.strip() for line in result.stderr.splitlines()]
    assert told == [
        f"{digest}: not the same",
        "rules.hold_s: was 3600, is 3000",
        "posts.town-east.need_units: was 3, is 2",
    ]


@pytest.mark.parametrize(
    ("file", "pattern", "new", "told"),
    [
        ("inputs.json", r'"version":\s*"[^"]*"', '"version": "0.0"', 'version: was "0.0"'),
        ("inputs.json", r'"age_s":\s*1.7', '"age_s": 1.8', "positions: they are not those"),
        ("answer.json", r'"margin_s": ', '"margin_s": 1', "answer.joint.margin_s: was"),
    ],
)
def test_a_record_that_was_changed_is_not_the_same(
    folder: Path, kept: tuple[Path, str, Result], tmp_path: Path, file: str, pattern: str, new: str, told: str
) -> None:
    where, digest, _ = kept
    shutil.copytree(where / digest, tmp_path / digest)
    text = (tmp_path / digest / file).read_text(encoding="utf-8")
    changed = re.sub(pattern, new, text, count=1)
    assert changed != text
    (tmp_path / digest / file).write_text(changed, encoding="utf-8")
    result = call(folder, "--replay", digest, "--keep", str(tmp_path))
    assert result.exit_code == 1
    assert told in result.stderr


def test_wrong_options_end_2_and_wrong_records_say_so(folder: Path, tmp_path: Path) -> None:
    assert call(folder, "--replay", "ab" * 32).exit_code == 2
    assert call(folder, "--look-for", "车" * 41).exit_code == 2
    for wrong in ("ab" * 32, "../../etc", "ab"):
        result = call(folder, "--replay", wrong, "--keep", str(tmp_path))
        assert isinstance(result.exception, ConfigError)


def test_chances_are_paired_on_samples_of_their_own_and_say_that_noise_is_assumed(folder: Path) -> None:
    prepared = prepare(load_county(folder))
    rows = read_positions(folder / "positions.json")
    readiness = readiness_now(prepared, units_from(prepared.county, rows), 0.0)
    found = probable_plan(prepared, readiness, 2_000)
    assert found == probable_plan(prepared, readiness, 2_000)
    assert found is not None
    assert found.probable.held - found.shown.held == found.won - found.lost
    assert found.low <= found.difference <= found.high
    assert found.same == (not found.changed)
    assert "已找到的最好" in found.text
    again = replanned_plan(prepared, readiness, 20)
    assert again is not None
    assert again.replanned.held - again.committed.held == again.replanning_won - again.replanning_lost
    assert f"失去 {again.replanning_lost} 次" in again.text
    assert found.assumed
    assert again.assumed
    assert "假定" in found.text
    assert "假定" in again.text
    nobody = readiness_now(prepared, units_from(prepared.county, []), 0.0)
    assert probable_plan(prepared, nobody) is None
    assert replanned_plan(prepared, nobody) is None
