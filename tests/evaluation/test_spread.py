import numpy as np
import pytest

from evaluation.fabricated import answers, guesses
from rushes.evaluation.scores import score_groups
from rushes.evaluation.spread import spread_of


def test_three_groups_worked_by_hand():
    pairs = [("CS", "CS")] * 4 + [("CS", "CS"), ("CS", "MS")] * 2 + [("CS", "MS")] * 4
    found = spread_of(score_groups(answers(pairs, groups=["a"] * 4 + ["b"] * 4 + ["c"] * 4)))
    assert found is not None
    assert (found.lowest, found.median, found.highest) == (0.0, 0.5, 1.0)
    assert (found.lower_quartile, found.upper_quartile) == (0.25, 0.75)
    assert found.deviation == pytest.approx(0.5)
    assert found.by_chance == pytest.approx(np.sqrt(0.5 * 0.5 / 4))
    assert found.chi_square == pytest.approx((0.25 + 0 + 0.25) / (0.25 / 4))
    assert found.is_beyond_chance  # 8, where chance alone has 5.99 or less in 19 of 20 draws
    assert "expect a new one anywhere in this range" in found.sentence


def test_groups_that_are_alike_but_for_chance_are_called_so():
    found = spread_of(score_groups(guesses(4000, class_count=3, seed=1, group_count=40)))
    assert found is not None
    assert found.deviation == pytest.approx(found.by_chance, rel=0.3)
    assert "no more than chance" in found.sentence


def test_one_group_has_no_spread():
    assert spread_of(score_groups(answers([("CS", "CS")], groups=["a"]))) is None
