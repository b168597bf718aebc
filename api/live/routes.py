"""GET /v1/events: the live feed as Server-Sent Events."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, HTTPException, Request

from api.access.rights import VIEWERS, allow, caller
from api.access.sessions import find_session
from api.live.entries import stream_id
from api.live.stream import EventStream
from api.services import Services, services

router = APIRouter(prefix="/v1", tags=["live"])

MAX_CLIENTS = 256
"""Browsers at once; one more is answered 503."""


@router.get("/events", dependencies=[allow(*VIEWERS)], response_class=EventStream)
async def events(
    request: Request,
    shared: Annotated[Services, Depends(services)],
    last_event_id: Annotated[str | None, Header(max_length=64)] = None,
) -> EventStream:
    """Send ``hello``, the latest of everything, what was missed since ``Last-Event-ID``, then all that happens.

    ``hello.replay`` is ``none`` without an id, ``complete``, or ``lost`` when some passages or alerts since that id
    are no longer kept; then the browser asks for its lists anew.
    """
    if shared.hub.clients >= MAX_CLIENTS:
        raise HTTPException(503, "too many displays are connected", headers={"Retry-After": "5"})
    session = caller(request).session

    async def allowed() -> bool:
        return await shared.db(find_session, shared.engine, session, shared.now(), touch=False) is not None

    return EventStream(shared.hub, stream_id(last_event_id), allowed)
