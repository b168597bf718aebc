"""Hostile and broken positions: none is a crash, none moves a unit, none is echoed."""

import json
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.access.rights import Role
from api.log.bus import POSITIONS
from api.positions.border import Border, PositionIn
from tests.support.small_county import LAT, LON, small_county
from tests.support.web import Bench

NOW = 1_800_000_000.0
PATH = "/v1/units/positions"
GOOD = {"unit": "u-1", "lat": LAT, "lon": LON, "at": NOW}
JSON = {"Content-Type": "application/json"}


def position(**changes: object) -> PositionIn:
    return PositionIn.model_validate({**GOOD, **changes})


def reason(*batch: PositionIn) -> str | None:
    _, answer = Border(small_county()).judge(list(batch), NOW)
    return answer.untrusted[-1].reason if answer.untrusted else None


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"lat": 0.0, "lon": 0.0}, "no fix"),
        ({"lat": LON, "lon": LAT}, "exchanged"),
        ({"lat": LAT + 1.0}, "outside"),
        ({"lon": -LON}, "outside"),
        ({"at": NOW + 5.001}, "future"),
        ({"speed_kmh": 160.1}, "faster"),
    ],
)
def test_what_cannot_be_true_is_not_trusted(changes: dict[str, float], word: str) -> None:
    lat = changes.get("lat", LAT)
    if abs(lat) <= 90:
        assert word in (reason(position(**changes)) or "")
    else:
        with pytest.raises(ValueError):
            position(**changes)


@pytest.mark.parametrize(
    "changes", [{}, {"at": NOW + 5.0}, {"speed_kmh": 160.0}, {"at": NOW - 86_400}, {"lat": LAT + 0.2}]
)
def test_what_can_be_true_is_trusted(changes: dict[str, float]) -> None:
    assert reason(position(**changes)) is None


def test_a_jump_no_unit_can_drive_is_not_trusted_and_the_way_back_is() -> None:
    far = position(lat=LAT + 0.1, at=NOW + 3.0)
    border = Border(small_county())
    assert border.judge([position()], NOW)[1].accepted == 1
    assert "further apart" in border.judge([far], NOW)[1].untrusted[0].reason
    assert border.judge([position(lat=LAT + 0.0005, at=NOW + 4.0)], NOW)[1].accepted == 1


def test_a_unit_that_two_devices_report_is_not_trusted_until_one_falls_silent() -> None:
    border, here, there = Border(small_county()), LAT, LAT + 0.1
    trusted = []
    for second in range(120):
        lat = there if second % 2 and second < 20 else here
        _, answer = border.judge([position(lat=lat, at=NOW + second)], NOW + second)
        trusted.append(answer.accepted == 1)
    assert trusted[:3] == [True, False, True]
    assert not any(trusted[3:80])
    assert all(trusted[80:])


def test_two_devices_at_the_very_same_second_contradict_each_other_too() -> None:
    border = Border(small_county())
    both = [position(), position(lat=LAT + 0.1)]
    assert [border.judge(both, NOW)[1].accepted for _ in range(4)] == [1, 1, 0, 0]


def test_a_clock_that_is_now_ahead_and_now_right_makes_a_unit_untrusted() -> None:
    border = Border(small_county())
    batch = [position(at=NOW + ahead + second) for second in range(4) for ahead in (3600.0, 0.0)]
    _, answer = border.judge(batch, NOW + 4)
    assert answer.accepted == 1
    assert "contradict" in answer.untrusted[-1].reason


def test_a_receiver_that_loses_its_fix_now_and_then_is_believed_when_it_has_one() -> None:
    border = Border(small_county())
    batch = [position(lat=lat, lon=lon, at=NOW) for _ in range(5) for lat, lon in ((LAT, LON), (0.0, 0.0))]
    assert border.judge(batch, NOW)[1].accepted == 5


def test_a_step_of_our_clock_does_not_hold_a_unit_for_hours() -> None:
    border = Border(small_county())
    border.judge([position(), position(lat=LAT + 0.1)] * 2, NOW)
    assert border.judge([position()], NOW + 1)[1].accepted == 0
    assert border.judge([position(at=NOW - 3600)], NOW - 3600)[1].accepted == 1


def test_a_backlog_in_any_order_is_no_jump_and_a_place_out_of_reach_is() -> None:
    """60 km/h to the north, told backwards; then a late report of a place that could not be reached and left."""
    border = Border(small_county())
    drive = [position(lat=LAT + second * 16.7 / 111_195, at=NOW - 600 + second) for second in range(0, 600, 10)]
    assert border.judge([*reversed(drive), *drive], NOW)[1].untrusted == []
    late = position(lat=LAT + 0.2, at=NOW - 20)
    assert "further apart" in border.judge([late], NOW)[1].untrusted[0].reason


def test_a_drills_seconds_may_be_squeezed_and_nothing_elses() -> None:
    batch = [position(drill=True), position(drill=True, lat=LAT + 0.005, at=NOW + 1)]
    assert Border(small_county()).judge(batch, NOW)[1].accepted == 1
    assert Border(small_county()).judge(batch, NOW, 20.0)[1].accepted == 2


