"""Models of the measured motion: fitted to made-up motion, and equal to what scikit-learn answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from rushes.learning.boosted_motion import fit_trees, trees_as_module
from rushes.learning.linear_heads import fit_logistic
from rushes.learning.motion_heads import best_motion, fit_motion_heads, plan_batches
from rushes.learning.motion_samples import MotionLesson, MotionSamples, MotionTrial, answer_motion, measure_standard
from rushes.learning.recipe import Recipe, TrainingRecipe

CLASSES = 3


def make_shots(seed: int, *, count: int = 90, classes: int = CLASSES) -> MotionSamples:
    """Return shots whose zoom, the first column, says their class, beside a column of noise."""
    dice = np.random.default_rng(seed)
    truth = np.arange(count) % classes
    lengths = dice.integers(4, 12, count)
    mask = np.arange(12) < lengths[:, None]
    series = dice.normal(0, 1, (count, 12, 2)).astype(np.float32)
    series[:, :, 0] += 1.5 * (truth - (classes - 1) / 2)[:, None]
    series[~mask] = np.nan
    means = np.nanmean(series, axis=1)
    spare = dice.normal(0, 1e4, (count, 2)).astype(np.float32)
    aggregates = np.concatenate([means, spare, np.ones((count, 1), np.float32)], axis=1)
    return MotionSamples(aggregates, series, mask, truth, np.ones(count, np.int64))


def make_lesson(**changes: object) -> MotionLesson:
    recipe = Recipe("r", training=TrainingRecipe(regularisation=(1.0, 0.01)))
    lesson = MotionLesson(make_shots(0), make_shots(1, count=45), np.ones(CLASSES, np.float32), recipe)
    return replace(lesson, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def trials() -> list[MotionTrial]:
    return fit_motion_heads("auto", make_lesson())


def test_auto_tries_every_kind_and_the_least_loss_is_taken(trials: list[MotionTrial]) -> None:
    assert [trial.setting["motion"] for trial in trials] == ["linear", "linear", "boosted", "boosted", "gru"]
    assert [trial.setting.get("regularisation") for trial in trials[:2]] == [0.01, 1.0]
    assert trials[best_motion(trials)].validation.loss == min(trial.validation.loss for trial in trials)


def test_each_kind_learns_what_the_motion_says(trials: list[MotionTrial]) -> None:
    for kind in ("linear", "boosted", "gru"):
        assert max(trial.validation.f1_macro for trial in trials if trial.setting["motion"] == kind) > 0.85


def test_a_trial_becomes_a_line_of_the_history(trials: list[MotionTrial]) -> None:
    record = trials[2].to_record(chosen=True)
    assert record["motion"] == "boosted"
    assert record["chosen"] is True
    assert {"rate", "rounds", "train_loss", "validation_loss", "f1_macro", "seconds"} <= record.keys()


def test_the_same_seed_gives_the_same_models(trials: list[MotionTrial]) -> None:
    state = torch.get_rng_state()
    again = fit_motion_heads("auto", make_lesson())
    assert torch.equal(torch.get_rng_state(), state)  # nobody else's dice are thrown
    for one, other in zip(trials, again, strict=True):
        for name, value in one.model.state_dict().items():
            torch.testing.assert_close(other.model.state_dict()[name], value, rtol=0, atol=0)


@pytest.mark.parametrize("classes", [2, 4])
def test_trees_answer_as_scikit_learns_do(classes: int) -> None:
    shots = make_shots(2, count=120, classes=classes)
    weights = np.random.default_rng(0).uniform(0.5, 2, len(shots)).astype(np.float32)
    trees = fit_trees(shots.aggregates, shots.truth, weights, rate=0.1, seed=0)
    unseen = make_shots(3, count=400, classes=classes)
    every = list(trees.staged_predict_proba(unseen.aggregates))
    for rounds in (1, 40, len(every)):
        found = answer_motion(trees_as_module(trees, rounds), unseen)
        np.testing.assert_allclose(found, every[rounds - 1], atol=1e-5)


def test_numbers_that_lie_on_a_threshold_go_the_same_way() -> None:
    shots = make_shots(2, count=120)
    whole = replace(shots, aggregates=np.round(shots.aggregates * 4) / 4)
    trees = fit_trees(whole.aggregates, whole.truth, np.ones(len(whole), np.float32), rate=0.1, seed=0)
    model = trees_as_module(trees, 40)
    rows = whole.take(np.zeros(60, np.int64))
    asked, thresholds = model.asked[:20, 0, 0].numpy(), model.thresholds[:20, 0, 0].numpy()
    for row, (feature, threshold) in enumerate(zip(asked, thresholds, strict=True)):
        for step in (-1, 0, 1):
            rows.aggregates[3 * row + step + 1, feature] = np.nextafter(threshold, np.float32(threshold + step))
    expected = list(trees.staged_predict_proba(rows.aggregates))[39]
    np.testing.assert_allclose(answer_motion(model, rows), expected, atol=1e-5)


def test_a_linear_model_answers_as_scikit_learns_does() -> None:
    from sklearn.linear_model import LogisticRegression

    lesson = make_lesson(class_weights=np.array([1.0, 2.0, 0.5], np.float32))
    model = fit_motion_heads("linear", lesson)[1].model
    standard = measure_standard(lesson.train.aggregates)
    even = [standard(torch.from_numpy(shots.aggregates)).numpy() for shots in (lesson.train, lesson.validation)]
    peer = LogisticRegression(C=1.0, class_weight={0: 1.0, 1: 2.0, 2: 0.5}, max_iter=1000)
    peer.fit(even[0], lesson.train.truth)
    np.testing.assert_allclose(answer_motion(model, lesson.validation), peer.predict_proba(even[1]), atol=1e-5)
    weight, _, _ = fit_logistic(even[0], lesson.train.truth, lesson.train.times, lesson.class_weights, candidate=1.0)
    assert weight[:, 4] == pytest.approx(0)  # what never changes says nothing


def test_further_shots_are_added_to_train_only() -> None:
    seen: list[MotionSamples] = []

    def reverse(shots: MotionSamples) -> MotionSamples:
        seen.append(shots)
        return replace(shots, aggregates=-shots.aggregates, series=-shots.series, truth=2 - shots.truth)

    plain, doubled = (fit_motion_heads("linear", make_lesson(augment_motion=each))[0] for each in (None, reverse))
    assert len(seen) == 1
    assert len(seen[0]) == len(make_lesson().train)
    weight = doubled.model.out.weight  # type: ignore[union-attr]
    assert weight[0, 0].item() == pytest.approx(
        -weight[2, 0].item(), rel=1e-3
    )  # what was reversed is told symmetrically
    assert not torch.allclose(plain.model.out.weight, weight)  # type: ignore[union-attr]


def test_shots_beside_others_keep_their_series() -> None:
    one, other = make_shots(0, count=6), make_shots(1, count=3).take(np.array([0]))
    both = one.beside(other)
    assert len(both) == 7
    assert both.series.shape[1] == 12
    np.testing.assert_array_equal(both.series_mask[6].sum(), other.series_mask[0].sum())
    kept = both.take(np.array([6]))
    np.testing.assert_array_equal(kept.series, other.series)


def test_an_epoch_shows_every_shot_as_often_as_it_counts() -> None:
    shots = replace(make_shots(0, count=70), times=np.arange(70) % 3 + 1)
    batches = plan_batches(shots, np.random.default_rng(0))
    assert np.bincount(np.concatenate(batches)).tolist() == shots.times.tolist()
    spans = [np.ptp(shots.series_mask[rows].sum(axis=1)) for rows in batches]
    assert max(spans) < np.ptp(shots.series_mask.sum(axis=1))  # shots of like lengths go together
