"""Write an answer down as a certificate: plain JSON with the arrival table that it speaks about.

``lockdown.certificate`` checks it without any of the code that found the answer.
"""

from typing import Any

from lockdown.digest import sha256_of
from lockdown.seal import Optimum, Shortage, Slack, Solution
from lockdown.table import Table
from lockdown.times import NEVER_MS

VERSION = 1


def certificate_of(table: Table, solution: Solution, inputs: str) -> dict[str, Any]:
    """Return the certificate of a solution; ``inputs`` is the digest of what the table was made from."""
    made: dict[str, Any] = {
        "version": VERSION,
        "inputs": inputs,
        "claim": "feasible" if solution.feasible else "not_possible",
        "table": _table(table),
        "optimum": _optimum(solution.optimum) if solution.optimum else None,
        "slack": _slack(solution.slack) if solution.slack else None,
    }
    if solution.shortage and solution.widest:
        made["deficiency"] = solution.deficiency
        made["shortage"] = _shortage(solution.shortage)
        made["widest"] = _shortage(solution.widest)
        made["partial"] = [list(pair) for pair in solution.partial]
    return sealed(made)


def undecided(sure: dict[str, Any], best: dict[str, Any], inputs: str) -> dict[str, Any]:
    """Return the certificate that the answer is unknown: not feasible for sure, and feasible at best."""
    return sealed({"version": VERSION, "inputs": inputs, "claim": "undecided", "sure": sure, "best": best})


def sealed(body: dict[str, Any]) -> dict[str, Any]:
    """Return ``body`` with its own SHA-256 as ``digest``."""
    kept = {key: value for key, value in body.items() if key != "digest"}
    return {**kept, "digest": sha256_of(kept)}


def _table(table: Table) -> dict[str, Any]:
    return {
        "units": list(table.units),
        "delay_ms": list(table.delay_ms),
        "posts": [
            {
                "id": d.id,
                "posts": list(d.posts),
                "ring": str(d.ring),
                "need": d.need,
                "deadline_ms": d.deadline_ms,
                "setup_ms": d.setup_ms,
            }
            for d in table.demands
        ],
        "drive_ms": [[None if ms >= NEVER_MS else ms for ms in row] for row in table.drive_ms.tolist()],
    }


def _optimum(optimum: Optimum) -> dict[str, Any]:
    return {
        "plan": [{"unit": a.unit, "post": a.post, "staffed_ms": a.staffed_ms} for a in optimum.plan],
        "ratio": list(optimum.ratio),
        "weakest": optimum.weakest,
        "margin_ms": optimum.margin_ms,
        "t_star_ms": {str(ring): ms for ring, ms in optimum.t_star_ms.items()},
        "below": _shortage(optimum.below),
        "total_drive_ms": optimum.total_drive_ms,
        "price_post": dict(optimum.price_post),
        "price_unit": dict(optimum.price_unit),
    }


def _slack(slack: Slack) -> dict[str, Any]:
    return {
        "factor": list(slack.factor),
        "permille": slack.permille,
        "plan": [list(pair) for pair in slack.plan],
        "above": _shortage(slack.above) if slack.above else None,
    }


def _shortage(shortage: Shortage) -> dict[str, Any]:
    return {"posts": list(shortage.posts), "need": shortage.need, "units": list(shortage.units)}
