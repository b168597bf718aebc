"""Carries alerts to subscribers: at least once, in order, with an id that stays the same over all attempts.

The keeper puts a delivery beside the alert in one transaction; the courier takes each subscriber's oldest waiting one,
signs it (Standard Webhooks), sends it (CloudEvents JSON), and notes 2xx before it takes the next. A receiver that
dies between receiving and answering gets it again and knows it by ``webhook-id``.

What rules of cameras say goes the same way beside the alerts: neither waits for the other.
"""

import asyncio
import logging
import random
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import httpx
from sqlalchemy import ColumnElement, Engine, Select, func, select, update
from sqlalchemy.exc import SQLAlchemyError
from standardwebhooks.webhooks import Webhook

from api.alerts.tables import delivery, subscriber
from api.alerts.targets import TargetRefusedError, resolve
from api.services import Services

log = logging.getLogger(__name__)

BACKOFF_S = (1.0, 5.0, 30.0, 120.0, 600.0, 3600.0, 6 * 3600.0, 24 * 3600.0)
"""Pauses after failed attempts, each lengthened by up to ``JITTER``; after the last the delivery is given up."""

JITTER = 0.25
TIMEOUT_S = 5.0
LOOK_S = 0.25
GONE = 410
TOOK = range(200, 300)


@dataclass(frozen=True, slots=True)
class Parcel:
    """A subscriber's oldest waiting delivery of an alert or, where ``rule``, of what a rule said."""

    seq: int
    id: str
    subscriber: str
    url: str
    secret: str
    body: str
    attempts: int
    rule: bool = False

    @property
    def lane(self) -> tuple[str, bool]:
        """Return what it is carried in order within."""
        return self.subscriber, self.rule


