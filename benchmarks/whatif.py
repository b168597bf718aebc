"""What the questions after a verdict cost: where each unit would do, whom not to lose, what would help.

``python -m benchmarks.whatif [--county FOLDER] [--posts 45] [--solves 1000] [--rounds 5] [--seed 5] [--json]``

The county's own units and posts, and invented posts on its roads up to ``--posts``. As many units are set on a call as
leave one unit missing, so that places matter. The what-if map of every unit at every junction and standby point stands
beside its baseline, a full new solve of the table with the unit there that only says yes or no: ``--solves`` places are
solved so, compared with the map, and their time is multiplied up to all places (``*_all_ms``, extrapolated).

CPU time in milliseconds, the median of the rounds. ``fixes_ms`` begins with both arrival tables, which the verdict
leaves behind; ``losses_ms`` is N−1, N−2 and posts with all units. ``places_ms`` is prepared once for the roads.
"""

import argparse
import json
import platform
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from api.plan.inputs import POSITIONS_FILE, read_positions, units_from
from camera_config.county import ROAD_CLASSES, Blocks, County, Post, Ring, RoadClass, UnitStatus
from camera_config.example import example_county
from camera_config.ids import PostId
from camera_config.load import load_county
from lockdown.asks import demands_of
from lockdown.fields import Fields, post_fields
from lockdown.fixes import fixes
from lockdown.graph import Graph, build_graph
from lockdown.lines import Ints, Plane, point_at
from lockdown.losses import losses
from lockdown.matching import Matching, satisfy
from lockdown.offers import Offers
from lockdown.seal import in_time, solve
from lockdown.table import Table
from lockdown.times import NEVER_MS
from lockdown.units import UnitNow
from lockdown.whatif import Does, drive_of, may_serve, spots_of, standing_delay_ms, what_if_map

DEADLINE_S = {Ring.TOWN: 900, Ring.COUNTY: 1800}


def drawn_posts(county: County, count: int, random: Random) -> list[Post]:
    """Return ``count`` posts: the county's, then invented ones in the middle of its larger roads, each road once."""
    roads, plane = county.roads, Plane(county.centre.lat, county.centre.lon)
    small = {ROAD_CLASSES.index(kind) for kind in (RoadClass.TRACK, RoadClass.VILLAGE)}
    large = [r for r in range(len(roads.start)) if roads.road_class[r] not in small and roads.length_m[r] > 200]
    posts = list(county.posts)[:count]
    for n, road in enumerate(random.sample(large, count - len(posts))):
        position, bearing = point_at(roads.shape[road], plane, 0.5)
        ring = random.choice(list(Ring))
        model = next(post for post in county.posts if post.ring is ring)
        posts.append(
            replace(
                model,
                id=PostId(f"invented-{n:03d}"),
                position=position,
                bearing_deg=bearing,
                blocks=Blocks.BOTH,
                deadline_s=DEADLINE_S[ring],
                need_units=1,
                equipment=(),
                setup_s=60,
                group=None,
                one_crew=False,
                checkpoint=None,
            )
        )
    return posts


def holding(county: County, units: list[UnitNow], count: int, random: Random) -> tuple[Offers, list[Post]]:
    """Return offers that hold, and their posts, drawn anew until they do.

    Raises:
        ValueError: none of twenty draws holds.
    """
    speeds = county.rules.speed_kmh[county.rules.weather]
    for _ in range(20):
        posts = drawn_posts(county, count, random)
        graph = build_graph(county.roads, speeds, county.closures, posts, county.rules.snap_max_m)
        offers = Offers(graph, post_fields(graph, posts), tuple(units), demands_of(posts), county.rules)
        if solve(offers.sure).feasible:
            return offers, posts
    raise ValueError(f"no draw of {count} posts can be held; ask for fewer with --posts")


def lacking_one(graph: Graph, fields: Fields, posts: list[Post], units: list[UnitNow], county: County) -> Offers | None:
    """Return the offers with as many units on a call as leave exactly one missing; None where no number does."""
    for busy in range(len(units)):
        known = [replace(u, status=UnitStatus.ON_CALL) if n < busy else u for n, u in enumerate(units)]
        offers = Offers(graph, fields, tuple(known), demands_of(posts), county.rules)
        if solve(offers.sure).deficiency == 1:
            return offers
    return None


