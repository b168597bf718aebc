"""/v1/watchlist, /v1/alerts, /v1/subscribers and /v1/counters."""

import asyncio
import contextlib
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Path, Query

from api.access.rights import Caller, Role, allow, caller
from api.alerts import review as reviews
from api.alerts import subscribers as subscribing
from api.alerts import watch
from api.alerts.targets import check_url
from api.alerts.wire import ReviewIn, SubscriberIn, WatchIn
from api.log.live import publish_async
from api.passages import find
from api.passages.routes import checkpoint_names
from api.services import Services, services
from api.store.counters import count_verdicts, totals
from camera_config.errors import StoreError

router = APIRouter(prefix="/v1", tags=["alerts"])

Shared = Annotated[Services, Depends(services)]
Who = Annotated[Caller, Depends(caller)]
Id = Annotated[str, Path(alias="id", max_length=64)]
SHOW_S = 0.5
"""A stalled bus does not hold up a decision."""


@router.get("/watchlist", dependencies=[allow(Role.OPERATOR)])
async def watched(shared: Shared) -> dict[str, Any]:
    """Return the entries in force, those that end first in front."""
    return {"watchlist": await shared.db(watch.in_force, shared.engine, shared.now())}


@router.post("/watchlist", dependencies=[allow(Role.OPERATOR)], status_code=201)
async def add_to_watchlist(given: WatchIn, shared: Shared, who: Who) -> dict[str, Any]:
    """Look for a plate until ``ends_at``, at most 90 days."""
    try:
        return await shared.db(watch.add, shared.engine, who, given, shared.now())
    except ValueError as error:
        raise HTTPException(422, str(error)) from error


@router.delete("/watchlist/{id}", dependencies=[allow(Role.OPERATOR)], status_code=204)
async def remove_from_watchlist(entry: Id, shared: Shared, who: Who) -> None:
    """Look for it no longer; its alerts stay."""
    if not await shared.db(watch.remove, shared.engine, who, entry, shared.now()):
        raise HTTPException(404, "no such entry in force")


@router.get("/alerts", dependencies=[allow(Role.OPERATOR, Role.WALL)])
async def alerts(
    shared: Shared,
    state: Literal["", "open", "confirmed", "rejected"] = "",
    after: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """Return alerts, newest first; ``next`` of one page is ``after`` of the following."""
    names = checkpoint_names(shared.county)
    try:
        return await shared.db(lambda: reviews.page(shared.engine, names, state=state, after=after, limit=limit))
    except ValueError as error:
        raise HTTPException(422, str(error)) from error


@router.post("/alerts/{id}/review", dependencies=[allow(Role.OPERATOR)])
async def review(alert: Id, given: ReviewIn, shared: Shared, who: Who) -> dict[str, Any]:
    """Confirm or reject an open alert, once; the other walls see it by the live stream."""
    names = checkpoint_names(shared.county)
    found, decided = await shared.db(reviews.review, shared.engine, names, who, alert, given, shared.now())
    if found is None:
        raise HTTPException(404, "no such alert")
    if not decided:
        raise HTTPException(409, f"this alert was {found['state']} before")
    with contextlib.suppress(StoreError, TimeoutError):  # a wall that misses it reads the list when it comes back
        async with asyncio.timeout(SHOW_S):
            await publish_async(shared.bus, "alert", found)
    return found


@router.get("/subscribers", dependencies=[allow(Role.ADMINISTRATOR)])
async def subscribers(shared: Shared) -> dict[str, Any]:
    """Return who is told by webhook, without secrets."""
    return {"subscribers": await shared.db(subscribing.everyone, shared.engine)}


@router.post("/subscribers", dependencies=[allow(Role.ADMINISTRATOR)], status_code=201)
async def add_subscriber(given: SubscriberIn, shared: Shared, who: Who) -> dict[str, Any]:
    """Tell a URL of alerts from now on; the answer shows the secret this once."""
    try:
        check_url(given.url, allow_loopback=shared.county.invented)
    except ValueError as error:
        raise HTTPException(422, str(error)) from error
    return await shared.db(subscribing.add, shared.engine, who, given, shared.now())


@router.delete("/subscribers/{id}", dependencies=[allow(Role.ADMINISTRATOR)], status_code=204)
async def remove_subscriber(subscriber: Id, shared: Shared, who: Who) -> None:
    """Tell it nothing more."""
    if not await shared.db(subscribing.remove, shared.engine, who, subscriber, shared.now()):
        raise HTTPException(404, "no such subscriber")


@router.get("/counters", dependencies=[allow(Role.OPERATOR, Role.ADMINISTRATOR)])
async def counters(shared: Shared) -> dict[str, Any]:
    """Return totals over all producers and their starts, and what the store says of passages and alerts."""
    sums = await shared.db(totals, shared.engine)
    number, p99_ms = await shared.db(reviews.figures, shared.engine)
    return {
        "totals": sums,
        "passages": await shared.db(find.count, shared.engine),
        "alerts": number,
        "alert_p99_ms": p99_ms,
        "verdict_changes": await shared.db(count_verdicts, shared.engine),
    }
