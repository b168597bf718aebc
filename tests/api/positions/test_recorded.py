"""Recorded days: read, examined, asked about a moment of them, and played again through the real door."""

import asyncio
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import Result
from typer.testing import CliRunner

from api.access.sessions import create_device_token
from api.cli import app
from api.log.bus import POSITIONS
from api.plan.inputs import units_from
from api.positions.examined import Examined, Span, UnitDay, examine
from api.positions.recorded import Day, known_at, moment, read_day
from api.positions.replayed import Pace, Sent, replay
from camera_config.errors import ConfigError, CountyError
from lockdown.units import Trust, trust_of
from tests.support.county_files import lighter_county
from tests.support.small_county import LAT, LON, small_county, unit_places
from tests.support.web import Bench, StepClock, served

T = 1_799_990_000.0
COUNTY = small_county()
HEADER = "unit,lat,lon,at,speed_kmh,heading_deg,status,received_at"


def line(unit: str, at: float, late_s: float = 1.0, **more: object) -> str:
    cells = {"unit": unit, "lat": LAT, "lon": LON, "at": at, "speed_kmh": 0, "heading_deg": "", "status": "patrol"}
    return ",".join(str(cell) for cell in {**cells, "received_at": at + late_s, **more}.values())


def written(folder: Path, *lines: str, header: str = HEADER) -> Path:
    file = folder / "day.csv"
    file.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return file


def day_of(folder: Path, *lines: str, header: str = HEADER) -> Day:
    return read_day(written(folder, *lines, header=header), COUNTY)


def unit_of(found: Examined, unit: str = "u-1") -> UnitDay:
    return next(one for one in found.units if one.unit == unit)


def test_a_bad_line_is_named_by_its_number_and_the_rest_goes_on(tmp_path: Path) -> None:
    bad = [
        f"u-1,nan,{LON},{T}",
        f"u-1,{LAT},{LON},noon",
        f"u-1,{LAT},{LON}",
        f",{LAT},{LON},{T}",
        f"u-1,91,{LON},{T}",
        f"u-1,4_2,{LON},{T}",
        f"u-1,{LAT},1e999,{T}",
    ]
    file = written(tmp_path, f"u-1,{LAT},{LON},{T}", *bad, f"u-1,{LAT},{LON},{T + 1}", header="unit,lat,lon,at")
    day = read_day(file, COUNTY)
    assert [row.line for row in day.rows] == [2, 10]
    assert [(one.line, one.column) for one in day.bad] == [
        (3, "lat"), (4, "at"), (5, ""), (6, "unit"), (7, "lat"), (8, "lat"), (9, "lon"),
    ]  # fmt: skip
    with pytest.raises(ConfigError, match="line 3: lat: is no number"):
        read_day(file, COUNTY, strict=True)


def test_columns_in_any_order_are_found_missing_ones_named_and_others_ignored(tmp_path: Path) -> None:
    day = day_of(tmp_path, f"x,{T},{LON},u-1,{LAT}", header="plate, at,lon,unit,lat")
    assert (day.ignored, day.missing) == (("plate",), ("speed_kmh", "heading_deg", "status", "received_at"))
    assert day.rows[0].late_s == 0.0
    for header, why in (("unit,lat,at", "missing: lon"), ("unit,lat,lon,at,at", "twice: at"), ("", "missing: unit")):
        with pytest.raises(ConfigError, match=why):
            day_of(tmp_path, f"u-1,{LAT},{LON},{T}", header=header)
    with pytest.raises(ConfigError, match="holds no position"):
        day_of(tmp_path)


@pytest.mark.parametrize("raw", [b"unit,lat,lon,at\n\xbc\xaa,1,2,3\n", b"\x00\x00", b'unit,lat,lon,at\n"'])
def test_a_file_that_is_none_is_refused_with_a_word(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "x.csv").write_bytes(raw)
    with pytest.raises(ConfigError):
        read_day(tmp_path / "x.csv", COUNTY)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_day(tmp_path / "none.csv", COUNTY)


@pytest.mark.parametrize(
    "text", [f"{T:.0f}", f"{T * 1000:.0f}", "2027-01-15T13:13:20+08:00", "2027-01-15 13:13:20", "2027-01-15T05:13:20Z"]
)
def test_a_time_is_read_as_people_and_machines_write_it(text: str) -> None:
    assert moment(text, 8 * 3600) == T == datetime.fromisoformat("2027-01-15T13:13:20+08:00").timestamp()


