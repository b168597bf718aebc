"""An alert raises the cameras around its checkpoint and records it; a drill does not."""

import dataclasses
import logging
from collections.abc import Iterator

import pytest
from sqlalchemy import insert

from api.alerts.tables import watchlist
from api.alerts.zone import NEAR_M, RAISED_S, RECORD_S, AlertZone, distance_m
from api.log.asked import RAISED, RECORD
from api.store import open_store
from camera_config.county import County, Position
from camera_config.example import example_county
from camera_config.load import load_county
from tests.support.bus_system import BusSystem, bus_system, wait_until
from tests.support.passages import passage_data
from tests.support.small_county import LAT, LON, small_county

NOW = 1_800_000_000.0


@pytest.fixture(scope="module")
def system() -> Iterator[BusSystem]:
    with bus_system(keeper=False) as found:
        yield found


def alert(checkpoint: str = "cp-n", drill: bool = False) -> dict[str, object]:
    return {"id": "a-1", "drill": drill, "passage": {"checkpoint": checkpoint}}


def county() -> County:
    """Three cameras north of the centre at 0.1 to 0.3 steps, the checkpoint at 2.5 steps of 1,112 m."""
    return small_county()


def wanted(system: BusSystem, key: str) -> dict[str, float]:
    return {feed: float(until) for feed, until in system.bus.hgetall(key).items()}


def test_a_degree_of_latitude_and_of_longitude_have_their_length() -> None:
    assert distance_m(Position(42.0, 125.0), Position(43.0, 125.0)) == pytest.approx(111_195, rel=1e-6)
    assert distance_m(Position(42.68, 125.0), Position(42.68, 125.01)) == pytest.approx(817.4, rel=1e-3)


def test_cameras_within_three_kilometres_are_near(system: BusSystem) -> None:
    assert AlertZone(county()).near("cp-n") == ("cam-1", "cam-2", "cam-3")
    far = [
        dataclasses.replace(camera, position=Position(LAT + 0.025 - metres / 111_195, LON))
        for camera, metres in zip(county().cameras, (NEAR_M - 1, NEAR_M + 1, 9000.0), strict=True)
    ]
    zone = AlertZone(dataclasses.replace(county(), cameras=tuple(far)))
    assert zone.near("cp-n") == ("cam-1",)
    assert zone.near("elsewhere") == ()


def test_an_alert_raises_for_ten_minutes_and_records_for_five(system: BusSystem) -> None:
    system.bus.delete(RAISED, RECORD)
    zone = AlertZone(county())
    zone.raise_for(system.bus, alert(), NOW)
    assert wanted(system, RAISED) == dict.fromkeys(("cam-1", "cam-2", "cam-3"), NOW + RAISED_S)
    assert wanted(system, RECORD) == {"cp-n": NOW + RECORD_S}


def test_what_is_wanted_for_longer_stays_and_what_has_ended_goes(system: BusSystem) -> None:
    system.bus.delete(RAISED, RECORD)
    system.bus.hset(RECORD, mapping={"cp-n": str(NOW + 3600), "cam-9": str(NOW - 1), "cam-8": str(NOW + 5), "x": "?"})
    AlertZone(county()).raise_for(system.bus, alert(), NOW)
    assert wanted(system, RECORD) == {"cp-n": NOW + 3600, "cam-8": NOW + 5}


def test_a_drill_moves_no_camera(system: BusSystem) -> None:
    system.bus.delete(RAISED, RECORD)
    AlertZone(county()).raise_for(system.bus, alert(drill=True), NOW)
    assert system.bus.exists(RAISED, RECORD) == 0


def test_without_a_bus_the_alert_goes_its_way(caplog: pytest.LogCaptureFixture) -> None:
    with bus_system(keeper=False) as broken:
        broken.kill_bus()
        with caplog.at_level(logging.WARNING):
            AlertZone(county()).raise_for(broken.bus, alert(), NOW)
    assert "alert.no_zone alert=a-1" in caplog.text


def test_the_keeper_raises_the_zone_of_a_watched_plate(system: BusSystem) -> None:
    checkpoint = load_county(example_county()).checkpoints[0]
    system.bus.delete(RAISED, RECORD)
    dataclasses.replace(system.settings, county=example_county()).write(system.run.path)
    engine = open_store(system.settings.store_url)
    with engine.begin() as connection:
        entry = {"id": "w-1", "plate": "吉D00001", "reason": "", "requester": "", "added_by": "", "created_at": 0.0}
        connection.execute(insert(watchlist).values(**entry, ends_at=4e9))
    engine.dispose()
    system.start_keeper()
    outbox = system.outbox("detect-0")
    outbox.put("passage.final", str(checkpoint.id), passage_data("吉D00001", checkpoint=str(checkpoint.id)))
    outbox.flush()
    from api.log.pump import Pump

    pump = Pump(outbox, system.settings, system.run)
    pump.start()
    try:
        assert wait_until(lambda: system.bus.exists(RAISED, RECORD) == 2, 30.0)
    finally:
        pump.stop(1.0)
        outbox.close()
    assert set(wanted(system, RECORD)) == {str(checkpoint.id)}
    assert len(wanted(system, RAISED)) > 3
