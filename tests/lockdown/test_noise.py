"""Drives fall apart into groups without losing a millisecond, and chance is drawn as the model says."""

from random import Random

import numpy as np
import pytest

from camera_config.county import Noise, NoiseModel, RoadClass
from lockdown.asks import demands_of
from lockdown.fields import post_fields
from lockdown.graph import build_graph
from lockdown.lines import point_at
from lockdown.noise import BLOCK, GROUPS, UNIT, Sample, draw, factors, grow_trees, seed_of, split_drives
from lockdown.offers import Offers
from lockdown.times import NEVER_MS
from tests.support.roads import SPEEDS, on, post, posts_on, random_roads, roads, unit
from tests.support.small_county import small_county


def _offers(seed: int, doubled: int = 2):
    random = Random(seed)
    r = random_roads(random, doubled=doubled)
    posts = posts_on(r, random, 4)
    graph = build_graph(r, SPEEDS, [], posts)
    fields = post_fields(graph, posts)
    units = []
    for n in range(8):
        piece = random.randrange(len(graph.piece_m))
        where, bearing = point_at(graph.piece_shape[piece], graph.plane, random.uniform(0.1, 0.9))
        moving = random.random() < 0.5
        units.append(unit(f"u{n}", where, speed_kmh=40.0 * moving, heading_deg=bearing if moving else None))
    offers = Offers(graph, fields, tuple(units), demands_of(posts), small_county().rules)
    return offers, grow_trees(graph, fields, r)


@pytest.mark.parametrize("seed", range(8))
def test_the_groups_of_a_drive_add_up_to_it_to_the_millisecond(seed):
    offers, trees = _offers(seed)
    split = split_drives(trees, offers.sure, [u.position for u in offers.units])
    able = offers.sure.drive_ms < NEVER_MS
    assert split.dtype == np.int64
    assert (split >= 0).all()
    assert (split.sum(axis=2) == np.where(able, offers.sure.drive_ms, 0)).all()
    assert (np.count_nonzero(split, axis=2)[able & (offers.sure.drive_ms > 120_000)] > 1).any()


def test_following_the_tree_costs_exactly_the_field():
    _, trees = _offers(1)
    car = trees.graph.car
    for i, field in enumerate(trees.fields.ms):
        for node in range(0, len(field), 5):
            at, spent = node, 0
            while (arc := int(trees.step[i, at])) >= 0:
                spent += int(car.cost[arc])
                at = int(car.head[arc])
            assert spent == field[node] or field[node] >= NEVER_MS


def test_each_road_belongs_to_the_group_of_its_zone_and_kind():
    r = roads([(0, 0), (4000, 0), (4000, 3000)], [(0, 1, RoadClass.NATIONAL, False), (1, 2, RoadClass.TRACK, False)])
    target = post("p", *on(r, 1, 0.5))
    graph = build_graph(r, SPEEDS, [], [target])
    trees = grow_trees(graph, post_fields(graph, [target]), r)
    assert ((trees.group >= 0) & (trees.group < GROUPS)).all()
    kinds = trees.group % 3
    assert set(kinds[graph.piece_road == 0]) == {0}
    assert set(kinds[graph.piece_road == 1]) == {2}
    assert len(set((trees.group // 3).tolist())) > 1


def test_a_unit_that_reaches_a_post_must_stand_somewhere():
    offers, trees = _offers(0)
    with pytest.raises(ValueError, match="no place"):
        split_drives(trees, offers.sure, [None] * len(offers.units))


@pytest.mark.parametrize("cv", [0, 200, 350, 600])
def test_factors_have_mean_one_and_the_spread_of_the_rules(cv):
    f = factors(cv) / UNIT
    assert (np.diff(f) >= 0).all()
    assert f.mean() == pytest.approx(1.0, abs=2e-3)
    assert f.std() / f.mean() == pytest.approx(cv / 1000, abs=0.006)
    assert (f * UNIT == np.rint(f * UNIT)).all()


@pytest.mark.parametrize("model", NoiseModel)
def test_every_model_spreads_one_road_alike_and_couples_roads_as_it_says(model):
    noise = Noise(model)
    drawn = [draw(noise, 7, block, 6, 4) for block in range(10)]
    if model is NoiseModel.INDEPENDENT:
        ranks = np.concatenate([d.legs for d in drawn], axis=1)
        travel = factors(noise.travel_cv_permille)[ranks] / UNIT
    else:
        travel = np.concatenate([d.travel for d in drawn], axis=1) / UNIT
    assert (travel.std(axis=1) / travel.mean(axis=1)).mean() == pytest.approx(0.35, abs=0.01)
    coupling = float(np.corrcoef(np.log(travel[0]), np.log(travel[1]))[0, 1])
    wanted = {NoiseModel.GLOBAL: 1.0, NoiseModel.MIXED: 0.5}.get(model, 0.0)
    assert coupling == pytest.approx(wanted, abs=0.03)


def test_turnouts_of_two_units_have_nothing_to_do_with_each_other_nor_with_the_roads():
    drawn = draw(Noise(NoiseModel.ZONE_CLASS), 3, 0, 5, 2)
    rows = np.concatenate([drawn.turnout.astype(float), drawn.travel[:5]])
    off = np.corrcoef(rows) - np.eye(len(rows))
    assert np.abs(off).max() < 0.1


def test_another_block_seed_or_purpose_draws_anew_and_the_same_one_the_same():
    noise = Noise()
    one = draw(noise, seed_of("ab" * 32), 0, 5, 2)
    assert (one.turnout == draw(noise, seed_of("ab" * 32), 0, 5, 2).turnout).all()
    for seed, block in ((seed_of("ab" * 32), 1), (seed_of("ac" * 32), 0), (seed_of("ab" * 32, 1), 0)):
        assert (one.turnout != draw(noise, seed, block, 5, 2).turnout).mean() > 0.9
        assert (one.travel != draw(noise, seed, block, 5, 2).travel).mean() > 0.9


def test_a_shorter_sample_is_the_beginning_of_a_longer_one():
    assert Sample(1, BLOCK + 1).blocks() == [(0, BLOCK), (1, 1)]
    assert Sample(1, 5).blocks() == [(0, 5)]
    assert Sample(1, 2 * BLOCK).blocks() == [(0, BLOCK), (1, BLOCK)]
