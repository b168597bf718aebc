"""The whole answer of ``kakou plan`` from a county and its units; the same inputs give the same bytes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.paper.terms import RINGS
from api.plan.advice import advised
from api.plan.chances import ProbableOut, ReplannedOut, probable_plan, replanned_plan
from api.plan.inputs import Prepared, advice_on, odds_on, readiness_now
from api.plan.wire import ReadinessOut, readiness_json
from lockdown.units import UnitNow


class Asked(BaseModel):
    """What was asked beside the verdicts; ``replanned`` is over so many scenarios, 0: not asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    probable: bool = False
    replanned: int = Field(default=0, ge=0, le=1_000_000)


@dataclass(frozen=True, slots=True)
class Answer:
    """``out`` has ids in its texts; ``probable``, ``replanned``: None where not asked, or no plan is whole."""

    out: ReadinessOut
    asked: Asked
    probable: ProbableOut | None
    replanned: ReplannedOut | None

    @property
    def chances(self) -> tuple[str, ...]:
        """Return what there is to say of the odds beside the verdict's own."""
        return tuple(found.text for found in (self.probable, self.replanned) if found is not None)


def answer_of(prepared: Prepared, units: Sequence[UnitNow], computed_at: float, asked: Asked) -> Answer:
    """Return verdicts, odds with hindsight, advice, and what else was asked.

    Raises:
        ValueError: re-planning was asked for under a noise model for which it cannot be counted.
    """
    judged = odds_on(prepared, readiness_now(prepared, units, computed_at), knowing=True)
    out = ReadinessOut.model_validate(advised(readiness_json(judged), advice_on(prepared, judged)))
    probable = probable_plan(prepared, judged) if asked.probable else None
    replanned = replanned_plan(prepared, judged, asked.replanned) if asked.replanned else None
    return Answer(out, asked, probable, replanned)


def answer_json(answer: Answer) -> dict[str, Any]:
    """Return the answer as JSON values; each verdict's state also stands as ``verdict``."""
    body = answer.out.model_dump(mode="json")
    for key in RINGS:
        body[key] = {"verdict": body[key]["state"], **body[key]}
    if answer.asked.probable:
        body["probable"] = None if answer.probable is None else answer.probable.model_dump(mode="json")
    if answer.asked.replanned:
        body["replanned"] = None if answer.replanned is None else answer.replanned.model_dump(mode="json")
    return body


def answer_text(answer: Answer) -> str:
    """Return the answer as it is printed and kept, one line of JSON."""
    return json.dumps(answer_json(answer), ensure_ascii=False, allow_nan=False)
