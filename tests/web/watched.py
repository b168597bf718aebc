"""A page of the wall that notes whatever the wall must never do."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request

DRIVER_NOTES = ("GL Driver Message", "GPU stall due to ReadPixels", "Automatic fallback to software WebGL")
"""What chromium itself says of a machine without a GPU."""


@dataclass
class WatchedPage:
    """``foreign`` are requests to other origins, ``errors`` what stands in the console, policy breaches among it."""

    page: Page
    origin: str
    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", self._request)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def assert_clean(self) -> None:
        assert self.foreign == []
        assert self.errors == []

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"blob", "data"}:
            return
        if f"{parts.scheme}://{parts.netloc}" != self.origin:
            self.foreign.append(request.url)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not any(note in message.text for note in DRIVER_NOTES):
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")
