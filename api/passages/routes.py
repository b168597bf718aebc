"""/v1/passages: list, one, its pictures, search; and what smart checkpoints report. No plate stands in any URL."""

from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Response
from fastapi.responses import FileResponse

from api.access.rights import VIEWERS, Caller, Role, allow, caller
from api.passages import find
from api.passages.device import accept
from api.passages.shape import passage_json
from api.passages.wire import DevicePassageIn, SearchIn
from api.services import Services, services
from camera_config.county import County
from camera_config.errors import StoreError

router = APIRouter(prefix="/v1", tags=["passages"])

Shared = Annotated[Services, Depends(services)]
Id = Annotated[str, Path(alias="id", max_length=64)]
PICTURE_HEADERS = {"Cache-Control": "private, max-age=3600"}


def checkpoint_names(county: County) -> dict[str, str]:
    """Return the checkpoints' names by id."""
    return {str(checkpoint.id): checkpoint.name for checkpoint in county.checkpoints}


@router.get("/passages", dependencies=[allow(*VIEWERS)])
async def passages(
    shared: Shared,
    after: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    checkpoint: Annotated[str, Query(max_length=64)] = "",
    since: Annotated[float | None, Query(allow_inf_nan=False)] = None,
) -> dict[str, Any]:
    """Return passages, newest first, with ``since`` (unix seconds, inclusive) none before it.

    ``next`` of one page is ``after`` of the following, null at the end.
    """
    names = checkpoint_names(shared.county)
    try:
        return await shared.db(
            lambda: find.page(shared.engine, names, after=after, limit=limit, checkpoint=checkpoint, since=since)
        )
    except ValueError as error:
        raise HTTPException(422, str(error)) from error


@router.get("/passages/{id}", dependencies=[allow(*VIEWERS)])
async def passage(passage_id: Id, shared: Shared) -> dict[str, Any]:
    """Return one passage."""
    return passage_json(await _row(shared, passage_id), checkpoint_names(shared.county))


@router.get("/passages/{id}/scene.jpg", dependencies=[allow(*VIEWERS)], response_class=FileResponse)
async def scene(passage_id: Id, shared: Shared) -> FileResponse:
    """Return the whole picture."""
    return _picture(shared, await _row(shared, passage_id), "scene")


@router.get("/passages/{id}/plate.jpg", dependencies=[allow(*VIEWERS)], response_class=FileResponse)
async def plate(passage_id: Id, shared: Shared) -> FileResponse:
    """Return the plate's part of the picture."""
    return _picture(shared, await _row(shared, passage_id), "crop")


@router.post("/passages/search", dependencies=[allow(Role.OPERATOR)])
async def search(wanted: SearchIn, shared: Shared, who: Annotated[Caller, Depends(caller)]) -> dict[str, Any]:
    """Return the passages of a plate, `_` for one unknown character, `*` for any number; every search is audited."""
    names = checkpoint_names(shared.county)
    try:
        return await shared.db(lambda: find.search(shared.engine, names, who, now=shared.now(), **wanted.model_dump()))
    except ValueError as error:
        raise HTTPException(422, str(error)) from error


@router.post("/checkpoints/{id}/passages", dependencies=[allow(Role.DEVICE)], status_code=202)
async def report(
    checkpoint: Id,
    given: DevicePassageIn,
    shared: Shared,
    who: Annotated[Caller, Depends(caller)],
    response: Response,
) -> dict[str, str]:
    """Take a passage from a checkpoint's own reader: 202 it is durable and on its way, 200 it is stored already."""
    if who.subject != checkpoint:
        raise HTTPException(403, "a device reports for its own checkpoint only")
    if checkpoint not in checkpoint_names(shared.county):
        raise HTTPException(404, "no such checkpoint")
    try:
        identity, stored = await shared.db(accept, shared, checkpoint, given)
    except ValueError as error:
        raise HTTPException(422, str(error)) from error
    except StoreError as error:
        raise HTTPException(503, "not stored; send it again", headers={"Retry-After": "1"}) from error
    if stored:
        response.status_code = 200
    return {"id": identity}


async def _row(shared: Services, passage_id: str) -> dict[str, Any]:
    row = await shared.db(find.one, shared.engine, passage_id)
    if row is None:
        raise HTTPException(404, "no such passage")
    return row


def _picture(shared: Services, row: dict[str, Any], kind: str) -> FileResponse:
    """Return the file the store names, if it lies below the data folder and has not made room for newer ones."""
    named = row[f"{kind}_path"]
    if named is not None:
        data = shared.settings.data.resolve()
        path = (data / FilePath(named)).resolve()
        if path.is_relative_to(data) and path.is_file():
            headers = {**PICTURE_HEADERS, "Kakou-Picture-Sha256": row[f"{kind}_sha256"] or ""}
            return FileResponse(path, media_type="image/jpeg", headers=headers)
    raise HTTPException(404, "no such picture")
