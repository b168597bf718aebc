"""Who may open a WebSocket: a session's cookie of the right role, from a page of ours and from no other (S13).

A browser sends the cookie whoever wrote the page, and checks nothing before it connects; so the ``Origin`` must be
there and be ours. A refusal is an HTTP answer: nothing is ever said on a socket to one who may not have it.
"""

from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.websockets import WebSocket

from api.access.identity import COOKIE, MAX_TOKEN, SECURE_COOKIE
from api.access.rights import Guard
from api.access.roles import Caller
from api.access.sessions import digest, find_session
from api.services import Services

SCHEMES = {"ws": "http", "wss": "https"}


@dataclass(frozen=True, slots=True)
class SocketGuard(Guard):
    """``allow`` for a WebSocket route: declared the same way, and listed in ``tests/api/rights.csv`` as method WS."""

    async def __call__(self, websocket: WebSocket) -> Caller:  # type: ignore[override]
        """Return the caller and leave it in the socket's state.

        Raises:
            HTTPException: 401 nobody is logged in, 403 the role may not, or a page of another site asks.
        """
        if not own_page(websocket):
            raise HTTPException(403, "this request comes from another site")
        found = await session_of(websocket)
        if found is None:
            raise HTTPException(401, "log in first")
        if found.role not in self.roles:
            raise HTTPException(403, f"not for the role {found.role.value}")
        websocket.state.caller = found
        return found


def own_page(websocket: WebSocket) -> bool:
    """Return whether a page of ours asks; a missing ``Origin`` is not ours."""
    url, headers = websocket.url, websocket.headers
    own = f"{SCHEMES.get(url.scheme, url.scheme)}://{headers.get('host', '')}"
    site = headers.get("sec-fetch-site", "same-origin")
    return headers.getlist("origin") == [own] and site == "same-origin"


async def session_of(websocket: WebSocket) -> Caller | None:
    """Return the caller whose cookie came with the handshake, None when it does not or no longer stand."""
    shared: Services = websocket.app.state.services
    cookie = websocket.cookies.get(SECURE_COOKIE if websocket.url.scheme == "wss" else COOKIE, "")
    if not 0 < len(cookie) <= MAX_TOKEN:
        return None
    return await shared.db(find_session, shared.engine, digest(cookie), shared.now(), touch=False)
