"""Does the planner ever promise what is not true? Verdicts from messages, held against a truth computed separately.

``python -m benchmarks.honesty [--worlds 100000] [--beyond 0] [--jobs 1] [--seed 1] [--json]``

A world is a small county drawn at random, units that truly are somewhere and drive, and what their devices send. Each
message goes the product's way: read, judged at the border, kept by the tracker, assessed. An oracle that shares no code
with ``lockdown`` or ``api`` (``benchmarks/worlds/oracle.py``) says whether the posts can truly be staffed at nominal
road times, in whole nanoseconds. Joint, town and county verdicts all count.

* ``false_ready``: "feasible for sure" was said (READY, AT RISK, or only the odds awaited), and it cannot be staffed; or
  only the odds were awaited, and a ring leaks. READY itself is a part of this: odds only ever raise what awaits them.
* ``false_not_possible``: "not possible" was said, and it can be staffed.
* ``unknown_share``: worlds whose joint verdict is unknown, those with a closure that no fields hold yet included.

What the planner promises, so that no fault of ``WITHIN`` (``benchmarks/worlds/faults.py``) may make it wrong:

* A device says where on its road it was, up to 25 m beside the road or 280 m parked; not to be believed are places that
  cannot be (0/0, exchanged, outside, a jump), and those that stay while it says that it drives for ten minutes.
* It was there when it says: its clock may be behind, or ahead by up to 5 s once one of its messages came without delay.
* Since then it has driven on along the roads by the law, no faster than it said, or, where it sends no speed, than as
  fast as any unit (first report) or between its last two places. Its heading is within 60 degrees while it moves. It
  turns round at junctions, posts and closures only.
* It is free or busy as it last said while that is fresh; the roster knows crews, things and ends of shifts.
* Closures are those the planner was told. Between the word and new fields nobody is asked: such worlds count unknown.
* A unit unheard of, or not believed, is within ``max_unit_kmh`` of where it was, against one-way too, free or busy.

Ways are whole milliseconds a part of road, rounded up once; all else is exact, deadlines inclusive. Deadlines lie from
0.2 to 3 times the least true time, and two of nine at or near where the answer turns (``benchmarks/worlds/cases.py``);
the share unknown depends on that as much as on the faults.

A device that lies within these bounds is believed. ``--beyond`` so many worlds a kind count what comes of that, apart
from the figures above: ``BEYOND`` on half of the units, receivers off by a few metres and rounded places among them
(nothing widens for those), and closures that nobody told of.
"""

import argparse
import json
import platform
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import repeat
from random import Random
from typing import Any

from api.plan.inputs import Prepared, prepare, readiness_now
from benchmarks.worlds.cases import BOTH, Case, draw_case, draw_county
from benchmarks.worlds.faults import BEYOND, WITHIN
from benchmarks.worlds.oracle import Truth, leaking
from benchmarks.worlds.product import NOW, county_of, now
from benchmarks.worlds.told import Fault
from lockdown.readiness import Readiness, Verdict
from lockdown.times import NEVER_MS
from lockdown.units import UnitNow

A_LAND = 100
"""Worlds that share their roads, posts and closures: building those costs as much as ten verdicts."""

TOLD_EVERY = 5_000
"""After so many worlds it says on the error output how far it is."""

CLOSURES = ("closure not told", "closure lifted, not told")

Ask = Callable[[Prepared, Sequence[UnitNow]], Readiness]


@dataclass
class Found:
    """What was counted. ``faults``: in how many worlds each occurred; ``false``: the first worlds that were, named."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    false: list[str] = field(default_factory=list)

    def add(self, other: "Found") -> None:
        """Count another's as well."""
        self.counts.update(other.counts)
        self.faults.update(other.faults)
        self.false += other.false


def asked_now(prepared: Prepared, units: Sequence[UnitNow]) -> Readiness:
    """Return what the product says."""
    return readiness_now(prepared, units, NOW)


