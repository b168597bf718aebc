"""/v1/rule-events: what the rules of cameras said."""

import asyncio
import contextlib
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Path, Query

from api.access.rights import Caller, Role, allow, caller
from api.alerts.wire import ReviewIn
from api.log.live import publish_async
from api.rules import find
from api.services import Services, services
from camera_config.errors import StoreError

router = APIRouter(prefix="/v1", tags=["rules"])

Shared = Annotated[Services, Depends(services)]
Id = Annotated[str, Path(alias="id", max_length=64)]
SHOW_S = 0.5
"""A stalled bus does not hold up a decision."""


@router.get("/rule-events", dependencies=[allow(Role.OPERATOR, Role.WALL)])
async def rule_events(
    shared: Shared,
    state: Literal["", "began", "ended", "unknown"] = "",
    review: Literal["", "open", "confirmed", "rejected"] = "",
    camera: Annotated[str, Query(max_length=64)] = "",
    after: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """Return what rules said, newest first; ``state=began`` is what holds now."""
    try:
        return await shared.db(
            lambda: find.page(shared.engine, state=state, review=review, camera=camera, after=after, limit=limit)
        )
    except ValueError as error:
        raise HTTPException(422, str(error)) from error


@router.post("/rule-events/{id}/review", dependencies=[allow(Role.OPERATOR)])
async def review(event: Id, given: ReviewIn, shared: Shared, who: Annotated[Caller, Depends(caller)]) -> dict[str, Any]:
    """Confirm or reject one, once; the other walls see it by the live stream."""
    found, decided = await shared.db(find.review_event, shared.engine, who, event, given, shared.now())
    if found is None:
        raise HTTPException(404, "no such event")
    if not decided:
        raise HTTPException(409, f"this event was {found['review']} before")
    with contextlib.suppress(StoreError, TimeoutError):  # a wall that misses it reads the list when it comes back
        async with asyncio.timeout(SHOW_S):
            await publish_async(shared.bus, "rule_event", found)
    return found
