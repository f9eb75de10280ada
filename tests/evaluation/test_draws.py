import numpy as np
import pytest

from rushes.evaluation.draws import BLOCKS, GroupDraws, draw_sums, interval_of


def test_every_draw_takes_as_many_groups_as_there_are():
    drawn = draw_sums(np.array([[1, 10], [1, 20], [1, 30]]), seed=0, resamples=200)
    assert (drawn[:, 0] == 3).all()
    assert set(np.unique(drawn[:, 1])) <= set(range(30, 91, 10))
    assert drawn[:, 1].mean() == pytest.approx(60, abs=3)


def test_sums_side_by_side_come_from_the_same_groups():
    sums = np.arange(12.0).reshape(6, 2)
    drawn = draw_sums(np.concatenate([sums, 2 * sums], axis=1), seed=1, resamples=50)
    np.testing.assert_allclose(2 * drawn[:, :2], drawn[:, 2:])


def test_wide_sums_are_drawn_like_narrow_ones():
    dice = np.random.default_rng(0)
    narrow = dice.normal(5, 2, (30, 1))
    wide = np.concatenate([narrow, np.zeros((30, 300))], axis=1)
    spreads = [draw_sums(sums, seed=3, resamples=4000)[:, 0].std() for sums in (narrow, wide)]
    assert spreads[1] == pytest.approx(spreads[0], rel=0.06)


def test_very_many_groups_are_drawn_in_blocks_without_losing_one_or_the_spread():
    dice = np.random.default_rng(0)
    count = 5 * BLOCKS + 7
    values = dice.normal(0, 1, count)
    draws = GroupDraws(count, seed=2, resamples=2000)
    assert np.bincount(draws.block_of, minlength=BLOCKS).min() >= 5
    over_blocks = np.bincount(draws.block_of, values, minlength=BLOCKS)
    drawn = draws.of(over_blocks[:, None])[:, 0]
    assert drawn.std() == pytest.approx(values.std() * np.sqrt(count), rel=0.1)


def test_no_groups_cannot_be_drawn():
    with pytest.raises(ValueError, match="no groups"):
        draw_sums(np.zeros((0, 2)), seed=0)
    with pytest.raises(ValueError, match="no groups"):
        GroupDraws(0, seed=0)


def test_an_interval_leaves_undefined_draws_out_and_says_when_all_are():
    values = np.concatenate([np.linspace(0, 1, 101), np.full(40, np.nan)])
    found = interval_of(values, 9)
    assert (found.low, found.high) == pytest.approx((0.025, 0.975))
    assert interval_of(np.full(5, np.nan), 9).reason == "it is undefined in every draw"
    assert "no group feeds" in interval_of(values, 0).reason
    assert "one group alone" in interval_of(None, 1).reason
