"""The present plan over HTTP, to print and to draw, or an error: never an old one."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Response
from redis.exceptions import RedisError

from api import __version__
from api.access.rights import VIEWERS, allow
from api.drill.ask import ask_plan
from api.live.entries import READINESS_KEY, compact, get_json
from api.log.envelope import new_id
from api.paper.plan_map import plan_geojson
from api.paper.sheet import sheet_of
from api.paper.sheet_html import POLICY, sheet_html
from api.paper.situation import Origin, Situation, seen_live
from api.plan.wire import ReadinessOut
from api.services import Services, services

router = APIRouter(prefix="/v1", tags=["plan"])

PATIENCE_S = 1.0
"""A stalled event log counts as down after this: nobody waits for it."""

MAX_LOOK_FOR = 40


@router.get("/plan/sheet.html", dependencies=[allow(*VIEWERS)], response_class=Response)
async def sheet(
    shared: Annotated[Services, Depends(services)],
    look_for: Annotated[str, Query(max_length=MAX_LOOK_FOR)] = "",
) -> Response:
    """Return the orders of the present plan, to print; 409 where no verdict is valid."""
    page = sheet_html(sheet_of(await situation_now(shared), look_for))
    return Response(page, media_type="text/html", headers={"Content-Security-Policy": POLICY})


@router.get("/plan.geojson", dependencies=[allow(*VIEWERS)], response_class=Response)
async def drawn(shared: Annotated[Services, Depends(services)]) -> Response:
    """Return posts, units and the ways of the present plan; 409 where no verdict is valid."""
    situation = await situation_now(shared)
    pairs = [[order.unit, order.post] for order in situation.answer.joint.plan]
    found = await ask_plan(shared.bus, new_id(), {"ways": pairs})
    if found is None or "error" in found:
        raise HTTPException(503, "the planner does not answer", headers={"Retry-After": "5"})
    if shared.hub.readiness()["cause"] is not None:
        raise HTTPException(409, "no verdict is valid any more")
    return Response(compact(plan_geojson(situation, found["ways"])), media_type="application/geo+json")


async def situation_now(shared: Services) -> Situation:
    """Return the planner's present answer with the county and the live units.

    Raises:
        HTTPException: 409 where there is no valid one, and why.
    """
    try:
        async with asyncio.timeout(PATIENCE_S):
            full: dict[str, Any] | None = await get_json(shared.bus, READINESS_KEY)
    except (RedisError, TimeoutError, ValueError):
        full = None
    found = shared.hub.readiness(full)
    if found["cause"] is not None:
        raise HTTPException(409, f"no verdict is valid: {found['cause']}")
    body = {key: value for key, value in found.items() if key not in {"age_s", "cause"}}
    units = seen_live(shared.county, shared.hub.units()["units"])
    return Situation(ReadinessOut.model_validate(body), shared.county, units, Origin.LIVE, __version__)
