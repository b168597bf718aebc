"""Is every leak of a ring found, and nothing else named? Leaks planted in drawn rings and in a county's own.

``python -m benchmarks.leaks [--worlds 1000] [--real 0.1] [--county FOLDER] [--seed 1] [--json]``

A world is two rings with a post on every road that leaves them, and then: posts that are gone, a post that stops only
those who come in, tracks across the ring, roads one way against who leaves, roads that leave nothing, closures (they
hold the police up, not the fugitive), posts of the other ring (they close nothing). One in ten is on the county's own
roads and rings, with invented posts.

* ``planted``: leaks by construction, a road of a ring each. ``found``: those of them that ``find_leaks`` names.
* ``false_leaks``: leaks named that were not planted, or twice.
* ``oracle_mismatches``: worlds in which an own search for leaks, which shares no code, disagrees with what was planted.
* ``bad_paths``: leaks whose way out does not begin inside and end outside.
"""

import argparse
import json
import platform
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.worlds.land import within
from benchmarks.worlds.oracle import leaking
from benchmarks.worlds.product import county_of
from benchmarks.worlds.rings import Planted, closed_county, closed_land, with_gone, with_roads, with_turned
from camera_config.county import County, Post, RingArea
from camera_config.example import example_county
from camera_config.load import load_county
from lockdown.graph import Graph, build_graph
from lockdown.leaks import Leak, find_leaks

A_LAND = 10
"""Worlds that share their roads; posts are gone in each anew."""

Find = Callable[[Graph, RingArea, Sequence[Post]], Sequence[Leak]]


def worlds_of(seed: int, worlds: int, real: float, county: County | None) -> Iterator[tuple[Planted, County, Graph]]:
    """Yield each world with its county and its graph; the last ``real`` share of them on the county's own roads."""
    own = 0 if county is None else round(worlds * real)
    for count, drawn in ((worlds - own, True), (own, False)):
        for first in range(0, count, A_LAND):
            random = Random(f"{seed}/{drawn}/{first}")
            ringed = closed_land(random) if drawn or county is None else closed_county(random, county)
            ringed = with_turned(random, with_roads(random, ringed))
            told = county_of(ringed.land)
            rules = told.rules
            graph = build_graph(told.roads, rules.speed_kmh[rules.weather], told.closures, told.posts, rules.snap_max_m)
            for _ in range(min(A_LAND, count - first)):
                yield with_gone(random, ringed), told, graph


def judge(world: Planted, told: County, graph: Graph, find: Find) -> Counter[str]:
    """Return what one world adds to the figures."""
    counts: Counter[str] = Counter(worlds=1)
    standing = [post for post in told.posts if post.id not in world.gone]
    for area in told.rings:
        planted = {road for ring, road in world.leaks if ring is area.ring}
        counts["oracle_mismatches"] += planted != leaking(world.land, area.ring, world.standing, world.inner[area.ring])
        leaks = find(graph, area, standing)
        named = Counter(leak.road for leak in leaks)
        counts["planted"] += len(planted)
        counts["found"] += sum(f"road-{road}" in named for road in planted)
        counts["false_leaks"] += sum(named.values()) - sum(f"road-{road}" in named for road in planted)
        counts["bad_paths"] += sum(not _leads_out(area, leak) for leak in leaks)
    counts.update(f"kind {kind}" for kind in world.leaks.values())
    counts["closed"] += not world.leaks
    return counts


def _leads_out(area: RingArea, leak: Leak) -> bool:
    line = tuple((p.lon, p.lat) for p in area.outline)
    first, last = leak.path[0], leak.path[-1]
    return within(line, (first.lon, first.lat)) and not within(line, (last.lon, last.lat))


def measure(worlds: int, real: float, county: County | None, seed: int, find: Find = find_leaks) -> dict[str, Any]:
    """Return the figures; see the module's text."""
    began, counts = time.monotonic(), Counter[str]()
    for world, told, graph in worlds_of(seed, worlds, real, county):
        counts.update(judge(world, told, graph, find))
    return {
        "machine": f"{platform.machine()} python {platform.python_version()}",
        "worlds": counts["worlds"],
        "on_county_roads": 0 if county is None else round(worlds * real),
        "planted": counts["planted"],
        "found": counts["found"],
        "false_leaks": counts["false_leaks"],
        "closed_worlds": counts["closed"],
        "oracle_mismatches": counts["oracle_mismatches"],
        "bad_paths": counts["bad_paths"],
        "kinds": {name.removeprefix("kind "): n for name, n in sorted(counts.items()) if name.startswith("kind ")},
        "seconds": round(time.monotonic() - began, 1),
        "seed": seed,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=1000)
    parser.add_argument("--real", type=float, default=0.1)
    parser.add_argument("--county", type=Path, default=example_county())
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    f = measure(args.worlds, args.real, load_county(args.county) if args.real else None, args.seed)
    print(f"{f['machine']}; seed {f['seed']}, {f['seconds']} s")
    print(f"worlds {f['worlds']}, {f['on_county_roads']} on a county's own roads, {f['closed_worlds']} without a leak")
    print(f"leaks planted {f['planted']:>7}   {f['kinds']}")
    print(f"leaks found   {f['found']:>7}")
    print(f"false leaks   {f['false_leaks']:>7}")
    print(f"another search disagrees in {f['oracle_mismatches']} worlds; {f['bad_paths']} ways do not lead out")
    if args.json:
        print(json.dumps(f))


if __name__ == "__main__":
    main()
