"""/v1/recordings: which minutes there are, playback (with purpose, audited), holds, recording on demand."""

import asyncio
import errno
import logging
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Response
from fastapi.responses import FileResponse
from redis.exceptions import RedisError

from api.access.rights import VIEWERS, Caller, Role, allow, caller
from api.log.asked import RECORD
from api.problem import problem
from api.recordings.shelf import KEPT_S, Playback, Shelf
from api.recordings.wire import LONGEST_HOLD_S, DemandIn, HoldIn, PlaybackIn
from api.services import Services, services
from api.store.audit import write_audit
from camera_config.errors import FeedError
from ingest.record.index import Hold

log = logging.getLogger(__name__)

router = APIRouter(prefix="/v1/recordings", tags=["recordings"])

Shared = Annotated[Services, Depends(services)]
Who = Annotated[Caller, Depends(caller)]
Time = Annotated[float, Query(ge=0, le=2**40)]
TELL_S = 2.0
MASKED = "parts of this device's picture are hidden: it is not recorded, and nothing of it is played"
"""What was recorded before it was masked is not played either: it shows everything."""
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@router.get("", dependencies=[allow(*VIEWERS)])
async def recordings(
    shared: Shared,
    device: Annotated[str, Query(min_length=1, max_length=64)],
    start: Annotated[Time, Query(alias="from")],
    end: Annotated[Time, Query(alias="to")],
) -> dict[str, Any]:
    """Return which spans of a device are recorded, and which are held; at most 31 days at once."""
    shelf = _shelf(shared, device)
    if not start < end <= start + LONGEST_HOLD_S:
        raise HTTPException(422, "want from < to, at most 31 days apart")
    spans = await shared.db(lambda: shelf.index.spans(device, start, end))
    holds = await shared.db(lambda: shelf.index.holds(device))
    return {
        "device": device,
        "spans": [{"from": low, "to": high} for low, high in spans],
        "holds": [_hold(one) for one in holds if one.start < end and one.end > start],
    }


@router.post("/playback", dependencies=[allow(Role.OPERATOR)], status_code=201, response_model=None)
async def play(asked: PlaybackIn, shared: Shared, who: Who, response: Response) -> dict[str, Any] | Response:
    """Make the recorded video of a span ready as seekable MP4; more than one part where size or codec changed."""
    shelf = _shelf(shared, asked.device)
    if asked.device in shared.board.masked:
        return problem(409, MASKED, code="playback-masked")
    segments = await shared.db(shelf.segments, asked.device, asked.start, asked.end)
    await shared.db(_audit_playback, shared, who, asked, [one.sha256 for one in segments])
    if not segments:
        raise HTTPException(404, "nothing is recorded of this time")
    try:
        made = await shared.files(shelf.play, segments, asked.start, asked.end, who.subject)
    except (OSError, FeedError) as error:
        return _unplayable(asked.device, error)
    response.headers["Location"] = f"/v1/recordings/playback/{made.id}/0"
    return _playback(made)


@router.get("/playback/{id}/{part}", dependencies=[allow(Role.OPERATOR)], response_class=FileResponse)
async def watch(
    identity: Annotated[str, Path(alias="id", max_length=64)],
    part: Annotated[int, Path(ge=0, le=999)],
    shared: Shared,
    who: Who,
) -> FileResponse:
    """Return one part of a playback, whole or by ranges, to the person who asked for it."""
    shelf = _any_shelf(shared)
    made = await shared.db(shelf.find, identity, who.subject)
    if made is None or part >= len(made.parts):
        raise HTTPException(404, "no such playback; ask for it again")
    name = f"kakou-{identity[:8]}-{part + 1}.mp4"
    return FileResponse(made.parts[part].path, media_type="video/mp4", filename=name, content_disposition_type="inline")


@router.get("/holds", dependencies=[allow(Role.OPERATOR, Role.ADMINISTRATOR)])
async def holds(shared: Shared) -> dict[str, Any]:
    """Return all legal holds, oldest first."""
    shelf = _any_shelf(shared)
    return {"holds": [_hold(one) for one in await shared.db(shelf.index.holds)]}


@router.post("/holds", dependencies=[allow(Role.OPERATOR, Role.ADMINISTRATOR)], status_code=201)
async def hold(asked: HoldIn, shared: Shared, who: Who) -> dict[str, Any]:
    """Keep what is recorded of a span, whatever retention and disk say."""
    shelf = _shelf(shared, asked.device)
    if asked.ends_at is not None and asked.ends_at <= shared.now():
        raise HTTPException(422, "ends_at is in the past")
    return _hold(await shared.db(_make_hold, shared, shelf, who, asked))


