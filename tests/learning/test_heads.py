from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from rushes.learning.heads import Trial, best_trial, fit_heads
from rushes.learning.monitors import Scores


def clouds(class_count: int, *, seed: int = 0, each: int = 30) -> tuple[np.ndarray, np.ndarray]:
    dice = np.random.default_rng(seed)
    truth = np.repeat(np.arange(class_count), each)
    centres = np.random.default_rng(9).normal(size=(class_count, 6)) * 2
    scale = np.array([1, 10, 0.1, 1, 1, 0])  # features of very different spread, one of none at all
    return ((centres[truth] + dice.normal(size=(len(truth), 6))) * scale + 5).astype(np.float32), truth


def fit(class_count: int, candidates: tuple[float, ...], weights: np.ndarray | None = None) -> list[Trial]:
    weights = np.ones(class_count, np.float32) if weights is None else weights
    features, truth = clouds(class_count)
    return fit_heads(
        features,
        truth,
        validation=clouds(class_count, seed=1),
        class_weights=weights,
        candidates=candidates,
        threads=1,
    )


@pytest.mark.parametrize("class_count", [2, 3, 5])
def test_a_head_is_the_logistic_regression_of_scikit_learn_in_one_matrix(class_count: int) -> None:
    (trial,) = fit(class_count, (0.1,))
    features, truth = clouds(class_count)
    peer = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000)).fit(features, truth)
    unseen, _ = clouds(class_count, seed=2)
    assert trial.head.weight.shape == (class_count, 6)
    np.testing.assert_allclose(trial.head.probabilities(unseen), peer.predict_proba(unseen), atol=2e-3)
    assert trial.converged


def test_every_candidate_is_tried_the_strongest_penalty_first() -> None:
    trials = fit(3, (1.0, 0.001, 0.1))
    assert [trial.regularisation for trial in trials] == [0.001, 0.1, 1.0]
    losses = [trial.train_loss for trial in trials]
    assert losses == sorted(losses, reverse=True)


def test_a_heavier_class_is_answered_more_often() -> None:
    (plain,) = fit(3, (0.001,))
    (heavy,) = fit(3, (0.001,), np.array([5, 1, 1], np.float32))
    unseen, _ = clouds(3, seed=2)
    assert heavy.head.probabilities(unseen)[:, 0].mean() > plain.head.probabilities(unseen)[:, 0].mean()


def test_the_head_with_the_least_loss_on_validation_is_taken_and_of_equals_the_first() -> None:
    head = fit(2, (0.1,))[0].head
    trials = [
        Trial(head, penalty, 0.0, Scores(loss, f1, f1), 0.0, True)
        for penalty, loss, f1 in ((0.1, 0.9, 0.6), (1.0, 0.5, 0.7), (10.0, 0.5, 0.9))
    ]
    assert best_trial(trials) == 1
