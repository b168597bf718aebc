"""Another system's stream of positions over two real servers, and what its entries may say."""

import asyncio
import json
import logging
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import redis

from api.access.rights import Role
from api.live.hub import Hub
from api.live.tasks import cancelled
from api.log.bus import POSITIONS, start_embedded
from api.positions.dialect import Dialect, Wrong
from api.positions.intake import Intake, place_key
from api.run_folder import RunFolder
from camera_config.county import PositionStream, UnitStatus
from camera_config.datum import to_gcj02
from camera_config.secrets import Login, change_secrets
from tests.support.feed import Screen, parse
from tests.support.small_county import LAT, LON, small_county
from tests.support.waiting import until
from tests.support.web import Bench, bench

PASSWORD = "S3cret!gps"
SOON = (0.02,)


@dataclass
class Platform:
    """Another system's server: who writes there, and what its stream is called."""

    home: Path
    process: subprocess.Popen[bytes]
    client: redis.Redis

    @property
    def socket(self) -> str:
        return str(RunFolder(self.home / "r").bus_socket)

    def start(self) -> None:
        self.process = start_embedded(RunFolder(self.home / "r"), self.home / "d")

    def end(self) -> None:
        self.process.kill()
        self.process.wait()

    def says(self, stream: str, *rows: dict[str, object], identity: str = "*") -> None:
        for row in rows:
            self.client.xadd(stream, {key: str(value) for key, value in row.items()}, id=identity)


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with tempfile.TemporaryDirectory(prefix="kp-", dir="/tmp") as home:
        run = RunFolder(Path(home) / "r")
        run.path.mkdir()
        process = start_embedded(run, Path(home) / "d")
        made = Platform(Path(home), process, redis.Redis(unix_socket_path=str(run.bus_socket)))
        yield made
        made.client.close()
        made.end()


def stream_of(platform: Platform | None, name: str, **changes: Any) -> PositionStream:
    ours = ("unit", "lat", "lon", "at", "status")
    fields = {**{word: word for word in ours}, "speed": "speed_kmh", "heading": "heading_deg"}
    made = PositionStream(
        url=f"unix://{platform.socket if platform else '/none'}",
        stream=name,
        json_field="",
        datum="WGS84",
        speed="km/h",
        time="s",
        silent_s=60,
        fields=fields,
        units={},
        statuses={},
    )
    return replace(made, **changes)


@asynccontextmanager
async def with_stream(home: tuple[RunFolder, Path], stream: PositionStream) -> AsyncIterator[Bench]:
    async with bench(home, replace(small_county(), positions=stream)) as web:
        yield web


@asynccontextmanager
async def reading(web: Bench) -> AsyncIterator[Intake]:
    shared, county = web.shared, web.shared.county
    assert county.positions is not None
    file = shared.settings.secrets_file
    intake = Intake(
        county.positions, shared.bus, shared.border, web.clock, shared.outbox, file, backoff_s=SOON, block_ms=50
    )
    shared.intake, shared.hub.intake = intake, intake
    task = asyncio.create_task(intake.run())
    try:
        yield intake
    finally:
        await cancelled(task)


async def taken(web: Bench) -> list[dict[str, Any]]:
    """Return all rows on our bus, each with when its batch was received."""
    found = [json.loads(fields["batch"]) for _, fields in await web.shared.bus.xrange(POSITIONS)]
    return [{**row, "received_at": batch["received_at"]} for batch in found for row in batch["positions"]]


async def place_is_at_the_end(web: Bench, platform: Platform, stream: PositionStream) -> None:
    end = platform.client.xrevrange(stream.stream, count=1)[0][0].decode()
    async with asyncio.timeout(10):
        while await web.shared.bus.get(place_key(stream)) != end:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def at(web: Bench, **more: object) -> dict[str, object]:
    return {"unit": "u-1", "lat": LAT, "lon": LON, "at": web.clock.wall_s, **more}


