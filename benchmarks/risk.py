"""How many scenarios of a plan are judged a second on one core, and whether the answers are right.

``python -m benchmarks.risk --roads FILE [--units 60] [--posts 23] [--situations 100] [--json]``

FILE is a road file of OpenStreetMap or OSMnx (docs/ref/config.md), or a county's ``roads.geojson``.
Posts are spread over a ring around the middle, units over all roads, both by a fixed seed; each is asked for with
deadlines such that the plan holds in about nine of ten scenarios.

* ``committed_per_s``: scenarios of the plan that is shown, with their drawing, on one core.
* ``hindsight_fixed_per_s``: scenarios judged both committed and with hindsight on the same ways, with their drawing.
* ``bracket_violations``: scenarios in which the plan holds and hindsight, asked of all of them, does not; four models.
* ``routed_violations``: scenarios in which hindsight on fixed ways holds and hindsight with exact re-routing does not.
* ``reference_mismatches``: of scenarios counted again one by one (committed; hindsight by scipy's Hopcroft–Karp).
* ``probable_*``: the plan for probability against the plan shown, chosen on one sample, judged on another, over
  situations x noise models. Significantly below: McNemar's statistic beyond 3.5 standard deviations.
* ``replanned_*``: re-planning every 30 s, driven junction by junction. ``replanning_lost``: scenarios that the plan
  would have held untouched. ``policy_violations``: it held where hindsight with exact re-routing does not.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra, maximum_bipartite_matching

from benchmarks.roads import SPEEDS, read_roads, ring_posts
from camera_config.county import Noise, NoiseModel, Position, Ring, Roads
from camera_config.ids import PostId, UnitId
from lockdown.fields import Fields, post_fields
from lockdown.graph import Graph, build_graph
from lockdown.lines import point_at
from lockdown.noise import BLOCK, GROUPS, Draw, Sample, Trees, factors, grow_trees, split_drives, starts_of
from lockdown.probable import most_probable
from lockdown.reach import snap
from lockdown.replan import Drives, replanned_each
from lockdown.risk import Case, Pairs, committed, hindsight
from lockdown.seal import solve
from lockdown.table import Demand, Table
from lockdown.times import NEVER_MS

DELAY_MS, SETUP_MS, SEED = 60_000, 60_000, 20_260
RATIO = 1.45
"""Deadline / staffed time of the weakest post at nominal times."""


@dataclass(frozen=True, slots=True)
class Town:
    """The roads with posts on them."""

    graph: Graph
    fields: Fields
    trees: Trees
    posts: tuple[PostId, ...]


@dataclass(frozen=True, slots=True)
class Situation:
    """A plan, what may go wrong with it, and where each unit enters the roads."""

    case: Case
    plan: Pairs
    places: tuple[Position, ...]
    drives: Drives


def town_of(roads: Roads, posts: int) -> Town:
    """Return the town with ``posts`` posts, as even as roads allow, around half-way out."""
    made = ring_posts(roads, posts)
    graph = build_graph(roads, SPEEDS, [], made)
    fields = post_fields(graph, made)
    return Town(graph, fields, grow_trees(graph, fields, roads), fields.posts)


def situation_of(town: Town, units: int, seed: int, noise: Noise) -> Situation:
    """Return units on random roads, and deadlines at ``RATIO`` of what the best plan needs."""
    random = Random(seed)
    graph, fields = town.graph, town.fields
    places, drives = [], []
    while len(places) < units:
        piece = random.randrange(len(graph.piece_m))
        at, _ = point_at(graph.piece_shape[piece], graph.plane, 0.5)
        place = snap(graph, at)
        if place is None:
            continue
        end = int(graph.piece_end[place.piece])
        reach = fields.ms[:, end]
        if (reach < NEVER_MS).all():
            half = int(graph.piece_ms[place.piece]) // 2 if graph.piece_ms[place.piece] < NEVER_MS else 10_000
            places.append(at)
            drives.append(reach + half)
    names = tuple(UnitId(f"u{n:03}") for n in range(units))
    need = [1 + (n % 4 == 0) for n in range(len(town.posts))]
    demands = tuple(Demand(p, (p,), Ring.TOWN, k, 900_000, SETUP_MS) for p, k in zip(town.posts, need, strict=True))
    table = Table(names, demands, (DELAY_MS,) * units, np.array(drives, np.int64))
    optimum = solve(table).optimum
    if optimum is None:
        raise ValueError("no plan at all: fewer units than needs")
    deadline = int(RATIO * optimum.ratio[0])
    table = replace(table, demands=tuple(replace(d, deadline_ms=deadline) for d in demands))
    optimum = solve(table).optimum
    plan = [(a.unit, a.post) for a in optimum.plan] if optimum else []
    case = Case(table, split_drives(town.trees, table, places), noise)
    return Situation(case, plan, tuple(places), Drives(case, town.trees, starts_of(town.trees, table, places)))


def per_s(what: Callable[[], Any], scenarios: int, rounds: int = 5) -> float:
    """Return scenarios a second of CPU time, the median of rounds; nothing that is kept between calls helps."""
    what()
    spent = []
    for _ in range(rounds):
        begin = time.process_time()
        what()
        spent.append(time.process_time() - begin)
    return scenarios / statistics.median(spent)


def one_by_one(case: Case, sample: Sample) -> Iterator[tuple[int, Draw, int]]:
    """Yield each scenario's number, its block and its column there."""
    for block, count in sample.blocks():
        drawn = case.draw(sample.seed, block)
        yield from ((block * BLOCK + k, drawn, k) for k in range(count))


