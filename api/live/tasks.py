"""Ending tasks for certain."""

import asyncio
from typing import Any

AGAIN_S = 0.1


async def cancelled(*tasks: asyncio.Task[Any]) -> list[Any]:
    """Cancel tasks until they have ended; return their results or exceptions.

    One ``cancel`` is not enough: in Python 3.11 ``asyncio.wait_for`` swallows it when what it waits for is done in the
    same turn, and redis-py sends every command through ``wait_for``. The task then goes on to its next wait.
    """
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN_S)
    return await asyncio.gather(*tasks, return_exceptions=True)