async def test_a_restart_neither_loses_nor_repeats(bus_home: tuple[RunFolder, Path], platform: Platform) -> None:
    stream = stream_of(platform, "restart")
    async with with_stream(bus_home, stream) as web:
        start = web.clock.wall_s
        platform.says("restart", *(at(web, at=start + n / 1000) for n in range(450)))
        async with reading(web) as intake:
            await until(lambda: intake.counts["stream_positions"] >= 200)
        platform.says("restart", *(at(web, at=start + n / 1000) for n in range(450, 700)))
        async with reading(web):
            await place_is_at_the_end(web, platform, stream)
        rows = await taken(web)
    assert [round((row["at"] - start) * 1000) for row in rows] == list(range(700))
    assert {row["untrusted"] for row in rows} == {None}


async def test_a_place_that_somebody_else_moved_is_asked_for_again(
    bus_home: tuple[RunFolder, Path], platform: Platform
) -> None:
    stream = stream_of(platform, "moved")
    async with with_stream(bus_home, stream) as web:
        platform.says("moved", at(web, unit="u-1"), at(web, unit="u-2"))
        async with reading(web) as intake:
            await place_is_at_the_end(web, platform, stream)
            await web.shared.bus.set(place_key(stream), "0-0")
            platform.says("moved", at(web, unit="u-3"))
            await until(lambda: intake.counts["stream_positions"] >= 6)
            await place_is_at_the_end(web, platform, stream)
        assert [row["unit"] for row in await taken(web)] == ["u-1", "u-2", "u-1", "u-2", "u-3"]


async def test_a_backlog_after_an_outage_keeps_its_ages_and_its_doubts(
    bus_home: tuple[RunFolder, Path], platform: Platform
) -> None:
    stream = stream_of(platform, "backlog")
    async with with_stream(bus_home, stream) as web:
        now = web.clock.wall_s
        async with reading(web) as intake:
            platform.says("backlog", at(web))
            await until(lambda: intake.counts["stream_positions"] == 1)
            platform.end()
            await until(lambda: intake.counts["stream_reconnects"] >= 2)
            web.clock.step(600)
            platform.start()
            platform.says(
                "backlog",
                at(web, unit="u-2", at=now + 300),
                at(web, unit="u-2", at=now + 200),
                at(web, unit="u-2", at=now + 300),
                at(web, unit="u-3", lat=0, lon=0),
                at(web, unit="u-4", lat=LAT + 3),
                at(web, unit="u-5", at=now + 900),
                at(web, unit="u-6", speed_kmh=400),
                at(web, unit="nobody"),
            )
            await place_is_at_the_end(web, platform, stream)
        rows = await taken(web)
        counts = intake.counts
    assert [(row["unit"], row["received_at"] - row["at"]) for row in rows][1:4] == [
        ("u-2", 300.0),
        ("u-2", 400.0),
        ("u-2", 300.0),
    ]
    assert [(row["unit"], (row["untrusted"] or "").split(":")[0]) for row in rows[4:]] == [
        ("u-3", "0/0"),
        ("u-4", "more than 30 km outside the county"),
        ("u-5", "more than 5 s in the future"),
        ("u-6", "faster than any unit"),
    ]
    assert (counts["stream_untrusted"], counts["stream_unknown_units"], counts["stream_unreadable"]) == (4, 1, 0)


async def test_one_border_judges_both_doors(bus_home: tuple[RunFolder, Path], platform: Platform) -> None:
    stream = stream_of(platform, "both-doors")
    async with with_stream(bus_home, stream) as web, web.logged_in(Role.DEVICE) as client, reading(web) as intake:
        platform.says("both-doors", at(web))
        await until(lambda: intake.counts["stream_positions"] == 1)
        body = {"positions": [at(web, lat=LAT + 0.1, at=web.clock.wall_s + 1)]}
        answer = (await client.post("/v1/units/positions", json=body)).json()
    assert "further apart" in answer["untrusted"][0]["reason"]


