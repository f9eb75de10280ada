"""Which shots boosted trees are fitted to, where there are too many."""

from __future__ import annotations

import numpy as np
import pytest

from rushes.learning.boosted_motion import choose_shots


def test_large_classes_are_thinned_out_and_count_for_what_goes() -> None:
    truth = np.repeat([0, 1, 2], [70, 20, 5])
    times = np.ones(95, np.int64)
    kept, weights = choose_shots(truth, times, np.array([1.0, 2.0, 3.0], np.float32), enough=50, seed=0)
    assert np.bincount(truth[kept]).tolist() == [25, 20, 5]
    sums = [weights[truth[kept] == index].sum() for index in range(3)]
    assert sums == pytest.approx([70.0, 40.0, 15.0])


def test_of_few_shots_all_are_kept() -> None:
    truth, times = np.array([0, 1, 1]), np.array([1, 3, 1])
    kept, weights = choose_shots(truth, times, np.ones(2, np.float32), enough=3, seed=0)
    assert kept.tolist() == [0, 1, 2]
    assert weights.tolist() == [1.0, 3.0, 1.0]
