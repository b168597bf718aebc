"""Waiting for what another task does, with an end."""

import asyncio
from collections.abc import Callable


async def until(holds: Callable[[], object], timeout_s: float = 10.0) -> None:
    """Return as soon as ``holds()``; raises TimeoutError when it does not within ``timeout_s``."""
    async with asyncio.timeout(timeout_s):
        while not holds():  # noqa: ASYNC110 - what is waited for is not ours to tell
            await asyncio.sleep(0.01)