def mismatches(situation: Situation, sample: Sample) -> int:
    """Count again, scenario by scenario, with float64 sums in another order and scipy's matching."""
    case, plan = situation.case, situation.plan
    held, known = committed(case, plan, sample), hindsight(case, plan, sample)
    units, demands = case.numbers(plan)
    slots = np.repeat(np.arange(len(case.table.demands)), [d.need for d in case.table.demands])
    turnout = factors(case.noise.turnout_cv_permille)
    wrong = 0
    for s, drawn, k in one_by_one(case, sample):
        late = np.array(case.table.delay_ms) * turnout[drawn.turnout[:, k]]
        arrive = (case.split * drawn.travel[:, k]).sum(axis=2) + late[:, None]
        on_time = (arrive <= case.limit) & (case.table.drive_ms < NEVER_MS)
        matched = maximum_bipartite_matching(csr_array(on_time[:, slots].T.astype(np.int8)), perm_type="column")
        wrong += bool(held[s]) != bool(on_time[units, demands].all())
        wrong += bool(known[s]) != bool((matched >= 0).all())
    return wrong


def routed(town: Town, situation: Situation, sample: Sample) -> dict[str, Any]:
    """Judge fixed ways and re-planning by hindsight with exact ways; every scenario is routed anew."""
    case, car = situation.case, town.graph.car
    known, held = hindsight(case, situation.plan, sample), committed(case, situation.plan, sample)
    begin = time.process_time()
    again = replanned_each(situation.drives, situation.plan, sample)
    spent = time.process_time() - begin
    slots = np.repeat(np.arange(len(case.table.demands)), [d.need for d in case.table.demands])
    nodes = len(town.graph.lat)
    tail = np.repeat(np.arange(nodes), np.diff(car.ptr))
    order = np.argsort(car.head, kind="stable")
    ptr = np.concatenate([[0], np.cumsum(np.bincount(car.head, minlength=nodes))])
    group = town.trees.group[car.piece[order]]
    targets = [town.graph.post_node[post] for post in town.posts]
    pieces = [snap(town.graph, at).piece for at in situation.places]  # type: ignore[union-attr]
    ends = np.array([[town.graph.piece_start[p], town.graph.piece_end[p]] for p in pieces])
    own = np.array([town.trees.group[p] for p in pieces])
    # Whichever end a drive was split from, it took at least this on the unit's own road.
    rest = np.array([[[max(0, int(case.table.drive_ms[u, j] - town.fields.ms[j, e])) for e in ends[u]]
                      for j in range(len(targets))] for u in range(len(ends))])  # fmt: skip
    start = rest.min(axis=1)
    turnout = factors(case.noise.turnout_cv_permille)
    exact = np.zeros(sample.scenarios, np.bool_)
    for s, drawn, k in one_by_one(case, sample):
        travel = drawn.travel[:, k]
        arcs: Any = csr_array((car.cost[order] * travel[group], tail[order], ptr), shape=(nodes, nodes))
        onward = dijkstra(arcs, indices=targets)[:, ends]
        ways = (onward + (start * travel[own][:, None])[None]).min(axis=2).T
        late = np.array(case.table.delay_ms) * turnout[drawn.turnout[:, k]]
        on_time = ways + late[:, None] <= case.limit + 0.5
        matched = maximum_bipartite_matching(csr_array(on_time[:, slots].T.astype(np.int8)), perm_type="column")
        exact[s] = (matched >= 0).all()
    return {
        "routed_scenarios": sample.scenarios,
        "routed_violations": int((known & ~exact).sum()),
        "policy_violations": int((again & ~exact).sum()),
        "routed_committed_p": round(float(held.mean()), 4),
        "routed_replanned_p": round(float(again.mean()), 4),
        "routed_hindsight_fixed_p": round(float(known.mean()), 4),
        "routed_hindsight_exact_p": round(float(exact.mean()), 4),
        "replanned_per_s": round(sample.scenarios / spent),
        "replanning_lost": int((held & ~again).sum()),
        "replanning_won": int((again & ~held).sum()),
    }


