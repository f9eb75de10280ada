from __future__ import annotations

import numpy as np
import pytest
from benchmarks.suggest import count_like_signatures, f1_macro, spearman, spoil

from footage.test_quality import measured, sharp


def test_ranks_are_compared_equals_at_their_mean():
    assert spearman(np.array([1.0, 2, 3, 4]), np.array([10.0, 20, 30, 40])) == pytest.approx(1)
    assert spearman(np.array([1.0, 2, 3]), np.array([3.0, 2, 1])) == pytest.approx(-1)
    assert spearman(np.array([1.0, 1, 2]), np.array([1.0, 1, 5])) == pytest.approx(1)
    assert spearman(np.zeros(3), np.arange(3.0)) == 0


def test_f1_is_the_mean_over_all_classes():
    truth = ["Junk", "Common", "Common", "Rare"]
    assert f1_macro(truth, ["Junk", "Common", "Rare", "Rare"]) == pytest.approx((1 + 2 / 3 + 2 / 3) / 5)


def test_flat_signatures_are_like_nothing():
    assert count_like_signatures([0, 0, 0b1111, 0b1110, 2**64 - 1]).tolist() == [0, 0, 1, 1, 0]


def test_spoilt_pictures_are_spoilt():
    dice = np.random.default_rng(0)
    assert measured(spoil(sharp(), "black", dice))["black"] > 0.98
    assert measured(spoil(sharp(), "flat", dice))["contrast"] < 6
    assert measured(spoil(sharp(), "underexposed", dice))["lights"] <= 40
    assert measured(spoil(sharp(), "blurred", dice))["blur"] > measured(sharp())["blur"] + 0.2
