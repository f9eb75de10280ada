"""Calibration: worked by hand, against scikit-learn, and on answers whose true chances are known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from evaluation.fabricated import answers, guesses
from rushes.learning.calibration import (
    COLDEST,
    HOTTEST,
    Calibration,
    calibrated,
    fit_calibration,
    fit_isotonic,
    fit_temperature,
    gain_over_groups,
    plan_folds,
)
from rushes.learning.predictions import Predictions


def drawn(count: int, *, class_count: int, seed: int, temperature: float = 1.0, groups: int = 12) -> Predictions:
    """Return answers that come true as often as they say, then as if their logits were divided by a temperature."""
    dice = np.random.default_rng(seed)
    logits = dice.normal(0, 2, (count, class_count))
    honest = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = (honest.cumsum(axis=1) < dice.random((count, 1))).sum(axis=1)
    said = np.exp(logits / temperature)
    made = guesses(count, class_count=class_count, seed=seed, group_count=groups)
    said = (said / said.sum(axis=1, keepdims=True)).astype(np.float32)
    return replace(made, truth=truth.clip(0, class_count - 1), probabilities=said)


def log_loss(predictions: Predictions) -> float:
    of_label = predictions.probabilities[np.arange(len(predictions)), predictions.truth]
    return float(-np.log(np.maximum(of_label, 1e-12)).mean())


def expected_calibration_error(predictions: Predictions) -> float:
    sure = predictions.probabilities.max(axis=1)
    right = predictions.predicted == predictions.truth
    bins = np.minimum((sure * 15).astype(int), 14)
    sums = [np.bincount(bins, weights=one.astype(float), minlength=15) for one in (sure, right)]
    return float(np.abs(sums[0] - sums[1]).sum() / len(sure))


# Applying


def test_a_temperature_of_two_takes_the_root_of_odds() -> None:
    given_ = np.array([[0.9, 0.1], [0.5, 0.5], [0.2, 0.8]])
    np.testing.assert_allclose(
        Calibration("temperature", temperature=2.0).apply(given_),
        [[0.75, 0.25], [0.5, 0.5], [1 / 3, 2 / 3]],
        atol=1e-7,
    )


def test_a_temperature_on_probabilities_is_that_on_the_logits_they_came_from() -> None:
    logits = np.random.default_rng(1).normal(0, 4, (50, 6))
    softmax = [np.exp(one) / np.exp(one).sum(axis=1, keepdims=True) for one in (logits, logits / 3.7)]
    np.testing.assert_allclose(Calibration("temperature", temperature=3.7).apply(softmax[0]), softmax[1], atol=1e-7)


def test_a_curve_is_read_between_its_points() -> None:
    curve = Calibration("isotonic", scores=(0.0, 0.4, 0.5, 1.0), shares=(0.1, 0.2, 0.5, 0.9))
    found = curve.apply(np.array([[1.0, 0.0], [0.8, 0.2], [0.25, 0.75]]))
    np.testing.assert_allclose(found, [[0.9, 0.1], [0.85, 0.15], [0.3, 0.7]], atol=1e-7)


def test_a_curve_is_not_applied_to_three_classes() -> None:
    with pytest.raises(ValueError, match="two classes, got 3"):
        Calibration("isotonic", scores=(0.0, 1.0), shares=(0.1, 0.9)).apply(np.full((1, 3), 1 / 3))


@pytest.mark.parametrize(
    "calibration",
    [
        Calibration(),
        Calibration("temperature", temperature=3.0),
        Calibration("isotonic", scores=(0.0, 1.0), shares=(0.1, 0.9)),
    ],
)
def test_no_samples_stay_no_samples(calibration: Calibration) -> None:
    assert calibration.apply(np.zeros((0, 2), np.float32)).shape == (0, 2)


@settings(max_examples=60, deadline=None)
@given(
    raw=arrays.arrays(np.float32, st.tuples(st.integers(1, 8), st.integers(2, 6)), elements=st.floats(0, 1, width=32)),
    temperature=st.floats(COLDEST, HOTTEST),
)
def test_a_temperature_keeps_every_answer_and_rows_sum_to_one(raw: np.ndarray, temperature: float) -> None:
    sums = raw.sum(axis=1, keepdims=True)
    given_ = np.where(sums > 0, raw / np.where(sums > 0, sums, 1), 1 / raw.shape[1]).astype(np.float32)
    calibration = Calibration("temperature", temperature=temperature)
    found = calibration.apply(given_)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found.argmax(axis=1), given_.argmax(axis=1))
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    again = Calibration.from_table(calibration.to_table())
    np.testing.assert_array_equal(again.apply(given_), found)


def test_answers_that_rounding_would_make_equal_stay_apart() -> None:
    close = np.array([[0.49999997, 0.50000003]], np.float32)
    assert close.argmax() == 1
    assert Calibration("temperature", temperature=HOTTEST).apply(close).argmax() == 1


# Fitting


@pytest.mark.parametrize("class_count", [2, 5])
def test_the_temperature_is_scikit_learns(class_count: int) -> None:
    from sklearn.calibration import _TemperatureScaling

    for seed, temperature in ((0, 0.4), (1, 1.0), (2, 2.5)):
        predictions = drawn(400, class_count=class_count, seed=seed, temperature=temperature)
        logits = np.log(predictions.probabilities.astype(np.float64))
        expected = 1 / _TemperatureScaling().fit(logits, predictions.truth).beta_
        assert fit_temperature(predictions.probabilities, predictions.truth) == pytest.approx(expected, abs=1e-6)


def test_calibrated_probabilities_are_those_of_scikit_learns_calibrated_classifier() -> None:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator
    from sklearn.linear_model import LogisticRegression

    dice = np.random.default_rng(3)
    rows, truth = dice.normal(0, 1, (300, 3)), np.arange(300) % 4
    rows[np.arange(300), truth % 3] += 1
    too_sure = LogisticRegression(C=1e4).fit(rows[:30], truth[:30])
    theirs = CalibratedClassifierCV(FrozenEstimator(too_sure), method="temperature").fit(rows, truth)
    given_ = too_sure.predict_proba(rows)
    ours = Calibration("temperature", temperature=fit_temperature(given_, truth)).apply(given_)
    np.testing.assert_allclose(ours, theirs.predict_proba(rows), atol=1e-6)


def test_the_curve_joins_the_middles_of_scikit_learns_stairs_and_is_never_certain() -> None:
    from sklearn.isotonic import IsotonicRegression

    predictions = drawn(400, class_count=2, seed=4, temperature=0.4)
    scores = predictions.probabilities[:, 1].astype(np.float64)
    curve = fit_isotonic(predictions.probabilities, predictions.truth)
    for side, low, high in ((scores < 0.5, 1 / 402, 0.5), (scores > 0.5, 0.5, 401 / 402)):
        stairs = IsotonicRegression().fit(scores[side], predictions.truth[side]).predict(scores[side]).clip(low, high)
        for level in np.unique(stairs):
            middle = float(scores[side][stairs == level].mean())
            at = int(np.argmin(np.abs(np.array(curve.scores) - middle)))
            assert curve.scores[at] == pytest.approx(middle, abs=1e-15)
            assert curve.shares[at] == pytest.approx(0.99 * level + 0.01 * middle)
    found = curve.apply(predictions.probabilities)
    assert 0 < found.min() < 1 / 400


@pytest.mark.parametrize("seed", range(4))
def test_a_curve_moves_no_answer_and_keeps_the_order_of_samples(seed: int) -> None:
    dice = np.random.default_rng(seed)
    truth = dice.integers(0, 2, 300)
    second = (1 / (1 + np.exp(-dice.normal(4 * truth, 2)))).astype(np.float32)  # takes the second class for likelier
    given_ = np.stack([1 - second, second], axis=1)
    curve = fit_isotonic(given_, truth)
    found = curve.apply(given_)
    np.testing.assert_array_equal(found.argmax(axis=1), given_.argmax(axis=1))
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    rising = found[np.argsort(second, kind="stable"), 1]
    assert (np.diff(rising) >= 0).all()
    assert len(np.unique(rising)) > 0.98 * len(np.unique(second))
    assert Calibration.from_table(curve.to_table()) == curve


@pytest.mark.parametrize("truth", [np.zeros(5, int), np.ones(5, int)])
@pytest.mark.parametrize("second", [[0.0] * 5, [1.0] * 5, [0.5] * 5, [0.1] * 5, [0.0, 0.2, 0.5, 0.9, 1.0]])
def test_a_curve_can_be_fitted_on_one_side_and_on_certain_answers(truth: np.ndarray, second: list[float]) -> None:
    given_ = np.stack([1 - np.array(second), np.array(second)], axis=1).astype(np.float32)
    found = fit_isotonic(given_, truth).apply(given_)
    np.testing.assert_array_equal(found.argmax(axis=1), given_.argmax(axis=1))
    assert found.min() > 0


def test_two_answers_worked_by_hand() -> None:
    """Of four answers said at 0.9, two are right: the least loss is at even odds, so the temperature is the hottest;
    of four said at 0.9 with three right, odds of 9 become odds of 3, and the temperature is their ratio of logs."""
    said = np.tile([0.9, 0.1], (4, 1))
    assert fit_temperature(said, np.array([0, 0, 1, 1])) == HOTTEST
    assert fit_temperature(said, np.array([0, 0, 0, 1])) == pytest.approx(math.log(9) / math.log(3))
    assert fit_temperature(said, np.array([0, 0, 0, 0])) == COLDEST


def test_zeros_on_the_label_leave_the_temperature_finite() -> None:
    said = np.array([[1.0, 0.0]] * 30, np.float32)
    truth = np.array([0] * 29 + [1])
    found = fit_temperature(said, truth)
    odds = math.log(1e12) / found
    assert odds == pytest.approx(math.log(29), rel=1e-6)


def test_honest_answers_are_left_nearly_as_they_are() -> None:
    for seed in range(4):
        fitted = fit_calibration(drawn(1500, class_count=4, seed=seed))
        assert fitted.calibration.kind in ("none", "temperature")
        assert fitted.calibration.temperature == pytest.approx(1, abs=0.12)


@pytest.mark.parametrize(("class_count", "temperature"), [(2, 0.35), (6, 0.35), (4, 2.5)])
def test_answers_that_are_too_sure_or_not_sure_enough_are_mended_on_other_draws(
    class_count: int, temperature: float
) -> None:
    fitted = fit_calibration(drawn(800, class_count=class_count, seed=5, temperature=temperature))
    unseen = drawn(3000, class_count=class_count, seed=6, temperature=temperature)
    mended = calibrated(unseen, fitted.calibration)
    assert fitted.calibration.kind == "temperature", fitted.reason
    assert fitted.calibration.temperature == pytest.approx(1 / temperature, rel=0.15)
    assert expected_calibration_error(mended) < 0.03 < expected_calibration_error(unseen)
    assert log_loss(mended) < log_loss(unseen)
    assert "the log loss falls from" in fitted.reason


def test_a_curve_is_taken_where_no_temperature_can_mend_two_classes() -> None:
    def shifted(seed: int) -> Predictions:
        """Answers that take the second class for far likelier than it is."""
        made = drawn(1500, class_count=2, seed=seed)
        odds = 20 * made.probabilities[:, 1] / made.probabilities[:, 0]
        second = odds / (1 + odds)
        return replace(made, probabilities=np.stack([1 - second, second], axis=1).astype(np.float32))

    fitted, unseen = fit_calibration(shifted(7)), shifted(8)
    mended = calibrated(unseen, fitted.calibration)
    assert fitted.calibration.kind == "isotonic", fitted.reason
    assert log_loss(mended) < 0.8 * log_loss(unseen)
    np.testing.assert_array_equal(mended.predicted, unseen.predicted)


def test_a_gain_of_one_group_alone_is_not_taken_for_one_of_all() -> None:
    mean, error = gain_over_groups(np.array([3.0, 3.0, -0.1, -0.1]), np.array([0, 0, 1, 1]))
    assert mean == pytest.approx(1.45)
    assert error == pytest.approx(1.55)


def test_folds_hold_whole_groups_and_are_filled_evenly() -> None:
    groups = np.repeat(np.arange(6), [10, 1, 1, 4, 4, 2])
    folds = plan_folds(groups, most=3)
    assert np.bincount(folds).tolist() == [10, 6, 6]
    assert all(len(set(folds[groups == group])) == 1 for group in range(6))


# What cannot be calibrated


def pairs(right: int, wrong: int) -> list[tuple[str, str]]:
    return [("CS", "CS")] * right + [("MS", "LS")] * wrong


@pytest.mark.parametrize(
    ("predictions", "reason"),
    [
        (answers([]), "validation has no samples"),
        (answers(pairs(1, 0)), "validation has 1 sample;"),
        (answers(pairs(15, 4)), "validation has 19 samples"),
        (answers(pairs(25, 5), groups=["film-a"] * 30), "of one group"),
        (answers(pairs(40, 0)), "every answer on validation is right"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_too_little_to_fit_on_leaves_probabilities_as_they_are(predictions: Predictions, reason: str) -> None:
    fitted = fit_calibration(predictions)
    assert fitted.calibration == Calibration()
    assert reason in fitted.reason
    assert fitted.to_table()["fitted"]["log_loss"] is None


def test_what_is_no_number_is_not_fitted_on() -> None:
    made = answers(pairs(25, 5))
    broken = replace(made, probabilities=np.full_like(made.probabilities, np.nan))
    assert "no numbers" in fit_calibration(broken).reason
    with pytest.raises(ValueError, match="numbers"):
        fit_temperature(broken.probabilities, broken.truth)


def test_labels_of_one_class_only_are_fitted_on_as_any() -> None:
    fitted = fit_calibration(answers([("CS", "CS")] * 30 + [("CS", "MS")] * 30, confidence=[0.99] * 60))
    assert fitted.calibration.kind == "temperature"
    assert fitted.calibration.temperature > 5


def test_five_hundred_classes_are_calibrated_as_any() -> None:
    assert fit_calibration(drawn(600, class_count=500, seed=9, temperature=0.3)).calibration.kind == "temperature"


# The file


@pytest.mark.parametrize(
    "table",
    [
        {"schema": "calibration/2", "kind": "none"},
        {"schema": "calibration/1", "kind": "platt"},
        {"schema": "calibration/1", "kind": "temperature"},
        {"schema": "calibration/1", "kind": "temperature", "temperature": "warm"},
        {"schema": "calibration/1", "kind": "temperature", "temperature": 0},
        {"schema": "calibration/1", "kind": "temperature", "temperature": float("nan")},
        {"schema": "calibration/1", "kind": "temperature", "temperature": None},
        {"schema": "calibration/1", "kind": "isotonic", "scores": [0.1, 0.2], "shares": [0.1]},
        {"schema": "calibration/1", "kind": "isotonic", "scores": [0.2, 0.1], "shares": [0.1, 0.2]},
        {"schema": "calibration/1", "kind": "isotonic", "scores": [0.1, 0.2], "shares": [0.3, 0.2]},
        {"schema": "calibration/1", "kind": "isotonic", "scores": [0, 0.4, 1], "shares": [0.1, 0.1, 0.9]},
        {"schema": "calibration/1", "kind": "isotonic", "scores": [0, 1], "shares": [0.1, 0.8]},
        {"schema": "calibration/1", "kind": "isotonic", "scores": [0.1, 1], "shares": [0.1, 0.9]},
        {"schema": "calibration/1", "kind": "isotonic", "scores": [], "shares": []},
        {"schema": "calibration/1", "kind": "isotonic", "scores": [0.1], "shares": [1.5]},
        {"schema": "calibration/1", "kind": "isotonic", "scores": 3, "shares": [1.0]},
    ],
)
def test_a_table_that_cannot_be_is_refused(table: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"of kind|its kind|its schema"):
        Calibration.from_table(table)


@pytest.mark.parametrize("points", [[(0.0, 0.2), (0.5, 0.5), (1.0, 0.8)], [(0.0, 0.1), (1.0, 0.9)]])
def test_a_curve_is_read_as_it_was_written(points: Sequence[tuple[float, float]]) -> None:
    scores, shares = zip(*points, strict=True)
    curve = Calibration("isotonic", scores=scores, shares=shares)
    assert Calibration.from_table(curve.to_table()) == curve