@router.delete("/holds/{number}", dependencies=[allow(Role.ADMINISTRATOR)], status_code=204)
async def release(number: Annotated[int, Path(ge=1, le=2**53)], shared: Shared, who: Who) -> None:
    """End a hold; what it kept follows retention again."""
    shelf = _any_shelf(shared)
    if not await shared.db(_release, shared, shelf, who, number):
        raise HTTPException(404, "no such hold")


@router.post("/start", dependencies=[allow(Role.OPERATOR)], status_code=202, response_model=None)
async def start(asked: DemandIn, shared: Shared, who: Who) -> dict[str, Any] | Response:
    """Record a device for some minutes from now on; a later end that was asked for before stays."""
    _shelf(shared, asked.device)
    if asked.device in shared.board.masked:
        return problem(409, MASKED, code="playback-masked")
    until = shared.now() + asked.minutes * 60.0
    try:
        async with asyncio.timeout(TELL_S):
            before = float(await shared.bus.hget(RECORD, asked.device) or 0.0)
            until = max(until, before)
            await shared.bus.hset(RECORD, asked.device, str(until))
    except (RedisError, TimeoutError) as error:
        raise HTTPException(503, "the recorder cannot be told now", headers={"Retry-After": "2"}) from error
    await shared.db(_audit, shared, who, "recordings.start", asked.reason, {**asked.model_dump(), "until": until})
    return {"device": asked.device, "until": until}


def _any_shelf(shared: Services) -> Shelf:
    if shared.shelf is None:
        raise HTTPException(409, "this installation records nothing")
    return shared.shelf


def _shelf(shared: Services, device: str) -> Shelf:
    if device not in shared.board.known:
        raise HTTPException(404, "no such device")
    return _any_shelf(shared)


def _audit(shared: Services, who: Caller, what: str, reason: str, detail: dict[str, Any]) -> None:
    with shared.engine.begin() as connection:
        write_audit(connection, who, what, at=shared.now(), reason=reason, detail=detail)


def _audit_playback(shared: Services, who: Caller, asked: PlaybackIn, hashes: list[str]) -> None:
    with shared.engine.begin() as connection:
        write_audit(
            connection,
            who,
            "recordings.playback",
            at=shared.now(),
            purpose=asked.purpose,
            case_no=asked.case_no,
            reason=asked.reason,
            detail={"device": asked.device, "from": asked.start, "to": asked.end, "segments": hashes},
        )


def _make_hold(shared: Services, shelf: Shelf, who: Caller, asked: HoldIn) -> Hold:
    """The line of the audit is written first: a hold without one must not be."""
    with shared.engine.begin() as connection:
        write_audit(
            connection,
            who,
            "recordings.hold",
            at=shared.now(),
            case_no=asked.case_no,
            reason=asked.reason,
            detail={"device": asked.device, "from": asked.start, "to": asked.end, "ends_at": asked.ends_at},
        )
    words = f"{asked.case_no}: {asked.reason}"
    return shelf.index.hold(
        asked.device, asked.start, asked.end, reason=words, by=who.subject, at=shared.now(), ends_at=asked.ends_at
    )


def _release(shared: Services, shelf: Shelf, who: Caller, number: int) -> bool:
    known = next((one for one in shelf.index.holds() if one.id == number), None)
    if known is None:
        return False
    _audit(shared, who, "recordings.release", "", {"hold": number, "device": known.stream, "reason": known.reason})
    return shelf.index.release(number) is not None


def _hold(one: Hold) -> dict[str, Any]:
    return {
        "id": one.id,
        "device": one.stream,
        "from": one.start,
        "to": one.end,
        "reason": one.reason,
        "by": one.by,
        "made_at": one.made_at,
        "ends_at": one.ends_at,
    }


def _unplayable(device: str, error: OSError | FeedError) -> Response:
    """Return why a playback could not be made; ``code`` tells the wall what to say."""
    if isinstance(error, FeedError):
        log.error("playback.damaged device=%s: %s", device, error)
        text = "a recording of this time is damaged: `kakou recordings verify` names it"
        return problem(409, text, code="playback-damaged")
    if isinstance(error, FileNotFoundError):
        return problem(404, "some of it was removed just now; ask again", code="playback-removed")
    log.error("playback.disk device=%s: %s", device, error.strerror or type(error).__name__)
    if error.errno in NO_ROOM:
        return problem(503, "no room to make it ready: ask for fewer minutes, or free the disk", code="playback-full")
    return problem(503, "the disk cannot be read or written; the log says why", code="playback-disk")


def _playback(made: Playback) -> dict[str, Any]:
    return {
        "id": made.id,
        "kept_s": KEPT_S,
        "parts": [
            {
                "url": f"/v1/recordings/playback/{made.id}/{number}",
                "from": part.start,
                "to": part.end,
                "bytes": part.bytes,
                "codec": part.codec,
                "width": part.width,
                "height": part.height,
            }
            for number, part in enumerate(made.parts)
        ],
    }
