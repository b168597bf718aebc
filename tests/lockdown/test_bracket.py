"""What the planner says of units it does not see now brackets the truth, wherever they have really gone."""

from dataclasses import replace
from itertools import pairwise
from math import ceil, floor
from random import Random

import numpy as np
import pytest

from camera_config.county import Closure, Noise, NoiseModel, Ring, RoadClass, UnitStatus
from camera_config.ids import UnitId
from lockdown.asks import demands_of
from lockdown.fields import Fields, post_fields
from lockdown.graph import Graph, build_graph
from lockdown.lines import point_at
from lockdown.mover import Mover, Step
from lockdown.noise import Trees, grow_trees
from lockdown.reach import best_drive_ms, snap, worst_drive_ms
from lockdown.readiness import State, assess
from lockdown.seal import solve
from lockdown.table import Table
from lockdown.times import NEVER_MS
from lockdown.units import UnitNow
from lockdown.weigh import weighed
from tests.support.roads import SPEEDS, at, post, posts_on, random_roads, roads
from tests.support.small_county import small_county

RULES = replace(small_county().rules, ready_travel_slack_permille=1500, noise=Noise(NoiseModel.MIXED, 100, 100))


def _world(seed: int, deadline_s: int = 900) -> tuple[Random, Graph, Fields, list, Trees]:
    random = Random(seed)
    r = random_roads(random, doubled=0)
    posts = posts_on(r, random, 4, deadline_s)
    graph = build_graph(r, SPEEDS, [], posts, junction_ms=7000 * (seed % 2))
    fields = post_fields(graph, posts)
    return random, graph, fields, posts, grow_trees(graph, fields, r)


def _somewhere(graph: Graph, random: Random) -> Mover:
    piece = random.randrange(len(graph.piece_m))
    forward = bool(graph.piece_one_way[piece]) or random.random() < 0.5
    mover = Mover(Step(piece, forward), random.uniform(0.02, 0.98) * float(graph.piece_m[piece]))
    _, bearing = point_at(graph.piece_shape[piece], graph.plane, 0.5)
    mover.heading_deg = bearing if forward else (bearing + 180) % 360
    return mover


def _wander(graph: Graph, mover: Mover, metres: float, random: Random) -> None:
    """Drive so many metres, turning anywhere that the law allows at junctions; stop where no road goes on."""
    while metres > 0:
        total = float(graph.piece_m[mover.here.piece])
        left = total - mover.along_m if mover.here.forward else mover.along_m
        if metres < left:
            mover.along_m += metres if mover.here.forward else -metres
            return
        metres -= left
        node = mover.node(graph)
        arcs = range(graph.car.ptr[node], graph.car.ptr[node + 1])
        if not arcs:
            mover.along_m = total if mover.here.forward else 0.0
            return
        piece = int(graph.car.piece[random.choice(arcs)])
        forward = int(graph.piece_start[piece]) == node
        mover.here, mover.along_m = Step(piece, forward), 0.0 if forward else float(graph.piece_m[piece])


def _true_drive(graph: Graph, fields: Fields, mover: Mover) -> np.ndarray:
    total = float(graph.piece_m[mover.here.piece])
    left = total - mover.along_m if mover.here.forward else mover.along_m
    node = mover.node(graph)
    own = float(graph.piece_ms[mover.here.piece]) * left / total
    return own + graph.crossing_ms[node] + fields.ms[:, node]


@pytest.mark.parametrize("seed", range(12))
def test_worst_and_best_drive_bracket_the_true_one(seed):
    random, graph, fields, _, _ = _world(seed)
    for _ in range(40):
        mover = _somewhere(graph, random)
        place = snap(graph, mover.position(graph), mover.heading_deg)
        assert place is not None
        heading = mover.heading_deg if random.random() < 0.5 else None
        reach_m = random.choice([0.0, 20.0, 300.0, 2500.0])
        worst = worst_drive_ms(graph, fields, place, heading, reach_m)
        best = best_drive_ms(graph, fields, place, reach_m)
        _wander(graph, mover, random.uniform(0.0, reach_m), random)
        true = _true_drive(graph, fields, mover)
        assert (np.minimum(true, NEVER_MS) <= worst + 1e-3).all()
        assert (best <= true + 1e-3).all()
        assert (best_drive_ms(graph, fields, None, 0.0) <= best).all()


