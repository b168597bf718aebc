"""What may stand in rules.toml, by which the planner plans."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from camera_config.county import NoiseModel, Ring, Weather
from camera_config.records import Deadline, Kmh, Record, Seconds

HourPermille = Annotated[tuple[Annotated[int, Field(ge=500, le=5000)], ...], Field(min_length=24, max_length=24)]
"""By hour of the county's wall clock, from 0:00."""


class DelaysRecord(Record):
    """``[dispatch_delay_s]`` of rules.toml: one key a ``UnitStatus``."""

    available: Seconds
    patrol: Seconds
    standby: Seconds
    at_station: Seconds
    on_call: Seconds
    committed_other: Seconds
    off_duty: Seconds
    unknown: Seconds


class SpeedsRecord(Record):
    """``[speed_kmh.dry]`` and the like: one key a ``RoadClass``."""

    expressway: Kmh
    national: Kmh
    provincial: Kmh
    county: Kmh
    street: Kmh
    village: Kmh
    track: Kmh


class WeathersRecord(Record):
    """``[speed_kmh]`` of rules.toml: one table a ``Weather``."""

    dry: SpeedsRecord
    rain: SpeedsRecord
    snow: SpeedsRecord


class NoiseRecord(Record):
    """``[noise]`` of rules.toml."""

    model: NoiseModel = NoiseModel.MIXED
    travel_cv_permille: Annotated[int, Field(ge=0, le=1500)] = 350
    turnout_cv_permille: Annotated[int, Field(ge=0, le=1500)] = 600
    assumed: bool = True


class RulesRecord(Record):
    """rules.toml."""

    clock_zero: Literal["t_order", "t_alert"] = "t_order"
    ring_priority: Ring = Ring.TOWN
    ready_travel_slack_permille: Annotated[int, Field(ge=1000, le=10_000)] = 1300
    hold_s: Seconds = 3600
    dispatch_delay_s: DelaysRecord
    callable_delay_s: Seconds = 1200
    too_old_moving_s: Deadline = 30
    too_old_standing_s: Deadline = 120
    frozen_s: Deadline = 600
    moving_kmh: Kmh = 5.0
    max_unit_kmh: Kmh = 160.0
    speed_kmh: WeathersRecord
    weather: Weather = Weather.DRY
    snap_max_m: Annotated[float, Field(gt=0, le=500)] = 30.0
    fugitive_factor_permille: Annotated[int, Field(ge=1000, le=10_000)] = 1300
    verdict_valid_s: Annotated[int, Field(gt=0, le=10)] = 10
    noise: NoiseRecord = NoiseRecord()
    hour_permille: HourPermille = (1000,) * 24
    junction_ms: Annotated[int, Field(ge=0, le=60_000)] = 0

    @field_validator("hour_permille")
    @classmethod
    def _no_faster_than_written(cls, value: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        noise = info.data.get("noise")
        if noise is not None and noise.assumed and min(value) < 1000:
            raise ValueError(
                f"{min(value)} is faster than the speeds say while noise.assumed is true: write 1000 or more, or "
                "measure drives and set noise.assumed to false"
            )
        return value
