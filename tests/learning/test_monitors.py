from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score, log_loss

from rushes.learning.monitors import Scores, score, softmax


def test_scores_worked_by_hand() -> None:
    # Of four samples a, a, b, b the second a is taken for b; c is neither labelled nor predicted.
    probabilities = np.array([[0.8, 0.2, 0.0], [0.4, 0.6, 0.0], [0.1, 0.9, 0.0], [0.5, 0.5, 0.0]])
    probabilities[3] = [0.4, 0.6, 0.0]
    found = score(probabilities, np.array([0, 0, 1, 1]))
    assert found.f1_macro == pytest.approx((2 / 3 + 4 / 5) / 2)  # a: precision 1, recall ½; b: precision ⅔, recall 1
    assert found.balanced_accuracy == pytest.approx((1 / 2 + 1) / 2)
    assert found.loss == pytest.approx(-np.log([0.8, 0.4, 0.9, 0.6]).mean())
    assert found.accuracy == 0.75
    assert found.recalls == (0.5, 1.0, None)


def test_scores_agree_with_scikit_learn() -> None:
    dice = np.random.default_rng(0)
    probabilities = softmax(dice.normal(size=(200, 5)))
    truth = dice.integers(0, 5, 200)
    found = score(probabilities, truth)
    predicted = probabilities.argmax(axis=1)
    assert found.f1_macro == pytest.approx(f1_score(truth, predicted, average="macro"))
    assert found.balanced_accuracy == pytest.approx(balanced_accuracy_score(truth, predicted))
    assert found.loss == pytest.approx(log_loss(truth, probabilities), abs=1e-5)


def test_a_higher_score_ranks_higher_and_a_lower_loss_too() -> None:
    good, bad = Scores(0.5, 0.8, 0.7), Scores(0.6, 0.7, 0.6)
    assert all(good.rank(monitor) > bad.rank(monitor) for monitor in ("loss", "f1_macro", "balanced_accuracy"))


def test_of_equal_scores_the_one_with_less_loss_ranks_higher() -> None:
    assert Scores(0.5, 0.8, 0.7).rank("f1_macro") > Scores(0.6, 0.8, 0.7).rank("f1_macro")


def test_a_class_that_is_certainly_wrong_costs_much_but_not_all() -> None:
    assert np.isfinite(score(np.array([[0.0, 1.0]]), np.array([0])).loss)


def test_no_samples_cannot_be_scored() -> None:
    with pytest.raises(ValueError, match="no samples"):
        score(np.empty((0, 3)), np.empty(0, np.int64))


def test_softmax_stands_large_logits() -> None:
    np.testing.assert_allclose(softmax(np.array([[1000.0, 1000.0], [-1000.0, 0.0]])), [[0.5, 0.5], [0.0, 1.0]])
