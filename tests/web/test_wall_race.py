"""The race on the wall: from an alert and from a place on the map, and what is left of it when no answer comes."""

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.web.conftest import SMALL, WALL
from tests.web.test_wall_states import SOON_MS, DevServer, Open, built, server

__all__ = ["built", "server"]

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

ENDS = """() => {
  const bar = document.querySelector('header');
  const parts = [...bar.children].map(part => part.getBoundingClientRect());
  const table = bar.querySelector('.rings').getBoundingClientRect();
  const overlap = Math.max(...parts.slice(1).map((part, i) => parts[i].right - part.left));
  const beyond = parts.at(-1).right - bar.getBoundingClientRect().right;
  const inside = [...document.querySelectorAll('.rings td, .rings th')];
  const wide = Math.max(...inside.map(cell => cell.getBoundingClientRect().right - table.right));
  return Math.ceil(Math.max(overlap, beyond, wide) - 0.5);
}"""


def test_from_an_alert_the_race_is_asked_one_call_at_a_time_and_lapses_without_an_answer(
    server: DevServer, open_wall: Open
) -> None:
    server.world(raceValidS=4, race="slow")
    wall = open_wall(server.link)
    page = wall.page
    expect(page.get_by_test_id("passage").first).to_be_visible(timeout=SOON_MS)
    server.post("/dev/alert")
    page.get_by_test_id("race-open").click(timeout=SOON_MS)
    page.get_by_role("button", name="刚才").wait_for(state="detached")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("race")).to_have_count(0)
    page.get_by_test_id("race-open").click()
    exits = page.get_by_test_id("race-exit")
    expect(exits).to_have_count(23, timeout=SOON_MS)
    standings = exits.evaluate_all("rows => rows.map(row => row.dataset.standing)")
    assert {"leaks", "unknown", "held"} <= set(standings)
    expect(page.locator("[data-testid=race-exit][data-standing=unknown]").first).to_contain_text("不明")
    expect(page.get_by_test_id("race-inside")).to_have_attribute("data-inside", re.compile("town|county"))
    expect(page.get_by_test_id("race-blind")).to_contain_text("/23")
    expect(page.locator("[data-post=town-5] td").last).to_have_text(re.compile(r"^\?.*卡口故障"))
    expect(page.locator("[data-post=county-14] td").last).to_have_text(re.compile(r"^\?.*无卡口"))
    server.world(race="ok")
    _until(page, lambda: server.get("/dev/raced")["quiet"] >= 1)
    raced = server.get("/dev/raced")
    assert raced["most"] == 1
    alert = server.get("/dev/alerts")[0]
    assert {body["seen_at"] for body in raced["bodies"]} == {alert["passage"]["at"]}
    assert all(set(body) == {"lat", "lon", "seen_at", "roads"} for body in raced["bodies"]), "no plate is sent"
    wall.assert_clean()

    server.world(race=503)
    expect(page.get_by_test_id("race-age")).to_contain_text("不明 / 已过期", timeout=15_000)
    expect(page.get_by_test_id("race-age")).to_contain_text("规划进程没有回答")
    expect(page.get_by_test_id("race-inside")).to_have_attribute("data-inside", "unknown")
    assert set(exits.evaluate_all("rows => rows.map(row => row.dataset.standing)")) == {"unknown"}
    server.world(race="ok")
    expect(page.get_by_test_id("race-age")).to_have_attribute("data-doubt", "", timeout=SOON_MS)


def test_from_the_map_by_keyboard_with_the_time_he_was_seen(server: DevServer, open_wall: Open) -> None:
    wall = open_wall(server.link)
    page = wall.page
    expect(page.get_by_test_id("verdict")).to_have_attribute("data-state", "ready", timeout=SOON_MS)
    opener = page.get_by_test_id("race-from-map")
    opener.press("Enter")
    expect(page.get_by_test_id("map-town").locator("canvas").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="刚才")).to_be_focused()
    page.get_by_role("button", name="5 分前").press("Enter")
    expect(page.get_by_test_id("race-exit")).to_have_count(23, timeout=SOON_MS)
    body = server.get("/dev/raced")["bodies"][-1]
    assert time.time() - body["seen_at"] == pytest.approx(300, abs=10)
    assert (body["lat"], body["lon"]) == (pytest.approx(42.68, abs=0.02), pytest.approx(125.53, abs=0.02))
    expect(page.locator("[data-testid=race-exit][data-standing=passed]").first).to_contain_text("可能已过")
    expect(page.get_by_test_id("race-passage").first).to_be_visible()
    page.get_by_test_id("language").click()
    expect(page.locator("[data-testid=race-exit][data-standing=passed]").first).to_contain_text("may have passed")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("race")).to_have_count(0)
    expect(opener).to_be_focused()
    wall.assert_clean()


def test_nothing_in_the_top_bar_overlaps_in_either_language(server: DevServer, open_wall: Open) -> None:
    page = open_wall(server.link).page
    verdict = page.get_by_test_id("verdict")
    for state in ("at_risk", "not_possible"):
        server.world(state=state)
        expect(verdict).to_have_attribute("data-state", state, timeout=SOON_MS)
        for _ in range(2):
            page.get_by_test_id("language").click()
            for size in (SMALL, WALL):
                page.set_viewport_size(size)
                found = page.evaluate(ENDS)
                assert found <= 0, (state, size, page.locator("html").get_attribute("lang"), found)


def _until(page: Page, done: Callable[[], bool]) -> None:
    end = time.monotonic() + SOON_MS / 1000
    while not done():
        assert time.monotonic() < end
        page.wait_for_timeout(100)
