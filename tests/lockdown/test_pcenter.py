"""Standby points: the least radius, proved."""

import numpy as np
import pytest

from benchmarks.pcenter import brute_force, generated
from lockdown.pcenter import p_center


def test_the_radius_equals_brute_force_on_generated_graphs():
    for seed in range(20):
        distance, p = generated(seed)
        answer = p_center(distance, p)
        assert answer.proved
        assert answer.radius == answer.bound == brute_force(distance, p)
        assert len(answer.points) <= p
        assert distance[:, list(answer.points)].min(axis=1).max() == answer.radius


def test_the_way_there_counts_and_not_the_way_back():
    # Rows are places, columns candidates: candidate 1 is quick at every place, though nobody is quick at candidate 1.
    distance = np.array([[0, 1, 9], [9, 0, 9], [9, 1, 0]], np.int64)
    answer = p_center(distance, 1)
    assert (answer.radius, answer.points) == (1, (1,))


def test_as_many_points_as_places_leave_no_radius():
    answer = p_center(np.array([[0, 5], [5, 0]], np.int64), 2)
    assert (answer.radius, answer.points, answer.proved) == (0, (0, 1), True)


@pytest.mark.parametrize("wrong", [np.zeros((2, 2)), np.zeros((0, 2), np.int64), np.zeros(3, np.int64)])
def test_distances_that_are_not_whole_numbers_of_places_and_candidates_are_refused(wrong):
    with pytest.raises(ValueError, match="distance"):
        p_center(wrong, 1)
