"""The planner's loop: positions from the bus in, readiness on the live feed and in the record out.

At least once a second, and soon after every batch of positions. Plans for drills are made here too, from the
positions that came with the request; they touch nothing that is live.
"""

import json
import logging
import time
from collections.abc import Callable
from math import ceil
from typing import Any

import redis
from redis.exceptions import RedisError

from api.drill.ask import ANSWER_LIFE_S, REQUESTS, answer_key
from api.live.entries import READINESS_KEY, compact
from api.log.bus import POSITIONS
from api.log.live import publish
from api.log.outbox import Outbox
from api.paper.ways import ways
from api.plan.advice import advised, first_of
from api.plan.alarm import Alarm
from api.plan.aside import Aside
from api.plan.contain import OBJECTIVES, ContainIn, Question, answered, question_of
from api.plan.hours import Hours
from api.plan.inputs import PositionRow, Prepared, advice_on, odds_on, readiness_now, units_from
from api.plan.keep import KIND
from api.plan.leaks import leaks_now
from api.plan.pending import may_wait
from api.plan.race import RaceIn, race_json
from api.plan.record import RINGS, Recorder
from api.plan.wire import readiness_json
from api.positions.tracker import Tracker
from camera_config.clock import Clock
from camera_config.county import Position
from camera_config.errors import CountyError, StoreError
from lockdown.readiness import Readiness
from lockdown.units import UnitNow

log = logging.getLogger(__name__)

EVERY_S = 1.0
SOONEST_S = 0.5
"""Batches that come faster are taken together: a verdict on 60 units and 25 posts costs 0.15 s."""

CONTAIN_S = 12.0
"""For one containment; it is ended after twice that and a little, which is below ``api.plan.routes.CONTAIN_WAIT_S``."""

LOOK_S = 0.1
"""While one is searched the loop looks so often whether it is done."""

KEY_LIFE_S = 60
RETRY_S = 0.5
BATCHES = 200


