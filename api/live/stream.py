"""One browser's Server-Sent Events response: ends with the client, with its session, or with the server.

Written against ASGI itself: a response that iterates a generator cannot be ended while one ``send`` waits for a
browser that does not read.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.live.entries import StreamId
from api.live.hub import Client, Hub
from api.live.tasks import cancelled

KEEPALIVE_S = 5.0
"""A comment is sent after this much silence, so that both ends notice a dead connection."""

LAST_S = 1.0
"""How long a browser may take for the last message when the server ends."""

SESSION_S = 30.0
"""How often it is asked whether the session still stands."""


class EventStream(Response):
    """Sends what the hub has until the client leaves, is too slow, is no longer allowed, or the hub stops."""

    media_type = "text/event-stream"

    def __init__(self, hub: Hub, last: StreamId | None, allowed: Callable[[], Awaitable[bool]]) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._hub = hub
        self._last = last
        self._allowed = allowed

    async def __call__(
        self,
        scope: Scope,  # noqa: ARG002  (ASGI gives it)
        receive: Receive,
        send: Send,
    ) -> None:
        """Answer one request."""
        client, first = self._hub.join(self._last)
        tasks: list[asyncio.Task[Any]] = []
        try:
            tasks = [
                asyncio.create_task(self._send_all(client, first, send)),
                asyncio.create_task(_gone(receive)),
                asyncio.create_task(client.evicted.wait()),
                asyncio.create_task(self._too_late()),
            ]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._hub.leave(client)
            await cancelled(*tasks)

    async def _too_late(self) -> None:
        """Return some time after the server began to end: a browser that does not read gets no more."""
        await self._hub.stopped.wait()
        await asyncio.sleep(LAST_S)

    async def _send_all(self, client: Client, first: bytes, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": b"retry: 1000\n\n" + first, "more_body": True})
        loop = asyncio.get_running_loop()
        asked_s = loop.time()
        while True:
            messages = await client.take(KEEPALIVE_S)
            if loop.time() - asked_s >= SESSION_S:
                asked_s = loop.time()
                if not await self._allowed():
                    messages.append(b"")
            body = b"".join(messages) or b": still here\n\n"
            if b"" in messages:
                await send({"type": "http.response.body", "body": b"".join(messages), "more_body": False})
                return
            await send({"type": "http.response.body", "body": body, "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
