"""A judgement with intervals, beside the same scores by a loop over scikit-learn."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.harness import Outcome, Say, Target, Timing, Turns, time_call
from rushes.evaluation.draws import RESAMPLES
from rushes.evaluation.judge import Judgement, judge
from rushes.learning.predictions import Predictions

TARGET = Target("ratio", 20)
_SAMPLES, _CLASSES, _GROUPS = 100_000, 10, 40
_LOOPED = 5  # resamples that the peer is run for; the other ones are extrapolated
_ROUNDS = 2


@dataclass(frozen=True, slots=True)
class _Looped:
    """What the loop found: per-class F1 once, and macro-F1 of every resample."""

    f1: npt.NDArray[np.float64]
    f1_macro: npt.NDArray[np.float64]


def measure(say: Say) -> Outcome:
    predictions = fabricate(_SAMPLES, _GROUPS)
    say(f"Judging predictions: precision, recall, F1, average precision, ROC AUC and Brier score per class, means, "
        f"accuracies, log loss, calibration error, confusion, scores per group, and intervals of all of them from "
        f"{RESAMPLES:,} resamples of whole groups.")  # fmt: skip
    say(f"Input: {_SAMPLES:,} samples of {_CLASSES} classes in {_GROUPS} groups of unequal size, generated")
    say(f"Peer: scikit-learn's functions on the same samples, once in full, then on {_LOOPED} resamples; the time of "
        f"those is taken times {RESAMPLES // _LOOPED} for the {RESAMPLES:,}.")  # fmt: skip
    judged = judge(predictions, train_counts={})
    looped = _look_once(predictions), _resample(predictions)
    _check(judged, looped[0], say)
    low, high = np.quantile(looped[1].f1_macro, [0.025, 0.975])
    say(f"  macro-F1 {judged.f1_macro.value:.4f}, interval {judged.f1_macro.interval.low:.4f} to "
        f"{judged.f1_macro.interval.high:.4f}; the loop's few resamples lie from {low:.4f} to {high:.4f}")  # fmt: skip
    ours: list[Timing] = []
    peer: list[Timing] = []
    for _ in range(_ROUNDS):
        ours.append(time_call(lambda: judge(predictions, train_counts={})))
        once, some = time_call(lambda: _look_once(predictions)), time_call(lambda: _resample(predictions))
        factor = RESAMPLES / _LOOPED
        peer.append(
            Timing(
                once.wall_seconds + factor * some.wall_seconds,
                once.cpu_seconds + factor * some.cpu_seconds,
            )
        )
    turns = Turns(tuple(ours), tuple(peer))
    say(f"  {turns}; the peer's is extrapolated")
    return Outcome("evaluate_speed", turns.ours_seconds, turns.peer_seconds, "s", TARGET)


def fabricate(count: int, group_count: int) -> Predictions:
    """Return answers of some skill to samples of ten classes of unequal size, in groups of unequal size."""
    dice = np.random.default_rng(0)
    truth = dice.choice(_CLASSES, count, p=dice.dirichlet(np.full(_CLASSES, 2.0)))
    logits = dice.normal(0, 1, (count, _CLASSES)).astype(np.float32)
    logits[np.arange(count), truth] += 1.5
    shares = np.exp(logits)
    group = dice.choice(group_count, count, p=dice.dirichlet(np.full(group_count, 3.0)))
    blank = ("",) * count
    return Predictions(
        classes=tuple(f"class {index}" for index in range(_CLASSES)),
        truth=truth.astype(np.int64),
        probabilities=(shares / shares.sum(axis=1, keepdims=True)).astype(np.float32),
        frames=tuple(str(index) for index in range(count)),
        groups=tuple(f"film {index}" for index in group),
        images=blank,
        names=blank,
        timecodes=blank,
        origins=blank,
    )


def _look_once(predictions: Predictions) -> npt.NDArray[np.float64]:
    from sklearn import metrics

    truth, predicted = predictions.truth, predictions.predicted
    labels = np.arange(len(predictions.classes))
    metrics.confusion_matrix(truth, predicted, labels=labels)
    metrics.accuracy_score(truth, predicted)
    metrics.balanced_accuracy_score(truth, predicted)
    _score_probabilities(truth, predictions.probabilities)
    groups = np.array(predictions.groups)
    for group in np.unique(groups):
        inside = groups == group
        metrics.accuracy_score(truth[inside], predicted[inside])
        metrics.f1_score(truth[inside], predicted[inside], average="macro", zero_division=0)
    scores = metrics.precision_recall_fscore_support(truth, predicted, labels=labels, zero_division=0)
    return np.asarray(scores[2], np.float64)


def _score_probabilities(truth: npt.NDArray[np.int64], probabilities: npt.NDArray[np.float32]) -> None:
    """Score probabilities by scikit-learn, which has no calibration error; its bins are left to its curve."""
    from sklearn import calibration, metrics

    for index in range(probabilities.shape[1]):
        metrics.average_precision_score(truth == index, probabilities[:, index])
        metrics.roc_auc_score(truth == index, probabilities[:, index])
    metrics.brier_score_loss(truth, probabilities)
    metrics.log_loss(truth, probabilities)
    calibration.calibration_curve(truth == probabilities.argmax(axis=1), probabilities.max(axis=1), n_bins=15)


def _resample(predictions: Predictions) -> _Looped:
    from sklearn import metrics

    truth, predicted = predictions.truth, predictions.predicted
    labels = np.arange(len(predictions.classes))
    names, group = np.unique(np.array(predictions.groups), return_inverse=True)
    members = [np.flatnonzero(group == index) for index in range(len(names))]
    dice = np.random.default_rng(0)
    drawn = []
    for _ in range(_LOOPED):
        rows = np.concatenate([members[index] for index in dice.integers(0, len(names), len(names))])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scores = metrics.precision_recall_fscore_support(
                truth[rows], predicted[rows], labels=labels, zero_division=0
            )
            metrics.accuracy_score(truth[rows], predicted[rows])
            metrics.balanced_accuracy_score(truth[rows], predicted[rows])
            _score_probabilities(truth[rows], predictions.probabilities[rows])
        drawn.append(scores[2])
    return _Looped(np.mean(drawn, axis=0), np.mean(drawn, axis=1))


def _check(judged: Judgement, expected: npt.NDArray[np.float64], say: Say) -> None:
    found = np.array([one.f1.value for one in judged.per_class], np.float64)
    apart = float(np.abs(found - expected).max())
    if apart > 1e-9:
        raise ValueError(f"F1 per class differs from scikit-learn's by {apart}")
    say(f"  F1 of every class agrees with scikit-learn's to {apart:.0e}")
