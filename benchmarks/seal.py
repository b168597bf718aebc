"""From a parsed position to three verdicts with proof, and T* with its explanation, against what one would build.

``python -m benchmarks.seal --roads FILE [--units 60] [--posts 45] [--updates 10000] [--instances 10000] [--json]``

FILE is a road file of OpenStreetMap or OSMnx, or a county's ``roads.geojson``. All times are CPU time of one thread.

* ``update_*``: units drive about the roads; each position goes through ``lockdown.live``: snap, the sure and the best
  row, joint, town and county with T*, margin, plan or violating set, digest. Deadlines are set so that verdicts change.
* ``update_ratio``: the same question answered by pyvalhalla (one source, all posts; its best settings, warm) and one
  OR-Tools flow on the rows kept. null where either is not installed or FILE is no .osm.pbf.
* ``full_*``: T* from a matrix, nothing known before: sorting, the plan, the posts that prove it from below, how many
  units are missing at the deadline, a minimal violating set. ``full_ratio_best_flow``: against the better of OR-Tools'
  flow and scipy's Hopcroft–Karp, both searching thresholds from the same lower bound, for T* alone.
* ``instances``, ``mismatches``: random tables answered by the record, the compiled search, flow and matching.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.roads import SPEEDS, read_roads, ring_posts
from benchmarks.sealing.drives import Driving
from benchmarks.sealing.flows import has_ortools, least_time, served_by_flow, served_by_matching
from benchmarks.sealing.instances import compare
from benchmarks.sealing.valhalla import Valhalla
from camera_config.county import Ring, Roads, Rules
from camera_config.example import example_county
from camera_config.load import load_county
from lockdown.compiled import bottleneck
from lockdown.compiled.jit import compilations
from lockdown.fields import Fields, post_fields
from lockdown.graph import Graph, build_graph
from lockdown.lines import Ints
from lockdown.live import Live

SEED = 20_261
WARM = 300
SIZES = ((60, 45), (200, 100))


def percentiles(spent_ns: list[int]) -> tuple[float, float]:
    """Return median and 99th percentile in milliseconds."""
    return float(np.median(spent_ns)) / 1e6, float(np.quantile(spent_ns, 0.99)) / 1e6


def timed(work: Callable[[], Any]) -> int:
    """Return nanoseconds of CPU."""
    began = time.thread_time_ns()
    work()
    return time.thread_time_ns() - began


class Town:
    """Roads with posts of two rings, whose deadlines are about what the driving units can keep."""

    def __init__(self, roads: Roads, units: int, posts: int, rules: Rules, seed: int) -> None:
        self.rules = rules
        ring = ring_posts(roads, posts)
        self.posts = tuple(replace(post, ring=list(Ring)[n % 2]) for n, post in enumerate(ring))
        self.graph: Graph = build_graph(roads, SPEEDS, (), self.posts, 30.0)
        self.fields: Fields = post_fields(self.graph, self.posts)
        self.driving = Driving(self.graph, units, seed)
        usual = self._usual_s()
        self.posts = tuple(replace(post, deadline_s=usual[post.ring]) for post in self.posts)

    def _usual_s(self) -> dict[Ring, int]:
        """Return the median T* of each ring alone, over a while of driving."""
        live, driving = self.live(), Driving(self.graph, len(self.driving.units), SEED)
        found: dict[Ring, list[int]] = {Ring.TOWN: [], Ring.COUNTY: []}
        for _ in range(2_000):
            answer = live.take([driving.move()])
            for ring, said in ((Ring.TOWN, answer.town), (Ring.COUNTY, answer.county)):
                if said is not None and said.ratio is not None:
                    found[ring].append(said.ratio[0])
        return {ring: max(1, round(statistics.median(times) / 1000)) for ring, times in found.items()}

    def live(self) -> Live:
        """Return the planner with all units where they are now."""
        return Live(self.graph, self.fields, self.posts, self.driving.units, self.rules, "benchmark")


def update_figures(town: Town, updates: int, other: Valhalla | None) -> dict[str, Any]:
    """Return what a position costs."""
    live, driving = town.live(), town.driving
    for _ in range(WARM):
        live.take([driving.move()])
    before, spent, theirs, changes, kinds = compilations(), [], [], 0, None
    every = max(1, updates // 200)
    for n in range(updates):
        unit = driving.move()
        began = time.thread_time_ns()
        answer = live.take([unit])
        spent.append(time.thread_time_ns() - began)
        changes += kinds is not None and answer.kinds != kinds
        kinds = answer.kinds
        if other is not None and n % every == 0:
            theirs.append(timed(lambda unit=unit: other.decide(unit)))
    p50, p99 = percentiles(spent)
    ratio = None if not theirs else round(float(np.median(theirs)) / 1e6 / p50, 1)
    return {
        "update_p50_ms": round(p50, 4),
        "update_p99_ms": round(p99, 4),
        "update_ratio": ratio,
        "updates": updates,
        "verdict_changes": changes,
        "compiled_meanwhile": compilations() - before,
    }


def full(staffed: Ints, deadline_ms: int) -> int:
    """Return T* of a matrix from nothing, with all that explains it."""
    units, posts = staffed.shape
    num, den = staffed, np.full((units, posts), deadline_ms)
    order, size = np.ascontiguousarray(np.argsort(staffed, axis=0, kind="stable").T), np.full(posts, units)
    need, everyone = np.ones(posts, np.int64), np.arange(posts)
    holder, below = np.full(units, -1), np.empty(posts, np.bool_)
    top, _, _ = bottleneck.least(everyone, need, num, den, order, size, holder, below)
    if top > deadline_ms:
        short = np.empty(posts, np.bool_)
        bottleneck.missing(everyone, need, num, den, order, size, 1, 1, holder.copy(), short)
        bottleneck.smallest(need, num, den, order, size, 1, 1, short)
    return top


def matrices(town: Town, units: int, posts: int, count: int) -> list[Ints]:
    """Return staffed times of units that stand anywhere, a minute to turn out and one to set up."""
    random = np.random.default_rng(SEED)
    chosen = random.permutation(len(town.fields.posts))[:posts]
    reached = np.flatnonzero((town.fields.ms[chosen] < 1 << 31).all(axis=0))
    return [
        np.ascontiguousarray(town.fields.ms[np.ix_(chosen, random.choice(reached, units))].T) + 120_000
        for _ in range(count)
    ]


def full_figures(town: Town, units: int, posts: int, count: int) -> dict[str, Any]:
    """Return what T* from nothing costs, and how much longer others take for T* alone."""
    tables = matrices(town, units, posts, count)
    need = np.ones(posts, np.int64)
    deadline = int(np.median([full(table, 1 << 30) for table in tables]))
    spent = [timed(lambda table=table: full(table, deadline)) for table in tables]
    _, p99 = percentiles(spent)
    mine = float(np.median(spent))
    others = {"scipy": served_by_matching, **({"ortools": served_by_flow} if has_ortools() else {})}
    took = {
        name: float(np.median([timed(lambda t=t, s=served: least_time(t, need, s)) for t in tables]))
        for name, served in others.items()
    }
    differ = sum(full(t, deadline) != least_time(t, need, served_by_matching) for t in tables)
    return {
        "p50_ms": round(mine / 1e6, 4),
        "p99_ms": round(p99, 4),
        "ratio_best": round(min(took.values()) / mine, 1),
        **{f"{name}_ms": round(ns / 1e6, 3) for name, ns in took.items()},
        "differ": differ,
    }


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Return all figures."""
    roads, rules = read_roads(asked.roads), load_county(example_county()).rules
    town = Town(roads, asked.units, asked.posts, rules, SEED)
    found = {
        "machine": f"{platform.machine()} {os.cpu_count()} cores, python {platform.python_version()}",
        "roads": asked.roads.name,
        "units": asked.units,
        "posts": asked.posts,
        **update_figures(town, asked.updates, Valhalla.of(asked.roads, town.posts, town.graph)),
    }
    for units, posts in SIZES:
        of = town if posts <= asked.posts else Town(roads, units, posts, rules, SEED)
        figures = full_figures(of, units, min(posts, len(of.posts)), 200)
        prefix = "full" if (units, posts) == SIZES[0] else f"full_{units}x{posts}"
        found |= {f"{prefix}_{name}": value for name, value in figures.items()}
    found["full_ratio_best_flow"] = found.pop("full_ratio_best")
    seen = compare(asked.instances, SEED) if has_ortools() else {}
    wrong = {name: count for name, count in seen.items() if name.startswith("mismatch") and count}
    kinds = {name: count for name, count in seen.items() if not name.startswith("mismatch")}
    return {
        **found,
        "instances": seen.get("instances", 0),
        "instance_kinds": kinds,
        "mismatches": sum(wrong.values()) if seen else None,
        "mismatched": wrong,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--roads", type=Path, required=True)
    parser.add_argument("--units", type=int, default=60)
    parser.add_argument("--posts", type=int, default=45)
    parser.add_argument("--updates", type=int, default=10_000)
    parser.add_argument("--instances", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = measure(asked)
    for name, value in found.items():
        print(f"{name:28} {value}", file=sys.stderr if asked.json else sys.stdout)
    if asked.json:
        print(json.dumps(found, ensure_ascii=False))


if __name__ == "__main__":
    main()
