from __future__ import annotations

import numpy as np
import pytest

from evaluation.fabricated import answers, guesses
from rushes.evaluation.scores import (
    Score,
    average_precision,
    majority_baseline,
    prior_baseline,
    score,
    score_groups,
    trace_curve,
)


def test_scores_of_a_case_worked_by_hand():
    # CS: 3 labelled, 2 found; MS: 2 labelled, 1 found; LS: 1 labelled, 1 found. CS is answered 3 times, MS 1, LS 2.
    scores = score(answers([("CS", "CS"), ("CS", "CS"), ("CS", "LS"), ("MS", "MS"), ("MS", "CS"), ("LS", "LS")]))
    assert scores.confusion.tolist() == [[2, 0, 1], [1, 1, 0], [0, 0, 1]]
    cs, ms, ls = scores.per_class
    assert (cs.precision.value, cs.recall.value, cs.f1.value) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert (ms.precision.value, ms.recall.value, ms.f1.value) == pytest.approx((1, 1 / 2, 2 / 3))
    assert (ls.precision.value, ls.recall.value, ls.f1.value) == pytest.approx((1 / 2, 1, 2 / 3))
    assert scores.accuracy.value == pytest.approx(4 / 6)
    assert scores.balanced_accuracy.value == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    assert scores.f1_macro.value == pytest.approx(2 / 3)


def test_nothing_over_nothing_is_undefined_and_says_why():
    cs, ms, ls = score(answers([("CS", "CS"), ("MS", "CS")])).per_class
    assert ms.precision == Score(None, "'MS' was never predicted")
    assert ms.recall.value == 0  # one is labelled, none is found: that is a true zero
    assert ms.f1.value == 0
    assert ls.recall == Score(None, "no sample is labelled 'LS'")
    assert ls.f1 == Score(None, "'LS' is neither labelled nor predicted")
    assert ls.average_precision.value is None
    assert cs.recall.value == 1


def test_means_leave_out_the_classes_for_which_a_score_is_undefined():
    scores = score(answers([("CS", "CS"), ("MS", "CS")]))
    assert scores.f1_macro.value == pytest.approx((2 / 3 + 0) / 2)
    assert scores.balanced_accuracy.value == pytest.approx(1 / 2)


def test_no_samples_give_no_scores():
    scores = score(answers([]))
    assert scores.f1_macro == scores.accuracy == scores.balanced_accuracy == Score(None, "there are no samples")


def test_a_score_has_either_a_value_or_a_reason():
    with pytest.raises(ValueError, match="reason"):
        Score(None)
    with pytest.raises(ValueError, match="reason"):
        Score(0.5, "why")


def test_average_precision_of_a_case_worked_by_hand():
    positive = np.array([True, False, True, False])
    found = average_precision(positive, np.array([0.9, 0.8, 0.7, 0.1]))
    assert found.value == pytest.approx(1 / 2 * 1 + 1 / 2 * 2 / 3)


def test_samples_of_equal_probability_enter_the_curve_together():
    curve = trace_curve(np.array([True, False, True]), np.array([0.5, 0.5, 0.5]))
    assert curve.precision.tolist() == pytest.approx([2 / 3])
    assert curve.recall.tolist() == [1.0]


def test_a_curve_without_a_positive_sample_is_refused():
    with pytest.raises(ValueError, match="positive"):
        trace_curve(np.array([False]), np.array([0.5]))


@pytest.mark.parametrize(("class_count", "seed"), [(2, 0), (3, 1), (6, 2), (30, 3)])
def test_scores_agree_with_scikit_learn(class_count, seed):
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is in the extra 'train'")
    predictions = guesses(60, class_count=class_count, seed=seed)
    truth, predicted, scores = predictions.truth, predictions.predicted, score(predictions)
    assert scores.f1_macro.value == pytest.approx(metrics.f1_score(truth, predicted, average="macro", zero_division=0))
    assert scores.accuracy.value == pytest.approx(metrics.accuracy_score(truth, predicted))
    assert scores.balanced_accuracy.value == pytest.approx(
        metrics.recall_score(truth, predicted, labels=np.unique(truth), average="macro", zero_division=0)
    )
    labels = range(class_count)
    assert (scores.confusion == metrics.confusion_matrix(truth, predicted, labels=labels)).all()
    theirs = metrics.precision_recall_fscore_support(truth, predicted, labels=labels, zero_division=np.nan)
    for index, one in enumerate(scores.per_class):
        for ours, expected in zip((one.precision, one.recall, one.f1), theirs, strict=False):
            assert ours.value is None or ours.value == pytest.approx(expected[index])
        if one.labelled:
            expected_ap = metrics.average_precision_score(truth == index, predictions.probabilities[:, index])
            assert one.average_precision.value == pytest.approx(expected_ap)


def test_the_majority_answer_is_the_commonest_class_of_training_not_of_the_test():
    baseline = majority_baseline(("CS", "MS"), np.array([3, 1]), {"CS": 5, "MS": 9})
    assert baseline.class_name == "MS"
    assert baseline.accuracy.value == pytest.approx(1 / 4)
    assert baseline.balanced_accuracy.value == pytest.approx(1 / 2)
    assert baseline.f1_macro.value == pytest.approx((0 + 2 / 5) / 2)


def test_without_counts_of_training_the_baselines_answer_by_the_judged_samples():
    assert majority_baseline(("CS", "MS"), np.array([3, 1]), {}).class_name == "CS"


def test_a_blind_guess_by_shares_scores_what_is_expected_of_it():
    baseline = prior_baseline(("CS", "MS"), np.array([3, 1]), {"CS": 1, "MS": 1})
    assert baseline.accuracy.value == pytest.approx(1 / 2)
    assert baseline.balanced_accuracy.value == pytest.approx(1 / 2)
    assert baseline.f1_macro.value == pytest.approx((2 * 1.5 / 5 + 2 * 0.5 / 3) / 2)


def test_groups_are_scored_alone_and_the_least_accurate_comes_first():
    good, bad = score_groups(
        answers(
            [("CS", "CS"), ("MS", "MS"), ("CS", "MS"), ("CS", "MS"), ("LS", "LS")],
            groups=["b", "b", "a", "a", "a"],
        )
    )[::-1]
    assert (bad.group, bad.samples, bad.worst) == ("a", 3, ("CS", "MS", 2))
    assert bad.accuracy.value == pytest.approx(1 / 3)
    assert (bad.commonest_class, bad.commonest_share) == ("CS", pytest.approx(2 / 3))
    assert (good.group, good.f1_macro.value, good.worst) == ("b", 1.0, None)
