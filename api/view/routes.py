"""POST /v1/live/{device}/whep and its DELETE: live video. GET /v1/mosaic: a WebSocket of pictures."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response, WebSocket
from starlette.websockets import WebSocketDisconnect

from api.access.rights import VIEWERS, allow, caller
from api.access.roles import Caller
from api.access.sessions import find_session
from api.live.tasks import cancelled
from api.problem import problem
from api.services import Services, services
from api.store.audit import write_audit
from api.view.door import SocketGuard, session_of
from api.view.mosaic import Screen, shown_ids
from api.view.sdp import OFFER_BYTES, BadOffer
from api.view.whep import NotLive

router = APIRouter(prefix="/v1", tags=["view"])

SDP = "application/sdp"
LIVE_STATES = frozenset({"online", "late"})
MAX_SCREENS = 256
SESSION_S = 10.0
"""How often it is asked whether a socket's session still stands."""

REVOKED, ODD, STUCK = 4401, 1008, 1013
"""Close codes: the session is over; a message not as agreed; too slow, come again."""


@router.post("/live/{device}/whep", dependencies=[allow(*VIEWERS)], status_code=201, response_class=Response)
async def watch(device: str, request: Request, shared: Annotated[Services, Depends(services)]) -> Response:
    """Answer a browser's offer (WHEP); ``Location`` names the session, which ``DELETE`` ends. Audited.

    409: the camera is masked, is not online, or sends what browsers do not play; 503: 32 watch already. ``code`` says
    which.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != SDP:
        raise HTTPException(415, f"an offer is {SDP}")
    if device not in shared.board.known:
        raise HTTPException(404, "no such device")
    if device in shared.board.masked:
        return problem(409, "parts of this camera's picture are hidden: it has no live video", code="live-masked")
    body = await request.body()
    if len(body) > OFFER_BYTES:
        raise HTTPException(413, f"an offer has at most {OFFER_BYTES} bytes")
    state = _state(shared, device)
    if state not in LIVE_STATES:
        return problem(409, f"this camera is not online: {state}", code="live-offline", state=state)
    who = caller(request)

    async def allowed() -> bool:
        still = await shared.db(find_session, shared.engine, who.session, shared.now(), touch=False)
        return still is not None and device in shared.board.known

    try:
        identity, answer = await shared.views.open(device, body.decode("utf-8", "replace"), who, allowed)
    except BadOffer as error:
        raise HTTPException(422, str(error)) from error
    except NotLive as error:
        again = {"Retry-After": "5"} if error.status == 503 else None
        return problem(error.status, str(error), headers=again, code=error.code)
    await shared.db(_audit, shared, who, device)
    return Response(answer, 201, {"Location": f"/v1/live/sessions/{identity}"}, media_type=SDP)


@router.delete("/live/sessions/{identity}", dependencies=[allow(*VIEWERS)], status_code=204)
async def leave(identity: str, request: Request, shared: Annotated[Services, Depends(services)]) -> None:
    """End one's own session."""
    if not await shared.views.end(identity, caller(request)):
        raise HTTPException(404, "no such session")


@router.websocket("/mosaic", dependencies=[Depends(SocketGuard(frozenset(VIEWERS)))])
async def mosaic(websocket: WebSocket) -> None:
    """Send the tiles that the page shows, as they change; the page says which: ``{"show": [ids]}``."""
    shared: Services = websocket.app.state.services
    if shared.mosaic.screens >= MAX_SCREENS:
        raise HTTPException(503, "too many displays are connected", headers={"Retry-After": "5"})
    screen = shared.mosaic.join()
    tasks: list[asyncio.Task[Any]] = []
    try:
        await websocket.accept()
        tasks = [
            asyncio.create_task(_listen(websocket, shared, screen)),
            asyncio.create_task(_feed(websocket, shared, screen)),
            asyncio.create_task(_look_after(websocket)),
        ]
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        code = done.pop().result()
    finally:
        shared.mosaic.leave(screen)
        await cancelled(*tasks)
    if code is not None:
        await websocket.close(code)


async def _listen(websocket: WebSocket, shared: Services, screen: Screen) -> int | None:
    """Take what the page says; return the code to close with, None when it has left."""
    while True:
        try:
            screen.show(shown_ids(await websocket.receive_text(), shared.mosaic.devices))
        except WebSocketDisconnect:
            return None
        except (KeyError, ValueError):  # bytes instead of text, or not as agreed
            return ODD


async def _feed(websocket: WebSocket, shared: Services, screen: Screen) -> int | None:
    try:
        await shared.mosaic.feed(screen, websocket.send_bytes)
    except TimeoutError:
        return STUCK
    except WebSocketDisconnect:
        return None


async def _look_after(websocket: WebSocket) -> int:
    while True:
        if await session_of(websocket) is None:
            return REVOKED
        await asyncio.sleep(SESSION_S)


def _state(shared: Services, device: str) -> str:
    rows = shared.board.everything(shared.clock.monotonic_s())["devices"]
    return next(str(row["state"]) for row in rows if row["id"] == device)


def _audit(shared: Services, who: Caller, device: str) -> None:
    with shared.engine.begin() as connection:
        write_audit(connection, who, "live.view", at=shared.now(), detail={"device": device})
