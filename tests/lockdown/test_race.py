"""Could he have passed before the post was staffed? Held against a search written for these tests."""

import heapq
from dataclasses import replace
from random import Random

import numpy as np
import pytest

from camera_config.county import ROAD_CLASSES, Blocks, Closure, Post, Ring, RingArea, RoadClass, Roads, Rules, Weather
from camera_config.ids import PostId
from lockdown.graph import Graph, build_graph
from lockdown.race import Fugitive, Passing, fugitive, race, reach
from lockdown.times import NEVER_MS
from tests.support.roads import SPEEDS, at, on, post, posts_on, random_roads, roads
from tests.support.small_county import small_county

COUNTY = RoadClass.COUNTY
RULES: Rules = replace(small_county().rules, speed_kmh={Weather.DRY: SPEEDS}, fugitive_factor_permille=1300)
HIS_KMH = 65.0
"""On a county road: 50 km/h times 1.3."""

TOWN = RingArea(Ring.TOWN, 900, (at(-500, -500), at(1500, -500), at(1500, 500), at(-500, 500), at(-500, -500)))
EAST = post("east", at(1400, 0), 90.0, blocks=Blocks.OUT)


def _line() -> Roads:
    points = [(0, 0), (1000, 0), (2000, 0)]
    return roads(points, [(0, 1, COUNTY, False), (1, 2, COUNTY, True)])


def _ms(metres: float) -> int:
    return int(metres * 3600 / HIS_KMH)


def _chased(seen_east_m: float = 500.0, ago_ms: int = 0, closures: tuple[Closure, ...] = ()) -> tuple[Graph, Fugitive]:
    graph = build_graph(_line(), SPEEDS, closures, [EAST])
    return graph, fugitive(graph, _line(), RULES, at(seen_east_m, 0), ago_ms)


def test_he_comes_at_the_factor_of_free_flow_rounded_down_and_no_closure_slows_him():
    for closures in ((), (Closure("", at(700, 0), "snow"),)):
        graph, chased = _chased(closures=closures)
        (exit_,) = race(graph, chased, [EAST], [TOWN], {}).exits
        assert exit_.arrives_ms == pytest.approx(_ms(900), abs=4)
        assert exit_.arrives_ms <= 900 * 3600 / HIS_KMH


def test_a_class_without_a_speed_does_not_hold_him():
    rules = replace(RULES, speed_kmh={Weather.DRY: {COUNTY: 0.0}, Weather.SNOW: {COUNTY: 1.0}})
    graph = build_graph(_line(), SPEEDS, [], [EAST])
    chased = fugitive(graph, _line(), rules, at(500, 0), 0)
    assert race(graph, chased, [EAST], [TOWN], {}).exits[0].arrives_ms == pytest.approx(900 * 3600 / 39, abs=4)


def test_staffed_in_the_millisecond_he_comes_is_in_time_and_one_later_is_not():
    graph, chased = _chased()
    (exit_,) = race(graph, chased, [EAST], [TOWN], {}).exits
    comes = exit_.arrives_ms
    held = race(graph, chased, [EAST], [TOWN], {PostId("east"): comes})
    assert (held.exits[0].verdict, held.leaves_ms, held.next_ring) == (
        Passing.CANNOT_PASS, {Ring.TOWN: None}, Ring.TOWN
    )  # fmt: skip
    late = race(graph, chased, [EAST], [TOWN], {PostId("east"): comes + 1})
    assert (late.exits[0].verdict, late.exits[0].already) == (Passing.MAY_HAVE_PASSED, False)
    assert late.leaves_ms[Ring.TOWN] == pytest.approx(_ms(1500), abs=4)


def test_the_time_since_he_was_seen_is_his_head_start():
    _, fresh = _chased()
    comes = race(*_chased(), [EAST], [TOWN], {}).exits[0].arrives_ms
    graph, chased = _chased(ago_ms=comes - 1000)
    by = [race(graph, chased, [EAST], [TOWN], {PostId("east"): ms}).exits[0] for ms in (1000, 1001)]
    assert [e.verdict for e in by] == [Passing.CANNOT_PASS, Passing.MAY_HAVE_PASSED]
    assert by[0].staffed_ms == comes
    assert fresh.now_ms == 0


def test_a_post_that_nobody_staffs_is_unknown_until_he_can_have_passed_it():
    comes = race(*_chased(), [EAST], [TOWN], {}).exits[0].arrives_ms
    before, after = (race(*_chased(ago_ms=ms), [EAST], [TOWN], {}) for ms in (comes - 1, comes))
    assert (before.exits[0].verdict, before.exits[0].already) == (Passing.UNKNOWN, False)
    assert (after.exits[0].verdict, after.exits[0].already) == (Passing.MAY_HAVE_PASSED, True)


def test_who_was_seen_beyond_the_post_does_not_leave_by_it():
    graph, chased = _chased(seen_east_m=1600)
    answer = race(graph, chased, [EAST], [TOWN], {PostId("east"): 0})
    # Against one-way he may turn back, but not past the post again.
    assert answer.leaves_ms[Ring.TOWN] == pytest.approx(_ms(400), abs=2)
    assert answer.next_ring is None
    assert answer.drive.came_ms[0] < NEVER_MS


def test_the_escape_path_leads_from_the_sighting_to_the_post():
    graph, chased = _chased()
    (exit_,) = race(graph, chased, [EAST], [TOWN], {}).exits
    assert exit_.path[0].lon == pytest.approx(at(500, 0).lon, abs=1e-7)
    assert exit_.path[-1].lon == pytest.approx(at(1400, 0).lon, abs=1e-7)
    assert sorted(exit_.path, key=lambda p: p.lon) == list(exit_.path)


