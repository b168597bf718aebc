"""GET /v1/devices and each device's latest small picture."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException, Response

from api.access.rights import VIEWERS, allow
from api.services import Services, services

router = APIRouter(prefix="/v1/devices", tags=["devices"])


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
