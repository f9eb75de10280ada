"""Predictions -> scores: precision, recall, F1, average precision, baselines, and where they are undefined.

The words and definitions are scikit-learn's, with one difference: a ratio of nothing to nothing is undefined and
carries its reason; it is never reported as 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rushes.learning.measures import Counts, Floats, Measures, Tallies, count_confusion, measure
from rushes.learning.predictions import Predictions


@dataclass(frozen=True, slots=True)
class Score:
    """A number in [0, 1], or a difference of two, or the reason why there is none."""

    value: float | None
    reason: str = ""

    def __post_init__(self) -> None:
        if (self.value is None) != bool(self.reason):
            raise ValueError(f"a score has a value or a reason why it has none, got {self!r}")


@dataclass(frozen=True, slots=True)
class ClassScores:
    """How well one class is found."""

    class_name: str
    labelled: int
    predicted: int
    found: int
    precision: Score
    recall: Score
    f1: Score
    average_precision: Score
    roc_auc: Score


@dataclass(frozen=True, slots=True)
class Scores:
    """How well all classes are found.

    Attributes:
        confusion: (classes, classes) samples; the row is the label, the column the prediction.
    """

    classes: tuple[str, ...]
    confusion: Counts
    accuracy: Score
    balanced_accuracy: Score
    f1_macro: Score
    precision_macro: Score
    precision_weighted: Score
    f1_weighted: Score
    average_precision_macro: Score
    roc_auc_macro: Score
    per_class: tuple[ClassScores, ...]


@dataclass(frozen=True, slots=True)
class Baseline:
    """What an answer without a look at the picture would score on the same samples.

    Attributes:
        name: `majority` (always the commonest class of training) or `prior` (a guess by the shares of training,
            its score the expected one).
        class_name: what `majority` always answers; None for `prior`.
    """

    name: str
    class_name: str | None
    accuracy: Score
    balanced_accuracy: Score
    f1_macro: Score


@dataclass(frozen=True, slots=True)
class GroupScores:
    """How well the samples of one group are classified.

    Attributes:
        f1_macro: over the classes that are labelled or predicted in this group.
        commonest_share: of the group's most frequent label: the accuracy of the best single answer.
        worst: the most frequent mistake, (label, prediction, samples); None without mistakes.
    """

    group: str
    samples: int
    accuracy: Score
    f1_macro: Score
    commonest_class: str
    commonest_share: float
    worst: tuple[str, str, int] | None


@dataclass(frozen=True, slots=True)
class Curve:
    """Precision and recall at every distinct threshold, from the strictest to the laxest.

    Attributes:
        thresholds: (points,) falling; a sample is taken when its probability is at or above it.
        precision, recall: (points,); recall never falls.
    """

    thresholds: Floats
    precision: Floats
    recall: Floats


def tally(predictions: Predictions) -> Tallies:
    """Return the counts over all samples, each (classes,)."""
    confusion = count_confusion(predictions.truth, predictions.predicted, len(predictions.classes))
    return Tallies(np.diagonal(confusion), confusion.sum(axis=1), confusion.sum(axis=0))


def tally_groups(predictions: Predictions) -> tuple[tuple[str, ...], Tallies]:
    """Return the names of the groups, sorted, and their counts, each (groups, classes)."""
    groups, rows = np.unique(np.asarray(predictions.groups).astype(str), return_inverse=True)
    shape = (len(groups), len(predictions.classes))

    def counted(rows: Counts, columns: Counts) -> Counts:
        return np.bincount(rows * shape[1] + columns, minlength=shape[0] * shape[1]).reshape(shape).astype(np.int64)

    right = predictions.truth == predictions.predicted
    found = counted(rows[right], predictions.truth[right])
    return (
        tuple(str(group) for group in groups),
        Tallies(found, counted(rows, predictions.truth), counted(rows, predictions.predicted)),
    )


def score(predictions: Predictions) -> Scores:
    """Score predictions as a whole and for each class.

    A class that is neither labelled nor predicted has no F1 and is left out of `f1_macro`; a class without a
    labelled sample has no recall and is left out of `balanced_accuracy`.
    """
    tallies, classes = tally(predictions), predictions.classes
    measures = measure(tallies)
    nothing = "there are no samples"
    per_class = tuple(
        ClassScores(
            class_name=name,
            labelled=int(tallies.labelled[index]),
            predicted=int(tallies.predicted[index]),
            found=int(tallies.found[index]),
            precision=_defined(measures.precision[index], f"'{name}' was never predicted"),
            recall=_defined(measures.recall[index], f"no sample is labelled '{name}'"),
            f1=_defined(measures.f1[index], f"'{name}' is neither labelled nor predicted"),
            average_precision=average_precision(
                predictions.truth == index, predictions.probabilities[:, index], class_name=name
            ),
            roc_auc=roc_auc(predictions.truth == index, predictions.probabilities[:, index], class_name=name),
        )
        for index, name in enumerate(classes)
    )
    return Scores(
        classes=classes,
        confusion=count_confusion(predictions.truth, predictions.predicted, len(classes)),
        accuracy=_defined(measures.accuracy, nothing),
        balanced_accuracy=_defined(measures.balanced_accuracy, nothing),
        f1_macro=_defined(measures.f1_macro, nothing),
        precision_macro=_defined(measures.precision_macro, nothing),
        precision_weighted=_defined(measures.precision_weighted, nothing),
        f1_weighted=_defined(measures.f1_weighted, nothing),
        average_precision_macro=_mean_of(one.average_precision for one in per_class),
        roc_auc_macro=_mean_of(one.roc_auc for one in per_class),
        per_class=per_class,
    )


def trace_curve(positive: npt.NDArray[np.bool_], probabilities: npt.NDArray[np.floating]) -> Curve:
    """Return precision and recall as the threshold falls; samples of equal probability enter together.

    Args:
        positive: (samples,) whether the sample is labelled as the class; at least one is.
        probabilities: (samples,) of the class.

    Raises:
        ValueError: no sample is positive, so that recall means nothing.
    """
    if not positive.any():
        raise ValueError("a precision-recall curve needs at least one positive sample")
    order = np.argsort(-probabilities, kind="stable")
    falling = np.asarray(probabilities[order], np.float64)
    last_of_equals = np.append(np.diff(falling) != 0, True)
    found = np.cumsum(positive[order])[last_of_equals]
    taken = np.flatnonzero(last_of_equals) + 1
    return Curve(thresholds=falling[last_of_equals], precision=found / taken, recall=found / positive.sum())


def average_precision(
    positive: npt.NDArray[np.bool_], probabilities: npt.NDArray[np.floating], *, class_name: str = "the class"
) -> Score:
    """Return the precision averaged over the steps of recall, without interpolation."""
    if not positive.any():
        return Score(None, f"no sample is labelled '{class_name}'")
    curve = trace_curve(positive, probabilities)
    return Score(float(np.sum(np.diff(curve.recall, prepend=0.0) * curve.precision)))


def roc_auc(
    positive: npt.NDArray[np.bool_], probabilities: npt.NDArray[np.floating], *, class_name: str = "the class"
) -> Score:
    """Return how often a sample of the class is ranked above one of the others; a tie counts half.

    Args:
        positive: (samples,) whether the sample is labelled as the class.
        probabilities: (samples,) of the class.
    """
    found, others = int(positive.sum()), int((~positive).sum())
    if not found:
        return Score(None, f"no sample is labelled '{class_name}'")
    if not others:
        return Score(None, f"all samples are labelled '{class_name}', so there is none to rank it above")
    _, ranks, counts = np.unique(probabilities, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts - 1) / 2  # the mean rank of those that are equal
    wins = float(middle[ranks[positive]].sum()) - found * (found + 1) / 2
    return Score(wins / (found * others))


def majority_baseline(classes: Sequence[str], labelled: Counts, train_counts: Mapping[str, int]) -> Baseline:
    """Score the answer "always the commonest class of training"; of equals, the first in class order.

    Args:
        labelled: (classes,) samples per label in the part that is judged.
        train_counts: samples per class in training; where it is empty, those of the judged part are taken.
    """
    answer = _commonest(classes, labelled, train_counts)
    return _baseline("majority", classes[answer], measure(majority_tallies(classes, labelled, train_counts)))


def majority_tallies(classes: Sequence[str], labelled: Counts, train_counts: Mapping[str, int]) -> Tallies:
    """Return what `majority_baseline` counts; its arguments are the same."""
    answer = _commonest(classes, labelled, train_counts)
    predicted, found = np.zeros(len(classes)), np.zeros(len(classes))
    predicted[answer], found[answer] = labelled.sum(), labelled[answer]
    return Tallies(found, labelled, predicted)


def prior_baseline(classes: Sequence[str], labelled: Counts, train_counts: Mapping[str, int]) -> Baseline:
    """Score a blind guess by the shares of the classes in training: the scores of its expected counts.

    Args: as for `majority_baseline`.
    """
    return _baseline("prior", None, measure(prior_tallies(classes, labelled, train_counts)))


def prior_tallies(classes: Sequence[str], labelled: Counts, train_counts: Mapping[str, int]) -> Tallies:
    """Return the counts that `prior_baseline` expects; its arguments are the same."""
    training = _training_counts(classes, labelled, train_counts)
    shares = training / max(int(training.sum()), 1)
    return Tallies(found=labelled * shares, labelled=labelled, predicted=labelled.sum() * shares)


def score_groups(predictions: Predictions) -> tuple[GroupScores, ...]:
    """Score every group on its own, the least accurate first."""
    names, tallies = tally_groups(predictions)
    measures = measure(tallies)
    order = np.argsort(np.asarray(predictions.groups).astype(str), kind="stable")  # groups in the order of `names`
    ends = np.cumsum(tallies.labelled.sum(axis=1))
    truth, predicted = predictions.truth[order], predictions.predicted[order]
    scored = []
    for row, name in enumerate(names):
        labelled, stop = tallies.labelled[row], int(ends[row])
        commonest, samples = int(labelled.argmax()), int(labelled.sum())
        inside = slice(stop - samples, stop)
        scored.append(
            GroupScores(
                group=name,
                samples=samples,
                accuracy=Score(float(measures.accuracy[row])),
                f1_macro=Score(float(measures.f1_macro[row])),
                commonest_class=predictions.classes[commonest],
                commonest_share=float(labelled[commonest]) / samples,
                worst=_worst_mistake(truth[inside], predicted[inside], classes=predictions.classes),
            )
        )
    return tuple(sorted(scored, key=lambda one: (one.accuracy.value or 0.0, -one.samples, one.group)))


def _worst_mistake(truth: Counts, predicted: Counts, *, classes: Sequence[str]) -> tuple[str, str, int] | None:
    wrong = truth != predicted
    if not wrong.any():
        return None
    cells, counts = np.unique(truth[wrong] * len(classes) + predicted[wrong], return_counts=True)
    label, answer = divmod(int(cells[counts.argmax()]), len(classes))
    return classes[label], classes[answer], int(counts.max())


def _commonest(classes: Sequence[str], labelled: Counts, train_counts: Mapping[str, int]) -> int:
    return int(_training_counts(classes, labelled, train_counts).argmax())


def _training_counts(classes: Sequence[str], labelled: Counts, train_counts: Mapping[str, int]) -> Counts:
    counts = np.array([train_counts.get(name, 0) for name in classes], np.int64)
    return counts if counts.sum() else labelled


def _baseline(name: str, class_name: str | None, measures: Measures) -> Baseline:
    nothing = "there are no samples"
    return Baseline(
        name,
        class_name,
        accuracy=_defined(measures.accuracy, nothing),
        balanced_accuracy=_defined(measures.balanced_accuracy, nothing),
        f1_macro=_defined(measures.f1_macro, nothing),
    )


def _defined(value: np.floating | Floats, reason: str) -> Score:
    return Score(None, reason) if np.isnan(value) else Score(float(value))


def _mean_of(scores: Iterable[Score]) -> Score:
    """Return the mean of the scores that are defined."""
    values = [one.value for one in scores if one.value is not None]
    return Score(sum(values) / len(values)) if values else Score(None, "it is undefined for every class")
