"""The demo's report: what went in, what came out, what it cost; taken from the store through the public API."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from api.demo.meter import Meter
from api.demo.score import Cut, Score, SeenPassage, TrueVehicle, score
from ingest.simulate.truth import cuts_path
from lockdown.certificate import verify_certificate

Json = dict[str, Any]
Get = Callable[..., Any]

EDGE_S = 20.0
"""Memory of the first and of the last this many seconds is compared."""

PAGE = 500


def read_truth(path: Path) -> tuple[list[TrueVehicle], list[Cut]]:
    """Read what the simulator showed; a missing file is an empty truth (no vehicle left the picture)."""
    vehicles = [TrueVehicle(r["checkpoint"], r["plate"], r["entered_at"], r["left_at"]) for r in _rows(path)]
    return vehicles, [Cut(r["checkpoint"], r["cut_at"]) for r in _rows(cuts_path(path))]


def _rows(path: Path) -> list[Json]:
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def read_passages(get: Get) -> Iterator[Json]:
    """Yield every passage that the API tells, newest first."""
    after = ""
    while True:
        page = get("/v1/passages", limit=PAGE, **({"after": after} if after else {}))
        yield from page["passages"]
        after = page.get("next") or ""
        if not after:
            return


def make_report(
    get: Get, truth: tuple[list[TrueVehicle], list[Cut]], window: tuple[float, float], devices: Json, costs: Json
) -> tuple[Json, Score, list[Json]]:
    """Return the report, the score behind it, and the passages.

    Args:
        get: asks the public API.
        truth: what the simulator showed, and where it cut.
        window: unix seconds from all devices online to the end of input.
        devices: ``devices_total`` and the least ``devices_online`` of the last 10 s.
        costs: what ``cost`` returned.
    """
    counters = get("/v1/counters")
    passages = [p for p in read_passages(get) if not p["drill"]]
    seen = [SeenPassage(p["id"], p["checkpoint"], p["at"], p["plate"]) for p in passages if p["source"] == "video"]
    vehicles, cuts = truth
    result = score(vehicles, seen, *window, cuts)
    readiness = get("/v1/readiness")
    totals = counters["totals"]
    report: Json = {
        **devices,
        **{name: totals.get(name, 0) for name in COUNTED},
        "passages_true": result.true,
        "passages_matched": result.matched,
        "passages_duplicate": result.duplicate,
        "passages_false": result.false,
        "plates_true": result.true,
        "plates_right": result.plates_right,
        "alerts": counters["alerts"],
        "alert_p99_ms": counters["alert_p99_ms"],
        **{ring: _verdict(readiness[ring]) for ring in ("town", "county", "joint")},
        "verdict_changes": counters["verdict_changes"],
        "leaks": len(readiness["leaks"]),
        **costs,
        "misread": [list(pair) for pair in result.misread],
        "missed": [list(pair) for pair in result.missed],
    }
    return report, result, passages


COUNTED = (
    "frames_received",
    "keyframes_received",
    "keyframes_analysed",
    "keyframes_superseded",
    "keyframes_gated",
    "persons",
    "vehicles",
)


def cost(ours: Meter, simulators: Meter, start_s: float, end_s: float) -> Json:
    """Return processor cores and memory over the window (monotonic seconds); memory is PSS in MiB."""
    length_s = end_s - start_s
    return {
        "window_s": round(length_s, 1),
        "cpu_cores": round(ours.cpu_s / length_s, 3),
        "rss_mb": round(ours.mean_mib(start_s, end_s), 1),
        "rss_mb_first_20s": round(ours.mean_mib(start_s, start_s + EDGE_S), 1),
        "rss_mb_last_20s": round(ours.mean_mib(end_s - EDGE_S, end_s), 1),
        "simulator_cores": round(simulators.cpu_s / length_s, 3),
        "simulator_rss_mb": round(simulators.mean_mib(start_s, end_s), 1),
    }


def _verdict(verdict: Json) -> Json:
    """Return a verdict after its certificate was checked, so that `kakou verify-plan` can check it again.

    Raises:
        CertificateError: the certificate does not hold.
    """
    if verdict["certificate"] is not None:
        verify_certificate(verdict["certificate"])
    return {"verdict": verdict["state"], **verdict}