def test_gaps_are_intervals_from_when_the_last_position_grew_too_old(tmp_path: Path) -> None:
    """30 s moving, 120 s standing; the last one lasts until the file ends, and a unit that never spoke is one gap."""
    lines = [line("u-1", T + s) for s in (0, 100, 300)] + [line("u-2", T + s, speed_kmh=40) for s in (0, 100, 500)]
    found = examine(day_of(tmp_path, *lines), COUNTY)
    assert unit_of(found).gaps == [Span(T + 220, T + 301), Span(T + 420, T + 501)]
    assert unit_of(found, "u-2").gaps == [Span(T + 30, T + 101), Span(T + 130, T + 501)]
    assert unit_of(found, "u-9").gaps == [Span(T + 1, T + 501)]


def test_lies_are_counted_by_what_they_are(tmp_path: Path) -> None:
    lines = [
        line("u-1", T),
        line("u-1", T + 5, lat=LAT + 0.2),
        line("u-2", T, lat=0, lon=0),
        line("u-3", T, lat=LAT + 3),
        line("u-4", T, speed_kmh=400),
        line("u-5", T + 3600, late_s=-3600),
        line("u-6", T, late_s=90),
        line("u-6", T, late_s=91),
        line("u-6", T - 5, late_s=99),
        line("nobody", T),
        *(line("u-7", T + 10 * n, speed_kmh=40) for n in range(80)),
    ]
    found = examine(day_of(tmp_path, *lines), COUNTY)
    assert unit_of(found).doubts == {"its last two places are further apart than any unit drives": [3]}
    words = [next(iter(unit_of(found, f"u-{n}").doubts)).split()[0] for n in (2, 3, 4, 5)]
    assert words == ["0/0:", "more", "faster", "more"]
    assert [unit_of(found, f"u-{n}").clock for n in (1, 5, 6)] == ["", "ahead", "slow or late"]
    assert (unit_of(found, "u-6").repeated, unit_of(found, "u-6").out_of_order) == (1, 1)
    assert unit_of(found, "u-7").frozen == [Span(T, T + 790)]
    assert found.strangers == {"nobody": 1}


def test_a_moment_of_a_day_is_planned_with_what_was_known_then(tmp_path: Path) -> None:
    places = unit_places(COUNTY)
    lines = [
        line(unit, T + s, lat=place.lat, lon=place.lon)
        for s in (0, 60, 600)
        for unit, place in places.items()
        if (unit, s) != ("u-2", 60)
    ]
    lines += [line("u-3", T + 62, lat=0, lon=0), line("u-4", T + 50, late_s=500), line("u-5", T + 65, lat=LAT + 0.5)]
    file = written(tmp_path, *lines)
    rows, at = known_at(file, COUNTY, f"{T + 70}")
    units = {str(unit.id): unit for unit in units_from(COUNTY, rows)}
    assert at == T + 70
    assert [units[name].seen_age_ms for name in ("u-1", "u-2", "u-4")] == [10_000, 70_000, 10_000]
    untrusted = {name for name, unit in units.items() if trust_of(unit, COUNTY.rules) is Trust.UNTRUSTED}
    assert untrusted == {"u-3", "u-5"}
    fresh = {name for name, unit in units.items() if trust_of(unit, COUNTY.rules) is Trust.FRESH}
    assert fresh == {str(unit.id) for unit in COUNTY.units} - untrusted
    rows, _ = known_at(file, COUNTY, f"{T + 500}")
    assert not [unit for unit in units_from(COUNTY, rows) if trust_of(unit, COUNTY.rules) is Trust.FRESH]
    for wrong, why in ((f"{T - 1}", "nothing was received"), ("noon", "no time")):
        with pytest.raises(ConfigError, match=why):
            known_at(file, COUNTY, wrong)


def test_a_recorded_frozen_unit_is_frozen_at_that_moment(tmp_path: Path) -> None:
    file = written(tmp_path, *(line("u-1", T + 10 * n, speed_kmh=40) for n in range(70)))
    rows, _ = known_at(file, COUNTY, f"{T + 691}")
    (unit,) = [unit for unit in units_from(COUNTY, rows) if unit.position]
    assert trust_of(unit, COUNTY.rules) is Trust.FROZEN


async def taken(web: Bench) -> list[dict[str, Any]]:
    found = [json.loads(fields["batch"]) for _, fields in await web.shared.bus.xrange(POSITIONS)]
    return [{**row, "age_s": batch["received_at"] - row["at"]} for batch in found for row in batch["positions"]]