def solved_again(offers: Offers, drive: Ints, u: int, spot: int) -> Does:
    """Return the map's answer by solving the table without the unit, and if need be with it at the spot."""
    table, who = offers.sure, offers.units[u]
    rows, delay = table.drive_ms.copy(), list(table.delay_ms)
    rows[u] = NEVER_MS
    if _feasible(Table(table.units, table.demands, table.delay_ms, rows)):
        return Does.ANYWAY
    served = may_serve(who, table, offers.asked, offers.rules)
    rows[u, served], delay[u] = drive[served, spot], standing_delay_ms(who, offers.rules)
    return Does.WOULD if _feasible(Table(table.units, table.demands, tuple(delay), rows)) else Does.NOT


def _feasible(table: Table) -> bool:
    return isinstance(satisfy(in_time(table), [d.need for d in table.demands]), Matching)


def timed(rounds: int, work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the median CPU milliseconds of some rounds, after one that is not counted, and the last result."""
    spent, result = [], work()
    for _ in range(rounds):
        began = time.process_time()
        result = work()
        spent.append((time.process_time() - began) * 1000)
    return median(spent), result


def measure(folder: Path, posts: int, solves: int, rounds: int, seed: int) -> dict[str, Any]:
    """Return the figures; see the module's text."""
    county, random = load_county(folder), Random(seed)
    units = sorted(units_from(county, read_positions(folder / POSITIONS_FILE)), key=lambda unit: unit.id)
    full, chosen = holding(county, units, posts, random)
    graph, fields, plan = full.graph, full.fields, solve(full.sure).optimum
    standby = {str(point.id): point.position for point in county.standby_points}
    places_ms, spots = timed(1, lambda: spots_of(graph, fields, standby))
    losses_ms, lost = timed(rounds, lambda: losses(full.sure, plan.plan if plan else ()))
    offers = lacking_one(graph, fields, chosen, units, county) or full
    offers.best  # noqa: B018  (made by the verdict)
    fixes_ms, found = timed(rounds, lambda: fixes(offers, offers.sure, spots))
    map_ms, does = timed(rounds, lambda: what_if_map(offers, offers.sure, spots))
    drive = drive_of(offers.sure, spots)
    asked = [(random.randrange(does.shape[0]), random.randrange(does.shape[1])) for _ in range(solves)]
    began = time.process_time()
    again = [solved_again(offers, drive, u, spot) for u, spot in asked]
    each_ms = (time.process_time() - began) * 1000 / max(1, solves)
    return {
        "machine": f"{platform.machine()} python {platform.python_version()}",
        "units": len(units),
        "posts": len(chosen),
        "need": offers.sure.need,
        "places": int(does.size),
        "map_ms": round(map_ms, 3),
        "solve_each_ms": round(each_ms, 4),
        "solve_all_ms": round(each_ms * does.size, 1),
        "map_ratio": round(each_ms * does.size / map_ms, 1),
        "solves": solves,
        "mismatches": sum(int(does[u, spot]) != want for (u, spot), want in zip(asked, again, strict=True)),
        "would": int((does == Does.WOULD).sum()),
        "losses_ms": round(losses_ms, 3),
        "single": len(lost.single),
        "double": len(lost.double),
        "fixes_ms": round(fixes_ms, 3),
        "fixes": 0 if found is None else len(found.single) or len(found.smallest),
        "places_ms": round(places_ms, 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--county", type=Path, default=example_county())
    parser.add_argument("--posts", type=int, default=45)
    parser.add_argument("--solves", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    figures = measure(args.county, args.posts, args.solves, args.rounds, args.seed)
    if args.json:
        print(json.dumps(figures))
        return
    f = figures
    print(f"{f['machine']}; {f['units']} units, {f['posts']} posts that need {f['need']}; CPU ms, medians")
    print(f"what-if map, {f['places']} places       {f['map_ms']:>12.3f}   {f['would']} places would do")
    print(f"  a full solve for each (extrap.) {f['solve_all_ms']:>12.1f}   {f['map_ratio']:.0f} x")
    print(f"  {f['solves']} of them compared: {f['mismatches']} differ")
    print(f"losses N-1, N-2, posts            {f['losses_ms']:>12.3f}   {f['single']} units, {f['double']} pairs")
    print(f"fixes                             {f['fixes_ms']:>12.3f}   {f['fixes']} of them")
    print(f"places, once for the roads        {f['places_ms']:>12.1f}")


if __name__ == "__main__":
    main()
