"""The what-if map against solving everything again, place by place."""

from itertools import islice
from random import Random

import numpy as np
import pytest

from camera_config.county import Position
from lockdown.seal import in_time
from lockdown.table import Table
from lockdown.times import NEVER_MS
from lockdown.whatif import Does, helped_by, spots_of, what_if, what_if_map
from tests.support.plans import Plan, feasible, random_plans, standing
from tests.support.tables import demand, table


@pytest.fixture(scope="module")
def plans() -> list[Plan]:
    random = Random(4)
    return list(islice(random_plans(random), 250))


def test_two_thousand_places_equal_solving_again_with_the_unit_there(plans):
    random, asked, kinds = Random(9), 0, set()
    for plan in plans:
        found = what_if_map(plan.offers, plan.table, plan.spots)
        assert found.shape == (len(plan.table.units), plan.spots.drive_ms.shape[1])
        places = [(u, k) for u in range(found.shape[0]) for k in range(found.shape[1])]
        for u, k in random.sample(places, min(8, len(places))):
            again = standing(plan, u, k, plan.table)
            gone = again.drive_ms.copy()
            gone[u] = NEVER_MS
            anyway = feasible(Table(again.units, again.demands, again.delay_ms, gone))
            want = Does.ANYWAY if anyway else Does.WOULD if feasible(again) else Does.NOT
            assert found[u, k] == want
            asked += 1
            kinds.add(want)
    assert asked > 1500
    assert kinds == set(Does)


def test_one_unit_is_answered_as_the_map_answers_it(plans):
    for plan in plans[:40]:
        found = what_if_map(plan.offers, plan.table, plan.spots)
        for u, name in enumerate(plan.table.units):
            assert (what_if(plan.offers, plan.table, plan.spots, name) == found[u]).all()
        with pytest.raises(ValueError, match="no unit"):
            what_if(plan.offers, plan.table, plan.spots, "stranger")


def test_a_unit_that_may_serve_no_post_helps_nowhere(plans):
    seen = 0
    for plan in plans:
        found = what_if_map(plan.offers, plan.table, plan.spots)
        for u, who in enumerate(plan.offers.units):
            if all(who.crew < a.crew_min or not a.equipment <= set(who.equipment) for a in plan.offers.asked):
                assert Does.WOULD not in found[u]
                seen += 1
    assert seen > 10


def test_the_unit_that_is_asked_about_counts_from_its_place_and_not_from_where_it_is():
    """The only unit near the only post is asked about: without it nothing holds, so that its place decides."""
    masks = in_time(table([demand("north")], [[100], [None]]))
    assert helped_by(masks, [1], [0, 1]) == [frozenset([0]), None]


def test_with_two_needs_open_no_place_of_one_unit_helps():
    assert helped_by([0b001, 0b000, 0b000], [1, 1, 1], [1, 2]) == [frozenset(), frozenset()]


def test_a_standby_point_at_a_junction_leaves_by_every_road_and_another_by_the_worse_end(plans):
    on_road = 0
    for plan in plans[:60]:
        spots, fields = plan.spots, plan.offers.fields.ms
        for k in range(spots.junctions, spots.drive_ms.shape[1]):
            at = [n for n in range(spots.junctions) if spots.lat[n] == spots.lat[k] and spots.lon[n] == spots.lon[k]]
            if at:
                assert (spots.drive_ms[:, k] == fields[:, at[0]]).all()
                assert spots.to_ms[k - spots.junctions, at[0]] == 0
            else:
                on_road += 1
                assert (spots.drive_ms[:, k] > 0).all()
    assert on_road > 20


def test_a_standby_point_off_every_road_helps_nobody(plans):
    plan = plans[0]
    spots = spots_of(plan.graph, plan.offers.fields, {"lake": Position(0.0, 0.0)})
    assert spots.name(spots.junctions) == "lake"
    assert (spots.drive_ms[:, -1] == NEVER_MS).all()
    assert (spots.to_ms == NEVER_MS).all()
    assert np.array_equal(spots.drive_ms[:, :-1], plan.spots.drive_ms[:, : plan.spots.junctions])
