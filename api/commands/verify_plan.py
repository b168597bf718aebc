"""``kakou verify-plan``: check every certificate in a file, and that the verdicts beside them say the same."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from camera_config.errors import CertificateError, CountyError

CLAIMS = {"ready": "feasible", "at_risk": "feasible", "not_possible": "not_possible", "unknown": "undecided"}


def verify_plan(
    file: Annotated[Path, typer.Argument(help="JSON from `kakou plan --json`, the API or a drill.", exists=True)],
) -> None:
    """Check every certificate found in FILE; exit 1 when one does not hold, saying which and why."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CountyError(f"{file}: not JSON: {error}", hint="Want the output of `kakou plan --json`.") from error
    found = list(verdicts_in(data, "$"))
    if not found:
        print(f"{file}: no certificate found")
        raise typer.Exit(1)
    broken = 0
    for place, verdict in found:
        try:
            check_verdict(verdict)
            print(f"{place}: holds")
        except CertificateError as error:
            broken += 1
            print(f"{place}: DOES NOT HOLD: {error}")
    if broken:
        raise typer.Exit(1)


def verdicts_in(data: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every object that holds a certificate, or is one, with its place in the file; not the parts of one."""
    if isinstance(data, dict):
        if "claim" in data:
            yield place, {"certificate": data}
        elif data.get("certificate") is not None:
            yield f"{place}.certificate", data
        else:
            for key, value in data.items():
                yield from verdicts_in(value, f"{place}.{key}")
    elif isinstance(data, list):
        for i, value in enumerate(data):
            yield from verdicts_in(value, f"{place}[{i}]")


def check_verdict(verdict: dict[str, Any]) -> None:
    """Check a verdict's certificate, and that the figures shown are those that it proves.

    Raises:
        CertificateError: the certificate does not hold, or the verdict says something else.
    """
    from lockdown.certificate import verify_certificate
    from lockdown.risk import READY_LOW

    certificate = verdict["certificate"]
    verify_certificate(certificate)
    state = verdict.get("state", verdict.get("verdict"))
    if state is None:
        return
    if verdict.get("verdict", state) != state or CLAIMS.get(state) != certificate["claim"]:
        raise CertificateError(f"the verdict says {state}, its certificate {certificate['claim']}")
    odds = verdict.get("odds")
    if odds is not None and odds.get("digest") != certificate["inputs"]:
        raise CertificateError("odds: they are of other inputs than the certificate")
    if state == "ready" and (odds is None or odds["committed"]["low"] < READY_LOW):
        raise CertificateError(f"the verdict says ready, its odds have no lower limit of {READY_LOW} or more")
    about = certificate["sure"] if certificate["claim"] == "undecided" else certificate
    for key, shown in _figures(about).items():
        if verdict.get(key) != shown:
            raise CertificateError(f"{key}: the verdict says {verdict.get(key)}, its certificate {shown}")
    if certificate["claim"] == "feasible":
        told = [(row.get("unit"), row.get("post")) for row in verdict.get("plan", [])]
        proved = [(row["unit"], row["post"]) for row in certificate["optimum"]["plan"]]
        if told != proved:
            raise CertificateError("plan: the verdict's orders are not those of its certificate")


def _figures(certificate: dict[str, Any]) -> dict[str, Any]:
    optimum, slack = certificate["optimum"], certificate["slack"]
    figures: dict[str, Any] = {"travel_slack": slack["permille"] / 1000 if slack else None}
    if optimum is None:
        return {**figures, "t_star_s": None, "weakest_post": None, "margin_s": None}
    return {
        **figures,
        "t_star_s": -(-optimum["ratio"][0] // 100) / 10,
        "weakest_post": optimum["weakest"],
        "margin_s": optimum["margin_ms"] // 100 / 10,
    }
