"""``kakou cameras import`` and ``export``: look first, write on demand, lose nothing by mistake."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from api.cli import app
from camera_config.camera_list import COLUMNS
from camera_config.datum import to_gcj02
from camera_config.list_changes import standing
from camera_config.secrets import Login, Secrets
from camera_config.sheet import write_sheet
from tests.support.county_files import lighter_county


@pytest.fixture(scope="session")
def lighter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lighter_county(tmp_path_factory.mktemp("lighter") / "county", cameras=70)


@pytest.fixture
def county(tmp_path: Path, lighter: Path) -> Path:
    return Path(shutil.copytree(lighter, tmp_path / "county"))


def kakou(*args: object) -> Result:
    return CliRunner().invoke(app, ["cameras", *map(str, args)], env={"COLUMNS": "200"})


def rows(county: Path) -> list[dict[str, str]]:
    from camera_config.list_changes import cells_of

    return [dict(zip(COLUMNS, cells_of(record), strict=True)) for record in standing(county).records.values()]


def write(path: Path, content: list[dict[str, str]], *more: str) -> Path:
    columns = (*COLUMNS, *more)
    write_sheet(path, columns, [[row.get(column, "") for column in columns] for row in content])
    return path


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_what_was_exported_imports_as_nothing_new(county: Path, tmp_path: Path, ending: str) -> None:
    before = (county / "cameras.csv").read_bytes()
    assert kakou("export", tmp_path / f"list.{ending}", "--county", county).exit_code == 0
    result = kakou("import", tmp_path / f"list.{ending}", "--county", county, "--apply")
    assert result.exit_code == 0
    assert "0 added, 0 changed, 0 removed, 70 unchanged" in result.output
    assert (county / "cameras.csv").read_bytes() == before
    assert list(county.glob("*before*")) == []


def test_a_list_is_shown_first_and_written_on_demand(county: Path, tmp_path: Path) -> None:
    content = rows(county)
    content[0]["name"] = "[red]新名"
    content[1]["gb_code"] = "22042100001320000990"
    content.append({**content[2], "id": "cam-900", "gb_code": "22042100001320000900"})
    del content[7]
    path = write(tmp_path / "list.csv", content)
    before = (county / "cameras.csv").read_bytes()
    look = kakou("import", path, "--county", county)
    assert look.exit_code == 0
    for part in (
        "1 added, 2 changed, 1 removed, 67 unchanged",
        "name 府南路与莲河西路路口 → [red]新名",
        "gb_code 22042100001320000002 → 22042100001320000990",
        "cam-900",
        "cam-008",
        "nothing is written",
    ):
        assert part in look.output
    assert (county / "cameras.csv").read_bytes() == before
    assert kakou("import", path, "--county", county, "--apply").exit_code == 0
    (kept,) = county.glob("cameras.csv.before-*")
    assert kept.read_bytes() == before
    assert rows(county) == content
    assert kakou("import", path, "--county", county).output.startswith("0 added, 0 changed, 0 removed, 70")


def test_many_removals_need_their_exact_number(county: Path, tmp_path: Path) -> None:
    content = rows(county)[:60]
    path = write(tmp_path / "list.csv", content)
    before = (county / "cameras.csv").read_bytes()
    for more in ((), ("--confirm-removals", "9")):
        result = kakou("import", path, "--county", county, "--apply", *more)
        assert result.exit_code == 1
        assert "--confirm-removals 10" in result.output
        assert (county / "cameras.csv").read_bytes() == before
    kept = kakou("import", path, "--county", county, "--apply", "--keep-others")
    assert (kept.exit_code, (county / "cameras.csv").read_bytes()) == (0, before)
    assert kakou("import", path, "--county", county, "--apply", "--confirm-removals", "10").exit_code == 0
    assert rows(county) == content


def test_what_is_wrong_in_the_county_is_told_by_the_list_s_row(county: Path, tmp_path: Path) -> None:
    content = rows(county)
    content[4]["township"] = "nowhere"
    content[7]["id"] = "kk-town-west"
    content[9]["url"] = "rtsp://169.254.169.254/1"
    for row in content[40:65]:
        lat, lon = to_gcj02(np.array([float(row["lat"])]), np.array([float(row["lon"])]))
        row["lat"], row["lon"] = f"{lat[0]:.7f}", f"{lon[0]:.7f}"
    result = kakou("import", write(tmp_path / "list.csv", content), "--county", county, "--apply")
    assert result.exit_code == 1
    for part in (
        "list.csv row 6: column G township: there is no township 'nowhere'; write one of 东丰镇",
        "checkpoints.toml:5: duplicate device 'kk-town-west'",
        "list.csv row 11: url: 169.254.169.254 is link-local",
        "look like GCJ-02",
        "nothing can be applied",
    ):
        assert part in result.output
    assert list(county.glob("*before*")) == []


def test_passwords_move_to_the_secrets_file_and_are_nowhere_else(county: Path, tmp_path: Path) -> None:
    content = rows(county)
    content[0]["url"] = "rtsp://admin:hunter2@127.0.0.1/1"
    content[1] |= {"user": "viewer", "password": "hunter3"}
    path = write(tmp_path / "list.xlsx", content, "user", "password")
    secrets = tmp_path / "data" / "secrets.json"
    refused = kakou("import", path, "--county", county)
    assert refused.exit_code == 1
    assert "--take-passwords" in refused.output
    taking = ("import", path, "--county", county, "--take-passwords", "--secrets", secrets)
    look = kakou(*taking)
    assert "2 logins are taken out of the list" in look.output
    assert not secrets.exists()
    done = kakou(*taking, "--apply")
    assert done.exit_code == 0
    assert Secrets.open(secrets).of("cam-001") == Login("admin", "hunter2")
    assert Secrets.open(secrets).of("cam-002") == Login("viewer", "hunter3")
    assert standing(county).records["cam-001"].url == "rtsp://127.0.0.1/1"
    assert "hunter" not in refused.output + look.output + done.output
    assert b"hunter" not in b"".join(file.read_bytes() for file in county.iterdir())


def test_the_first_list_of_a_county_without_cameras_is_taken(county: Path, tmp_path: Path) -> None:
    content = rows(county)[:40]
    (county / "cameras.csv").unlink()
    result = kakou("import", write(tmp_path / "list.csv", content), "--county", county, "--apply")
    assert result.exit_code == 0, result.output
    assert rows(county) == content
