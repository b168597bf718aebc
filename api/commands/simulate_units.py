"""``kakou simulate units``: police units on the move, against a running system or the planner alone."""

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from camera_config.clock import Clock, SystemClock
from camera_config.county import County
from camera_config.errors import CountyError
from camera_config.example import example_county

if TYPE_CHECKING:
    from api.plan.inputs import Prepared
    from lockdown.movement import PositionReport

STATES = ("ready", "at_risk", "not_possible", "unknown")
START_AT = 1_700_000_000.0
"""Wall time at which virtual time begins, so that a run is the same every time."""

TIMEOUT_S = 5.0
TROUBLE_S = 30.0
"""A server that has not answered for so long is reported once more."""


def simulate_units(
    api: Annotated[str, typer.Option(help="Address of the running system, e.g. http://127.0.0.1:8080.")] = "",
    token_file: Annotated[Path | None, typer.Option(help="File with the position feed's token.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same day.")] = 1,
    for_s: Annotated[float, typer.Option("--for", min=0.0, help="Seconds to run; 0 is until it is ended.")] = 0.0,
    county: Annotated[Path | None, typer.Option(help="The county's folder; the invented county without it.")] = None,
    planner_only: Annotated[
        bool, typer.Option("--planner-only", help="No server, virtual time: run the planner alone on the fleet.")
    ] = False,
    every: Annotated[int, typer.Option(min=1, help="With --planner-only: virtual seconds between verdicts.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="With --planner-only: print the totals as JSON.")] = False,
) -> None:
    """Move the county's units and report their positions once a second."""
    from api.plan.inputs import prepare
    from camera_config.load import load_county

    loaded = load_county(county or example_county())
    prepared = prepare(loaded)
    if planner_only:
        _print_run(planner_run(prepared, seed, int(for_s) or 600, every), as_json=as_json)
        return
    if not api or token_file is None:
        raise typer.BadParameter("give --api and --token-file, or --planner-only")
    _feed(loaded, prepared, seed, for_s, api, token_file.read_text(encoding="utf-8").strip(), SystemClock())


def planner_run(prepared: "Prepared", seed: int, seconds: int, every: int, tick: int = 1) -> dict[str, Any]:
    """Run fleet and planner in virtual time; return state changes and how many verdicts fell in each state.

    Positions are taken every ``tick`` seconds, a verdict is computed every ``every``, a multiple of it.
    """
    from api.plan.inputs import odds_on, readiness_now
    from api.positions.tracker import Tracker
    from lockdown.movement import Fleet

    fleet = Fleet(prepared.graph, prepared.county, seed, fields=prepared.fields)
    tracker = Tracker(prepared.county)
    totals: Counter[str] = Counter()
    changes: list[dict[str, Any]] = []
    for second in range(tick, seconds + 1, tick):
        fleet.step(float(tick))
        now = START_AT + second
        rows = [{**_row(report), "untrusted": None} for report in fleet.reports(now)]
        tracker.accept({"mono_s": float(second), "received_at": now, "positions": rows}, float(second))
        if second % every:
            continue
        readiness = odds_on(prepared, readiness_now(prepared, tracker.now(float(second)), now))
        state = readiness.state.value
        totals[state] += 1
        if not changes or changes[-1]["state"] != state:
            text = readiness.joint.text
            changes.append({"at_s": second, "state": state, "text": text, "digest": readiness.digest})
    return {
        "seed": seed,
        "day": fleet.day.name,
        "seconds": seconds,
        "every_s": every,
        "states": {state: totals[state] for state in STATES},
        "changes": changes,
    }


def _print_run(run: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(run, ensure_ascii=False, allow_nan=False))
        return
    print(f"seed {run['seed']}: a {run['day']} day, {run['seconds']} s, a verdict every {run['every_s']} s")
    for change in run["changes"]:
        print(f"{change['at_s']:5} s  {change['state']:12}  {change['text']}")
    print("  ".join(f"{state} {count}" for state, count in run["states"].items()))


def _row(report: "PositionReport") -> dict[str, Any]:
    return {
        "unit": report.unit,
        "lat": report.lat,
        "lon": report.lon,
        "at": report.at,
        "speed_kmh": report.speed_kmh,
        "heading_deg": report.heading_deg,
        "status": report.status.value,
        "drill": report.drill,
    }


def _feed(county: County, prepared: "Prepared", seed: int, for_s: float, api: str, token: str, clock: Clock) -> None:
    """Post positions once a second until the time is over; a server that is away is waited for.

    Raises:
        CountyError: the server refuses the token or the positions.
    """
    import httpx

    from lockdown.movement import Fleet

    fleet = Fleet(prepared.graph, county, seed, fields=prepared.fields)
    started_s = last_s = clock.monotonic_s()
    quiet_until_s, tick = started_s, 0
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=api, headers=headers, timeout=TIMEOUT_S, trust_env=False) as client:
        while not for_s or clock.monotonic_s() - started_s < for_s:
            now_s = clock.monotonic_s()
            fleet.step(now_s - last_s)
            last_s = now_s
            rows = [_row(report) for report in fleet.reports(clock.now().timestamp())]
            try:
                answer = client.post("/v1/units/positions", json={"positions": rows})
            except httpx.TransportError as error:
                if now_s >= quiet_until_s:
                    print(f"{api} does not answer: {error}")
                    quiet_until_s = now_s + TROUBLE_S
            else:
                if answer.status_code in {401, 403, 422}:
                    raise CountyError(
                        f"{api} refused the positions: {answer.status_code} {answer.text[:200]}",
                        hint="Give the token that `kakou up` wrote to units.token.",
                    )
            tick += 1
            clock.sleep(max(0.0, started_s + tick - clock.monotonic_s()))