def judge_land(seed: str, worlds: int, ask: Ask = asked_now, beyond: str = "") -> Found:
    """Return what comes of so many worlds in one land, drawn from ``seed``.

    Args:
        seed: the same one draws the same worlds.
        worlds: how many.
        ask: the planner that is put to the test.
        beyond: the only fault there is, of ``BEYOND`` or ``CLOSURES``; empty draws of those within the promise.
    """
    random = Random(seed)
    land, truth = draw_county(random)
    while beyond in CLOSURES and not land.closures:
        land, truth = draw_county(random)
    told = replace(land, closures=()) if beyond == CLOSURES[0] else land
    prepared = prepare(county_of(told))
    if beyond == CLOSURES[1]:
        truth = Truth(land, ())
    found = Found()
    found.counts["field_mismatches"] = 0 if beyond else _field_mismatches(prepared, truth)
    for n in range(worlds):
        case = _drawn(random, truth, beyond)
        _judge(case, prepared, ask, found, f"{seed}:{n}")
    return found


def _drawn(random: Random, truth: Truth, beyond: str) -> Case:
    if not beyond:
        return draw_case(random, truth.land, truth)
    faults: Mapping[str, Fault] = {beyond: BEYOND[beyond]} if beyond in BEYOND else {}
    return replace(draw_case(random, truth.land, truth, faults, 0.5 if faults else 0.0), closing=False)


def _field_mismatches(prepared: Prepared, truth: Truth) -> int:
    """Return at how many junctions the two sides differ in a driving time to a post."""
    fields = prepared.fields
    return sum(
        int(fields.ms[row, node]) != truth.to_post[post].get(node, NEVER_MS)
        for row, post in enumerate(fields.posts)
        for node in range(len(truth.land.nodes))
    )


def _judge(case: Case, prepared: Prepared, ask: Ask, found: Found, name: str) -> None:
    counts = found.counts
    counts["worlds"] += 1
    counts["true_feasible"] += case.possible(BOTH)
    counts["ties"] += case.tie
    faults = {life.fault for life in case.lives if life.fault}
    found.faults.update(faults)
    found.faults.update({group for group, kinds in WITHIN.items() if faults & set(kinds)})
    found.faults["closures"] += bool(case.land.closures)
    if case.closing:
        # Nobody is asked between a closure and new fields (PLANNER.md 2.5), so nothing can be promised.
        found.faults["closure being learned"] += 1
        counts["unknown"] += 1
        return
    known, units = now(prepared, case)
    answer = ask(known, units)
    counts["unknown"] += answer.joint.feasible is None
    counts["feasible_said"] += answer.joint.feasible is True
    counts["not_possible_said"] += answer.joint.feasible is False
    counts["odds_awaited"] += answer.joint.awaits_odds
    verdicts = (answer.joint, answer.town, answer.county)
    for kind, wrong in (("false_ready", _false_ready), ("false_not_possible", _false_not_possible)):
        if any(wrong(case, verdict) for verdict in verdicts):
            counts[kind] += 1
            found.false.append(f"{kind} {name}")


def _false_ready(case: Case, verdict: Verdict) -> bool:
    if not verdict.feasible:
        return False
    standing = [post.id for post in case.land.posts]
    leaks = any(leaking(case.land, ring, standing) for ring in verdict.rings)
    return not case.possible(verdict.rings) or (verdict.awaits_odds and leaks)


def _false_not_possible(case: Case, verdict: Verdict) -> bool:
    return verdict.feasible is False and case.possible(verdict.rings)


