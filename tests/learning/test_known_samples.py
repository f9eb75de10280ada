"""Training samples by what a model sees in them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from rushes.learning.known_samples import KnownSample, find_nearest, know_samples, nearest_rows, spread_over


def samples(count):
    return [KnownSample(f"frame-{at}", "ab"[at % 2], f"film-{at % 3}", "00:00:00:00") for at in range(count)]


def test_a_picture_is_most_like_itself():
    features = np.random.default_rng(0).normal(3, 2, (40, 8)).astype(np.float32)
    known = know_samples(samples(40), features)
    assert np.linalg.norm(known.placed, axis=1) == pytest.approx(np.ones(40), abs=1e-5)
    found = find_nearest(known, features[[7, 3]], 5)
    assert found.rows[:, 0].tolist() == [7, 3]
    assert found.likeness[:, 0] == pytest.approx([1, 1], abs=1e-5)
    assert (np.diff(found.likeness, axis=1) <= 0).all()


def test_samples_may_be_standardised_by_more_than_are_kept():
    features = np.random.default_rng(0).normal(3, 2, (40, 8)).astype(np.float32)
    known = know_samples(samples(5), features[:5], of=features)
    np.testing.assert_allclose(known.centre, features.mean(axis=0), rtol=1e-5)
    np.testing.assert_array_equal(known.placed, know_samples(samples(40), features).placed[:5])


def test_a_feature_that_never_changes_says_nothing():
    features = np.random.default_rng(1).normal(size=(10, 3)).astype(np.float32)
    features[:, 1] = 4.0
    known = know_samples(samples(10), features)
    strange = features[[2]].copy()
    strange[0, 1] = 900.0
    assert find_nearest(known, strange, 1).rows.tolist() == [[2]]


def test_equals_stand_in_the_order_of_the_table_and_no_more_are_given_than_there_are():
    found = nearest_rows(np.ones((3, 1), np.float32), np.ones((2, 1), np.float32), 9)
    assert found.rows.tolist() == [[0, 1, 2]] * 2
    assert nearest_rows(np.ones((3, 1), np.float32), np.ones((0, 1), np.float32), 2).rows.shape == (0, 2)


def test_features_that_do_not_fit_the_samples_are_refused():
    with pytest.raises(ValueError, match="do not stand in a table"):
        know_samples(samples(3), np.ones((2, 4), np.float32))


def test_classes_and_groups_take_turns():
    names = ["common"] * 900 + ["rare"] * 30
    groups = ["long film"] * 800 + ["short film"] * 100 + ["long film"] * 30
    rows = spread_over(names, groups, 100)
    assert rows == sorted(set(rows))
    assert len(rows) == 100
    assert Counter(names[row] for row in rows) == {"common": 70, "rare": 30}
    assert Counter(groups[row] for row in rows if names[row] == "common") == {"long film": 35, "short film": 35}
    of_long = [row for row in rows if row < 800]
    assert max(np.diff(of_long)) < 60
    assert spread_over(names, groups, 2000) == list(range(930))
