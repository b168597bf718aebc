"""GET /v1/devices, each device's latest small picture, and a new reference for a camera turned on purpose."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException, Response

from api.access.rights import VIEWERS, Caller, Role, allow, caller
from api.devices.reference import ask_reference, audit_reference
from api.services import Services, services
from camera_config.errors import StoreError

router = APIRouter(prefix="/v1/devices", tags=["devices"])

ASK_S = 2.0


@router.get("", dependencies=[allow(*VIEWERS)])
async def devices(shared: Annotated[Services, Depends(services)]) -> dict[str, Any]:
    """Return every device of the county; all are unknown when ingest has been silent for more than 3 s."""
    return shared.board.everything(shared.clock.monotonic_s())


@router.get("/{device}/tile.jpg", dependencies=[allow(*VIEWERS)], response_class=Response)
async def tile(
    device: str,
    shared: Annotated[Services, Depends(services)],
    if_none_match: Annotated[str | None, Header(max_length=256)] = None,
) -> Response:
    """Return the latest picture; ``Kakou-Picture-At`` says when it was taken (unix s). 204: there is none now."""
    if device not in shared.board.known:
        raise HTTPException(404, "no such device")
    found = shared.board.tiles.get(device)
    item = found.latest() if found else None
    if item is None:
        return Response(status_code=204)
    headers = {"Kakou-Picture-At": f"{item.at:.3f}", "ETag": f'"{item.epoch}-{item.sequence}-{item.at:.3f}"'}
    if if_none_match == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(item.payload, media_type="image/jpeg", headers=headers)


@router.post("/{device}/reference", dependencies=[allow(Role.OPERATOR)], status_code=202)
async def new_reference(
    device: str,
    shared: Annotated[Services, Depends(services)],
    who: Annotated[Caller, Depends(caller)],
) -> dict[str, Any]:
    """Learn anew how this camera looks: it was turned on purpose. Its picture is good again within two keyframes."""
    if device not in shared.board.known:
        raise HTTPException(404, "no such device")
    at = shared.now()
    await shared.db(audit_reference, shared.engine, who, device, at)
    try:
        async with asyncio.timeout(ASK_S):
            await ask_reference(shared.bus, device, at)
    except (StoreError, TimeoutError) as error:
        raise HTTPException(503, "the event log is down; ask again", headers={"Retry-After": "1"}) from error
    return {"device": device, "asked_at": at}