async def played(web: Bench, day: Day, pace: Pace) -> Sent:
    """Play a day by the server's own clock, which moves while the player waits."""
    token = create_device_token(web.shared.engine, "units", web.clock)

    def play(url: str) -> Sent:
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, trust_env=False) as client:
            return replay(day, client, pace, web.clock, print)

    async with served(web) as url:
        return await asyncio.to_thread(play, url)


async def test_a_day_is_played_at_its_pace_with_its_ages_as_a_drill_unless_live(
    web_and_bus: Bench, tmp_path: Path
) -> None:
    lines = [line("u-1", T), line("u-2", T, late_s=40), line("u-1", T + 60, lat=0, lon=0), line("nobody", T)]
    began_s = web_and_bus.clock.mono_s
    for live in (False, True):
        sent = await played(web_and_bus, day_of(tmp_path, *lines), Pace(1.0, live))
        assert (sent.positions, sent.accepted, dict(sent.unknown_units)) == (4, 2, {"nobody": 1})
        assert "no fix" in next(iter(sent.untrusted))
    assert web_and_bus.clock.mono_s - began_s == 120
    rows = await taken(web_and_bus)
    told = [(row["unit"], round(row["age_s"], 3), row["drill"]) for row in rows]
    once = [("u-1", 1.0), ("u-2", 40.0), ("u-1", 1.0)]
    assert told == [(*row, drill) for drill in (True, False) for row in once]


async def test_a_squeezed_day_keeps_its_ages_and_its_drives_are_no_jumps(web_and_bus: Bench, tmp_path: Path) -> None:
    """A drive at 100 km/h, a report every 10 s, in a thirtieth of the time."""
    step = 100 / 3.6 * 10 / 111_195
    lines = [line("u-1", T + 10 * n, late_s=7, lat=LAT + n * step, speed_kmh=100) for n in range(31)]
    began_s = web_and_bus.clock.mono_s
    sent = await played(web_and_bus, day_of(tmp_path, *lines), Pace(30.0, live=False))
    assert (sent.accepted, sent.untrusted) == (31, {})
    assert web_and_bus.clock.mono_s - began_s == pytest.approx(10.0)
    assert [row["age_s"] for row in await taken(web_and_bus)] == pytest.approx([7.0] * 31, abs=0.51)
    with pytest.raises(ValueError, match="live"):
        Pace(2.0, live=True)


async def test_a_replay_with_a_wrong_token_ends_with_what_to_do(web_and_bus: Bench, tmp_path: Path) -> None:
    day, clock = day_of(tmp_path, line("u-1", T)), StepClock()

    def play(url: str) -> None:
        with httpx.Client(base_url=url, headers={"Authorization": "Bearer no"}, trust_env=False) as client:
            replay(day, client, Pace(1.0, live=False), clock, print)

    async with served(web_and_bus) as url:
        with pytest.raises(CountyError, match="refused the positions: 401"):
            await asyncio.to_thread(play, url)


def kakou(*args: str) -> Result:
    return CliRunner().invoke(app, ["positions", *args], env={"COLUMNS": "200"})


def test_the_commands_tell_what_is_in_a_file_and_end_2_on_a_bad_one(tmp_path: Path) -> None:
    file, county = str(written(tmp_path, line("patrol-01", T), line("u-x", T + 300), "half")), tmp_path / "county"
    lighter_county(county, cameras=1)
    found = json.loads(kakou("check", file, "--county", str(county), "--json").stdout)
    assert (found["positions"], found["unknown_units"]) == (2, {"u-x": 1})
    assert [bad["line"] for bad in found["bad_lines"]] == [4]
    told = kakou("check", file, "--county", str(county)).output
    assert "line 4: 1 cells" in told
    assert "not in units.csv: u-x" in told
    refused = kakou("check", file, "--county", str(county), "--strict")
    assert refused.exit_code == 2
    assert "line 4" in refused.output
    assert kakou("replay", file, "--live", "--speed", "2").exit_code == 2


def test_plan_takes_a_recorded_day_with_a_moment_of_it_and_neither_alone(tmp_path: Path) -> None:
    county, file = lighter_county(tmp_path / "county", cameras=1), str(written(tmp_path, line("patrol-01", T)))
    ask = ["plan", "--county", str(county), "--positions"]
    assert CliRunner().invoke(app, [*ask, file]).exit_code == 2
    assert CliRunner().invoke(app, [*ask, str(county / "positions.json"), "--at", "1"]).exit_code == 2
    asked = CliRunner().invoke(app, [*ask, file, "--at", f"{T:.0f}"])
    assert isinstance(asked.exception, ConfigError)
    assert "nothing was received by then" in str(asked.exception)
