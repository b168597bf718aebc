"""Pure ASGI middleware: a cap on what comes in, security headers on what goes out (facts/traps 2.2)."""

import asyncio

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problem import problem

MAX_BODY = 1024 * 1024
"""Bytes of one request's body."""

BODY_S = 30.0
"""A body must have arrived within this."""

POLICY = "; ".join(
    [
        "default-src 'self'",
        "img-src 'self' blob: data:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)
"""MapLibre's worker is a blob and its sprites are data: or blob: pictures; nothing else leaves the server's files."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "X-Robots-Tag": "noindex, nofollow",
}


class BodyCap:
    """Reads a request's body before the app sees it; more than ``MAX_BODY`` is 413, a slow one 408."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        length = headers.get("content-length", "0")
        if length == "0" and "transfer-encoding" not in headers:
            await self._app(scope, receive, send)
            return
        if not (length.isascii() and length.isdigit()) or len(length) > 12 or int(length) > MAX_BODY:
            await problem(413, f"a body has at most {MAX_BODY} bytes", headers={"Connection": "close"})(
                scope, receive, send
            )
            return
        body = bytearray()
        try:
            async with asyncio.timeout(BODY_S):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return
                    body += message.get("body", b"")
                    if len(body) > MAX_BODY:
                        break
                    if not message.get("more_body", False):
                        break
        except TimeoutError:
            await problem(408, "the body did not arrive in time", headers={"Connection": "close"})(scope, receive, send)
            return
        if len(body) > MAX_BODY:
            await problem(413, f"a body has at most {MAX_BODY} bytes", headers={"Connection": "close"})(
                scope, receive, send
            )
            return
        given = False

        async def replay() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": bytes(body), "more_body": False}

        await self._app(scope, replay, send)


class SafeHeaders:
    """Adds the security headers; what does not say otherwise is not stored by anyone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        kept = scope["path"].startswith("/assets/")

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                own = "no-store"
                if kept and message["status"] == 200:
                    own = "public, max-age=31536000, immutable"
                headers.setdefault("Cache-Control", own)
            await send(message)

        await self._app(scope, receive, add)
