"""Passwords of cameras: encrypted at rest, bound to their device, never shown."""

import base64
import contextlib
import json
import logging
import threading
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camera_config import sealed
from camera_config.errors import ConfigError
from camera_config.secrets import Contents, Login, Secrets, change_secrets, fingerprint, read_secrets, rotate_key

PASSWORD = "S3cret!@%/: 口令"
FORMS = (
    PASSWORD,
    quote(PASSWORD),
    quote(PASSWORD, safe=""),
    base64.b64encode(PASSWORD.encode()).decode(),
    base64.b64encode(f"admin:{PASSWORD}".encode()).decode(),
)
PIN = "ab" * 32


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "secrets.json"


def keep(path: Path, key_file: Path | None = None, **logins: str) -> None:
    def change(contents: Contents) -> None:
        contents.logins |= {
            name.replace("_", "-") if name != "every" else "*": Login("admin", password)
            for name, password in logins.items()
        }

    change_secrets(path, change, key_file=key_file)


def key_of(path: Path) -> Path:
    return path.with_name("secrets.json.key")


def test_no_file_is_no_secret_and_one_that_comes_later_is_seen(path: Path) -> None:
    secrets = Secrets.open(path)
    assert secrets.of("cam-001") is None
    keep(path, cam_001=PASSWORD)
    assert secrets.of("cam-001") == Login("admin", PASSWORD)
    assert secrets.of("cam-002") is None


def test_a_device_s_own_login_goes_before_the_group_s(path: Path) -> None:
    keep(path, every="of all", cam_001="its own")
    secrets = Secrets.open(path)
    own, other = secrets.of("cam-001"), secrets.of("cam-002")
    assert own == Login("admin", "its own")
    assert other == Login("admin", "of all")


def test_a_pin_is_kept_for_its_device_alone(path: Path) -> None:
    change_secrets(path, lambda contents: contents.pins.update({"cam-001": PIN}))
    secrets = Secrets.open(path)
    assert secrets.pin_of("cam-001") == PIN
    assert secrets.pin_of("cam-002") is None
    assert secrets.of("cam-001") is None


def test_files_are_ours_alone_and_hold_no_password(path: Path) -> None:
    keep(path, cam_001=PASSWORD)
    files = sorted(path.parent.iterdir())
    assert files == [path, key_of(path)]
    for file in files:
        assert file.stat().st_mode & 0o777 == 0o600
        for form in (*FORMS, "admin"):
            assert form.encode() not in file.read_bytes()


def test_the_same_password_twice_does_not_look_the_same(path: Path) -> None:
    keep(path, cam_001=PASSWORD, cam_002=PASSWORD)
    logins = json.loads(path.read_bytes())["logins"]
    assert logins["cam-001"] != logins["cam-002"]


def test_nothing_that_shows_a_login_shows_its_password(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    keep(path, cam_001=PASSWORD)
    secrets = Secrets.open(path)
    login = secrets.of("cam-001")
    caplog.set_level(logging.DEBUG)
    logging.getLogger("test").warning("%r %s %r %s", login, login, secrets, read_secrets(path))
    shown = f"{login} {login!r} {secrets!r} {vars(secrets)!r} {[login]} {read_secrets(path)!r} {caplog.text}"
    for form in FORMS:
        assert form not in shown


def test_exchanged_entries_are_refused_and_not_used(path: Path) -> None:
    keep(path, cam_001="one", cam_002="two")
    data = json.loads(path.read_bytes())
    logins = data["logins"]
    logins["cam-001"], logins["cam-002"] = logins["cam-002"], logins["cam-001"]
    path.write_text(json.dumps(data))
    with pytest.raises(ConfigError, match=r"'cam-001' .* was changed or belongs to another device"):
        Secrets.open(path)


def test_a_login_cannot_pass_for_a_pin(path: Path) -> None:
    keep(path, cam_001="one")
    data = json.loads(path.read_bytes())
    data["pins"] = data["logins"]
    path.write_text(json.dumps(data))
    with pytest.raises(ConfigError, match="pins: the entry of 'cam-001'"):
        Secrets.open(path)


@pytest.mark.parametrize("name", ["secrets.json", "secrets.json.key"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o777])
def test_a_file_open_to_others_is_refused_with_the_command_that_mends_it(path: Path, name: str, mode: int) -> None:
    keep(path, cam_001=PASSWORD)
    file = path.with_name(name)
    file.chmod(mode)
    with pytest.raises(ConfigError, match=f"mode {mode:04o}") as caught:
        Secrets.open(path)
    assert f"chmod 600 {file}" in caught.value.hint


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b"\xff", b'{"kakou_secrets": 1}', b"[" * 100_000])
def test_a_damaged_file_is_told_and_not_repeated(path: Path, text: bytes) -> None:
    keep(path, cam_001=PASSWORD)
    path.write_bytes(text)
    with pytest.raises(ConfigError, match="is damaged") as caught:
        Secrets.open(path)
    assert "set the passwords again" in caught.value.hint


