"""What may be sent to the alerts' routes."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.passages.wire import Short, Words

LONGEST_S = 90 * 24 * 3600
"""A watchlist entry ends at most this long after it was made (facts/reliability A5)."""


class WatchIn(BaseModel):
    """A plate to look for; ``ends_at`` is unix seconds and mandatory."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    plate: Annotated[str, Field(min_length=1, max_length=32)]
    reason: Words
    requester: Short
    ends_at: float


class ReviewIn(BaseModel):
    """What a person saw who compared picture and plate."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    verdict: Literal["confirmed", "rejected"]
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""


class SubscriberIn(BaseModel):
    """Where alerts are sent to; ``drills``: those of drills too; ``rules``: what rules of cameras say, too."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    url: Annotated[str, Field(min_length=8, max_length=500)]
    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)] = ""
    drills: bool = False
    rules: bool = False
