"""`kakou simulate units` against a server: once a second, with its token, and it waits for a server that is away."""

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from api.commands.simulate_units import _feed
from api.plan.inputs import Prepared, prepare
from camera_config.errors import CountyError
from tests.support.small_county import small_county


class SteppedClock:
    """Time moves when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def now(self) -> datetime:
        return datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic_s(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class Centre(HTTPServer):
    """Takes positions; answers ``status``."""

    def __init__(self, status: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = status
        self.taken: list[tuple[str, str, list[dict[str, Any]]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert isinstance(self.server, Centre)
        self.server.taken.append((self.path, self.headers["Authorization"], body["positions"]))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def centre(request: pytest.FixtureRequest) -> Iterator[Centre]:
    server = Centre(getattr(request, "param", 200))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return prepare(small_county())


def test_positions_are_posted_once_a_second_with_the_token(centre, prepared):
    _feed(prepared.county, prepared, 1, 5.0, centre.url, "secret", SteppedClock())
    assert [(path, token) for path, token, _ in centre.taken] == [("/v1/units/positions", "Bearer secret")] * 5
    rows = centre.taken[0][2]
    assert {row["unit"] for row in rows} == {str(unit.id) for unit in prepared.county.units}
    assert set(rows[0]) == {"unit", "lat", "lon", "at", "speed_kmh", "heading_deg", "status", "drill"}


@pytest.mark.parametrize("centre", [401, 403, 422], indirect=True)
def test_a_refused_token_ends_it_with_a_message(centre, prepared):
    with pytest.raises(CountyError, match="refused the positions"):
        _feed(prepared.county, prepared, 1, 5.0, centre.url, "wrong", SteppedClock())


def test_a_server_that_is_away_is_waited_for_and_told_of_once(prepared, capsys):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    _feed(prepared.county, prepared, 1, 5.0, f"http://127.0.0.1:{port}", "t", SteppedClock())
    assert capsys.readouterr().out.count("does not answer") == 1
