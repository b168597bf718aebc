"""What may be sent to the passages' routes."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator


def _meant(text: str) -> str:
    if len(set(text.replace(" ", ""))) < 2:
        raise ValueError("say it in words")
    return text


Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200), AfterValidator(_meant)]
"""Something a person wrote; one character repeated is refused."""

Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]


class SearchIn(BaseModel):
    """A search by plate; why it is made is part of it (facts/reliability A3)."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    plate: Annotated[str, Field(min_length=1, max_length=32)]
    purpose: Annotated[Words, Field(max_length=64)]
    case_no: Short
    reason: Words
    after: Annotated[str, Field(max_length=200)] = ""
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class DevicePassageIn(BaseModel):
    """A passage from a smart checkpoint's own reader; ``sequence`` counts the device's passages and is not reused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    sequence: Annotated[int, Field(ge=0, le=2**53)]
    at: Annotated[float, Field(ge=0)]
    plate: Annotated[str, Field(max_length=32)] | None
    certain: bool = True
    confidence: Annotated[float, Field(ge=0, le=1)] = 1.0
    plate_class: Annotated[str, Field(max_length=32)] | None = None
    plate_colour: Annotated[str, Field(max_length=32)] | None = None
    lane: Annotated[int, Field(ge=0, le=64)] | None = None
    direction: Literal["towards", "away"] | None = None
    speed_kmh: Annotated[float, Field(ge=0, le=400)] | None = None
    speed_error_kmh: Annotated[float, Field(ge=0, le=400)] | None = None
    vehicle_class: Annotated[str, Field(max_length=32)] | None = None
    drill: bool = False

    @model_validator(mode="after")
    def _speed(self) -> Self:
        if (self.speed_kmh is None) != (self.speed_error_kmh is None):
            raise ValueError("speed_kmh and speed_error_kmh belong together: a speed is never told without its error")
        return self