async def test_a_stream_with_ids_of_its_own_is_read_from_its_end_and_again_when_it_is_made_anew(
    bus_home: tuple[RunFolder, Path], platform: Platform
) -> None:
    stream = stream_of(platform, "own-ids")
    async with with_stream(bus_home, stream) as web:
        platform.says("own-ids", at(web, unit="u-1"), identity="7-1")
        async with reading(web) as intake:
            await place_is_at_the_end(web, platform, stream)
            platform.says("own-ids", at(web, unit="u-2"), identity="8-1")
            await until(lambda: intake.counts["stream_positions"] == 1)
            platform.client.delete("own-ids")
            platform.says("own-ids", at(web, unit="u-3"), identity="1-1")
            await until(lambda: intake.counts["stream_positions"] == 2)
        assert [row["unit"] for row in await taken(web)] == ["u-2", "u-3"]


async def test_the_login_comes_from_the_secrets_file_and_is_never_told(
    bus_home: tuple[RunFolder, Path], platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    stream = stream_of(platform, "secret")
    platform.client.acl_setuser(
        "gps", enabled=True, reset=True, passwords=[f"+{PASSWORD}"], keys=["*"], commands=["+@all"]
    )
    platform.client.acl_setuser("default", enabled=False)
    try:
        async with with_stream(bus_home, stream) as web:
            file = web.shared.settings.secrets_file
            change_secrets(
                file,
                lambda held: held.logins.update(
                    {"*": Login("camera", "no"), "positions.stream": Login("gps", "wrong-" + PASSWORD)}
                ),
            )
            async with reading(web) as intake:
                await until(lambda: intake.counts["stream_reconnects"] >= 2)
                assert "refused user or password" in caplog.text
                change_secrets(file, lambda held: held.logins.update({"positions.stream": Login("gps", PASSWORD)}))
                with redis.Redis(unix_socket_path=platform.socket, username="gps", password=PASSWORD) as gps:
                    gps.xadd("secret", {key: str(value) for key, value in at(web).items()})
                await until(lambda: intake.counts["stream_positions"] == 1)
    finally:
        platform.end()
        platform.start()
    assert PASSWORD not in caplog.text


async def test_silence_is_a_part_that_is_down_on_every_surface(
    bus_home: tuple[RunFolder, Path], platform: Platform
) -> None:
    stream = stream_of(platform, "silence")
    async with with_stream(bus_home, stream) as web, web.logged_in(Role.ADMINISTRATOR) as admin:
        hub: Hub = web.shared.hub
        async with reading(web) as intake:
            platform.says("silence", at(web))
            await until(lambda: intake.counts["stream_positions"] == 1)
            heard_at = web.clock.wall_s
            screen = Screen(hub.join(None)[0])
            web.clock.step(60)
            hub.check()
            assert hub.status()["positions"] == "up"
            web.clock.step(1)
            hub.check()
            said = await screen.until("status")
            assert (said["positions"], said["positions_from"], said["positions_at"]) == ("down", "silence", heard_at)
            assert dict(parse(hub.join(None)[1]))["status"]["positions"] == "down"
            assert (await admin.get("/healthz")).json()["parts"]["positions"] == "down"
            assert "positions from silence</th><td>61 s" in (await admin.get("/status")).text
            text = (await admin.get("/metrics")).text
            assert 'kakou_up{part="positions"} 0.0' in text
            assert "kakou_positions_silence_seconds 61.0" in text
            platform.says("silence", at(web))
            await until(lambda: hub.status()["positions"] == "up")


async def test_what_cannot_be_read_is_counted_and_logged_without_what_it_says(
    bus_home: tuple[RunFolder, Path], platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    stream = stream_of(platform, "broken")
    async with with_stream(bus_home, stream) as web:
        async with reading(web) as intake:
            platform.says("broken", at(web, lat="吉D12345"), at(web, lat="42.61234x"), {"plate": "吉D12345"})
            platform.says("broken", at(web, unit="吉D12345"), at(web))
            await until(lambda: intake.counts["stream_positions"] == 2)
        counts = intake.counts
    assert (counts["stream_unreadable"], counts["stream_unknown_units"]) == (3, 1)
    assert "field=lat why=no_number" in caplog.text
    assert "D12345" not in caplog.text
    assert "42.61" not in caplog.text


def read(stream: PositionStream, *entries: dict[str, object]) -> tuple[list[Any], list[Wrong]]:
    raw = [
        {key.encode(): value if isinstance(value, bytes) else str(value).encode() for key, value in entry.items()}
        for entry in entries
    ]
    return Dialect(stream).read(raw)


ENTRY: dict[str, object] = {"unit": "u-1", "lat": LAT, "lon": LON, "at": 1_800_000_000}


@pytest.mark.parametrize(
    ("changes", "field", "why"),
    [
        ({"lat": "NaN"}, "lat", "no_number"),
        ({"lat": "inf"}, "lat", "no_number"),
        ({"lat": "1e999"}, "lat", "finite_number"),
        ({"lat": "4_2"}, "lat", "no_number"),
        ({"lat": "125.5", "lon": "42.6"}, "lat", "less_than_equal"),
        ({"lat": b"\xbc\xaa"}, "lat", "not_utf8"),
        ({"lat": ""}, "lat", "missing"),
        ({"at": "1800000000000"}, "at", "less_than_equal"),
        ({"at": "-1"}, "at", "greater_than_equal"),
        ({"speed_kmh": "-1"}, "speed_kmh", "greater_than_equal"),
        ({"heading_deg": "511"}, "heading_deg", "less_than_equal"),
        ({"status": "superman"}, "status", "unknown_word"),
        ({"unit": "u" * 65}, "unit", "string_too_long"),
    ],
)
def test_what_is_wrong_with_an_entry_is_named_by_its_own_field(
    changes: dict[str, object], field: str, why: str
) -> None:
    found, wrong = read(stream_of(None, "x"), {**ENTRY, **changes}, ENTRY)
    assert len(found) == 1
    assert wrong == [Wrong(field, why)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{half", "json"),
        ("[" * 100_000, "json"),
        ('"text"', "no_object"),
        ("[1]", "no_object"),
        ('{"u":true,"y":1,"x":1,"t":1}', "no_text"),
        ('{"u":"u-1","y":NaN,"x":1,"t":1}', "finite_number"),
        ('{"u":"u-1","y":true,"x":1,"t":1}', "no_number"),
        ('{"u":"u-1","y":[],"x":1,"t":1}', "no_number"),
        (f'{{"u":"u-1","y":1,"x":1,"t":1{"0" * 400}}}', "no_number"),
        ("[" + ",".join(["{}"] * 1_001) + "]", "too_long"),
        (" " * 300_000, "too_long"),
    ],
)
def test_json_that_is_none_or_says_nothing_is_left_out(text: str, why: str) -> None:
    stream = stream_of(None, "x", json_field="body", fields={"unit": "u", "lat": "y", "lon": "x", "at": "t"})
    found, wrong = read(stream, {"body": text})
    assert found == []
    assert [one.why for one in wrong] == [why]


def test_their_names_measures_and_datum_become_ours() -> None:
    lat, lon = to_gcj02(np.array([LAT]), np.array([LON]))
    stream = stream_of(
        None,
        "x",
        json_field="body",
        datum="GCJ-02",
        speed="0.1km/h",
        time="ms",
        fields={"unit": "sim", "lat": "y", "lon": "x", "at": "t", "speed": "v", "heading": "h", "status": "s"},
        units={"13800000001": "u-7"},
        statuses={"2": UnitStatus.ON_CALL},
    )
    body = [
        {"sim": 13800000001, "y": lat[0], "x": str(lon[0]), "t": 1_800_000_000_500, "v": 615, "h": 90, "s": 2, "z": 1},
        {"sim": "u-2", "y": 0, "x": 0, "t": 1_800_000_000_500, "s": "patrol", "h": None},
    ]
    found, wrong = read(stream, {"body": json.dumps(body)})
    assert wrong == []
    assert (found[0].unit, found[0].at, found[0].status) == ("u-7", 1_800_000_000.5, "on_call")
    assert found[0].speed_kmh == pytest.approx(61.5)
    assert (found[0].lat, found[0].lon) == (pytest.approx(LAT, abs=1e-7), pytest.approx(LON, abs=1e-7))
    assert (found[1].lat, found[1].lon, found[1].status, found[1].speed_kmh) == (0.0, 0.0, "patrol", None)
