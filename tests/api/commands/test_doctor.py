"""``kakou doctor`` judges limits, memory and the secrets file for the county's own streams."""

import shutil
from pathlib import Path

from api.commands import doctor
from camera_config.example import example_county
from camera_config.secrets import Login, change_secrets


def test_streams_are_counted_with_their_sub_streams(tmp_path: Path) -> None:
    county = Path(shutil.copytree(example_county(), tmp_path / "county"))
    assert doctor._counted(county) == (363, 363)
    text = (county / "county.toml").read_text(encoding="utf-8")
    (county / "county.toml").write_text(text.replace("sub = false", "sub = true"), encoding="utf-8")
    assert doctor._counted(county) == (363, 713)
    assert doctor._counted(None) == (363, 726)


def test_limits_and_memory_are_judged_by_the_streams() -> None:
    (few,), (many,) = doctor._files(1, 1), doctor._files(10**9, 10**9)
    assert few.good
    assert not many.good
    assert "raise LimitNOFILE" in many.detail
    (memory,) = doctor._shared_memory(10**6, 10**6)
    assert memory.good is None
    assert "--shm-size" in memory.detail


def test_the_secrets_file_is_looked_at_and_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    (absent,) = doctor._secrets(file)
    assert absent.good is None
    assert "kakou secrets set" in absent.detail
    change_secrets(file, lambda contents: contents.logins.update({"*": Login("admin", "hunter2")}))
    (right,) = doctor._secrets(file)
    assert right.good
    assert "logins: 1" in right.detail
    assert "hunter2" not in right.detail
    file.chmod(0o644)
    (open_,) = doctor._secrets(file)
    assert open_.good is False
    assert f"chmod 600 {file}" in open_.detail
