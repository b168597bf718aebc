"""Guards that confine the fugitive: as few junctions as can be, held when he drives."""

import heapq
from itertools import combinations
from random import Random

import numpy as np
import pytest

from lockdown.containment import Chase, Containment, Objective, contain, replay
from lockdown.graph import Star
from lockdown.matching import Matching, satisfy
from lockdown.times import NEVER_MS

Roads = dict[tuple[int, int], int]


def chase(nodes: int, roads: Roads, guard_ms: list[list[int]], exits: set[int], start: int = 0) -> Chase:
    """Return a chase on roads that run both ways; metres are milliseconds."""
    arcs = sorted((a, b, n, ms) for n, ((i, j), ms) in enumerate(roads.items()) for a, b in ((i, j), (j, i)))
    tail, head, piece, cost = (np.array(part, np.int64) for part in zip(*arcs, strict=True))
    ptr = np.concatenate([[0], np.cumsum(np.bincount(tail, minlength=nodes))]).astype(np.int64)
    star = Star(ptr, head, piece, cost)
    return Chase(star, cost.astype(np.float64), {start: 0}, frozenset(exits), np.array(guard_ms, np.int64))


def drawn(seed: int) -> Chase:
    random = Random(seed)
    nodes = random.randint(5, 8)
    roads = {(random.randrange(b), b): random.randint(1, 9) for b in range(1, nodes)}
    for _ in range(random.randint(1, 4)):
        a, b = sorted(random.sample(range(nodes), 2))
        roads[a, b] = random.randint(1, 9)
    units = random.randint(1, 4)
    guard_ms = [[random.choice([random.randint(0, 20), NEVER_MS]) for _ in range(nodes)] for _ in range(units)]
    return chase(nodes, roads, guard_ms, {nodes - 1})


def arrivals(question: Chase, through: set[int]) -> dict[int, int]:
    """Return his times when he drives on from nodes in ``through`` only: Dijkstra written for this test."""
    found, heap = dict[int, int](), [(0, 0)]
    while heap:
        ms, node = heapq.heappop(heap)
        if node in found:
            continue
        found[node] = ms
        if node in through:
            for arc in range(question.star.ptr[node], question.star.ptr[node + 1]):
                heapq.heappush(heap, (ms + int(question.star.cost[arc]), int(question.star.head[arc])))
    return found


def brute_force(question: Chase, *, others_stand: bool, metres: bool = False) -> float | None:
    """Try every region that he might be left: its neighbours must be guarded by different units in time."""
    nodes = len(question.star.ptr) - 1
    everywhere = arrivals(question, set(range(nodes)))
    best: float | None = None
    for size in range(1, nodes):
        for rest in combinations(range(1, nodes), size - 1):
            region = {0, *rest}
            comes = arrivals(question, region)
            if region & question.exits or not region <= set(comes):
                continue
            border = sorted(set(comes) - region)
            by = comes if others_stand else everywhere
            masks = [sum(1 << u for u, row in enumerate(question.guard_ms) if row[n] <= by[n]) for n in border]
            if isinstance(satisfy(masks, [1] * len(border)), Matching):
                worth = float(size)
                if metres:
                    ends = (
                        (int(question.star.piece[a]), float(question.metres[a]))
                        for n in region
                        for a in range(question.star.ptr[n], question.star.ptr[n + 1])
                    )
                    worth = sum(dict(ends).values())
                best = worth if best is None else min(best, worth)
    return best


def check(question: Chase, answer: Containment, *, others_stand: bool) -> None:
    """He meets no guard that is not there yet, reaches no exit, and no unit is in two places."""
    assert len({g.unit for g in answer.guards}) == len({g.node for g in answer.guards}) == len(answer.guards)
    comes = arrivals(question, set(answer.region)) if others_stand else arrivals(question, set(range(99)))
    for guard in answer.guards:
        assert guard.stands_ms == question.guard_ms[guard.unit, guard.node] <= comes[guard.node]
    assert not set(answer.region) & question.exits
    assert set(arrivals(question, set(answer.region))) == {*answer.region, *(g.node for g in answer.guards)}


@pytest.mark.parametrize("others_stand", [False, True])
def test_the_region_is_the_least_of_all(others_stand):
    found = 0
    for seed in range(25):
        question = drawn(seed)
        answer = contain(question, Objective.JUNCTIONS, others_stand=others_stand)
        assert answer.proved
        assert answer.value == brute_force(question, others_stand=others_stand), seed
        if answer.value is not None:
            assert (answer.bound, answer.gap) == (answer.value, 0.0)
            check(question, answer, others_stand=others_stand)
            found += 1
    assert 5 < found < 25