def test_who_faces_a_closure_is_not_counted_as_past_it():
    """Found by a drawn world: at the closed centimetres of a one-way road a unit was believed to drive on over them."""
    one_way = roads([(0, 0), (1000, 0), (2000, 0)], [(0, 1, RoadClass.COUNTY, True), (1, 2, RoadClass.COUNTY, True)])
    beyond = post("p", at(1500, 0), 90.0)
    graph = build_graph(one_way, SPEEDS, [Closure("road-0", at(500, 0), "snow")], [beyond])
    fields = post_fields(graph, [beyond])
    drives = {}
    for east_m in (499.99, 500.0, 500.02):
        place = snap(graph, at(east_m, 0), 90.0)
        assert place is not None
        drives[east_m] = int(worst_drive_ms(graph, fields, place, 90.0, 0.0)[0])
    assert drives[499.99] == drives[500.0] == NEVER_MS
    assert drives[500.02] < NEVER_MS


def test_a_wider_reach_is_never_better_at_worst_nor_worse_at_best():
    random, graph, fields, _, _ = _world(99)
    for _ in range(60):
        place = snap(graph, _somewhere(graph, random).position(graph))
        assert place is not None
        reaches = [0.0, 10.0, 150.0, 1499.0, 1501.0, 4000.0]
        worst = [worst_drive_ms(graph, fields, place, None, m) for m in reaches]
        best = [best_drive_ms(graph, fields, place, m) for m in reaches]
        assert all((a <= b).all() for a, b in pairwise(worst))
        assert all((a >= b).all() for a, b in pairwise(best))


def test_ready_is_true_and_not_possible_is_true_on_perturbed_worlds():
    """Units move on after their last report, some silent for minutes; the truth is solved with their true places."""
    seen = set()
    for seed in range(80):
        random, graph, fields, posts, trees = _world(1000 + seed, deadline_s=Random(seed).choice([150, 190, 230, 300]))
        units, truth, delays = [], [], []
        for n in range(random.choice([5, 6, 8])):
            mover = _somewhere(graph, random)
            seen_at, heading = mover.position(graph), mover.heading_deg
            silent = random.random() < 0.12
            age_ms = random.randrange(40_000, 200_000) if silent else random.randrange(0, 3_000)
            speed = random.uniform(10.0, 50.0)
            status = UnitStatus.ON_CALL if random.random() < 0.1 else UnitStatus.PATROL
            _wander(graph, mover, random.uniform(0.0, speed) / 3600 * age_ms, random)
            units.append(UnitNow(UnitId(f"u{n}"), 2, (), status, seen_at, age_ms, speed_kmh=speed, heading_deg=heading))
            able = status is UnitStatus.PATROL or (silent and random.random() < 0.5)
            true = _true_drive(graph, fields, mover)
            truth.append(np.where(able, np.minimum(true, NEVER_MS), float(NEVER_MS)))
            delays.append(60_000)
        answer = assess(graph, fields, posts, units, RULES, leaks={Ring.TOWN: (), Ring.COUNTY: ()}, computed_at=0.0)
        answer = weighed(answer, trees, scenarios=500)
        demands = tuple(a.demand for a in demands_of(posts))
        seen.add(answer.state)
        ids = tuple(u.id for u in units)

        def possible(rounded, rows=truth, ids=ids, demands=demands, delays=delays):
            drive = np.array([[min(NEVER_MS, rounded(ms)) for ms in row] for row in rows], np.int64)
            return solve(Table(ids, demands, tuple(delays), drive)).feasible

        if answer.state in {State.READY, State.AT_RISK}:
            assert possible(floor)
        if answer.state is State.NOT_POSSIBLE:
            assert not possible(ceil)
    assert seen == set(State)
