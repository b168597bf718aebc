"""Driven junction by junction, a plan that nobody touches is the committed one; re-planning knows no future."""

from dataclasses import replace
from random import Random

import pytest

import lockdown.replan
from camera_config.county import Noise, NoiseModel
from lockdown.asks import demands_of
from lockdown.fields import post_fields
from lockdown.graph import build_graph
from lockdown.lines import point_at
from lockdown.noise import Sample, grow_trees, split_drives, starts_of
from lockdown.offers import Offers
from lockdown.replan import Drives, replanned, replanned_each
from lockdown.risk import Case, Pairs, committed
from lockdown.seal import solve
from tests.support.roads import SPEEDS, posts_on, random_roads, unit
from tests.support.small_county import small_county


def _drives(seed: int, noise: Noise, units: int = 9) -> tuple[Drives, Pairs]:
    """Return a town and a plan whose weakest post uses three quarters of its deadline."""
    random = Random(seed)
    r = random_roads(random, side=7, step_m=900.0, doubled=0)
    posts = posts_on(r, random, 4)
    graph = build_graph(r, SPEEDS, [], posts)
    fields = post_fields(graph, posts)
    made = []
    for n in range(units):
        piece = random.randrange(len(graph.piece_m))
        where, _ = point_at(graph.piece_shape[piece], graph.plane, random.uniform(0.2, 0.8))
        made.append(unit(f"u{n}", where))
    table = Offers(graph, fields, tuple(made), demands_of(posts), small_county().rules).sure
    optimum = solve(table).optimum
    if optimum is None:
        return _drives(seed + 1000, noise, units)
    deadline = optimum.ratio[0] * 4 // 3
    table = replace(table, demands=tuple(replace(d, deadline_ms=deadline) for d in table.demands))
    optimum = solve(table).optimum
    assert optimum is not None
    trees, places = grow_trees(graph, fields, r), [u.position for u in made]
    case = Case(table, split_drives(trees, table, places), noise)
    return Drives(case, trees, starts_of(trees, table, places)), [(a.unit, a.post) for a in optimum.plan]


@pytest.mark.parametrize("model", [NoiseModel.ZONE_CLASS, NoiseModel.GLOBAL, NoiseModel.MIXED])
def test_a_plan_that_is_never_looked_at_again_holds_where_the_committed_one_does(model, monkeypatch):
    monkeypatch.setattr(lockdown.replan, "EVERY_MS", 1 << 40)
    for seed in range(3):
        drives, plan = _drives(seed, Noise(model))
        sample = Sample(seed, 200)
        held = committed(drives.case, plan, sample)
        assert (replanned_each(drives, plan, sample) == held).all()
        assert 0 < held.sum() < 200


def test_without_noise_nothing_is_changed_and_the_plan_holds():
    drives, plan = _drives(3, Noise(travel_cv_permille=0, turnout_cv_permille=0))
    assert replanned_each(drives, plan, Sample(1, 20)).all()


def test_looking_again_wins_more_than_it_loses_and_both_are_counted():
    won = lost = 0
    for seed in (0, 6):
        drives, plan = _drives(seed, Noise(turnout_cv_permille=1200))
        sample = Sample(seed, 100)
        held = committed(drives.case, plan, sample)
        found = replanned(drives, plan, sample, held)
        assert found.share.held == held.sum() + found.won - found.lost
        won, lost = won + found.won, lost + found.lost
    assert won > lost


def test_a_model_without_roads_of_their_own_is_refused():
    drives, plan = _drives(0, Noise(NoiseModel.INDEPENDENT))
    with pytest.raises(ValueError, match="times of their own"):
        replanned_each(drives, plan, Sample(1, 1))
