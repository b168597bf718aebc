"""Speeds of made traffic are measured within their uncertainty, and not at all without calibration."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from benchmarks.passing.scenes import SCENES, checkpoint, drive_by
from camera_config.county import RoadPoint
from detection.speed import SpeedGauge
from ingest.simulate.view import HEIGHT_PX, MAST_M, WIDTH_PX, make_view

VIEW = make_view(0, 1)
CALIBRATED = checkpoint(SCENES[0])


def path(speed_ms: float, level_m: float, count: int = 5, away: bool = False) -> list[tuple[float, float, float]]:
    """Return where a plate at that height is seen twice a second, coming from 6 m."""
    steps = []
    for number in range(count):
        s = (-3.0 + speed_ms * number / 2) if away else (6.0 - speed_ms * number / 2)
        ((x, y),) = VIEW.project([(s, 1.4, level_m)])
        steps.append((number / 2, float(x) / WIDTH_PX, float(y) / HEIGHT_PX))
    return steps


@pytest.mark.parametrize("speed_ms", [2.0, 4.0])
@pytest.mark.parametrize("level_m", [0.45, 0.62, 0.9])
@pytest.mark.parametrize("away", [False, True])
def test_a_known_speed_is_measured_within_its_uncertainty(speed_ms: float, level_m: float, away: bool) -> None:
    speed = SpeedGauge(CALIBRATED).measure(path(speed_ms, level_m, away=away))
    assert speed is not None
    assert abs(speed.kmh - speed_ms * 3.6) <= speed.error_kmh
    assert speed.error_kmh < 0.2 * speed.kmh


def test_without_calibration_there_is_no_speed() -> None:
    bare = dataclasses.replace(CALIBRATED, speed_points=(), mast_m=None)
    assert SpeedGauge(bare).measure(path(4.0, 0.6)) is None


def test_a_vehicle_that_stands_or_was_seen_once_has_no_speed() -> None:
    gauge = SpeedGauge(CALIBRATED)
    assert gauge.measure(path(0.1, 0.6)) is None
    assert gauge.measure(path(4.0, 0.6)[:1]) is None


def test_two_places_are_vaguer_than_five() -> None:
    gauge = SpeedGauge(CALIBRATED)
    two, five = gauge.measure(path(4.0, 0.6, 2)), gauge.measure(path(4.0, 0.6, 5))
    assert two is not None
    assert five is not None
    assert two.error_kmh > 1.5 * five.error_kmh


def test_the_calibration_need_not_lie_along_the_road() -> None:
    """The same field measured from another corner and turned by a right angle gives the same speeds."""
    turned = dataclasses.replace(
        CALIBRATED,
        speed_points=tuple(
            RoadPoint(point.x, point.y, 40 - point.along_m, point.across_m) for point in CALIBRATED.speed_points
        ),
    )
    one, other = (SpeedGauge(each).measure(path(3.0, 0.6)) for each in (CALIBRATED, turned))
    assert one is not None
    assert other is not None
    assert np.isclose(one.kmh, other.kmh)


def test_vehicles_that_drive_by_are_told_with_speed_and_direction(tmp_path: Path) -> None:
    assert CALIBRATED.mast_m == MAST_M
    drove = drive_by(SCENES[0], 4, 3)
    truth = {seen.drive.plate: seen.speed_kmh for seen in drove.seen}
    told = [one for one in drove.told if one.final and one.plate in truth]
    assert len(told) >= 3
    assert {one.direction for one in told} == {"towards"}
    for one in told:
        true_kmh = truth[one.plate]
        if one.speed_kmh is not None and true_kmh is not None and one.speed_error_kmh is not None:
            assert abs(one.speed_kmh - true_kmh) <= 1.5 * one.speed_error_kmh
