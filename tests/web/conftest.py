"""Debian's chromium, and pages in it that are watched."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, ViewportSize, sync_playwright

from tests.web.watched import WatchedPage

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Without these chromium calls home, or does not start as root."""

WALL: ViewportSize = {"width": 1920, "height": 1080}
SMALL: ViewportSize = {"width": 1366, "height": 768}
"""Half the work for a machine that draws without a GPU."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("chromium is not installed, and CI must run the browser tests")
        pytest.skip("chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def open_wall(browser: Browser) -> Iterator[Callable[..., WatchedPage]]:
    """Open a link in a browser context of its own."""
    contexts = []

    def open_(link: str, size: ViewportSize = SMALL) -> WatchedPage:
        context = browser.new_context(viewport=size)
        contexts.append(context)
        watched = WatchedPage(context.new_page(), link.partition("/#")[0])
        watched.page.goto(link)
        return watched

    yield open_
    for context in contexts:
        context.close()
