"""The fewest units that close every way out, against trying every cut there is."""

from dataclasses import replace
from itertools import combinations
from random import Random

import numpy as np
import pytest

from camera_config.county import Blocks, RoadClass, Weather
from lockdown.cut import Cut, Enclosure, before_him, crews, fewest_posts, needs, staffed_at, trade_off
from lockdown.graph import Graph, build_graph
from lockdown.matching import Matching, satisfy
from lockdown.race import fugitive
from lockdown.times import NEVER_MS
from tests.support.roads import SPEEDS, at, post, random_roads, roads, unit
from tests.support.small_county import small_county

COUNTY = RoadClass.COUNTY
RULES = small_county().rules


def nodes(graph: Graph, *chosen: int) -> np.ndarray:
    made = np.zeros(len(graph.lat), np.bool_)
    made[list(chosen)] = True
    return made


def asked(graph: Graph, within: int, beyond: int, need: list[int], staffed: list[list[int]]) -> Enclosure:
    whenever = np.full(len(graph.any_way.head), NEVER_MS, np.int64)
    need_of, staffed_ms = np.array(need), np.array(staffed, np.int64)
    return Enclosure(graph, nodes(graph, within), nodes(graph, beyond), need_of, staffed_ms, whenever)


def drawn(seed: int, *, units: int, side: int = 3) -> Enclosure:
    random = Random(seed)
    graph = build_graph(random_roads(random, side=side, doubled=1), SPEEDS, [], [])
    pieces = len(graph.piece_m)
    staffed = [[random.choice([*range(1, 40), NEVER_MS]) for _ in range(pieces)] for _ in range(units)]
    return asked(graph, 0, len(graph.lat) - 1, [random.choice([1, 1, 2]) for _ in range(pieces)], staffed)


def every_cut(question: Enclosure) -> list[list[int]]:
    """Return the pieces of every cut there is."""
    graph = question.graph
    last = len(graph.lat) - 1
    free, found = range(1, last), []
    for size in range(last):
        for rest in combinations(free, size):
            side = {0, *rest}
            ends = zip(graph.piece_start.tolist(), graph.piece_end.tolist(), strict=True)
            found.append([piece for piece, (a, b) in enumerate(ends) if (a in side) != (b in side)])
    return found


def t_star(question: Enclosure, pieces: list[int]) -> int:
    """Return by when all posts can be staffed: try every time."""
    needs = [int(question.need[piece]) for piece in pieces]
    for time in sorted(set(question.staffed_ms[question.staffed_ms < NEVER_MS].tolist())):
        masks = [sum(1 << u for u, row in enumerate(question.staffed_ms) if row[piece] <= time) for piece in pieces]
        if isinstance(satisfy(masks, needs), Matching):
            return time
    return NEVER_MS


def closed(question: Enclosure, cut: Cut) -> bool:
    """Tell whether he gets nowhere past posts that stop one direction each."""
    graph = question.graph
    stopped = {(post.piece, round(post.bearing_deg)) for post in cut.posts}
    assert len(stopped) == len(cut.posts)
    pieces = {post.piece for post in cut.posts}
    reached, ahead = {0}, [0]
    while ahead:
        node = ahead.pop()
        for piece in set(range(len(graph.piece_m))) - pieces:
            a, b = int(graph.piece_start[piece]), int(graph.piece_end[piece])
            for here, there in ((a, b), (b, a)):
                if here == node and there not in reached:
                    reached.add(there)
                    ahead.append(there)
    return len(graph.lat) - 1 not in reached


def test_no_cut_has_fewer_units_and_none_as_small_is_staffed_sooner_where_it_says_so():
    exact = 0
    for seed in range(20):
        question = drawn(seed, units=5)
        cut = fewest_posts(question)
        usable = [
            c
            for c in every_cut(question)
            if all((question.key_ms[question.graph.any_way.piece == p] < NEVER_MS).all() for p in c)
        ]
        if cut is None:
            assert not [c for c in usable if c]
            continue
        assert closed(question, cut)
        totals = [int(question.need[c].sum()) for c in usable]
        assert cut.units == min(totals) == sum(post.need for post in cut.posts), seed
        times = [t_star(question, c) for c, total in zip(usable, totals, strict=True) if total == cut.units]
        own = t_star(question, [post.piece for post in cut.posts])
        assert (cut.t_star_ms if cut.t_star_ms is not None else NEVER_MS) == own
        assert cut.least_ms <= min(times) <= own
        if cut.exact:
            assert own == min(times)
            exact += 1
    assert exact > 10


def test_fewer_seconds_cost_more_units():
    # One bridge that is reached late, or the three roads to it that are reached soon.
    points = [(0, 0), (1000, -800), (1000, 0), (1000, 800), (2000, 0), (3000, 0)]
    pairs = [(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 4), (4, 5)]
    graph = build_graph(roads(points, [(a, b, COUNTY, False) for a, b in pairs]), SPEEDS, [], [])
    question = asked(
        graph, 0, 5, [1] * 7, [[9, 10, 11, 90, 90, 90, 70], [11, 9, 10, 90, 90, 90, 90], [9, 9, 8] + [90] * 4]
    )
    found = trade_off(question)
    assert [(c.units, c.t_star_ms, c.least_ms, c.exact) for c in found] == [(1, 70, 70, True), (3, 9, 9, True)]