def test_a_missing_and_a_wrong_key_are_told_apart(path: Path) -> None:
    keep(path, cam_001=PASSWORD)
    key_of(path).write_bytes(base64.b64encode(bytes(32)))
    with pytest.raises(ConfigError, match="does not fit"):
        Secrets.open(path)
    key_of(path).write_bytes(b"rubbish")
    with pytest.raises(ConfigError, match="does not fit"):
        Secrets.open(path)
    key_of(path).unlink()
    with pytest.raises(ConfigError, match="is missing"):
        Secrets.open(path)


def test_a_running_reader_keeps_the_last_good_state_and_says_so_once(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keep(path, cam_001=PASSWORD)
    secrets = Secrets.open(path)
    good = path.read_bytes()
    path.write_bytes(b"half a fi")
    for _ in range(3):
        assert secrets.of("cam-001") == Login("admin", PASSWORD)
    assert caplog.text.count("secrets.unreadable") == 1
    path.write_bytes(good)
    keep(path, cam_001="new")
    assert secrets.of("cam-001") == Login("admin", "new")


def test_the_key_may_lie_elsewhere_and_the_file_knows_where(path: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "key"
    keep(path, key_file=elsewhere, cam_001=PASSWORD)
    assert elsewhere.stat().st_mode & 0o777 == 0o600
    assert not key_of(path).exists()
    assert Secrets.open(path).of("cam-001") == Login("admin", PASSWORD)


def test_a_new_key_opens_everything_and_the_old_one_nothing(path: Path) -> None:
    keep(path, cam_001=PASSWORD)
    old_key, secrets = key_of(path).read_bytes(), Secrets.open(path)
    rotate_key(path)
    assert key_of(path).read_bytes() != old_key
    assert [file.name for file in sorted(path.parent.iterdir())] == ["secrets.json", "secrets.json.key"]
    assert secrets.of("cam-001") == Secrets.open(path).of("cam-001") == Login("admin", PASSWORD)
    key_of(path).write_bytes(old_key)
    with pytest.raises(ConfigError, match="does not fit"):
        Secrets.open(path)


def test_a_rotation_killed_at_any_step_leaves_a_pair_that_opens(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(path, cam_001=PASSWORD)
    step = 0

    class Killed(BaseException):
        pass

    replace = Path.replace

    def dying(self: Path, target: Path) -> Path:
        nonlocal step
        step -= 1
        if step < 0:
            raise Killed
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", dying)
    for count in (0, 1, 2, 0, 2, 1, 2, 3, 2, 2, 3):  # replacements until the kill, one rotation after the other
        step = count
        with contextlib.suppress(Killed):
            rotate_key(path)
        assert Secrets.open(path).of("cam-001") == Login("admin", PASSWORD)


def test_two_writers_lose_nothing(path: Path) -> None:
    def many(first: int) -> None:
        for number in range(first, first + 10):
            keep(path, **{f"cam_{number}": "x"})

    threads = [threading.Thread(target=many, args=(start,)) for start in (0, 100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_secrets(path).logins) == 30


def test_a_file_that_is_no_key_is_not_taken_for_one(path: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "key"
    wrong.touch(mode=0o600)
    wrong.write_text("not a key")
    with pytest.raises(ConfigError, match="is not a key file"):
        keep(path, key_file=wrong, cam_001=PASSWORD)
    assert not path.exists()


@pytest.mark.parametrize(("user", "password"), [("", "x"), ("a:b", "x"), ("a", ""), ("a", "x\r\ny"), ("a" * 257, "x")])
def test_a_login_that_no_camera_can_be_told_is_refused(user: str, password: str) -> None:
    with pytest.raises(ValueError, match="256 characters"):
        Login(user, password)


@settings(deadline=None, max_examples=30)
@given(name=st.text(min_size=1, max_size=20), value=st.binary(max_size=60), at=st.integers(0))
def test_a_sealed_value_opens_as_it_was_and_not_after_any_change(name: str, value: bytes, at: int) -> None:
    key = bytes(range(32))
    text = sealed._seal(key, "logins", name, value)
    assert sealed._open(Path("x"), key, "logins", name, text) == value
    raw = bytearray(base64.b64decode(text))
    raw[at % len(raw)] ^= 1
    with pytest.raises(ConfigError):
        sealed._open(Path("x"), key, "logins", name, base64.b64encode(raw).decode())


def test_a_fingerprint_is_read_as_browsers_and_openssl_write_it() -> None:
    assert fingerprint(":".join(["AB"] * 32)) == PIN
    for wrong in ("ab" * 20, "", "zz" * 32):
        with pytest.raises(ValueError, match="64"):
            fingerprint(wrong)