class Planner:
    """``run`` works until ``stop()`` is true; it looks at least once a second."""

    def __init__(self, prepared: Prepared, bus: redis.Redis, outbox: Outbox, clock: Clock) -> None:
        self._hours = Hours(prepared)
        self._prepared = prepared
        self._bus = bus
        self._outbox = outbox
        self._clock = clock
        self._tracker = Tracker(prepared.county)
        self._recorder = Recorder()
        self._alarm = Alarm()
        self._aside = Aside(clock)
        self._asked: dict[str, tuple[ContainIn, Question, list[UnitNow], float]] = {}
        self._after: dict[Any, Any] = {}
        self._stands: dict[str, Any] | None = None
        self._stands_s = 0.0

    def run(self, stop: Callable[[], bool]) -> None:
        """Read, compute, publish."""
        try:
            self._run(stop)
        finally:
            self._aside.close()

    def _run(self, stop: Callable[[], bool]) -> None:
        next_s = self._clock.monotonic_s()
        while not stop():
            try:
                if not self._after:
                    self._after = self._begin()
                wait_s = next_s - self._clock.monotonic_s()
                news = self._read(max(1, int((min(wait_s, LOOK_S) if self._aside.busy else wait_s) * 1000)))
                self._confined()
                now_s = self._clock.monotonic_s()
                if news and self._alarm.rings(self._tracker.now(now_s, news)):
                    next_s = now_s
                elif news:
                    next_s = min(next_s, max(now_s, next_s - EVERY_S + SOONEST_S))
                if now_s >= next_s:
                    next_s = now_s + EVERY_S
                    self.publish()
            except (RedisError, StoreError) as error:
                log.warning("planner.interrupted: %s", error)
                self._clock.sleep(RETRY_S)

    def publish(self) -> None:
        """Compute once and say so, then say it again with its odds, and with the advice on it.

        Only good news may wait for its odds (``may_wait``), and nothing waits for advice.
        """
        now_s, at = self._clock.monotonic_s(), self._clock.now().timestamp()
        self._prepared = self._hours.prepared(at)
        units = self._tracker.now(now_s)
        answer = readiness_now(self._prepared, units, at)
        self._alarm.said(self._prepared, units, tuple(v.feasible for v in (answer.joint, answer.town, answer.county)))
        if not may_wait(answer, self._stands, now_s - self._stands_s):
            self._say(readiness_json(answer), now_s)
        if self._hours.slow_enough(at):  # else nothing is READY, which it is by its odds alone
            answer = self._weighed(answer)
        readiness = readiness_json(answer)
        self._say(readiness, now_s)
        self._stands, self._stands_s = readiness, now_s
        publish(self._bus, "units", {**self._tracker.wire(at, now_s), "mono_s": now_s})
        record = self._recorder.changed(readiness, now_s)
        if record is not None:
            self._outbox.put(KIND, "planner", record)
        try:
            self._say(advised(readiness, advice_on(self._prepared, answer)), now_s)
        except ArithmeticError:
            # Advice is held against itself; a contradiction in it must not take the verdicts down.
            log.exception("planner.advice_failed digest=%s", answer.digest)

    def _weighed(self, answer: Readiness) -> Readiness:
        try:
            return odds_on(self._prepared, answer)
        except ArithmeticError:
            # Odds are held against themselves as well; without them nothing is READY, and the verdict stands.
            log.exception("planner.odds_failed digest=%s", answer.digest)
            return answer

    def _say(self, readiness: dict[str, Any], now_s: float) -> None:
        """Publish what was computed at monotonic ``now_s``; the message holds no certificates, the key does."""
        full = {**readiness, "mono_s": now_s}
        short = {**full, **{ring: {**first_of(readiness[ring]), "certificate": None} for ring in RINGS}}
        self._bus.set(READINESS_KEY, compact(full), ex=KEY_LIFE_S)
        publish(self._bus, "readiness", short)

    def _begin(self) -> dict[Any, Any]:
        """Return where to read from: requests from now on, positions as far back as a frozen one must be seen.

        The older ones of these are too old to be used; they show since when a unit has not moved.
        """
        seconds, _ = self._bus.time()
        rules = self._prepared.county.rules
        back_s = rules.frozen_s + max(rules.too_old_moving_s, rules.too_old_standing_s)
        last: Any = self._bus.xrevrange(REQUESTS, count=1)
        return {POSITIONS: f"{(seconds - back_s) * 1000}-0", REQUESTS: last[0][0] if last else "0-0"}

    def _read(self, block_ms: int) -> set[str]:
        """Take what is new on both streams; return the units that positions came of."""
        found: Any = self._bus.xread(self._after, count=BATCHES, block=min(block_ms, 1000))
        news: set[str] = set()
        for stream, entries in found or ():
            for identity, fields in entries:
                self._after[stream] = identity
                if stream == POSITIONS:
                    news |= self._take(identity, fields)
                else:
                    self._answer(fields["id"], json.loads(fields["body"]))
        return news

    def _take(self, identity: str, fields: dict[str, str]) -> set[str]:
        """Take one batch of positions; one that is not as agreed is left out, and would stop us again at each start."""
        try:
            return self._tracker.accept(json.loads(fields["batch"]), self._clock.monotonic_s())
        except (KeyError, TypeError, ValueError) as error:
            log.error("planner.stranger entry=%s: %s", identity, type(error).__name__)
            return set()

    def _answer(self, identity: str, body: dict[str, Any]) -> None:
        """Answer a question about the live positions, or plan on invented ones, for the one who asked."""
        began = time.perf_counter()
        answer: dict[str, Any] | None
        try:
            if "race" in body:
                answer = self._raced(body["race"])
            elif "contain" in body:
                answer = self._confine(identity, body["contain"])
            elif "leaks" in body:
                answer = leaks_now(self._prepared).model_dump(mode="json")
            elif "ways" in body:
                units = self._tracker.now(self._clock.monotonic_s())
                answer = {"ways": ways(self._prepared, units, body["ways"])}
            else:
                answer = self._drilled(body["positions"])
        except (CountyError, ValueError) as error:
            log.warning("planner.refused id=%s: %s", identity, error)
            answer = {"error": "this cannot be planned with"}
        if answer is not None:
            self._leave(identity, answer)
        log.info("planner.answered id=%s took_s=%.3f", identity, time.perf_counter() - began)

    def _leave(self, identity: str, answer: dict[str, Any]) -> None:
        key = answer_key(identity)
        self._bus.rpush(key, compact(answer))
        self._bus.expire(key, ANSWER_LIFE_S)

    def _confine(self, identity: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """Begin to search a containment; None: it will be answered when it is found."""
        if self._aside.busy:
            return {"busy": True}
        asked, now = ContainIn.model_validate(body), self._clock.now().timestamp()
        units = self._tracker.now(self._clock.monotonic_s())
        question = question_of(self._prepared, units, Position(asked.lat, asked.lon), ceil(asked.seen_ago_s * 1000))
        if question.may_be_out:
            out = answered(self._prepared, units, question, asked, None, limit_s=CONTAIN_S, computed_at=now)
            return out.model_dump(mode="json")
        objective = OBJECTIVES[asked.objective]
        self._aside.begin(identity, question.chase, objective, others_stand=asked.others_stand, limit_s=CONTAIN_S)
        self._asked = {identity: (asked, question, units, now)}
        return None

    def _confined(self) -> None:
        """Answer with the containment that was found since."""
        done = self._aside.done()
        if done is None:
            return
        asked, question, units, at = self._asked.pop(done.identity)
        answer: dict[str, Any] = {"failed": True}
        if done.found is not None:
            out = answered(self._prepared, units, question, asked, done.found, limit_s=CONTAIN_S, computed_at=at)
            answer = out.model_dump(mode="json")
        self._leave(done.identity, answer)

    def _raced(self, asked: dict[str, Any]) -> dict[str, Any]:
        units = self._tracker.now(self._clock.monotonic_s())
        return race_json(self._prepared, units, RaceIn.model_validate(asked), self._clock.now().timestamp())

    def _drilled(self, positions: list[dict[str, Any]]) -> dict[str, Any]:
        rows = [
            PositionRow(
                unit=row["unit"],
                lat=row["lat"],
                lon=row["lon"],
                age_s=0.0,
                speed_kmh=row["speed_kmh"] or 0.0,
                heading_deg=row["heading_deg"],
                status=row["status"],
            )
            for row in positions
        ]
        units = units_from(self._prepared.county, rows)
        judged = odds_on(self._prepared, readiness_now(self._prepared, units, self._clock.now().timestamp()))
        return advised(readiness_json(judged), advice_on(self._prepared, judged))
