"""May a verdict wait for its odds? Bad news never does (docs/decisions/0003-ready-waits-for-its-odds.md)."""

from typing import Any

from api.plan.age import expired
from lockdown.readiness import Readiness


def may_wait(readiness: Readiness, stands: dict[str, Any] | None, age_s: float) -> bool:
    """Tell whether what stands may stand until the odds of ``readiness`` are counted.

    It may while it is valid and no verdict is known to have another state: only one that awaits nothing but its odds
    may still become what it was.

    Args:
        readiness: as ``assess`` gave it.
        stands: what was said last, with its odds.
        age_s: monotonic seconds since that was computed.
    """
    if stands is None or expired(stands, age_s):
        return False
    verdicts = {"joint": readiness.joint, "town": readiness.town, "county": readiness.county}
    return all(v.awaits_odds or v.state.value == stands[ring]["state"] for ring, v in verdicts.items())
