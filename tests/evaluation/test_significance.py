from __future__ import annotations

import numpy as np
import pytest

from rushes.evaluation.significance import chance_of_lower, groups_by_weight, stand_out, student_below


@pytest.mark.parametrize("freedom", [1, 2.5, 7, 30, 400])
@pytest.mark.parametrize("t", [-6.0, -1.9, -0.3, 0.0, 1.2, 4.0])
def test_the_tail_is_that_of_scipy(t, freedom):
    stats = pytest.importorskip("scipy.stats")
    assert student_below(t, freedom) == pytest.approx(stats.t.cdf(t, freedom), abs=1e-7, rel=1e-5)


def test_the_chance_is_read_from_the_spread_of_the_draws():
    draws = np.array([-0.3, -0.1] * 500)
    assert chance_of_lower(-0.2, draws, freedom=7) == pytest.approx(student_below(-0.2 / draws.std(ddof=1), 7))
    assert chance_of_lower(0.2, draws, freedom=7) > 0.5
    assert chance_of_lower(-0.2, np.append(draws, np.nan), freedom=7) < 0.06


def test_a_difference_without_spread_is_as_sure_as_the_draws_are_many():
    assert chance_of_lower(-0.2, np.full(1000, -0.2), freedom=9) == pytest.approx(1 / 1001)
    assert chance_of_lower(0.0, np.zeros(1000), freedom=9) == 1.0


def test_one_group_that_holds_nearly_all_is_worth_hardly_more_than_one():
    assert groups_by_weight(np.full(10, 5.0)) == pytest.approx(10)
    assert groups_by_weight(np.array([1000.0] + [1.0] * 9)) == pytest.approx(1.018, abs=0.001)
    assert groups_by_weight(np.zeros(3)) == 0


def test_those_stand_whose_rank_allows_it():
    # Of five, the thresholds are 0.01, 0.02, 0.03, 0.04, 0.05: 0.025 stands because 0.028 at rank 3 does.
    assert stand_out([0.6, 0.028, 0.009, None, 0.025, 0.9]) == [False, True, True, False, True, False]
    assert stand_out([0.04, 0.5]) == [False, False]
    assert stand_out([0.04]) == [True]
    assert stand_out([None, None]) == [False, False]
    assert stand_out([]) == []


def test_what_stands_is_what_scipy_adjusts_below_the_share():
    stats = pytest.importorskip("scipy.stats")
    chances = np.random.default_rng(0).beta(0.3, 1, 60)
    assert stand_out(list(chances)) == (stats.false_discovery_control(chances) <= 0.05).tolist()
