"""From a request to its caller: bearer token, else session cookie, else nobody.

A cookie is sent by the browser whoever wrote the page, so an unsafe method with a cookie must come from our own
pages (S13): ``Sec-Fetch-Site: same-origin`` or, where the browser does not send it, an ``Origin`` equal to ours.
A device token is never sent by a browser on its own and needs no such check.
"""

from fastapi import HTTPException, Request

from api.access.roles import ANYONE, Caller
from api.access.sessions import digest, find_device, find_session

COOKIE = "kakou"
SECURE_COOKIE = "__Host-kakou"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

QUIET_HEADER = "kakou-quiet"
"""A page sends it with what it asks for by itself; such a request is not a sign of life of its person."""

MAX_TOKEN = 200
"""Longer than any token of ours; a longer one is not looked up."""


async def identify(request: Request) -> Caller:
    """Return who calls; a token or cookie that is not, or no longer, valid makes an anonymous caller.

    Raises:
        HTTPException: 403 for an unsafe method with a cookie from another site.
    """
    shared = request.app.state.services
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        token = token.strip()
        if not 0 < len(token) <= MAX_TOKEN:
            return ANYONE
        return await shared.db(find_device, shared.engine, digest(token)) or ANYONE
    cookie = request.cookies.get(cookie_name(request), "")
    if not 0 < len(cookie) <= MAX_TOKEN:
        return ANYONE
    if request.method not in SAFE_METHODS and not same_origin(request):
        raise HTTPException(403, "this request comes from another site")
    quiet = QUIET_HEADER in request.headers or request.url.path.endswith((".jpg", "/events"))
    return await shared.db(find_session, shared.engine, digest(cookie), shared.now(), touch=not quiet) or ANYONE


def same_origin(request: Request) -> bool:
    """Return whether the request was made by a page of ours, told by headers a page cannot forge."""
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site")
    if origin is not None and origin != f"{request.url.scheme}://{request.headers.get('host', '')}":
        return False
    if site is not None:
        return site == "same-origin"
    return origin is not None


def cookie_name(request: Request) -> str:
    """Return the session cookie's name; over https its prefix binds it to this host."""
    return SECURE_COOKIE if request.url.scheme == "https" else COOKIE
