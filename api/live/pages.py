"""GET /healthz for machines and GET /status for people whose browser runs no scripts."""

from collections import Counter
from html import escape
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from pydantic import BaseModel
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from api.access.rights import VIEWERS, Role, allow
from api.services import Services, services

router = APIRouter(tags=["live"])

STATE_TEXT = {
    "ready": "● 可封控 READY",
    "at_risk": "▲ 有风险 AT RISK",
    "not_possible": "✕ 不能封控 NOT POSSIBLE",
    "unknown": "? 不明 UNKNOWN",
}
PAGE = """<!doctype html>
<html lang="zh"><head><meta charset="utf-8"><meta http-equiv="refresh" content="5"><title>卡口 {name}</title></head>
<body><h1>{name} 卡口状态</h1>{invented}
<table border="1"><caption>{at}</caption>{rows}</table>
<table border="1"><caption>设备 Devices</caption>{devices}</table>
<table border="1"><caption>警力 Units</caption>{units}</table>
</body></html>
"""


class Health(BaseModel):
    """Whether the parts this process depends on answer; nothing that helps an intruder."""

    ok: bool
    parts: dict[str, str]


@router.get("/healthz", dependencies=[allow(Role.ANONYMOUS)])
async def health(shared: Annotated[Services, Depends(services)]) -> Health:
    """Answer 200 as long as this process serves; ``ok`` says whether all parts are up."""
    parts = {**shared.hub.status(), "store": "up" if await shared.db(_answers, shared.engine) else "down"}
    return Health(ok=all(state == "up" for state in parts.values()), parts=parts)


@router.get("/status", dependencies=[allow(*VIEWERS)], response_class=HTMLResponse)
async def status(shared: Annotated[Services, Depends(services)]) -> HTMLResponse:
    """Return a page that asks again every 5 s; every figure on it shows its age."""
    readiness = shared.hub.readiness()
    devices = shared.board.everything(shared.clock.monotonic_s())["devices"]
    units = shared.hub.units()["units"]
    rows: list[tuple[object, object]] = [
        (ring, STATE_TEXT.get(verdict["state"], STATE_TEXT["unknown"]))
        for ring, verdict in (
            ("两圈 both", readiness["joint"]),
            ("县城 town", readiness["town"]),
            ("县界 county", readiness["county"]),
        )
    ]
    rows += [("计算于 age", _age(readiness["age_s"])), ("漏点 leaks", len(readiness["leaks"]))]
    rows += [("原因 cause", readiness["cause"])] if readiness["cause"] else []
    rows += [(f"部件 {name}", state) for name, state in shared.hub.status().items()]
    if shared.intake is not None:
        rows += [(f"位置 positions from {shared.intake.wire()['positions_from']}", _age(shared.intake.silence_s))]
    counts = Counter((device["kind"], device["state"]) for device in devices)
    page = PAGE.format(
        name=escape(shared.county.name),
        invented="<p>虚构的县 (invented county)</p>" if shared.county.invented else "",
        at=escape(f"{shared.clock.now():%Y-%m-%d %H:%M:%S} UTC"),
        rows=_table(rows),
        devices=_table([(f"{kind} {state}", count) for (kind, state), count in sorted(counts.items())]),
        units=_table([(_unit(unit), _age(unit["age_s"])) for unit in units]),
    )
    return HTMLResponse(page)


def _answers(engine: Engine) -> bool:
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True


def _unit(unit: dict[str, Any]) -> str:
    return f"{unit['call_sign']} {unit['trust']}" + (" 演练" if unit.get("drill") else "")


def _age(age_s: float | None) -> str:
    return "从未 never" if age_s is None else f"{age_s:.0f} s"


def _table(rows: list[tuple[Any, Any]]) -> str:
    return "".join(f"<tr><th>{escape(str(key))}</th><td>{escape(str(value))}</td></tr>" for key, value in rows)