class Courier:
    """``run`` delivers until it is cancelled; subscribers do not wait for each other.

    Only an invented county, a demonstration, may have subscribers on this machine.
    """

    def __init__(self, services: Services, backoff_s: tuple[float, ...] = BACKOFF_S) -> None:
        self._services = services
        self._engine = services.engine
        self._clock = services.clock
        self._allow_loopback = services.county.invented
        self._backoff_s = backoff_s
        self._busy: dict[tuple[str, bool], asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Look for what is due, for ever."""
        limits = httpx.Limits(max_connections=32, max_keepalive_connections=8)
        async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT_S, limits=limits) as client:
            try:
                while True:
                    await self._look(client)
                    await asyncio.sleep(LOOK_S)
            finally:
                for task in self._busy.values():
                    task.cancel()
                await asyncio.gather(*self._busy.values(), return_exceptions=True)

    async def _look(self, client: httpx.AsyncClient) -> None:
        self._busy = {lane: task for lane, task in self._busy.items() if not task.done()}
        try:
            due = await asyncio.to_thread(due_parcels, self._engine, self._now())
        except SQLAlchemyError as error:
            log.warning("courier.store: %s", type(error).__name__)
            return
        for parcel in due:
            if parcel.lane not in self._busy:
                self._busy[parcel.lane] = asyncio.create_task(self._deliver(client, parcel))

    async def _deliver(self, client: httpx.AsyncClient, parcel: Parcel) -> None:
        """Deliver the parcels of one lane until one fails or none is due."""
        try:
            following: Parcel | None = parcel
            while following is not None:
                failure = await self._send(client, following)
                if failure is not None:
                    await asyncio.to_thread(self._failed, following, failure)
                    return
                following = await asyncio.to_thread(self._delivered, following)
        except SQLAlchemyError as error:
            log.warning("courier.store subscriber=%s: %s", parcel.subscriber, type(error).__name__)

    async def _send(self, client: httpx.AsyncClient, parcel: Parcel) -> str | None:
        """Send it; return None when it was taken, else why not."""
        now = self._clock.now()
        try:
            async with asyncio.timeout(TIMEOUT_S):
                target = await resolve(parcel.url, allow_loopback=self._allow_loopback)
                headers = {"Host": target.host, **signed(parcel, now)}
                request = client.build_request("POST", target.url, content=parcel.body.encode(), headers=headers)
                request.extensions["sni_hostname"] = target.name
                answer = await client.send(request, stream=True, follow_redirects=False)
                await answer.aclose()  # what it says beyond its status is not read
        except TargetRefusedError as error:
            return f"refused: {error}"
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
            return type(error).__name__
        return None if answer.status_code in TOOK else str(answer.status_code)

    def _delivered(self, parcel: Parcel) -> Parcel | None:
        """Note it and return the next that is due."""
        with self._engine.begin() as connection:
            connection.execute(
                update(delivery)
                .where(delivery.c.seq == parcel.seq, delivery.c.state == "waiting")
                .values(state="delivered", done_at=self._now(), attempts=parcel.attempts + 1, last_error=None)
            )
        return next(iter(due_parcels(self._engine, self._now(), parcel.lane)), None)

    def _failed(self, parcel: Parcel, why: str) -> None:
        now, attempts = self._now(), parcel.attempts + 1
        log.warning("courier.failed subscriber=%s attempts=%d: %s", parcel.subscriber, attempts, why)
        waiting = (delivery.c.seq == parcel.seq) & (delivery.c.state == "waiting")
        with self._engine.begin() as connection:
            if why == str(GONE):
                log.error("courier.gone subscriber=%s", parcel.subscriber)
                connection.execute(
                    update(subscriber)
                    .where(subscriber.c.id == parcel.subscriber, subscriber.c.disabled_at.is_(None))
                    .values(disabled_at=now, disabled_why="410 Gone")
                )
                connection.execute(
                    update(delivery)
                    .where(delivery.c.subscriber_id == parcel.subscriber, delivery.c.state == "waiting")
                    .values(state="given_up", done_at=now, last_error=why)
                )
            elif attempts > len(self._backoff_s):
                log.error("courier.given_up subscriber=%s delivery=%s", parcel.subscriber, parcel.id)
                connection.execute(
                    update(delivery)
                    .where(waiting)
                    .values(state="given_up", done_at=now, attempts=attempts, last_error=why)
                )
            else:
                pause_s = self._backoff_s[attempts - 1] * (1 + random.uniform(0, JITTER))
                connection.execute(
                    update(delivery).where(waiting).values(next_at=now + pause_s, attempts=attempts, last_error=why)
                )

    def _now(self) -> float:
        return self._clock.now().timestamp()


def due_parcels(engine: Engine, now: float, lane: tuple[str, bool] | None = None) -> list[Parcel]:
    """Return the oldest waiting delivery of each lane of each enabled subscriber, where it is due; or of one lane.

    One query for alerts and one for rules: for both in one, SQLite reads the whole table.
    """
    of: ColumnElement[bool] = subscriber.c.disabled_at.is_(None)
    if lane is not None:
        of = of & (subscriber.c.id == lane[0])
    with engine.connect() as connection:
        return [
            Parcel(row.seq, row.id, row.subscriber_id, row.url, row.secret, row.body, row.attempts, rule)
            for rule in ((False, True) if lane is None else (lane[1],))
            for row in connection.execute(_OLDEST[rule].where(of, delivery.c.next_at <= now))
        ]


def _oldest(*, rule: bool) -> Select[Any]:
    """Return the query for every subscriber's first waiting delivery of one lane."""
    first = (
        select(func.min(delivery.c.seq))
        .where(
            delivery.c.state == "waiting",
            delivery.c.subscriber_id == subscriber.c.id,
            delivery.c.rule_event_id.is_not(None) if rule else delivery.c.rule_event_id.is_(None),
        )
        .correlate(subscriber)
        .scalar_subquery()
    )
    return (
        select(delivery, subscriber.c.url, subscriber.c.secret)
        .join(subscriber, subscriber.c.id == delivery.c.subscriber_id)
        .where(delivery.c.seq == first)
    )


_OLDEST: Final = {rule: _oldest(rule=rule) for rule in (False, True)}


def signed(parcel: Parcel, now: datetime) -> dict[str, str]:
    """Return the headers of Standard Webhooks for this attempt; ``now`` is aware UTC."""
    return {
        "Content-Type": "application/cloudevents+json; charset=utf-8",
        "webhook-id": parcel.id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(parcel.secret).sign(parcel.id, now, parcel.body),
    }
