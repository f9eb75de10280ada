from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from rushes.errors import RunError
from rushes.learning.head_trials import HeadLesson, Trial, answer_features
from rushes.learning.heads import HEADS, best_trial, fit_heads
from rushes.learning.knn_heads import TEMPERATURES, check_size
from rushes.learning.monitors import Scores, score
from rushes.learning.recipe import HEADS as NAMED
from rushes.learning.recipe import BalanceRecipe, ModelRecipe, Recipe, TrainingRecipe
from rushes.models.heads import KnnHead, MlpHead


def clouds(class_count: int, *, seed: int = 0, each: int = 30) -> tuple[np.ndarray, np.ndarray]:
    dice = np.random.default_rng(seed)
    truth = np.repeat(np.arange(class_count), each)
    centres = np.random.default_rng(9).normal(size=(class_count, 6)) * 2
    scale = np.array([1, 10, 0.1, 1, 1, 0])  # features of very different spread, one of none at all
    return ((centres[truth] + dice.normal(size=(len(truth), 6))) * scale + 5).astype(np.float32), truth


def recipe_of(training: dict[str, Any], *, balance: BalanceRecipe | None = None, **model: Any) -> Recipe:
    return Recipe(
        "heads",
        model=ModelRecipe(**model),
        training=TrainingRecipe(**training),
        balance=balance or BalanceRecipe(),
    )


def fit(kind: str, class_count: int = 3, *, weights: Any = None, times: Any = None, **settings: Any) -> list[Trial]:
    features, truth = clouds(class_count)
    balance = settings.pop("balance", BalanceRecipe())
    settings.setdefault("regularisation", (0.1, 1.0))
    return fit_heads(
        kind,
        HeadLesson(
            features=features,
            truth=truth,
            times=np.ones(len(truth), np.int64) if times is None else times,
            validation=clouds(class_count, seed=1),
            class_weights=np.ones(class_count, np.float32) if weights is None else np.array(weights, np.float32),
            recipe=recipe_of(settings, hidden=16, dropout=0.1, balance=balance),
            threads=1,
        ),
    )


def chosen(kind: str, class_count: int = 3, **settings: Any) -> Trial:
    trials = fit(kind, class_count, **settings)
    return trials[best_trial(trials)]


def test_every_head_that_a_recipe_may_name_can_be_fitted() -> None:
    assert tuple(HEADS) == NAMED


@pytest.mark.parametrize("kind", NAMED)
@pytest.mark.parametrize("class_count", [2, 4])
def test_a_head_answers_what_it_never_saw(kind: str, class_count: int) -> None:
    unseen, truth = clouds(class_count, seed=2)
    head = chosen(kind, class_count).head
    answers = answer_features(head, unseen)
    assert answer_features(head, unseen[:0]).shape == (0, class_count)
    assert answers.shape == (len(truth), class_count)
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-5)
    assert score(answers, truth).f1_macro > 0.85
    assert score(answers, truth).loss < 0.5


@pytest.mark.parametrize("kind", NAMED)
def test_two_fits_of_one_seed_give_the_same_head_and_leave_the_dice_alone(kind: str) -> None:
    before = torch.random.get_rng_state()
    first, second = fit(kind), fit(kind)
    assert torch.equal(torch.random.get_rng_state(), before)
    for one, other in zip(first, second, strict=True):
        states = one.head.state_dict(), other.head.state_dict()
        assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
        assert (one.setting, one.validation) == (other.setting, other.validation)


@pytest.mark.parametrize("kind", NAMED)
def test_a_heavier_class_is_answered_more_often(kind: str) -> None:
    unseen, _ = clouds(3, seed=2)
    few = {"regularisation": (0.01,), "neighbours": (40,)}
    plain, heavy = (
        answer_features(fit(kind, **few, weights=weights)[0].head, unseen) for weights in ([1, 1, 1], [9, 1, 1])
    )
    assert heavy[:, 0].mean() > plain[:, 0].mean()


@pytest.mark.parametrize("class_count", [2, 3, 5])
def test_a_linear_head_is_the_logistic_regression_of_scikit_learn_in_one_matrix(class_count: int) -> None:
    (trial,) = fit("linear", class_count, regularisation=(0.1,))
    features, truth = clouds(class_count)
    peer = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000)).fit(features, truth)
    unseen, _ = clouds(class_count, seed=2)
    assert tuple(trial.head.weight.shape) == (class_count, 6)
    np.testing.assert_allclose(answer_features(trial.head, unseen), peer.predict_proba(unseen), atol=2e-3)
    assert trial.converged


def test_a_sample_that_counts_twice_is_as_good_as_two() -> None:
    features, truth = clouds(3)
    times = np.where(truth == 0, 3, 1)
    (trial,) = fit("linear", times=times, regularisation=(0.1,))
    again = np.repeat(np.arange(len(truth)), times)
    peer = LogisticRegression(C=0.1, max_iter=1000).fit(
        (features[again] - features.mean(0)) / np.maximum(features.std(0), 1e-6), truth[again]
    )
    unseen, _ = clouds(3, seed=2)
    expected = peer.predict_proba((unseen - features.mean(0)) / np.maximum(features.std(0), 1e-6))
    np.testing.assert_allclose(answer_features(trial.head, unseen), expected, atol=5e-3)
    (head,) = (trial.head for trial in fit("knn", times=times, neighbours=(3,)))
    assert isinstance(head, KnnHead)
    assert head.votes.tolist() == times.tolist()