def probable(town: Town, units: int, situations: int) -> dict[str, Any]:
    """Judge plans for probability on samples that they were not chosen on."""
    gains, below = [], 0
    for n in range(situations):
        for model in NoiseModel:
            now = situation_of(town, units, SEED + n, Noise(model))
            best = most_probable(now.case, now.plan, Sample(2 * n + 1, 1024))
            sample = Sample(2 * n + 2, 4096)
            ours, theirs = committed(now.case, best, sample), committed(now.case, now.plan, sample)
            won, lost = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
            below += lost - won > 3.5 * max(1, won + lost) ** 0.5
            gains.append((won - lost) / sample.scenarios)
    return {
        "probable_situations": len(gains),
        "probable_significantly_below": below,
        "probable_gain_mean": round(statistics.mean(gains), 5) if gains else None,
        "probable_gain_max": round(max(gains), 5) if gains else None,
        "probable_changed": sum(gain != 0 for gain in gains),
    }


def figures(town: Town, units: int, args: argparse.Namespace) -> dict[str, Any]:
    now = situation_of(town, units, SEED, Noise())
    sample = Sample(SEED, args.scenarios)
    held, known = committed(now.case, now.plan, sample), hindsight(now.case, now.plan, sample)
    p, knowing_p, violations, judged = float(held.mean()), float(known.mean()), 0, 0
    for n, model in enumerate(NoiseModel):
        other, few = situation_of(town, units, SEED + 1 + n, Noise(model)), Sample(n, 4096)
        held = committed(other.case, other.plan, few)
        asked = hindsight(other.case, other.plan, few, np.zeros(few.scenarios, np.bool_))
        violations += int((held & ~asked).sum())
        judged += few.scenarios
    return {
        "units": units,
        "posts": len(town.posts),
        "legs": len(now.plan),
        "groups": GROUPS,
        "groups_driven": int(np.count_nonzero(now.case.split.sum(axis=(0, 1)))),
        "committed_p": round(p, 4),
        "hindsight_p": round(knowing_p, 4),
        "committed_per_s": round(per_s(lambda: committed(now.case, now.plan, sample), sample.scenarios)),
        "hindsight_fixed_per_s": round(per_s(lambda: hindsight(now.case, now.plan, sample), sample.scenarios)),
        "bracket_scenarios": judged,
        "bracket_violations": violations,
        **routed(town, now, Sample(SEED, args.routed)),
        "reference_scenarios": args.reference,
        "reference_mismatches": mismatches(now, Sample(SEED + 9, args.reference)),
        **probable(town, units, args.situations),
    }


def on_one_core() -> None:
    """Begin again with OpenBLAS on one thread, unless it is: it reads that when numpy is imported."""
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        argv = [sys.executable, "-m", "benchmarks.risk", *sys.argv[1:]]
        os.execve(sys.executable, argv, {**os.environ, "OPENBLAS_NUM_THREADS": "1"})


def main() -> None:
    on_one_core()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--roads", type=Path, required=True)
    parser.add_argument("--units", type=int, default=60)
    parser.add_argument("--posts", type=int, default=23)
    parser.add_argument("--scenarios", type=int, default=102_400)
    parser.add_argument("--routed", type=int, default=2_000)
    parser.add_argument("--reference", type=int, default=10_000)
    parser.add_argument("--situations", type=int, default=100, help="of the plan for probability, times noise models")
    parser.add_argument("--json", action="store_true", help="last line is everything as JSON")
    args = parser.parse_args()
    found = figures(town_of(read_roads(args.roads), args.posts), args.units, args)
    found["machine"] = f"{platform.machine()}, one core of {os.cpu_count()}, Python {platform.python_version()}"
    found["load"] = round(os.getloadavg()[0], 1)
    for key, value in found.items():
        print(f"{key:30} {value}")
    if args.json:
        print(json.dumps(found, ensure_ascii=False, allow_nan=False))


if __name__ == "__main__":
    main()