def test_the_trade_off_falls_in_time_and_rises_in_units():
    for seed in range(6):
        question = drawn(seed, units=2, side=5)
        found = trade_off(question)
        assert [c.units for c in found] == sorted({c.units for c in found})
        assert [c.least_ms for c in found] == sorted({c.least_ms for c in found}, reverse=True)
        assert all(closed(question, cut) for cut in found)


def _line() -> Graph:
    r = roads(
        [(0, 0), (1000, 0), (2000, 0), (3000, 0)], [(0, 1, COUNTY, False), (1, 2, COUNTY, False), (2, 3, COUNTY, True)]
    )
    return build_graph(r, {COUNTY: 36.0}, [], [])


def test_the_post_stands_on_the_road_that_is_staffed_first_and_stops_who_leaves():
    question = asked(_line(), 0, 3, [1, 1, 1], [[90, 20, 50]])
    cut = fewest_posts(question)
    assert (cut.units, cut.t_star_ms, cut.exact) == (1, 20, True)
    (post,) = cut.posts
    assert (post.piece, post.units, post.staffed_ms) == (1, (0,), 20)
    assert post.bearing_deg == pytest.approx(90, abs=0.1)
    assert post.position.lon == pytest.approx(at(1500, 0).lon, abs=1e-6)


def test_where_no_post_may_stand_in_time_there_is_no_cut():
    question = asked(_line(), 0, 3, [1, 1, 1], [[90, 20, 50]])
    arcs = np.full(len(question.latest_ms), -1, np.int64)
    assert fewest_posts(replace(question, latest_ms=arcs)) is None
    assert fewest_posts(question, by_ms=19) is None
    assert fewest_posts(replace(question, latest_ms=arcs + 21)).t_star_ms == 20
    assert fewest_posts(replace(question, latest_ms=arcs + 20)) is None


def test_each_post_stands_when_it_must_and_no_unit_counts_twice():
    # Two roads out. Unit 0 alone is in time for the first; for the second both are, unit 1 late in all but itself.
    r = roads([(0, 0), (1000, 0), (500, 800)], [(0, 1, COUNTY, False), (0, 2, COUNTY, False), (2, 1, COUNTY, False)])
    question = asked(build_graph(r, SPEEDS, [], []), 0, 1, [1, 1, 1], [[10, 10, 10], [99, 50, 99]])
    first, second = (question.graph.any_way.piece == piece for piece in range(2))
    latest = np.where(first, 20, np.where(second, 60, -1))
    held = fewest_posts(replace(question, latest_ms=latest))
    assert [(p.piece, p.units, p.staffed_ms) for p in held.posts] == [(0, (0,), 10), (1, (1,), 50)]
    assert (held.t_star_ms, held.least_ms, held.exact) == (50, 10, False)
    beaten = fewest_posts(replace(question, latest_ms=np.where(second, 49, latest)))
    assert (beaten.units, beaten.t_star_ms) == (2, None)


def test_a_cut_that_asks_more_units_than_there_are_says_that_it_is_never_staffed():
    r = roads([(0, 0), (1000, 0), (500, 800)], [(0, 1, COUNTY, False), (0, 2, COUNTY, False), (2, 1, COUNTY, False)])
    cut = fewest_posts(asked(build_graph(r, SPEEDS, [], []), 0, 1, [1, 1, 1], [[10, 10, 10]]))
    assert (cut.units, cut.t_star_ms, cut.exact) == (2, None, False)


def test_a_unit_drives_to_the_middle_of_a_road_in_a_legal_direction_after_its_delay():
    graph = _line()
    standing = unit("a", at(1000, 0), speed_kmh=20.0, heading_deg=90.0)
    delay = RULES.dispatch_delay_s[standing.status] * 1000
    (row,) = staffed_at(graph, [standing], RULES, [], crew_min=2, setup_ms=5000).tolist()
    # 36 km/h is 10 m a second.
    assert row[1] - delay - 5000 == pytest.approx(50_000, abs=5)
    assert row[2] - delay - 5000 == pytest.approx(150_000, abs=5)
    beyond = staffed_at(graph, [unit("b", at(3000, 0)), unit("c", at(0, 0), crew=1)], RULES, [], crew_min=2, setup_ms=0)
    assert (beyond >= NEVER_MS).all()  # one-way to the end of the road; too few people


def test_a_crossing_on_its_way_costs_a_unit_its_time_once():
    """It drives east to the crossing in the middle; to stand on its own road it turns round there."""
    r = roads(
        [(0, 0), (1000, 0), (2000, 0), (1000, 900)],
        [(0, 1, COUNTY, False), (1, 2, COUNTY, False), (1, 3, COUNTY, False)],
    )
    who = [unit("u", at(500, 0), heading_deg=90.0, speed_kmh=30.0, seen_age_ms=0)]
    came = [
        staffed_at(build_graph(r, SPEEDS, [], [], junction_ms=ms), who, RULES, [], crew_min=2, setup_ms=0)[0]
        for ms in (0, 9000)
    ]
    assert (came[1] - came[0]).tolist() == [9000, 9000, 9000]


