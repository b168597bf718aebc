"""A readiness is handed out with its age, and as "unknown" once it is too old: no surface may show an old READY.

PLANNER.md 2.6: with planner, API or bus stopped, nothing is green after 15 s. ``valid_for_s`` is at most 10 s and the
age is taken from the monotonic clock, so that a stepped wall clock cannot make an old verdict young.
"""

from typing import Any

MAX_VALID_S = 10.0
"""However long a planner calls its verdict valid, it is not shown longer than this (PLANNER.md 2.6)."""

UNKNOWN = "unknown"


def unknown_verdict(deadline_s: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a verdict that says nothing but that nothing is known."""
    return {
        "state": UNKNOWN,
        "feasible": None,
        "deadline_s": deadline_s or {},
        "t_star_s": None,
        "ratio": None,
        "travel_slack": None,
        "weakest_post": None,
        "margin_s": None,
        "plan": [],
        "why_not": None,
        "ask_by_radio": [],
        "odds": None,
        "losses": None,
        "fixes": None,
        "certificate": None,
    }


def expired(readiness: dict[str, Any] | None, age_s: float) -> bool:
    """Return whether a readiness computed ``age_s`` ago may no longer be shown as it is; exactly at the end it may."""
    if readiness is None:
        return True
    valid_s = min(float(readiness.get("valid_for_s", 0.0)), MAX_VALID_S)
    return not 0.0 <= age_s <= valid_s


def handed_out(readiness: dict[str, Any] | None, age_s: float, cause: str | None) -> dict[str, Any]:
    """Return a readiness as it may be shown now.

    Args:
        readiness: the planner's last, None if there is none.
        age_s: monotonic seconds since it was computed.
        cause: why nothing is known, e.g. that the planner is down; None when there is no such cause.
    """
    if readiness is not None and cause is None and not expired(readiness, age_s):
        return {**readiness, "age_s": round(age_s, 3), "cause": None}
    last = readiness or {}
    reason = cause or ("no verdict has been computed yet" if readiness is None else f"the verdict is {age_s:.0f} s old")
    verdicts = {name: unknown_verdict(last.get(name, {}).get("deadline_s")) for name in ("joint", "town", "county")}
    return {
        "computed_at": last.get("computed_at"),
        "valid_for_s": last.get("valid_for_s", 0.0),
        "age_s": round(age_s, 3) if readiness is not None else None,
        "cause": reason,
        "digest": last.get("digest"),
        "state": UNKNOWN,
        "ring_priority": last.get("ring_priority"),
        **verdicts,
        "leaks": last.get("leaks", []),
        "unknown_units": last.get("unknown_units", []),
    }


def units_handed_out(units: dict[str, Any] | None, age_s: float, limit_s: float) -> dict[str, Any]:
    """Return units with their ages moved on by ``age_s``; beyond ``limit_s`` none of them is called fresh."""
    if units is None:
        return {"at": None, "units": []}
    late = age_s > limit_s
    return {
        **units,
        "units": [
            {
                **unit,
                "age_s": None if unit.get("age_s") is None else round(unit["age_s"] + age_s, 1),
                "trust": "too_old" if late and unit.get("trust") == "fresh" else unit.get("trust"),
            }
            for unit in units.get("units", ())
        ],
    }
