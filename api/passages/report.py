"""A passage as its source reports it: our own video, or a smart checkpoint's reader."""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.passages.plates import normalise

Source = Literal["video", "device"]


@dataclass(frozen=True, slots=True)
class PassageReport:
    """One vehicle by one checkpoint, as far as its source knows. Wall times are unix seconds.

    ``version`` 1 is provisional, 2 final; ``plate`` is normalised, None when unread. ``frame_mono_s`` is monotonic
    seconds of this machine at which the keyframe was received; None from another machine. ``speed_kmh`` and
    ``speed_error_kmh`` are both there or both None: a speed is never told without its error.
    """

    id: str
    version: int
    checkpoint: str
    at: float
    first_seen: float
    last_seen: float
    plate: str | None
    certain: bool
    confidence: float
    plate_class: str
    plate_colour: str
    province_prior: bool | None
    lane: int | None
    direction: str | None
    speed_kmh: float | None
    speed_error_kmh: float | None
    vehicle_class: str
    source: Source
    final: bool
    drill: bool
    frame_received_at: float | None
    frame_mono_s: float | None
    scene_path: str | None
    scene_sha256: str | None
    crop_path: str | None
    crop_sha256: str | None


class PassageData(BaseModel):
    """The data of ``passage.provisional`` and ``passage.final``.

    Unknown keys are let through, unlike elsewhere at the edge: an older keeper must not refuse the passages of a newer
    detector because they say more.
    """

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    id: str = Field(min_length=1, max_length=36)
    version: int = Field(ge=1, le=2)
    checkpoint: str = Field(min_length=1, max_length=64)
    at: float
    first_seen: float
    last_seen: float
    plate: str | None
    certain: bool
    confidence: float
    plate_class: str | None = Field(default=None, max_length=32)
    plate_colour: str | None = Field(default=None, max_length=32)
    province_prior: bool | None = None
    lane: int | None = None
    direction: str | None = Field(default=None, max_length=16)
    speed_kmh: float | None = Field(default=None, ge=0)
    speed_error_kmh: float | None = Field(default=None, ge=0)
    vehicle_class: str | None = Field(default=None, max_length=32)
    source: Source = "video"
    final: bool
    drill: bool = False
    frame_received_at: float | None = None
    frame_mono_s: float | None = None
    scene_path: str | None = None
    scene_sha256: str | None = None
    crop_path: str | None = None
    crop_sha256: str | None = None


def read_report(data: dict[str, Any], *, drill: bool) -> PassageReport:
    """Return the report in an event's data; a drill's event makes a drill's passage.

    Raises:
        ValueError: it is none.
    """
    wire = PassageData.model_validate(data)
    values = wire.model_dump()
    values["plate"] = normalise(wire.plate) if wire.plate else None
    values["certain"] = wire.certain and values["plate"] is not None
    values["drill"] = wire.drill or drill
    if wire.speed_kmh is None or wire.speed_error_kmh is None:
        values["speed_kmh"] = values["speed_error_kmh"] = None
    for name in ("plate_class", "plate_colour", "vehicle_class"):
        values[name] = values[name] or "unknown"
    return PassageReport(**values)
