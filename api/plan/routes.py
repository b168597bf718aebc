"""Positions in, units and readiness out."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request
from redis.exceptions import RedisError

from api.access.rights import VIEWERS, Role, allow, caller
from api.drill.ask import ask_plan
from api.live.entries import READINESS_KEY, compact, get_json
from api.log.bus import POSITIONS
from api.log.envelope import new_id
from api.plan.contain import ContainIn, ContainOut
from api.plan.leaks import LeaksOut
from api.plan.race import RaceIn, RaceOut
from api.positions.border import KEEP, PositionsIn, PositionsOut
from api.services import Services, services

router = APIRouter(prefix="/v1", tags=["plan"])

PATIENCE_S = 1.0
"""A stalled event log counts as down after this: nobody waits for it."""

CONTAIN_WAIT_S = 30
"""A containment may take so long; people are told that it does."""

UNITS = "units"
"""Subject of the token that may speak for all units."""


@router.post("/units/positions", dependencies=[allow(Role.DEVICE)])
async def positions(
    body: PositionsIn, request: Request, shared: Annotated[Services, Depends(services)]
) -> PositionsOut:
    """Take a batch of positions; ``api/positions/border.py`` says what is refused and what is only untrusted.

    A token for ``units`` speaks for all units, a unit's own token for itself.
    """
    subject = caller(request).subject
    if subject != UNITS and any(position.unit != subject for position in body.positions):
        raise HTTPException(403, "this token speaks for one unit only")
    now = shared.now()
    kept, answer = shared.border.judge(body.positions, now, body.lapse)
    if kept:
        batch = {"received_at": now, "mono_s": shared.clock.monotonic_s(), "positions": kept}
        try:
            async with asyncio.timeout(PATIENCE_S):
                await shared.bus.xadd(POSITIONS, {"batch": compact(batch)}, maxlen=KEEP, approximate=True)
        except (RedisError, TimeoutError) as error:
            raise HTTPException(503, "the event log is down", headers={"Retry-After": "1"}) from error
    return answer


@router.get("/units", dependencies=[allow(*VIEWERS)])
async def units(shared: Annotated[Services, Depends(services)]) -> dict[str, Any]:
    """Return every unit's latest position with its age and trust."""
    return shared.hub.units()


@router.get("/readiness", dependencies=[allow(*VIEWERS)])
async def readiness(shared: Annotated[Services, Depends(services)]) -> dict[str, Any]:
    """Return the latest readiness with its certificates; "unknown", with the cause, once it is too old."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            full = await get_json(shared.bus, READINESS_KEY)
    except (RedisError, TimeoutError, ValueError):
        full = None
    return shared.hub.readiness(full)


@router.post("/plan/race", dependencies=[allow(Role.OPERATOR)])
async def race(body: RaceIn, shared: Annotated[Services, Depends(services)]) -> RaceOut:
    """Say which exits the fugitive may have passed before they are staffed, if everybody is ordered out now."""
    try:
        body.ago_ms(shared.now())
    except ValueError as error:
        raise HTTPException(422, str(error)) from error
    answer = await ask_plan(shared.bus, new_id(), {"race": body.model_dump(mode="json")})
    if answer is None:
        raise HTTPException(503, "the planner does not answer", headers={"Retry-After": "5"})
    if "error" in answer:
        raise HTTPException(422, "no road is near the place where he was seen")
    return RaceOut.model_validate(answer)


@router.post("/plan/contain", dependencies=[allow(Role.OPERATOR)])
async def contain(body: ContainIn, shared: Annotated[Services, Depends(services)]) -> ContainOut:
    """Say where units must stand so that he cannot leave the county, if everybody is ordered out now.

    It takes some seconds, and one is searched at a time; verdicts go on meanwhile.
    """
    asked = {"contain": body.model_dump(mode="json")}
    answer = await ask_plan(shared.bus, new_id(), asked, CONTAIN_WAIT_S)
    if answer is None or "failed" in answer:
        raise HTTPException(503, "the planner does not answer", headers={"Retry-After": "5"})
    if "busy" in answer:
        raise HTTPException(503, "another containment is being searched", headers={"Retry-After": "10"})
    if "error" in answer:
        raise HTTPException(422, "no road is near the place where he was seen")
    return ContainOut.model_validate(answer)


@router.get("/plan/leaks", dependencies=[allow(Role.OPERATOR)])
async def leaks(shared: Annotated[Services, Depends(services)]) -> LeaksOut:
    """Say by which roads a ring can be left past its posts, and which posts would close it."""
    answer = await ask_plan(shared.bus, new_id(), {"leaks": True})
    return LeaksOut(closed=None, rings=[]) if answer is None else LeaksOut.model_validate(answer)
