"""What may be sent to the recordings' routes. Times are unix seconds."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.passages.wire import Short, Words

LONGEST_S = 3600.0
"""One playback; a longer one is asked for in parts."""

LONGEST_HOLD_S = 31 * 86_400.0
LONGEST_DEMAND_MIN = 60

DeviceId = Annotated[str, Field(min_length=1, max_length=64)]
Time = Annotated[float, Field(ge=0, le=2**40)]


class _Span(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    device: DeviceId
    start: Annotated[Time, Field(alias="from")]
    end: Annotated[Time, Field(alias="to")]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.start < self.end:
            raise ValueError("from must be before to")
        return self


class PlaybackIn(_Span):
    """Minutes to look at, and why (facts/reliability A3)."""

    purpose: Annotated[Words, Field(max_length=64)]
    case_no: Short
    reason: Words

    @model_validator(mode="after")
    def _not_too_long(self) -> Self:
        if self.end - self.start > LONGEST_S:
            raise ValueError(f"at most {LONGEST_S / 60:.0f} minutes at once; ask for the rest separately")
        return self


class HoldIn(_Span):
    """A legal hold: nothing of this span is removed until ``ends_at``, null: until it is released."""

    case_no: Short
    reason: Words
    ends_at: Time | None = None

    @model_validator(mode="after")
    def _not_too_long(self) -> Self:
        if self.end - self.start > LONGEST_HOLD_S:
            raise ValueError(f"at most {LONGEST_HOLD_S / 86_400:.0f} days in one hold")
        return self


class DemandIn(BaseModel):
    """Record a device from now on, whether anything moves or not."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    device: DeviceId
    minutes: Annotated[int, Field(ge=1, le=LONGEST_DEMAND_MIN)]
    reason: Words