def test_the_roads_he_can_be_on_grow_with_time_and_end_at_a_staffed_post():
    graph, chased = _chased()
    open_ = race(graph, chased, [EAST], [TOWN], {}).drive
    held = race(graph, chased, [EAST], [TOWN], {PostId("east"): 0}).drive
    assert reach(graph, chased, open_, _ms(100)).metres == pytest.approx(200, abs=0.2)
    assert reach(graph, chased, open_, _ms(700)).metres == pytest.approx(500 + 700, abs=0.2)
    assert reach(graph, chased, open_, _ms(9000)).metres == pytest.approx(2000, abs=0.2)
    area = reach(graph, chased, held, _ms(9000))
    assert area.metres == pytest.approx(1400, abs=0.2)
    assert max(float(line[:, 1].max()) for line in area.lines) == pytest.approx(at(1400, 0).lon, abs=1e-6)
    assert area.junctions == 2


def test_a_place_without_a_road_is_refused():
    graph, _ = _chased()
    with pytest.raises(ValueError, match="no road near"):
        fugitive(graph, _line(), RULES, at(0, 5000), 0)


def _search(graph: Graph, r: Roads, chased: Fugitive, posts: list[Post], closing: dict[PostId, int]) -> dict[int, int]:
    """Drive piece by piece with the clock: a post stops whoever leaves its node the blocked way once it is staffed."""
    ways: dict[int, list[tuple[int, int]]] = {}
    for piece in range(len(graph.piece_m)):
        a, b = int(graph.piece_start[piece]), int(graph.piece_end[piece])
        kmh = SPEEDS[ROAD_CLASSES[r.road_class[graph.piece_road[piece]]]] * 1.3
        ms = max(1, int(float(graph.piece_m[piece]) / (kmh / 3600)))
        ways.setdefault(a, []).append((b, ms))
        ways.setdefault(b, []).append((a, ms))
    stops: dict[tuple[int, int], int] = {}
    for p in posts:
        if p.id in closing:
            sides = ["post_out"] if p.blocks is Blocks.OUT else ["post_out", "post_in"]
            for side in sides:
                stops[graph.post_node[p.id], getattr(graph, side)[p.id]] = closing[p.id]
    came: dict[int, int] = {}
    heap = [(s.ms, s.node) for s in chased.starts]
    heapq.heapify(heap)
    while heap:
        now, node = heapq.heappop(heap)
        if node in came:
            continue
        came[node] = now
        for other, ms in ways.get(node, []):
            if now < stops.get((node, other), NEVER_MS):
                heapq.heappush(heap, (now + ms, other))
    return came


def test_his_times_under_a_plan_equal_a_search_with_the_clock_on_random_roads():
    passed = stopped = 0
    for seed in range(40):
        random = Random(seed)
        r = random_roads(random, doubled=0)
        posts = [replace(p, blocks=random.choice([Blocks.OUT, Blocks.BOTH])) for p in posts_on(r, random, 6)]
        graph = build_graph(r, SPEEDS, [], posts)
        seen, _ = on(r, random.randrange(len(r.start)), random.random())
        ago = random.randrange(60_000)
        chased = fugitive(graph, r, RULES, seen, ago)
        staffed = {p.id: random.randrange(150_000) for p in posts if random.random() < 0.8}
        answer = race(graph, chased, posts, [], staffed)
        want = _search(graph, r, chased, posts, {name: ago + ms for name, ms in staffed.items()})
        assert {n: int(ms) for n, ms in enumerate(answer.drive.came_ms) if ms < NEVER_MS} == want, seed
        passed += sum(e.verdict is Passing.MAY_HAVE_PASSED for e in answer.exits)
        stopped += sum(e.verdict is Passing.CANNOT_PASS and e.arrives_ms is not None for e in answer.exits)
        for exit_ in answer.exits:
            assert (exit_.comes_ms is None) == (len(exit_.path) == 0)
            if exit_.comes_ms is not None:
                assert exit_.comes_ms >= exit_.arrives_ms
    assert passed > 20
    assert stopped > 20


def test_an_older_sighting_never_closes_an_exit():
    for seed in range(10):
        random = Random(seed)
        r = random_roads(random)
        posts = posts_on(r, random, 5)
        graph = build_graph(r, SPEEDS, [], posts)
        seen, _ = on(r, 0, 0.5)
        staffed = {p.id: random.randrange(100_000) for p in posts}
        before: set[PostId] = set()
        for ago in (0, 20_000, 60_000, 200_000):
            answer = race(graph, fugitive(graph, r, RULES, seen, ago), posts, [], staffed)
            passed = {e.post for e in answer.exits if e.verdict is Passing.MAY_HAVE_PASSED}
            assert before <= passed
            before = passed


def test_a_ring_is_left_exactly_when_an_exit_may_be_passed_where_it_has_no_leak():
    county = small_county()
    rules = county.rules
    graph = build_graph(county.roads, rules.speed_kmh[rules.weather], (), county.posts, rules.snap_max_m)
    town = next(area for area in county.rings if area.ring is Ring.TOWN)
    for seed in range(10):
        random = Random(seed)
        staffed = {p.id: random.randrange(400_000) for p in county.posts}
        chased = fugitive(graph, county.roads, rules, county.centre, random.randrange(100_000))
        answer = race(graph, chased, county.posts, county.rings, staffed)
        may = any(e.verdict is Passing.MAY_HAVE_PASSED for e in answer.exits if e.ring is town.ring)
        assert (answer.leaves_ms[Ring.TOWN] is not None) == may
        assert np.array_equal(answer.drive.came_ms, race(graph, chased, county.posts, (), staffed).drive.came_ms)