def test_a_road_with_a_post_is_staffed_at_the_post_as_the_post_asks():
    r = roads([(0, 0), (1000, 0), (2000, 0)], [(0, 1, COUNTY, False), (1, 2, COUNTY, False)])
    barrier = post("east", at(1100, 0), 90.0, setup_s=60, crew_min=3)
    graph = build_graph(r, {COUNTY: 36.0}, [], [barrier])
    units = [unit(name, at(100, 0), crew=crew, speed_kmh=9.0, heading_deg=90.0) for name, crew in (("a", 2), ("b", 3))]
    delay = RULES.dispatch_delay_s[units[0].status] * 1000
    found = staffed_at(graph, units, RULES, [barrier], crew_min=2, setup_ms=300_000)
    assert (found[0, 1:] >= NEVER_MS).all()
    assert found[1, 1:].tolist() == [pytest.approx(delay + 100_000 + 60_000, abs=5)] * 2
    assert found[1, 0] == pytest.approx(delay + 90_000 + 50_000 + 300_000, abs=5)


def test_where_he_cannot_get_out_no_unit_is_needed():
    r = roads([(0, 0), (1000, 0), (5000, 0), (6000, 0)], [(0, 1, COUNTY, False), (2, 3, COUNTY, False)])
    cut = fewest_posts(asked(build_graph(r, SPEEDS, [], []), 0, 3, [1, 1], [[5, 5]]))
    assert (cut.units, cut.posts) == (0, ())


def test_a_road_asks_as_many_units_as_the_posts_of_its_class_and_a_post_its_own():
    street = RoadClass.STREET
    r = roads(
        [(0, 0), (1000, 0), (2000, 0), (2000, 900)],
        [(0, 1, COUNTY, False), (1, 2, COUNTY, False), (2, 3, street, False)],
    )
    posts = [post("a", at(400, 0), 90.0, need=3), post("b", at(1500, 0), 90.0, need=2)]
    graph = build_graph(r, SPEEDS, [], posts)
    asks = {(round(float(m), -1), int(n)) for m, n in zip(graph.piece_m, needs(graph, r, posts), strict=True)}
    assert asks == {(400, 3), (600, 3), (500, 2), (900, 1)}
    assert needs(graph, r, posts[1:]).max() == 2


def test_a_post_must_stand_when_he_comes_to_its_place_and_none_may_where_he_was_seen():
    r = roads([(0, 0), (1000, 0), (2000, 0), (3000, 0)], [(n, n + 1, COUNTY, False) for n in range(3)])
    east = post("east", at(2400, 0), 90.0)
    graph = build_graph(r, SPEEDS, [], [east])
    chased = fugitive(graph, r, replace(RULES, speed_kmh={Weather.DRY: {COUNTY: 36.0}}), at(500, 0), 10_000)
    latest = before_him(graph, chased, [east])
    outwards = {
        round(float(graph.piece_m[piece])): int(latest[arc])
        for arc, piece in enumerate(graph.any_way.piece)
        if latest[arc] < 0
        or graph.lon[graph.any_way.head[arc]] > graph.lon[graph.any_way.ptr.searchsorted(arc, "right") - 1]
    }
    # 36 km/h times 1.3 is 13 m a second, with 10 s of head start; the two first roads are 1,000 m long.
    assert outwards[600] == outwards[400] == pytest.approx(1900 / 13 * 1000 - 10_000, abs=5)
    middle = [int(ms) for ms, piece in zip(latest, graph.any_way.piece, strict=True) if graph.piece_start[piece] == 1]
    assert middle[0] == pytest.approx(1000 / 13 * 1000 - 10_000, abs=5)
    assert {
        int(ms) for ms, piece in zip(latest, graph.any_way.piece, strict=True) if graph.piece_start[piece] == 0
    } == {-1}


def test_one_crew_holds_both_sides_of_a_crossing_when_the_posts_say_so():
    points = [(0, 0), (1000, 0), (1000, 40), (0, 40)]
    r = roads(points, [(0, 1, COUNTY, True), (2, 3, COUNTY, True), (3, 0, COUNTY, False), (1, 2, COUNTY, False)])
    sides = [post("out", at(500, 0), 90.0, group="g", one_crew=True), post("in", at(500, 40), 90.0, blocks=Blocks.IN)]
    sides[1] = replace(sides[1], group="g", one_crew=True)
    graph = build_graph(r, SPEEDS, [], sides)
    late = graph.piece_road > 1
    staffed = np.where(late, NEVER_MS, np.where(graph.piece_road == 0, 20, 30))[None, :].astype(np.int64)
    question = asked(graph, 0, 1, [1] * len(staffed[0]), staffed.tolist())
    alone, both = fewest_posts(question), fewest_posts(replace(question, crew=crews(graph, sides)))
    assert (alone.units, alone.t_star_ms) == (2, None)
    assert (both.units, both.t_star_ms) == (2, 30)
    assert [post.units for post in both.posts] == [(0,), (0,)]
