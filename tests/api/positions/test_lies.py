"""Positions that lie, all the way to the verdict: nothing that is doubted is ever counted."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from api.plan.inputs import PositionRow, Prepared, prepare, readiness_now, units_from
from api.plan.wire import readiness_json
from api.positions.border import Border, PositionIn
from api.positions.tracker import Tracker
from camera_config.errors import CertificateError, ConfigError
from lockdown.certificate import verify_certificate
from lockdown.proof import sealed
from lockdown.readiness import State
from tests.support.small_county import LAT, LON, small_county, unit_places

T = 1_800_000_000.0
STILL_S = 700
PLACES = unit_places(small_county())

Rows = list[tuple[float, dict[str, Any]]]


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return prepare(small_county())


class Feed:
    """The door, the tracker and the planner with one clock; ``second`` counts from the beginning."""

    def __init__(self, prepared: Prepared) -> None:
        self.prepared = prepared
        self.border, self.tracker = Border(prepared.county), Tracker(prepared.county)

    def say(self, second: float, *rows: dict[str, Any]) -> None:
        kept, _ = self.border.judge([PositionIn.model_validate(row) for row in rows], T + second)
        self.tracker.accept({"mono_s": second, "received_at": T + second, "positions": kept}, second)

    def verdict(self, second: float) -> dict[str, Any]:
        return readiness_json(readiness_now(self.prepared, self.tracker.now(second), T + second))


def row(unit: str, second: float, **more: object) -> dict[str, Any]:
    place = PLACES[unit]
    return {"unit": unit, "lat": place.lat, "lon": place.lon, "at": T + second, "speed_kmh": 0.0, **more}


def old(unit: str) -> Rows:
    return [(STILL_S, row(unit, STILL_S - 1200))]


def future(unit: str) -> Rows:
    return [(STILL_S - 1, row(unit, STILL_S - 1)), (STILL_S, row(unit, STILL_S + 60))]


def no_fix(unit: str) -> Rows:
    return [(STILL_S - 1, row(unit, STILL_S - 1)), (STILL_S, row(unit, STILL_S, lat=0.0, lon=0.0))]


def abroad(unit: str) -> Rows:
    return [(STILL_S - 1, row(unit, STILL_S - 1)), (STILL_S, row(unit, STILL_S, lat=LAT + 2))]


def too_fast(unit: str) -> Rows:
    return [(STILL_S, row(unit, STILL_S, speed_kmh=400.0))]


def frozen(unit: str) -> Rows:
    return [(s, row(unit, s, speed_kmh=40.0)) for s in range(0, STILL_S + 1, 20)]


def slow_clock(unit: str) -> Rows:
    return [(s, row(unit, s - 3600)) for s in range(STILL_S - 5, STILL_S + 1)]


def two_devices(unit: str) -> Rows:
    """One stands, the other says that it is 8 km away; the last word is the first one's."""
    both: Rows = []
    for second in range(STILL_S - 6, STILL_S + 1):
        both += [(second - 0.5, row(unit, second - 0.5, lat=LAT - 0.07, lon=LON)), (second, row(unit, second))]
    return both


LIES: tuple[Callable[[str], Rows], ...] = (
    old, future, no_fix, abroad, too_fast, frozen, slow_clock, two_devices,
)  # fmt: skip


def test_the_same_units_without_a_lie_can_close_both_rings(prepared: Prepared) -> None:
    feed = Feed(prepared)
    feed.say(STILL_S, *(row(unit, STILL_S) for unit in PLACES))
    assert feed.verdict(STILL_S)["joint"]["feasible"] is True


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_when_all_units_lie_alike_nothing_is_known(prepared: Prepared, lie: Callable[[str], Rows]) -> None:
    feed = Feed(prepared)
    said = sorted((entry for unit in PLACES for entry in lie(unit)), key=lambda entry: entry[0])
    for second, one in said:
        feed.say(second, one)
    verdict = feed.verdict(STILL_S)
    assert verdict["state"] == State.UNKNOWN.value
    assert {verdict[ring]["feasible"] for ring in ("joint", "town", "county")} == {None}
    assert verdict["joint"]["plan"] == []
    assert len(verdict["unknown_units"]) == len(PLACES)


def test_nobody_who_lied_last_is_ever_sent(prepared: Prepared) -> None:
    """Sixty drawings: each unit is honest or has one of the lies, and only honest ones get orders."""
    random, feasible = Random(7), 0
    for _ in range(60):
        feed, liars = Feed(prepared), {unit for unit in PLACES if random.random() < 0.08}
        honest = [(STILL_S, row(unit, STILL_S)) for unit in PLACES if unit not in liars]
        lies = [entry for unit in liars for entry in random.choice(LIES)(unit)]
        for second, one in sorted([*honest, *lies], key=lambda entry: entry[0]):
            feed.say(second, one)
        verdict = feed.verdict(STILL_S)
        assert not liars & {order["unit"] for order in verdict["joint"]["plan"]}
        feasible += verdict["joint"]["feasible"] is True
    assert 10 < feasible < 60


def test_a_unit_in_two_places_or_in_two_orders_is_refused(prepared: Prepared) -> None:
    here = PositionRow(unit="u-1", lat=LAT, lon=LON, age_s=0.0)
    with pytest.raises(ConfigError, match="two positions"):
        units_from(prepared.county, [here, here])
    feed = Feed(prepared)
    feed.say(0.0, *(row(unit, 0.0) for unit in PLACES))
    text = json.dumps(feed.verdict(0.0)["joint"]["certificate"])
    verify_certificate(json.loads(text))
    twice = sealed(_one_unit_twice(json.loads(text)))
    with pytest.raises(CertificateError, match="a unit serves twice"):
        verify_certificate(twice)


def _one_unit_twice(certificate: dict[str, Any]) -> dict[str, Any]:
    """Give the second order to the first one's unit, at the time at which it would really be there."""
    table, (first, second) = certificate["table"], certificate["optimum"]["plan"][:2]
    u = table["units"].index(first["unit"])
    j = [post["id"] for post in table["posts"]].index(second["post"])
    staffed_ms = table["delay_ms"][u] + table["drive_ms"][u][j] + table["posts"][j]["setup_ms"]
    second |= {"unit": first["unit"], "staffed_ms": staffed_ms}
    return certificate
