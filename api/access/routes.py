"""POST /v1/session spends a one-time login for a cookie; DELETE ends the session; GET says who one is."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.access.identity import cookie_name, same_origin
from api.access.rights import VIEWERS, Role, allow, caller
from api.access.sessions import ABSOLUTE_S, close_session, open_session
from api.services import Services, services

router = APIRouter(prefix="/v1/session", tags=["access"])


class LoginIn(BaseModel):
    """What the page found behind the # of the one-time link."""

    model_config = ConfigDict(extra="forbid", strict=True)

    token: str = Field(min_length=1, max_length=200)


class SessionOut(BaseModel):
    """Who the browser is now."""

    role: str
    subject: str


@router.post("", dependencies=[allow(Role.ANONYMOUS)])
async def login(
    body: LoginIn, request: Request, response: Response, shared: Annotated[Services, Depends(services)]
) -> SessionOut:
    """Open a session; the token is spent. Unknown, used and old tokens get the same answer."""
    from_browser = "origin" in request.headers or "sec-fetch-site" in request.headers
    if from_browser and not same_origin(request):
        raise HTTPException(403, "this request comes from another site")
    opened = await shared.db(open_session, shared.engine, body.token, shared.clock)
    if opened is None:
        raise HTTPException(401, "this link is unknown, has been used, or is older than 30 minutes")
    cookie, who = opened
    response.set_cookie(
        cookie_name(request),
        cookie,
        max_age=ABSOLUTE_S,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return SessionOut(role=who.role.value, subject=who.subject)


@router.get("", dependencies=[allow(*VIEWERS)])
async def whoami(request: Request) -> SessionOut:
    """Return the session's role, so that the page knows what to offer."""
    who = caller(request)
    return SessionOut(role=who.role.value, subject=who.subject)


@router.delete("", dependencies=[allow(*VIEWERS)], status_code=204)
async def logout(request: Request, response: Response, shared: Annotated[Services, Depends(services)]) -> None:
    """End the session at once, in the store and in the browser."""
    await shared.db(close_session, shared.engine, caller(request).session)
    response.delete_cookie(cookie_name(request), path="/", httponly=True, samesite="strict")