@pytest.mark.parametrize("kind", ["linear", "mlp"])
def test_every_penalty_is_tried_the_strongest_first(kind: str) -> None:
    trials = fit(kind, regularisation=(1.0, 0.001, 0.1))
    assert [trial.setting["regularisation"] for trial in trials] == [0.001, 0.1, 1.0]
    losses = [trial.train_loss for trial in trials]
    assert losses == sorted(losses, reverse=True)


def test_the_penalty_of_an_mlp_is_that_of_a_logistic_regression() -> None:
    # So strong a penalty leaves nothing but the shares of the classes, in both.
    for kind in ("linear", "mlp"):
        (trial,) = fit(kind, regularisation=(1e-7,))
        assert trial.validation.loss == pytest.approx(np.log(3), abs=0.1)


def test_an_mlp_learns_what_no_straight_line_can_part() -> None:
    dice = np.random.default_rng(0)
    parts = []
    for _ in range(2):
        features = dice.normal(size=(200, 2)).astype(np.float32)
        parts.append((features, (features[:, 0] * features[:, 1] > 0).astype(np.int64)))
    lesson = HeadLesson(
        *parts[0],
        times=np.ones(200, np.int64),
        validation=parts[1],
        class_weights=np.ones(2, np.float32),
        recipe=recipe_of({"regularisation": (10.0,)}, hidden=64),
        threads=1,
    )
    (mlp,), (linear,) = fit_heads("mlp", lesson), fit_heads("linear", lesson)
    assert mlp.validation.f1_macro > 0.9 > linear.validation.f1_macro + 0.2
    assert isinstance(mlp.head, MlpHead)
    assert mlp.head.shape.to_table() == {"kind": "mlp", "hidden": 64, "dropout": 0.2}


@pytest.mark.parametrize("balance", [BalanceRecipe(sampling="resample"), BalanceRecipe(loss="focal")])
def test_an_mlp_has_epochs_for_what_needs_them(balance: BalanceRecipe) -> None:
    (trial,) = fit("mlp", balance=balance, regularisation=(1.0,))
    assert trial.validation.f1_macro > 0.9
    assert trial.setting["best_epoch"] > 0


def test_one_neighbour_answers_as_the_nearest_neighbour_of_scikit_learn() -> None:
    (trial,) = fit("knn", neighbours=(1,))
    features, truth = clouds(3)
    unseen, _ = clouds(3, seed=2)
    scale = StandardScaler().fit(features)
    peer = KNeighborsClassifier(1, metric="cosine").fit(scale.transform(features), truth)
    answers = answer_features(trial.head, unseen).argmax(axis=1)
    assert answers.tolist() == peer.predict(scale.transform(unseen)).tolist()


def test_every_number_of_neighbours_is_tried_the_largest_first_and_none_above_the_samples() -> None:
    trials = fit("knn", 2, neighbours=(1, 5, 500, 900))
    assert [trial.setting["neighbours"] for trial in trials] == [59, 5, 1]
    assert all(trial.setting["temperature"] in TEMPERATURES for trial in trials)
    head = trials[1].head
    assert isinstance(head, KnnHead)
    assert head.shape.to_table() == {
        "kind": "knn", "neighbours": 5, "samples": 60, "temperature": trials[1].setting["temperature"]
    }  # fmt: skip
    assert head.stored.data_ptr() == trials[0].head.stored.data_ptr()  # stored once for all candidates


def test_the_loss_of_neighbours_on_train_leaves_out_each_samples_own_vote() -> None:
    dice = np.random.default_rng(0)
    features, truth = dice.normal(size=(60, 4)).astype(np.float32), dice.integers(0, 2, 60)
    lesson = HeadLesson(
        features,
        truth,
        times=np.ones(60, np.int64),
        validation=(features, truth),
        class_weights=np.ones(2, np.float32),
        recipe=recipe_of({"neighbours": (1,)}),
        threads=1,
    )
    (trial,) = fit_heads("knn", lesson)
    assert trial.validation.loss < 0.5 < trial.train_loss  # chance, where a sample is not asked of itself


def test_stored_features_that_make_a_large_bundle_are_said_and_beyond_a_graph_refused() -> None:
    assert check_size(40_000, 1280) is None
    assert "takes 1,024 MB, as weights and again in its graph" in str(check_size(100_000, 1280))
    with pytest.raises(RunError, match=r"4\.1 GB, and a bundle's graph holds 1\.9 GB at most"):
        check_size(800_000, 1280)


def test_a_feature_that_never_changed_on_train_says_nothing_of_other_pictures() -> None:
    for kind in NAMED:
        head = chosen(kind).head
        unseen, _ = clouds(3, seed=2)
        changed = unseen.copy()
        changed[:, 5] += 3
        np.testing.assert_allclose(answer_features(head, changed), answer_features(head, unseen), atol=1e-6)


def test_the_head_with_the_least_loss_on_validation_is_taken_and_of_equals_the_first() -> None:
    head = torch.nn.Linear(2, 2)
    trials = [
        Trial(head, {"regularisation": penalty}, 0.0, Scores(loss, f1, f1), 0.0)
        for penalty, loss, f1 in ((0.1, 0.9, 0.6), (1.0, 0.5, 0.7), (10.0, 0.5, 0.9))
    ]
    assert best_trial(trials) == 1
    assert trials[1].to_record(chosen=True) == {
        "regularisation": 1.0, "train_loss": 0.0, "validation_loss": 0.5, "f1_macro": 0.7, "balanced_accuracy": 0.7,
        "seconds": 0.0, "chosen": True,
    }  # fmt: skip