async def test_a_live_batch_that_says_it_is_squeezed_is_refused(web: Bench) -> None:
    async with web.logged_in(Role.DEVICE) as client:
        for lapse in ("2.0", "0.5", "NaN", "1e9"):
            body = f'{{"positions":[{json.dumps(GOOD)}],"lapse":{lapse}}}'
            assert (await client.post(PATH, content=body, headers=JSON)).status_code == 422


@pytest.mark.parametrize(
    "raw",
    [
        '{"unit":"u-1","lat":NaN,"lon":125.5,"at":1.0}',
        '{"unit":"u-1","lat":42.6,"lon":Infinity,"at":1.0}',
        '{"unit":"u-1","lat":42.6,"lon":-Infinity,"at":1.0}',
        '{"unit":"u-1","lat":1e999,"lon":125.5,"at":1.0}',
        '{"unit":"u-1","lat":42.6,"lon":125.5,"at":NaN}',
        '{"unit":"u-1","lat":42.6,"lon":125.5,"at":1.0,"speed_kmh":NaN}',
        '{"unit":"u-1","lat":42.6,"lon":125.5,"at":1.0,"speed_kmh":-1}',
        '{"unit":"u-1","lat":42.6,"lon":125.5,"at":1.0,"heading_deg":361}',
        '{"unit":"u-1","lat":"42.6","lon":125.5,"at":1.0}',
        '{"unit":"u-1","lat":true,"lon":125.5,"at":1.0}',
        '{"unit":"u-1","lat":42.6,"lon":125.5}',
        '{"unit":"u-1","lat":42.6,"lon":125.5,"at":1.0,"trusted":true}',
        '{"unit":"u-1","lat":42.6,"lon":125.5,"at":1.0,"status":"superman"}',
        '{"unit":"","lat":42.6,"lon":125.5,"at":1.0}',
        '{"unit":"u-1","lat":91,"lon":125.5,"at":1.0}',
        '{"unit":"u-1","lat":42.6,"lon":181,"at":1.0}',
        '{"unit":null,"lat":42.6,"lon":125.5,"at":1.0}',
        '{"unit":"u-1","lat":42.6,"lon":125.5,"at":"now"}',
        '{"unit":"u-1","lat":42.6,"lon":125.5,"at":1.0,"drill":"no"}',
    ],
)
async def test_what_cannot_be_read_is_refused_whole_and_not_echoed(web: Bench, raw: str) -> None:
    async with web.logged_in(Role.DEVICE) as client:
        answer = await client.post(PATH, content=f'{{"positions":[{json.dumps(GOOD)},{raw}]}}', headers=JSON)
    assert answer.status_code == 422
    assert "superman" not in answer.text
    assert json.loads(answer.text)["status"] == 422


BORDER = Border(small_county())
NUMBERS = st.one_of(
    st.floats(),
    st.integers(-(10**400), 10**400),
    st.sampled_from([0.0, -0.0, 90.0, -180.0, 5e-324, 1e308]),
    st.text(),
    st.none(),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.fixed_dictionaries(dict.fromkeys(("lat", "lon", "at", "speed_kmh", "heading_deg"), NUMBERS)))
def test_nothing_that_passes_the_border_is_not_a_number(values: dict[str, object]) -> None:
    try:
        given_position = position(**values)
    except ValueError:
        return
    kept, answer = BORDER.judge([given_position], NOW)
    assert all(math.isfinite(kept[0][key]) for key in ("lat", "lon", "at"))
    assert answer.accepted + len(answer.untrusted) == 1


async def test_a_batch_reaches_the_bus_with_its_doubts(web_and_bus: Bench) -> None:
    web = web_and_bus
    body = {"positions": [GOOD, {**GOOD, "unit": "u-2", "lat": 0.0, "lon": 0.0}, {**GOOD, "unit": "nobody"}]}
    async with web.logged_in(Role.DEVICE) as client:
        answer = (await client.post(PATH, json=body)).json()
    assert answer["accepted"] == 1
    assert [doubt["unit"] for doubt in answer["untrusted"]] == ["u-2"]
    assert answer["unknown_units"] == ["nobody"]
    ((_, fields),) = await web.shared.bus.xrange(POSITIONS)
    batch = json.loads(fields["batch"])
    assert batch["mono_s"] == web.clock.mono_s
    assert [(row["unit"], row["untrusted"] is None) for row in batch["positions"]] == [("u-1", True), ("u-2", False)]


async def test_a_unit_speaks_for_itself_only(web_and_bus: Bench) -> None:
    async with web_and_bus.logged_in(Role.DEVICE, "u-2") as client:
        assert (await client.post(PATH, json={"positions": [GOOD]})).status_code == 403
        own = {**GOOD, "unit": "u-2"}
        assert (await client.post(PATH, json={"positions": [own]})).status_code == 200


async def test_without_the_bus_positions_are_not_silently_lost(web: Bench) -> None:
    async with web.logged_in(Role.DEVICE) as client:
        assert (await client.post(PATH, json={"positions": [GOOD]})).status_code == 503
