"""Drills: a frozen plan on invented positions, reports in drill time, planned against actual."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from api.access.rights import Role, allow, caller
from api.drill import book
from api.drill.ask import ask_plan
from api.drill.book import Drill
from api.drill.score import Report, score
from api.drill.wire import DrillIn, DrillOut, ReportsIn, ReportsOut, post_out
from api.log.envelope import new_id
from api.plan.routes import UNITS
from api.services import Services, services
from camera_config.county import Position

router = APIRouter(prefix="/v1/drills", tags=["drill"])


@router.post("", dependencies=[allow(Role.OPERATOR)], status_code=201)
async def begin(
    body: DrillIn, request: Request, response: Response, shared: Annotated[Services, Depends(services)]
) -> DrillOut:
    """Begin a drill: ask the planner for a plan on the positions given and freeze it as version 1.

    Every position must be marked ``drill``; nothing of this reaches the live verdict, passages or alerts.
    """
    if not all(position.drill for position in body.positions):
        raise HTTPException(422, "every position of a drill is marked drill")
    units = {str(unit.id) for unit in shared.county.units}
    named = [position.unit for position in body.positions]
    if len(set(named)) != len(named) or not units.issuperset(named):
        raise HTTPException(422, "a drill names each unit once, and only units of the county")
    identity = new_id()
    rings = sorted(set(body.rings), reverse=True)
    positions = [position.model_dump() for position in body.positions]
    readiness = await ask_plan(shared.bus, identity, {"positions": positions})
    if readiness is None:
        raise HTTPException(503, "the planner does not answer", headers={"Retry-After": "5"})
    if "error" in readiness:
        raise HTTPException(422, "the planner cannot use these positions")
    drill = Drill(
        id=identity,
        created_at=shared.now(),
        ended_at=None,
        seed=body.seed,
        note=body.note,
        rings=tuple(rings),
        starts={position.unit: Position(position.lat, position.lon) for position in body.positions},
        plan=readiness["joint" if len(rings) == 2 else rings[0]],
    )
    await shared.db(book.begin, shared.engine, drill, caller(request).subject)
    response.headers["Location"] = f"/v1/drills/{identity}"
    return _out(shared, drill, [])


@router.get("/{drill}", dependencies=[allow(Role.OPERATOR)])
async def look(drill: str, shared: Annotated[Services, Depends(services)]) -> DrillOut:
    """Return a drill: per post planned and actual, and the cause of lateness."""
    return await _look(shared, drill)


@router.post("/{drill}/reports", dependencies=[allow(Role.DEVICE)])
async def report(
    drill: str, body: ReportsIn, request: Request, shared: Annotated[Services, Depends(services)]
) -> ReportsOut:
    """Take reports of units in drill time."""
    subject = caller(request).subject
    if subject != UNITS and any(item.unit != subject for item in body.reports):
        raise HTTPException(403, "this token speaks for one unit only")
    found = await _find(shared, drill)
    reports = []
    for item in body.reports:
        if item.unit not in found.starts:
            raise HTTPException(422, "a report names a unit that is not in the drill")
        if (item.lat is None) != (item.lon is None) or (item.kind == "position" and item.lat is None):
            raise HTTPException(422, "a position has a latitude and a longitude")
        place = None if item.lat is None or item.lon is None else Position(item.lat, item.lon)
        reports.append(Report(item.unit, item.kind, item.t_s, place))
    if not await shared.db(book.add_reports, shared.engine, drill, reports):
        raise HTTPException(409, "the drill has ended")
    return ReportsOut(accepted=len(reports))


@router.post("/{drill}/end", dependencies=[allow(Role.OPERATOR)])
async def end(drill: str, shared: Annotated[Services, Depends(services)]) -> DrillOut:
    """End a drill; what has not been reported by now has not happened."""
    await _find(shared, drill)
    await shared.db(book.end, shared.engine, drill, shared.now())
    return await _look(shared, drill)


async def _find(shared: Services, identity: str) -> Drill:
    found = await shared.db(book.find, shared.engine, identity)
    if found is None:
        raise HTTPException(404, "no such drill")
    return found


async def _look(shared: Services, identity: str) -> DrillOut:
    drill = await _find(shared, identity)
    return _out(shared, drill, await shared.db(book.reports_of, shared.engine, identity))


def _out(shared: Services, drill: Drill, reports: list[Report]) -> DrillOut:
    held = drill.held()
    posts = [post for post in shared.county.posts if post.ring.value in drill.rings and post.id not in held]
    results = score(posts, drill.planned(), drill.starts, reports, ended=drill.ended_at is not None)
    return DrillOut(
        id=drill.id,
        state="running" if drill.ended_at is None else "ended",
        created_at=drill.created_at,
        ended_at=drill.ended_at,
        seed=drill.seed,
        note=drill.note,
        rings=list(drill.rings),
        plan=drill.plan,
        posts=[post_out(post, result) for post, result in zip(posts, results, strict=True)],
    )