def judge(worlds: int, seed: int, jobs: int, beyond: str = "", ask: Ask = asked_now) -> Found:
    """Return what comes of ``worlds`` worlds, ``A_LAND`` to a land; the same for any number of jobs."""
    sizes = [A_LAND] * (worlds // A_LAND) + ([worlds % A_LAND] if worlds % A_LAND else [])
    seeds = [f"{seed}/{beyond}/{n}" if beyond else f"{seed}/{n}" for n in range(len(sizes))]
    if jobs <= 1:
        return _added(map(judge_land, seeds, sizes, repeat(ask), repeat(beyond)))
    with ProcessPoolExecutor(jobs) as pool:
        return _added(pool.map(judge_land, seeds, sizes, repeat(ask), repeat(beyond), chunksize=4))


def _added(parts: Iterable[Found]) -> Found:
    found = Found()
    for part in parts:
        before = found.counts["worlds"] // TOLD_EVERY
        found.add(part)
        if found.counts["worlds"] // TOLD_EVERY > before:
            print(f"{found.counts['worlds']} worlds, false: {found.false or 'none'}", file=sys.stderr, flush=True)
    return found


def measure(worlds: int, beyond: int, seed: int, jobs: int) -> dict[str, Any]:
    """Return the figures; see the module's text."""
    began, spent = time.monotonic(), time.process_time()
    found = judge(worlds, seed, jobs)
    seconds, cpu_s = time.monotonic() - began, time.process_time() - spent
    counts = found.counts
    kinds = {name for group in WITHIN.values() for name in group} | set(WITHIN) | {"closures", "closure being learned"}
    return {
        "machine": f"{platform.machine()} python {platform.python_version()}",
        "worlds": counts["worlds"],
        "false_ready": counts["false_ready"],
        "false_not_possible": counts["false_not_possible"],
        "unknown_share": round(counts["unknown"] / max(1, worlds), 4),
        "feasible_said_share": round(counts["feasible_said"] / max(1, worlds), 4),
        "not_possible_said_share": round(counts["not_possible_said"] / max(1, worlds), 4),
        "odds_awaited_share": round(counts["odds_awaited"] / max(1, worlds), 4),
        "true_feasible_share": round(counts["true_feasible"] / max(1, worlds), 4),
        "ties": counts["ties"],
        "field_mismatches": counts["field_mismatches"],
        "faults": {kind: found.faults[kind] for kind in sorted(kinds)},
        "false_worlds": found.false[:20],
        "beyond": {kind: _beyond(kind, beyond, seed, jobs) for kind in (*BEYOND, *CLOSURES)} if beyond else None,
        "seconds": round(seconds, 1),
        "ms_a_world": round(1000 * cpu_s / max(1, worlds), 2) if jobs <= 1 else None,
        "jobs": jobs,
        "seed": seed,
    }


def _beyond(kind: str, worlds: int, seed: int, jobs: int) -> dict[str, int]:
    counts = judge(worlds, seed, jobs, kind).counts
    return {key: counts[key] for key in ("worlds", "false_ready", "false_not_possible", "unknown")}


def _print(f: dict[str, Any]) -> None:
    print(f"{f['machine']}; seed {f['seed']}, {f['jobs']} jobs, {f['seconds']} s, {f['ms_a_world']} ms of CPU a world")
    print(f"worlds                       {f['worlds']:>9}   ties at the deadline {f['ties']}")
    print(f"false READY                  {f['false_ready']:>9}")
    print(f"false NOT POSSIBLE           {f['false_not_possible']:>9}")
    print(f"share unknown                {f['unknown_share']:>9.4f}   truly feasible {f['true_feasible_share']:.4f}")
    print(f"said feasible, not possible  {f['feasible_said_share']:>9.4f} {f['not_possible_said_share']:.4f}")
    print(f"driving times that differ    {f['field_mismatches']:>9}")
    for name in f["false_worlds"]:
        print(f"  {name}")
    print("share of worlds with")
    for kind, count in f["faults"].items():
        print(f"  {kind:<26} {count / max(1, f['worlds']):>9.4f}")
    for kind, row in (f["beyond"] or {}).items():
        wrong = f"{row['false_ready']:>5} false READY, {row['false_not_possible']:>5} false NOT POSSIBLE"
        print(f"beyond the promise: {kind:<26} {wrong}, {row['unknown']:>5} unknown of {row['worlds']}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=100_000)
    parser.add_argument("--beyond", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    figures = measure(args.worlds, args.beyond, args.seed, args.jobs)
    _print(figures)
    if args.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