def test_the_metres_left_to_him_are_the_least_of_all():
    for seed in range(12):
        question = drawn(seed)
        answer = contain(question, Objective.METRES, others_stand=True)
        assert answer.value == brute_force(question, others_stand=True, metres=True), seed


def test_a_guard_that_another_guard_makes_possible_counts_only_when_the_others_stand():
    # The short way 0-1-2 is held at 1, so at 2 he would come by the long way 0-3-2; 4 is out.
    roads = {(0, 1): 2, (1, 2): 2, (0, 3): 5, (3, 2): 5, (2, 4): 9}
    late = NEVER_MS
    question = chase(5, roads, [[late, 1, late, late, late], [late, late, 7, late, 99]], {4})
    assert contain(question, Objective.JUNCTIONS).value is None
    answer = contain(question, Objective.JUNCTIONS, others_stand=True)
    assert answer.region == (0, 3)
    assert [(g.unit, g.node, g.stands_ms, g.comes_ms) for g in answer.guards] == [(0, 1, 1, 2), (1, 2, 7, 10)]


def test_a_plan_for_the_unimpeded_fugitive_is_tightened_to_where_the_others_hold_him_up():
    # With 1 held he comes to 2 at 10 and not at 4, so that the guard for 4 may stand at 2 already.
    roads = {(0, 1): 2, (1, 2): 2, (0, 3): 5, (3, 2): 5, (2, 4): 3, (4, 5): 9}
    late = NEVER_MS
    question = chase(6, roads, [[late, 1, late, late, late, late], [late, late, 7, late, 7, late]], {5})
    assert contain(question, Objective.JUNCTIONS).region == (0, 2, 3)
    answer = contain(question, Objective.JUNCTIONS, others_stand=True, stop=lambda: True)
    assert (answer.region, answer.value, answer.bound <= 2) == ((0, 3), 2.0, True)


def test_the_fewest_units_hold_him_at_the_narrow_place():
    roads = {(0, 1): 3, (0, 2): 3, (1, 3): 3, (2, 3): 3, (3, 4): 3}
    question = chase(5, roads, [[NEVER_MS, 1, 1, 1, NEVER_MS]] * 3, {4})
    answer = contain(question, Objective.UNITS)
    assert [(g.node, answer.value) for g in answer.guards] == [(3, 1.0)]
    assert answer.region == (0, 1, 2)


def test_a_guard_who_comes_together_with_him_holds_and_a_millisecond_later_does_not():
    roads = {(0, 1): 3, (1, 2): 3}
    assert contain(chase(3, roads, [[NEVER_MS, 3, NEVER_MS]], {2}), Objective.JUNCTIONS).value == 1
    none = contain(chase(3, roads, [[NEVER_MS, 4, NEVER_MS]], {2}), Objective.JUNCTIONS)
    assert (none.value, none.proved, none.guards) == (None, True, ())


def test_replayed_he_drives_on_where_the_guard_is_not_there_yet():
    question = chase(3, {(0, 1): 3, (1, 2): 3}, [[0, 0, 0]], {2})
    assert replay(question, {1: 3}) == {0: 0, 1: 3}
    assert replay(question, {1: 4}) == {0: 0, 1: 3, 2: 6}


def test_times_that_are_not_whole_milliseconds_are_refused():
    question = chase(2, {(0, 1): 3}, [[0, 0]], set())
    with pytest.raises(ValueError, match="whole milliseconds"):
        Chase(question.star, question.metres, {0: 0}, frozenset(), question.guard_ms.astype(np.float64))


def test_without_time_for_the_proof_the_plan_holds_and_nothing_is_below_its_bound():
    found = open_ = 0
    for seed in range(25):
        question = drawn(seed)
        answer = contain(question, Objective.JUNCTIONS, others_stand=True, stop=lambda: True)
        best = brute_force(question, others_stand=True)
        assert best is None or answer.bound <= best, seed
        if answer.value is None:
            open_ += best is not None
            continue
        assert best is not None
        check(question, answer, others_stand=True)
        assert answer.bound <= best <= answer.value
        assert answer.proved == (answer.bound == answer.value)
        found += 1
    assert found > 5
    assert open_ <= 3
