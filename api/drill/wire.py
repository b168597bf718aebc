"""What drills look like on the wire."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.drill.score import PostResult
from api.positions.border import PositionIn
from camera_config.county import Post


class DrillIn(BaseModel):
    """A drill to begin: invented positions, and the rings to seal."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    seed: Annotated[int, Field(ge=0, lt=2**31)]
    rings: list[Literal["town", "county"]] = Field(min_length=1, max_length=2)
    note: str = Field(default="", max_length=500)
    positions: list[PositionIn] = Field(min_length=1, max_length=1_000)


class ReportIn(BaseModel):
    """One report of a unit; ``t_s`` is drill time in seconds since the order."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    unit: str = Field(min_length=1, max_length=64)
    kind: Literal["position", "acknowledged", "refused", "arrived"]
    t_s: Annotated[float, Field(ge=0.0, le=86_400.0)]
    lat: Annotated[float, Field(ge=-90.0, le=90.0)] | None = None
    lon: Annotated[float, Field(ge=-180.0, le=180.0)] | None = None


class ReportsIn(BaseModel):
    """A batch of reports."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    reports: list[ReportIn] = Field(min_length=1, max_length=5_000)


class ReportsOut(BaseModel):
    """How many reports were taken."""

    accepted: int


class DrillOut(BaseModel):
    """A drill as it stands; ``plan`` is the verdict frozen at its start, version 1."""

    id: str
    drill: Literal[True] = True
    state: Literal["running", "ended"]
    created_at: float
    ended_at: float | None
    seed: int
    note: str
    rings: list[str]
    plan_version: Literal[1] = 1
    plan: dict[str, Any]
    posts: list[dict[str, Any]]


def post_out(post: Post, result: PostResult) -> dict[str, Any]:
    """Return one post's line, planned and actual; times are drill seconds."""
    return {**asdict(result), "name": post.name, "ring": post.ring.value, "deadline_s": post.deadline_s}
