"""Asks the planner process for a plan on invented positions; the web process holds no road graph of its own."""

import json
from collections.abc import Awaitable
from typing import Any, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from api.live.entries import compact

REQUESTS = "kakou:plan-requests"
"""The stream of requests (fields ``id``, ``body``), web → planner."""

REQUESTS_KEPT = 100
WAIT_S = 20
BLOCK_S = 2
"""One wait; below the bus client's own timeout."""

ANSWER_LIFE_S = 120


def answer_key(identity: str) -> str:
    """Return the list in which the planner leaves its one answer."""
    return f"kakou:plan-answer:{identity}"


async def ask_plan(bus: Redis, identity: str, body: dict[str, Any], wait_s: int = WAIT_S) -> dict[str, Any] | None:
    """Return the planner's answer to ``body``, None when it does not answer within ``wait_s``."""
    try:
        await bus.xadd(REQUESTS, {"id": identity, "body": compact(body)}, maxlen=REQUESTS_KEPT, approximate=False)
        for _ in range(wait_s // BLOCK_S):
            found = await cast("Awaitable[Any]", bus.blpop([answer_key(identity)], timeout=BLOCK_S))
            if found is not None:
                answer: dict[str, Any] = json.loads(found[1])
                return answer
    except RedisError:
        return None
    return None
