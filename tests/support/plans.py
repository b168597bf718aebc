"""Small plans on small random roads, and the slow way to ask what an action does: write the table anew and solve it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

import numpy as np

from camera_config.county import Closure, Position, Post, Roads, Rules, UnitStatus
from camera_config.ids import UnitId
from lockdown.actions import FIXED_BARRIER_MS, Action, Kind
from lockdown.asks import Asked, demands_of, stays_long_enough
from lockdown.fields import post_fields
from lockdown.graph import Graph, build_graph
from lockdown.matching import Matching, satisfy
from lockdown.offers import Offers
from lockdown.reopen import Reopened, reopened
from lockdown.seal import in_time
from lockdown.table import Demand, Table
from lockdown.times import NEVER_MS
from lockdown.units import UnitNow, fits
from lockdown.whatif import Spots, spots_of
from tests.support.roads import SPEEDS, on, post, random_roads, unit
from tests.support.small_county import small_county

RULES: Rules = small_county().rules
STATUSES = (UnitStatus.AVAILABLE,) * 4 + (UnitStatus.PATROL, UnitStatus.STANDBY, UnitStatus.AT_STATION)
TROUBLES = (UnitStatus.ON_CALL, UnitStatus.COMMITTED_OTHER, UnitStatus.UNKNOWN, UnitStatus.OFF_DUTY)


NEEDS = (1, 1, 1, 1, 1, 2, 2, 3, 4)


@dataclass(frozen=True)
class Plan:
    """One instance."""

    offers: Offers
    table: Table
    spots: Spots
    reopened: tuple[Reopened, ...]
    graph: Graph
    posts: list[Post]


def random_plans(
    random: Random, *, posts: tuple[int, int] = (1, 4), needs: Sequence[int] = NEEDS, each: int = 10
) -> Iterator[Plan]:
    """Yield plans without end, ``each`` on one drawing of roads, posts, standby points and a closure.

    Few posts and units; needs 1 to 4, own set-ups, filters, groups, deadlines that are mostly an entry of the table.
    """
    while True:
        roads = random_roads(random, side=3, step_m=1500.0, doubled=1)
        pieces = random.sample(range(len(roads.start)), min(len(roads.start), 5))
        stand = [_random_post(n, road, random, roads) for n, road in enumerate(pieces[: random.randint(*posts)])]
        cut = Closure(f"road-{pieces[-1]}", on(roads, pieces[-1], 0.5)[0], "")
        graph = build_graph(roads, SPEEDS, [cut], stand)
        fields = post_fields(graph, stand)
        standby = {f"s{k}": on(roads, random.randrange(len(roads.start)), 0.4 * k)[0] for k in range(2)}
        spots, open_ = spots_of(graph, fields, standby), reopened(graph, stand, standby)
        for _ in range(each):
            units = tuple(_random_unit(f"u{n}", random, roads) for n in range(random.randint(2, 7)))
            asked = _drawn(Offers(graph, fields, units, demands_of(stand), RULES), needs, random)
            offers = Offers(graph, fields, units, asked, RULES)
            yield Plan(offers, offers.sure, spots, open_, graph, stand)


def _random_post(n: int, road: int, random: Random, roads: Roads) -> Post:
    position, bearing = on(roads, road, random.uniform(0.3, 0.7))
    return post(
        f"p{n}",
        position,
        bearing,
        setup_s=random.choice([0, 60, 120, 300]),
        crew_min=random.choice([2, 2, 3]),
        equipment=random.choice([(), (), ("spikes",)]),
        group="g" if n < 2 else None,
        one_crew=random.random() < 0.3,
    )


def _random_unit(name: str, random: Random, roads: Roads) -> UnitNow:
    trouble = random.random()
    at: Position | None = on(roads, random.randrange(len(roads.start)), random.random())[0]
    return unit(
        name,
        None if trouble < 0.05 else at,
        status=random.choice(TROUBLES if 0.1 < trouble < 0.35 else STATUSES),
        seen_age_ms=None if trouble < 0.05 else random.choice([0, 0, 1000, 1000, 400_000]),
        crew=random.choice([2, 3, 3]),
        equipment=random.choice([(), ("spikes",), ("spikes",)]),
        callable_off_duty=random.random() < 0.5,
    )


def _drawn(offers: Offers, needs: Sequence[int], random: Random) -> tuple[Asked, ...]:
    """Return what is asked with needs and deadlines drawn."""
    entries = sorted({ms for row in offers.sure.staffed_ms for ms in row if ms})
    made = []
    for j, asked in enumerate(offers.asked):
        own = sorted({ms for row in offers.sure.staffed_ms if (ms := row[j])}) or entries or [400_000]
        ms = random.choice([own[-1], random.choice(own), random.choice(own) - 1, random.randint(1, 600_000)])
        need = random.choice(needs)
        made.append(replace(asked, demand=replace(asked.demand, deadline_ms=max(1, ms), need=need)))
    return tuple(made)


def feasible(table: Table) -> bool:
    """Solve from the start."""
    return isinstance(satisfy(in_time(table), [d.need for d in table.demands]), Matching)


def every_action(plan: Plan) -> Iterator[Action]:
    """Yield whatever can be done, useful or not."""
    offers = plan.offers
    for u in offers.units:
        if u.id not in offers.unable:
            yield Action(Kind.ANSWER, unit=u.id)
        if u.status in (UnitStatus.ON_CALL, UnitStatus.COMMITTED_OTHER):
            yield Action(Kind.RELEASE, unit=u.id)
        elif u.id in offers.able:
            yield from (Action(Kind.STAND_AT, unit=u.id, spot=k) for k in range(plan.spots.drive_ms.shape[1]))
    yield from (Action(Kind.ONE_MORE, spot=k) for k in range(plan.spots.drive_ms.shape[1]))
    for d in plan.table.demands:
        if d.setup_ms > FIXED_BARRIER_MS:
            yield Action(Kind.SHORTER_SETUP, post=d.id)
        yield from (Action(Kind.LOWER_NEED, post=d.id, need=n) for n in range(1, d.need))
        yield Action(Kind.GIVE_UP, post=d.id)
    yield from (Action(Kind.REOPEN, road=n) for n in range(len(plan.reopened)))


def after(plan: Plan, actions: Sequence[Action]) -> Table | None:
    """Return the table once these are done; None when nothing is asked any more."""
    roads = [plan.reopened[a.road] for a in actions if a.kind is Kind.REOPEN and a.road is not None]
    released = {a.unit for a in actions if a.kind is Kind.RELEASE}
    offers, spots = plan.offers, plan.spots
    if roads:
        offers = Offers(offers.graph, roads[0].fields, offers.units, offers.asked, offers.rules)
        spots = roads[0].spots
    table = offers.sure
    if released:
        free = tuple(replace(u, status=UnitStatus.AVAILABLE) if u.id in released else u for u in offers.units)
        table = Offers(offers.graph, offers.fields, free, offers.asked, offers.rules).sure
    rows, delays = table.drive_ms.copy(), list(table.delay_ms)
    names, demands = list(table.units), list(table.demands)
    for n, a in enumerate(actions):
        if a.kind is Kind.ANSWER and a.unit:
            u = names.index(a.unit)
            rows[u], delays[u] = offers.best.drive_ms[u], offers.best.delay_ms[u]
        elif a.kind is Kind.STAND_AT and a.unit and a.spot is not None:
            u = names.index(a.unit)
            rows[u] = [_from_spot(offers, spots, u, d, a.spot) for d in table.demands]
        elif a.kind is Kind.ONE_MORE and a.spot is not None:
            rows = np.vstack([rows, [[_longest(spots, d, a.spot) for d in table.demands]]])
            names.append(UnitId(f"z{n:04d}"))
            delays.append(min(RULES.dispatch_delay_s.values()) * 1000)
        elif a.post:
            j = next(j for j, d in enumerate(demands) if d.id == a.post)
            if a.kind is Kind.SHORTER_SETUP:
                demands[j] = replace(demands[j], setup_ms=60_000)
            elif a.kind is Kind.LOWER_NEED and a.need:
                demands[j] = replace(demands[j], need=a.need)
    kept = [j for j, d in enumerate(demands) if Action(Kind.GIVE_UP, post=d.id) not in actions]
    if not kept:
        return None
    return Table(tuple(names), tuple(demands[j] for j in kept), tuple(delays), np.ascontiguousarray(rows[:, kept]))


def enough(plan: Plan, actions: Sequence[Action]) -> bool:
    """Tell by solving the changed table whether these actions are enough."""
    table = after(plan, actions)
    return table is None or feasible(table)


def standing(plan: Plan, unit: int, spot: int, table: Table) -> Table:
    """Return ``table`` with a unit moved to a spot, able to be sent."""
    rows, delays = table.drive_ms.copy(), list(table.delay_ms)
    rows[unit] = [_from_spot(plan.offers, plan.spots, unit, d, spot) for d in table.demands]
    status = plan.offers.units[unit].status
    delays[unit] = RULES.dispatch_delay_s.get(status, min(RULES.dispatch_delay_s.values())) * 1000
    return Table(table.units, table.demands, tuple(delays), rows)


def _from_spot(offers: Offers, spots: Spots, unit: int, demand: Demand, spot: int) -> int:
    who = offers.units[unit]
    asked = next(a for a in offers.asked if a.demand.id == demand.id)
    if not fits(who, asked.crew_min, asked.equipment) or not stays_long_enough(who, demand, offers.rules):
        return NEVER_MS
    return _longest(spots, demand, spot)


def _longest(spots: Spots, demand: Demand, spot: int) -> int:
    return max(int(spots.drive_ms[spots.posts.index(p), spot]) for p in demand.posts)
