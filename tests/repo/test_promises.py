"""Promises that no single module can keep alone."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from camera_config import errors

ROOT = Path(__file__).parents[2]
PACKAGES = ("api", "camera_config", "detection", "ingest", "lockdown")

HEAVY = ("cv2", "torch", "onnxruntime", "av", "redis", "fastapi", "sqlalchemy", "pandas")


@pytest.mark.parametrize("package", ["lockdown", "camera_config", "ingest"])
def test_import_is_light(package: str) -> None:
    code = f"import sys, {package}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_lock_has_hashes_and_no_addresses(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    pins = [line for line in text.splitlines() if re.match(r"^[a-z0-9]", line)]
    assert pins
    assert all(pin.endswith("\\") for pin in pins), "every pin is followed by its hashes"


def test_web_lock_has_no_addresses() -> None:
    assert '"resolved"' not in (ROOT / "web" / "package-lock.json").read_text(encoding="utf-8")


def kinds(kind: type[errors.CountyError]) -> set[type[errors.CountyError]]:
    return {kind}.union(*(kinds(child) for child in kind.__subclasses__()))


@pytest.mark.parametrize("kind", sorted(kinds(errors.CountyError), key=lambda kind: (kind.code, kind.__name__)))
def test_every_error_code_is_explained(kind: type[errors.CountyError]) -> None:
    assert f"| `{kind.code}` |" in (ROOT / "docs" / "ref" / "errors.md").read_text(encoding="utf-8")


IDENTITY = re.compile(r"\b(face|faces|facial|embedding|gender|ethnic\w*|re_?id|biometric\w*)\b", re.IGNORECASE)
ALLOWED = re.compile(r"[Nn]o face|no faces|never|refus|fontface|font-face|typeface|interface", re.IGNORECASE)


def test_no_column_and_no_message_can_hold_a_face_or_a_trait() -> None:
    """A16: the store's columns and the API's schema name nothing that identifies or describes a person."""
    import api.access.tables
    import api.alerts.tables
    import api.drill.tables
    import api.passages.tables  # noqa: F401
    from api.store import metadata

    names = [f"{table.name}.{column.name}" for table in metadata.tables.values() for column in table.columns]
    assert len(names) > 30
    assert not [name for name in names if IDENTITY.search(name.replace(".", " ").replace("_", " "))]


def test_the_detector_knows_a_closed_set_of_classes() -> None:
    from detection.models import CLASSES

    assert set(CLASSES) == {"person", "bicycle", "motorcycle", "car", "bus", "truck", "plate"}


def test_no_machine_paths_and_no_registry_hosts() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True, cwd=ROOT)
    hosts = re.compile(r"https?://[\w.]*(pypi|pythonhosted|npmjs|debian)\.(org|com)")
    places = re.compile("/ro" + "ot/|/ho" + r"me/\w")
    bad = []
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.suffix in {".onnx", ".png", ".jpg", ".ttf", ".otf", ".woff2", ".npz"} or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        if name != "tests/repo/test_promises.py" and (hosts.search(text) or places.search(text)):
            bad.append(name)
    assert bad == []


def test_no_file_needs_a_second_subject() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 500
    }
    assert long == {}
