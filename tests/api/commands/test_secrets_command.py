"""``kakou secrets`` as an administrator uses it: nothing it prints holds a password."""

from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from api.cli import app
from camera_config.errors import ConfigError
from camera_config.example import example_county
from camera_config.secrets import Login, Secrets, read_secrets

PASSWORD = "S3cret!@%/:"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "secrets.json"


def kakou(file: Path, *args: str, typed: str = "") -> Result:
    result = CliRunner().invoke(app, ["secrets", *args, "--file", str(file)], input=typed, env={"COLUMNS": "200"})
    assert PASSWORD not in result.output
    return result


def test_a_password_comes_in_by_standard_input_and_never_out(file: Path) -> None:
    assert kakou(file, "set", "cam-001", "--user", "admin", typed=f"{PASSWORD}\n").exit_code == 0
    assert kakou(file, "set", "*", "--user", "viewer", typed=f"{PASSWORD}\n").exit_code == 0
    assert Secrets.open(file).of("cam-001") == Login("admin", PASSWORD)
    shown = kakou(file, "list").output
    assert "cam-001" in shown
    assert "admin" in shown
    assert "viewer" in shown


def test_the_position_stream_has_a_login_of_its_own_and_never_the_cameras(file: Path) -> None:
    assert kakou(file, "set", "*", "--user", "viewer", typed=f"{PASSWORD}\n").exit_code == 0
    assert Secrets.open(file).own("positions.stream") is None
    said = kakou(file, "set", "positions.stream", "--user", "gps", typed=f"{PASSWORD}\n")
    assert "the other system's stream of positions" in said.output
    assert Secrets.open(file).own("positions.stream") == Login("gps", PASSWORD)


def test_a_password_cannot_be_given_as_an_argument(file: Path) -> None:
    assert kakou(file, "set", "cam-001", "--user", "a", "--password", "x").exit_code == 2
    assert kakou(file, "set", "cam-001", "--user", "a", typed="\n").exit_code == 2
    assert not file.exists()


def test_a_device_that_the_county_has_not_is_refused(file: Path) -> None:
    county = ("--county", str(example_county()))
    result = kakou(file, "set", "cam-999", "--user", "admin", *county, typed="x\n")
    assert result.exit_code == 2
    assert "cam-999" in result.output
    assert kakou(file, "set", "kk-town-west", "--user", "admin", *county, typed="x\n").exit_code == 0


def test_an_entry_is_forgotten_whole_and_an_unknown_one_is_told(file: Path) -> None:
    kakou(file, "set", "cam-001", "--user", "admin", typed="x\n")
    assert kakou(file, "pin", "cam-001", ":".join(["AB"] * 32)).exit_code == 0
    assert Secrets.open(file).pin_of("cam-001") == "ab" * 32
    assert "login and pinned certificate" in kakou(file, "remove", "cam-001").output
    assert read_secrets(file).logins == read_secrets(file).pins == {}
    result = kakou(file, "remove", "cam-001")
    assert result.exit_code == 2
    assert "kakou secrets list" in result.output


def test_a_pin_is_for_one_device_and_64_digits(file: Path) -> None:
    assert kakou(file, "pin", "*", "ab" * 32).exit_code == 2
    result = kakou(file, "pin", "cam-001", "abcd")
    assert result.exit_code == 2
    assert "openssl x509" in result.output


def test_the_key_goes_where_the_command_line_says_and_changes_on_demand(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "elsewhere.key"
    monkeypatch.setenv("KAKOU_SECRETS_KEY_FILE", str(key))
    kakou(file, "set", "cam-001", "--user", "admin", typed="x\n")
    monkeypatch.delenv("KAKOU_SECRETS_KEY_FILE")
    before = key.read_bytes()
    assert kakou(file, "rotate-key").exit_code == 0
    assert key.read_bytes() != before
    assert Secrets.open(file).of("cam-001") == Login("admin", "x")


def test_without_a_file_the_next_step_is_named(file: Path) -> None:
    assert "kakou secrets set" in kakou(file, "list").output
    result = kakou(file, "rotate-key")
    assert isinstance(result.exception, ConfigError)
    assert "kakou secrets set" in result.exception.hint
