"""The wall in a real browser on the whole running system."""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.demo_system import RunningDemo, running_demo
from tests.web.conftest import WALL
from tests.web.watched import WatchedPage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

FRESH_S = 5.0
WAIT_S = 90.0


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    with running_demo(tmp_path_factory.mktemp("wall") / "demo", "--cameras", "12") as running:
        yield running


def test_the_wall_shows_the_running_county(
    demo: RunningDemo, open_wall: Callable[..., WatchedPage], tmp_path: Path
) -> None:
    wall = open_wall(demo.link, WALL)
    page = wall.page
    verdict = page.get_by_test_id("verdict")
    expect(verdict).to_have_text(re.compile("可封城|有风险|做不到|不明"), timeout=WAIT_S * 1000)
    assert "token" not in page.url

    expect(page.get_by_test_id("checkpoint-marker")).to_have_count(13, timeout=WAIT_S * 1000)
    _until(page, "a verdict of the planner", lambda: verdict.get_attribute("data-state") != "unknown")
    _until(page, "a picture younger than 5 s", lambda: any(age < FRESH_S for age in _ages(page)))
    _until(page, "a passage with the plate that passed", lambda: bool(_plates(page) & _truth(demo.truth)))
    said = page.get_by_test_id("motion")
    _until(page, "a speed with its error", lambda: any(" ± " in words for words in said.all_text_contents()))
    expect(said.filter(has_text="未标定").first).to_be_visible()

    page.screenshot(path=tmp_path / "wall.png")
    wall.assert_clean()


def _ages(page: Page) -> list[float]:
    said = page.get_by_test_id("tile").evaluate_all("tiles => tiles.map(tile => tile.dataset.age)")
    return [float(age) for age in said if age]


def _plates(page: Page) -> set[str]:
    return set(page.locator("[data-testid=passage] [data-testid=passage-plate]").all_text_contents())


def _truth(file: Path) -> set[str]:
    """Plates that passed; the last line may be half written."""
    found = set()
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            found.add(json.loads(line)["plate"])
        except json.JSONDecodeError:
            continue
    return found


def _until(page: Page, what: str, done: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not done():
        assert time.monotonic() < end, f"the wall did not show {what} in {WAIT_S:.0f} s"
        page.wait_for_timeout(500)
