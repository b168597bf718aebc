"""GET /metrics, for Prometheus: an administrator's session or a device token."""

import asyncio
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Response
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from redis.exceptions import RedisError
from sqlalchemy import Engine, case, func, select
from sqlalchemy.exc import SQLAlchemyError

from api import __version__
from api.access.rights import Role, allow
from api.alerts.tables import alert
from api.log.bus import EVENTS
from api.metrics.feed_counts import read_counts
from api.metrics.figures import BUCKETS_S, Figures, text_of
from api.services import Services, services
from api.store.counters import totals

router = APIRouter(tags=["metrics"])

ASK_S = 1.0
"""A stalled event log costs its own figure, not the others."""


@router.get("/metrics", dependencies=[allow(Role.ADMINISTRATOR, Role.DEVICE)], response_class=Response)
async def metrics(shared: Annotated[Services, Depends(services)]) -> Response:
    """Return the figures of this moment as text; those whose part is down are left out, and ``kakou_up`` says so."""
    entries = await _log_entries(shared)
    stored = await shared.db(_stored, shared.engine)
    counts, latencies = stored or ({}, None)
    figures = Figures(
        version=__version__,
        now=shared.now(),
        parts={**shared.hub.status(), "store": "up" if stored else "down"},
        devices=shared.board.everything(shared.clock.monotonic_s())["devices"],
        counts=counts,
        latencies=latencies,
        log_entries=entries,
        outbox_rows=shared.outbox.depth,
        viewers=shared.hub.clients,
        silence_s=None if shared.intake is None else shared.intake.silence_s,
        feed_counts=await asyncio.to_thread(read_counts, shared.run),
    )
    return Response(await asyncio.to_thread(text_of, figures), media_type=CONTENT_TYPE_PLAIN_0_0_4)


async def _log_entries(shared: Services) -> int | None:
    try:
        async with asyncio.timeout(ASK_S):
            return int(await shared.bus.xlen(EVENTS))
    except (RedisError, OSError, TimeoutError):
        return None


def _stored(engine: Engine) -> tuple[dict[str, int], tuple[list[int], float, int]] | None:
    """Return the running totals and how long alerts took; None when the store does not answer."""
    known = (~alert.c.drill, alert.c.latency_ms.is_not(None))
    within = [func.sum(case((alert.c.latency_ms <= end * 1000, 1), else_=0)) for end in BUCKETS_S]
    try:
        with engine.connect() as connection:
            row = connection.execute(
                select(func.count(), func.coalesce(func.sum(alert.c.latency_ms), 0.0), *within).where(*known)
            ).one()
        counts = totals(engine)
    except SQLAlchemyError:
        return None
    number, total_ms, *ends = row
    return counts, ([int(cast("int", end or 0)) for end in ends], float(total_ms) / 1000, int(number))
