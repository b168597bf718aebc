"""The invented county's speed points are those of the simulator's cameras, and left out where they would be wrong."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from api.county.drawn import county_body
from api.county.loaded import county_of
from api.demo.system import MEASURED_SEED, DemoOptions, as_measured
from api.settings import Settings
from camera_config.county import County
from camera_config.example import example_county
from camera_config.load import load_county
from detection.speed import SpeedGauge
from ingest.simulate.view import HEIGHT_PX, LANES_M, MAST_M, WIDTH_PX, make_view, plate_track

CALIBRATED = {"kk-town-west": 0, "kk-town-east": 1}
"""The place in the file decides what the simulator shows."""

OPTIONS = DemoOptions(example_county(), Path("/nowhere"))


@pytest.fixture(scope="module")
def county() -> County:
    return load_county(example_county())


def test_two_of_the_invented_checkpoints_are_calibrated_and_drawn_so(county: County) -> None:
    found = {str(one.id): place for place, one in enumerate(county.checkpoints) if one.speed_points}
    assert found == CALIBRATED
    drawn = json.loads(county_body(county).plain)["checkpoints"]
    assert {one["id"] for one in drawn if one["calibrated"]} == set(CALIBRATED)


@pytest.mark.parametrize("checkpoint", CALIBRATED)
def test_the_speed_points_lie_where_the_simulators_camera_shows_them(county: County, checkpoint: str) -> None:
    place = CALIBRATED[checkpoint]
    points = county.checkpoints[place].speed_points
    road = [(point.along_m - 1.0, point.across_m - 1.8, 0.0) for point in points]
    shown = make_view(place, MEASURED_SEED).project(road)
    told = np.array([(point.x * WIDTH_PX, point.y * HEIGHT_PX) for point in points])
    assert np.abs(shown - told).max() < 0.1  # pixels: the file has four decimals
    assert county.checkpoints[place].mast_m == MAST_M


@pytest.mark.parametrize("checkpoint", CALIBRATED)
@pytest.mark.parametrize("lane_m", LANES_M)
@pytest.mark.parametrize("level_m", [0.45, 0.62])
def test_a_drawn_vehicle_is_measured_within_the_error_that_is_told(
    county: County, checkpoint: str, lane_m: float, level_m: float
) -> None:
    place = CALIBRATED[checkpoint]
    view = make_view(place, MEASURED_SEED)
    near, far = plate_track(view, lane_m, level_m=level_m)
    way = np.linspace(far, near, 5)
    seen = view.project([(s, lane_m, level_m) for s in way]) / (WIDTH_PX, HEIGHT_PX)
    gauge = SpeedGauge(county.checkpoints[place])
    speed = gauge.measure([(number / 2, float(x), float(y)) for number, (x, y) in enumerate(seen)])
    assert speed is not None
    assert abs(speed.kmh - (far - near) / 2 * 3.6) <= speed.error_kmh


@pytest.mark.parametrize(
    ("options", "measured"),
    [
        (OPTIONS, True),
        (replace(OPTIONS, seed=2), False),
        (replace(OPTIONS, clips=Path("/clips")), False),
        (replace(OPTIONS, county=Path("/another/county")), False),
    ],
)
def test_a_demo_of_other_pictures_tells_no_speeds(options: DemoOptions, measured: bool) -> None:
    assert as_measured(options) is measured


def test_an_installation_that_is_not_calibrated_has_no_speed_points_and_the_rest_of_the_county(
    county: County, tmp_path: Path
) -> None:
    settings = Settings(example_county(), tmp_path, calibrated=False)
    settings.write(tmp_path)
    bare = county_of(Settings.read(tmp_path))
    assert not any(one.speed_points or one.mast_m for one in bare.checkpoints)
    assert [one.id for one in bare.checkpoints] == [one.id for one in county.checkpoints]
    assert county_of(Settings(example_county(), tmp_path)).checkpoints == county.checkpoints
